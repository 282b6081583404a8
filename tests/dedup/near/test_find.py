"""Laws of the whole: exact, complete, and the same for any order of rows."""

from __future__ import annotations

import random
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from medsmith.dedup.near.find import find_near_duplicates
from medsmith.schema import UserError, arrow


def _corpus(invented: Any, seed: int, count: int = 40) -> list[str]:
    """Texts of which many are edited copies of an earlier one."""
    draw = random.Random(seed)
    texts: list[str] = []
    for n in range(count):
        if texts and draw.random() < 0.6:
            texts.append(invented.edited(draw.choice(texts), draw.randrange(4), n, f"e{n}x"))
        else:
            texts.append(invented.text(seed * 1000 + n, draw.randint(30, 120)))
    return texts


@settings(max_examples=15, deadline=None, derandomize=True)  # bands may miss a pair
@given(st.integers(0, 1000), st.sampled_from([0.6, 0.7, 0.8]))
def test_nothing_but_true_pairs_and_nearly_all_of_them(
    invented: Any, gone: Any, seed: int, threshold: float
) -> None:
    texts = _corpus(invented, seed)
    result = find_near_duplicates(invented.table(texts), threshold=threshold)
    truth = {
        (f"i{a:04}", f"i{b:04}"): invented.jaccard(texts[a], texts[b])
        for a, b in combinations(range(len(texts)), 2)
    }
    dropped = gone(result)
    for row, keeper in dropped.items():
        assert truth[min(row, keeper), max(row, keeper)] >= threshold
        assert keeper not in dropped
    missed = [
        pair
        for pair, similarity in truth.items()
        if similarity >= threshold + 0.1 and not dropped.keys() & set(pair)
    ]
    assert missed == []


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(invented: Any, seed: int, random: Any) -> None:
    table = invented.table(_corpus(invented, seed))
    order = list(range(len(table)))
    random.shuffle(order)
    found = find_near_duplicates(table).duplicates
    assert find_near_duplicates(table.take(pa.array(order))).duplicates.equals(found)


def test_the_copy_in_a_protected_split_stays(invented: Any, gone: Any) -> None:
    text = invented.text(1)
    table = invented.table([text] * 3, split=["train", "validation", "test"])
    assert gone(find_near_duplicates(table)) == {"i0000": "i0002", "i0001": "i0002"}


@pytest.mark.parametrize(
    "variant",
    [
        str.upper,
        lambda text: text.replace(" ", " , "),
        lambda text: text.replace(" ", "\n\t"),
        lambda text: "".join(
            chr(ord(c) + 0xFEE0) if "a" <= c <= "z" or c.isdigit() else c for c in text
        ),
    ],
    ids=["case", "punctuation", "white space", "width"],
)
def test_variants_of_form_are_found(variant: Any, invented: Any) -> None:
    texts = [invented.text(n, 30 + n) for n in range(50)]
    result = find_near_duplicates(invented.table(texts + [variant(text) for text in texts]))
    assert len(result) == 50


def test_scripts_without_spaces_are_found(invented: Any) -> None:
    draw = random.Random(1)
    texts = ["".join(chr(draw.randrange(0x4E00, 0x9000)) for _ in range(150)) for _ in range(60)]
    copies = [text[:70] + "\u7121" + text[71:] for text in texts]
    result = find_near_duplicates(invented.table(texts + copies), threshold=0.8)
    assert len(result) == 60


def test_recall_is_that_of_the_curve(invented: Any) -> None:
    """2,000 pairs just above the threshold and 2,000 a tenth above it."""
    near = [invented.text(n, 110) for n in range(2000)]
    table = invented.table(near + [invented.edited(t, 2, n) for n, t in enumerate(near)])
    result = find_near_duplicates(table, threshold=0.8)
    similar = [invented.jaccard(*pair) for pair in zip(near, _second(table), strict=True)]
    assert min(similar) >= 0.8
    assert len(result) >= 0.995 * 2000


def _second(table: pa.Table) -> list[str]:
    return table["input"].to_pylist()[len(table) // 2 :]


def test_other_thresholds_are_answered_without_looking_again(invented: Any) -> None:
    table = invented.table(_corpus(invented, 7, 60), source=["a", "b"] * 30, category=["c"] * 60)
    low = find_near_duplicates(table, threshold=0.6)
    high = low.rethreshold(0.8)
    assert high.duplicates.equals(find_near_duplicates(table, threshold=0.8).duplicates)
    assert 0 < len(high) < len(low)
    assert sum(low.removed_by_source(0.8).values()) == len(high)
    assert set(low.removed_by_source()) == {"a", "b"}
    with pytest.raises(UserError, match=r"floor=0\.5"):
        low.rethreshold(0.5)


def test_borderline_pairs_are_the_nearest_to_the_threshold(invented: Any) -> None:
    result = find_near_duplicates(invented.table(_corpus(invented, 7, 60)), threshold=0.6)
    pairs = result.borderline(0.8, n=5)
    distances = [abs(pair.input_similarity - 0.8) for pair in pairs]
    assert len(pairs) == 5
    assert distances == sorted(distances)
    assert all(pair.removes == (pair.input_similarity >= 0.8) for pair in pairs)


def test_ids_may_be_left_out_and_rows_may_be_none(invented: Any) -> None:
    text = invented.text(1)
    result = find_near_duplicates(pa.table({"input": [text, text], "output": ["x", "x"]}))
    assert result.duplicates["dropped_id"].to_pylist() == ["1"]
    assert len(result.kept) == 1
    empty = find_near_duplicates(invented.table([]))
    assert empty.duplicates.schema.equals(arrow.DUPLICATES)
    assert (len(empty), len(empty.conflicts)) == (0, 0)


def test_a_missing_column_and_a_repeated_id_are_told(invented: Any) -> None:
    with pytest.raises(UserError, match="output"):
        find_near_duplicates(pa.table({"input": ["x"]}))
    with pytest.raises(UserError, match="id"):
        find_near_duplicates(pa.table({"id": ["x", "x"], "input": ["a"] * 2, "output": ["b"] * 2}))


def test_a_table_of_chunks_is_the_same_table(invented: Any) -> None:
    table = invented.table(_corpus(invented, 3))
    cut = pa.concat_tables([table.slice(0, 7), table.slice(7, 1), table.slice(8)])
    found = find_near_duplicates(table)
    assert find_near_duplicates(cut).duplicates.equals(found.duplicates)
    assert np.array_equal(find_near_duplicates(cut).edges.pairs, found.edges.pairs)
