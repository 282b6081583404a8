"""What stock phrases, templates, shared openings and names do not prove."""

from __future__ import annotations

import pytest
from lamp_items import ITEMS, NOTE, Item, kinds, table

STOCK = "Parmi ces propositions, une seule est fausse, laquelle ?"
STOCK_ITEM = Item(
    "f1",
    STOCK,
    ("Les phares brillent au nord", "Les lampes aiment le colza", "Les mouettes lisent le soir"),
    "Les mouettes lisent le soir",
)


@pytest.mark.parametrize(
    "between", ["", "Au sujet des ruches de montagne :", "Dans un verger, on observe :"]
)
def test_a_stock_stem_before_other_options_is_nothing(between: str) -> None:
    others = "A. Du miel\nB. De la cire\nC. Du pollen\nD. Des faux bourdons"
    items = (STOCK_ITEM, *ITEMS)
    assert kinds(table(f"{STOCK} {between}\n{others}"), items) == []
    own = "\n".join(f"{mark}. {text}" for mark, text in zip("ABC", STOCK_ITEM.options, strict=True))
    assert [item for _, item, _ in kinds(table(f"{STOCK} {between}\n{own}"), items)] == ["f1"]


def test_a_stem_of_few_telling_words_needs_its_own_options_or_answer() -> None:
    common = [
        f"Parmi ces propositions, une seule est juste : ruche {i}, ou non." for i in range(40)
    ]
    common += [f"De deux lampes une seule est fausse, dit le gardien {i}." for i in range(40)]
    rows = table(
        *common,
        f"{NOTE} {STOCK} Le miel est doux. La cire fond. Le pollen colle.",
        f"{NOTE} {STOCK} {'. '.join(STOCK_ITEM.options)}.",
        f"{NOTE} {STOCK}",
        outputs=["" for _ in range(82)] + [STOCK_ITEM.answer],
    )
    hits = kinds(rows, (STOCK_ITEM, *ITEMS))
    assert hits == [("r81", "f1", "question"), ("r82", "f1", "question")]


def test_a_stem_completed_by_an_option_of_another_question_is_nothing() -> None:
    options = ("They rust in salty air", "They are lit at dusk", "They please the gulls")
    item = Item("x", "Which claim does not fit ship lamps made of brass?", options)
    other = (
        "Which claim does not fit ship lamps at sea?\nA. They can be made of brass\n"
        "B. They are lit at dusk\nC. They need an hour of care"
    )
    assert kinds(table(other), (item, *ITEMS)) == []


DIALOGUE = (
    "Keeper: Are there any great worries about oil that I ought to hear of? "
    "Visitor: What exactly do you mean by that, keeper? Keeper: Well, it might be anything from a "
    "cracked pane to {} Visitor: {}"
)
DIALOGUE_ITEM = Item(
    "d1",
    DIALOGUE.format(
        "stolen wicks. ",
        "Ah yes, my aunt in the harbour has lost two copper cans since Easter, blames gulls.",
    ),
    answer="The aunt has lost two cans.",
)


def test_the_opening_that_dialogues_share_is_nothing() -> None:
    other = DIALOGUE.format("damp.", "No, all burns well with us. The winter was mild.")
    other = other.replace("any great worries", "worries")
    assert kinds(table(other), (DIALOGUE_ITEM, *ITEMS)) == []


def test_a_dialogue_with_one_sentence_changed_is_near() -> None:
    changed = DIALOGUE_ITEM.question.replace(
        "What exactly do you mean by that, keeper?", "How am I to take this?"
    )
    assert kinds(table(changed), (DIALOGUE_ITEM, *ITEMS)) == [("r0", "d1", "near")]


def test_a_name_at_the_end_of_a_text_does_not_stand_for_the_stem_that_begins_with_it() -> None:
    stem = "The brass and copper lamp oil gauge QX7 shows a falling mark whenever strong winds blow"
    item, words = Item("n1", stem), stem.split()
    assert kinds(table(f"{NOTE} He sold {' '.join(words[:8])}."), (item, *ITEMS)) == []
    for least in (10, 12):
        rows = table(f"{NOTE} He says: {' '.join(words[:least])}.")
        assert kinds(rows, (item, *ITEMS)) == [("r0", "n1", "near")]


def test_the_short_answer_of_another_case_does_not_bear_out_a_template() -> None:
    question = "What is the mended wick index of the visitor in tenths of a dram?"
    items = tuple(
        Item(f"t{i}", question, answer=f"{i}.5", passage=f"{NOTE} That was lamp {i} of {i + 40}.")
        for i in range(4, 9)
    )
    worked = f"{question} His lamp held 7.5 drams at noon and his wick was four years old."
    assert kinds(table(worked), items) == []
    assert ("r0", "t7", "exact") in kinds(table(f"{items[3].passage}\n{question}"), items)
