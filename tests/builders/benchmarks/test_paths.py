"""Dotted paths lead to what a manifest means by them."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from medsmith.builders.benchmarks.paths import element_value, resolve, texts

RECORD: dict[str, Any] = {
    "question": "what",
    "a.b": "dotted",
    "meta": {"qid": 7},
    "snippets": [{"text": "one"}, {"text": "two"}, {"other": 3}],
    "turns": [{"value": "first"}, {"value": "second"}],
    "options": {"A": "rest", "B": "wait"},
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("question", ["what"]),
        ("a.b", ["dotted"]),
        ("meta.qid", [7]),
        ("snippets.*.text", ["one", "two"]),
        ("snippets.text", ["one", "two"]),
        ("turns.1.value", ["second"]),
        ("turns.9.value", []),
        ("options.*", ["rest", "wait"]),
        ("nothing.there", []),
        ("question.deeper", []),
    ],
)
def test_a_path_is_resolved(path: str, expected: list[Any]) -> None:
    assert resolve(RECORD, path) == expected


def test_texts_opens_what_holds_texts_and_leaves_out_blanks() -> None:
    values = ["one ", None, {"x": "two", "y": ["", 3, 4.0, True]}]
    assert list(texts(values)) == ["one", "two", "3", "4", "true"]


def test_an_element_becomes_what_paths_lead_into() -> None:
    value = element_value(
        fromstring(
            '<q xmlns="urn:x" qid="T1"><s/><m>Is <b>it</b>?</m><r><a>one</a><a>two</a></r></q>'
        )
    )
    assert value["@qid"] == "T1"
    assert resolve(value, "r.a") == [["one", "two"]]
    assert resolve(value, "m.#text") == ["Is ?"]
    assert resolve(value, "m.b") == ["it"]
    assert list(texts(resolve(value, "s"))) == []
