"""The self-test tells what is found of each benchmark in each guise."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from medsmith.builders.contamination.guises import GUISES
from medsmith.builders.contamination.self_test import cases, clean_cases, measure, summary
from medsmith.dedup.contamination import Item, build_index, items_table, reduce_df
from medsmith.schema import ContaminationKind, arrow

REMOVING = (ContaminationKind.EXACT, ContaminationKind.NEAR, ContaminationKind.QUESTION)


@pytest.fixture(scope="module")
def items() -> pa.Table:
    found = [
        Item(
            str(n),
            f"A {20 + n}-year-old {trade} with a {colour} thumb asks in the month of her {n}th "
            f"harvest whether {plant} tea or a {colour} ribbon would calm the {trade}s' cramp.",
            (f"Drink {plant} tea", f"Wear a {colour} ribbon"),
            f"Drink {plant} tea",
        )
        for n, (trade, colour, plant) in enumerate(
            (t, c, p)
            for t in ("weaver", "tinsmith", "beekeeper", "ferryman")
            for c in ("violet", "ochre", "teal")
            for p in ("nettle", "larch", "sorrel")
        )
    ]
    return items_table("harvest", found)


def run(items: pa.Table, indexed: pa.Table) -> pa.Table:
    index = build_index(indexed)
    telling = reduce_df(index, [np.zeros(index.grams, np.uint32)], 1)
    injected = [*clean_cases(40), *cases(items, ("en",), 20)]
    return measure(index, telling, injected, REMOVING, items)


def test_what_stands_word_for_word_is_found_and_clean_rows_are_not(items: pa.Table) -> None:
    table = run(items, items)
    assert table.schema == arrow.CONTAMINATION_SELF_TEST
    told = summary(table)
    assert told["clean_rows"] == 40
    assert told["false_alarms"] == 0
    for guise in ("verbatim", "case_and_punctuation", "rewrapped", "options_shuffled"):
        assert told["recall"][guise] == {"items": 20, "found": 20, "recall": 1.0}
    assert told["benchmarks"] == {"harvest": told["recall"]}
    assert "cjk_spacing" not in told["recall"]
    assert set(told["recall"]) < set(GUISES)


def test_nothing_is_found_of_what_the_index_lacks(items: pa.Table) -> None:
    other = items_table("other", [Item("1", "Which knot holds a rowing boat in a falling tide?")])
    told = summary(run(items, other))
    assert {entry["found"] for entry in told["recall"].values()} == {0}


def test_the_sample_is_bounded_and_does_not_hang_on_order(items: pa.Table) -> None:
    few = {case.item.id for case in cases(items, (), 5) if case.item}
    turned = items.take(pa.array(range(len(items) - 1, -1, -1)))
    assert len(few) == 5
    assert {case.item.id for case in cases(turned, (), 5) if case.item} == few
