"""Small things with arrays: string columns as kernels take them, numbers without repetition."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from medsmith.dedup.kernels import _lsh

Numbers = np.ndarray[Any, Any]


def text_buffers(column: pa.Array) -> tuple[Any, Numbers]:
    """Return the bytes of a string column and its offsets in them (int64, one more than rows).

    What a null holds is left to chance: often nothing.
    """
    if not len(column):
        return b"", np.zeros(1, np.int64)
    width = np.int64 if pa.types.is_large_string(column.type) else np.int32
    _, offsets, text = column.buffers()
    ends = np.frombuffer(offsets, width)[column.offset : column.offset + len(column) + 1]
    return text or b"", ends.astype(np.int64)


def one_array(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return a column as one array, without a copy where it is one (`combine_chunks` makes one)."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def hash_texts(column: pa.Array | pa.ChunkedArray) -> Numbers:
    """Return 64 bits for each text (uint64), the same everywhere and as if by chance."""
    column = one_array(column)
    hashes = np.empty(len(column), np.uint64)
    _lsh.hash_texts(*text_buffers(column), hashes)
    return hashes


def distinct(numbers: Numbers) -> Numbers:
    """Return `numbers` sorted, each once: as `np.unique`, which hashes and is slow on many."""
    return sort_distinct(np.array(numbers))


def sort_distinct(numbers: Numbers) -> Numbers:
    """Sort `numbers` where they lie, and return them each once."""
    numbers.sort()
    first = np.ones(len(numbers), np.bool_)
    np.not_equal(numbers[1:], numbers[:-1], out=first[1:])
    return np.asarray(numbers[first])


def among(numbers: Numbers, others: Numbers) -> Numbers:
    """Return which of `numbers` are in `others` (bool): as `np.isin`, slow on many for its hashes.

    `others` are sorted first, unless they ascend already.
    """
    if not len(others):
        return np.zeros(len(numbers), np.bool_)
    if (others[1:] < others[:-1]).any():
        others = np.sort(others)
    at = np.minimum(np.searchsorted(others, numbers), len(others) - 1)
    return np.asarray(others[at] == numbers)


def between(rows: Numbers, first: int, stop: int) -> slice:
    """Return where in ascending `rows` those from `first` to before `stop` lie."""
    # Limits of the rows' own type: for others, all rows would be cast each time.
    begin, end = np.searchsorted(rows, np.array([first, stop], rows.dtype)).tolist()
    return slice(begin, end)
