"""Cutting texts into pre-tokens, all at once: the known patterns over tensors.

A pattern is a leftmost alternation: where a pre-token ends follows from where it begins, by the
runs of code points around it alone, and the next one begins there. So `Cutter.ends` is a function
of positions, the same as `next_piece` in `scan.h`, and what is left is to find the positions that
are reached from the rows' heads:

- `Cutter.sure` marks positions where a pre-token begins whatever stands before: no pre-token holds
  both neighbours. In prose these are nearly all.
- From them, `ends` is followed until nothing new is found: a few rounds.
- Chains longer than that (a long number is one group of digits after the other) are followed by
  pointer doubling (Wyllie, "The complexity of parallel computations", 1979), in as many rounds as
  the logarithm of the longest chain.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from medsmith.builders.tokens.patterns import Rules
from medsmith.builders.tokens.torch_runs import Marks, Runs, ranges
from medsmith.builders.tokens.torch_text import (
    LETTER,
    LETTERS,
    LOWER,
    MARK,
    NEWLINE,
    NUMBER,
    OTHER,
    SPACE,
    SPACES,
    SYMBOLS,
    UPPER,
    Points,
    join,
    pick,
)

if TYPE_CHECKING:
    from torch import Tensor

STARTS = UPPER | LETTER | MARK  # may stand before a cased word's end
ENDS = LOWER | LETTER | MARK
PREFIXES = OTHER | MARK | SPACE
APOSTROPHE, BLANK, SLASH = 0x27, 0x20, 0x2F
_ROUNDS = 12
# By the bit of its kind, what runs a code point belongs to: 0 for symbols.
_GROUPS = [
    bool(bit & LETTERS) + 2 * bool(bit & NUMBER) + 3 * bool(bit & SPACES) for bit in range(256)
]


class Cutter:
    """The code points of some rows, and the rules that cut them."""

    def __init__(self, points: Points, rules: Rules) -> None:
        self.points = points
        self.rules = rules

    # ---- where runs end ----

    @cached_property
    def _heads(self) -> Marks:
        return Marks(self.points.heads[:-1])

    @cached_property
    def _borders(self) -> Marks:
        """Mark where a run begins of letters, of numbers, of symbols or of white space."""
        points = self.points
        bits = points.bits[: points.size]
        groups = pick(bits.new_tensor(_GROUPS), bits.int())
        borders = points.heads[:-1].clone()
        borders[1:] |= groups[1:] != groups[:-1]
        return Marks(borders)

    def _among(self, kinds: int) -> Tensor:
        return (self.points.bits[: self.points.size] & kinds) != 0

    @cached_property
    def _newlines(self) -> Marks:
        return Marks(self._among(NEWLINE))

    @cached_property
    def _start_runs(self) -> Runs:
        return Runs(self._among(STARTS))

    @cached_property
    def _end_runs(self) -> Runs:
        return Runs(self._among(ENDS))

    @cached_property
    def _uncased(self) -> Marks:
        return Marks(self._among(LETTER | MARK))

    @cached_property
    def _tail_runs(self) -> Runs:
        """What may follow symbols within their pre-token."""
        chars = self.points.chars[: self.points.size]
        tail = (chars == 0x0A) | (chars == 0x0D)
        return Runs(tail | (chars == SLASH) if self.rules.slash else tail)

    # ---- the alternatives of the patterns, each at all positions ----

    def _contraction(self, at: Tensor, row_end: Tensor) -> Tensor:
        """Return the ends of contractions ('s 't 're 've 'm 'll 'd) at apostrophes, or `at`."""
        fold = 0x20 if self.rules.fold_case else 0
        first, second = (pick(self.points.chars, at + ahead) | fold for ahead in (1, 2))
        has_one, has_two = at + 1 < row_end, at + 2 < row_end
        one = _any_of(first, b"stmd") & has_one
        two = (_any_of(first, b"rv") & _any_of(second, b"e")) | (
            _any_of(first, b"l") & _any_of(second, b"l")
        )
        return at + 2 * one.int() + 3 * (two & has_two & ~one).int()

    def _with_contraction(self, at: Tensor, row_end: Tensor, end: Tensor, also: Tensor) -> Tensor:
        """Return `end`, or where a contraction begins at `at` and `also` holds, that one's end."""
        apostrophes = ((pick(self.points.chars, at) == APOSTROPHE) & also).nonzero().flatten()
        start = pick(at, apostrophes)
        found = self._contraction(start, pick(row_end, apostrophes))
        chosen = found.where(found > start, pick(end, apostrophes))
        return end.index_copy(0, apostrophes, chosen)

    def _cased_word(self, at: Tensor, row_end: Tensor, upper: Tensor) -> Tensor:
        """Return the ends of `[starts]*[ends]+`, or of `[starts]+[ends]*` where `upper`, or `at`.

        After all that may start a word, a lower-case letter goes on with what may end it; else the
        first pattern gives back what it took until the last one that may do both.
        """
        stop = self._start_runs.end(at).minimum(row_end)
        goes_on = ((pick(self.points.bits, stop) & LOWER) != 0) & (stop < row_end)
        ended = self._end_runs.end(stop).minimum(row_end)
        last_end = self._uncased.before(stop) + 1
        short = last_end.where(last_end > at, stop.where(upper, at))
        return ended.where(goes_on, short)

    def _word(self, at: Tensor, bits: Tensor, after: Tensor, row_end: Tensor) -> Tensor:
        """Return the ends of words with what may stand before and after them, or `at`."""
        is_letter = (bits & LETTERS) != 0
        if not self.rules.cased:
            if self.rules.prefix:
                may = (bits & PREFIXES) != 0
            else:
                may = pick(self.points.chars, at) == BLANK
            prefixed = may & ((after & LETTERS) != 0)
            end = self._borders.next(at + 1 + prefixed.int())
            return end.where(is_letter | prefixed, at)
        may = (bits & PREFIXES) != 0
        is_mark = bits == MARK
        start = at + may.int()
        end = self._cased_word(start, row_end, ~is_mark)
        alone = is_mark & (end == start)  # no word after it: the mark is a word's start
        end = self._cased_word(at, row_end, is_mark).where(alone, end)
        end = end.where((is_letter | may) & (alone | (end > start)), at)
        if self.rules.contractions == 2:
            return self._with_contraction(end, row_end, end, (end > at) & (end < row_end))
        return end

    def _white_space(self, at: Tensor, row_end: Tensor) -> Tensor:
        """Return the ends of `\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`, where `at` is white space."""
        run_end = self._borders.next(at + 1)
        at_end = run_end == row_end
        last = run_end - 1
        end = last.where(~at_end & (last > at), run_end)
        if self.rules.newlines:
            newline = self._newlines.before(run_end)
            lines = newline >= at
            if self.rules.tail:
                lines = lines & ~at_end
            end = (newline + 1).where(lines, end)
        return end

    def ends(self, at: Tensor) -> Tensor:
        """Return where the pre-tokens end that begin at `at` (int32): `next_piece` of `scan.h`."""
        points, rules = self.points, self.rules
        row_end = self._heads.next(at + 1)
        bits, chars = pick(points.bits, at), pick(points.chars, at)
        inside = at + 1 < row_end
        after = pick(points.bits, at + 1) * inside
        blank = ((chars == BLANK) & inside).int()
        body = at + blank  # symbols and GPT-2's numbers may have a blank before them
        kinds = after.where(blank != 0, bits)

        end = self._white_space(at, row_end)
        run_end = self._borders.next(body + 1)
        symbols = run_end
        if rules.newlines:
            symbols = self._tail_runs.end(run_end).minimum(row_end)
        end = symbols.where((kinds & SYMBOLS) != 0, end)

        numbers = run_end.minimum(body + rules.digits) if rules.digits else run_end
        is_number = (kinds & NUMBER) != 0
        end = numbers.where(is_number & (blank == 0) if rules.prefix else is_number, end)

        words = self._word(at, bits, after, row_end)
        end = words.where(words > at, end)
        if rules.contractions == 1:
            end = self._with_contraction(at, row_end, end, inside)
        return end

    # ---- where pre-tokens begin ----

    def sure(self) -> Tensor:
        """Return (bool) positions where a pre-token begins whatever stands before them.

        Let a, b and c stand in a row and b be the position. Then no pre-token holds both a and b:
        - after a letter: nothing but letters follows in a word; a mark may in a cased one, and an
          apostrophe begins what is added to it;
        - after a number, if b is none; and before one, but for GPT-2's blank;
        - where b is a space, and a is none: no alternative goes on with one;
        - where b is a space, and c is something else: the white space's last place is given back;
        - after a line end, if b is not white: only a slash may follow where slashes do.
        """
        points, rules = self.points, self.rules
        bits, chars = points.bits[: points.size], points.chars[: points.size]
        letters, numbers = (bits & LETTERS) != 0, bits == NUMBER
        spaces, white = bits == SPACE, (bits & SPACES) != 0
        sure = points.heads[:-1].clone()
        after_letter = ~letters
        if rules.cased:
            after_letter &= (bits != MARK) & (chars != APOSTROPHE)
        sure[1:] |= letters[:-1] & after_letter[1:]
        sure[1:] |= numbers[:-1] & ~numbers[1:]
        before_number = ~numbers if rules.prefix else ~numbers & (chars != BLANK)
        sure[1:] |= before_number[:-1] & numbers[1:]
        sure[1:] |= ~white[:-1] & spaces[1:]
        sure[:-1] |= spaces[:-1] & ~white[1:] & ~points.heads[1:-1]
        after_line = ~white & (chars != SLASH) if rules.slash else ~white
        sure[1:] |= (bits == NEWLINE)[:-1] & after_line[1:]
        return sure

    def starts(self) -> Tensor:
        """Return (int32, ascending) where the pre-tokens of all rows begin."""
        heads = self.points.heads
        if not self.points.size:
            return self.points.at
        found = join([self.sure(), heads[-1:]])  # also the end, where the last pre-token leads
        at = found[:-1].nonzero().flatten().int()
        for _ in range(_ROUNDS):
            at = self.ends(at)
            at = pick(at, (~pick(found, at)).nonzero().flatten())
            if not len(at):
                break
            found[at.long()] = True
        else:
            self._follow(found, at)
        return found[:-1].nonzero().flatten().int()

    def _follow(self, found: Tensor, at: Tensor) -> None:
        """Set `found` (n + 1) at all that is reached from `at`, by pointer doubling.

        Up to what is found next, a chain has one link for each position at the most.
        """
        import torch  # noqa: PLC0415 - an extra

        lengths = Marks(found[:-1]).next(at + 1) - at
        within = ranges(at, lengths)
        jump = torch.arange(len(found), dtype=torch.int32, device=at.device)
        jump[within.long()] = self.ends(within)
        for _ in range(int(lengths.max()).bit_length()):
            reached = pick(within, pick(found, within).nonzero().flatten())
            found[pick(jump, reached).long()] = True
            jump[within.long()] = pick(jump, pick(jump, within))


def _any_of(chars: Tensor, letters: bytes) -> Tensor:
    found = chars == letters[0]
    for letter in letters[1:]:
        found = found | (chars == letter)
    return found
