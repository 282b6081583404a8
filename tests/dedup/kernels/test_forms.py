"""Forms compare by the values of their fields, with whole numbers."""

from __future__ import annotations

from unicodedata import normalize

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from medsmith.dedup.kernels import numeric_values, similarities, sketch, structured_sets

TRIAGE = "Temperature: {}; Heart rate: {}; Blood pressure: {}; Chief complaint: {}"


def _jaccard(one: str, other: str) -> float:
    sets, forms = structured_sets(pa.array([one, other]))
    assert forms.all()
    return float(similarities(sets, np.array([0]), sets, np.array([1]))[0][0])


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        (TRIAGE.format(98.2, 80, "120/80", "chest pain"), 4),
        ("Name: Ana\nAge: 54\n\nSex: F\n", 3),
        ("Temp: 98.2, HR: 80, BP: 120/80", 3),
        ("HR: 80 | RR: 16 | SpO2: 97%", 3),
        ("性别：女；年龄：54；诊断：肺炎", 3),
        ("Triage form\nAge: 54\nSex: F\nAllergies:\n", 4),
    ],
)
def test_forms_have_an_element_for_each_field_and_line(text: str, fields: int) -> None:
    sets, forms = structured_sets(pa.array([text]))
    assert (forms.tolist(), sets.sizes.tolist()) == ([True], [fields])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Age: 54; Sex: F",
        "The visit was at 10:30, then at 11:30, then at 12:30.",
        "http://one.example\nhttp://two.example\nhttp://three.example",
        "He said: no.\nShe left.\nThey called back: yes.\nNothing: came of it.\nEnd.\nX.",
        "\n".join(f"{head}: {'We measured many things in many people. ' * 4}" for head in "ABCD"),
    ],
)
def test_prose_is_no_form(text: str) -> None:
    sets, forms = structured_sets(pa.array([text]))
    assert (forms.tolist(), sets.sizes.tolist()) == ([False], [0])


def test_another_value_of_one_field_changes_one_element() -> None:
    one = TRIAGE.format(98.2, 80, "120/80", "chest pain")
    assert _jaccard(one, TRIAGE.format(98.2, 81, "120/80", "chest pain")) == 3 / 5


def test_case_blanks_width_and_punctuation_make_no_difference() -> None:
    one = TRIAGE.format(98.2, 80, "120/80", "chest pain")
    other = (
        "TEMPERATURE : 98.2;\nHeart  Rate:８０; blood-pressure: 120/80; Chief complaint: Chest Pain"
    )
    assert _jaccard(one, other) == 1


def test_symbols_belong_to_the_values_of_fields() -> None:
    one = TRIAGE.format("> 38 °C", 80, 1, "x")
    assert _jaccard(one, TRIAGE.format(">38°C", 80, 1, "x")) == 1
    assert _jaccard(one, TRIAGE.format("< 38 °C", 80, 1, "x")) == 3 / 5
    assert _jaccard(one, TRIAGE.format("38 °C", 80, 1, "x")) == 3 / 5


@pytest.mark.parametrize("other", ["98 2", "982", "-98.2", "98.20"])
def test_numbers_are_whole(other: str) -> None:
    assert _jaccard(TRIAGE.format(98.2, 80, 1, "x"), TRIAGE.format(other, 80, 1, "x")) < 1


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1.5 mg twice", "twice 1,5 mg", True),
        ("1,000 units", "1000 IU", True),
        ("T2N0", "stage 2 of 0", True),
        ("２ kg", "2 kg", True),
        ("1.5", "1 5", False),
        ("-2", "2", False),
        ("5-10", "5 to 10", True),
        ("2 and 2", "2", False),
        ("none", "", True),
    ],
)
def test_numbers_of_texts_compare_as_multisets(one: str, other: str, same: bool) -> None:
    sets = numeric_values(pa.array([one, other]))
    assert np.array_equal(sets[0], sets[1]) == same


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_numbers_makes_no_difference(numbers: list[int], random: object) -> None:
    shuffled = list(numbers)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    sets = numeric_values(pa.array([" ".join(map(str, numbers)), " and ".join(map(str, shuffled))]))
    assert sets.sizes.tolist() == [len(numbers)] * 2
    assert np.array_equal(sets[0], sets[1])


def test_texts_whose_characters_join_are_folded_first() -> None:
    composed = "Prénom: Zoé; Âge: 54; Sexe: F"
    decomposed = "Pre\u0301nom: Zoe\u0301; A\u0302ge: 54; Sexe: F"
    assert _jaccard(composed, decomposed) == 1


def test_a_small_change_in_a_long_value_leaves_most_of_it() -> None:
    story = " ".join(f"word{number}" for number in range(100))
    one = TRIAGE.format(98.2, 80, 1, story)
    assert _jaccard(one, one.replace("word50", "word")) > 0.85
    assert _jaccard(one, TRIAGE.format(98.2, 80, 1, story.upper())) == 1
    assert _jaccard(one, TRIAGE.format(98.2, 80, 1, " ".join(reversed(story.split())))) < 0.1


@settings(deadline=None)
@given(st.text("abé癌 :：;|,.-\n019\u0301", max_size=80))
def test_case_and_composition_make_no_difference_to_any_text(text: str) -> None:
    spellings = [text, text.upper(), normalize("NFD", text), normalize("NFC", text)]
    for make in (lambda column: structured_sets(column)[0], numeric_values):
        sets = make(pa.array(spellings))
        assert all(np.array_equal(sets[0], sets[row]) for row in range(len(spellings)))


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["Age: 54", "a：b", "Ж: é", "word", "10:30", ", ", "; ", "\n", "|"]))
    | st.lists(st.characters(exclude_categories=("Cs",)))
)
def test_sketches_tell_of_every_form_that_it_may_be_one(parts: list[str]) -> None:
    column = pa.array(["".join(parts)])
    assert sketch(column, 1).formlike[0] or not structured_sets(column)[1][0]


def test_sketches_tell_of_prose_that_it_is_no_form() -> None:
    assert sketch(pa.array(["No colon here.", "One: here.", None]), 1).formlike.tolist() == [0] * 3
