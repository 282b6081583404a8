"""What the judging stages before a stage have said already."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
from medsmith.builders.stages.base import StageRun
from medsmith.schema import arrow


def removed_before(run: StageRun, source: str) -> pa.Table:
    """Return the ids of a source that the stages before remove (one column, `id`)."""
    found = [
        judge.removals(judge.home(run.unit, source)).select(["id"])
        for judge in run.judges
        if judge.removals is not None
    ]
    table = pa.concat_tables([arrow.REMOVALS.empty_table().select(["id"]), *found])
    return table.filter(pc.starts_with(table["id"], f"{source}-"))
