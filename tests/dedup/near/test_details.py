"""A code, a question or an option that differs keeps two similar inputs apart."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from medsmith.dedup.near import NearParams
from medsmith.dedup.near.details import codes_agree, lines_agree
from medsmith.dedup.near.find import find_near_duplicates

STORY = (
    "An invented patient came to the clinic with a cough that had lasted for several weeks and a "
    "mild fever in the evenings, was given a syrup and asked to come again after ten days."
)
FIRST, SECOND = np.array([0]), np.array([1])
ASKED = np.array([True])


def codes(a: str, b: str) -> bool:
    return bool(codes_agree(pa.array([a, b]), FIRST, SECOND, ASKED)[0])


def lines(a: str, b: str) -> bool:
    return bool(lines_agree(pa.array([a, b]), FIRST, SECOND, ASKED, NearParams())[0])


@pytest.mark.parametrize(
    ("a", "b", "agree"),
    [
        ("What is the disease type C?", "What is the disease type D?", False),
        ("What is the disease type C?", "What was the disease type C", True),
        ("Usher syndrome, type 1B", "Usher syndrome, type 1C", False),
        ("Collagen II or collagen III?", "Collagen II or collagen IV?", False),
        ("What is tea?", "What was tea?", True),
        ("", "", True),
        ("Vitamin D", "vitamin", False),
    ],
)
def test_codes_are_capitals_that_stand_alone_and_roman_numerals(
    a: str, b: str, agree: bool
) -> None:
    assert codes(a, b) is agree


@pytest.mark.parametrize(
    ("a", "b", "agree"),
    [
        (f"{STORY}\nDrug: TMP", f"{STORY}\nDrug: SMX", False),
        (f"{STORY}\n\nDrug: TMP", f"{STORY.upper()}\ndrug - tmp", True),
        (f"{STORY}\nDrug: TMP", STORY, False),
        (STORY, STORY.replace("cough", "couch"), True),
        (f"{STORY}\nDid the fever go after ten days?", f"{STORY}\nWas the syrup any good?", False),
        (f"{STORY}\nWas this syrup any good?", f"{STORY}\nWas the syrup any good?", True),
        ("No patients died.", "Two patients died.", False),
        ("", "", True),
        (" ".join([STORY] * 3), " ".join([STORY] * 3).replace("evenings", "mornings"), True),
    ],
)
def test_lines_are_equal_or_long_and_similar(a: str, b: str, agree: bool) -> None:
    assert lines(a, b) is agree


def test_who_is_not_asked_agrees() -> None:
    column = pa.array(["type C\nA", "type D\nB", None])
    none = np.zeros(2, np.bool_)
    a, b = np.array([0, 1]), np.array([1, 2])
    assert codes_agree(column, a, b, none).all()
    assert lines_agree(column, a, b, none, NearParams()).all()


def _removed(output: str, *inputs: str) -> int:
    table = pa.table({"input": list(inputs), "output": [output] * len(inputs)})
    return len(find_near_duplicates(table, threshold=0.7))


def test_questions_on_one_text_with_the_same_short_answer_stay() -> None:
    asked = [f"{STORY}\nQuestion: {q}" for q in ("Was there a fever?", "Was a syrup given?")]
    assert _removed("yes", *asked) == 0
    assert _removed("yes", asked[0], asked[0].replace("mild", "light")) == 1


def test_a_long_answer_or_none_asks_nothing_of_the_lines() -> None:
    texts = (f"{STORY}\nSigned: B", f"{STORY}\nSigned: C")
    assert _removed(STORY, *texts) == 1
    assert _removed("", *texts) == 1
