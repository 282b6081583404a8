"""First pass over the training texts: which n-grams are common there, which rows to look at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from medsmith.dedup.contamination.index import Index
from medsmith.dedup.contamination.patterns import I64, U8, U32
from medsmith.dedup.contamination.tokens import text_buffers, tokenise
from medsmith.dedup.kernels import _match

FIELDS = ("input", "output")

# An n-gram in more than this share of the training texts is a stock phrase or a template. The floor
# lets an item that was copied dozens of times into a small set still count in full.
STOCK_SHARE = 0.0002
STOCK_FLOOR = 100

# How telling an n-gram is, 4 down to 0: by the training texts, and the patterns, that hold it.
TOP_LEVEL = 4
TEXTS_OF_LEVEL = {4: 4, 2: 32}
PATTERNS_OF_LEVEL = {4: 5}

_CANDIDATE, _SLOW = 1, 2


@dataclass(frozen=True)
class ScanResult:
    """`counts` (u32[g]): texts that hold an n-gram; `rows` (i64): to score; `texts`: seen."""

    counts: U32
    rows: I64
    texts: int


def scan(index: Index, table: pa.Table) -> ScanResult:
    """Count the index's n-grams in the columns `input` and `output` of `table`.

    Counts add up over tables; a row's place among `rows` depends on that row alone.
    """
    counts = np.zeros(index.grams, np.uint32)
    chosen = np.zeros(table.num_rows, np.bool_)
    for field in FIELDS:
        # One chunk at a time: joined, they might be too much for memory.
        at = 0
        for chunk in table[field].chunks:
            chosen[at : at + len(chunk)] |= _scan_column(index, chunk, counts) == _CANDIDATE
            at += len(chunk)
    return ScanResult(counts, np.flatnonzero(chosen), len(FIELDS) * table.num_rows)


def _scan_column(index: Index, column: pa.Array, counts: U32) -> U8:
    arrays = (
        index.filter,
        index.table,
        index.post_offsets,
        index.post_pattern,
        index.post_at,
        index.need,
        counts,
    )
    marks = np.zeros(len(column), np.uint8)
    _match.scan(*arrays, *text_buffers(column), marks)
    slow = np.flatnonzero(marks == _SLOW)
    if len(slow):
        tokens = tokenise(column.take(pa.array(slow)))
        again = np.zeros(len(slow), np.uint8)
        _match.scan_tokens(*arrays, tokens.hashes, tokens.wide, tokens.offsets, again)
        marks[slow] = again
    return marks


def reduce_df(
    index: Index,
    counts: Iterable[U32],
    texts: int,
    share: float = STOCK_SHARE,
    floor: int = STOCK_FLOOR,
) -> U8:
    """Return how telling each n-gram is (u8[g]): 4, 2, 1, or 0 for a stock phrase.

    `counts` are those of every `ScanResult`, `texts` the sum of theirs. An inverse document
    frequency in steps: coverage is a share, so that what all of an item's n-grams lose alike
    (it was copied often) it does not lose.
    """
    total = np.zeros(index.grams, np.int64)
    for each in counts:
        total += each
    level = np.select(
        [
            total <= TEXTS_OF_LEVEL[4],
            total <= TEXTS_OF_LEVEL[2],
            total <= max(floor, texts * share),
        ],
        [4, 2, 1],
        0,
    )
    shared = np.diff(index.post_offsets) > PATTERNS_OF_LEVEL[4]
    return np.where(shared, np.minimum(level, 2), level).astype(np.uint8)
