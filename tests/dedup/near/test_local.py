"""Pairs are compared at home where a part holds all that they are joined with."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from medsmith.dedup.near.bands import pack_pairs
from medsmith.dedup.near.local import homes_of

ROWS = 40
numbers = st.integers(0, ROWS - 1)


def packed(*pairs: tuple[int, int]) -> np.ndarray:
    ends = np.array(pairs, np.uint32).reshape(-1, 2)
    return np.unique(pack_pairs(ends[:, 0], ends[:, 1]))


def test_a_component_has_a_home_only_where_one_part_holds_all_of_it() -> None:
    pairs = packed((0, 3), (3, 4), (5, 9), (10, 12), (12, 30))
    homes = homes_of(pairs, np.array([0, 5, 10, 20]), np.ones(ROWS, np.uint32))
    assert homes.tolist() == [0, 0, 1, -1, -1]


def test_empty_parts_are_nobodys_home() -> None:
    homes = homes_of(packed((0, 3), (6, 9)), np.array([0, 5, 5, 40]), np.ones(ROWS, np.uint32))
    assert homes.tolist() == [0, 2]


def test_a_part_with_too_much_text_is_no_home() -> None:
    sizes = np.where(np.arange(ROWS) < 5, 10, 1).astype(np.uint32)
    pairs = packed((0, 1), (2, 3), (6, 7))
    assert homes_of(pairs, np.array([0, 5]), sizes, budget=39).tolist() == [-1, -1, 1]
    assert homes_of(pairs, np.array([0, 5]), sizes, budget=40).tolist() == [0, 0, 1]


@given(
    st.lists(st.tuples(numbers, numbers).filter(lambda p: p[0] != p[1]), max_size=60),
    st.sets(st.integers(1, ROWS - 1), max_size=5),
)
def test_no_row_of_a_pair_at_home_is_in_a_pair_elsewhere(
    found: list[tuple[int, int]], cuts: set[int]
) -> None:
    pairs, firsts = packed(*found), np.array([0, *sorted(cuts)])
    homes = homes_of(pairs, firsts, np.ones(ROWS, np.uint32))
    seen: dict[int, int] = {}
    for pair, home in zip(pairs.tolist(), homes.tolist(), strict=True):
        for row in (pair >> 32, pair & 0xFFFFFFFF):
            assert seen.setdefault(row, home) == home
            assert home in (-1, np.searchsorted(firsts, row, side="right") - 1)
