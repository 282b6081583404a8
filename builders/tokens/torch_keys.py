"""Keys of pre-tokens, and the counts that are kept of those met before.

A key is two multilinear hashes (Carter and Wegman, "Universal classes of hash functions", 1979):
the sum of r[i] · (byte[i] + 1) modulo 2^64, r drawn once from all 64-bit numbers. Two different
pre-tokens of up to `LONGEST` bytes differ in some addend by r · d with 0 < |d| <= 256, so each
hash takes them for one with a chance of 2^-56 at the most, both of 2^-112; that any two of a
billion distinct ones share a key has a chance below 2^-53.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from medsmith.builders.tokens.torch_text import pick

if TYPE_CHECKING:
    from torch import Tensor

LONGEST = 256
_SEED = 0x6D65_6473_6D69_7468
_SLOT_BITS = 20


class Hashes:
    """The numbers by which keys are made, on one device."""

    def __init__(self, device: str) -> None:
        import torch  # noqa: PLC0415 - an extra

        drawn = np.random.Generator(np.random.PCG64(_SEED)).integers(
            -(2**63), 2**63, size=(2, LONGEST), dtype=np.int64
        )
        self._numbers = [torch.tensor(numbers, device=device) for numbers in drawn]

    def keys(self, data: Tensor, starts: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return the keys (int64, twice) of pieces of `data` that follow one another without gaps.

        Those longer than `LONGEST` get keys that mean nothing.
        """
        import torch  # noqa: PLC0415 - an extra

        size = int(lengths.sum())
        within = torch.arange(size, dtype=torch.int32, device=data.device)
        within -= starts.repeat_interleave(lengths, output_size=size)
        within.clamp_(max=LONGEST - 1)
        values = data[:size].long() + 1
        first, second = (
            _sums(pick(numbers, within).mul_(values), starts, lengths) for numbers in self._numbers
        )
        return first, second


def _sums(values: Tensor, starts: Tensor, lengths: Tensor) -> Tensor:
    """Return the sum of each piece's values, modulo 2^64."""
    totals = values.new_zeros(len(values) + 1)
    totals[1:] = values.cumsum(0)
    return pick(totals, starts + lengths) - pick(totals, starts)


class Known:
    """Counts of pre-tokens by key, in a table of fixed size where the latest takes its slot."""

    def __init__(self, device: str) -> None:
        import torch  # noqa: PLC0415 - an extra

        slots = 1 << _SLOT_BITS
        self._first = torch.zeros(slots, dtype=torch.int64, device=device)
        self._second = torch.zeros(slots, dtype=torch.int64, device=device)
        self._counts = torch.zeros(slots, dtype=torch.int32, device=device)

    def get(self, first: Tensor, second: Tensor) -> Tensor:
        """Return the count (int32) of each key; 0 where it is not known."""
        slots = _slots(first)
        same = (pick(self._first, slots) == first) & (pick(self._second, slots) == second)
        return pick(self._counts, slots) * same

    def put(self, first: Tensor, second: Tensor, counts: Tensor) -> None:
        """Keep the counts, at least 1, of distinct keys: of those that share a slot, one."""
        slots, order = _slots(first).sort(stable=True)
        chosen = _firsts(slots)
        slots, order = pick(slots, chosen), pick(order, chosen)
        self._first[slots] = pick(first, order)
        self._second[slots] = pick(second, order)
        self._counts[slots] = pick(counts, order)


def _slots(first: Tensor) -> Tensor:
    # The highest bits of a multilinear hash are its best.
    return (first >> (64 - _SLOT_BITS)) & ((1 << _SLOT_BITS) - 1)


def _firsts(ascending: Tensor) -> Tensor:
    """Return the index of the first of each run of equal values."""
    fresh = ascending.new_ones(len(ascending)).bool()
    fresh[1:] = ascending[1:] != ascending[:-1]
    return fresh.nonzero().flatten()


@dataclass(frozen=True)
class Distinct:
    """Which keys are distinct: `chosen` is the index of one of each, `group` says for each key
    which of them it equals.
    """  # fmt: skip

    chosen: Tensor
    group: Tensor


def distinct(first: Tensor, second: Tensor) -> Distinct:
    """Tell keys apart by both their parts."""
    # What shares its first part by chance lies side by side, by its second part.
    _, by_second = second.sort(stable=True)
    _, by_first = pick(first, by_second).sort(stable=True)
    order = pick(by_second, by_first)
    ordered, others = pick(first, order), pick(second, order)
    fresh = order.new_ones(len(order)).bool()
    fresh[1:] = (ordered[1:] != ordered[:-1]) | (others[1:] != others[:-1])
    group = order.new_empty(len(order))
    group[order] = fresh.cumsum(0) - 1
    return Distinct(pick(order, fresh.nonzero().flatten()), group)
