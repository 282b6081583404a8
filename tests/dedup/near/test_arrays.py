"""Helpers with arrays agree with NumPy's slower functions."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from medsmith.dedup.near.arrays import among, distinct

NUMBERS = st.lists(st.integers(0, 9) | st.integers(2**64 - 4, 2**64 - 1), max_size=12)


@given(NUMBERS, NUMBERS)
def test_membership_is_that_of_sets(numbers: list[int], others: list[int]) -> None:
    found = among(np.array(numbers, np.uint64), np.array(others, np.uint64))
    assert found.tolist() == [number in others for number in numbers]


@given(NUMBERS)
def test_distinct_numbers_are_sorted(numbers: list[int]) -> None:
    assert distinct(np.array(numbers, np.uint64)).tolist() == sorted(set(numbers))
