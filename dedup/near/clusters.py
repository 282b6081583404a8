"""Which instance stays: stars around keepers, in the keepers' order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from medsmith.dedup.exact import KEEP_FIRST
from medsmith.dedup.kernels import _lsh
from medsmith.dedup.near.arrays import among, distinct
from medsmith.dedup.near.bands import pack_pairs
from medsmith.dedup.near.edges import Edges, join_edges
from medsmith.dedup.near.params import NearParams
from medsmith.schema import DuplicateKind, arrow

Numbers = np.ndarray[Any, Any]
Check = Callable[[Numbers], Edges]


@dataclass(frozen=True)
class Removals:
    """Rows that go (`dropped`, ascending) and the verified edge to the row that each leaves for."""

    dropped: Numbers
    kept: Numbers
    input_similarity: Numbers
    output_similarity: Numbers

    def __len__(self) -> int:
        return len(self.dropped)


def split_ranks(splits: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return the place of each split among those kept first (int8): test, validation, train."""
    order = pa.array([split.value for split in KEEP_FIRST])
    return pc.fill_null(pc.index_in(splits, value_set=order), len(order)).cast(pa.int8())


def keeper_ranks(table: pa.Table) -> Numbers:
    """Return each row's place in the order of keepers (uint32); the lowest of a cluster stays.

    Protected splits come first (`split_rank`), then freer licences (`licence_rank`), preferred
    sources (`source_rank`), longer outputs (`output_length`), and the smaller `id`, which must not
    repeat. The ranks are integers, lower ones first.
    """
    keys = [(name, way) for name, way in _KEEPER_ORDER if not _is_constant(table[name])]
    order = pc.sort_indices(table, sort_keys=[*keys, ("id", "ascending")]).to_numpy()
    ranks = np.empty(len(order), np.uint32)
    ranks[order] = np.arange(len(order), dtype=np.uint32)
    return ranks


_KEEPER_ORDER = (
    ("split_rank", "ascending"),
    ("licence_rank", "ascending"),
    ("source_rank", "ascending"),
    ("output_length", "descending"),
)


def _is_constant(column: pa.ChunkedArray) -> bool:
    """Return whether a column of numbers holds but one: sorting by it would only cost time."""
    ends = pc.min_max(column)
    return bool(ends["min"] == ends["max"])


def settle(
    edges: Edges, ranks: Numbers, params: NearParams, check: Check | None = None
) -> tuple[Removals, Edges]:
    """Return what goes, and all edges known in the end.

    Rows are taken in the order of `ranks` (one for each row): a row goes only where it has an edge
    of its own to a row that stays, the first such one being its keeper; what is reached only
    through a chain stays. Where two rows that would stay, or a row and a keeper, are joined through
    a row that goes, but were never compared, `check` is asked for the edges of these pairs (packed,
    sorted), and all is decided anew; without `check` they count as different. The order of edges
    does not matter.
    """
    while True:
        similar = edges.where(edges.similar(params))
        removals = _stars(similar, ranks)
        if check is None:
            return removals, edges
        wanted = _unknown(similar, removals)
        wanted = wanted[~among(wanted, edges.pairs)] if len(wanted) else wanted
        if not len(wanted):
            return removals, edges
        edges = join_edges([edges, check(wanted)])


def _stars(edges: Edges, ranks: Numbers) -> Removals:
    """Return the removals that these edges give; all of them join near-duplicates."""
    nodes = distinct(np.concatenate([edges.a, edges.b]))
    nodes = nodes[np.argsort(ranks[nodes], kind="stable")]
    place = _places(nodes)
    a, b = place(edges.a), place(edges.b)
    lower, upper = np.minimum(a, b), np.maximum(a, b)
    order = np.lexsort((lower, upper))
    keeper = np.empty(len(nodes), np.uint32)
    _lsh.stars(lower[order].astype(np.uint32), upper[order].astype(np.uint32), keeper)
    chosen = order[keeper[upper[order]] == lower[order]]
    dropped, kept = nodes[upper[chosen]], nodes[lower[chosen]]
    by_row = np.argsort(dropped)
    chosen = chosen[by_row]
    return Removals(
        dropped[by_row],
        kept[by_row],
        edges.input_similarity[chosen],
        edges.output_similarity[chosen],
    )


def _places(nodes: Numbers) -> Callable[[Numbers], Numbers]:
    """Return a function from row numbers to their places in `nodes`."""
    order = np.argsort(nodes)
    ordered = nodes[order]
    return lambda rows: order[np.searchsorted(ordered, rows)]


def _unknown(edges: Edges, removals: Removals) -> Numbers:
    """Return the pairs of a row that stays and the keeper of a row next to it that goes."""
    pairs = []
    for here, there in ((edges.a, edges.b), (edges.b, edges.a)):
        if not len(removals):
            continue
        at = np.minimum(np.searchsorted(removals.dropped, there), len(removals) - 1)
        gone = removals.dropped[at] == there
        stays = ~among(here, removals.dropped)
        joined = gone & stays & (removals.kept[at] != here)
        pairs.append(pack_pairs(here[joined], removals.kept[at][joined]))
    return distinct(np.concatenate([np.empty(0, np.uint64), *pairs]))


def duplicates_table(removals: Removals, ids: pa.Array) -> pa.Table:
    """Return the removals as `arrow.DUPLICATES`, ordered by dropped id.

    `ids` are those of all rows, by row number; the cluster is named by its keeper.
    """
    dropped, kept = ids.take(pa.array(removals.dropped)), ids.take(pa.array(removals.kept))
    kind = pa.array([DuplicateKind.NEAR.value] * len(removals), pa.string())
    columns = [
        dropped,
        kept,
        kind,
        pa.array(removals.input_similarity, pa.float64()),
        pa.array(removals.output_similarity, pa.float64()),
        kept,
    ]
    return pa.table(columns, schema=arrow.DUPLICATES).sort_by("dropped_id")


def cluster_sizes(removals: Removals, most: int = 10) -> list[tuple[int, int]]:
    """Return the keepers (row numbers) of the largest clusters with the number of rows each."""
    keepers, counts = np.unique(removals.kept, return_counts=True)
    order = np.lexsort((keepers, -counts))[:most]
    return [(int(keepers[i]), int(counts[i]) + 1) for i in order]
