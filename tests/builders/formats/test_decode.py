"""One record of a foreign file: what it says, or why it says nothing."""

from __future__ import annotations

from typing import Any

import pytest
from medsmith.builders.formats import Exchange, LeftOutError, UnfitError, alpaca, decoder, sni
from medsmith.schema import RejectCode, SkipReason


def turn(role: str, content: Any) -> dict[str, Any]:
    return {"role": role, "content": content}


def said(speaker: str, value: Any) -> dict[str, Any]:
    return {"from": speaker, "value": value}


@pytest.mark.parametrize(
    ("format", "value", "wanted"),
    [
        ("sni", {"id": 7, "input": "q", "output": "a"}, Exchange(None, "q", "a", (), "7")),
        ("sni", {"input": "q", "output": ["", "a", "b", "a"]}, Exchange(None, "q", "a", ("b",))),
        ("alpaca", {"instruction": "do", "input": "q", "output": "a"}, Exchange("do", "q", "a")),
        ("alpaca", {"instruction": "what?", "output": "a"}, Exchange(None, "what?", "a")),
        (
            "messages",
            {"messages": [turn("user", "q"), turn("assistant", "a")]},
            Exchange(None, "q", "a"),
        ),
        (
            "messages",
            {"messages": [turn("system", "do"), turn("user", "q"), turn("assistant", "a")]},
            Exchange("do", "q", "a"),
        ),
        (
            "messages",
            {"messages": [turn("user", "do\n\nq"), turn("assistant", "a")], "instruction": "do"},
            Exchange("do", "q", "a"),
        ),
        (
            "messages",
            {"messages": [turn("user", [{"type": "text", "text": "q"}]), turn("assistant", "a")]},
            Exchange(None, "q", "a"),
        ),
        (
            "sharegpt",
            {"conversations": [said("human", "q"), said("gpt", "a")], "system": "do"},
            Exchange("do", "q", "a"),
        ),
    ],
)
def test_what_a_record_says(format: str, value: Any, wanted: Exchange) -> None:
    found = decoder(format)(value)
    assert found._replace(references=tuple(found.references)) == wanted


@pytest.mark.parametrize(
    ("format", "value", "reason"),
    [
        ("sni", {"input": "q", "output": ["", "  "]}, SkipReason.EMPTY_ANSWER),
        ("sni", {"input": " ", "output": "a"}, SkipReason.EMPTY_QUESTION),
        ("alpaca", {"instruction": "do", "input": "q", "output": ""}, SkipReason.EMPTY_ANSWER),
        ("alpaca", {"instruction": "", "output": "a"}, SkipReason.EMPTY_QUESTION),
        (
            "alpaca",
            {"instruction": "do", "output": "a", "history": [["q", "a"]]},
            SkipReason.OUT_OF_SCOPE,
        ),
        ("messages", {"messages": [turn("user", "q")]}, SkipReason.EMPTY_ANSWER),
        (
            "messages",
            {"messages": [turn("user", "q"), turn("assistant", "a")] * 2},
            SkipReason.OUT_OF_SCOPE,
        ),
        (
            "messages",
            {"messages": [turn("user", [{"type": "image_url"}]), turn("assistant", "a")]},
            SkipReason.NEEDS_IMAGE,
        ),
        ("messages", {"messages": [turn("tool", "x")]}, SkipReason.OUT_OF_SCOPE),
        ("sharegpt", {"conversations": [said("gpt", "hello")]}, SkipReason.OUT_OF_SCOPE),
    ],
)
def test_sound_records_of_another_kind_are_left_out(
    format: str, value: Any, reason: SkipReason
) -> None:
    with pytest.raises(LeftOutError) as caught:
        decoder(format)(value)
    assert caught.value.reason is reason


@pytest.mark.parametrize(
    ("format", "value", "code"),
    [
        ("sni", ["secret"], RejectCode.MALFORMED_RECORD),
        ("sni", {"input": "secret"}, RejectCode.MISSING_FIELD),
        ("sni", {"input": "secret", "output": [1]}, RejectCode.BAD_VALUE),
        ("sni", {"input": ["secret"], "output": "a"}, RejectCode.BAD_VALUE),
        ("alpaca", {"instruction": 5, "output": "secret"}, RejectCode.BAD_VALUE),
        ("alpaca", {"output": "secret"}, RejectCode.MISSING_FIELD),
        ("messages", {"messages": "secret"}, RejectCode.MISSING_FIELD),
        ("messages", {"messages": []}, RejectCode.MALFORMED_RECORD),
        ("messages", {"messages": ["secret"]}, RejectCode.MALFORMED_RECORD),
        ("messages", {"messages": [turn("user", {"a": "secret"})]}, RejectCode.BAD_VALUE),
        ("sharegpt", {"conversations": [{"from": "human"}]}, RejectCode.MISSING_FIELD),
        ("sharegpt", None, RejectCode.MALFORMED_RECORD),
    ],
)
def test_unfit_records_are_refused_without_quoting_them(
    format: str, value: Any, code: RejectCode
) -> None:
    with pytest.raises(UnfitError) as caught:
        decoder(format)(value)
    assert caught.value.code is code
    assert "secret" not in str(caught.value)


def test_a_header_is_told_in_our_words() -> None:
    found = sni.described(
        {
            "Definition": "Sum it up.",
            "Categories": ["Nonsense", "Text Summarization"],
            "Domains": "Academic Paper",
            "Input_language": ["Chinese"],
            "Output_language": ["Klingon"],
            "Split Type": "Test",
            "Instance License": ["MIT"],
            "URL": "https://example.org",
        }
    )
    assert found == {
        "definitions": ["Sum it up."],
        "category": "text_summarization",
        "domain": "academic_paper",
        "input_language": "zh",
        "split": "test",
        "licenses": ["MIT"],
        "urls": ["https://example.org"],
        "synthetic": False,
    }


@pytest.mark.parametrize("header", [{}, {"Definition": None}, {"Definition": [3, {}], "URL": 4}])
def test_a_poor_header_says_nothing(header: dict[str, Any]) -> None:
    found = sni.described(header)
    assert (found["definitions"], found["urls"], found["licenses"]) == ([], [], [])


def test_our_own_columns_and_ids_are_read_back() -> None:
    found = alpaca.decode(
        {"id": "a-1", "instruction": "do", "input": "q", "output": "a", "task": "t", "split": 3}
    )
    assert (found.id, dict(found.beside)) == ("a-1", {"task": "t"})
