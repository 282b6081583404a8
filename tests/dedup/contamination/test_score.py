"""What counts as a hit, of which kind, and where."""

from __future__ import annotations

from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lamp_items import (
    ITEMS,
    LONG_ANSWER,
    NOTE,
    PASSAGE,
    SHORT_STEM,
    VIGNETTE,
    find,
    kinds,
    table,
    with_options,
)
from medsmith.dedup.contamination import (
    Item,
    build_index,
    items_table,
    reduce_df,
    scan,
    score,
)
from medsmith.schema import arrow

VIGNETTE_ITEM, SHORT_ITEM, PASSAGE_ITEM, CJK_ITEM, GENERIC_ITEM = ITEMS


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.id)
def test_an_item_that_is_the_whole_input_is_exact(item: Item) -> None:
    assert ("r0", item.id, "exact") in kinds(table(with_options(item)))


def test_case_punctuation_lines_and_order_of_options_do_not_matter() -> None:
    shuffled = with_options(VIGNETTE_ITEM, (2, 0, 3, 1))
    rows = table(
        shuffled.upper(), shuffled.replace(",", " ;").replace(" ", "\n  "), f"«{VIGNETTE}»"
    )
    assert kinds(rows) == [("r0", "v1", "exact"), ("r1", "v1", "exact"), ("r2", "v1", "exact")]


def test_an_item_inside_a_long_note_is_a_question() -> None:
    rows = table(NOTE * 3 + with_options(VIGNETTE_ITEM) + NOTE * 3, f"Subject: exam\n\n{VIGNETTE}")
    assert kinds(rows) == [("r0", "v1", "question"), ("r1", "v1", "question")]


def test_one_changed_sentence_is_near() -> None:
    changed = VIGNETTE.replace(
        "He takes no medicine and drinks two glasses of cider each evening.",
        "His sister, a baker, has had the same trouble twice in the past ten years.",
    )
    assert kinds(table(changed)) == [("r0", "v1", "near")]


def test_the_first_part_of_a_stem_is_near() -> None:
    words = VIGNETTE.split()
    assert kinds(table(" ".join(words[: len(words) * 6 // 10]))) == [("r0", "v1", "near")]


def test_a_reworded_vignette_is_near() -> None:
    reworded = (
        VIGNETTE.replace("comes to the clinic", "presents to the clinic")
        .replace("burning pain", "a burning ache")
        .replace("each evening", "every evening")
        .replace("On examination there is", "Examination shows")
        .replace("light touch is painful", "light touch hurts")
        .replace("should be started", "is to be started")
    )
    assert kinds(table(reworded)) == [("r0", "v1", "near")]


def test_a_short_quotation_of_a_vignette_is_nothing() -> None:
    quoted = "Three weeks ago he moved forty hives to a mountain orchard"
    assert kinds(table(NOTE + quoted + ". " + NOTE)) == []


def test_a_short_stem_needs_its_answer_or_two_options() -> None:
    rows = table(
        NOTE + SHORT_STEM + " " + NOTE,
        NOTE + SHORT_STEM + " The ulnar nerve, or the median nerve? " + NOTE,
        "Please tell me: " + SHORT_STEM,
        outputs=["", "", "It is the radial nerve."],
    )
    assert kinds(rows) == [("r1", "s1", "question"), ("r2", "s1", "question")]


def test_a_generic_stem_counts_only_with_its_own_options() -> None:
    other = "Which statement is true?\nA. The moon is made of slate\nB. Rivers run to the hills"
    assert kinds(table(other, NOTE + other)) == []
    assert kinds(table(NOTE + with_options(GENERIC_ITEM))) == [("r0", "g1", "question")]


def test_a_short_stem_with_options_of_another_question_is_nothing() -> None:
    item = Item("x", "Which of these lamps burns longest on a calm night?", ("brass", "tin"), "tin")
    others = "A. the copper one\nB. the glass one\nC. none"
    assert not find(table(f"{item.question}\n{others}"), (item, *ITEMS))
    for row in (
        item.question,
        f"{item.question} It matters.",
        f"{item.question}\n1) tin\n2) brass",
    ):
        assert [hit["item_id"] for hit in find(table(row), (item, *ITEMS))] == ["x"]


def test_options_alone_are_nothing() -> None:
    rows = table("Valaciclovir, prednisone, colchicine, amoxicillin", "Answer: yes, no or maybe")
    assert kinds(rows) == []


def test_a_shared_passage_is_context_and_a_shared_answer_is_answer() -> None:
    rows = table("Summarise: " + PASSAGE, "What of herring?", outputs=["", LONG_ANSWER])
    assert kinds(rows) == [("r0", "p1", "context"), ("r1", "p1", "answer")]


def test_a_question_with_its_passage_is_stronger_than_the_passage() -> None:
    rows = table(PASSAGE + "\n" + PASSAGE_ITEM.question)
    assert kinds(rows) == [("r0", "p1", "exact")]


def test_an_item_without_a_question_is_its_passage() -> None:
    items = (Item("d1", "", passage=PASSAGE),)
    assert kinds(table("Read this. " + PASSAGE), items) == [("r0", "d1", "question")]


def test_a_question_asked_of_many_passages_needs_the_passage() -> None:
    question = "How many millilitres of water did the patient drink on the day of admission?"
    items = tuple(
        Item(f"d{i}", question, passage=f"{PASSAGE} The ward that day was number {i} of nine.")
        for i in range(5)
    )
    rows = table(f"{NOTE} {question}", f"{items[2].passage}\n{question}")
    hits = kinds(rows, items)
    assert all(row == "r1" for row, _, _ in hits)
    assert ("r1", "d2", "exact") in hits


def test_a_question_of_two_words_counts_with_its_passage() -> None:
    items = (Item("d1", "Explain calcidiol", passage=PASSAGE),)
    rows = table(f"{PASSAGE}\nExplain calcidiol", f"{PASSAGE} {NOTE}", "Explain calcidiol")
    assert kinds(rows, items) == [("r0", "d1", "question"), ("r1", "d1", "context")]


def test_a_question_is_found_where_its_words_were_used_before() -> None:
    question = "What is the mechanism of action of brivalol in winter?"
    before = "The mechanism of action of brivalol was studied. " * 3
    assert kinds(table(before + NOTE + question), (Item("q", question),)) == [
        ("r0", "q", "question")
    ]


def test_a_repeated_symbol_costs_no_time_and_proves_nothing() -> None:
    line = "= " * 3000
    items = (Item("q", line + "Which of these gauges stands highest today?"), VIGNETTE_ITEM)
    assert kinds(table(line + NOTE, VIGNETTE), items) == [("r1", "v1", "exact")]


def test_every_benchmark_that_owns_an_item_is_named() -> None:
    both = pa.concat_tables([items_table("lamp", ITEMS[:1]), items_table("oil", ITEMS[:1])])
    index = build_index(both)
    rows = table(VIGNETTE)
    hits = score(index, reduce_df(index, [scan(index, rows).counts], 2), rows)
    assert hits.schema == arrow.CONTAMINATION
    assert hits["benchmark"].to_pylist() == ["lamp", "oil"]


def test_spans_count_characters_of_the_original_text() -> None:
    before = "𝒜 note 🩺 — e\u0301tude ﬁve\n"
    rows = table(before + VIGNETTE + " 🩺", NOTE, outputs=["", before + CJK_ITEM.question])
    for hit, stem in zip(find(rows), (VIGNETTE, CJK_ITEM.question), strict=True):
        text = rows[hit["span_field"]][int(hit["id"][1:])].as_py()
        assert text[hit["span_start"] : hit["span_end"]] == stem.rstrip("?？")


def test_spaces_between_characters_do_not_hide_a_chinese_stem() -> None:
    spaced = " ".join(CJK_ITEM.question)
    assert kinds(table("測驗 " + spaced + " 請回答")) == [("r0", "z1", "question")]


def test_a_phrase_of_the_training_set_proves_nothing() -> None:
    opening = "In this task you are given a note from a village surgery and asked about bees"
    items = (Item("t1", opening + " or wasps"), VIGNETTE_ITEM)
    rows = table(*[f"{opening}. Number {i}" for i in range(150)], VIGNETTE)
    assert kinds(rows, items) == [("r150", "v1", "exact")]


def test_an_item_copied_many_times_still_counts() -> None:
    rows = table(*[f"{NOTE[: 20 + i]} {with_options(VIGNETTE_ITEM)}" for i in range(60)])
    assert len(kinds(rows)) == 60


words = st.text(st.sampled_from("abcdefghijklmnop"), min_size=3, max_size=9)
chunks = st.text(st.characters(exclude_categories=["Cs", "M"]), max_size=60)


@settings(max_examples=60, deadline=None)
@given(st.lists(words, min_size=8, max_size=40, unique=True), chunks, chunks)
def test_any_verbatim_stem_of_eight_words_is_found_in_any_text(
    stem: list[str], before: str, after: str
) -> None:
    question = " ".join(stem)
    hits = find(table(f"{before} and {question} and {after}"), (Item("x", question), *ITEMS))
    assert [hit["kind"] in ("exact", "question") for hit in hits if hit["item_id"] == "x"] == [True]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 7), max_size=6), st.randoms())
def test_hits_do_not_depend_on_how_rows_are_cut_into_tables(cuts: list[int], rng) -> None:
    texts = [with_options(item) for item in ITEMS] + [NOTE, NOTE + VIGNETTE, PASSAGE]
    rng.shuffle(texts)
    rows = table(*texts)
    index = build_index(items_table("lamp", ITEMS))
    places = [0, *sorted(cuts), len(texts)]
    parts = [rows.slice(start, end - start) for start, end in pairwise(places)]
    scans = [scan(index, part) for part in parts]
    telling = reduce_df(index, [each.counts for each in scans], sum(each.texts for each in scans))
    hits = pa.concat_tables(
        score(index, telling, part.take(pa.array(each.rows)))
        for part, each in zip(parts, scans, strict=True)
    )
    whole = scan(index, rows)
    again = score(index, reduce_df(index, [whole.counts], whole.texts), rows)
    assert hits.equals(again)
