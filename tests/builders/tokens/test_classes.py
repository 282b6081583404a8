"""The table of Unicode classes is what the engines installed here see."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from medsmith.builders.tokens import classes


@pytest.mark.parametrize("ask", [classes.ask_tiktoken, classes.ask_tokenizers])
def test_every_sure_code_point_is_what_the_engine_sees(ask: Callable[[], classes.Table]) -> None:
    table = classes.table()
    sure = (table & classes.UNSURE) == 0
    assert ((table & classes.KIND_BITS)[sure] == ask()[sure]).all()


def test_the_table_is_the_one_of_the_header() -> None:
    header = Path(classes.__file__).with_name("classes.h").read_text(encoding="ascii")
    assert header == classes.header(classes.table())


def test_nearly_all_assigned_code_points_are_sure() -> None:
    table = classes.table()
    points = [c for c in range(classes.CODE_POINTS) if unicodedata.category(chr(c)) != "Cs"]
    assigned = [c for c in points if unicodedata.ucd_3_2_0.category(chr(c)) != "Cn"]
    assert (table[assigned] & classes.UNSURE == 0).mean() > 0.999


@given(st.text())
def test_text_of_inert_code_points_is_in_nfc(text: str) -> None:
    table = classes.table()
    inert = "".join(c for c in text if not table[ord(c)] & classes.NOT_INERT)
    assert unicodedata.is_normalized("NFC", inert)


def test_ascii_is_known() -> None:
    kinds = classes.table()[:128] & classes.KIND_BITS
    kind = classes.Kind
    assert [chr(c) for c in np.flatnonzero(kinds == kind.NUMBER)] == list("0123456789")
    assert [chr(c) for c in np.flatnonzero(kinds == kind.SPACE)] == list("\t\v\f ")
    assert [chr(c) for c in np.flatnonzero(kinds == kind.NEWLINE)] == ["\n", "\r"]
