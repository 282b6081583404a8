"""Each pair's rows meet in one chunk, and what belongs together is read together."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from medsmith.dedup.near.bands import pack_pairs, pair_rows
from medsmith.dedup.near.components import Plan, plan_chunks

PAIRS = st.sets(st.tuples(st.integers(0, 60), st.integers(0, 60)).filter(lambda p: p[0] < p[1]))


@settings(max_examples=100, deadline=None)
@given(PAIRS, st.integers(100, 5000))
def test_chunks_hold_every_pair_once_with_its_rows(
    pairs: set[tuple[int, int]], budget: int
) -> None:
    ends = np.array(sorted(pairs), np.int64).reshape(-1, 2)
    packed = pack_pairs(ends[:, 0], ends[:, 1])
    plan = plan_chunks(packed, np.arange(100, 161), budget)
    assert np.array_equal(np.sort(plan.pairs), packed)
    for number in range(len(plan)):
        rows, own = plan.chunk(number)
        assert len(own)
        assert set(rows.tolist()) == {int(row) for ends in pair_rows(own) for row in ends}


def test_components_stay_whole_unless_they_are_too_large() -> None:
    small = pack_pairs(np.arange(0, 100, 2), np.arange(1, 101, 2))
    plan = plan_chunks(small, np.full(101, 36), 1000)  # 100 bytes a row
    assert 5 <= len(plan) <= 11
    assert sum(_sizes(plan)) == 100  # none twice

    chain = pack_pairs(np.arange(100), np.arange(1, 101))
    plan = plan_chunks(chain, np.full(101, 36), 1000)
    assert max(_sizes(plan)) <= 11
    assert sum(_sizes(plan)) < 130


def _sizes(plan: Plan) -> list[int]:
    return [len(plan.chunk(number)[0]) for number in range(len(plan))]


def test_no_pairs_make_no_chunk() -> None:
    assert len(plan_chunks(np.empty(0, np.uint64), np.arange(3))) == 0
