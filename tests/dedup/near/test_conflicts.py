"""One input, one task, several outputs: reported, and nothing removed."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from medsmith.dedup.near.conflicts import find_conflicts
from medsmith.dedup.near.find import find_near_duplicates
from medsmith.schema import arrow


def _rows(*rows: tuple[str, str, str, int, int]) -> pa.Table:
    names = ("id", "source", "task", "input_digest", "output_digest")
    columns = list(zip(*rows, strict=True))
    kinds = [pa.string()] * 3 + [pa.uint64()] * 2
    arrays = [pa.array(c, t) for c, t in zip(columns, kinds, strict=True)]
    return pa.table(dict(zip(names, arrays, strict=True)))


def test_a_conflict_lists_the_smallest_id_of_each_output() -> None:
    table = _rows(
        ("d", "s", "t", 7, 1),
        ("c", "s", "t", 7, 2),
        ("b", "s", "t", 7, 1),
        ("a", "s", "t", 8, 3),
        ("e", "s", "u", 7, 4),
        ("f", "z", "t", 7, 5),
    )
    found = find_conflicts(table)
    assert found.schema.equals(arrow.CONFLICTS)
    assert found.to_pylist() == [
        {"task": "t", "ids": ["b", "c"], "input_digest": f"{7:016x}", "outputs": []}
    ]


def test_no_rows_have_no_conflicts() -> None:
    assert len(find_conflicts(_rows(("a", "s", "t", 1, 1)).slice(1))) == 0


def test_labels_that_differ_are_a_conflict_and_both_stay(invented: Any) -> None:
    question = invented.text(3)
    table = invented.table([question, question.upper() + "?"], ["yes", "no"])
    result = find_near_duplicates(table)
    assert len(result) == 0
    (conflict,) = result.conflicts.to_pylist()
    assert conflict["ids"] == ["i0000", "i0001"]
    assert conflict["outputs"] == ["yes", "no"]


def test_an_input_that_is_only_similar_makes_no_conflict(invented: Any) -> None:
    question = invented.text(3)
    table = invented.table([question, invented.edited(question, 1)], ["yes", "no"])
    result = find_near_duplicates(table)
    assert (len(result), len(result.conflicts)) == (0, 0)


def test_outputs_without_any_input_are_no_conflict(invented: Any) -> None:
    table = invented.table(["", " ", ""], [invented.text(n) for n in range(3)])
    result = find_near_duplicates(table)
    assert (len(result), len(result.conflicts)) == (0, 0)
