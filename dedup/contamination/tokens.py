"""Texts as token hashes (`norm-v1`), with what a search for n-grams must know of each.

Symbols are left out: the mark-up that follows a quoted question (`<br>`) must not change its last
word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from medsmith.dedup import kernels
from medsmith.dedup.kernels import _match


@dataclass(frozen=True)
class Tokens:
    """The tokens of a column of texts, one text after the other.

    `hashes` (u64[m]); `wide` (u8[m]): characters of scripts without spaces; `starts`, `ends`
    (u32[m]): bytes within the original text; `offsets` (i64[n + 1]): where a text's tokens begin.
    """

    hashes: np.ndarray[Any, np.dtype[np.uint64]]
    wide: np.ndarray[Any, np.dtype[np.uint8]]
    starts: np.ndarray[Any, np.dtype[np.uint32]]
    ends: np.ndarray[Any, np.dtype[np.uint32]]
    offsets: np.ndarray[Any, np.dtype[np.int64]]


def text_buffers(
    column: pa.Array | pa.ChunkedArray,
) -> tuple[np.ndarray[Any, np.dtype[np.uint8]], np.ndarray[Any, np.dtype[np.int64]]]:
    """Return the UTF-8 bytes of a string column and the n + 1 offsets into them; null is empty."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    array = pc.fill_null(column, "").cast(pa.large_string())
    if not len(array):
        return np.zeros(0, np.uint8), np.zeros(1, np.int64)
    _, offsets, data = array.buffers()
    return (
        np.frombuffer(data or b"", np.uint8),
        np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1],
    )


def tokenise(column: pa.Array | pa.ChunkedArray) -> Tokens:
    """Return the tokens of each text of a string column."""
    data, texts = text_buffers(column)
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    stream = kernels.tokenise(column, symbols=False)
    wide = np.zeros(len(stream.hashes), np.uint8)
    _match.mark_wide(data, texts, stream.starts, stream.offsets, wide)
    return Tokens(stream.hashes, wide, stream.starts, stream.ends, stream.offsets)
