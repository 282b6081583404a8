"""Details that tell similar inputs apart: a code in a short one, the question below a long one.

Word shingles weigh every word alike. In a short text one letter may be all that matters (`type C`,
`type D`), and where the answer is a label or a few words, the same text stands under many
questions, each a line of its own (`Drug: TMP`, `Question: …`), or over options of which one line
differs. Such pairs share nearly all their shingles and yet ask for different things.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from medsmith.dedup import kernels
from medsmith.dedup.near.params import NearParams

Numbers = np.ndarray[Any, Any]

# Two lines that say the same in slightly other words share so many of their shingles: runs of
# characters in lines of fewer tokens than `_LONG`, of words in longer ones.
LINE_SIMILARITY = 0.6
_LONG = 64  # the widest window that shingles have
# Capital letters that stand alone or behind a number, and Roman numerals.
_CODE = r"\b(?:[0-9]*[A-Z]|[IVX]{2,4})\b"


def codes_agree(column: pa.Array, a: Numbers, b: Numbers, asked: Numbers) -> Numbers:
    """Return which pairs of texts hold the same codes in the same order, or are not asked (bool).

    A code is a capital letter that stands alone or behind a number, or a Roman numeral.
    """
    agree = np.ones(len(a), np.bool_)
    pairs = np.flatnonzero(asked)
    if len(pairs):
        rows, places = np.unique(np.concatenate([a[pairs], b[pairs]]), return_inverse=True)
        marked = pc.replace_substring_regex(column.take(pa.array(rows)), _CODE, "\x01\\0\x01")
        codes = pc.replace_substring_regex(marked, "(^|\x01)[^\x01]*(\x01|$)", " ")
        numbers = codes.dictionary_encode().indices.to_numpy()[places]
        agree[pairs] = numbers[: len(pairs)] == numbers[len(pairs) :]
    return agree


def lines_agree(
    column: pa.Array, a: Numbers, b: Numbers, asked: Numbers, params: NearParams
) -> Numbers:
    """Return which pairs of texts agree line by line, or are not asked (bool).

    Both must have as many lines with words in them, and a line and its counterpart must be equal
    (norm-v1) or, from `params.window` tokens on, be similar by `LINE_SIMILARITY`.
    """
    agree = np.ones(len(a), np.bool_)
    pairs = np.flatnonzero(asked)
    if not len(pairs):
        return agree
    rows, places = np.unique(np.concatenate([a[pairs], b[pairs]]), return_inverse=True)
    first, second = places[: len(pairs)], places[len(pairs) :]
    lines, offsets, told = _lines(column.take(pa.array(rows)), params)
    counts = np.diff(offsets)
    same = counts[first] == counts[second]
    # The lines of pairs of as many lines, one after the other.
    kept = np.flatnonzero(same)
    each = counts[first[kept]]
    pair = np.repeat(kept, each)
    inner = np.arange(each.sum()) - np.repeat(np.cumsum(each) - each, each)
    one, other = offsets[first[pair]] + inner, offsets[second[pair]] + inner
    differ = (told.digests[one] != told.digests[other]).any(axis=1)
    one, other, pair = one[differ], other[differ], pair[differ]
    long = (told.tokens[one] >= params.window) & (told.tokens[other] >= params.window)
    spoken = (told.tokens[one] >= _LONG) | (told.tokens[other] >= _LONG)
    similar = np.zeros(len(one))
    for window, chosen in ((params.window, long & spoken), (_LONG, long & ~spoken)):
        similar[chosen] = _jaccard(lines, one[chosen], other[chosen], window, params.short)
    same[pair[similar < LINE_SIMILARITY]] = False
    agree[pairs] = same
    return agree


def _jaccard(lines: pa.Array, a: Numbers, b: Numbers, window: int, short: int) -> Numbers:
    rows, places = np.unique(np.concatenate([a, b]), return_inverse=True)
    sets = kernels.shingle_sets(lines.take(pa.array(rows)), window=window, short=short)
    return kernels.similarities(sets, places[: len(a)], sets, places[len(a) :])[0]


def _lines(texts: pa.Array, params: NearParams) -> tuple[pa.Array, Numbers, kernels.Sketch]:
    """Return all lines with words in them, where those of each text begin, and their digests."""
    split = pc.split_pattern(pc.fill_null(texts, ""), "\n")
    lines = split.flatten()
    told = kernels.sketch(lines, 1, window=params.window, short=params.short)
    full = told.tokens > 0
    ends = np.concatenate([[0], np.cumsum(full)])
    bounds = np.asarray(split.offsets) - split.offsets[0].as_py()
    chosen = kernels.Sketch(*(np.asarray(getattr(told, n))[full] for n in told.__slots__))
    return lines.filter(pa.array(full)), ends[bounds].astype(np.int64), chosen
