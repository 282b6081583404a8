"""`medsmith dedup`: near-duplicates of anybody's files, or a look at what would go."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from medsmith.builders.commands import options
from medsmith.builders.engine import Engine, EngineKind, make_engine
from medsmith.builders.progress import Reporter
from medsmith.builders.standalone.fields import Fields
from medsmith.schema import MedsmithError, UserError

if TYPE_CHECKING:
    from medsmith.builders.near.preview import Preview
    from medsmith.dedup.near import NearParams

_PAIRS = 10
_SHARE = click.FloatRange(0, 1)
_SIMILARITY = click.FloatRange(0.3, 1)


class _Range(click.ParamType[tuple[float, float]]):
    name = "low..high"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float]:
        if isinstance(value, tuple):
            return value
        low, dots, high = str(value).partition("..")
        try:
            found = float(low), float(high if dots else low)
        except ValueError:
            found = 0.0, 0.0
        if not 0.3 <= found[0] <= found[1] <= 1:
            self.fail(f"{value!r} is no range of thresholds such as 0.6..0.95", param, ctx)
        return found


@click.command("dedup")
@click.argument("files", nargs=-1, required=True, metavar="FILES...")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Where the results go."
)
@click.option(
    "--threshold",
    type=_SIMILARITY,
    default=0.8,
    show_default=True,
    help="Jaccard similarity of the questions' shingles from which on they match.",
)
@click.option(
    "--output-threshold", type=_SIMILARITY, help="The same for the answers.  [default: --threshold]"
)
@click.option(
    "--containment",
    type=_SIMILARITY,
    help="Also match where this share of the shorter question is in the longer one.",
)
@click.option(
    "--scope-field", metavar="COLUMN", help="Compare only rows with the same value in this column."
)
@click.option(
    "--max-removed",
    type=_SHARE,
    default=0.3,
    show_default=True,
    help="Stop if a larger share of the rows, or of those of a scope, would go.",
)
@click.option(
    "--preview",
    type=_Range(),
    metavar="LOW..HIGH",
    help="Remove nothing: show what thresholds in steps of 0.05 would remove, and pairs near each.",
)
@options.foreign_fields
@options.workers
@options.engine
@options.as_json
def command(
    files: tuple[str, ...],
    out: Path | None,
    threshold: float,
    output_threshold: float | None,
    containment: float | None,
    scope_field: str | None,
    max_removed: float,
    preview: tuple[float, float] | None,
    fields: Fields,
    workers: int,
    engine: EngineKind,
    as_json: bool,
) -> None:
    """Remove near-duplicates from FILES: Parquet or JSON Lines, names, globs or folders.

    Rows have `instruction`, `input`, `output`, or `messages`, or columns named by the options. Two
    rows are near-duplicates if their questions are similar and so are their answers; instructions
    do not count. What goes is verified word for word against the row that stays. The same question
    with different answers is a conflict: reported, not removed.

    Writes OUT/kept/*.parquet (the original rows, all columns), OUT/duplicates.parquet,
    OUT/conflicts.parquet and OUT/report.json.

    With --preview, FILES may also be a folder that `medsmith build` made: its stored signatures
    are used.

    \b
    medsmith dedup data/*.jsonl --out clean
    medsmith dedup data/ --out clean --threshold 0.7 --scope-field task
    medsmith dedup pages.parquet --input-field text --out clean
    medsmith dedup --preview 0.6..0.95 build/medquad
    """
    from medsmith.dedup.near import NearParams  # noqa: PLC0415 - kernels, for those who need them

    fields = replace(fields, scope=scope_field)
    params = NearParams(threshold, output_threshold, containment)
    runner = make_engine(workers, engine)
    try:
        if preview is not None:
            _preview(files, fields, params, preview, runner, as_json)
            return
        if out is None:
            raise click.UsageError("Name a folder for the results with --out, or give --preview.")
        from medsmith.builders.near.results import deduplicate  # noqa: PLC0415

        report = deduplicate(files, fields, params, max_removed, out, runner, Reporter())
    finally:
        runner.close()
    if as_json:
        options.print_json(report)
        return
    _print(report, out)


def _print(report: dict[str, Any], out: Path) -> None:
    options.print_table(
        "",
        ["file", "rows", "near-duplicates", "kept"],
        [
            [name, counts["rows"], counts["removed"], counts["rows"] - counts["removed"]]
            for name, counts in report["files"].items()
        ],
    )
    removed, rows = report["duplicates"], report["rows"]
    click.echo(
        f"{rows:,} rows: {removed:,} near-duplicates removed"
        + (f" ({removed / rows:.1%})" if rows else "")
        + f", {report['conflicts']:,} conflicts reported. Ids: {report['ids']}."
    )
    click.echo(f"{out}/kept  (why each went: {out}/duplicates.parquet)")


def _preview(
    files: tuple[str, ...],
    fields: Fields,
    params: NearParams,
    between: tuple[float, float],
    engine: Engine,
    as_json: bool,
) -> None:
    from medsmith.builders.near import preview  # noqa: PLC0415
    from medsmith.builders.near.results import preview_build, preview_files  # noqa: PLC0415

    thresholds = preview.thresholds_between(*between)
    with tempfile.TemporaryDirectory(prefix="medsmith-") as folder:
        if len(files) == 1 and _is_build(Path(files[0])):
            if any(asdict(fields).values()):
                raise UserError(
                    f"{files[0]} is a build, whose columns are known.", "Leave the --…-field."
                )
            rows, found = preview_build(
                Path(files[0]), Path(folder), thresholds, _PAIRS, engine, Reporter()
            )
        else:
            rows, found = preview_files(
                files, fields, params, Path(folder), thresholds, _PAIRS, engine, Reporter()
            )
    if as_json:
        options.print_json({"rows": rows, "thresholds": [asdict(one) for one in found]})
        return
    _print_previews(rows, found)


def _is_build(path: Path) -> bool:
    from medsmith.builders.release.verify import open_release  # noqa: PLC0415

    if not path.is_dir():
        return False
    try:
        open_release(path)
    except MedsmithError:
        return False
    return True


def _print_previews(rows: dict[str, int], found: list[Preview]) -> None:
    from medsmith.builders.explain import text_diff  # noqa: PLC0415

    for one in found:
        for pair in one.pairs:
            verdict = click.style("one goes", fg="red") if pair.removes else "both stay"
            click.echo(
                f"\nat {one.threshold:.2f}, {verdict}: {pair.first['id']} and {pair.second['id']} "
                f"(question {pair.input_similarity:.3f}, answer {pair.output_similarity:.3f})"
            )
            for name in ("input", "output"):
                told = text_diff(pair.first[name], pair.second[name])
                click.echo(f"    {click.style(name, bold=True)}: {_shortened(told)}")
    click.echo()
    table = [[name, count, *(one.removed[name] for one in found)] for name, count in rows.items()]
    if len(table) > 1:
        table.append(["in all", *(sum(column) for column in list(zip(*table, strict=True))[1:])])
    heads = ["", "rows", *(f"at {one.threshold:.2f}" for one in found)]
    options.print_table("What would go", heads, table)


def _shortened(text: str, most: int = 600) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[:most]} …"
