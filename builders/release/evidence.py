"""The evidence of a release: what was rejected and removed, and what it was compared with.

Evidence of a source whose text may not leave holds ids, codes and scores only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from medsmith.builders.parquet import read_table, write_evidence_table
from medsmith.builders.stages.base import Stage, StageRun
from medsmith.builders.unit import SourceInput

DIRECTORY = "evidence"


def write_evidence(run: StageRun) -> None:
    """Write every evidence table of a release under `evidence/`."""
    out = run.out / DIRECTORY
    out.mkdir()
    write_evidence_table(_rejects(run), out / "rejects.parquet")
    removals = read_table(run.unit.stage("assemble") / "removals.parquet")
    write_evidence_table(_without_withheld(removals, run), out / "removals.parquet")
    tables: dict[str, list[pa.Table]] = {}
    for stage in run.judges:
        for name in stage.evidence:
            tables.setdefault(name, []).extend(_parts(run, stage, f"{name}.parquet"))
    for name, parts in tables.items():
        write_evidence_table(pa.concat_tables(parts), out / f"{name}.parquet")


def _parts(run: StageRun, stage: Stage, file: str) -> list[pa.Table]:
    """Return a stage's table on each source, or its one table on all of them."""
    if stage.scope == "release":
        # Its rows may speak of several sources: one whose text stays out silences them all.
        table = _without_withheld(read_table(run.unit.stage(stage.name) / file), run)
        return [_without_text(table) if run.unit.withheld else _shown(table, *run.unit.sources)]
    return [_shown(read_table(stage.home(run.unit, s.name) / file), s) for s in run.unit.shown]


def _without_withheld(table: pa.Table, run: StageRun) -> pa.Table:
    """Leave out the rows on instances of withheld sources: `withheld_ids` tells their fate."""
    subject = _subject(table)
    if subject is not None:
        for source in run.unit.withheld:
            name = f"{source.name}-"
            table = table.filter(pc.invert(pc.starts_with(subject, name)))
            subject = _subject(table)
    return table


def _subject(table: pa.Table) -> pa.ChunkedArray | None:
    """Return the id of the instance that each row speaks of; of several, the first."""
    for name in ("id", "dropped_id"):
        if name in table.schema.names:
            return table[name]
    return pc.list_element(table["ids"], 0) if "ids" in table.schema.names else None


def _rejects(run: StageRun) -> pa.Table:
    parts = []
    for source in run.unit.shown:
        home: Path = run.unit.source_stage(source.name, "convert")
        parts.append(_shown(read_table(home / "rejects.parquet").drop_columns(["raw"]), source))
    return pa.concat_tables(parts)


def _shown(table: pa.Table, *sources: SourceInput) -> pa.Table:
    """Return what may be shown of a table on `sources`: no text if that of any may not leave."""
    free = all(source.load().manifest.access.tier.text_may_leave for source in sources)
    return table if free else _without_text(table)


# Columns of ids, digests and closed vocabularies. A column that is not listed may quote its source.
_NO_TEXT = frozenset(
    {
        *("id", "ids", "dropped_id", "kept_id", "cluster", "input_digest", "item_id", "locator"),
        *("source", "task", "split", "benchmark", "tokenizer", "field", "span_field"),
        *("other_id", "other_split", "guise", "length"),
        *("code", "reason", "kind", "check", "verdict", "fate"),
    }
)


def _without_text(table: pa.Table) -> pa.Table:
    """Blank every column in which a source's own text could stand; its schema stays."""
    for index, field in enumerate(table.schema):
        if field.name in _NO_TEXT or pa.types.is_primitive(field.type):
            continue
        blank: Any = "withheld" if pa.types.is_string(field.type) else []
        values = pa.array([blank] * len(table), field.type)
        table = table.set_column(index, field, values)
    return table


def removed_ids(release: Path) -> pa.Array:
    """Return the ids that a release's evidence calls removed."""
    return pc.unique(read_table(release / DIRECTORY / "removals.parquet", ["id"])["id"])
