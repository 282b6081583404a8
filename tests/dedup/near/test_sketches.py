"""Sketches hold what the kernels find of inputs and outputs, each row for itself."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st
from medsmith.dedup.kernels import sketch as minhash
from medsmith.dedup.near.forms import find_forms
from medsmith.dedup.near.params import NearParams, Shape
from medsmith.dedup.near.sketches import (
    Texts,
    band_column,
    is_short,
    minima_of_sets,
    output_column,
    sketch,
    sketch_schema,
)

SHAPE, PARAMS = Shape(5, 3), NearParams()
FORM = "Heart rate: 80; Age: 54; Sex: F"
PROSE = "the wound was clean and dry on the day after the operation"
INPUT = st.sampled_from(["", FORM, PROSE, "seen in the clinic today", "ache", "!"]) | st.text(
    "a :é"
)
OUTPUT = st.sampled_from(["", "yes", PROSE, "\N{SOFT HYPHEN}"])
ROWS = st.lists(st.tuples(INPUT, OUTPUT, st.booleans()), min_size=1, max_size=6)


def _sketched(rows: list[tuple[str, str, bool]], boilerplate: object = None) -> pa.Table:
    inputs, outputs, closed = zip(*rows, strict=True)
    texts = Texts(pa.array(inputs), pa.array(outputs), np.array(closed, np.bool_))
    left_out = np.empty(0, np.uint64) if boilerplate is None else boilerplate
    return sketch(texts, left_out, SHAPE, PARAMS)


def _minima(table: pa.Table, name: str) -> list[list[int]]:
    found: list[list[int]] = table[name].to_pylist()
    return found


@settings(deadline=None)
@given(ROWS)
@example([("", "", False), ("", PROSE, False), (FORM, "", True), (PROSE, "yes", True)])
def test_a_row_is_sketched_as_if_it_were_alone(rows: list[tuple[str, str, bool]]) -> None:
    whole = _sketched(rows)
    assert whole.schema == sketch_schema(SHAPE)
    assert whole.equals(pa.concat_tables([_sketched([row]) for row in rows]).combine_chunks())


def test_bands_are_the_low_halves_of_the_minima() -> None:
    table = _sketched([(PROSE, PROSE, False)])
    whole = minhash(pa.array([PROSE]), SHAPE.permutations).signatures[0] & 0xFFFF
    for band in range(SHAPE.bands):
        start = band * SHAPE.rows
        assert _minima(table, band_column(band)) == [whole[start : start + SHAPE.rows].tolist()]
    assert _minima(table, output_column(1)) == [whole[2:4].tolist()]


def test_forms_are_sketched_by_their_elements() -> None:
    table = _sketched([(PROSE, "", False), (FORM, "", False)])
    whole = minima_of_sets(find_forms(pa.array([FORM]))[1], SHAPE.permutations)[0] & 0xFFFF
    found = [value for n in range(SHAPE.bands) for value in _minima(table, band_column(n))[1]]
    assert found == whole.tolist()


def test_outputs_stand_for_empty_inputs() -> None:
    empty, full = _sketched([("", PROSE, False)]), _sketched([(PROSE, "", False)])
    for band in range(SHAPE.bands):
        name = band_column(band)
        assert _minima(empty, name) == _minima(full, name)
    assert empty["salt"] != full["salt"]


@settings(deadline=None)
@given(st.lists(st.none() | st.text("aé :;\n"), max_size=8))
def test_texts_with_fewer_tokens_than_the_window_are_short(texts: list[str | None]) -> None:
    column = pa.array(texts, pa.string())
    assert is_short(column, 3).tolist() == (minhash(column, 1).tokens < 3).tolist()
