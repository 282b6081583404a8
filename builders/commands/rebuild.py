"""`medsmith rebuild`: the withheld sources of a release, from the user's own raw files."""

from __future__ import annotations

from pathlib import Path

import click
from medsmith.builders.commands import options
from medsmith.builders.engine import make_engine
from medsmith.builders.progress import Reporter
from medsmith.builders.rebuild import rebuild


@click.command("rebuild")
@click.argument("release", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--raw",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    required=True,
    help="Folder that holds one raw folder a source.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("rebuilt"),
    show_default=True,
    help="Where the shards go, as OUT/data/SOURCE/TASK.",
)
@click.option("--source", "only", multiple=True, help="Only this source; may be given again.")
@click.option(
    "--tokenizer",
    "tokenizers",
    multiple=True,
    metavar="NAME_OR_FILE",
    help="A tokenizer of the release, where it is not found by its name; each, in order.",
)
@click.option("--anyway", is_flag=True, help="Go on under other versions of Medsmith or pyarrow.")
@options.workers
@options.as_json
def command(
    release: Path,
    raw: Path,
    out: Path,
    only: tuple[str, ...],
    tokenizers: tuple[str, ...],
    anyway: bool,
    workers: int,
    as_json: bool,
) -> None:
    """Build what is withheld from RELEASE out of your own raw files, and prove every byte.

    RELEASE is a release folder; its manifest.json and evidence/withheld_ids.parquet are enough.
    Checks the raw files first, then every shard's SHA-256. Exit code 1 if anything differs. What
    comes out is under the upstream's terms: keep it where its raw files may be.

    \b
    medsmith rebuild ~/downloads/open --raw ~/corpora
    medsmith rebuild ~/downloads/open --raw ~/corpora --source mimic_summarization --out ~/private
    """
    engine = make_engine(workers)
    try:
        report = rebuild(
            release,
            raw,
            out,
            engine,
            Reporter(),
            only=only,
            tokenizers=tokenizers,
            anyway=anyway,
        )
    finally:
        engine.close()
    if as_json:
        options.print_json(
            {
                "out": str(out),
                "ok": not report.problems,
                "sources": list(report.sources),
                "shards": report.shards,
                "samples": report.samples,
                "problems": report.problems,
            }
        )
    else:
        for problem in report.problems:
            click.echo(f"{click.style('FAILED', fg='red')}  {problem}")
        verdict = "NOT the release's bytes" if report.problems else "the same bytes as released"
        click.echo(
            f"{out / 'data'}: {', '.join(report.sources)}, {len(report.shards):,} shards proven, "
            f"{report.samples:,} samples: {verdict}"
        )
    if report.problems:
        raise SystemExit(1)
