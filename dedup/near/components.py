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

    `pairs` are ordered by chunk, then by pair; chunk n has `pairs[starts[n]:starts[n + 1]]`. A row
    is in one chunk, unless its component is larger than a chunk.
    """

    pairs: Numbers
    starts: Numbers

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
    pairs = np.ascontiguousarray(pairs, np.uint64)
    ordered = np.empty_like(pairs)
    starts = _lsh.cut_chunks(pairs, np.ascontiguousarray(sizes, np.uint32), budget, ordered)
    return Plan(ordered, np.frombuffer(starts, np.int64))
