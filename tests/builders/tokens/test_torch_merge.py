"""Merging many pre-tokens at once leaves what the libraries leave of each."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest
import tiktoken
import tiny_tokenizers as tiny
import tokenizers
from hypothesis import example, given, settings
from hypothesis import strategies as st
from medsmith.builders.tokens import bpe
from medsmith.builders.tokens.patterns import LLAMA3, Family
from medsmith.builders.tokens.torch_keys import LONGEST, Hashes
from medsmith.builders.tokens.torch_merge import Vocabulary

torch = pytest.importorskip("torch")
torch.set_num_threads(1)  # tests run side by side

words = st.lists(
    st.one_of(
        st.text("atheofpin ", min_size=1, max_size=60),
        st.builds(
            lambda part, n: part * n, st.text("aо日h ", min_size=1, max_size=3), st.integers(1, 25)
        ),
        st.text(min_size=1, max_size=12),
    ),
    min_size=1,
    max_size=20,
)


@cache
def by_ranks() -> tuple[Vocabulary, tiktoken.Encoding]:
    found = bpe.from_ranks(LLAMA3, tiny.ranks())
    assert found is not None
    return Vocabulary(found, Hashes("cpu"), "cpu"), tiny.encoding("(?s:.+)", tiny.ranks())


@cache
def by_merges(whole: bool) -> tuple[Vocabulary, tokenizers.Tokenizer]:
    spec = tiny.tokenizer_json(Family.GPT2, ignore_merges=whole)
    found = bpe.from_tokenizer_json(spec)
    assert found is not None
    spec["pre_tokenizer"]["use_regex"] = False  # a text is one pre-token
    library = tokenizers.Tokenizer.from_str(json.dumps(spec))
    return Vocabulary(found, Hashes("cpu"), "cpu"), library


def merged(vocabulary: Vocabulary, parts: list[str], budget: int = 1 << 20) -> list[int]:
    rows = [part.encode() for part in parts]
    lengths = torch.tensor([len(row) for row in rows], dtype=torch.int32)
    starts = (lengths.cumsum(0) - lengths).int()
    data = torch.tensor(np.frombuffer(b"".join(rows), np.uint8))
    keys = Hashes("cpu").keys(data, starts, lengths)
    return vocabulary.merge(data, starts, lengths, keys, budget).tolist()


@settings(max_examples=60, deadline=None)
@given(words)
@example(["a" * LONGEST, "a" * (LONGEST - 1), "the" * 85, "日本" * 42, "ab", "a"])
def test_counts_are_those_of_tiktoken(parts: list[str]) -> None:
    vocabulary, library = by_ranks()
    expected = [len(library.encode_ordinary(part)) for part in parts]
    assert merged(vocabulary, parts) == expected


@pytest.mark.parametrize("whole", [False, True])
@settings(max_examples=40, deadline=None)
@given(words)
@example([" " * 32, "thethethe"])
def test_counts_are_those_of_tokenizers(whole: bool, parts: list[str]) -> None:
    vocabulary, library = by_merges(whole)
    assert merged(vocabulary, parts) == [len(library.encode(part)) for part in parts]


def test_a_small_budget_changes_no_count() -> None:
    vocabulary, _ = by_ranks()
    parts = [f"the{number}{'pain' * (number % 30)}" for number in range(300)]
    assert merged(vocabulary, parts, budget=1) == merged(vocabulary, parts)


def test_a_vocabulary_of_bytes_alone_merges_nothing() -> None:
    found = bpe.from_ranks(LLAMA3, {bytes([byte]): byte for byte in range(256)})
    assert found is not None
    vocabulary = Vocabulary(found, Hashes("cpu"), "cpu")
    assert merged(vocabulary, ["a", "pain", "日本"]) == [1, 4, 6]


def test_a_merge_at_the_start_ranks_no_pair_before_it() -> None:
    ranks = {bytes([byte]): byte for byte in range(256)} | {b"ab": 256, b"abab": 257}
    found = bpe.from_ranks(LLAMA3, ranks)
    assert found is not None
    vocabulary = Vocabulary(found, Hashes("cpu"), "cpu")
    assert merged(vocabulary, ["abc", "ababc", "cab", "abcabab"]) == [2, 2, 2, 3]
