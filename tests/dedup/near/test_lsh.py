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


def test_components_are_named_by_their_smallest_node() -> None:
    labels = np.empty(6, np.uint32)
    _lsh.components(np.array([4, 2, 5], np.uint32), np.array([2, 1, 3], np.uint32), labels)
    assert labels.tolist() == [0, 1, 1, 3, 1, 3]


def test_members_are_found_zero_included() -> None:
    marks = np.empty(4, np.bool_)
    values = np.array([0, 7, 2**64 - 1, 9], np.uint64)
    _lsh.members(values, np.array([9, 0, 2**64 - 1], np.uint64), marks)
    assert marks.tolist() == [True, False, True, True]


@pytest.mark.parametrize(
    ("texts", "marks"),
    [
        (["a:b:c:", "a:b", "", "::::"], [True, False, False, True]),
        (["\uff1a\uff1a\uff1a", "\uff1a:\ufe55x", "\uff1b\uff1a\uff1a"], [True, True, False]),
    ],
)
def test_colons_are_counted_of_any_width(texts: list[str], marks: list[bool]) -> None:
    rows = [text.encode() for text in texts]
    offsets = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    found = np.empty(len(rows), np.bool_)
    _lsh.with_colons(b"".join(rows), offsets, 3, found)
    assert found.tolist() == marks


def _u(bits: int, *numbers: int) -> np.ndarray[Any, Any]:
    return np.array(numbers, f"u{bits // 8}")


@pytest.mark.parametrize(
    ("kernel", "arguments"),
    [
        ("band_keys", (_u(32, 1, 2, 3), _u(64, 1, 2), 0, _u(64, 0, 0))),
        ("band_keys", (_u(32, 1, 2), _u(64, 1, 2), 0, _u(64, 0))),
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
        ("members", (_u(64, 1), _u(64, 1), np.empty(2, np.bool_))),
        ("hash_texts", (b"abc", _u(64, 0, 4), _u(64, 0))),
        ("hash_texts", (b"abc", _u(64, 0, 3), _u(64, 0, 0))),
        ("with_colons", (b"abc", _u(64, 0, 4), 3, np.empty(1, np.bool_))),
        ("with_colons", (b"abc", _u(64, 2, 1), 3, np.empty(1, np.bool_))),
    ],
)
def test_what_does_not_fit_is_refused(kernel: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match=r"fit|differ|between|must|below"):
        getattr(_lsh, kernel)(*arguments)
