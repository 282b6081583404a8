"""Kernels are checked against the library in every run, and one difference stops it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pytest
import tiny_tokenizers as tiny
from hypothesis import given
from hypothesis import strategies as st
from medsmith.builders.tokens import bpe
from medsmith.builders.tokens.check import sample_rows
from medsmith.builders.tokens.patterns import LLAMA3
from medsmith.builders.tokens.reference import Tiktoken
from medsmith.builders.tokens.tokenizer import Tokenizer
from medsmith.schema.errors import DataError

RANKS = tiny.ranks()
TOKENIZER = Tokenizer(
    "tiny", "0" * 64, Tiktoken.build(LLAMA3, RANKS, {}), bpe.from_ranks(LLAMA3, RANKS), None, ""
)


@dataclass(frozen=True)
class OneMore:
    """Counts one token too many in texts with this word, and keeps what it was asked."""

    inner: Tiktoken
    word: str
    asked: list[str]
    library: str = "other 1.0"

    def count(self, texts: Sequence[str]) -> list[int]:
        self.asked.extend(texts)
        counts = self.inner.count(texts)
        return [n + (self.word in text) for n, text in zip(counts, texts, strict=True)]

    def count_special(self, text: str) -> int:
        return self.count([text])[0]


def _odd(word: str) -> Tokenizer:
    assert isinstance(TOKENIZER.reference, Tiktoken)
    return replace(TOKENIZER, reference=OneMore(TOKENIZER.reference, word, []))


def test_a_difference_names_the_row_and_both_counts_but_no_text() -> None:
    texts = pa.array(["some words", "a secret word", "more"])
    right = TOKENIZER.count(texts)[1]
    with pytest.raises(DataError) as caught:
        _odd("secret").count(texts, pa.array(["id-1", "id-2", "id-3"]))
    assert "id-2" in caught.value.message
    assert f"{right + 1} tokens by other 1.0, but {right}" in caught.value.message
    assert "secret" not in str(caught.value)
    with pytest.raises(DataError, match="row 1 has"):
        _odd("secret").count(texts)


def test_unproven_texts_are_the_references_alone() -> None:
    odd = _odd("\u0378")
    counts = odd.count(pa.array(["plain", "x\u0378"]))
    plain, unknown = TOKENIZER.reference_count(["plain", "x\u0378"])
    assert counts.tolist() == [plain, unknown + 1]


@given(st.lists(st.booleans(), max_size=3000), st.integers(0, 300))
def test_the_sample_is_even_large_enough_and_the_same_again(
    unproven: list[bool], least: int
) -> None:
    flags = np.array(unproven, np.bool_)
    rows = sample_rows(flags, least)
    proven = int((~flags).sum())
    assert len(rows) == len(set(rows.tolist())) == min(proven, max(least, -(-proven // 1000)))
    assert not flags[rows].any()
    assert rows.tolist() == sample_rows(flags, least).tolist()


def test_one_row_in_a_thousand_is_checked() -> None:
    odd = _odd("never")
    odd.count(pa.array([f"text {number}" for number in range(5001)]), least_checked=2)
    assert isinstance(odd.reference, OneMore)
    assert len(odd.reference.asked) == 6
