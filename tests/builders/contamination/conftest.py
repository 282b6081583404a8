"""An invented exam: long stems, short ones, options, and one question in Chinese."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from medsmith.dedup.contamination import Item

VIGNETTE = (
    "A 41-year-old lighthouse keeper is brought to the clinic because of a trembling left eyelid "
    "that began after a storm. He has slept badly since the lamp was replaced. The eyelid rests "
    "when he hums. Examination shows a small scar above the brow. Which of the following explains "
    "the trembling best?"
)
EXAM = (
    Item(
        "lamp",
        VIGNETTE,
        ("Lack of sleep in a bright room", "An old splinter of glass", "Humming too seldom"),
        "Lack of sleep in a bright room",
    ),
    Item(
        "orchid",
        "Which of the following is the usual remedy for orchid pickers' thumb?",
        ("Warm barley compress", "Tincture of slate", "A wooden splint"),
        "Warm barley compress",
    ),
    Item(
        "ink",
        "Name the ferment of blue ink disease.",
        ("Calamarase", "Atramentase", "Pennase"),
        "Atramentase",
    ),
    Item(
        "tea",
        "患者每天清晨在茶园里工作三小时，近两周出现右手拇指蓝色斑点并伴有轻微瘙痒，最可能的原因是什么？",
        ("采茶时的植物汁液", "新手套的染料", "山上的寒风"),
        "新手套的染料",
    ),
)


@pytest.fixture
def exam() -> tuple[Item, ...]:
    return EXAM


@pytest.fixture
def as_upstream() -> Callable[[Item], dict[str, Any]]:
    """Write an item as the upstream of `medqa_us_4options` does."""

    def write(item: Item) -> dict[str, Any]:
        options = dict(zip("ABCD", item.options, strict=False))
        return {"question": item.question, "options": options, "answer": item.answer}

    return write


@pytest.fixture
def as_record() -> Callable[[Item], dict[str, str]]:
    """Make a raw record of the toy source that holds an item."""

    def make(item: Item) -> dict[str, str]:
        return {"question": "\n".join([item.question, *item.options]), "answer": item.answer}

    return make
