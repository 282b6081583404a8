"""Shingle sets: windows of tokens, characters of short texts, boilerplate left out."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from medsmith.dedup.kernels import document_frequencies, shingle_sets
from medsmith.dedup.norm import tokens

WORDS = st.lists(st.sampled_from(["Heart", "rate", "80", "é", "e\u0301", "癌", "<", "ﬁt"]))


def _reference(text: str, window: int, short: int) -> set[tuple[str, ...]]:
    words = [token.text for token in tokens(text)]
    if len(words) >= window:
        return {tuple(words[i : i + window]) for i in range(len(words) - window + 1)}
    joined = " ".join(words)
    if not joined:
        return set()
    size = min(short, len(joined))
    return {tuple(joined[i : i + size]) for i in range(len(joined) - size + 1)}


@settings(deadline=None)
@given(st.lists(WORDS.map(" ".join) | st.text(max_size=12), min_size=1, max_size=6), st.data())
def test_two_texts_share_the_shingles_that_the_reference_shares(
    texts: list[str], data: st.DataObject
) -> None:
    window, short = data.draw(st.integers(1, 7)), data.draw(st.integers(1, 4))
    sets = shingle_sets(pa.array(texts, pa.string()), window, short)
    assert len(sets) == len(texts)
    expected = [_reference(text, window, short) for text in texts]
    long = [len(tokens(text)) >= window for text in texts]
    for row, shingles in enumerate(expected):
        assert (np.diff(sets[row].astype(object)) > 0).all()
        assert sets.sizes[row] == len(shingles)
        for other, others in enumerate(expected):
            # Windows of tokens and of characters never meet.
            shared = len(shingles & others) if long[row] == long[other] else 0
            if long[row] or {len(s) for s in shingles} == {len(s) for s in others}:
                assert len(np.intersect1d(sets[row], sets[other])) == shared


def test_the_order_of_tokens_matters() -> None:
    sets = shingle_sets(pa.array(["a b c d e", "a b c e d"]))
    assert sets[0].tolist() != sets[1].tolist()


def test_a_long_text_has_all_its_windows_whatever_the_chunks_it_is_read_in() -> None:
    words = [f"w{number}" for number in range(5000)]
    sets = shingle_sets(pa.array([" ".join(words), " ".join(words[990:1100])]))
    assert sets.sizes.tolist() == [4996, 106]
    assert np.isin(sets[1], sets[0]).all()


def test_a_text_that_joins_late_counts_nothing_twice() -> None:
    plain = " ".join(f"w{number}" for number in range(3000))
    column = pa.array([f"{plain} caf\u00e9", f"{plain} cafe\u0301"])
    sets = shingle_sets(column)
    assert sets.sizes.tolist() == [2997, 2997]
    assert np.array_equal(sets[0], sets[1])


def test_boilerplate_is_left_out_of_long_and_short_texts() -> None:
    column = pa.array(["the patient was seen in the clinic today", "pain", ""])
    whole = shingle_sets(column)
    left_out = np.sort(np.concatenate([whole[0][:2], whole[1][:1]]))
    rest = shingle_sets(column, boilerplate=left_out)
    assert np.array_equal(rest[0], whole[0][2:])
    assert np.array_equal(rest[1], whole[1][1:])
    assert rest.sizes[2] == 0


def test_repetitive_text_is_sorted_too() -> None:
    sets = shingle_sets(pa.array(["ache " * 200_000, "a b " * 100_000]))
    assert sets.sizes.tolist() == [1, 2]


@pytest.mark.parametrize(("window", "short"), [(0, 3), (65, 3), (5, 0), (5, 65)])
def test_widths_out_of_bounds_are_an_error(window: int, short: int) -> None:
    with pytest.raises(ValueError, match="1 to 64"):
        shingle_sets(pa.array(["a"]), window, short)


def test_document_frequencies_count_sets_not_shingles() -> None:
    sets = shingle_sets(pa.array(["ab ab ab", "ab", "cd"]), window=1)
    values, counts = document_frequencies(sets)
    assert sorted(counts.tolist()) == [1, 2]
    assert (values[:-1] < values[1:]).all()
