"""Conflicts: one input of a task that instances answer in different ways."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from medsmith.dedup.near.arrays import one_array
from medsmith.dedup.near.sketches import empty_digest
from medsmith.schema import arrow

Numbers = np.ndarray[Any, Any]


def find_conflicts(table: pa.Table) -> pa.Table:
    """Return the conflicts (`arrow.CONFLICTS`) among the rows of `table`, in a fixed order.

    Columns: `id`, `source`, `task`, `input_digest` and `output_digest` (uint64, of norm-v1 tokens;
    see `sketches`). Rows of one source, task and input but several outputs make a conflict, with
    the smallest id for each output; `outputs` are left empty, to be filled from the instances.
    Give it the rows that stay: near-equal outputs of one input are duplicates, no conflict. Rows
    without input have none in common, and are left out.
    """
    table = table.filter(pc.not_equal(table["input_digest"], empty_digest()))
    inputs = table["input_digest"].to_numpy()
    scopes = _codes(table["source"]).astype(np.int64) << 32 | _codes(table["task"])
    order = np.lexsort((inputs, scopes))
    same = (np.diff(inputs[order]) == 0) & (np.diff(scopes[order]) == 0)
    shared = np.append(same, False) | np.insert(same, 0, False) if len(order) else same
    starts = ~np.insert(same, 0, False)[shared] if len(order) else shared
    rows = table.take(pa.array(order[shared[: len(order)]])).to_pylist()
    groups: list[list[dict[str, Any]]] = []
    for row, start in zip(rows, starts, strict=True):
        if start:
            groups.append([])
        groups[-1].append(row)
    found = [conflict for group in groups if (conflict := _conflict(group))]
    found.sort(key=lambda row: (row["task"], row["input_digest"], row["ids"]))
    return pa.Table.from_pylist(found, schema=arrow.CONFLICTS)


def _codes(column: pa.ChunkedArray) -> Numbers:
    return np.asarray(one_array(column).dictionary_encode().indices)


def _conflict(group: list[dict[str, Any]]) -> dict[str, Any] | None:
    smallest: dict[int, str] = {}
    for row in group:
        output = row["output_digest"]
        smallest[output] = min(smallest.get(output, row["id"]), row["id"])
    if len(smallest) < 2:
        return None
    return {
        "task": group[0]["task"],
        "ids": sorted(smallest.values()),
        "input_digest": f"{group[0]['input_digest']:016x}",
        "outputs": [],
    }
