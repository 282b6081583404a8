"""Jaccard similarity and containment of sets, exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from medsmith.dedup.kernels import ShingleSets, similarities

MEMBERS = st.sets(st.integers(0, 60) | st.integers(0, (1 << 64) - 1), max_size=60)


def _sets(*members: set[int]) -> ShingleSets:
    values = [np.array(sorted(one), np.uint64) for one in members]
    offsets = np.cumsum([0, *map(len, values)], dtype=np.int64)
    return ShingleSets(np.concatenate(values), offsets)


def _rows(*rows: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(rows, np.int64)


@settings(deadline=None)
@given(MEMBERS, MEMBERS)
def test_similarities_are_those_of_python_sets(a: set[int], b: set[int]) -> None:
    sets = _sets(a, b)
    jaccard, containment = similarities(sets, _rows(0, 1, 0), sets, _rows(1, 0, 0))
    union, smaller = len(a | b), min(len(a), len(b))
    expected = len(a & b) / union if union else 1.0
    assert jaccard.tolist() == [expected, expected, 1.0]
    contained = len(a & b) / smaller if smaller else float(not union)
    assert containment.tolist() == [contained, contained, 1.0]


def test_a_part_is_contained_though_not_similar() -> None:
    sets = _sets(set(range(10)), set(range(100)))
    jaccard, containment = similarities(sets, _rows(0), sets, _rows(1))
    assert (jaccard[0], containment[0]) == (0.1, 1.0)


@pytest.mark.parametrize("row", [-1, 2])
def test_rows_out_of_bounds_are_an_error(row: int) -> None:
    sets = _sets({1}, {2})
    with pytest.raises(ValueError, match="out of bounds"):
        similarities(sets, _rows(0), sets, _rows(row))


def test_offsets_out_of_bounds_are_an_error() -> None:
    broken = ShingleSets(np.array([1], np.uint64), _rows(0, 5))
    with pytest.raises(ValueError, match="out of bounds"):
        similarities(broken, _rows(0), broken, _rows(0))


def test_as_many_rows_are_needed_on_both_sides() -> None:
    sets = _sets({1}, {2})
    with pytest.raises(ValueError, match="as long"):
        similarities(sets, _rows(0), sets, _rows(0, 1))
