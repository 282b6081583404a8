"""Pairs that are plainly different are let go unread; those that may be similar never are."""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from medsmith.dedup import kernels
from medsmith.dedup.kernels import GIST_MINIMA, GIST_WORDS, _lsh
from medsmith.dedup.near.bands import minima_of, pack_pairs
from medsmith.dedup.near.params import NearParams, shape_for
from medsmith.dedup.near.sift import CHANCE, alike
from medsmith.dedup.near.sketches import Texts, sketch

NONE = np.empty(0, np.uint64)
FORM = "Heart rate: 80; Age: 54; Sex: F"


def texts_of(similarity: float, shingles: int, rng: np.random.Generator) -> list[str]:
    """Two texts of so many shingles, whose windows of five words have that similarity."""
    differing = round(shingles * (1 - similarity) / (1 + similarity))
    words = [f"w{n}" for n in rng.integers(0, 10**9, shingles + 4 + 2 * differing)]
    one, other = words[: shingles + 4], words[differing : shingles + 4 + differing]
    return [" ".join(one), " ".join(other)]


def kept(inputs: list[str], params: NearParams, boilerplate: float = 0) -> np.ndarray:
    column = pa.array(inputs)
    texts = Texts(column, pa.repeat("", len(inputs)), np.zeros(len(inputs), np.bool_))
    found = sketch(texts, NONE, shape_for(params.threshold), params)
    first = np.arange(0, len(inputs), 2)
    shares = np.full(len(inputs), boilerplate, np.float32)
    return alike(pack_pairs(first, first + 1), minima_of(found["gist"]), shares, params)


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.8, 0.9])
def test_similar_pairs_stay_and_distant_ones_go(threshold: float) -> None:
    rng = np.random.default_rng(5)
    params = NearParams(threshold)
    near = [t for _ in range(300) for t in texts_of(threshold, 200, rng)]
    far = [t for _ in range(300) for t in texts_of(threshold - 0.4, 200, rng)]
    assert kept(near, params).all()
    assert kept(far, params).mean() < 0.15


def test_shared_boilerplate_lets_pairs_stay_that_look_less_similar() -> None:
    rng = np.random.default_rng(6)
    inputs = [t for _ in range(200) for t in texts_of(0.45, 200, rng)]
    shares = [kept(inputs, NearParams(0.7), share).mean() for share in (0, 0.1, 0.2, 0.35, 0.9)]
    assert shares == sorted(shares)
    assert shares[0] < shares[3] == shares[4]


def test_containment_and_freer_outputs_let_pairs_stay() -> None:
    rng = np.random.default_rng(7)
    inputs = [t for _ in range(50) for t in texts_of(0.3, 200, rng)]
    assert kept(inputs, NearParams(0.8, None, 0.9)).all()
    assert not kept(inputs, NearParams(0.8)).any()
    assert kept(inputs, NearParams(0.8, 0.4)).any()


def test_a_pair_at_the_threshold_goes_by_the_chance_that_is_told() -> None:
    """The count of minima that differ follows the binomial distribution."""
    most = next(n for n in range(256) if not passes(n))
    differing = 0.75 * (1 - 0.8)

    def beyond(limit: int) -> float:
        counts = range(limit + 1, GIST_MINIMA + 1)
        chances = (
            comb(GIST_MINIMA, n) * differing**n * (1 - differing) ** (GIST_MINIMA - n)
            for n in counts
        )
        return sum(chances)

    assert beyond(most - 1) <= CHANCE < beyond(most - 2)


def passes(differing: int) -> bool:
    gists = np.zeros((2, GIST_WORDS), np.uint32)
    for place in range(differing):
        gists[1, place // 16] |= np.uint32(1 + place % 3) << np.uint32(2 * (place % 16))
    pairs = pack_pairs(np.array([0]), np.array([1]))
    return bool(alike(pairs, gists, np.zeros(2, np.float32), NearParams(0.8))[0])


@given(st.lists(st.sampled_from(["", FORM, "a b c d e f g", "ache"]), min_size=1, max_size=5))
def test_gists_are_two_bits_of_the_first_minima(inputs: list[str]) -> None:
    found = kernels.sketch(pa.array(inputs), 126, lanes=21)
    minima = np.concatenate(list(found.signatures), axis=1)
    assert np.array_equal(found.gists, kernels.gists_of(minima))
    for row, told in zip(minima, found.gists, strict=True):
        bits = [int(told[n // 16]) >> 2 * (n % 16) & 3 for n in range(GIST_WORDS * 16)]
        assert bits == [*(int(m) & 3 for m in row[:GIST_MINIMA]), *[0] * 8]


def test_the_gists_of_forms_and_empty_inputs_are_those_of_what_is_compared() -> None:
    rows = [(FORM, "yes"), ("", "the wound was clean and dry on the day after")]
    inputs, outputs = (pa.array(column) for column in zip(*rows, strict=True))
    shape = shape_for(0.8)
    found = sketch(Texts(inputs, outputs, np.zeros(2, np.bool_)), NONE, shape, NearParams())
    bands = [minima_of(found[f"band_{band:02}"]) for band in range(shape.bands)]
    assert np.array_equal(minima_of(found["gist"]), kernels.gists_of(np.concatenate(bands, axis=1)))


def test_few_permutations_leave_the_rest_of_a_gist_empty() -> None:
    found = kernels.sketch(pa.array(["one two three four five six"]), 6, lanes=3)
    assert not found.gists[0, 1:].any()
    assert not int(found.gists[0, 0]) >> 12


@pytest.mark.parametrize(
    "changed",
    [
        {"pairs": np.array([2], np.uint64)},
        {"pairs": np.array([2 << 32], np.uint64)},
        {"gists": np.zeros(15, np.uint32)},
        {"limits": np.zeros(255, np.uint8)},
        {"out": np.zeros(2, np.bool_)},
    ],
)
def test_arrays_that_do_not_fit_are_an_error(changed: dict[str, Any]) -> None:
    arrays = {
        "pairs": np.array([1], np.uint64),
        "gists": np.zeros(16, np.uint32),
        "shares": np.zeros(2, np.uint8),
        "limits": np.zeros(256, np.uint8),
        "out": np.zeros(1, np.bool_),
    }
    _lsh.alike(*arrays.values())
    with pytest.raises(ValueError, match="fit"):
        _lsh.alike(*(arrays | changed).values())
