"""Cutting candidate pairs into chunks, so that each row's texts are read once for all its pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from medsmith.dedup.kernels import _lsh
from medsmith.dedup.near.arrays import distinct
from medsmith.dedup.near.bands import pair_rows

Numbers = np.ndarray[Any, Any]

CHUNK_BYTES = 48 * 2**20


@dataclass(frozen=True)
class Plan:
    """Pairs in chunks.

    `pairs` are ordered by chunk, then by pair; chunk n has `pairs[starts[n]:starts[n + 1]]`. Row
    `rows[i]` (uint32, ascending) belongs to chunk `chunks[i]` (uint32); a row is in one chunk,
    unless its component is larger than a chunk.
    """

    pairs: Numbers
    starts: Numbers
    rows: Numbers
    chunks: Numbers

    def __len__(self) -> int:
        return len(self.starts) - 1

    def chunk(self, number: int) -> tuple[Numbers, Numbers]:
        """Return the rows and the pairs of a chunk."""
        pairs = self.pairs[self.starts[number] : self.starts[number + 1]]
        return distinct(np.concatenate(pair_rows(pairs))), pairs


def components(a: Numbers, b: Numbers, nodes: int) -> Numbers:
    """Return for each of `nodes` the smallest node of its connected component (uint32).

    Union-find with path halving (Tarjan & van Leeuwen 1984). Raises `ValueError` for an end of an
    edge that is no node.
    """
    labels = np.empty(nodes, np.uint32)
    _lsh.components(_numbers(a), _numbers(b), labels)
    return labels


def _numbers(nodes: Numbers) -> Numbers:
    return np.ascontiguousarray(nodes, np.uint32)


def plan_chunks(pairs: Numbers, sizes: Numbers, budget: int = CHUNK_BYTES) -> Plan:
    """Return `pairs` (uint64, sorted) cut into chunks of whole components.

    `sizes` gives the bytes of text of every row. A chunk holds about `budget` bytes, at most twice
    as many; a component of more is cut into several chunks, which share rows.
    """
    a, b = pair_rows(pairs)
    rows = distinct(np.concatenate([a, b]))
    first, second = np.searchsorted(rows, a), np.searchsorted(rows, b)
    labels = components(first, second, len(rows))
    # A row takes some memory even where its text is empty.
    weights = np.bincount(labels, sizes[rows].astype(np.int64) + 64, len(rows)).astype(np.int64)
    start = np.cumsum(weights) - weights
    of_component = start // budget
    chunk = of_component[labels[first]]
    order = np.lexsort((pairs, labels[first], chunk))
    pairs, label, chunk = pairs[order], labels[first][order], chunk[order]
    chunk = _cut_large(chunk, label, weights, np.bincount(labels, minlength=len(rows)), budget)
    starts = np.flatnonzero(np.diff(chunk, prepend=-1, append=-1)) if len(chunk) else np.zeros(1)
    starts = starts.astype(np.int64)
    numbers = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    a, b = pair_rows(pairs)
    packed = distinct(
        np.concatenate([a, b]).astype(np.uint64) << np.uint64(32)
        | np.concatenate([numbers, numbers]).astype(np.uint64)
    )
    members, chunks = pair_rows(packed)
    return Plan(pairs, starts, members, chunks)


def _cut_large(
    chunk: Numbers, label: Numbers, weights: Numbers, counts: Numbers, budget: int
) -> Numbers:
    """Return ascending chunk numbers in which components heavier than `budget` are cut by pairs."""
    if not len(chunk):
        return chunk
    begins = np.flatnonzero(np.diff(label, prepend=-1))
    place = np.arange(len(label)) - np.repeat(begins, np.diff(begins, append=len(label)))
    # Each pair brings at most two rows of the component's mean weight.
    most = np.maximum(budget * counts[label] // np.maximum(2 * weights[label], 1), 1)
    piece = np.where(weights[label] > budget, place // most, 0)
    new = (np.diff(chunk, prepend=-1) != 0) | (np.diff(piece, prepend=0) > 0)
    return np.cumsum(new) - 1
