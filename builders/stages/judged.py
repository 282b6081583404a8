"""What the judging stages before a stage have said already."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from medsmith.builders.parquet import read_table
from medsmith.builders.stages.base import StageRun
from medsmith.schema import RemovalReason, arrow


def removed_before(run: StageRun, source: str) -> pa.Table:
    """Return the ids of a source that the stages before remove (one column, `id`)."""
    found = [
        judge.removals(judge.home(run.unit, source)).select(["id"])
        for judge in run.judges
        if judge.removals is not None
    ]
    table = pa.concat_tables([arrow.REMOVALS.empty_table().select(["id"]), *found])
    return table.filter(pc.starts_with(table["id"], f"{source}-"))


def stored_removals(home: Path) -> pa.Table:
    """Return the removals (`arrow.REMOVALS`) that a stage keeps as `removals.parquet`."""
    return read_table(home / "removals.parquet")


def duplicate_removals(home: Path, reason: RemovalReason) -> pa.Table:
    """Return the removals (`arrow.REMOVALS`) that a stage's `duplicates.parquet` asks for."""
    ids = read_table(home / "duplicates.parquet", ["dropped_id"])["dropped_id"]
    reasons = pa.array([reason.value] * len(ids), pa.string())
    return pa.table([ids, reasons], schema=arrow.REMOVALS)
