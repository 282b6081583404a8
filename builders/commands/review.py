"""`medsmith review`: contamination hits, one after the other, with both texts."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import pyarrow as pa
import pyarrow.compute as pc
from medsmith.builders.commands import options
from medsmith.builders.contamination.hits import Hit, Hits, item_text, marked, open_hits
from medsmith.schema import ContaminationKind

_HELP = "n next, p previous, q quit"
_MARKS = ("⟦", "⟧")


@click.command("review")
@click.argument("directory", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--benchmark",
    "benchmarks",
    multiple=True,
    metavar="KEY",
    help="Only hits of this benchmark; may be given several times.",
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice([kind.value for kind in ContaminationKind]),
    help="Only hits of this kind; may be given several times.",
)
@click.option(
    "--min-score", type=click.FloatRange(0, 1), default=0.0, help="Only hits from this score on."
)
@click.option("--stats", is_flag=True, help="Only count them, by benchmark and kind.")
@options.as_json
def command(
    directory: Path,
    benchmarks: tuple[str, ...],
    kinds: tuple[str, ...],
    min_score: float,
    stats: bool,
    as_json: bool,
) -> None:
    """Walk through the contamination hits in DIRECTORY, by benchmark, kind and falling score.

    DIRECTORY is a build folder (build/pubmedqa) or what `medsmith decontaminate` wrote. Each hit is
    shown with the benchmark's item and the instance that holds it, its span marked. On a terminal
    the keys n, p and q lead on, back and out; in a pipe all are printed. Exit code 0 also where
    there are hits.

    \b
    medsmith review build/pubmedqa
    medsmith review build/open --benchmark medqa --kind near --min-score 0.9
    medsmith review out --stats
    """
    hits = open_hits(directory)
    chosen = hits.chosen(benchmarks, kinds, min_score)
    if stats:
        _print_stats(chosen, as_json)
    elif as_json:
        options.print_json([_as_json(hit) for hit in hits.with_texts(chosen)])
    elif not len(chosen):
        click.echo("No hits." if not len(hits.table) else "No hits of that kind.")
    elif sys.stdin.isatty() and sys.stdout.isatty():
        _walk(hits, chosen)
    else:
        for number, hit in enumerate(hits.with_texts(chosen), start=1):
            click.echo(_page(hit, number, len(chosen)))


def _walk(hits: Hits, chosen: pa.Table) -> None:
    """Show one hit at a time; keys lead through them."""
    pages = list(hits.with_texts(chosen))
    place = 0
    while True:
        click.clear()
        click.echo(_page(pages[place], place + 1, len(pages)))
        click.echo(click.style(_HELP, dim=True))
        try:
            key = click.getchar()
        except (EOFError, KeyboardInterrupt):
            return
        if key in ("q", "\x1b", "\x04"):
            return
        step = -1 if key in ("p", "\x1b[D", "\x1b[A") else 1
        if place + step >= len(pages):
            return
        place = max(place + step, 0)


def _page(hit: Hit, number: int, total: int) -> str:
    row = hit.row
    head = f"{number:,}/{total:,}  {row['benchmark']}  {row['kind']}  {row['score']:.2f}"
    lines = [
        click.style(head, bold=True),
        f"{click.style('instance', bold=True)} {row['id']}, its {row['span_field']}, characters "
        f"{row['span_start']:,} to {row['span_end']:,}:",
        _indented(_instance(hit)),
        f"{click.style('item', bold=True)} {row['item_id']}:",
        _indented("(its text is not here)" if hit.item is None else item_text(hit.item)),
    ]
    return "\n".join([*lines, ""])


def _instance(hit: Hit) -> str:
    if hit.text is None:
        return "(its text is not here)"
    before, span, after = marked(hit)
    if not sys.stdout.isatty():
        return f"{before}{_MARKS[0]}{span}{_MARKS[1]}{after}"
    # Line by line: the indentation between them stays plain.
    styled = "\n".join(click.style(line, reverse=True) for line in span.split("\n"))
    return f"{before}{styled}{after}"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


def _as_json(hit: Hit) -> dict[str, Any]:
    return {**hit.row, "instance": hit.text, "item": hit.item}


def _print_stats(chosen: pa.Table, as_json: bool) -> None:
    counted = _stats(chosen)
    if as_json:
        options.print_json({"instances": pc.count_distinct(chosen["id"]).as_py(), "hits": counted})
        return
    header = ["benchmark", "kind", "hits", "instances", "items", "mean score"]
    rows = [[*row.values()] for row in counted]
    options.print_table("Contamination hits", header, rows)
    click.echo(f"Instances with a hit: {pc.count_distinct(chosen['id']).as_py():,}")


def _stats(chosen: pa.Table) -> Sequence[dict[str, Any]]:
    grouped = chosen.group_by(["benchmark", "kind"], use_threads=False).aggregate(
        [
            ("id", "count"),
            ("id", "count_distinct"),
            ("item_id", "count_distinct"),
            ("score", "mean"),
        ]
    )
    rows = grouped.sort_by([("benchmark", "ascending"), ("kind", "ascending")]).to_pylist()
    return [
        {
            "benchmark": row["benchmark"],
            "kind": row["kind"],
            "hits": row["id_count"],
            "instances": row["id_count_distinct"],
            "items": row["item_id_count_distinct"],
            "mean_score": f"{row['score_mean']:.2f}",
        }
        for row in rows
    ]
