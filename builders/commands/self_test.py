"""`medsmith benchmarks --self-test`: what contamination detection finds, guise by guise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
import pyarrow as pa
from medsmith.builders.benchmarks import BenchmarkHome, load_benchmark, present_items
from medsmith.builders.commands import options
from medsmith.builders.contamination.cache import open_cached_index, own_cache
from medsmith.builders.contamination.guises import GUISES
from medsmith.builders.contamination.self_test import self_test, summary
from medsmith.builders.progress import Reporter
from medsmith.manifests.policies import ContaminationPolicy
from medsmith.schema import UserError

_MOST = 500


def run_self_test(keys: Sequence[str], home: BenchmarkHome, rows: int, as_json: bool) -> None:
    """Print recall by guise of the benchmarks named, or of all present, and the false alarms."""
    reporter = Reporter()
    with reporter.phase("self-test: reading benchmarks", 1):
        present = list(present_items(home))
    named = set(keys)
    for key in sorted(named - {each.benchmark for each in present}):
        load_benchmark(key, home)  # says what is wrong with it
    if not present:
        raise UserError(
            f"No registered benchmark's files are in {home.path}.",
            "Name their parent with --benchmarks; `medsmith benchmarks KEY` says how to get one.",
        )
    # All that are present are looked for, as in a build; those that were named are hidden.
    index = open_cached_index(pa.concat_tables([each.table for each in present]), own_cache())
    hidden = [
        (each.table, each.manifest.languages if each.manifest else ())
        for each in present
        if not named or each.benchmark in named
    ]
    removing = ContaminationPolicy().remove
    with reporter.phase("self-test: looking for the items", 1):
        table = self_test(hidden, index, removing, most=_MOST, rows=rows)
    told = summary(table)
    if as_json:
        options.print_json(told)
        return
    _print(told)


def _print(told: dict[str, Any]) -> None:
    guises = [guise for guise in GUISES if guise in told["recall"]]
    lines = [[name, *_cells(recall, guises)] for name, recall in told["benchmarks"].items()]
    lines.append(["all", *_cells(told["recall"], guises)])
    lines.append(["of these, short", *_cells(told["recall_short"], guises)])
    header = ["benchmark", *(guise.replace("_", " ") for guise in guises)]
    options.print_table("Share of items found, by guise", header, lines)
    click.echo(
        "Short: questions of at most twelve words. A dash: no item can wear the guise.\n"
        f"False alarms: {told['false_alarms']:,} of {told['clean_rows']:,} texts that hold no item."
    )


def _cells(recall: dict[str, dict[str, Any]], guises: Sequence[str]) -> list[object]:
    return [f"{recall[g]['recall']:.3f}" if g in recall else "-" for g in guises]
