"""The tokens of the kernel are those of the reference, over all of Unicode and any column."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from medsmith.dedup.kernels import _native, tokenise
from medsmith.dedup.kernels.folding import properties
from medsmith.dedup.kernels.generate_tables import (
    JOINS,
    KEEP,
    KIND_BITS,
    MAPPING_BITS,
    ORDERED,
    SYMBOL,
    UNKNOWN,
)
from medsmith.dedup.norm import tokens

BITS = (1 << 64) - 1
Found = list[tuple[int, int, int]]  # hash, byte start, byte end


def _multiply(a: int, b: int) -> int:
    return (a * b & BITS) ^ (a * b >> 64)


def _hash(token: str) -> int:
    kinds = properties()
    place = (at for at, char in enumerate(token) if kinds[ord(char)] & KIND_BITS == SYMBOL)
    word = next(place, len(token))
    state = _hash_word(token[:word].encode())
    for char in token[word:]:
        state = _multiply(state ^ 0x6E789E6AA1B965F5, ord(char) ^ 0xE220A8397B1DCDAF)
    return state


def _hash_word(token: bytes) -> int:
    state = 0x6E789E6AA1B965F5
    for at in range(0, max(len(token), 1), 16):
        low = int.from_bytes(token[at : at + 8], "little")
        high = int.from_bytes(token[at + 8 : at + 16], "little")
        state = _multiply(low ^ 0xE220A8397B1DCDAF, high ^ state)
    return _multiply(state ^ 0x06C45D188009454F, len(token) ^ 0xF88BB8A8724C81ED)


def _expected(text: str) -> Found:
    return [
        (
            _hash(token.text),
            len(text[: token.start].encode()),
            len(text[: token.end].encode()),
        )
        for token in tokens(text)
    ]


def _rows(column: pa.Array | pa.ChunkedArray) -> list[Found]:
    stream = tokenise(column)
    found = list(
        zip(stream.hashes.tolist(), stream.starts.tolist(), stream.ends.tolist(), strict=True)
    )
    bounds = stream.offsets.tolist()
    return [found[start:end] for start, end in pairwise(bounds)]


def _check(texts: Sequence[str]) -> None:
    assert _rows(pa.array(texts, pa.string())) == [_expected(text) for text in texts]


def _joining() -> str:
    known = properties()
    chars = [
        chr(code)
        for code in range(len(known))
        if known[code] & JOINS or known[code] & MAPPING_BITS == ORDERED
    ]
    return "".join(chars) + "e가か\u1100\u0bc7😀"


# Texts of one kind of character seldom come out of st.text() alone.
CHARACTERS = st.one_of(
    st.characters(exclude_categories=("Cs",)),
    st.characters(codec="ascii"),
    st.sampled_from(_joining()),
    st.sampled_from("ÀéßИйЁ癌がンｶﾞก้각½℃ﷺµ°±≥−…“”\u00a0\u200b"),
)
TEXTS = st.one_of(
    st.text(CHARACTERS),
    st.text("Ab1 %<.\n", max_size=200),
    st.text("aB é癌,", max_size=200),
    st.text("a1 %+≥½\u0301癌", max_size=200),
)


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=4))
@example(["a" * 63 + "é", "a" * 64, "a" * 64 + "<", "a " * 32 + "=", "=" * 130])
@example(["x" * 200 + " y", "é" * 15 + "a", "a" * 16, "a" * 17, "A" * 7 + "é" + "b" * 70])
@example(["ﷺ" * 80, "=\u0591b", "a \u0591b", "\u0591a"])
def test_tokens_equal_the_reference(texts: list[str]) -> None:
    _check(texts)


@settings(deadline=None)
@given(
    st.integers(0, 300),
    st.sampled_from(["a ", "癌", "é ", "a+ ", "  ", "<"]),
    st.text("a %<±\u0301\u0338ﷺe癌", min_size=1, max_size=6),
    st.sampled_from(["", "b", " b" * 90]),
)
def test_symbols_belong_to_the_token_before_wherever_reading_pauses(
    count: int, unit: str, symbols: str, rest: str
) -> None:
    _check([unit * count + symbols + rest])


@pytest.mark.parametrize("unit", ["a ", "癌", "a% ", "né "])
def test_the_token_at_the_end_of_the_room_waits_for_its_symbols(unit: str) -> None:
    """Rooms end between 928 and 1,024 tokens: see `TOKEN_CHUNK` and `NORM_ROOM`."""
    _check([unit * count + " <%"[count % 2 :] for count in range(925, 1028)])


@settings(deadline=None)
@given(st.text("aÉ1<%≥癌,. \u0301", max_size=100))
def test_without_symbols_tokens_are_those_of_the_text_with_blanks_instead(text: str) -> None:
    blank = text.translate(dict.fromkeys(map(ord, "<%≥"), " "))
    found = tokenise(pa.array([text, blank]), symbols=False)
    words = np.split(found.hashes, found.offsets[1:-1])
    assert words[0].tolist() == words[1].tolist()
    assert words[1].tolist() == tokenise(pa.array([blank])).hashes.tolist()


def test_every_code_point_that_is_not_plain_equals_the_reference() -> None:
    known = properties()
    texts = [
        f"a{chr(code)}b 癌{chr(code)}"
        for code in range(len(known))
        if not 0xD800 <= code <= 0xDFFF
        and (
            code < 0x3000
            or (known[code] & ~(KIND_BITS | UNKNOWN) != KEEP and known[code] & JOINS == 0)
        )
    ]
    _check(texts)


@settings(deadline=None)
@given(st.lists(st.none() | st.text("aé 癌", max_size=6), max_size=12), st.data())
def test_slices_nulls_and_types_of_columns_make_no_difference(
    texts: list[str | None], data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(texts)))
    length = data.draw(st.integers(0, len(texts) - start))
    expected = [_expected(text or "") for text in texts[start : start + length]]
    for kind in (pa.string(), pa.large_string()):
        column = pa.array(texts, kind).slice(start, length)
        assert _rows(column) == expected
        assert _rows(pa.chunked_array([column.slice(0, 1), column.slice(1)], kind)) == expected


def test_a_row_of_ten_megabytes_is_read_whole() -> None:
    text = "Natriuretic peptide 癌, 12 %\n" * 350_000
    stream = tokenise(pa.array([text, "x"], pa.large_string()))
    assert stream.offsets.tolist() == [0, 4 * 350_000, 4 * 350_000 + 1]
    assert np.array_equal(stream.hashes[:4], stream.hashes[-5:-1])
    assert stream.ends[-2] == len(text.encode()) - 1


def test_other_columns_are_refused() -> None:
    with pytest.raises(TypeError, match="column of texts"):
        tokenise(pa.array([1, 2]))


def _native_tokenise(
    offsets: list[int], values: bytes, first: int = 0, rows: int | None = None
) -> None:
    count = len(offsets) - 1 if rows is None else rows
    column = (
        np.array(offsets, np.int64),
        values,
        True,
        first,
        count,
        lambda row: (row, b"1"),
    )
    _native.tokenise(column, np.empty(max(count, 0) + 1, np.int64))


@pytest.mark.parametrize(
    ("offsets", "first", "rows"),
    [
        ([0, 9], 0, None),
        ([2, 1], 0, None),
        ([-1, 2], 0, None),
        ([0, 2], 1, 1),
        ([0, 2], 0, 2),
        ([0, 2], -1, 1),
        ([0, 2], 0, -1),
        ([], 0, 1),
    ],
)
def test_wrong_offsets_are_an_error(offsets: list[int], first: int, rows: int | None) -> None:
    with pytest.raises(ValueError, match=r"offsets"):
        _native_tokenise(offsets, b"abc", first, rows)


def test_a_fold_that_gives_too_few_places_is_an_error() -> None:
    with pytest.raises(ValueError, match="fewer places"):
        _native_tokenise([0, 3], "e\u0301".encode())


def test_an_error_while_folding_is_raised() -> None:
    def fold(row: bytes) -> tuple[bytes, bytes]:
        raise ZeroDivisionError

    values = "a e\u0301 b".encode()
    column = (np.array([0, len(values)]), values, True, 0, 1, fold)
    with pytest.raises(ZeroDivisionError):
        _native.tokenise(column, np.empty(2, np.int64))


def test_threads_do_not_disturb_each_other() -> None:
    column = pa.array(["cafe\u0301 au lait", "plain text", "癌 e\u0301"] * 300)
    expected = _rows(column)
    with ThreadPoolExecutor(4) as pool:
        assert all(found == expected for found in pool.map(_rows, [column] * 12))


@settings(deadline=None)
@given(st.binary(max_size=100))
def test_bytes_that_are_no_utf8_separate(noise: bytes) -> None:
    values = noise + b" \xff\xfeab\xc3"
    column = (np.array([0, len(values)]), values, True, 0, 1, lambda row: (b"", b""))
    _, starts, ends = _native.tokenise(column, np.empty(2, np.int64))
    assert all(
        0 <= start < end <= len(values)
        for start, end in zip(
            np.frombuffer(starts, np.uint32), np.frombuffer(ends, np.uint32), strict=True
        )
    )
