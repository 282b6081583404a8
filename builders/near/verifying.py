"""Exact similarity of the candidate pairs: their texts meet in memory, chunk by chunk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from medsmith.builders.engine import report_rows
from medsmith.builders.near.corpus import Setting, Sketched, read_facts
from medsmith.builders.near.rows import pick, within
from medsmith.builders.near.sketching import read_sketches
from medsmith.dedup.near.arrays import distinct
from medsmith.dedup.near.bands import pair_rows
from medsmith.dedup.near.clusters import keeper_ranks, settle
from medsmith.dedup.near.components import Plan, plan_chunks
from medsmith.dedup.near.edges import EDGES, Edges, edges_of, join_edges
from medsmith.dedup.near.sketches import Texts
from medsmith.dedup.near.verify import Candidates, compare, prepare

Numbers = np.ndarray[Any, Any]

_GATHERED = pa.schema(
    [
        pa.field("row", pa.uint32(), nullable=False),
        pa.field("task", pa.uint32(), nullable=False),
        pa.field("input_digest", pa.uint64(), nullable=False),
        pa.field("output_digest", pa.uint64(), nullable=False),
        pa.field("input", pa.string()),
        pa.field("output", pa.string()),
    ]
)


def plan_pairs(parts: Sequence[Sketched], pairs: Numbers) -> Plan:
    """Return the pairs cut into chunks whose texts fit in memory."""
    sizes = np.empty(sum(part.part.rows for part in parts), np.uint32)
    for part in parts:
        rows = slice(part.part.first, part.part.first + part.part.rows)
        sizes[rows] = read_sketches(part.sketches, ["bytes"])["bytes"].to_numpy()
    return plan_chunks(pairs, sizes)


def write_ranks(setting: Setting, parts: Sequence[Sketched], rows: Numbers, path: Path) -> None:
    """Write each row's place in the order of keepers (uint32); 0 for those in no pair."""
    ranks = np.zeros(sum(part.part.rows for part in parts), np.uint32)
    ranks[rows] = keeper_ranks(read_facts(setting, parts, rows))
    np.save(path, ranks)


@dataclass(frozen=True)
class Gathering:
    """Take the texts of a part's rows that are in pairs: of `rows`, a file of all such rows."""

    setting: Setting
    part: Sketched
    rows: Path
    out: Path


def gather_part(job: Gathering) -> Path:
    """Write the texts, in the order of their rows; return where."""
    own = within(np.load(job.rows, mmap_mode="r"), job.part.part)
    table = _gathered(job.setting, job.part, own).combine_chunks()
    with pa.OSFile(str(job.out), "wb") as sink, pa.ipc.new_file(sink, _GATHERED) as out:
        out.write_table(table)
    return job.out


def _gathered(setting: Setting, part: Sketched, rows: Numbers) -> pa.Table:
    """Return `rows` of a part (ascending) with their texts (`_GATHERED`)."""
    found = pick(part.part, rows, ("input", "output"))
    report_rows(part.part.rows)
    facts = read_sketches(part.sketches, ["task", "input_digest", "output_digest"])
    facts = facts.take(pa.array(rows))
    columns = [
        pa.array((rows + part.part.first).astype(np.uint32)),
        pa.array(setting.tasks_of(part, facts["task"]).astype(np.uint32)),
        facts["input_digest"],
        facts["output_digest"],
        found["input"],
        found["output"],
    ]
    return pa.table(columns, schema=_GATHERED)


@dataclass(frozen=True, eq=False)
class Verifying:
    """Compare the `pairs` of a chunk (uint64, packed); `ranks` holds the ranks of all rows."""

    setting: Setting
    pairs: Numbers
    ranks: Path
    files: tuple[Path, ...]
    out: Path


def verify_chunk(job: Verifying) -> Path:
    """Write the edges of a chunk, with those that settling it asks for; return where."""
    compare = _Compare(job.setting, _read_gathered(job.files, job.pairs))
    ranks = np.load(job.ranks, mmap_mode="r")
    _, edges = settle(compare(job.pairs), ranks, job.setting.params, compare)
    write_edges(edges, job.out)
    return job.out


def _read_gathered(files: Sequence[Path], pairs: Numbers) -> pa.Table:
    """Return the rows of `pairs`, ascending, each once; the files are mapped, not read whole."""
    wanted = distinct(np.concatenate(pair_rows(pairs)))
    tables = [_GATHERED.empty_table()]
    for path in files:
        table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        rows = table["row"].to_numpy()
        if len(rows):
            start, end = np.searchsorted(wanted, [rows[0], np.int64(rows[-1]) + 1])
            tables.append(table.take(pa.array(np.searchsorted(rows, wanted[start:end]))))
    return pa.concat_tables(tables)


class _Compare:
    """Compares pairs of rows whose texts are at hand: a table of them (`_GATHERED`), ascending."""

    def __init__(self, setting: Setting, table: pa.Table) -> None:
        self._params = setting.params
        self._scopes = setting.scopes()
        tasks = setting.tasks
        numbers = table["task"].to_numpy().astype(np.int64)
        closed = np.array([task.closed for task in tasks], np.bool_)[numbers]
        candidates = Candidates(
            table["row"].to_numpy(),
            Texts(table["input"], table["output"], closed),
            table["input_digest"].to_numpy(),
            table["output_digest"].to_numpy(),
            numbers,
        )
        self._prepared = prepare(candidates, setting.boilerplate(), setting.params)

    def __call__(self, pairs: Numbers) -> Edges:
        return compare(self._prepared, pairs, self._scopes, self._params)


def compare_far_pairs(setting: Setting, parts: Sequence[Sketched], pairs: Numbers) -> Edges:
    """Compare pairs of rows that were in different chunks: rare, so their texts are read here."""
    rows = distinct(np.concatenate(pair_rows(pairs)))
    tables = []
    for part in parts:
        own = within(rows, part.part)
        if len(own):
            tables.append(_gathered(setting, part, own))
    return _Compare(setting, pa.concat_tables(tables))(pairs)


def write_edges(edges: Edges, path: Path) -> None:
    """Write edges as `read_edges` reads them."""
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, EDGES) as out:
        out.write_table(edges.table())


def read_edges(files: Sequence[Path]) -> Edges:
    """Return the edges of all files, ordered by pair, each pair once."""
    parts = []
    for path in files:
        with pa.OSFile(str(path)) as source:
            parts.append(edges_of(pa.ipc.open_file(source).read_all()))
    return join_edges(parts)
