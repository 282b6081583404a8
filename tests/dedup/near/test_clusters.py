"""A row goes only for a row that stays, whatever the order in which pairs were found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from medsmith.dedup.near.clusters import (
    cluster_sizes,
    duplicates_table,
    keeper_ranks,
    settle,
    split_ranks,
)
from medsmith.dedup.near.params import NearParams
from medsmith.schema import arrow

PARAMS = NearParams(threshold=0.8)
RANKS = np.arange(12, dtype=np.uint32)


def _dropped(removals: Any) -> dict[int, int]:
    return dict(zip(removals.dropped.tolist(), removals.kept.tolist(), strict=True))


def test_what_is_reached_only_through_a_chain_stays(invented: Any) -> None:
    edges = invented.edges((0, 1, 0.9), (1, 2, 0.9), (0, 2, 0.6))
    assert _dropped(settle(edges, RANKS, PARAMS)[0]) == {1: 0}


def test_a_pair_that_was_never_compared_is_asked_for(invented: Any) -> None:
    asked = []

    def check(pairs: Any) -> Any:
        asked.extend(pairs.tolist())
        return invented.edges((0, 2, 0.85))

    removals, edges = settle(invented.edges((0, 1, 0.9), (1, 2, 0.9)), RANKS, PARAMS, check)
    assert asked == [2]  # row 0 with row 2
    assert _dropped(removals) == {1: 0, 2: 0}
    assert len(edges) == 3


def test_what_was_asked_and_is_different_stays(invented: Any) -> None:
    edges = invented.edges((0, 1, 0.9), (1, 2, 0.9))
    removals, _ = settle(edges, RANKS, PARAMS, lambda pairs: invented.edges((0, 2, 0.1)))
    assert _dropped(removals) == {1: 0}


def test_the_first_in_the_order_of_keepers_stays(invented: Any) -> None:
    ranks = np.array([2, 0, 1], np.uint32)
    edges = invented.edges((0, 1, 0.9), (1, 2, 0.9), (0, 2, 0.9))
    assert _dropped(settle(edges, ranks, PARAMS)[0]) == {0: 1, 2: 1}


def test_similarity_below_the_threshold_removes_nothing(invented: Any) -> None:
    assert len(settle(invented.edges((0, 1, 0.79)), RANKS, PARAMS)[0]) == 0
    assert len(settle(invented.edges(), RANKS, PARAMS)[0]) == 0


EDGES = st.dictionaries(
    st.tuples(st.integers(0, 11), st.integers(0, 11)).filter(lambda p: p[0] < p[1]),
    st.sampled_from([0.5, 0.7, 0.8, 0.9]),
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(EDGES, st.permutations(range(12)), st.randoms(use_true_random=False))
def test_no_row_goes_without_an_edge_to_a_row_that_stays(
    invented: Any, similar: dict[tuple[int, int], float], order: list[int], random: Any
) -> None:
    pairs = [(*pair, value) for pair, value in similar.items()]
    ranks = np.array(order, np.uint32)
    truth = {pair: value for pair, value in similar.items() if value >= 0.8}

    def check(wanted: Any) -> Any:
        return invented.edges(*((int(p) >> 32, int(p) & 0xFFFFFFFF, 0.0) for p in wanted))

    dropped = _dropped(settle(invented.edges(*pairs), ranks, PARAMS, check)[0])
    for row, keeper in dropped.items():
        assert (min(row, keeper), max(row, keeper)) in truth
        assert keeper not in dropped
        assert ranks[keeper] < ranks[row]
    for a, b in truth:
        assert a in dropped or b in dropped  # no two that stay are near-duplicates

    random.shuffle(pairs)
    assert _dropped(settle(invented.edges(*pairs), ranks, PARAMS, check)[0]) == dropped


def test_protected_splits_then_licence_then_source_then_length_then_id() -> None:
    rows = pa.table(
        {
            "id": ["f", "e", "d", "c", "b", "a"],
            "split": ["train", "train", "train", "train", "validation", "test"],
            "licence_rank": [0, 0, 0, 1, 5, 9],
            "source_rank": [0, 0, 1, 0, 5, 9],
            "output_length": [9, 9, 90, 99, 0, 0],
        }
    )
    rows = rows.append_column("split_rank", split_ranks(rows["split"]))
    order = np.argsort(keeper_ranks(rows))
    assert [rows["id"][int(n)].as_py() for n in order] == ["a", "b", "e", "f", "d", "c"]


def test_the_longer_output_stays() -> None:
    rows = pa.table(
        {
            "id": ["a", "b"],
            "split_rank": [0, 0],
            "licence_rank": [0, 0],
            "source_rank": [0, 0],
            "output_length": [3, 5],
        }
    )
    assert keeper_ranks(rows).tolist() == [1, 0]


def test_the_table_names_the_keeper_as_cluster(invented: Any) -> None:
    removals, _ = settle(invented.edges((0, 3, 0.9), (0, 1, 0.8)), RANKS, PARAMS)
    ids = pa.array([f"i{9 - n}" for n in range(4)])
    table = duplicates_table(removals, ids)
    assert table.schema.equals(arrow.DUPLICATES)
    assert table.to_pylist()[0] == {
        "dropped_id": "i6",
        "kept_id": "i9",
        "kind": "near",
        "input_similarity": 0.9,
        "output_similarity": 1.0,
        "cluster": "i9",
    }
    assert cluster_sizes(removals) == [(0, 3)]
