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
from medsmith.dedup.kernels import GIST_WORDS
from medsmith.dedup.near.arrays import between, distinct
from medsmith.dedup.near.bands import minima_of, pair_rows
from medsmith.dedup.near.clusters import keeper_ranks, settle
from medsmith.dedup.near.edges import EDGES, Edges, edges_of, join_edges
from medsmith.dedup.near.sift import alike
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


def text_sizes(parts: Sequence[Sketched]) -> Numbers:
    """Return the bytes of text of every row (uint32)."""
    sizes = np.empty(sum(part.part.rows for part in parts), np.uint32)
    for part in parts:
        rows = slice(part.part.first, part.part.first + part.part.rows)
        sizes[rows] = read_sketches(part.sketches, ["bytes"])["bytes"].to_numpy()
    return sizes


def sifted(setting: Setting, parts: Sequence[Sketched], pairs: Numbers) -> Numbers:
    """Return those of `pairs` whose texts are worth a look."""
    rows = sum(part.part.rows for part in parts)
    gists, shares = np.empty((rows, GIST_WORDS), np.uint32), np.empty(rows, np.float32)
    for part in parts:
        own = slice(part.part.first, part.part.first + part.part.rows)
        table = read_sketches(part.sketches, ["gist", "boilerplate"])
        gists[own] = minima_of(table["gist"])
        shares[own] = table["boilerplate"].to_numpy()
    return np.asarray(pairs[alike(pairs, gists, shares, setting.params)])


def write_ranks(setting: Setting, parts: Sequence[Sketched], rows: Numbers, path: Path) -> None:
    """Write each row's place in the order of keepers (uint32); 0 for those in no pair."""
    ranks = np.zeros(sum(part.part.rows for part in parts), np.uint32)
    ranks[rows] = keeper_ranks(read_facts(setting, parts, rows))
    np.save(path, ranks)


@dataclass(frozen=True, eq=False)
class VerifyingPart:
    """Read the texts of a part's rows that are in pairs.

    The `pairs` (uint64, packed) that meet no other part are compared at once; the texts of `rows`
    (a file of the rows of all parts that meet others) are put aside for `verify_chunk`.
    """

    setting: Setting
    part: Sketched
    pairs: Numbers
    rows: Path
    ranks: Path
    edges: Path
    texts: Path


def verify_part(job: VerifyingPart) -> Path:
    """Write the edges of a part's own pairs, and its texts for others'; return where edges are."""
    part = job.part.part
    far = within(np.load(job.rows, mmap_mode="r"), part)
    near = within(distinct(np.concatenate(pair_rows(job.pairs))), part)
    table = _gathered(job.setting, job.part, np.sort(np.concatenate([near, far]))).combine_chunks()
    rows = table["row"].to_numpy().astype(np.int64) - part.first
    if len(far):
        wanted = pa.array(np.searchsorted(rows, far))
        with pa.OSFile(str(job.texts), "wb") as sink, pa.ipc.new_file(sink, _GATHERED) as out:
            out.write_table(table.take(wanted).combine_chunks())
        table = table.take(pa.array(np.searchsorted(rows, near)))
    _write_verified(job.setting, table, job.pairs, job.ranks, job.edges)
    return job.edges


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
class VerifyingChunk:
    """Compare the `pairs` of a chunk (uint64, packed); `ranks` holds the ranks of all rows."""

    setting: Setting
    pairs: Numbers
    ranks: Path
    files: tuple[Path, ...]
    out: Path


def verify_chunk(job: VerifyingChunk) -> Path:
    """Write the edges of a chunk, with those that settling it asks for; return where."""
    table = _read_gathered(job.files, job.pairs)
    _write_verified(job.setting, table, job.pairs, job.ranks, job.out)
    return job.out


def _write_verified(
    setting: Setting, table: pa.Table, pairs: Numbers, ranks: Path, out: Path
) -> None:
    compare = _Compare(setting, table)
    _, edges = settle(compare(pairs), np.load(ranks, mmap_mode="r"), setting.params, compare)
    write_edges(edges, out)


def _read_gathered(files: Sequence[Path], pairs: Numbers) -> pa.Table:
    """Return the rows of `pairs`, ascending, each once; the files are mapped, not read whole."""
    wanted = distinct(np.concatenate(pair_rows(pairs)))
    tables = [_GATHERED.empty_table()]
    for path in files:
        table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        rows = table["row"].to_numpy()
        if len(rows):
            some = wanted[between(wanted, int(rows[0]), int(rows[-1]) + 1)]
            tables.append(table.take(pa.array(np.searchsorted(rows, some))))
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
