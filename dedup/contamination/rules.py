"""When is a pattern's match a hit: thresholds by length (`contamination-v1`).

Lengths count words outside stock phrases; a character of a script without spaces is half a word.
The shorter a stem, the easier parts of it occur by chance, so the more of it must be found (as in
decon, which decays its threshold over the length).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]

WIDE_WORTH = 0.5

# Below this length a stem counts only whole, and with the answer or options beside it.
SHORT_STEM = 8.0
# From this length on a whole stem is no stock phrase, however many texts hold it.
LONG_STEM = 16.0
# Word for word and unbroken, stock phrases count, but there must be more than them.
MIN_TELLING = 3.0
LENGTHS = (8.0, 12.0, 16.0, 24.0, 40.0)
# Share of a stem's weight that must be found in order ...
IN_ORDER = (0.95, 0.9, 0.86, 0.82, 0.76)
# ... close together ...
DENSE = (0.9, 0.85, 0.8, 0.6, 0.5)
# ... less where it is found in long runs with few holes: a sentence was changed or left out ...
IN_RUNS = (1.0, 0.9, 0.8, 0.62, 0.48)
LONG_RUN = 9.0
# ... or where its opening is there, unbroken, and nothing of the rest: it was cut ...
OPENING = 0.4
MIN_OPENING = 16.0
MIN_LAST_OPENING = 7.0
MIN_WHOLE_OPENING = 5.0
OPENING_REST = 0.12
# ... or where nearly all is there in some order: it was reworded.
ANY_ORDER = (1.01, 1.01, 0.92, 0.86, 0.8)
REWORDED_IN_ORDER = 0.3
# Beside its answer or options, so much less of a stem is enough.
SUPPORT_WORTH = 0.12
# From this share on a stem counts as quoted (`question`), below as reworded or cut (`near`).
QUOTED = 0.9

PASSAGE_LENGTHS = (16.0, 32.0, 64.0)
PASSAGE_SHARES = (0.95, 0.7, 0.5)
ANSWER_LENGTH = 12.0
ANSWER_SHARE = 0.8

# What is looked for beside a stem: as far as its options are long, and so many tokens more.
BESIDE = 60
# Options that prove nothing by themselves ("yes", "no") must follow it at once, all of them.
AT_ONCE = 4
# An answer in the output is looked for among its first tokens.
OUTPUT_HEAD = 200

# The comparison drops what no rule below can want (percent).
LEAST_COVERED, LEAST_BAG = 25, 35


@dataclass(frozen=True)
class Seen:
    """What was found of patterns, one element each.

    `length`, `found`: telling words of the pattern, and those found in order; `in_order`,
    `any_order`: shares of its weight; `run`: words in a run found, on average; `opening`: found is
    one run that begins where the pattern begins; `whole`: nothing (of its question) is missing;
    `no_head`: the pattern is a question, or passage, or answer, without options; `filled`: the text
    holds nothing else, `last`: nothing after it; `dense`: share of the stretch of text that is part
    of the pattern; `words`: of the pattern, stock phrases and all.
    """

    length: Floats
    found: Floats
    in_order: Floats
    any_order: Floats
    run: Floats
    opening: Bools
    whole: Bools
    no_head: Bools
    filled: Bools
    last: Bools
    dense: Floats
    words: Floats


def is_stem(seen: Seen) -> Bools:
    """Return which stems are there by themselves."""
    quoted = (seen.in_order >= np.interp(seen.length, LENGTHS, IN_ORDER)) & (
        seen.dense >= np.interp(seen.length, LENGTHS, DENSE)
    )
    holed = (seen.in_order >= np.interp(seen.length, LENGTHS, IN_RUNS)) & (seen.run >= LONG_RUN)
    least = np.select([seen.filled, seen.last], [MIN_WHOLE_OPENING, MIN_LAST_OPENING], MIN_OPENING)
    cut = (
        seen.opening
        & (seen.found >= least)
        & (seen.in_order >= OPENING)
        & (seen.any_order - seen.in_order <= OPENING_REST)
    )
    reworded = (seen.any_order >= np.interp(seen.length, LENGTHS, ANY_ORDER)) & (
        seen.in_order >= REWORDED_IN_ORDER
    )
    verbatim = seen.whole & (seen.dense == 1) & (seen.words >= SHORT_STEM)
    verbatim &= seen.length >= MIN_TELLING
    # Where options are part of the pattern, they must not stand in for the question.
    asked = seen.no_head | seen.whole
    found: Bools = asked & (
        verbatim | ((seen.length >= SHORT_STEM) & (quoted | holed | cut | reworded))
    )
    return found


def is_supported_stem(seen: Seen) -> Bools:
    """Return which stems are there if their answer or options stand beside them."""
    share = np.interp(seen.length, LENGTHS, IN_ORDER) - SUPPORT_WORTH
    return seen.whole | (seen.no_head & (seen.length >= SHORT_STEM) & (seen.in_order >= share))


def is_passage(seen: Seen) -> Bools:
    """Return which passages are there by themselves."""
    share = np.interp(seen.length, PASSAGE_LENGTHS, PASSAGE_SHARES)
    return (seen.length >= PASSAGE_LENGTHS[0]) & (seen.in_order >= share)


def is_answer(seen: Seen) -> Bools:
    """Return which long answers are there by themselves."""
    return (seen.length >= ANSWER_LENGTH) & (seen.in_order >= ANSWER_SHARE)
