"""Near-duplicates of one table in memory: the same functions that the stages spread over shards."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from medsmith.dedup.near.arrays import one_array
from medsmith.dedup.near.bands import (
    Subs,
    band_keys,
    band_subs,
    candidate_pairs,
    compared_rows,
    merge_pairs,
    minima_of,
    slots_for,
    sub_columns,
)
from medsmith.dedup.near.boilerplate import Boilerplate, find_boilerplate, sampled
from medsmith.dedup.near.clusters import keeper_ranks, split_ranks
from medsmith.dedup.near.components import plan_chunks
from medsmith.dedup.near.edges import Edges, join_edges
from medsmith.dedup.near.params import NearParams, Shape, shape_for
from medsmith.dedup.near.results import NearDuplicates
from medsmith.dedup.near.scopes import Policy, Scopes, TaskScope, scopes_of
from medsmith.dedup.near.sift import alike
from medsmith.dedup.near.sketches import Texts, band_column, sketch
from medsmith.dedup.near.verify import Candidates, verify
from medsmith.schema import UserError

Numbers = np.ndarray[Any, Any]

# Columns that a table may lack, and what stands for them.
_DEFAULTS: dict[str, Any] = {
    "source": "",
    "task": "",
    "category": "",
    "split": "train",
    "closed": False,
    "licence_rank": 0,
    "source_rank": 0,
}


def find_near_duplicates(
    table: pa.Table,
    params: NearParams | None = None,
    *,
    floor: float | None = None,
    policy: Policy = "task",
    **changes: Any,
) -> NearDuplicates:
    """Return the near-duplicates of `table`, a result that can be asked for other thresholds.

    `table` has the columns `input` and `output` and may have `id` (else the row number), `source`,
    `task`, `category`, `split`, `closed` (the output is a label or a choice), `licence_rank` and
    `source_rank` (integers, lower ones stay). `policy` is the scope of every task (`TaskScope`).
    `changes` are fields of `NearParams`: `find_near_duplicates(table, threshold=0.7)`. Pairs are
    looked for from `floor` on, by default from the threshold on: give a lower one to preview lower
    thresholds. All texts and signatures are held in memory.

    Raises `UserError` where a column is missing or an id stands twice.
    """
    params = replace(params or NearParams(), **changes)
    floor = min(params.threshold if floor is None else floor, params.threshold)
    table = _complete(table)
    rows = _in_keeper_order(table)
    tasks, numbers = _tasks(rows, policy)
    shape = shape_for(floor)
    boilerplate = _boilerplate(rows, numbers, len(tasks), params)
    shingles = [found.shingles for found in boilerplate]
    texts = Texts(rows["input"], rows["output"], rows["closed"].to_numpy())
    sketches = _sketches(texts, numbers, shingles, shape, params)
    scopes = scopes_of(tasks)
    found = candidates(sketches, scopes, numbers, shape)
    gists, shares = minima_of(sketches["gist"]), sketches["boilerplate"].to_numpy()
    found = found[alike(found, gists, shares, replace(params, threshold=floor))]

    def check(pairs: Numbers) -> Edges:
        return _verified(pairs, texts, sketches, numbers, shingles, scopes, params)

    return NearDuplicates.settled(
        rows=rows.append_column("input_digest", sketches["input_digest"]).append_column(
            "output_digest", sketches["output_digest"]
        ),
        edges=check(found),
        params=params,
        floor=floor,
        boilerplate={
            (task.source, task.task): of_task
            for task, of_task in zip(tasks, boilerplate, strict=True)
        },
        check=check,
    )


def candidates(sketches: pa.Table, scopes: Scopes, tasks: Numbers, shape: Shape) -> Numbers:
    """Return the candidate pairs of all bands (packed row numbers, sorted).

    `tasks` tell each row's place in `scopes`.
    """
    compared = compared_rows(sketches, tasks, scopes, np.arange(len(sketches)))
    keys, slots = np.empty(len(compared), np.uint64), slots_for(len(compared))
    found = []
    for band in range(shape.bands):
        band_keys(minima_of(sketches[band_column(band)])[compared.rows], compared.salts, band, keys)
        subs = _subs_of(sketches, compared.rows, band, shape)
        found.append(candidate_pairs(keys, compared, scopes, subs, slots))
    return merge_pairs(found)


def _subs_of(sketches: pa.Table, rows: Numbers, band: int, shape: Shape) -> Subs:
    def of(places: Numbers) -> Numbers:
        minima = [minima_of(sketches[name])[rows[places]] for name in sub_columns(band, shape)]
        return band_subs(*minima)

    return of


def _complete(table: pa.Table) -> pa.Table:
    missing = [name for name in ("input", "output") if name not in table.column_names]
    if missing:
        raise UserError(
            f"The table has no column {' and no column '.join(missing)}.",
            "Name its columns `input` and `output`.",
        )
    columns = {name: table[name] for name in table.column_names}
    if "id" not in columns:
        columns["id"] = pa.chunked_array([np.arange(len(table))]).cast(pa.string())
    for name, default in _DEFAULTS.items():
        columns.setdefault(name, pa.chunked_array([pa.repeat(pa.scalar(default), len(table))]))
    for name in ("id", "source", "task", "category", "split"):
        columns[name] = columns[name].cast(pa.string())
    for name in ("input", "output"):  # all texts together may be more than 2 GiB
        columns[name] = columns[name].cast(pa.large_string())
    if pc.count_distinct(columns["id"]).as_py() < len(table):
        raise UserError("An id stands twice in the table.", "Give every row an id of its own.")
    return pa.table(columns)


def _in_keeper_order(table: pa.Table) -> pa.Table:
    """Return the rows in the order in which they stay: row numbers are ranks."""
    table = table.append_column("split_rank", split_ranks(table["split"])).append_column(
        "output_length", pc.binary_length(table["output"]).fill_null(0)
    )
    return table.take(pa.array(np.argsort(keeper_ranks(table)))).combine_chunks()


def _tasks(rows: pa.Table, policy: Policy) -> tuple[list[TaskScope], Numbers]:
    """Return the tasks, and each row's number among them."""
    names = ("source", "task", "category")
    encoded = [one_array(rows[name]).dictionary_encode() for name in names]
    codes = np.zeros(len(rows), np.int64)
    for column in encoded:
        codes = codes * (len(column.dictionary) + 1) + np.asarray(column.indices)
    _, first, numbers = np.unique(codes, return_index=True, return_inverse=True)
    found = []
    for row in first.tolist():
        source, task, category = (column[row].as_py() for column in encoded)
        found.append(TaskScope(source, task, category, policy))
    order = sorted(range(len(found)), key=lambda n: (found[n].source, found[n].task))
    return [found[n] for n in order], np.argsort(order)[numbers]


def _boilerplate(
    rows: pa.Table, numbers: Numbers, tasks: int, params: NearParams
) -> list[Boilerplate]:
    found = []
    for task in range(tasks):
        own = np.flatnonzero(numbers == task)
        own = own[sampled(rows["id"].take(pa.array(own)), len(own))]
        ids = rows["id"].take(pa.array(own))
        chosen = own[pc.sort_indices(ids).to_numpy()]
        inputs = one_array(rows["input"].take(pa.array(chosen)))
        found.append(find_boilerplate(inputs, params))
    return found


def _sketches(
    texts: Texts, numbers: Numbers, shingles: list[Numbers], shape: Shape, params: NearParams
) -> pa.Table:
    if len(shingles) <= 1:  # one task needs no sorting
        return sketch(texts, shingles[0] if shingles else np.empty(0, np.uint64), shape, params)
    order = np.argsort(numbers, kind="stable")
    ends = np.cumsum(np.bincount(numbers, minlength=len(shingles)))
    parts = [
        sketch(texts.take(rows), of_task, shape, params)
        for rows, of_task in zip(np.split(order, ends[:-1]), shingles, strict=True)
    ]
    return pa.concat_tables(parts).take(pa.array(np.argsort(order))).combine_chunks()


def _verified(
    pairs: Numbers,
    texts: Texts,
    sketches: pa.Table,
    numbers: Numbers,
    shingles: list[Numbers],
    scopes: Scopes,
    params: NearParams,
) -> Edges:
    sizes = pc.add(
        pc.binary_length(texts.inputs).fill_null(0), pc.binary_length(texts.outputs).fill_null(0)
    ).to_numpy(zero_copy_only=False)
    plan = plan_chunks(pairs, sizes)
    digests = [sketches[name].to_numpy() for name in ("input_digest", "output_digest")]
    parts = []
    for chunk in range(len(plan)):
        rows, own = plan.chunk(chunk)
        here = Candidates(rows, texts.take(rows), digests[0][rows], digests[1][rows], numbers[rows])
        parts.append(verify(here, own, shingles, scopes, params))
    return join_edges(parts)
