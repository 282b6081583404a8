"""Pairs of one source meet within a task, those of different sources within a category."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from medsmith.dedup.near.find import find_near_duplicates
from medsmith.dedup.near.scopes import TaskScope, scopes_of

TASKS = [
    TaskScope("a", "a_x", "c"),
    TaskScope("a", "a_y", "c"),
    TaskScope("b", "b_x", "c"),
    TaskScope("b", "b_z", "d"),
]


def _meeting(tasks: list[TaskScope]) -> set[tuple[int, int]]:
    scopes = scopes_of(tasks)
    return {
        (i, j)
        for i, j in combinations(range(len(tasks)), 2)
        if scopes.compared[i]
        and scopes.compared[j]
        and scopes.families[i] == scopes.families[j]
        and (scopes.sources[i] != scopes.sources[j] or scopes.groups[i] == scopes.groups[j])
    }


@pytest.mark.parametrize(
    ("policy", "wanted"),
    [
        ("task", {(0, 2), (1, 2)}),
        ("category", {(0, 1), (0, 2), (1, 2)}),
        ("source", {(0, 1), (2, 3)}),
        ("none", set()),
    ],
)
def test_each_policy_has_its_pairs(policy: Any, wanted: set[tuple[int, int]]) -> None:
    tasks = [TaskScope(task.source, task.task, task.category, policy) for task in TASKS]
    assert _meeting(tasks) == wanted


def test_rows_of_one_task_meet_under_any_policy_but_none() -> None:
    for policy in ("task", "category", "source"):
        assert _meeting([TaskScope("a", "t", "c", policy)] * 2) == {(0, 1)}  # type: ignore[arg-type]


def test_the_same_sentence_asked_for_two_things_stays_twice(invented: Any, gone: Any) -> None:
    sentence = invented.text(1)
    columns = {
        "source": ["s", "s", "s", "z"],
        "task": ["s_who", "s_what", "s_who", "z_who"],
        "category": ["ner"] * 4,
    }
    table = invented.table([sentence, sentence, sentence.upper(), sentence], **columns)
    assert gone(find_near_duplicates(table)) == {"i0002": "i0000", "i0003": "i0000"}
