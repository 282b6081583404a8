"""The C kernel: token counts of a column of texts, straight from Arrow's buffers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from medsmith.builders.tokens import _native
from medsmith.builders.tokens.bpe import Bpe
from medsmith.builders.tokens.columns import Counts, Flags, count_chunks
from medsmith.builders.tokens.patterns import RULES

CACHE_BYTES = 64 << 20


class Kernel:
    """Counts with one vocabulary; keeps the counts of pre-tokens it met, in `cache_bytes`."""

    def __init__(self, bpe: Bpe, cache_bytes: int = CACHE_BYTES) -> None:
        rules = RULES[bpe.family]
        self._counter = _native.Counter(
            *_joined(bpe.tokens),
            None if bpe.merges is None else np.ascontiguousarray(bpe.merges),
            *_joined([name.encode() for name in bpe.added]),
            (
                rules.prefix,
                rules.cased,
                rules.contractions,
                rules.fold_case,
                rules.newlines,
                rules.digits,
                rules.slash,
                rules.tail,
            ),
            bpe.whole,
            bpe.nfc,
            cache_bytes,
        )

    def count(self, column: pa.Array | pa.ChunkedArray) -> tuple[Counts, Flags]:
        """Return the tokens of each text (0 for null), and which rows it cannot prove it handles.

        The counts of the latter mean nothing. Raises `ValueError` where a text is not UTF-8.
        """
        return count_chunks(column, self._count_chunk)

    def _count_chunk(self, chunk: pa.Array, counts: Counts, unproven: Flags) -> None:
        if not len(chunk):
            return
        wide = not pa.types.is_string(chunk.type)
        texts = chunk.cast(pa.large_string()) if wide else chunk
        texts = pc.fill_null(texts, "") if texts.null_count else texts
        _, offsets, data = texts.buffers()
        self._counter.count(
            data or b"", offsets, wide, texts.offset, counts, unproven.view(np.uint8)
        )

    def cut(self, text: str) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return where each pre-token of `text` ends, in bytes of its UTF-8."""
        return np.frombuffer(self._counter.cut(text.encode()), dtype=np.int64)

    def pairs(self) -> np.ndarray[Any, np.dtype[np.uint32]]:
        """Return the pairs that merge, as rows (left, right, rank, result), by left and right.

        Left, right and result are positions in the vocabulary's `tokens`.
        """
        rows = np.frombuffer(self._counter.pairs(), dtype=np.uint32).reshape(-1, 4)
        return rows[np.lexsort((rows[:, 1], rows[:, 0]))]


def _joined(parts: Sequence[bytes]) -> tuple[bytes, np.ndarray[Any, np.dtype[np.int64]]]:
    """Return all parts as one, and where each begins; the end of the last one, too."""
    lengths = np.fromiter(map(len, parts), np.int64, len(parts))
    return b"".join(parts), np.concatenate(([np.int64(0)], np.cumsum(lengths)))
