"""The kernels of banding do what plain Python does, and refuse what does not fit together."""

from __future__ import annotations

import random
from collections import defaultdict
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from medsmith.dedup.kernels import _lsh
from medsmith.dedup.near.bands import Entries, candidate_pairs, pair_rows

Pairs = set[tuple[int, int]]


def _entries(rows: list[tuple[int, int, int, int, int]]) -> Entries:
    """Rows of (key, sub, print, source, group)."""
    columns = list(zip(*rows, strict=True)) or [()] * 5
    spread = np.array(columns[0], np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return Entries(
        np.arange(len(rows), dtype=np.uint32),
        spread,
        np.array(columns[1], np.uint64),
        np.array(columns[2], np.uint64),
        np.array(columns[3], np.uint32),
        np.array(columns[4], np.uint32),
    )


def _found(entries: Entries, *limits: int) -> Pairs:
    a, b = pair_rows(candidate_pairs(entries, *limits))
    return set(zip(a.tolist(), b.tolist(), strict=True))


ROWS = st.lists(
    st.tuples(
        st.integers(0, 6),
        st.integers(0, 3),
        st.integers(0, 50),
        st.integers(0, 1),
        st.integers(0, 2),
    ),
    max_size=60,
)


@settings(max_examples=80, deadline=None)
@given(ROWS)
def test_all_rows_of_a_small_bucket_meet_where_they_may(
    rows: list[tuple[int, int, int, int, int]],
) -> None:
    buckets = defaultdict(list)
    for number, row in enumerate(rows):
        buckets[row[0]].append(number)
    wanted: Pairs = set()
    for bucket in buckets.values():
        firsts: dict[int, int] = {}
        for number in bucket:
            first = firsts.setdefault(rows[number][2], number)
            if first != number:
                wanted.add((first, number))
        for a, b in combinations(sorted(firsts.values()), 2):
            if rows[a][3] != rows[b][3] or rows[a][4] == rows[b][4]:
                wanted.add((a, b))
    assert _found(_entries(rows), 64, 8) == wanted


def test_a_large_bucket_is_not_compared_pair_by_pair() -> None:
    rows = [(1, random.Random(n).randrange(2**40), n, 0, 0) for n in range(5000)]
    found = _found(_entries(rows), 24, 12)
    assert len(found) <= 5000 * 14
    assert {row for pair in found for row in pair} == set(range(5000))


def test_in_a_large_bucket_those_with_similar_outputs_meet() -> None:
    """One input, 4,000 outputs, each of them twice."""
    rows = [(1, (n % 4000) << 32 | n, n, 0, 0) for n in range(8000)]
    found = _found(_entries(rows), 24, 12)
    assert {(n, n + 4000) for n in range(4000)} <= found


def test_copies_in_a_large_bucket_meet_their_first() -> None:
    rows = [(1, n, n % 10, 0, 0) for n in range(1000)]
    assert {(n % 10, n) for n in range(10, 1000)} <= _found(_entries(rows), 24, 12)


def test_parts_of_the_keys_give_the_same_pairs() -> None:
    draw = random.Random(5)
    rows = [(draw.randrange(300), n, n, 0, 0) for n in range(1000)]
    entries = _entries(rows)
    parts: Pairs = set()
    for part in range(4):
        parts |= _found(entries.within(part, 4))
    assert parts == _found(entries)


@given(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 4), max_size=40))
def test_every_key_that_occurs_twice_is_marked(keys: list[int]) -> None:
    marks = np.empty(len(keys), np.bool_)
    _lsh.shared_keys(np.array(keys, np.uint64), marks)
    assert all(marks[i] for i, key in enumerate(keys) if keys.count(key) > 1)


def test_few_of_the_keys_that_occur_once_are_marked() -> None:
    keys = np.random.default_rng(0).integers(0, 2**63, 10_000).astype(np.uint64)
    marks = np.empty(len(keys), np.bool_)
    _lsh.shared_keys(keys, marks)
    assert marks.mean() < 0.2


def test_components_are_named_by_their_smallest_node() -> None:
    labels = np.empty(6, np.uint32)
    _lsh.components(np.array([4, 2, 5], np.uint32), np.array([2, 1, 3], np.uint32), labels)
    assert labels.tolist() == [0, 1, 1, 3, 1, 3]


@given(
    st.lists(st.sets(st.integers(0, 9)), max_size=6),
    st.lists(st.sets(st.integers(0, 9)), min_size=1, max_size=3),
    st.data(),
)
def test_sets_are_split_by_what_their_kind_leaves_out(
    rows: list[set[int]], stops: list[set[int]], data: st.DataObject
) -> None:
    kinds = [data.draw(st.integers(0, len(stops) - 1)) for _ in rows]
    # 0 marks a free place of the kernel's tables, and large values must be told from small ones.
    spread = [[value * 0x1C71C71C71C71C71 for value in sorted(row)] for row in rows]
    values, offsets = _sets(spread)
    left_out, bounds = _sets([[v * 0x1C71C71C71C71C71 for v in sorted(stop)] for stop in stops])
    found = [np.empty_like(values), np.empty_like(offsets)]
    found += [np.empty_like(values), np.empty_like(offsets)]
    _lsh.split_sets(values, offsets, np.array(kinds, np.int64), left_out, bounds, *found)
    for number, (row, kind) in enumerate(zip(rows, kinds, strict=True)):
        for (some, at), wanted in (
            (found[:2], sorted(row - stops[kind])),
            (found[2:], sorted(row & stops[kind])),
        ):
            told = some[at[number] : at[number + 1]].tolist()
            assert told == [value * 0x1C71C71C71C71C71 for value in wanted]


def _sets(rows: list[list[int]]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    values = np.array([value for row in rows for value in row], np.uint64)
    return values, np.cumsum([0, *map(len, rows)]).astype(np.int64)


def _u(bits: int, *numbers: int) -> np.ndarray[Any, Any]:
    return np.array(numbers, f"u{bits // 8}")


def _split(offsets: list[int], kinds: list[int], bounds: list[int]) -> tuple[Any, ...]:
    """Return one value with offsets, and one that is left out with bounds."""
    return _u(64, 5), _u(64, *offsets), _u(64, *kinds), _u(64, 5), _u(64, *bounds)


@pytest.mark.parametrize(
    ("kernel", "arguments"),
    [
        ("band_keys", (_u(32, 1, 2, 3), _u(64, 1, 2), 0, _u(64, 0, 0))),
        ("band_keys", (_u(32, 1, 2), _u(64, 1, 2), 0, _u(64, 0))),
        ("shared_keys", (_u(64, 1, 2), np.empty(1, np.bool_))),
        ("bucket_pairs", (*(_u(64, 1),) * 3, *(_u(32, 1, 2),) * 3, 8, 8)),
        ("bucket_pairs", (*(_u(64, 1),) * 3, *(_u(32, 1),) * 3, 257, 8)),
        ("bucket_pairs", (*(_u(64, 1),) * 3, *(_u(32, 1),) * 3, 8, 0)),
        ("components", (_u(32, 3), _u(32, 0), _u(32, 0, 0, 0))),
        ("components", (_u(32, 1), _u(32, 0, 0), _u(32, 0, 0, 0))),
        ("stars", (_u(32, 2), _u(32, 1), _u(32, 0, 0, 0))),
        ("stars", (_u(32, 0, 0), _u(32, 2, 1), _u(32, 0, 0, 0))),
        ("stars", (_u(32, 0), _u(32, 3), _u(32, 0, 0, 0))),
        ("minima_of_sets", (_u(64, 1), _u(64, 0, 2), _u(64, 1, 1), _u(32, 0))),
        ("minima_of_sets", (_u(64, 1), _u(64, 0, 1), _u(64, 1), _u(32, 0))),
        ("minima_of_sets", (_u(64, 1), _u(64), _u(64, 1, 1), _u(32))),
        ("split_sets", (*_split([0, 1], [0], [0, 1]), _u(64), *(_u(64, 0, 0),) * 3)),
        ("split_sets", (*_split([0, 2], [0], [0, 1]), *(_u(64, 0, 0),) * 4)),
        ("split_sets", (*_split([0, 1], [1], [0, 1]), *(_u(64, 0, 0),) * 4)),
        ("split_sets", (*_split([0, 1], [0], [0, 2]), *(_u(64, 0, 0),) * 4)),
        ("split_sets", (*_split([1, 0], [0], [0, 1]), *(_u(64, 0, 0),) * 4)),
        ("split_sets", (*_split([0, 1, 1], [0], [0, 1]), *(_u(64, 0, 0),) * 4)),
        ("hash_texts", (b"abc", _u(64, 0, 4), _u(64, 0))),
        ("hash_texts", (b"abc", _u(64, 0, 3), _u(64, 0, 0))),
    ],
)
def test_what_does_not_fit_is_refused(kernel: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match=r"fit|differ|between|must|below"):
        getattr(_lsh, kernel)(*arguments)
