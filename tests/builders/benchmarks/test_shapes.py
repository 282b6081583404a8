"""Options in every form, cut questions, answers resolved among the options."""

from __future__ import annotations

from string import ascii_uppercase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from medsmith.builders.benchmarks.shapes import Shaped, UnfitError, shape_record, shape_text
from medsmith.manifests import BenchmarkFields, ItemShape

TEXT = st.text(st.characters(categories=("L", "N")), min_size=1)


def shaped(record: Any, **fields: Any) -> Shaped:
    return shape_record(record, BenchmarkFields(**{"question": "q", **fields}), "place")


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        (["rest", "wait"], {"options": "o"}),
        ({"A": "rest", "B": "wait"}, {"options": "o"}),
        ({"opa": "rest", "opb": "wait", "opc": None}, {"options": "o"}),
        ('["rest", "wait"]', {"options": "o"}),
        ('{"option1": "rest", "option2": "wait"}', {"options": "o"}),
        ([{"letter": "A", "content": "rest"}, {"content": "wait"}], {"options": "o.*.content"}),
        ({"a": "rest", "b": "wait"}, {"options": ["o.a", "o.b", "o.c"]}),
        ("A. rest\nB. wait", {"options": "o", "option_mark": r"(?:^|\n)[A-Z]\. "}),
        ("(A) rest (B) wait", {"options": "o", "option_mark": r"(?:^|\s)\([A-Z]\) "}),
        ("rest|wait", {"options": "o", "option_mark": r"\|"}),
    ],
)
def test_options_are_read_in_every_form(options: Any, fields: dict[str, Any]) -> None:
    assert shaped({"q": "what", "o": options}, **fields).item.options == ("rest", "wait")


def test_options_within_the_question_are_cut_out_of_it() -> None:
    item = shaped(
        {"q": "ask: what now\nA. rest\nB. wait"},
        pattern=r"(?s)ask: (?P<question>.*?)\n(?P<options>A\. .*)",
        option_mark=r"(?:^|\n)[A-Z]\. ",
    ).item
    assert (item.question, item.options) == ("what now", ("rest", "wait"))


def test_a_text_that_does_not_fit_the_pattern_is_unfit() -> None:
    with pytest.raises(UnfitError, match="pattern"):
        shaped({"q": "hello"}, pattern=r"ask: (?P<question>.*)")


@pytest.mark.parametrize(
    ("form", "answer", "expected"),
    [
        ("letter", "B", "wait"),
        ("letter", "b", "wait"),
        ("letter", "AC", "rest\nring"),
        ("letter", "a, c", "rest\nring"),
        ("letter", ["a", "c"], "rest\nring"),
        ("letter", "B: wait", "wait"),
        ("letter", "A. rest\nC. ring", "rest\nring"),
        ("letter", "(B) wait", "wait"),
        ("index", 0, "rest"),
        ("index", "2", "ring"),
        ("number", 3, "ring"),
        ("number", 3.0, "ring"),
        ("text", " wait ", "wait"),
        ("text", ["wait", "linger"], "wait"),
        ("label", "yes", ""),
        ("letter", None, ""),
    ],
)
def test_an_answer_is_resolved_among_the_options(form: str, answer: Any, expected: str) -> None:
    found = shaped(
        {"q": "what", "o": ["rest", "wait", "ring"], "a": answer},
        options="o",
        answer="a",
        answer_as=form,
    )
    assert found.item.answer == expected
    assert found.resolved


@pytest.mark.parametrize(
    ("form", "answer"), [("letter", "Z"), ("letter", "none"), ("index", -1), ("number", 9)]
)
def test_an_answer_that_names_no_option_is_unresolved(form: str, answer: Any) -> None:
    fields = {"options": "o", "answer": "a", "answer_as": form}
    found = shaped({"q": "what", "o": ["rest", "wait"], "a": answer}, **fields)
    assert found.item.answer == ""
    assert not found.resolved


def test_a_gap_among_option_columns_keeps_the_letters() -> None:
    fields = {"options": ["a", "b", "c"], "answer": "right", "answer_as": "letter"}
    item = shaped({"q": "what", "a": "rest", "b": "", "c": "ring", "right": "C"}, **fields).item
    assert item.options == ("rest", "ring")
    assert item.answer == "ring"


@pytest.mark.parametrize(
    ("answer", "expected"), [("option2", "wait"), ("option1, option3", "rest\nring")]
)
def test_keys_of_options_can_be_answers(answer: str, expected: str) -> None:
    options = {"option1": "rest", "option2": "wait", "option3": "ring"}
    fields = {"options": "o", "answer": "a", "answer_as": "letter"}
    assert shaped({"q": "what", "o": options, "a": answer}, **fields).item.answer == expected


@given(st.lists(TEXT, min_size=1, max_size=10, unique=True), st.data())
def test_letter_index_and_number_name_the_same_option(texts: list[str], data: Any) -> None:
    place = data.draw(st.integers(0, len(texts) - 1))
    for form, answer in (
        ("letter", ascii_uppercase[place]),
        ("letter", f"{ascii_uppercase[place]}: {texts[place]}"),
        ("index", place),
        ("number", place + 1),
    ):
        record = {"q": "what", "o": texts, "a": answer}
        item = shaped(record, options="o", answer="a", answer_as=form).item
        assert item.options == tuple(texts)
        assert item.answer == texts[place]


@pytest.mark.parametrize("record", [None, 3, "text", [], {}, {"q": "  "}, {"q": None}])
def test_a_record_without_text_is_unfit(record: Any) -> None:
    with pytest.raises(UnfitError):
        shaped(record)


def test_an_instance_is_cut_and_keeps_its_choices() -> None:
    item = shape_text(
        ItemShape(pattern=r"(?s)(?P<question>.*)\n\n(?P<options>A\. .*)", answer_as="letter"),
        key="id-1",
        text="what\n\nA. rest\nB. wait",
        choices=["rest", "wait"],
        answer="B: wait",
    ).item
    assert (item.id, item.question, item.options) == ("id-1", "what", ("rest", "wait"))
    assert item.answer == "wait"
