"""Runs of positions and the marks between them: what stands next, wherever one looks from."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from medsmith.builders.tokens.torch_text import join, padded, pick

if TYPE_CHECKING:
    from torch import Tensor


class Marks:
    """Positions that are marked among n, and for any position the nearest of them."""

    def __init__(self, marked: Tensor) -> None:
        found = marked.nonzero().flatten().int()
        self._ends = join([found, found.new_tensor([len(marked)])])
        self._starts = join([found.new_tensor([-1]), found])
        self._n = len(marked)

    def _spread(self, values: Tensor) -> Tensor:
        """Return the value of each position: those up to a mark, and of it, are of one gap."""
        return values.repeat_interleave(self._ends - self._starts, output_size=self._n + 1)

    @cached_property
    def _next(self) -> Tensor:
        return self._spread(self._ends)

    @cached_property
    def _before(self) -> Tensor:
        return self._spread(self._starts)

    def next(self, at: Tensor) -> Tensor:
        """Return the first mark from each position (0 to n) on; n where there is none."""
        return pick(self._next, at)

    def before(self, at: Tensor) -> Tensor:
        """Return the last mark before each position (0 to n); -1 where there is none."""
        return pick(self._before, at)


class Runs:
    """Runs of n positions that are all within a set."""

    def __init__(self, within: Tensor) -> None:
        self._within = padded(within, 1)
        self._after = Marks(within[:-1] & ~within[1:])  # the last of each run: there are few

    def end(self, at: Tensor) -> Tensor:
        """Return where the run ends that holds each position (0 to n); itself where none does."""
        last = self._after.next(at.clamp(max=len(self._within) - 2))
        return (last + 1).where(pick(self._within, at), at)


def ranges(starts: Tensor, lengths: Tensor) -> Tensor:
    """Return each start and what follows it, so many in all (int32)."""
    import torch  # noqa: PLC0415 - an extra

    shifts = starts - (lengths.cumsum(0) - lengths).int()
    spread = shifts.repeat_interleave(lengths)
    return spread + torch.arange(len(spread), dtype=torch.int32, device=starts.device)
