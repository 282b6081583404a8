"""No record of a benchmark disappears, and every item can be told from the others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from medsmith.builders.benchmarks import ItemRun, read_items
from medsmith.manifests import BenchmarkManifest
from medsmith.schema import RawFileError


def manifest(**fields: Any) -> BenchmarkManifest:
    return BenchmarkManifest.model_validate(
        {
            "name": "toy",
            "title": "Toy",
            "homepage": "https://example.org/",
            "citation": "Doe 2031.",
            "license": "MIT",
            "access": {"tier": "open", "how_to_get": "Make it up."},
            "languages": ["en"],
            "raw": [{"pattern": "*.jsonl", "format": "jsonl"}],
            "fields": {"id": "id", "question": "q", "answer": "a"},
            **fields,
        }
    )


def write(folder: Path, *rows: Any, name: str = "a.jsonl") -> Path:
    lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
    (folder / name).write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return folder


def test_bad_records_are_counted_with_their_places_and_not_their_text(tmp_path: Path) -> None:
    write(tmp_path, {"id": 1, "q": "one"}, "not json secret", ["secret"], {"id": 2}, {"q": "two"})
    run = ItemRun(manifest(), [tmp_path])
    assert [item.id for item in run] == ["1", "a.jsonl#L5"]
    assert run.ledger.to_json() == {
        "read": 5,
        "items": 2,
        "rejected": {"bad_value": 2, "malformed_record": 1},
        "skipped": {},
        "unresolved_answers": 0,
    }
    assert [problem.split(":")[0] for problem in run.problems] == [
        f"a.jsonl#L{line}" for line in (2, 3, 4)
    ]
    assert "secret" not in "".join(run.problems)


def test_a_copy_is_skipped_and_another_text_of_one_id_kept(tmp_path: Path) -> None:
    one, other = {"id": "x", "q": "one"}, {"id": "x", "q": "other"}
    write(tmp_path, one, other, one, other, {"id": "x", "q": "third"})
    run = ItemRun(manifest(), [tmp_path])
    assert [(item.id, item.question) for item in run] == [
        ("x", "one"),
        ("x~2", "other"),
        ("x~3", "third"),
    ]
    assert run.ledger.skipped == {"repeated": 2}
    assert run.ledger.adds_up


def test_several_folders_are_one_benchmark(tmp_path: Path) -> None:
    for name, rows in {"one": ["a", "b"], "two": ["b", "c"]}.items():
        (tmp_path / name).mkdir()
        write(tmp_path / name, *({"id": row, "q": row} for row in rows))
    found = [item.id for item in read_items(manifest(), tmp_path / "one", tmp_path / "two")]
    assert found == ["a", "b", "c"]


def test_a_prefix_keeps_subsets_apart(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text(
        json.dumps({"x": {"1": {"q": "one"}}, "y": {"1": {"q": "uno"}}}), "utf-8"
    )
    files = [
        {"pattern": "b.json", "format": "json", "records": part, "keyed": True, "prefix": part}
        for part in ("x", "y")
    ]
    found = manifest(raw=files, fields={"id": "$key", "question": "q"})
    assert [item.id for item in read_items(found, tmp_path)] == ["x/1", "y/1"]


def test_an_item_without_an_id_has_its_place_whatever_the_folder(tmp_path: Path) -> None:
    for folder in ("deep/er", "flat"):
        (tmp_path / folder).mkdir(parents=True)
        write(tmp_path / folder, {"q": folder})
    files = [{"pattern": "**/a.jsonl", "format": "jsonl", "prefix": "us"}]
    found = manifest(raw=files, fields={"question": "q"})
    for folder in ("deep", "flat"):
        assert [item.id for item in read_items(found, tmp_path / folder)] == ["us/a.jsonl#L1"]


def test_only_the_records_of_the_wanted_part_are_items(tmp_path: Path) -> None:
    write(tmp_path, {"q": "one", "part": "health"}, {"q": "two", "part": "law"}, {"q": "three"})
    run = ItemRun(manifest(fields={"question": "q", "only": {"part": "health"}}), [tmp_path])
    assert [item.question for item in run] == ["one"]
    assert run.ledger.skipped == {"other_part": 2}


def test_files_without_a_record_are_an_error(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(RawFileError, match="hold no records"):
        list(ItemRun(manifest(), [tmp_path]))


def test_reading_does_not_depend_on_the_order_of_folders_on_disk(tmp_path: Path) -> None:
    for name in ("z", "a", "m"):
        write(tmp_path, {"id": name, "q": name}, name=f"{name}.jsonl")
    assert [item.id for item in read_items(manifest(), tmp_path)] == ["a", "m", "z"]
