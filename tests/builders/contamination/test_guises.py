"""Every guise changes an item as its name says, and always in the same way."""

from __future__ import annotations

import subprocess
import sys

import pytest
from medsmith.builders.contamination.guises import (
    GUISES,
    Row,
    clean_row,
    dress,
    is_bare,
    is_short,
    language_of,
    tokens,
)
from medsmith.dedup.contamination import Item

Exam = tuple[Item, ...]


def worn(item: Item, guise: str, **more: bool) -> Row:
    found = dress(item, guise, 0, ("en",), **more)
    assert found is not None, guise
    return found


def words(text: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in text.casefold()).split()


def test_there_are_eleven() -> None:
    assert len(GUISES) == 11


@pytest.mark.parametrize("guise", ["case_and_punctuation", "rewrapped"])
def test_the_words_stay_where_only_their_looks_change(exam: Exam, guise: str) -> None:
    for item in exam[:3]:
        plain, other = worn(item, "verbatim"), worn(item, guise)
        assert words(other.input) == words(plain.input)
        assert other.input != plain.input


def test_shuffled_options_are_the_same_in_another_order(exam: Exam) -> None:
    lines = worn(exam[0], "options_shuffled").input.removeprefix(exam[0].question).strip()
    options = [line.partition(" ")[2] for line in lines.splitlines()]
    assert sorted(options) == sorted(exam[0].options)
    assert tuple(options) != exam[0].options
    assert (
        dress(Item("1", "How is it with one option only?", ("Yes",)), "options_shuffled", 0) is None
    )


def test_the_first_part_is_a_beginning_of_the_stem(exam: Exam) -> None:
    part = worn(exam[0], "first_part").input
    assert exam[0].question.startswith(part)
    assert 0.5 < tokens(part) / tokens(exam[0].question) <= 0.6
    assert dress(exam[2], "first_part", 0) is None


def test_one_sentence_is_changed_and_no_other(exam: Exam) -> None:
    old = exam[0].question.replace("? ", "?|").replace(". ", ".|").split("|")
    text = worn(exam[0], "sentence_changed").input
    assert sum(sentence not in text for sentence in old) == 1
    assert dress(exam[1], "sentence_changed", 0) is None


def test_a_paraphrase_keeps_most_words(exam: Exam) -> None:
    old, new = set(words(exam[0].question)), set(words(worn(exam[0], "paraphrase").input))
    assert old != new
    assert len(old & new) >= 0.75 * len(old)


def test_a_note_surrounds_the_item_in_its_language(exam: Exam) -> None:
    for item in (exam[0], exam[3]):
        text = worn(item, "inside_note").input
        assert item.question in text
        assert not text.startswith(item.question)
    assert language_of(exam[3].question, ("en",)) == "zh"
    assert language_of("Что это такое?", ("en",)) == "ru"
    assert language_of("これは何か。") == "ja"
    assert language_of("¿Qué es esto?", ("es", "en")) == "es"


def test_only_unspaced_scripts_are_spaced_out(exam: Exam) -> None:
    spaced = worn(exam[3], "cjk_spacing").input
    assert spaced.replace(" ", "").startswith(exam[3].question)
    assert " " in spaced
    assert dress(exam[0], "cjk_spacing", 0) is None


def test_a_question_that_is_nobody_s_own_comes_with_its_passage() -> None:
    item = Item("1", "What is the score?", passage="The keeper scored nine of eleven points.")
    assert is_bare(item)
    assert is_short(item)
    assert item.passage in worn(item, "subject_line", bound=True).input
    assert dress(item, "stem_only", 0, bound=True) is None
    bare = Item("2", "What is the score?")
    assert dress(bare, "inside_note", 0, bound=True) is None
    assert dress(bare, "verbatim", 0, bound=True) is not None


def test_a_stem_of_a_few_words_never_stands_without_answer_or_options() -> None:
    for question, alone in (
        ("Which lamp burns longest on calm nights?", False),
        ("Which lamp of these burns longest on calm nights?", True),
        ("夜間作業後視力減弱的最可能原因是", True),
        ("夜間視力減弱的原因是", False),
    ):
        assert (dress(Item("1", question), "stem_only", 0) is not None) == alone, question


def test_guises_are_the_same_in_another_process(exam: Exam) -> None:
    code = (
        "from medsmith.builders.contamination.guises import GUISES, clean_row, dress\n"
        "from medsmith.dedup.contamination import Item\n"
        f"item = {exam[0]!r}\n"
        "print([dress(item, guise, 3) for guise in GUISES], clean_row(5, 3))"
    )
    other = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    here = [dress(exam[0], guise, 3) for guise in GUISES]
    assert other.stdout.strip() == f"{here} {clean_row(5, 3)}"


def test_clean_rows_differ_and_hold_stock_phrases() -> None:
    rows = [clean_row(number, 0) for number in range(60)]
    assert len(set(rows)) == 60
    assert any("Which of the following" in row.input for row in rows)
