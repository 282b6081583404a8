"""What of an item stands beside its stem in a training text: options, answer, nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from medsmith.dedup.contamination import rules
from medsmith.dedup.contamination.index import Index
from medsmith.dedup.contamination.patterns import U64
from medsmith.dedup.contamination.tokens import Tokens, tokenise

# How lists of options are lettered.
_MARKS = ("a b c", "1 2 3")


@dataclass(frozen=True)
class Place:
    """A stretch of tokens of one text; `field` is 0 (input) or 1 (output)."""

    field: int
    row: int
    start: int
    end: int


class Surroundings:
    """Looks for the options and the answer of items around places in the texts of a table."""

    def __init__(self, index: Index, fields: tuple[Tokens, ...]) -> None:
        self._index = index
        self._fields = fields
        marks = tokenise(pa.array(_MARKS, pa.string())).hashes.reshape(-1, 3)
        self._marks = [tuple(mark.tobytes() for mark in each) for each in marks]

    def text(self, field: int, row: int) -> U64:
        """Return the token hashes of one text."""
        tokens = self._fields[field]
        return tokens.hashes[tokens.offsets[row] : tokens.offsets[row + 1]]

    def supports(self, item: int, place: Place) -> bool:
        """Return whether the answer, or two telling options, stand beside `place`."""
        options = self._options(item)
        text = self.text(place.field, place.row)
        reach = rules.BESIDE + sum(len(option) for option, _ in options)
        start = max(0, place.start - reach)
        near = text[start : place.end + reach].tobytes()
        telling = [option for option, stock in options if not stock]
        found = sum(_find(near, option.tobytes()) >= 0 for option in telling)
        if found >= 2 or (found and found == len(options)):
            return True
        if options and self._follow(options, text[place.end :]):
            return True
        answer = self._telling_answer(item, options)
        if answer is None:
            return False
        if found == 0 and _find(near, answer) >= 0:
            return True
        output = self.text(1, place.row)[: rules.OUTPUT_HEAD].tobytes()
        return _find(output, answer) >= 0

    @staticmethod
    def _follow(options: list[tuple[U64, bool]], after: U64) -> bool:
        """Return whether all options come next, with no more than a letter before each."""
        reach = sum(len(option) for option, _ in options) + rules.AT_ONCE + 2 * len(options)
        head = after[:reach].tobytes()
        return all(_find(head, option.tobytes()) >= 0 for option, _ in options)

    def asks_for_others(self, item: int, place: Place) -> bool:
        """Return whether `place` goes on with a list of options, and none of them is the item's.

        Two letters tell a list where the first comes next, three where it comes later or before.
        """
        options = [option.tobytes() for option, _ in self._options(item)]
        text = self.text(place.field, place.row)
        reach = rules.BESIDE + sum(len(option) // 8 for option in options)
        after = text[place.end : place.end + reach].tobytes()
        if not options or any(_find(after, option) >= 0 for option in options):
            return False
        return any(
            (after.startswith(first) and _find(after, second, 2) >= 0)
            or (
                (at := _find(after, second)) >= 0
                and _find(after, third, at) >= 0
                and _find(text[place.start : place.end + at].tobytes(), first) >= 0
            )
            for first, second, third in self._marks
        )

    def is_all(self, item: int, place: Place, passage: Place | None) -> bool:
        """Return whether the text holds nothing but the item: stem, options, letters, passage."""
        text = self.text(place.field, place.row)
        used = np.zeros(len(text), np.bool_)
        used[place.start : place.end] = True
        data = text.tobytes()
        options = self._options(item)
        for option, _ in options:
            at = _find(data, option.tobytes())
            while at >= 0 and used[at : at + len(option)].any():
                at = _find(data, option.tobytes(), at + 1)
            if at >= 0:
                used[at : at + len(option)] = True
        if passage and (passage.field, passage.row) == (place.field, place.row):
            used[passage.start : passage.end] = True
        rest = np.flatnonzero(~used)
        if len(rest) > 2 * len(options):
            return False
        tokens = self._fields[place.field]
        rest += tokens.offsets[place.row]
        return bool((tokens.ends[rest] - tokens.starts[rest] == 1).all())

    def _options(self, item: int) -> list[tuple[U64, bool]]:
        index = self._index
        return [
            (
                index.option_tokens[index.option_offsets[i] : index.option_offsets[i + 1]],
                bool(index.option_stock[i]),
            )
            for i in range(int(index.item_options[item]), int(index.item_options[item + 1]))
        ]

    def _telling_answer(self, item: int, options: list[tuple[U64, bool]]) -> bytes | None:
        index = self._index
        tokens = index.answer_tokens[index.answer_offsets[item] : index.answer_offsets[item + 1]]
        answer = tokens.tobytes()
        for option, stock in options:
            if option.tobytes() == answer:
                return None if stock else answer
        template = index.template[item] and not options
        return answer if len(tokens) >= (rules.TEMPLATE_ANSWER if template else 2) else None


def _find(text: bytes, part: bytes, start: int = 0) -> int:
    """Return the token at which `part` begins in `text` (8 bytes a token), from `start`, or -1."""
    at = text.find(part, 8 * start) if part else -1
    while at >= 0 and at % 8:
        at = text.find(part, at + 1)
    return at // 8 if at >= 0 else -1
