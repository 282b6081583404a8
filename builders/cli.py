"""The command line. Each command is one module under `medsmith.builders.commands`."""

from __future__ import annotations

import errno
import io
import json
import os
import sys
from importlib import import_module
from importlib.metadata import version
from keyword import iskeyword
from typing import Any

import click
from medsmith.schema import MedsmithError

# numpy's threads: nothing here multiplies matrices, and while they wait for work they spin.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# In the order of a newcomer's first day.
COMMANDS = {
    "sources": "List the sources: tasks, access, licence, languages, raw files present?",
    "show": "Show one source: its manifest, how to get its raw files, its last ledger.",
    "benchmarks": "List the benchmarks kept out of training data, or show one.",
    "build": "Build sources: raw files to a release folder, all stages.",
    "release": "Build a release of several sources from a recipe.",
    "verify": "Prove a release from its files alone, or a published one from the Hub.",
    "diff": "Tell what changed between two releases, and why.",
    "rebuild": "Build what a release withholds from your own raw files, byte for byte.",
    "publish": "Bring a release to the Hugging Face Hub: plan, one commit, tag, proof.",
    "export": "Write a release in the formats that trainers read.",
    "import": "Take files that others published through the same stages.",
    "tokens": "Count the tokens of anybody's files exactly, with any tokenizer.",
    "dedup": "Remove near-duplicates from anybody's files, or preview what would go.",
    "decontaminate": "Take what holds benchmark items out of anybody's files.",
    "review": "Walk through contamination hits, both texts side by side.",
    "explain": "Tell everything about one record: origin, verdicts, what it matched.",
    "new-source": "Scaffold a new source.",
    "check": "Run the contract tests of a source.",
    "doctor": "Show versions, cores, memory, disk, GPU: what is missing for what.",
}

_HELP = """Medsmith makes medical instruction-tuning data.

It turns raw corpora into validated, deduplicated, decontaminated and documented Parquet releases:

\b
  raw files -> instances -> verdicts -> samples in shards -> release

\b
Verdicts keep out: copies and near-copies, test questions of benchmarks,
what stands in train and in test, what exceeds a source's share. dedup,
decontaminate and tokens do one such step on anybody's files.

\b
First steps:
  medsmith sources                    what can be built
  medsmith build pubmedqa --sample    build a source from its synthetic sample
  medsmith show pubmedqa              how to get its real raw files
  medsmith build pubmedqa --raw DIR   build it from DIR/pubmedqa
  medsmith verify build/pubmedqa      prove the result

Every command takes --json for machines. Exit codes: 0 done, 1 the data or the run failed
(the message says what to do), 2 wrong usage.
"""


class _LazyGroup(click.Group):
    """Imports a command's module when it is called: `--help` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        # A keyword of Python names no module: `import` is in import_.py.
        name = f"{name}_" if iskeyword(name) else name
        module = import_module(f"medsmith.builders.commands.{name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # never fail over a character
                stream.reconfigure(errors="backslashreplace")
        try:
            return super().invoke(ctx)
        except MedsmithError as error:
            fail(error.message, error.cure)
        except OSError as error:
            if error.errno in _MACHINE_FAULTS:
                _fail_over_machine(error)
            raise
        except KeyboardInterrupt:
            click.echo("Interrupted. Run it again: what is finished is kept.", err=True)
            sys.exit(130)


_MACHINE_FAULTS = {
    **dict.fromkeys(
        (errno.ENOSPC, errno.EDQUOT),
        ("The disk is full", "Free some space or choose another --out; what is finished is kept."),
    ),
    errno.EFBIG: (
        "A file grew larger than this shell or file system allows",
        "Raise the limit (ulimit -f) or choose another --out; what is finished is kept.",
    ),
    **dict.fromkeys(
        (errno.EMFILE, errno.ENFILE),
        ("Too many files are open", "Raise the limit (ulimit -n), or use fewer --workers."),
    ),
    **dict.fromkeys(
        (errno.EACCES, errno.EPERM, errno.EROFS),
        ("A file may not be written or read", "Mend its permissions, or choose another folder."),
    ),
    **dict.fromkeys(
        (errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ENOENT, errno.ENAMETOOLONG, errno.ELOOP),
        ("A path does not lead where it should", "Look at it, or choose another folder."),
    ),
    **dict.fromkeys(
        (errno.EIO, errno.ESTALE),
        ("A disk fails", "Look at the system's log; what is finished is kept."),
    ),
}


def _fail_over_machine(error: OSError) -> None:
    what, cure = _MACHINE_FAULTS[error.errno or 0]
    where = f"{error.filename}: " if error.filename else ""
    why = " ".join(str(error.strerror or error).split())
    fail(f"{what} ({where}{why}).", cure)


def fail(message: str, cure: str = "") -> None:
    """End the command with exit code 1, one clear sentence and its cure."""
    if "--json" in sys.argv:
        click.echo(json.dumps({"error": message, "cure": cure}))
    click.secho("Error: ", fg="red", bold=True, nl=False, err=True)
    click.echo(" ".join(f"{message} {cure}".split("\n")).strip(), err=True)
    sys.exit(1)


@click.group(cls=_LazyGroup, help=_HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("medsmith"), "--version", message="medsmith %(version)s")
def main() -> None:
    """Medsmith (the help text stands above, with its line breaks)."""


if __name__ == "__main__":
    main()
