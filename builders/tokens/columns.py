"""Counting a column of texts chunk by chunk, as the kernels of all devices do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

Counts: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
Flags: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]


def count_chunks(
    column: pa.Array | pa.ChunkedArray, count: Callable[[pa.Array, Counts, Flags], None]
) -> tuple[Counts, Flags]:
    """Return the counts of a column's rows, and the rows flagged.

    `count` writes both for one chunk, into arrays of zeros as long as it.
    """
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    counts = np.zeros(len(column), np.int64)
    flags = np.zeros(len(column), np.bool_)
    start = 0
    for chunk in chunks:
        rows = slice(start, start + len(chunk))
        count(chunk, counts[rows], flags[rows])
        start = rows.stop
    return counts, flags
