"""From benchmark items to their index."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
from medsmith.dedup.contamination import rules
from medsmith.dedup.contamination.grams import covered_by, run_hashes, run_lengths
from medsmith.dedup.contamination.index import Index, items_digest
from medsmith.dedup.contamination.patterns import (
    I32,
    I64,
    MIN_PATTERN_TOKENS,
    STEM,
    U8,
    U16,
    U32,
    U64,
    Patterns,
    find_patterns,
    question_lengths,
    rarity,
    template_items,
)
from medsmith.dedup.contamination.tokens import tokenise
from medsmith.dedup.kernels import _match

# An n-gram that stands in more places than this is a phrase of the benchmarks themselves.
MAX_POSTINGS = 10
# A stem with fewer tokens outside such phrases is looked for together with its options.
MIN_TELLING_TOKENS = 3
# An option ("yes", "none of the above") of more than this share of the items proves nothing.
STOCK_OPTION_SHARE = 0.005
STOCK_OPTION_COUNT = 8
MIN_FILTER_BITS = 16
FILTER_BITS_PER_GRAM = 12


def build_index(items: pa.Table) -> Index:
    """Return the index of `items` (`ITEMS`), the same for the same items in the same order."""
    template = template_items(items)
    weak = template | (question_lengths(items) < MIN_PATTERN_TOKENS).astype(np.uint8)
    patterns = find_patterns(items, weak)
    cut = _cut(patterns)
    weaker = weak | _says_nothing(patterns, cut)
    if (weaker != weak).any():
        patterns = find_patterns(items, weaker)
        cut = _cut(patterns)
    tokens, pattern_of = patterns.tokens, _pattern_of(patterns)
    at = np.flatnonzero(cut.gram >= 0)
    at = at[np.argsort(cut.gram[at], kind="stable")]
    counts = np.bincount(cut.gram[at], minlength=len(cut.hashes))
    need = _least_hits(patterns, cut.gram)
    only = np.zeros(len(counts), np.uint8)
    only[cut.gram[at][need[pattern_of[at]] == 1]] = 1
    filter_, table = _table(cut.hashes, only)
    options, answers = _options(items), tokenise(items["answer"])
    return Index(
        filter=filter_,
        table=table,
        need=need,
        post_offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.uint32),
        post_pattern=pattern_of[at],
        post_at=at.astype(np.uint32),
        tokens=tokens.hashes,
        wide=tokens.wide,
        run=cut.run,
        gram=cut.gram,
        rarity=rarity(patterns),
        offsets=tokens.offsets,
        kind=patterns.kind,
        heads=patterns.heads,
        of_item=patterns.of_item.reshape(-1),
        template=template,
        option_tokens=options.tokens,
        option_offsets=options.offsets,
        option_stock=options.stock,
        item_options=options.of_item,
        answer_tokens=answers.hashes,
        answer_offsets=answers.offsets,
        names=items.select(["benchmark", "item_id"]).combine_chunks(),
        digest=items_digest(items),
    )


@dataclass(frozen=True)
class _Cut:
    """All patterns cut into n-grams: `hashes` of the n-grams, `run` and `gram` as in `Index`."""

    hashes: U64
    run: U8
    gram: I32


def _cut(patterns: Patterns) -> _Cut:
    run = run_lengths(patterns)
    ends = np.flatnonzero(run)
    values, inverse = np.unique(run_hashes(patterns.tokens.hashes, run)[ends], return_inverse=True)
    kept = np.bincount(inverse, minlength=len(values)) <= MAX_POSTINGS
    gram = np.full(len(run), -1, np.int32)
    gram[ends] = np.where(kept, np.cumsum(kept) - 1, -1)[inverse]
    return _Cut(values[kept], run, gram)


def _pattern_of(patterns: Patterns) -> U32:
    return np.repeat(np.arange(len(patterns.kind), dtype=np.uint32), patterns.tokens.lengths)


def _says_nothing(patterns: Patterns, cut: _Cut) -> U8:
    """Return the items (u8[n]) whose stem consists of phrases that many patterns hold."""
    telling = covered_by(cut.gram >= 0, cut.run)
    counts = np.bincount(_pattern_of(patterns), telling, minlength=len(patterns.kind))
    stems = patterns.of_item[STEM]
    weak: U8 = ((stems >= 0) & (np.append(counts, 0)[stems] < MIN_TELLING_TOKENS)).astype(np.uint8)
    return weak


def _least_hits(patterns: Patterns, gram: I32) -> U16:
    """Return how many n-grams, in place, a text must share with a pattern to be looked at again.

    Whatever `rules` calls a hit has that many: a stem of few words counts only whole, and longer
    patterns only where some clause stands unchanged.
    """
    places = np.arange(len(gram), dtype=np.int64)
    since = places - np.maximum.accumulate(np.where(gram < 0, places, -1))
    starts = patterns.tokens.offsets[:-1]
    longest = np.maximum.reduceat(since, starts) if len(starts) else since
    kept = np.bincount(_pattern_of(patterns), gram >= 0, minlength=len(starts))
    wanted = np.select(
        [
            patterns.kind != STEM,
            patterns.heads > 0,
            patterns.tokens.lengths < rules.SHORT_STEM,
            kept < 6,
        ],
        [4, 2, longest, 2],
        3,
    )
    need: U16 = np.clip(np.minimum(wanted, longest), 1, 2**15).astype(np.uint16)
    return need


def _table(hashes: U64, only: U8) -> tuple[U64, U64]:
    slots = 1 << max(MIN_FILTER_BITS - 6, int(len(hashes) * 3 // 2).bit_length())
    words = 1 << max(
        MIN_FILTER_BITS - 6, int(len(hashes) * FILTER_BITS_PER_GRAM // 64).bit_length()
    )
    filter_, table = np.zeros(words, np.uint64), np.zeros(slots, np.uint64)
    _match.fill_table(hashes, only, filter_, table)
    return filter_, table


@dataclass(frozen=True)
class _Options:
    """All options, one after the other: as in `Index`."""

    tokens: U64
    offsets: I64
    stock: U8
    of_item: I64


def _options(items: pa.Table) -> _Options:
    column = items["options"].combine_chunks()
    ends = np.concatenate([[0], np.cumsum(column.value_lengths().to_numpy(zero_copy_only=False))])
    stream = tokenise(column.flatten())
    data, cuts = stream.hashes.tobytes(), (8 * stream.offsets).tolist()
    keys = [data[start:end] for start, end in pairwise(cuts)]
    times = Counter(keys)
    asked = int(np.count_nonzero(np.diff(ends)))
    limit = max(STOCK_OPTION_COUNT, int(asked * STOCK_OPTION_SHARE))
    stock = np.array([times[key] > limit or not key for key in keys], np.uint8)
    return _Options(stream.hashes, stream.offsets, stock, ends.astype(np.int64))
