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
LENGTHS = (8.0, 12.0, 16.0, 24.0, 40.0, 56.0, 80.0)
# Share of a stem's weight that must be found in order ...
IN_ORDER = (0.95, 0.9, 0.86, 0.82, 0.76, 0.76, 0.76)
# ... close together ...
DENSE = (0.9, 0.85, 0.8, 0.6, 0.5, 0.5, 0.5)
# ... less where it is found in long runs with few holes: a sentence was changed or left out ...
IN_RUNS = (1.0, 0.9, 0.8, 0.62, 0.48, 0.48, 0.48)
LONG_RUN = 9.0
MIN_HOLED = 12.0
# (more where it is free, as in `Seen`: dialogues of one kind open alike) ...
IN_RUNS_FREE = (1.0, 0.9, 0.8, 0.74, 0.74, 0.74, 0.48)
# ... or where its opening is there, unbroken, and nothing of the rest: it was cut ...
OPENING = 0.4
MIN_OPENING = 16.0
# (less where the text ends with it, if it is more than a name that the stem begins with: so many
# telling words, or fewer where they are so large a share of all words)
MIN_LAST_OPENING = 10.0
MAIN_OPENING = 0.55
MIN_MAIN_OPENING = 7.0
MIN_WHOLE_OPENING = 5.0
OPENING_REST = 0.12
# ... or where nearly all is there in some order: it was reworded.
ANY_ORDER = (1.01, 1.01, 0.92, 0.86, 0.8, 0.8, 0.8)
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
# A stem that has options, but fewer telling words than this, needs them or the answer beside it,
FEW_TELLING = 5.0
# and so does one of fewer words than this where a list of other options follows.
LISTED_STEM = 24.0
# Options that prove nothing by themselves ("yes", "no") must follow it at once, all of them.
AT_ONCE = 4
# A question asked of many items is borne out by no shorter answer ("10.5", "two days").
TEMPLATE_ANSWER = 4
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
    of the pattern; `words`: of the pattern, stock phrases and all; `free`: it belongs to items with
    an answer and no options.
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
    free: Bools


def is_stem(seen: Seen) -> Bools:
    """Return which stems are there by themselves."""
    quoted = (seen.in_order >= np.interp(seen.length, LENGTHS, IN_ORDER)) & (
        seen.dense >= np.interp(seen.length, LENGTHS, DENSE)
    )
    in_runs = [np.interp(seen.length, LENGTHS, shares) for shares in (IN_RUNS, IN_RUNS_FREE)]
    holed = (seen.in_order >= np.where(seen.free, in_runs[1], in_runs[0])) & (
        (seen.run >= LONG_RUN) & (seen.length >= MIN_HOLED)
    )
    cut = (
        seen.opening
        & (seen.found >= _least_opening(seen))
        & (seen.in_order >= OPENING)
        & (seen.any_order - seen.in_order <= OPENING_REST)
    )
    reworded = (seen.any_order >= np.interp(seen.length, LENGTHS, ANY_ORDER)) & (
        seen.in_order >= REWORDED_IN_ORDER
    )
    verbatim = seen.whole & seen.no_head & (seen.dense == 1)
    verbatim &= (seen.words >= SHORT_STEM) & (seen.length >= MIN_TELLING)
    # Where options are part of the pattern, they must not stand in for the question.
    asked = seen.no_head | seen.whole
    found: Bools = asked & (
        verbatim | ((seen.length >= SHORT_STEM) & (quoted | holed | cut | reworded))
    )
    return found


def _least_opening(seen: Seen) -> Floats:
    """Return how many telling words of a stem that was cut must be there."""
    main = np.where(seen.filled, MIN_WHOLE_OPENING, MIN_MAIN_OPENING)
    last = np.where(seen.run >= MAIN_OPENING * seen.words, main, MIN_LAST_OPENING)
    least: Floats = np.where(seen.filled | seen.last, last, MIN_OPENING)
    return least


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
