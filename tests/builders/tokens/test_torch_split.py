"""Texts are cut on tensors where the C kernel cuts them, whatever stands in them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
import tiny_tokenizers as tiny
from hypothesis import example, given, settings
from hypothesis import strategies as st
from medsmith.builders.tokens.classes import UNSURE, table
from medsmith.builders.tokens.patterns import RULES, Family
from medsmith.builders.tokens.torch_split import Cutter
from medsmith.builders.tokens.torch_text import PADDING, Classes, Points, decode, rows_with

torch = pytest.importorskip("torch")
torch.set_num_threads(1)  # tests run side by side
FAMILIES = list(tiny.PATTERNS)
kernel = cache(tiny.kernel)


@cache
def classes() -> Classes:
    return Classes.on("cpu", UNSURE)


def on_device(texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
    rows = [text.encode() for text in texts]
    data = np.frombuffer(b"".join(rows) + bytes(PADDING), np.uint8)
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int32)
    return torch.tensor(data), torch.tensor(offsets)


def decoded(texts: Sequence[str]) -> Points:
    return decode(*on_device(texts), classes())


def cutter(family: Family, texts: Sequence[str]) -> Cutter:
    return Cutter(decoded(texts), RULES[family])


def cuts(family: Family, texts: Sequence[str]) -> list[int]:
    """Return where pre-tokens begin, in bytes of all texts together, by the C kernel."""
    found, base = [], 0
    for text in texts:
        ends = kernel(family).cut(text).tolist()
        found += [base + start for start in [0, *ends[:-1]] if ends]
        base += len(text.encode())
    return found


@settings(max_examples=40, deadline=None)
@given(st.lists(tiny.texts, max_size=4))
def test_code_points_are_those_of_the_texts(texts: list[str]) -> None:
    points = decoded(texts)
    expected = [ord(character) for text in texts for character in text]
    kinds = [1 << (int(table()[point]) & 7) for point in expected]
    assert points.bits[: points.size].tolist() == kinds
    ends = np.cumsum([len(chr(point).encode()) for point in expected])
    assert points.at.tolist() == [0, *ends.tolist()][: points.size]
    doubted = [any(table()[ord(c)] & UNSURE for c in text) for text in texts]
    assert [row in set(points.doubtful.tolist()) for row in range(len(texts))] == doubted


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=50, deadline=None)
@given(st.lists(tiny.texts, max_size=4))
@example(["\n  "])
@example(["", "x \n\n  \n\t y  ", "", "a", " ", "\n", ""])
@example(["日本ABCdef'LLx'sABC日", "'", "a'", "'s"])
@example(["\u0301ABC \u0301\u0301/\n/\r\n!//x", "/", "!\n/a /"])
@example(["'s'S's''ll 'LL'r'", " 's", "\t's", "!'s 'sa"])
@example(["1234567 ٣٣٣٣ⅧⅧ½1", "a1 1a", " "])
def test_pre_tokens_begin_where_the_kernel_begins_them(family: Family, texts: list[str]) -> None:
    cutter_ = cutter(family, texts)
    starts = cutter_.points.at[cutter_.starts().long()]
    assert starts.tolist() == cuts(family, texts)


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=20, deadline=None)
@given(st.lists(tiny.texts, max_size=3))
def test_sure_starts_are_starts(family: Family, texts: list[str]) -> None:
    cutter_ = cutter(family, texts)
    sure = cutter_.points.at[cutter_.sure().nonzero().flatten()]
    assert set(sure.tolist()) <= set(cuts(family, texts))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("part", ["1", "'s", "aB", "日A", "'", "!a", " \u0301A", "\n/"], ids=ascii)
def test_long_chains_are_followed_to_their_end(family: Family, part: str) -> None:
    texts = [part * 500, "and", part * 33 + " " + part * 1000]
    cutter_ = cutter(family, texts)
    starts = cutter_.points.at[cutter_.starts().long()]
    assert starts.tolist() == cuts(family, texts)


def test_rows_with_the_start_of_a_name_are_found() -> None:
    texts = ["a <| b", "", "<", "[X", "fine [Y]", "日<|<|"]
    data, offsets = on_device(texts)
    found = rows_with(data, offsets, [b"<|", b"[X"])
    assert sorted(set(found.tolist())) == [0, 3, 5]
    assert rows_with(data, offsets, []).tolist() == []
