"""Texts on a device: their code points, and what each pattern may ask of them.

Needs torch, which only its caller `torch_count` may name as missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from medsmith.builders.tokens.classes import KIND_BITS, Kind, table

if TYPE_CHECKING:
    from torch import Tensor

# A kind as a bit, so that a set of kinds is one number; 0 is no code point at all.
OTHER, UPPER, LOWER, LETTER, MARK, NUMBER, SPACE, NEWLINE = (1 << kind for kind in Kind)
LETTERS = UPPER | LOWER | LETTER
SYMBOLS = OTHER | MARK
SPACES = SPACE | NEWLINE
PADDING = 3  # bytes, and code points, of nothing after the last: what looks ahead stays inside


@dataclass(frozen=True)
class Classes:
    """For each code point its kind, as a bit, and whether a row that holds it is doubtful."""

    bits: Tensor
    doubtful: Tensor

    @classmethod
    def on(cls, device: str, flags: int, also: Sequence[int] = ()) -> Classes:
        """Return the C kernel's table on `device`; points are doubtful that have one of `flags`
        of `classes`, and those of `also`.
        """  # fmt: skip
        import torch  # noqa: PLC0415 - an extra

        classes = torch.tensor(table(), dtype=torch.int32, device=device)
        bits = (1 << (classes & KIND_BITS)).to(torch.uint8)
        doubtful = (classes & flags) != 0
        doubtful[list(also)] = True
        return cls(bits, doubtful)


@dataclass(frozen=True)
class Points:
    """The n code points of all rows, one after the other.

    `bits` (uint8) are their kinds and `chars` (uint8) their first bytes, both followed by `PADDING`
    zeros; `at` (int32) is where they begin, in bytes; `heads` (bool) is set at the first of each
    row that has any, and after the last one; `rows` (int32, rows + 1) is the index of the first of
    each row. `doubtful` (int64) are the rows with a code point that is.
    """

    bits: Tensor
    chars: Tensor
    at: Tensor
    heads: Tensor
    rows: Tensor
    doubtful: Tensor

    @property
    def size(self) -> int:
        """Return n."""
        return len(self.at)


def decode(data: Tensor, offsets: Tensor, classes: Classes) -> Points:
    """Return the code points of UTF-8 (uint8, `PADDING` zeros after it), which must be valid.

    Row i is from `offsets[i]` to `offsets[i + 1]` (int32), the first from 0.
    """
    import torch  # noqa: PLC0415 - an extra

    at = ((data[:-PADDING] & 0xC0) != 0x80).nonzero().flatten().int()
    chars = pick(data, at)
    bits = pick(classes.bits, chars.int())
    wide = (chars >= 0x80).nonzero().flatten()
    points = _points(data, pick(at, wide))
    bits[wide] = pick(classes.bits, points)
    doubtful = pick(wide, pick(classes.doubtful, points).nonzero().flatten())
    rows = first_from(at, offsets)
    heads = torch.zeros(len(at) + 1, dtype=torch.bool, device=data.device)
    heads[rows.long()] = True
    return Points(
        bits=padded(bits, PADDING),
        chars=padded(chars, PADDING),
        at=at,
        heads=heads,
        rows=rows,
        doubtful=rows_of(rows, doubtful.int()),
    )


def rows_of(offsets: Tensor, positions: Tensor) -> Tensor:
    """Return the row (int64) in which each position lies; both int32."""
    return first_from(offsets, positions + 1).long() - 1


def rows_with(data: Tensor, offsets: Tensor, starts: Sequence[bytes]) -> Tensor:
    """Return rows (int64) of padded UTF-8 that hold one of `starts`, of `PADDING` bytes at most.

    One that goes on over the row's end counts, too.
    """
    found = [offsets.new_zeros(0)]
    for first in sorted({start[0] for start in starts}):
        at = (data[:-PADDING] == first).nonzero().flatten().int()
        for start in starts:
            if start[0] == first:
                here = at
                for ahead, byte in enumerate(start[1:], 1):
                    here = pick(here, (pick(data, here + ahead) == byte).nonzero().flatten())
                found.append(here)
    return rows_of(offsets, join(found))


def _points(data: Tensor, at: Tensor) -> Tensor:
    """Return the code points (int32) of two to four bytes that begin at `at`."""
    lead = pick(data, at).int()
    second, third, fourth = (pick(data, at + ahead).int() & 0x3F for ahead in (1, 2, 3))
    two = (lead & 0x1F) << 6 | second
    three = (lead & 0x0F) << 12 | second << 6 | third
    four = (lead & 0x07) << 18 | second << 12 | third << 6 | fourth
    return two.where(lead < 0xE0, three.where(lead < 0xF0, four))


def pick(values: Tensor, index: Tensor) -> Tensor:
    """Return the values, or rows, at each index."""
    return values.index_select(0, index)


def padded(values: Tensor, size: int, value: int = 0) -> Tensor:
    """Return the values with so many more of `value` after them."""
    return join([values, values.new_full((size,), value)])


def join(parts: Sequence[Tensor]) -> Tensor:
    """Return tensors of one dimension, one after the other."""
    import torch  # noqa: PLC0415 - an extra

    return torch.cat(list(parts))


def first_from(ascending: Tensor, values: Tensor) -> Tensor:
    """Return the index (int32) of the first of `ascending` that is not below each value."""
    import torch  # noqa: PLC0415 - an extra

    return torch.searchsorted(ascending, values, out_int32=True)
