"""`medsmith decontaminate`: anybody's files without the rows that hold benchmark items."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from medsmith.builders.benchmarks import BenchmarkHome, ItemSet, load_items, present_items
from medsmith.builders.commands import options
from medsmith.builders.contamination.cache import own_cache
from medsmith.builders.contamination.standalone import decontaminate
from medsmith.builders.engine import EngineKind, make_engine
from medsmith.builders.progress import Reporter
from medsmith.builders.resolve import RawHome
from medsmith.builders.standalone import Fields, open_files
from medsmith.manifests.policies import ContaminationPolicy
from medsmith.schema import ContaminationKind, UserError

_DEFAULT = ",".join(ContaminationPolicy().remove)


class _Kinds(click.ParamType[tuple[ContaminationKind, ...]]):
    name = "kinds"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[ContaminationKind, ...]:
        names = [name.strip() for name in str(value).split(",")]
        try:
            return tuple(dict.fromkeys(ContaminationKind(name) for name in names if name))
        except ValueError as error:
            known = ", ".join(kind.value for kind in ContaminationKind)
            self.fail(f"{error}; the kinds are {known}", param, ctx)


@click.command("decontaminate")
@click.argument("files", nargs=-1, required=True, metavar="FILES...")
@click.option(
    "--benchmark",
    "names",
    multiple=True,
    required=True,
    metavar="KEY_OR_FILE",
    help="A registered benchmark (`medsmith benchmarks`), a JSONL or Parquet file of your own, or "
    "`present`: every registered one whose files are there. May be given several times.",
)
@options.benchmarks
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder for the results; it must be new, empty or an earlier result.",
)
@click.option(
    "--kinds",
    type=_Kinds(),
    default=_DEFAULT,
    show_default=True,
    help="Kinds of hit that take a row out, parted by commas; the others are only reported.",
)
@options.foreign_fields
@options.workers
@options.engine
@options.as_json
def command(
    files: tuple[str, ...],
    names: tuple[str, ...],
    benchmarks: Path | None,
    out: Path,
    kinds: tuple[ContaminationKind, ...],
    fields: Fields,
    workers: int,
    engine: EngineKind,
    as_json: bool,
) -> None:
    """Take the rows of FILES out that hold items of benchmarks.

    FILES are Parquet or JSON Lines, names, globs or folders, with the columns `instruction, input,
    output` (Alpaca), `messages` (chat), or those that the options name. Inputs and outputs are
    looked at, instructions are not.

    \b
    In OUT:
      clean/*.parquet        the rows that stay, with all their columns
      contamination.parquet  every hit: row, benchmark, item, kind, score and span
      report.json            what was looked for, and the counts
      review/                both texts of the hits, for `medsmith review OUT`

    A benchmark file of your own is JSONL or Parquet with `id, question` and perhaps `options` (a
    list), `answer` and `passage`.

    \b
    Kinds of hit:
      exact     the row is the item's question, with or without its options or passage
      question  the item's question stands in the row
      near      it stands there reworded, or in part
      context   only the passage does (an abstract, a note)
      answer    only a long answer does

    \b
    medsmith decontaminate train.jsonl --benchmark medxpertqa --out clean_train
    medsmith decontaminate 'data/*.parquet' --benchmark ./my_exam.jsonl --out out
    medsmith decontaminate data --benchmark present --benchmarks ~/benchmarks --out out
    """
    reporter = Reporter()
    home = BenchmarkHome.find(benchmarks, RawHome.find(None))
    found = _items(names, home)
    runner = make_engine(workers, engine)
    try:
        with open_files(files, fields, besides=out, engine=runner) as foreign:
            report = decontaminate(foreign, found, out, kinds, runner, reporter, own_cache())
    finally:
        runner.close()
    if as_json:
        options.print_json(report)
        return
    _print(report, out)


def _items(names: tuple[str, ...], home: BenchmarkHome) -> list[ItemSet]:
    found: dict[str, ItemSet] = {}
    for name in names:
        sets = list(present_items(home)) if name == "present" else [load_items(name, home)]
        if not sets:
            raise UserError(
                f"No registered benchmark's files are in {home.path}.",
                "Name their parent with --benchmarks; `medsmith benchmarks` lists them.",
            )
        for each in sets:
            other = found.setdefault(each.benchmark, each)
            if other.digest != each.digest:
                raise UserError(
                    f"Two benchmark files are both called `{each.benchmark}`.", "Rename one."
                )
    return list(found.values())


def _print(report: dict[str, Any], out: Path) -> None:
    rows = []
    for each in report["benchmarks"]:
        hits = [cell for cell in report["hits"] if cell["benchmark"] == each["benchmark"]]
        by_kind = [
            sum(cell["hits"] for cell in hits if cell["kind"] == kind) for kind in ContaminationKind
        ]
        rows.append([each["benchmark"], each["items"], *by_kind])
    header = ["benchmark", "items", *(kind.value for kind in ContaminationKind)]
    options.print_table("Hits by benchmark and kind", header, rows)
    click.echo(
        f"{report['rows']:,} rows: {report['kept']:,} stay, {report['removed']:,} hold an item "
        f"({', '.join(report['remove'])})."
    )
    click.echo(f"{out}  (look at the hits: medsmith review {out})")
