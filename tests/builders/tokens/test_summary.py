"""Figures follow from the table of lengths alone, and are those of the sorted list of samples."""

from __future__ import annotations

import statistics
from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from medsmith.builders.tokens.summary import (
    CONTEXTS,
    Kind,
    Lengths,
    figures,
    packed_sequences,
    summarise,
)

LISTS = st.lists(st.integers(0, 60), min_size=1, max_size=60)


def _lengths(values: list[int]) -> Lengths:
    none = np.zeros(len(values), np.int64)
    return Lengths.of(none, none, np.array(values, np.int64))


@given(LISTS)
def test_figures_are_those_of_the_sorted_list(values: list[int]) -> None:
    told = figures(_lengths(values))
    ordered = sorted(values)
    assert told["n"] == len(values)
    assert told["tokens"] == sum(values) == told["tokens_by_part"]["output"]
    assert told["mean"] == round(statistics.mean(values), 1)
    assert told["max"] == ordered[-1]
    for percent in (50, 90, 95, 99):
        least = min(v for v in values if sum(w <= v for w in values) * 100 >= percent * len(values))
        assert told[f"p{percent}"] == least
    assert sum(told["octaves"]) == len(values)


def _one_by_one(values: list[int], size: int) -> int:
    """Best-fit decreasing, as the textbook has it."""
    room: list[int] = []
    for value in sorted((min(v, size) for v in values if v), reverse=True):
        fitting = [left for left in room if left >= value]
        if fitting:
            room.remove(min(fitting))
        room.append((min(fitting) if fitting else size) - value)
    return len(room)


@given(LISTS, st.integers(1, 70))
def test_packing_is_best_fit_decreasing(values: list[int], size: int) -> None:
    assert packed_sequences(Counter(values), size) == _one_by_one(values, size)


def test_packing_of_millions_takes_no_longer_than_that_of_a_few() -> None:
    assert packed_sequences({3: 10**9, 5: 10**9}, 8) == 10**9
    assert packed_sequences({4: 10**9}, 9) == 10**9 // 2
    assert packed_sequences({}, 8) == 0


def test_what_is_longer_than_a_context_is_told_by_number_and_share() -> None:
    told = figures(_lengths([2_048, 2_049, 5_000, 40_000]))
    assert told["longer"] == {"2048": 3, "4096": 2, "8192": 1, "32768": 1}
    assert told["share_longer"]["4096"] == 0.5
    assert told["packed"]["2048"] == 4
    assert told["concatenated"]["2048"] == -(-(2_048 + 2_049 + 5_000 + 40_000) // 2_048)
    assert list(told["longer"]) == [str(size) for size in CONTEXTS]


def test_nothing_has_figures_too() -> None:
    told = figures(Lengths())
    assert (told["n"], told["mean"], told["p99"], told["octaves"]) == (0, 0.0, 0, [])


@given(LISTS, LISTS)
def test_the_axes_are_the_sums_of_their_parts(one: list[int], other: list[int]) -> None:
    kinds = (Kind("a", "a_qa", "qa", "en"), Kind("b", "b_qa", "qa", "fr"))
    told = summarise(zip(kinds, map(_lengths, (one, other)), strict=True), chat_constant=7)
    both = figures(_lengths(one + other), chat_constant=7)
    assert told["all"] == both == told["category"]["qa"]
    assert told["source"] == {"a": told["task"]["a_qa"], "b": told["language"]["fr"]}
    assert both["tokens_in_chat"] == both["tokens"] + 7 * both["n"]


def test_an_axis_that_nothing_is_known_of_is_left_out() -> None:
    assert list(summarise([(Kind("rows.jsonl"), _lengths([1]))])) == ["all", "source"]
