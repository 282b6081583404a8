"""Imports: foreign files become a release like any other, whatever is wrong with them."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.dataset as pads
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from medsmith.builders.cli import main
from medsmith.builders.export import export
from medsmith.builders.formats import NAMES
from medsmith.builders.importing import scan as scanning
from medsmith.builders.release.gate import refusals
from medsmith.builders.release.verify import open_release, verify

HEADER = {
    "Contributors": "Doe",
    "Source": "Toy",
    "URL": "https://example.org/toy",
    "Categories": ["Text Summarization"],
    "Definition": ["Sum up the question."],
    "Input_language": ["English"],
    "Output_language": ["English"],
    "Domains": ["Academic Paper"],
    "Positive Examples": [],
    "Negative Examples": [],
}


def instances(n: int, start: int = 0) -> list[dict[str, Any]]:
    return [
        {"id": f"t-{i}", "input": f"Question number {i}?", "output": [f"Answer {i}."]}
        for i in range(start, start + n)
    ]


class Importer:
    """Runs `medsmith import` in this process and reads what came out."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def file(self, name: str, value: Any) -> Path:
        path = self.root / "theirs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(value, str):
            path.write_text(value)
        elif ".jsonl" in name:
            path.write_text("".join(json.dumps(row) + "\n" for row in value))
        else:
            path.write_text(json.dumps(value, indent=1))
        return path

    def run(self, *args: object, key: str = "theirs") -> Any:
        out = self.root / "build"
        wanted = ["import", *map(str, args), "--name", key, "--out", str(out), "--workers", "1"]
        return CliRunner().invoke(main, [*wanted, "--json"])

    def __call__(self, *args: object, key: str = "theirs") -> dict[str, Any]:
        done = self.run(*args, key=key)
        assert done.exit_code == 0, done.output
        found: dict[str, Any] = json.loads(done.stdout)
        findings = verify(open_release(Path(found["release"])))
        assert [problem for finding in findings for problem in finding.problems] == []
        return found

    def samples(self, key: str = "theirs") -> list[dict[str, Any]]:
        data = self.root / "build" / key / "release" / "data"
        rows: list[dict[str, Any]] = pads.dataset(data).to_table().to_pylist()
        return rows

    def records(self, key: str = "theirs") -> dict[str, Any]:
        manifest = json.loads((self.root / "build" / key / "release" / "manifest.json").read_text())
        found: dict[str, Any] = manifest["sources"][key]["records"]
        return found


@pytest.fixture
def importer(tmp_path: Path) -> Importer:
    return Importer(tmp_path)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("system", [False, True])
def test_an_export_comes_back_with_its_texts_splits_and_ids(
    built: Any, importer: Importer, name: str, system: bool
) -> None:
    release = open_release(built.out / "toy")
    out = importer.root / "exported"
    export(release, name, out, with_metadata=True, system=system)
    importer(out)
    rows = pads.dataset(release.home / "data").to_table().to_pylist()
    upstream = [json.loads(row["metadata"])["upstream"]["id"] for row in importer.samples()]
    assert sorted(upstream) == sorted(row["id"] for row in rows)

    def told(row: dict[str, Any]) -> tuple[Any, ...]:
        task = row["task"].removeprefix("theirs_")
        return row["input"], row["output"], row["split"], task, row["category"], row["domain"]

    assert sorted(map(told, importer.samples())) == sorted(map(told, rows))
    ours = {row["instruction"] for row in rows}
    assert {row["instruction"] for row in importer.samples()} <= ours


def test_task_files_keep_their_definitions_category_and_ids(importer: Importer) -> None:
    path = importer.file("task12_toy.json", {**HEADER, "Instances": instances(5)})
    found = importer(path)
    assert found["tasks"] == ["theirs_task12_toy"]
    rows = importer.samples()
    assert {row["instruction"] for row in rows} == {"Sum up the question."}
    assert {(row["category"], row["domain"]) for row in rows} == {
        ("text_summarization", "academic_paper")
    }
    assert {json.loads(row["metadata"])["upstream"]["id"] for row in rows} == {
        f"t-{i}" for i in range(5)
    }


def test_what_upstream_files_get_wrong_is_taken_or_counted(importer: Importer) -> None:
    broken = [
        {"input": "No id and a text for output?", "output": "Yes."},
        {"id": 3, "input": "Several outputs?", "output": ["One.", "Two."]},
        {"id": "b", "input": "Blank output?", "output": [" "]},
        {"id": "c", "input": "", "output": ["No question."]},
        {"id": "d", "input": "No output?"},
        {"id": "e", "input": ["A list"], "output": "x"},
        {"id": "f", "input": "Numbers?", "output": [1, 2]},
        "no object",
    ]
    value = {**HEADER, "Definition": "One text, no list.", "Instances": [*instances(6), *broken]}
    importer(importer.file("task1_toy.json", value))
    records = importer.records()
    assert records["read"] == 14 and records["converted"] == 8
    assert records["rejected"] == {"bad_value": 2, "malformed_record": 1, "missing_field": 1}
    assert records["skipped"] == {"empty_answer": 1, "empty_question": 1}
    by_output = {row["output"]: row for row in importer.samples()}
    assert by_output["One."]["references"] == ["Two."]
    assert by_output["Yes."]["instruction"] == "One text, no list."


def test_a_task_that_is_there_as_json_and_as_lines_counts_once(importer: Importer) -> None:
    importer.file("task1_toy.json", {**HEADER, "Instances": instances(5)})
    importer.file("task1_toy.jsonl", instances(5))
    importer(importer.root / "theirs")
    assert importer.records()["converted"] == 10
    assert len(importer.samples()) == 5


def test_a_byte_for_byte_copy_is_named_and_left_out(importer: Importer) -> None:
    rows = [{"instruction": "Do.", "input": "q", "output": "a"}]
    importer.file("a.jsonl", rows)
    importer.file("b.jsonl", rows)
    found = importer(importer.root / "theirs")
    assert found["copies"] == {"b.jsonl": "a.jsonl"}
    assert importer.records()["read"] == 1


def test_rows_keep_the_instruction_of_their_own(importer: Importer) -> None:
    rows = [
        {"instruction": f"Do {i % 3}.", "input": f"Text {i}.", "output": f"Done {i}."}
        for i in range(9)
    ]
    rows.append({"instruction": "What is a fever?", "input": "", "output": "A sign."})
    importer(importer.file("theirs.json", rows))
    found = {row["output"]: (row["instruction"], row["input"]) for row in importer.samples()}
    assert found == {
        **{f"Done {i}.": (f"Do {i % 3}.", f"Text {i}.") for i in range(9)},
        "A sign.": (scanning.NEUTRAL, "What is a fever?"),
    }


def test_among_too_many_instructions_the_rare_ones_become_part_of_the_question(
    importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "MAX_SHARED", 1)
    monkeypatch.setattr(scanning, "_MAX_COUNTED", 4)
    rows = [{"instruction": f"Rare {i}.", "input": "Text.", "output": f"r{i}"} for i in range(9)]
    often = [{"instruction": "Often.", "input": f"T{i}.", "output": f"o{i}"} for i in range(9)]
    importer(
        importer.file(
            "theirs.jsonl", [row for pair in zip(rows, often, strict=True) for row in pair]
        )
    )
    found = {row["output"]: (row["instruction"], row["input"]) for row in importer.samples()}
    assert found["o3"] == ("Often.", "T3.")
    assert found["r3"] == (scanning.NEUTRAL, "Rare 3.\n\nText.")
    assert len(found) == 18


def test_splits_come_from_rows_headers_and_names(importer: Importer) -> None:
    row = {"instruction": "Do.", "input": "q1", "output": "a1"}
    importer.file("dev/rows.jsonl", [row, {**row, "input": "q2", "split": "test"}])
    importer.file("held.json", {**HEADER, "Split Type": "Test", "Instances": instances(1)})
    importer.file("train.jsonl", [{**row, "input": "q3"}])
    importer(importer.root / "theirs")
    found = {row["input"]: row["split"] for row in importer.samples()}
    assert found == {
        "q1": "validation",
        "q2": "test",
        "q3": "train",
        "Question number 0?": "test",
    }


def test_duplicates_within_and_between_files_are_removed(importer: Importer) -> None:
    importer.file("task1_a.json", {**HEADER, "Instances": instances(4) + instances(4)})
    importer(importer.root / "theirs")
    removals = pq.read_table(importer.root / "build/theirs/release/evidence/removals.parquet")
    assert Counter(removals["reason"].to_pylist()) == {"exact_duplicate": 4}
    assert len(importer.samples()) == 4


def test_hostile_lines_end_in_rejects(importer: Importer) -> None:
    good = [json.dumps({"instruction": "Do.", "input": f"q{i}", "output": "a"}) for i in range(9)]
    bad = ["{", "[]", "null", '"text"', '{"instruction": {}, "output": 1}', "[" * 2000]
    importer(importer.file("theirs.jsonl", "\n".join([*good, *bad]) + "\n"))
    records = importer.records()
    assert records["converted"] == 9
    assert sum(records["rejected"].values()) == 6


def test_one_json_object_a_line_is_read_though_the_name_says_json(importer: Importer) -> None:
    rows = [{"instruction": "Do.", "input": f"q{i}", "output": "a"} for i in range(3)]
    importer(importer.file("theirs.json", "".join(json.dumps(row) + "\n" for row in rows)))
    assert importer.records()["converted"] == 3


def test_packed_files_and_odd_names_are_read(importer: Importer) -> None:
    rows = [{"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]}]
    path = importer.root / "theirs" / "[odd] *?.jsonl.gz"
    path.parent.mkdir()
    path.write_bytes(gzip.compress(json.dumps(rows[0]).encode()))
    importer(path)
    assert importer.records()["converted"] == 1


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.json", '{"Definition": ["x"], "Instances": [{"input": "q"', "not a whole JSON"),
        ("a.json", "", "empty"),
        ("a.json", "PK\x03\x04", "holds no JSON"),
        ("a.json", "[1, 2, 3]", "cannot be told"),
        ("a.jsonl", '{"question": "q"}\n', "cannot be told"),
    ],
)
def test_files_that_cannot_be_read_are_one_clear_error(
    importer: Importer, name: str, text: str, message: str
) -> None:
    done = importer.run(importer.file(name, text))
    assert done.exit_code == 1
    assert message in done.stderr and "Traceback" not in done.output
    assert not (importer.root / "build" / "theirs" / "source").exists()


def test_without_a_licence_nothing_becomes_open(importer: Importer) -> None:
    path = importer.file("a.jsonl", [{"instruction": "Do.", "input": "q", "output": "a"}])
    done = importer.run(path, "--access", "open")
    assert done.exit_code == 1 and "--license" in done.stderr
    importer(path)
    manifest = json.loads((importer.root / "build/theirs/release/manifest.json").read_text())
    about = manifest["sources"]["theirs"]
    assert (about["license"], about["access"]["tier"]) == ("LicenseRef-not-stated", "licensed")
    importer(path, "--license", "CC-BY-4.0", "--access", "open", key="free")
    assert {row["license"] for row in importer.samples("free")} == {"CC-BY-4.0"}


@pytest.mark.parametrize(
    ("name", "invented"), [*((name, True) for name in NAMES), ("alpaca", False)]
)
def test_an_export_of_invented_records_comes_back_as_invented(
    toys: Any, importer: Importer, name: str, invented: bool
) -> None:
    toys.add()
    release = toys.release("toy", synthetic=invented)
    out = importer.root / "exported"
    export(open_release(release), name, out)
    # One file alone, far from the folder and its warnings, still says so.
    file = next(iter([*sorted(out.glob("train.jsonl")), *sorted(out.glob("train/*.json"))]))
    alone = importer.file(file.name, file.read_text("utf-8"))
    found = importer(alone, "--license", "CC0-1.0", "--access", "open")
    assert found["synthetic"] is invented
    manifest = json.loads((Path(found["release"]) / "manifest.json").read_text("utf-8"))
    assert manifest["synthetic"] is invented
    assert any("synthetic" in item.reason for item in refusals(manifest)) is invented


def test_an_export_that_must_stay_cannot_come_back_as_open(toys: Any, importer: Importer) -> None:
    toys.add("secret", tier="credentialed")
    out = importer.root / "exported"
    export(open_release(toys.release("secret")), "sni", out)
    args = ("--license", "MIT", "--access", "open")
    done = importer.run(out, *args)
    assert done.exit_code == 1 and "must not be passed on" in done.stderr


def test_what_holds_items_of_a_benchmark_goes(importer: Importer) -> None:
    stem = (
        "Which lantern of the harbour museum burns with a green flame whenever the northern gate "
        "is left open after the evening bell?"
    )
    item = {"question": stem, "options": {"A": "The third.", "B": "None."}, "answer": "The third."}
    exam = importer.root / "benchmarks" / "medqa_us_4options" / "datasets" / "MedQA" / "test.jsonl"
    exam.parent.mkdir(parents=True)
    exam.write_text(json.dumps(item) + "\n", "utf-8")
    row = {"instruction": "Answer.", "output": "The third."}
    path = importer.file("a.jsonl", [{**row, "input": f"Tell me. {stem}"}, {**row, "input": "Q?"}])
    found = importer(path, "--benchmarks", importer.root / "benchmarks")
    assert [row["input"] for row in importer.samples()] == ["Q?"]
    assert found["ledger"]["totals"]["removed_instances"] == 1


@pytest.mark.parametrize("key", ["pubmedqa", "Bad Key", "../up"])
def test_keys_that_are_taken_or_wrong_are_refused(importer: Importer, key: str) -> None:
    path = importer.file("a.jsonl", [{"instruction": "Do.", "input": "q", "output": "a"}])
    assert importer.run(path, key=key).exit_code == 1


def test_an_import_done_again_does_nothing_and_gives_the_same_bytes(importer: Importer) -> None:
    path = importer.file("task1_toy.json", {**HEADER, "Instances": instances(20)})
    importer(path)
    first = (importer.root / "build/theirs/release/manifest.json").read_bytes()
    stamp = (importer.root / "build/theirs/release/manifest.json").stat().st_mtime_ns
    importer(path)
    assert (importer.root / "build/theirs/release/manifest.json").stat().st_mtime_ns == stamp
    assert (importer.root / "build/theirs/release/manifest.json").read_bytes() == first
