"""Rows folded for the kernels equal their texts folded whole, and places lead back."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from medsmith.dedup.kernels.folding import fold, fold_row, fold_row_with_places, pieces

TEXTS = st.text(
    "aE <I\u0307e\u0301\u0327\u0338é癌ガｶﾞ\u1100\u1161\u0bc7\u0bbeß½", max_size=30
) | st.text(st.characters(exclude_categories=("Cs",)))


@settings(deadline=None)
@given(TEXTS)
def test_pieces_are_the_text_cut_where_it_folds_apart(text: str) -> None:
    found = list(pieces(text))
    assert "".join(folded for _, _, folded in found) == fold(text)
    assert [0, *(end for _, end, _ in found)] == [*(start for start, _, _ in found), len(text)]


@settings(deadline=None)
@given(TEXTS)
@example("Cafe\u0301 <\u0338 E\u0327\u0301 end")
def test_places_are_those_of_the_pieces(text: str) -> None:
    row = text.encode()
    folded, places = fold_row_with_places(row)
    assert folded == fold_row(row)[0] == fold(text).encode()
    ends = np.cumsum([0, *(len(char.encode()) for char in text)]).tolist()
    expected = [
        [ends[start], ends[end]] for start, end, some in pieces(text) for _ in some.encode()
    ]
    assert np.frombuffer(places, np.uint32).reshape(-1, 2).tolist() == expected


@settings(deadline=None)
@given(st.binary(max_size=40))
def test_bytes_that_are_no_utf8_fold_alike(noise: bytes) -> None:
    folded, places = fold_row_with_places(noise)
    assert folded == fold_row(noise)[0]
    assert len(places) == 8 * len(folded)
