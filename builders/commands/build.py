"""`medsmith build`: all stages for the sources named."""

from __future__ import annotations

from pathlib import Path

import click
from medsmith.builders.benchmarks import BenchmarkHome
from medsmith.builders.commands import options
from medsmith.builders.commands.ledger import ledger_json, print_ledger
from medsmith.builders.engine import EngineKind, make_engine
from medsmith.builders.expand import PerInstance
from medsmith.builders.pipeline import build
from medsmith.builders.progress import Reporter
from medsmith.builders.resolve import RawHome, how_to_get, source_input, source_unit
from medsmith.builders.tokens.inputs import counted_with, find_tokenizers
from rich.markup import escape


class _PerInstance(click.ParamType[PerInstance]):
    name = "k|all"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> PerInstance:
        if value == "all":
            return "all"
        try:
            number = int(str(value))
        except ValueError:
            number = 0
        if number < 1:
            self.fail(f"{value!r} is neither a number from 1 nor `all`", param, ctx)
        return number


PER_INSTANCE = _PerInstance()


@click.command("build")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@options.raw
@options.benchmarks
@options.out
@options.sample
@click.option(
    "--instructions",
    type=PER_INSTANCE,
    default="1",
    show_default=True,
    help="Instructions that each instance meets: a number, or `all` of its task's pool.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@options.tokenizers
@options.workers
@options.engine
@options.as_json
def command(
    sources: tuple[str, ...],
    raw: Path | None,
    benchmarks: Path | None,
    out: Path,
    sample: bool,
    instructions: PerInstance,
    seed: int,
    tokenizers: tuple[str, ...],
    workers: int,
    engine: EngineKind,
    as_json: bool,
) -> None:
    """Build each SOURCE: raw files to a complete small release in OUT/SOURCE/release.

    Stages that are finished and whose inputs are the same are not done again; a build that was
    stopped goes on where it stood. Where the raw files are missing and no --raw was given, the
    bundled synthetic sample is built instead.

    \b
    medsmith build pubmedqa --raw ~/corpora     reads ~/corpora/pubmedqa
    medsmith build pubmedqa medquad --workers 8
    medsmith build mimic_summarization --sample
    medsmith build pubmedqa --tokenizer ~/models/llama3
    """
    reporter = Reporter()
    home = RawHome.find(raw)
    beside = BenchmarkHome.find(benchmarks, home)
    units = []
    for name in dict.fromkeys(sources):
        source = source_input(name, home, sample)
        if source.synthetic and not sample:
            manifest = source.load().manifest
            reporter.say(
                f"[yellow]The raw files of {name} are not in {home.path / name}[/]: building "
                f"from the bundled synthetic sample.\n"
                f"  To get them: {escape(how_to_get(manifest))}"
            )
        # Invented records are held against benchmarks only where that is asked for.
        looked = benchmarks is not None or not source.synthetic
        against = beside if looked else None
        units.append(source_unit(source, out, instructions, seed, against))
    if tokenizers:
        found = find_tokenizers(tokenizers)
        units = [counted_with(unit, found) for unit in units]
    runner = make_engine(workers, engine)
    try:
        report = build(units, runner, reporter)
    finally:
        runner.close()
    releases = [unit.stage("release") for unit in units]
    if as_json:
        options.print_json(
            {
                "releases": [str(path) for path in releases],
                "ran": [list(pair) for pair in report.ran],
                "kept": [list(pair) for pair in report.kept],
                "ledger": [ledger_json(path) for path in releases],
            }
        )
        return
    print_ledger(releases)
    if not report.ran:
        click.echo("Nothing to do: every stage stood finished.")
    for path in releases:
        click.echo(f"{_shown(path)}  (prove it: medsmith verify {_shown(path)})")


def _shown(path: Path) -> Path:
    """Return `path` as the user would type it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
