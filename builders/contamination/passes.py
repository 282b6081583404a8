"""The two passes of contamination detection, spread over workers by way of files.

Pass one counts how often each n-gram of the index stands in the training texts, and finds the rows
that deserve a second look. Pass two compares these with the items, now that it is known which
n-grams are stock phrases. Neither depends on how the texts are cut into shards.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from medsmith.dedup.contamination import Index, reduce_df, scan

TEXTS = pa.schema(
    [pa.field(name, pa.string(), nullable=False) for name in ("id", "input", "output")]
)

Rows = np.ndarray[Any, np.dtype[np.int64]]
Telling = np.ndarray[Any, np.dtype[np.uint8]]


@dataclass(frozen=True, eq=False)
class Scanned:
    """What pass one found in a shard: rows for a second look, and the file of its counts."""

    texts: int
    rows: Rows
    counts: Path


def scan_texts(index: Index, texts: Iterable[pa.Table], counts: Path) -> Scanned:
    """Run pass one over tables of `texts` (`TEXTS`); the counts go into the file `counts`."""
    total, seen, first = np.zeros(index.grams, np.uint32), 0, 0
    rows = [np.empty(0, np.int64)]
    for table in texts:
        found = scan(index, table)
        total += found.counts
        rows.append(found.rows + first)
        seen, first = seen + found.texts, first + len(table)
    # Most n-grams of the index stand nowhere in a shard.
    grams = np.flatnonzero(total)
    np.save(counts, np.stack([grams, total[grams].astype(np.int64)]))
    return Scanned(seen, np.concatenate(rows), counts)


def telling_grams(index: Index, scanned: Iterable[Scanned]) -> Telling:
    """Return how telling each n-gram of the index is among all texts scanned (see `reduce_df`)."""
    total = np.zeros(index.grams, np.uint32)
    texts = 0
    for shard in scanned:
        grams, counts = np.load(shard.counts)
        total[grams] += counts.astype(np.uint32)
        texts += shard.texts
    return reduce_df(index, [total], texts)
