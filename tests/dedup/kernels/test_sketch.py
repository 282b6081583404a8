"""Signatures estimate the similarity of shingle sets; digests tell equal texts."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from medsmith.dedup.kernels import (
    _native,
    permutation_functions,
    shingle_sets,
    similarities,
    sketch,
    tokenise,
)
from medsmith.dedup.norm import tokens

BITS = (1 << 64) - 1
K0, K1 = 0xE220A8397B1DCDAF, 0x6E789E6AA1B965F5
K2, K3 = 0x06C45D188009454F, 0xF88BB8A8724C81ED


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


@settings(deadline=None)
@given(
    st.lists(st.text("ab é癌", max_size=40), min_size=1, max_size=5),
    st.integers(1, 26),
    st.integers(1, 10),
)
def test_lanes_are_the_low_halves_of_the_minima_lane_by_lane(
    texts: list[str], lanes: int, width: int
) -> None:
    column = pa.array(texts)
    whole, found = sketch(column, lanes * width), sketch(column, lanes * width, lanes=lanes)
    assert found.signatures.dtype == np.uint16
    assert found.signatures.shape == (lanes, len(texts), width)
    for lane in range(lanes):
        share = whole.signatures[:, lane * width : (lane + 1) * width]
        assert np.array_equal(found.signatures[lane], share & 0xFFFF)
    assert np.array_equal(found.digests, whole.digests)
    assert np.array_equal(found.kept, whole.kept)


@pytest.mark.parametrize("lanes", [0, -1, 3])
def test_lanes_that_do_not_divide_the_permutations_are_an_error(lanes: int) -> None:
    with pytest.raises(ValueError, match="divide"):
        sketch(pa.array(["a"]), 8, lanes=lanes)


def test_signatures_stay_the_same_for_ever() -> None:
    found = sketch(
        pa.array(["Aspirin 75 mg daily after myocardial infarction", "痛み", "", "½ café"])
    )
    digest = hashlib.sha256(found.signatures.tobytes()).hexdigest()
    assert digest == "a627409ab1bbe5b4820cb3a553b3baf780fce48d2d03a908132c3bff78f2c1d1"


def _digest(text: str) -> list[int]:
    """Return the digest of a text as said in `kernels/digest.h`."""
    hashes = tokenise(pa.array([text])).hashes.tolist()
    one, two = [K1] * 8, [K2] * 8
    for place, value in enumerate(hashes):
        lane = place % 8
        one[lane] = (one[lane] ^ value) * K0 & BITS
        two[lane] = (two[lane] + value) * K3 & BITS
        one[lane] ^= one[lane] >> 29
        two[lane] ^= two[lane] >> 32
    found = [len(hashes) ^ K1, len(hashes) ^ K2]
    for lane in range(8):
        found[0] = _multiply(found[0] ^ one[lane], K0)
        found[1] = _multiply(found[1] + two[lane] & BITS, K3)
    return found


def _multiply(a: int, b: int) -> int:
    return (a * b & BITS) ^ (a * b >> 64)


@settings(deadline=None)
@given(st.text("aB é,<%", max_size=60), st.integers(0, 200))
def test_digests_are_those_of_the_reference(text: str, times: int) -> None:
    texts = [text, text * times]
    assert sketch(pa.array(texts), 1).digests.tolist() == [_digest(text) for text in texts]


def test_digests_go_on_over_the_chunks_of_a_long_text() -> None:
    text = " ".join(f"w{number}" for number in range(5003))
    assert sketch(pa.array([text]), 1).digests[0].tolist() == _digest(text)


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


@pytest.mark.parametrize(
    ("lanes", "numbers", "counts", "words"),
    [(3, 64, 4, 8), (-1, 64, 4, 8), (4, 7, 4, 8), (0, 15, 4, 0), (0, 64, 3, 0), (4, 64, 4, 7)],
)
def test_arrays_that_do_not_fit_are_an_error(
    lanes: int, numbers: int, counts: int, words: int
) -> None:
    """One row and 8 permutations, of 2 bytes each in lanes and of 4 elsewhere."""
    column = (np.array([0, 1]), b"a", True, 0, 1, lambda row: (row, b""))
    functions, none = np.ones(64, np.uint32), np.empty(0, np.uint64)
    signatures, digests = np.empty(numbers, np.uint16), np.empty(2, np.uint64)
    told, gists = np.empty(counts, np.uint32), np.empty(words, np.uint32)
    arrays = functions, functions, signatures, digests, told
    with pytest.raises(ValueError, match="do not fit"):
        _native.sketch(column, 5, 3, none, 8, *arrays, lanes, gists)


def test_no_permutations_are_an_error() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        sketch(pa.array(["a"]), 0)
