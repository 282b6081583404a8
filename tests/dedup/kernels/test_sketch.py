"""Signatures estimate the similarity of shingle sets; digests tell equal texts."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from medsmith.dedup.kernels import permutation_functions, shingle_sets, similarities, sketch
from medsmith.dedup.norm import tokens


@settings(deadline=None)
@given(st.lists(st.text("ab é癌", max_size=40), min_size=1, max_size=5), st.integers(1, 130))
def test_signatures_are_minima_over_the_shingle_sets(texts: list[str], permutations: int) -> None:
    column = pa.array(texts)
    found, sets = sketch(column, permutations), shingle_sets(column)
    multipliers, addends = permutation_functions(permutations)
    assert found.signatures.shape == (len(texts), permutations)
    for row in range(len(texts)):
        halves = (sets[row] >> np.uint64(32)).astype(np.uint32)
        values = multipliers[:, None] * halves[None, :] + addends[:, None]
        expected = values.min(axis=1, initial=np.uint32(0xFFFFFFFF))
        assert np.array_equal(found.signatures[row], expected)
        assert (found.sizes[row] == 0) == (sets.sizes[row] == 0)


def test_signatures_stay_the_same_for_ever() -> None:
    column = pa.array(["Aspirin 75 mg daily after myocardial infarction", "痛み", "", "½ café"])
    found = sketch(column)
    digest = hashlib.sha256(found.signatures.tobytes() + found.digests.tobytes()).hexdigest()
    assert digest == "2989a20bb7f892b09d706d43744a505b0c87f5b2a5d5e2b9cb0abc3d45e6c529"


def test_fewer_permutations_are_the_first_of_more() -> None:
    column = pa.array(["one two three four five six seven"])
    assert np.array_equal(sketch(column, 40).signatures, sketch(column, 200).signatures[:, :40])


def test_equal_numbers_estimate_the_jaccard_similarity_within_the_binomial_error() -> None:
    words = [f"term{number}" for number in range(900)]
    texts = [" ".join(words[start : start + 300]) for start in range(0, 300, 10)]
    column = pa.array(texts)
    permutations = 512
    signatures, sets = sketch(column, permutations).signatures, shingle_sets(column)
    rows = np.arange(len(texts))
    exact, _ = similarities(sets, np.zeros_like(rows), sets, rows)
    estimates = (signatures[0] == signatures).mean(axis=1)
    error = np.sqrt(np.maximum(exact * (1 - exact), 1e-9) / permutations)
    assert (np.abs(estimates - exact) < 4 * error + 1e-9).all()


@settings(deadline=None)
@given(st.lists(st.text("aB é,<%", max_size=8), min_size=2, max_size=2))
def test_digests_are_equal_exactly_for_equal_tokens(texts: list[str]) -> None:
    one, other = sketch(pa.array(texts), 1).digests.tolist()
    words = [[token.text for token in tokens(text)] for text in texts]
    assert (one == other) == (words[0] == words[1])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("HER2+ tumour", "HER2 tumour", False),
        ("p < 0.05", "p > 0.05", False),
        ("about 50 % of all", "About 50% of all", True),
        ("5+ 3", "5 3+", False),
        ("5 >= 3", "5 => 3", False),
    ],
)
def test_symbols_tell_texts_apart(one: str, other: str, same: bool) -> None:
    for window in (2, 5):  # windows of tokens, and of characters
        column = pa.array([one, other])
        found = sketch(column, 16, window=window)
        assert (found.digests[0] == found.digests[1]).all() == same
        sets = shingle_sets(column, window=window)
        assert np.array_equal(sets[0], sets[1]) == same


def test_counts_tell_how_much_was_boilerplate() -> None:
    column = pa.array(["seen in the clinic on monday for follow up", "seen", None])
    whole = shingle_sets(column)
    found = sketch(column, boilerplate=np.sort(whole[0][:3]))
    assert found.tokens.tolist() == [9, 1, 0]
    assert found.shingles.tolist() == [5, 2, 0]
    assert found.kept.tolist() == found.sizes.tolist() == [2, 2, 0]
    assert found.boilerplate_share.tolist() == [0.6, 0, 0]
    assert (found.signatures[2] == 0xFFFFFFFF).all()


def test_no_permutations_are_an_error() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        sketch(pa.array(["a"]), 0)
