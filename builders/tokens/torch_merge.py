"""Byte-pair merges of many pre-tokens at once: one row each, one merge a row and step.

In each step every row merges the leftmost of its pairs of lowest rank, as `merge.h` does one
pre-token at a time (Sennrich et al., "Neural Machine Translation of Rare Words with Subword
Units", 2016); rows in which nothing merges any more leave. Rows are taken by length, so that few
places stand empty; a row of n bytes takes n - 1 steps at the most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from medsmith.builders.tokens.bpe import Bpe
from medsmith.builders.tokens.kernel import Kernel
from medsmith.builders.tokens.torch_keys import LONGEST, Hashes
from medsmith.builders.tokens.torch_text import first_from, pick

if TYPE_CHECKING:
    from torch import Tensor

_NEVER = 2**31 - 1  # the rank of what does not merge
_NOTHING = -1  # the token after a row's last
_WIDTHS = (4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, LONGEST)
# A step's tensors, for each place of a row: tokens and ranks, old and new, and what compares them.
_BYTES_A_PLACE = 32


class Vocabulary:
    """The pairs that merge and the tokens that stay whole, on one device."""

    def __init__(self, bpe: Bpe, hashes: Hashes, device: str) -> None:
        import torch  # noqa: PLC0415 - an extra

        left, right, ranks, results = Kernel(bpe, cache_bytes=0).pairs().T.astype(np.int64)
        by_rank = np.zeros(int(ranks.max(initial=0)) + 1, np.int32)
        by_rank[ranks] = results  # each rank is of one result
        singles = {token[0]: place for place, token in enumerate(bpe.tokens) if len(token) == 1}
        self._pairs = torch.tensor(left << 32 | right, device=device)
        self._ranks = torch.tensor(ranks.astype(np.int32), device=device)
        self._results = torch.tensor(by_rank, device=device)
        self._singles = torch.tensor(
            [singles[byte] for byte in range(256)], dtype=torch.int32, device=device
        )
        self._whole = _keys_of_tokens(bpe, hashes, device) if bpe.whole else None

    def merge(
        self,
        data: Tensor,
        starts: Tensor,
        lengths: Tensor,
        keys: tuple[Tensor, Tensor],
        budget_bytes: int,
    ) -> Tensor:
        """Return the number of tokens (int32) of each piece of `data`, 1 to `LONGEST` bytes long.

        `keys` are the pieces' own.
        """
        counts = lengths.new_ones(len(lengths))
        several = lengths > 1
        if self._whole is not None:
            several &= ~_among(self._whole, keys)
        shortest = 1
        for width in _WIDTHS:
            fits = several & (lengths > shortest) & (lengths <= width)
            index = fits.nonzero().flatten()
            at_once = max(1, budget_bytes // (_BYTES_A_PLACE * width))
            for start in range(0, len(index), at_once):
                part = index[start : start + at_once]
                rows = self._rows(data, pick(starts, part), pick(lengths, part), width)
                counts[part] = self._merge_rows(rows, pick(lengths, part))
            shortest = width
        return counts

    def _rows(self, data: Tensor, starts: Tensor, lengths: Tensor, width: int) -> Tensor:
        """Return the token (int32) of each byte, and `_NOTHING` to fill the rows."""
        import torch  # noqa: PLC0415 - an extra

        places = torch.arange(width, dtype=torch.int32, device=data.device)
        inside = places < lengths[:, None]
        at = (starts[:, None] + places) * inside
        tokens = pick(self._singles, pick(data, at.flatten()).int()).view_as(at)
        return tokens.masked_fill_(~inside, _NOTHING)

    def _rank(self, left: Tensor, right: Tensor) -> Tensor:
        """Return the ranks (int32) at which neighbours merge, `_NEVER` where they do not."""
        keys = left.long() << 32 | right
        at = first_from(self._pairs, keys.flatten()).clamp_(max=len(self._pairs) - 1)
        # A row that is full to its end has `_NOTHING` for a neighbour, which no pair has.
        merges = pick(self._pairs, at) == keys.flatten()
        return pick(self._ranks, at).masked_fill_(~merges, _NEVER).view_as(left)

    def _merge_rows(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Return how many tokens are left of each row when nothing merges any more."""
        import torch  # noqa: PLC0415 - an extra

        counts = lengths.clone()
        if not len(self._pairs):
            return counts
        ranks = torch.full_like(tokens, _NEVER)
        ranks[:, :-1] = self._rank(tokens[:, :-1], tokens[:, 1:])
        rows = torch.arange(len(tokens), device=tokens.device)
        places = torch.arange(tokens.shape[1], device=tokens.device)
        while True:
            at = ranks.argmin(dim=1, keepdim=True)  # the first of equal ones
            lowest = ranks.gather(1, at).flatten()
            going = (lowest != _NEVER).nonzero().flatten()
            if len(going) < len(rows):
                rows, lowest, at = pick(rows, going), pick(lowest, going), pick(at, going)
                tokens, ranks = pick(tokens, going), pick(ranks, going)
            if not len(rows):
                return counts
            counts[rows] -= 1
            after = places > at
            tokens = _shifted(tokens, _NOTHING).where(after, tokens)
            ranks = _shifted(ranks, _NEVER).where(after, ranks)
            merged = pick(self._results, lowest)[:, None]
            tokens.scatter_(1, at, merged)
            self._renew(tokens, ranks, merged, at)

    def _renew(self, tokens: Tensor, ranks: Tensor, merged: Tensor, at: Tensor) -> None:
        """Rank the pairs anew of which a merged token at `at` is the left or the right part."""
        last = tokens.shape[1] - 1
        right = tokens.gather(1, (at + 1).clamp_(max=last)).masked_fill_(at == last, _NOTHING)
        ranks.scatter_(1, at, self._rank(merged, right))
        before = (at - 1).clamp_(min=0)
        left_rank = self._rank(tokens.gather(1, before), merged)
        ranks.scatter_(1, before, left_rank.where(at > 0, ranks.gather(1, before)))


def _shifted(values: Tensor, fill: int) -> Tensor:
    """Return each row without its first value, and `fill` after its last."""
    shifted = values.roll(-1, dims=1)
    shifted[:, -1] = fill
    return shifted


def _keys_of_tokens(bpe: Bpe, hashes: Hashes, device: str) -> tuple[Tensor, Tensor]:
    """Return the keys of all tokens that a device merges, in ascending order of the first part."""
    import torch  # noqa: PLC0415 - an extra

    tokens = [token for token in bpe.tokens if len(token) <= LONGEST]
    data = torch.tensor(np.frombuffer(b"".join(tokens), np.uint8), device=device)
    lengths = torch.tensor([len(token) for token in tokens], dtype=torch.int32, device=device)
    starts = (lengths.cumsum(0) - lengths).int()
    first, second = hashes.keys(data, starts, lengths)
    first, order = first.sort()
    return first, pick(second, order)


def _among(ascending: tuple[Tensor, Tensor], keys: tuple[Tensor, Tensor]) -> Tensor:
    """Return (bool) which keys are among those: a first part is only once there."""
    at = first_from(ascending[0], keys[0]).clamp_(max=len(ascending[0]) - 1)
    return (pick(ascending[0], at) == keys[0]) & (pick(ascending[1], at) == keys[1])
