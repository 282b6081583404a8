"""norm-v1 by its reference: what is a token, and where it stands in the text that was given."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from medsmith.dedup.kernels import generate_tables
from medsmith.dedup.kernels.folding import fold, pieces
from medsmith.dedup.norm import tokens

SAME_UNICODE = pytest.mark.skipif(
    unicodedata.unidata_version != generate_tables.UNICODE_VERSION,
    reason="this Python knows another Unicode than the tables were written from",
)


def _words(text: str) -> list[str]:
    return [token.text for token in tokens(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Aspirin 1.5 mg", ["aspirin", "1", "5", "mg"]),
        ("BP<90 ±2%, 38°C", ["bp<", "90±", "2%", "38°", "c"]),
        ("38 ℃, ½ tablet, 5−3|2", ["38°", "c", "1", "2", "tablet", "5", "3", "2"]),
        ("ＡＢＣ１２％ straße ﬁn", ["abc12%", "strasse", "fin"]),
        ("50% 50 % 50 (%)", ["50%", "50%", "50%"]),
        ("P < 0.05; HER2+/ER- +", ["p<", "0", "05", "her2+", "er+"]),
        ("≥ 5, > =癌", ["≥", "5>=", "癌"]),
        ("癌+胃", ["癌+", "胃"]),
        ("± %", ["±%"]),
        ("a + \u0301 b+\u0301c", ["a+", "\u0301", "b+\u0301", "c"]),
        ("snake_case don't", ["snake", "case", "don", "t"]),
        ("肺炎のCT所見。", ["肺", "炎", "の", "ct", "所", "見"]),
        ("ยาแก้ปวด", ["ย", "า", "แ", "ก้", "ป", "ว", "ด"]),
        ("갑상선 암", ["갑상선", "암"]),
        ("Гипертония Ⅱ ст.", ["гипертония", "ii", "ст"]),
        ("5 µg 5 μg", ["5", "μg", "5", "μg"]),
        ("", []),
        ("…—\n\t\u200b", []),
    ],
)
def test_tokens_are_what_the_rules_say(text: str, expected: list[str]) -> None:
    assert _words(text) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("caf\u00e9", "cafe\u0301"),
        ("FIÈVRE", "fie\u0300vre"),
        ("が", "か\u3099"),
        ("ｶﾞｰｾﾞ", "ガーゼ"),
        ("각", "\u1100\u1161\u11a8"),
    ],
)
def test_composed_and_decomposed_texts_have_the_same_tokens(one: str, other: str) -> None:
    assert _words(one) == _words(other)


def test_places_are_in_the_text_that_was_given() -> None:
    text = "😀 ½ cafe\u0301, ㎎ (38 ℃)"
    assert [text[token.start : token.end] for token in tokens(text)] == [
        "½",
        "½",
        "cafe\u0301",
        "㎎",
        "38 ℃",
        "℃",
    ]


@settings(deadline=None)
@given(st.text("aÉ1<%≥癌,. "))
def test_symbols_add_no_word_and_part_none(text: str) -> None:
    symbols = "<%≥"
    words = [word.translate(dict.fromkeys(map(ord, symbols))) for word in _words(text)]
    blank = str.maketrans(symbols, " " * len(symbols))
    assert [word for word in words if word] == _words(text.translate(blank))


@settings(deadline=None)
@given(st.text())
def test_pieces_cover_the_text_and_join_to_its_folded_form(text: str) -> None:
    found = list(pieces(text))
    assert "".join(folded for _, _, folded in found) == fold(text)
    assert "".join(text[start:end] for start, end, _ in found) == text


@settings(deadline=None)
@given(st.text())
def test_tokens_of_the_folded_text_are_the_same(text: str) -> None:
    assert _words(fold(text)) == _words(text)


@SAME_UNICODE
@settings(deadline=None)
@given(st.text())
def test_tokens_hold_all_letters_digits_and_marks_of_the_folded_text(text: str) -> None:
    expected = [char for char in fold(text) if unicodedata.category(char)[0] in "LMN"]
    assert [
        char
        for char in "".join(_words(text))
        if generate_tables.kind(char) != generate_tables.SYMBOL
    ] == expected


@SAME_UNICODE
def test_the_tables_are_what_the_generator_writes() -> None:
    written = generate_tables.Path(generate_tables.__file__).with_name("norm_tables.h")
    assert written.read_text(encoding="ascii") == generate_tables.header()


def test_the_generator_refuses_another_unicode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate_tables.unicodedata, "unidata_version", "99.0.0")
    with pytest.raises(SystemExit, match=r"99\.0\.0"):
        generate_tables.main()


def test_characters_unknown_to_the_tables_separate_under_a_newer_python(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unknown = "\u0378"  # assigned in no version so far
    before = _words(f"a{unknown}b")
    monkeypatch.setattr(generate_tables.unicodedata, "unidata_version", "99.0.0")
    assert before == _words(f"a{unknown}b") == ["a", "b"]
