"""Options that several commands share, and how they print."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

_PIPE_WIDTH = 200

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")
raw = click.option(
    "--raw",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder that holds one raw folder a source.  [default: $MEDSMITH_RAW, else data/raw]",
)
benchmarks = click.option(
    "--benchmarks",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder that holds one folder a benchmark.  "
    "[default: $MEDSMITH_BENCHMARKS, else `benchmarks` beside the raw folder]",
)
out = click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("build"),
    show_default=True,
    help="Where to build.",
)
sample = click.option(
    "--sample",
    is_flag=True,
    help="Build from the bundled synthetic fixture; marked synthetic, never publishable.",
)


def _workers(ctx: click.Context, param: click.Parameter, value: int | None) -> int:
    from medsmith.builders.engine import default_workers  # noqa: PLC0415

    return value or default_workers()


workers = click.option(
    "--workers",
    type=click.IntRange(min=1),
    callback=_workers,
    help="Processes to work with; the result is the same for any number.  [default: all cores]",
)


engine = click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Where the work runs: processes here, or a Ray cluster (medsmith[ray]; see "
    "docs/scaling.md). The result is the same.",
)


tokenizers = click.option(
    "--tokenizer",
    "tokenizers",
    multiple=True,
    metavar="NAME_OR_FILE",
    help="Count tokens with it: a file or folder, a name under $MEDSMITH_TOKENIZERS, or one on the "
    "Hub. May be given several times; a release's samples hold the counts of the first.",
)


def foreign_fields(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name the columns of anybody's files; the command gets them as `fields`.

    `fields` is a `standalone.Fields`, without a scope.
    """

    @wraps(command)
    def with_fields(
        id_field: str | None, input_field: str | None, output_field: str | None, **others: Any
    ) -> Any:
        from medsmith.builders.standalone.fields import Fields  # noqa: PLC0415

        return command(fields=Fields(id_field, input_field, output_field), **others)

    for name, what in (
        ("--output-field", "Column of the answers; without it, `output` or the chat's last turn."),
        ("--input-field", "Column of the questions; without it, `input`, `instruction` or a chat."),
        ("--id-field", "Column of the ids; without it, `id`, or file and row."),
    ):
        with_fields = click.option(name, metavar="COLUMN", help=what)(with_fields)
    return with_fields


def print_json(value: Any) -> None:
    """Print `value` as JSON on standard output; as ASCII where it takes nothing else."""
    escaped = not (sys.stdout.encoding or "ascii").lower().startswith("utf")
    click.echo(json.dumps(value, ensure_ascii=escaped, indent=1))


def print_table(title: str, header: list[str], rows: list[list[object]]) -> None:
    """Print a table on standard output; numbers are set to the right, with thousands marked."""
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for index, name in enumerate(header):
        number = bool(rows) and isinstance(rows[0][index], int)
        table.add_column(name, justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(f"{v:,}" if isinstance(v, int) else str(v) for v in row))
    console = Console()
    # In a pipe, lines are for other programs: they are not folded at 80 columns.
    width = console.width if console.is_terminal else _PIPE_WIDTH
    text = io.StringIO()
    # No markup: cells hold file patterns, with brackets of their own.
    Console(
        file=text, width=width, force_terminal=console.is_terminal, markup=False, highlight=False
    ).print(table)
    for line in text.getvalue().splitlines():
        click.echo(line.rstrip())
