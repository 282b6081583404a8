"""The kernels of banding do what plain Python does, and refuse what does not fit together."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from medsmith.dedup.kernels import _lsh
from medsmith.dedup.near.bands import (
    Compared,
    band_keys,
    candidate_pairs,
    pair_rows,
    shared_keys,
)
from medsmith.dedup.near.scopes import Scopes, TaskScope, scopes_of

Numbers = np.ndarray[Any, Any]
Pairs = set[tuple[int, int]]


@dataclass(frozen=True)
class _Entries:
    keys: Numbers
    subs: Numbers
    compared: Compared
    scopes: Scopes

    def pairs(self, *limits: int) -> Pairs:
        found = candidate_pairs(
            self.keys, self.compared, self.scopes, lambda some: self.subs[some], None, *limits
        )
        a, b = pair_rows(found)
        pairs = list(zip(a.tolist(), b.tolist(), strict=True))
        assert all(a < b for a, b in pairs)
        return set(pairs)

    def where(self, chosen: Numbers) -> _Entries:
        some = Compared(
            *(getattr(self.compared, name)[chosen] for name in ("rows", "salts", "prints", "tasks"))
        )
        return _Entries(self.keys[chosen], self.subs[chosen], some, self.scopes)


def _entries(rows: list[tuple[int, int, int, int, int]]) -> _Entries:
    """Rows of (key, sub, print, source, group)."""
    columns = list(zip(*rows, strict=True)) or [()] * 5
    spread = np.array(columns[0], np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    tasks = sorted({row[3:] for row in rows})
    compared = Compared(
        np.arange(len(rows), dtype=np.uint32),
        spread,
        np.array(columns[2], np.uint64),
        np.array([tasks.index(row[3:]) for row in rows], np.uint32),
    )
    scopes = Scopes(
        np.zeros(len(tasks), np.uint64),
        np.array([source for source, _ in tasks], np.uint32),
        np.array([group for _, group in tasks], np.uint32),
        np.ones(len(tasks), np.bool_),
    )
    return _Entries(spread, np.array(columns[1], np.uint64), compared, scopes)


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
    assert _entries(rows).pairs(64, 8) == wanted


def test_a_large_bucket_is_not_compared_pair_by_pair() -> None:
    rows = [(1, random.Random(n).randrange(2**40), n, 0, 0) for n in range(5000)]
    found = _entries(rows).pairs(24, 12)
    assert len(found) <= 5000 * 14
    assert {row for pair in found for row in pair} == set(range(5000))


def test_in_a_large_bucket_those_with_similar_outputs_meet() -> None:
    """One input, 4,000 outputs, each of them twice."""
    rows = [(1, (n % 4000) << 32 | n, n, 0, 0) for n in range(8000)]
    found = _entries(rows).pairs(24, 12)
    assert {(n, n + 4000) for n in range(4000)} <= found


def test_copies_in_a_large_bucket_meet_their_first() -> None:
    rows = [(1, n, n % 10, 0, 0) for n in range(1000)]
    assert {(n % 10, n) for n in range(10, 1000)} <= _entries(rows).pairs(24, 12)


def test_ranges_of_the_keys_give_the_same_pairs() -> None:
    draw = random.Random(5)
    rows = [(draw.randrange(300), n, n, 0, 0) for n in range(1000)]
    entries = _entries(rows)
    parts: Pairs = set()
    for part in range(4):
        parts |= entries.where(entries.keys >> np.uint64(32) & np.uint64(3) == part).pairs()
    assert parts == entries.pairs()


def test_of_many_keys_those_that_are_equal_meet() -> None:
    """So many that they are cut into partitions, some of which are sorted by their digits."""
    draw = np.random.default_rng(0)
    keys = draw.integers(0, 2**64, 300_000, np.uint64)
    keys[150_000:] = draw.permutation(keys)[:150_000]
    zeros = np.zeros(len(keys), np.uint32)
    rows = np.arange(len(keys), dtype=np.uint32)
    compared = Compared(rows, keys, rows.astype(np.uint64), zeros)
    scopes = scopes_of([TaskScope("s", "t", "c")])
    found = candidate_pairs(keys, compared, scopes, lambda some: keys[some])
    order = np.argsort(keys, kind="stable")
    _, starts, counts = np.unique(keys[order], return_index=True, return_counts=True)
    wanted = set()
    for start, count in zip(starts.tolist(), counts.tolist(), strict=True):
        bucket = order[start : start + count].tolist()
        wanted |= set(combinations(bucket, 2))
    a, b = pair_rows(found)
    assert len(found) == len(wanted)
    assert set(zip(a.tolist(), b.tolist(), strict=True)) == wanted


def test_rows_are_told_by_their_numbers() -> None:
    rows = [(n // 2, 0, n, 0, 0) for n in range(8)] + [(9, n, n, 0, 0) for n in range(30)]
    entries = _entries(rows)
    some = np.arange(len(rows)) != 3
    wanted = {pair for pair in entries.pairs() if 3 not in pair}
    assert entries.where(some).pairs() == wanted
    assert (0, 1) in wanted
    assert any(a >= 8 for a, _ in wanted)


@given(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 4), max_size=40))
def test_the_keys_that_occur_twice_are_marked(keys: list[int]) -> None:
    marks = shared_keys(np.array(keys, np.uint64))
    assert marks.tolist() == [keys.count(key) > 1 for key in keys]


@given(st.integers(1, 9), st.integers(0, 20), st.data())
def test_keys_are_equal_where_minima_and_salts_are(
    width: int, rows: int, data: st.DataObject
) -> None:
    """Of two bytes a number or of four, the keys are the same."""
    numbers = data.draw(st.lists(st.integers(0, 2), min_size=rows * width, max_size=rows * width))
    salts = np.array(data.draw(st.lists(st.integers(0, 1), min_size=rows, max_size=rows)), "u8")
    minima = np.array(numbers, np.uint16).reshape(rows, width)
    keys, wide = np.empty((2, rows), np.uint64)
    salts *= np.uint64(0x9E3779B97F4A7C15)  # as if by chance, as they are
    band_keys(minima, salts, 3, keys)
    band_keys(minima.astype(np.uint32), salts, 3, wide)
    assert keys.tolist() == wide.tolist()
    told = [(*row, salt) for row, salt in zip(minima.tolist(), salts.tolist(), strict=True)]
    assert len(set(keys.tolist())) == len(set(told))


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


_ROOM = np.empty(3, np.uint32)
_ONE_TASK = (_u(32), _u(32, 0), _u(32, 0))


@pytest.mark.parametrize(
    ("kernel", "arguments"),
    [
        ("band_keys", (_u(32, 1, 2, 3), 4, _u(64, 1, 2), 0, _u(64, 0, 0))),
        ("band_keys", (_u(32, 1, 2), 4, _u(64, 1, 2), 0, _u(64, 0))),
        ("band_keys", (_u(32, 1, 2), 8, _u(64, 1), 0, _u(64, 0))),
        ("shared_keys", (_u(64, 1, 2), np.empty(1, np.bool_))),
        ("bucket_pairs", (_u(64, 1), _u(32, 0, 0), _u(64, 1), *_ONE_TASK, 8)),
        ("bucket_pairs", (_u(64, 1), _ROOM, _u(64, 1, 2), *_ONE_TASK, 8)),
        ("bucket_pairs", (_u(64, 1), _ROOM, _u(64, 1), _u(32, 1), _u(32, 0), _u(32, 0), 8)),
        ("bucket_pairs", (_u(64, 1), _ROOM, _u(64, 1), _u(32, 0, 0), _u(32, 0), _u(32, 0), 8)),
        ("bucket_pairs", (_u(64, 1), _ROOM, _u(64, 1), _u(32, 0), _u(32, 0), _u(32), 8)),
        ("bucket_pairs", (_u(64, 1), _ROOM, _u(64, 1), *_ONE_TASK, 257)),
        ("crowded_pairs", (_u(64, 1), _u(64, 1, 2), _u(64, 1), *_ONE_TASK, 8)),
        ("crowded_pairs", (_u(64, 1), _u(64, 1), _u(64, 1), *_ONE_TASK, 0)),
        ("cut_chunks", (_u(64, 5), _u(32, 0, 0), 8, _u(64, 0))),
        ("cut_chunks", (_u(64, 5 << 32), _u(32, 0, 0), 8, _u(64, 0))),
        ("cut_chunks", (_u(64, 1), _u(32, 0, 0), 8, _u(64))),
        ("cut_chunks", (_u(64, 1), _u(32, 0, 0), 0, _u(64, 0))),
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
