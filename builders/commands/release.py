"""`medsmith release`: all stages for a recipe."""

from __future__ import annotations

from pathlib import Path

import click
from medsmith.builders.benchmarks import BenchmarkHome
from medsmith.builders.commands import options
from medsmith.builders.commands.ledger import ledger_json, print_ledger
from medsmith.builders.engine import EngineKind, make_engine
from medsmith.builders.pipeline import build
from medsmith.builders.progress import Reporter
from medsmith.builders.resolve import RawHome, recipe_unit
from medsmith.builders.tokens.inputs import with_tokenizers
from medsmith.manifests import Catalogue, load_recipe


@click.command("release")
@click.argument("recipe")
@options.raw
@options.benchmarks
@options.out
@options.sample
@options.tokenizers
@options.workers
@options.engine
@options.as_json
def command(
    recipe: str,
    raw: Path | None,
    benchmarks: Path | None,
    out: Path,
    sample: bool,
    tokenizers: tuple[str, ...],
    workers: int,
    engine: EngineKind,
    as_json: bool,
) -> None:
    """Build the release that RECIPE describes, in OUT/RECIPE/release.

    RECIPE is the name of a bundled recipe (manifests/releases) or a YAML file of your own.

    \b
    medsmith release open --raw ~/corpora
    medsmith release ./my_release.yaml
    """
    is_file = recipe.endswith((".yaml", ".yml"))
    found = load_recipe(Path(recipe)) if is_file else Catalogue.bundled().recipe(recipe)
    home = RawHome.find(raw)
    # Invented records are held against benchmarks only where that is asked for.
    looked = benchmarks is not None or not sample
    against = BenchmarkHome.find(benchmarks, home) if looked else None
    unit = with_tokenizers(recipe_unit(found, home, out, sample, against), tokenizers)
    runner = make_engine(workers, engine)
    try:
        report = build([unit], runner, Reporter())
    finally:
        runner.close()
    path = unit.stage("release")
    if as_json:
        options.print_json(
            {
                "release": str(path),
                "ran": [list(pair) for pair in report.ran],
                "kept": [list(pair) for pair in report.kept],
                "ledger": ledger_json(path),
            }
        )
        return
    print_ledger([path])
    click.echo(f"{path}  (prove it: medsmith verify {path})")
