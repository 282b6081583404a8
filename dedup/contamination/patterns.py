"""Benchmark items as sequences of token hashes: what is searched for in training texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from medsmith.dedup.contamination.tokens import Tokens, tokenise

U64 = np.ndarray[Any, np.dtype[np.uint64]]
U32 = np.ndarray[Any, np.dtype[np.uint32]]
U16 = np.ndarray[Any, np.dtype[np.uint16]]
U8 = np.ndarray[Any, np.dtype[np.uint8]]
I64 = np.ndarray[Any, np.dtype[np.int64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]
I32 = np.ndarray[Any, np.dtype[np.int32]]

# What a pattern is in its items.
STEM, PASSAGE, ANSWER = 0, 1, 2

# An answer shorter than this says nothing by itself ("ibuprofen", "increase the dose").
MIN_ANSWER_TOKENS = 12
# A short passage can still bear out the question asked of it.
MIN_PASSAGE_TOKENS = 6
# A pattern of fewer tokens has no n-gram.
MIN_PATTERN_TOKENS = 3
# A question asked by more items of one benchmark is a template.
MAX_SAME_STEM = 2
# Shorter patterns are cut into shorter n-grams: one changed word destroys n of them.
SHORT_TOKENS = 16
SHORT_WIDE_TOKENS = 24


@dataclass(frozen=True)
class Sequences:
    """Token sequences one after the other; `offsets` (i64[n + 1]) cut them."""

    hashes: U64
    wide: U8
    offsets: I64

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, at: int) -> U64:
        return self.hashes[self.offsets[at] : self.offsets[at + 1]]

    @property
    def lengths(self) -> I64:
        """Return the number of tokens of each sequence."""
        return np.diff(self.offsets)


@dataclass(frozen=True)
class Patterns:
    """The distinct stems, passages and long answers of all items, and who owns them.

    `kind` (u8[p]) is one of STEM, PASSAGE, ANSWER; `short` (u8[p]) tells which n-grams a pattern is
    cut into; `heads` (u32[p]): how many of a stem's first tokens are its question, where options
    follow; `of_item` (i32[3, items]) names an item's pattern of each kind, or -1.
    """

    tokens: Sequences
    kind: U8
    short: U8
    heads: U32
    of_item: I32


def find_patterns(items: pa.Table, weak: U8) -> Patterns:
    """Return the distinct patterns of `items` (`ITEMS`).

    An item without a question is asked of its passage alone: the passage is its stem. A stem that
    is `weak` (u8[items]), since it says too little by itself, takes its options in; one of a word
    or two without options, its passage.
    """
    stems, passages, question_ends = _stems(items, weak)
    columns = [tokenise(stems), tokenise(passages), tokenise(items["answer"])]
    least = (MIN_PATTERN_TOKENS, MIN_PASSAGE_TOKENS, MIN_ANSWER_TOKENS)
    of_item = np.full((3, items.num_rows), -1, np.int32)
    known: dict[bytes, int] = {}
    kept: list[tuple[int, int, int, int]] = []
    for kind, (column, minimum) in enumerate(zip(columns, least, strict=True)):
        data, offsets = column.hashes.tobytes(), column.offsets.tolist()
        for item in range(items.num_rows):
            start, end = offsets[item], offsets[item + 1]
            if end - start < minimum:
                continue
            head = question_ends[item] if kind == STEM else 0
            key = b"%d %d " % (kind, head) + data[8 * start : 8 * end]
            number = known.setdefault(key, len(kept))
            if number == len(kept):
                kept.append((kind, start, end, head))
            of_item[kind, item] = number
    tokens = _gather(columns, kept)
    heads = np.array([head for *_, head in kept], np.uint32)
    kinds = np.array([kind for kind, *_ in kept], np.uint8)
    return Patterns(
        tokens,
        kinds,
        _short(tokens, kinds, heads),
        heads,
        of_item,
    )


def _stems(items: pa.Table, weak: U8) -> tuple[pa.Array, pa.Array, list[int]]:
    questions, passages = items["question"].to_pylist(), items["passage"].to_pylist()
    options = items["options"].to_pylist()
    lengths = question_lengths(items).tolist()
    stems, rest, heads = [], [], []
    for question, passage, choice, length, is_weak in zip(
        questions, passages, options, lengths, weak.tolist(), strict=True
    ):
        more = choice or ([passage] if passage and length < MIN_PATTERN_TOKENS else [])
        joined = bool(is_weak and more and length)
        stems.append("\n".join([question, *more]) if joined else question if length else passage)
        rest.append(passage if length else "")
        heads.append(length if joined else 0)
    return pa.array(stems, pa.large_string()), pa.array(rest, pa.large_string()), heads


def question_lengths(items: pa.Table) -> I64:
    """Return the number of tokens of each item's question."""
    return np.diff(tokenise(items["question"]).offsets)


def template_items(items: pa.Table) -> U8:
    """Return which items (u8[n]) share their question with others that ask it of something else.

    Counted within one benchmark: the same item under two names is one item.
    """
    asked = [
        (benchmark, question, tuple(sorted(options)), passage)
        for benchmark, question, options, passage in zip(
            *(items[name].to_pylist() for name in ("benchmark", "question", "options", "passage")),
            strict=True,
        )
    ]
    times = Counter(each[:2] for each in set(asked))
    most: dict[str, int] = {}
    for (_, question), count in times.items():
        most[question] = max(count, most.get(question, 0))
    return np.array([most[each[1]] > MAX_SAME_STEM for each in asked], np.uint8)


def _gather(columns: Sequence[Tokens], kept: Iterable[tuple[int, int, int, int]]) -> Sequences:
    hashes = [columns[kind].hashes[start:end] for kind, start, end, _ in kept]
    wide = [columns[kind].wide[start:end] for kind, start, end, _ in kept]
    offsets = np.zeros(len(hashes) + 1, np.int64)
    np.cumsum([len(each) for each in hashes], out=offsets[1:])
    return Sequences(
        np.concatenate([*hashes, np.empty(0, np.uint64)]),
        np.concatenate([*wide, np.empty(0, np.uint8)]),
        offsets,
    )


def _short(tokens: Sequences, kinds: U8, heads: U32) -> U8:
    lengths = tokens.lengths
    running = np.concatenate([[0], np.cumsum(tokens.wide, dtype=np.int64)])
    wide = running[tokens.offsets[1:]] - running[tokens.offsets[:-1]]
    limit = np.where(2 * wide > lengths, SHORT_WIDE_TOKENS, SHORT_TOKENS)
    # Letters before options cut them apart: only short runs are left whole.
    short: U8 = ((kinds == STEM) & ((lengths < limit) | (heads > 0))).astype(np.uint8)
    return short


def rarity(patterns: Patterns) -> U16:
    """Return a whole-number IDF weight for each token of each pattern.

    `bit_length(16 * N / df) - 3`: a logarithm that is the same on every machine. `df` counts the
    patterns that hold the token.
    """
    tokens = patterns.tokens
    values, inverse = np.unique(tokens.hashes, return_inverse=True)
    owner = np.repeat(np.arange(len(tokens), dtype=np.int64), tokens.lengths)
    pairs = np.sort(inverse.astype(np.int64) * max(len(tokens), 1) + owner)
    pairs = pairs[np.diff(pairs, prepend=-1) != 0]
    df = np.bincount(pairs // max(len(tokens), 1), minlength=len(values))
    ratio = (16 * len(tokens)) // np.maximum(df, 1)
    # frexp's exponent is the bit length, exactly, for whole numbers below 2**53.
    weights = np.frexp(ratio.astype(np.float64))[1] - 3
    return weights.astype(np.uint16)[inverse]
