"""Token counts on a GPU, or on the CPU by the same code: one implementation over torch's tensors.

Texts go to the device in batches. There they are decoded (`torch_text`), cut into pre-tokens
(`torch_split`), and these are hashed (`torch_keys`); those not met before are merged
(`torch_merge`), and all counts added up by row. What a device should not do is left to the C
kernel or the library: texts that are too large for a batch, hold a pre-token too long to be merged
in a table, an added token, or a code point that libraries see differently.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from medsmith.builders.tokens.bpe import Bpe
from medsmith.builders.tokens.check import check_sample
from medsmith.builders.tokens.classes import NOT_INERT, UNSURE
from medsmith.builders.tokens.columns import Counts, Flags, count_chunks
from medsmith.builders.tokens.patterns import RULES
from medsmith.builders.tokens.reference import library
from medsmith.builders.tokens.tokenizer import Tokenizer
from medsmith.builders.tokens.torch_keys import LONGEST, Hashes, Known, distinct
from medsmith.builders.tokens.torch_merge import Vocabulary
from medsmith.builders.tokens.torch_split import Cutter
from medsmith.builders.tokens.torch_text import (
    PADDING,
    Classes,
    decode,
    first_from,
    join,
    padded,
    pick,
    rows_of,
    rows_with,
)

if TYPE_CHECKING:
    from torch import Tensor

Device = Literal["cpu", "cuda"]
# Enough work for the device, and little of its memory.
BUDGET_BYTES: dict[Device, int] = {"cpu": 1 << 29, "cuda": 2 << 30}
# What a byte of text takes at the most while its batch is counted: half of it in prose, all of it
# where each byte is a pre-token.
BYTES_A_BYTE = 160
_LARGEST_BATCH = 1 << 30
_LONG_S = 0x17F  # folds to s, so that it may end a contraction


def count(
    column: pa.Array | pa.ChunkedArray,
    tokenizer: Tokenizer,
    device: Device = "cpu",
    budget_bytes: int | None = None,
    *,
    ids: pa.Array | pa.ChunkedArray | None = None,
    least_checked: int = 200,
) -> Counts:
    """Return the tokens of each text of `column` (strings): the same as `Tokenizer.count`.

    Batches take at most about `budget_bytes` of the device's memory, beside 100 MB for tables.
    As there, a sample is counted by the library, too. Raises `DataError` where it differs,
    `ValueError` where a text is not UTF-8, and `UserError` where torch is not installed.
    """
    if tokenizer.bpe is None:
        return tokenizer.count(column, ids, least_checked=least_checked)
    counter = _counter(tokenizer.bpe, device, budget_bytes or BUDGET_BYTES[device])
    counts, unproven = counter.count(column)
    rows = pa.array(np.flatnonzero(unproven))
    if len(rows):
        left = None if ids is None else ids.take(rows)
        counts[unproven] = tokenizer.count(column.take(rows), left, least_checked=0)
    check_sample(tokenizer, column, ids, counts, unproven, least_checked)
    return counts


@lru_cache(maxsize=4)
def _counter(bpe: Bpe, device: Device, budget_bytes: int) -> TorchCounter:
    return TorchCounter(bpe, device, budget_bytes)


class TorchCounter:
    """Counts with one vocabulary on one device; keeps the counts of pre-tokens it met.

    `on_stage` is told the name of each stage of a batch when it has been queued.
    """

    def __init__(
        self,
        bpe: Bpe,
        device: str,
        budget_bytes: int,
        on_stage: Callable[[str], None] = lambda stage: None,
    ) -> None:
        library("torch")
        self._device = device
        self._budget = budget_bytes
        self._batch_bytes = max(1, min(_LARGEST_BATCH, budget_bytes // BYTES_A_BYTE))
        self._on_stage = on_stage
        self._rules = RULES[bpe.family]
        folds = self._rules.contractions and self._rules.fold_case
        self._classes = Classes.on(
            device, UNSURE | NOT_INERT if bpe.nfc else UNSURE, [_LONG_S] if folds else []
        )
        self._names = sorted({name.encode()[:PADDING] for name in bpe.added})
        self._hashes = Hashes(device)
        self._known = Known(device)
        self._vocabulary = Vocabulary(bpe, self._hashes, device)

    def count(self, column: pa.Array | pa.ChunkedArray) -> tuple[Counts, Flags]:
        """Return the tokens of each text (0 for null), and which rows are left to the CPU.

        The counts of the latter mean nothing. Raises `ValueError` where a text is not UTF-8.
        """
        return count_chunks(column, self._count_chunk)

    def _count_chunk(self, chunk: pa.Array, counts: Counts, unproven: Flags) -> None:
        if not len(chunk):
            return
        texts = pc.fill_null(chunk, "") if chunk.null_count else chunk
        texts.validate(full=True)
        _, offset_buffer, buffer = texts.buffers()
        kind = np.int64 if pa.types.is_large_string(texts.type) else np.int32
        stop = texts.offset + len(texts) + 1
        offsets = np.frombuffer(offset_buffer, kind)[texts.offset : stop].astype(np.int64)
        data = np.frombuffer(buffer or b"", np.uint8)
        for first, last in _batches(offsets, self._batch_bytes):
            if offsets[last] - offsets[first] > self._batch_bytes:
                unproven[first] = True
                continue
            part = offsets[first : last + 1]
            found, left = self._count_batch(data[part[0] : part[-1]], part - part[0])
            counts[first:last] = found
            unproven[first + left] = True

    def _count_batch(
        self, data: np.ndarray[Any, np.dtype[np.uint8]], offsets: Counts
    ) -> tuple[Counts, Counts]:
        """Return the counts of rows that follow one another, and the indices of those left out."""
        import torch  # noqa: PLC0415 - an extra

        sent = torch.zeros(len(data) + PADDING, dtype=torch.uint8, device="cpu")
        sent.numpy()[: len(data)] = data
        on_device = sent.to(self._device)
        bounds = torch.tensor(offsets.astype(np.int32), device=self._device)
        self._on_stage("copy")
        points = decode(on_device, bounds, self._classes)
        left = [points.doubtful, rows_with(on_device, bounds, self._names)]
        self._on_stage("decode")
        starts = pick(points.at, Cutter(points, self._rules).starts())
        del points
        lengths = join([starts[1:], bounds[-1:]]) - starts
        too_long = (lengths > LONGEST).nonzero().flatten()
        left.append(rows_of(bounds, pick(starts, too_long)))
        self._on_stage("cut")
        pieces = self._count_pieces(on_device, starts, lengths)
        totals = padded(pieces.cumsum(0), 1).roll(1)  # of all pieces before each
        counts = pick(totals, first_from(starts, bounds)).diff().cpu().numpy()
        self._on_stage("sum")
        return counts, np.unique(join(left).cpu().numpy())

    def _count_pieces(self, data: Tensor, starts: Tensor, lengths: Tensor) -> Tensor:
        """Return the tokens (int32) of each piece of `data`; 0 where it is too long."""
        keys = self._hashes.keys(data, starts, lengths)
        counts = self._known.get(*keys)
        self._on_stage("hash and look up")
        missing = ((counts == 0) & (lengths <= LONGEST)).nonzero().flatten()
        new = distinct(pick(keys[0], missing), pick(keys[1], missing))
        chosen = pick(missing, new.chosen)
        first, second = pick(keys[0], chosen), pick(keys[1], chosen)
        self._on_stage("tell apart")
        found = self._vocabulary.merge(
            data, pick(starts, chosen), pick(lengths, chosen), (first, second), self._budget // 4
        )
        self._known.put(first, second, found)
        counts[missing] = pick(found, new.group)
        self._on_stage("merge")
        return counts


def _batches(offsets: Counts, largest: int) -> Iterator[tuple[int, int]]:
    """Yield the first row and the one after the last of batches of so many bytes, or one row."""
    first, rows = 0, len(offsets) - 1
    while first < rows:
        fits = int(np.searchsorted(offsets, offsets[first] + largest, side="right")) - 1
        last = max(first + 1, fits)
        yield first, last
        first = last
