"""A document, patient or text that stands in train and in test is told of, and leaves train."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from medsmith.builders.engine import make_engine
from medsmith.builders.explain import explain
from medsmith.builders.parquet import read_table
from medsmith.builders.release.verify import open_release, verify
from medsmith.builders.stage_dir import inventory, read_marker
from medsmith.manifests.policies import ContaminationPolicy
from medsmith.schema import DataError

LONG = "A letter of some length about a garden, a dog and a missing umbrella."


def record(question: str, split: str = "train", **more: Any) -> dict[str, Any]:
    return {"question": question, "answer": f"Answer to {question}", "split": split, **more}


RECORDS = (
    *(record(f"What is drug {n}?") for n in range(30)),
    record("Where did the patient sit?", group="p1"),
    record("When did the patient leave?", "test", group="p1"),
    record("Which hat was worn?", "validation", group="p1"),
    record("Who came along?", group="p2"),
    record("Who stayed behind?", "validation", group="p2"),
    record("Same  QUESTION?", answer="One."),
    record("same question?", "test", answer="Another."),
)


def policy(action: str) -> dict[str, Any]:
    return {"contamination": ContaminationPolicy(benchmarks=(), cross_split=action)}


def table(toys: Any, unit: str = "toy") -> list[dict[str, Any]]:
    rows = read_table(toys.out / unit / "cross_split" / "cross_split.parquet").to_pylist()
    return [{k: v for k, v in row.items() if k not in ("id", "other_id")} for row in rows]


def meetings(toys: Any, unit: str = "toy") -> dict[tuple[str, ...], int]:
    marker = read_marker(toys.out / unit / "cross_split")
    assert marker is not None
    return {
        (m["source"], m["split"], m["other_split"], m["kind"]): m["instances"]
        for m in marker["report"]["meetings"]
    }


def released(release: Path, split: str = "train") -> set[str]:
    files = sorted((release / "data").rglob(f"{split}-*.parquet"))
    return {text for file in files for text in read_table(file, ["input"])["input"].to_pylist()}


def test_train_instances_of_a_tested_document_or_text_go(toys: Any) -> None:
    toys.add("toy", RECORDS)
    release = toys.release("toy", **policy("remove"))
    assert meetings(toys) == {
        ("toy", "train", "test", "group"): 1,
        ("toy", "train", "test", "text"): 1,
        ("toy", "train", "validation", "group"): 1,
        ("toy", "validation", "test", "group"): 1,
    }
    assert {"Where did the patient sit?", "Same  QUESTION?"} & released(release) == set()
    assert "Who came along?" in released(release)
    assert len(released(release, "test")) == 2
    assert len(released(release, "validation")) == 2
    assert [p for found in verify(open_release(release)) for p in found.problems] == []


def test_evidence_and_explain_name_what_was_met(toys: Any) -> None:
    toys.add("toy", RECORDS)
    release = toys.release("toy", **policy("remove"))
    rows = read_table(release / "evidence" / "cross_split.parquet").to_pylist()
    assert len(rows) == 4
    gone = next(row for row in rows if row["kind"] == "text")
    found = explain(release, gone["id"])
    assert found.fate == "removed: cross_split"
    assert found.verdicts["cross_split"] == [gone]


def test_reporting_removes_nothing(toys: Any) -> None:
    toys.add("toy", RECORDS)
    release = toys.release("toy", **policy("report"))
    assert len(meetings(toys)) == 4
    assert "Where did the patient sit?" in released(release)


def test_stopping_names_ids_and_what_to_do(toys: Any) -> None:
    toys.add("toy", RECORDS)
    with pytest.raises(DataError, match=r"2 train instances share .* toy-[0-9a-f]{20}") as stopped:
        toys.release("toy", **policy("stop"))
    assert "cross_split" in stopped.value.cure
    toys.write("toy", RECORDS[:30])
    toys.release("toy", **policy("stop"))


def test_groups_are_a_source_s_own_while_long_texts_meet_across_sources(toys: Any) -> None:
    toys.add("toy", [record(LONG), record("Where?", group="p1"), record("Short text?")])
    toys.add(
        "other",
        [
            record(LONG.upper(), "test", answer="Elsewhere."),
            record("When?", "test", group="p1"),
            record("Short text?", "test", answer="Elsewhere."),
        ],
    )
    toys.release("toy", "other", **policy("remove"))
    assert meetings(toys, "rel") == {("toy", "train", "test", "text"): 1}


def test_without_test_or_validation_nothing_is_met(toys: Any) -> None:
    toys.add("toy", [record("Where?", group="p1"), record("When?", group="p1")])
    toys.release("toy")
    assert meetings(toys) == {}


def test_the_bytes_are_the_same_for_any_number_of_workers(toys: Any) -> None:
    toys.add("toy", RECORDS)
    toys.add("other", [record(f"{LONG} {n % 7}", ("train", "test")[n % 2]) for n in range(40)])
    one = inventory(toys.release("toy", "other", **policy("remove")).parent / "cross_split")
    two = toys.elsewhere("again")
    two.engine = make_engine(2)
    try:
        release = two.release("toy", "other", **policy("remove"))
    finally:
        two.engine.close()
    parts = inventory(release.parent / "cross_split")
    assert parts["cross_split.parquet"] == one["cross_split.parquet"]
    assert parts["removals.parquet"] == one["removals.parquet"]
