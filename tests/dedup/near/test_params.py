"""Bands and rows follow from the threshold; thresholds that make no sense are refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from medsmith.dedup.near.params import RECALL_ABOVE, RECALL_AT_THRESHOLD, NearParams, shape_for
from medsmith.schema import UserError


@settings(max_examples=30, deadline=None)
@given(st.integers(30, 99))
def test_every_threshold_gets_the_recall_it_needs(percent: int) -> None:
    shape = shape_for(percent / 100)
    assert shape.recall(percent / 100) >= RECALL_AT_THRESHOLD
    assert shape.recall(min(percent / 100 + 0.1, 1)) >= RECALL_ABOVE
    assert shape.permutations <= 256


@pytest.mark.parametrize(("threshold", "bands", "rows"), [(0.7, 25, 5), (0.8, 21, 6)])
def test_the_longest_bands_that_find_enough_are_taken(
    threshold: float, bands: int, rows: int
) -> None:
    shape = shape_for(threshold)
    assert (shape.bands, shape.rows) == (bands, rows)
    assert shape.permutations <= 128


def test_a_pair_without_anything_in_common_is_never_proposed() -> None:
    assert shape_for(0.8).recall(0.0) == 0.0


def test_outputs_follow_the_threshold_unless_they_have_their_own() -> None:
    assert NearParams(threshold=0.7).outputs_from == 0.7
    assert NearParams(threshold=0.7, output_threshold=0.9).outputs_from == 0.9


@pytest.mark.parametrize("name", ["threshold", "output_threshold", "containment"])
def test_a_similarity_beyond_reason_is_the_users_mistake(name: str) -> None:
    with pytest.raises(UserError, match=name):
        NearParams(**{name: 1.5})
