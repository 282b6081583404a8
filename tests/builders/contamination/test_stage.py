"""Training instances that hold an item of a benchmark, or of another source's test, go."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from medsmith.builders import pipeline
from medsmith.builders.benchmarks import BenchmarkHome
from medsmith.builders.cli import main
from medsmith.builders.contamination import items, search
from medsmith.builders.contamination.cache import CACHE, KEPT
from medsmith.builders.contamination.plan import plan
from medsmith.builders.engine import make_engine
from medsmith.builders.explain import explain
from medsmith.builders.parquet import read_table
from medsmith.builders.progress import Reporter
from medsmith.builders.resolve import RawHome, source_input, source_unit
from medsmith.builders.stage_dir import inventory, read_marker
from medsmith.builders.unit import Unit
from medsmith.dedup.contamination import Item
from medsmith.manifests.policies import ContaminationPolicy
from medsmith.schema import UserError

Exam = tuple[Item, ...]
BENCHMARK = "medqa_us_4options"
PLAIN = tuple(
    {"question": f"How many steps lead up to lighthouse {n}?", "answer": f"{n * 7} steps."}
    for n in range(40)
)
OTHER_TEST = {
    "question": "Which of the two ferrymen in the tale of the flooded mill forgot his lantern, and "
    "what did the miller's widow lend him for the crossing?",
    "answer": "The younger one; a church candle.",
}


@pytest.fixture
def home(tmp_path: Path, exam: Exam, as_upstream: Callable[..., Any]) -> BenchmarkHome:
    file = tmp_path / "benchmarks" / BENCHMARK / "phrases_no_exclude_test.jsonl"
    file.parent.mkdir(parents=True)
    lines = [json.dumps(as_upstream(item)) for item in exam]
    file.write_text("\n".join(lines), "utf-8")
    return BenchmarkHome(tmp_path / "benchmarks", named=True, raw=tmp_path / "raw")


def unit(toys: Any, home: BenchmarkHome | None, *names: str, **policy: Any) -> Unit:
    changes = {"near_duplicates": None, "contamination": ContaminationPolicy(**policy)}
    found: Unit = replace(toys.unit(*names, **changes), benchmarks=home)
    return found


def report(unit: Unit) -> dict[str, Any]:
    marker = read_marker(unit.stage("contamination"))
    assert marker is not None
    found: dict[str, Any] = marker["report"]
    return found


def released(unit: Unit) -> set[str]:
    files = sorted((unit.stage("release") / "data").rglob("train-*.parquet"))
    return {text for file in files for text in read_table(file, ["input"])["input"].to_pylist()}


def test_items_leave_train_and_the_report_says_what_was_looked_for(
    toys: Any, home: BenchmarkHome, exam: Exam, as_record: Callable[..., Any]
) -> None:
    toys.add("toy", [*PLAIN, *(as_record(item) for item in exam)])
    built = unit(toys, home, "toy")
    toys.build(built)
    assert released(built) == {row["question"] for row in PLAIN}
    told = report(built)
    assert told["removed"] == len(exam)
    looked = {each["benchmark"]: each["items"] for each in told["benchmarks"]}
    assert looked == {BENCHMARK: len(exam), "toy_test": 0}
    assert "medxpertqa" in told["absent"]
    removals = read_table(built.stage("release") / "evidence" / "removals.parquet").to_pylist()
    assert {row["reason"] for row in removals} == {"contamination"}


def test_evidence_holds_no_text_and_explain_marks_the_span(
    toys: Any, home: BenchmarkHome, exam: Exam, as_record: Callable[..., Any]
) -> None:
    record = as_record(exam[0])
    record["question"] = f"SUBJECT: my exam\n{record['question']}"
    toys.add("toy", [*PLAIN, record])
    built = unit(toys, home, "toy")
    toys.build(built)
    release = built.stage("release")
    evidence = read_table(release / "evidence" / "contamination.parquet").to_pylist()
    (hit,) = evidence
    assert (hit["benchmark"], hit["kind"]) == (BENCHMARK, "question")
    for path in release.rglob("*"):
        if path.is_file() and path.suffix in (".md", ".json"):
            assert "lighthouse keeper" not in path.read_text("utf-8"), path
    assert not (release / "review").exists()
    found = explain(release, hit["id"])
    assert found.fate == "removed: contamination"
    text = record["question"][hit["span_start"] : hit["span_end"]]
    assert text.startswith("A 41-year-old") and "explains the trembling best" in text


def test_explain_prints_both_texts(
    toys: Any, home: BenchmarkHome, exam: Exam, as_record: Callable[..., Any]
) -> None:
    toys.add("toy", [*PLAIN, as_record(exam[2])])
    built = unit(toys, home, "toy")
    toys.build(built)
    (hit,) = read_table(built.stage("contamination") / "contamination.parquet").to_pylist()
    command = ["explain", str(built.stage("release")), hit["id"]]
    printed = CliRunner().invoke(main, command).stdout
    assert "⟦Name the ferment of blue ink disease⟧" in printed
    assert f"item {hit['item_id']} of {BENCHMARK}" in printed
    assert "  - Calamarase" in printed


def test_a_source_s_test_split_is_a_benchmark_against_the_others(toys: Any) -> None:
    toys.add("toy", [*PLAIN, OTHER_TEST])
    toys.add("other", [{**OTHER_TEST, "split": "test", "answer": "Nobody knows."}, *PLAIN[:3]])
    built = unit(toys, None, "toy", "other", cross_split="report")
    toys.build(built)
    assert OTHER_TEST["question"] not in released(built)
    assert report(built)["hits"] == [
        {"source": "toy", "benchmark": "other_test", "kind": "exact", "hits": 1}
    ]
    assert [each["items"] for each in report(built)["benchmarks"]] == [1, 0]


def test_kinds_that_do_not_remove_are_only_flagged(
    toys: Any, home: BenchmarkHome, exam: Exam, as_record: Callable[..., Any]
) -> None:
    toys.add("toy", [*PLAIN, as_record(exam[0])])
    built = unit(toys, home, "toy", remove=())
    toys.build(built)
    assert len(released(built)) == len(PLAIN) + 1
    assert report(built)["removed"] == 0
    assert sum(report(built)["instances"].values()) == 1


def test_named_benchmarks_must_be_there(toys: Any, home: BenchmarkHome) -> None:
    toys.add("toy", PLAIN)
    toys.build(unit(toys, home, "toy", benchmarks=(BENCHMARK,)))
    with pytest.raises(UserError, match="`medxpertqa`, whose files are not there") as missing:
        toys.build(unit(toys, home, "toy", benchmarks=(BENCHMARK, "medxpertqa")))
    assert "--benchmarks" in missing.value.cure
    with pytest.raises(UserError, match="no benchmark called"):
        toys.build(unit(toys, home, "toy", benchmarks=("medxpertqqa",)))


def test_a_changed_benchmark_is_looked_for_anew_and_the_same_index_is_not_built_again(
    toys: Any, home: BenchmarkHome, exam: Exam, as_upstream: Callable[..., Any]
) -> None:
    toys.add("toy", PLAIN)
    built = unit(toys, home, "toy")
    toys.build(built)
    assert ("toy", "contamination") in toys.build(built).kept
    cached = {path: path.stat().st_ino for path in (toys.out / ".cache").rglob("*.idx")}
    assert len(cached) == 1
    file = home.path / BENCHMARK / "phrases_no_exclude_test.jsonl"
    file.write_text(json.dumps(as_upstream(exam[0])), "utf-8")
    looked_again = replace(built, benchmarks=replace(home))
    assert ("toy", "contamination") in toys.build(looked_again).ran
    assert len(list((toys.out / ".cache").rglob("*.idx"))) == 2
    assert all(path.stat().st_ino == number for path, number in cached.items())


def test_an_index_that_another_build_removes_is_built_again_and_old_ones_go(
    toys: Any,
    home: BenchmarkHome,
    exam: Exam,
    as_record: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = toys.out / CACHE
    kept.mkdir(parents=True)
    for number in range(KEPT + 1):
        (kept / f"{number}.idx").touch()
        os.utime(kept / f"{number}.idx", (number, number))
    take = search.take

    def removed_first(path: Path, own: Path) -> bool:
        path.unlink()
        return take(path, own)

    toys.add("toy", [*PLAIN, as_record(exam[0])])
    built = unit(toys, home, "toy")
    monkeypatch.setattr(search, "take", removed_first)
    toys.build(built)
    assert released(built) == {row["question"] for row in PLAIN}
    assert not (built.stage("contamination") / "aside").exists()
    assert {path.name for path in kept.glob("*.idx")} == {f"{n + 1}.idx" for n in range(KEPT)}


def test_units_share_what_is_made_of_registered_benchmarks(
    toys: Any, home: BenchmarkHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    toys.add("toy", PLAIN)
    toys.add("other", [OTHER_TEST])
    made: list[str] = []
    for name in ("items_table", "build_index", "self_test"):
        module = items if name == "items_table" else search
        work = getattr(module, name)
        monkeypatch.setattr(
            module, name, lambda *a, name=name, work=work, **k: made.append(name) or work(*a, **k)
        )
    units = [unit(toys, home, name) for name in ("toy", "other")]
    pipeline.build(units, toys.engine, Reporter())
    own_splits = 2  # read, but without an item to search for
    assert sorted(made) == ["build_index", *["items_table"] * (1 + own_splits), "self_test"]
    tables = [
        read_table(each.stage("contamination") / "contamination_self_test.parquet")
        for each in units
    ]
    assert tables[0].equals(tables[1])
    assert len(tables[0])


def test_a_test_split_that_is_a_registered_benchmark_is_told_of_once(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(Path(str(files("medsmith.fixtures"))) / "head_qa" / "raw", raw / "head_qa")
    command = ["build", "head_qa", "--raw", str(raw), "--out", str(tmp_path), "--workers", "1"]
    assert CliRunner().invoke(main, command).exit_code == 0
    marker = read_marker(tmp_path / "head_qa" / "contamination")
    assert marker is not None
    (told,) = marker["report"]["benchmarks"]
    assert (told["benchmark"], told["test_split_of"]) == ("head_qa_test", "head_qa")
    assert told["items"] > 0
    assert told["files_digest"] is not None
    assert len(marker["report"]["indices"]) == 1


def test_an_own_split_adds_the_items_that_the_registered_files_lack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixture = Path(str(files("medsmith.fixtures"))) / "head_qa" / "raw"
    monkeypatch.delenv("MEDSMITH_BENCHMARKS", raising=False)
    shutil.copytree(fixture, tmp_path / "benchmarks" / "head_qa_test")
    shutil.copytree(fixture, tmp_path / "raw" / "head_qa")
    home = BenchmarkHome(tmp_path / "benchmarks", named=True, raw=tmp_path / "nowhere")
    source = source_input("head_qa", RawHome(tmp_path / "raw", named=True), sample=False)
    found = plan(source_unit(source, tmp_path, 1, 0, home))
    assert [each.name for each in found.registered] == ["head_qa_test"]
    assert [each.source for each in found.own] == ["head_qa"]
    built = source_unit(source, tmp_path, 1, 0, home)
    pipeline.build([built], make_engine(1), Reporter())
    (told,) = report(built)["benchmarks"]
    assert told["items"] == told["records"]["items"]
    assert told["test_split_of"] == "head_qa"


def test_without_a_policy_nothing_is_looked_for(toys: Any, home: BenchmarkHome) -> None:
    toys.add("toy", PLAIN)
    toys.build(replace(toys.unit("toy", contamination=None, near_duplicates=None), benchmarks=home))
    marker = read_marker(toys.out / "toy" / "contamination")
    assert marker is not None
    assert (marker["inputs"], marker["report"]["looked"]) == (None, False)


def test_the_self_test_stands_in_the_evidence(toys: Any, home: BenchmarkHome, exam: Exam) -> None:
    toys.add("toy", PLAIN)
    built = unit(toys, home, "toy")
    toys.build(built)
    table = read_table(built.stage("release") / "evidence" / "contamination_self_test.parquet")
    rows = table.to_pylist()
    verbatim = [row for row in rows if row["guise"] == "verbatim"]
    assert {row["benchmark"] for row in verbatim} == {BENCHMARK}
    assert sum(row["items"] for row in verbatim) == sum(row["found"] for row in verbatim) == 4
    clean = [row for row in rows if row["guise"] == "clean"]
    assert sum(row["found"] for row in clean) == 0
    told = json.loads((built.stage("contamination") / "self_test.json").read_text("utf-8"))
    assert told["recall"]["verbatim"] == {"items": 4, "found": 4, "recall": 1.0}


def test_the_tables_are_the_same_for_any_number_of_workers(
    toys: Any, home: BenchmarkHome, exam: Exam, as_record: Callable[..., Any]
) -> None:
    toys.add("toy", [*PLAIN, *(as_record(item) for item in exam)])
    toys.add("other", [OTHER_TEST, *(as_record(item) for item in exam[:2])])
    two = toys.elsewhere("again")
    two.engine = make_engine(2)
    tables = []
    try:
        for each in (toys, two):
            built = unit(each, home, "toy", "other")
            each.build(built)
            tables.append(inventory(built.stage("contamination")))
    finally:
        two.engine.close()
    one, other = ({n: e for n, e in t.items() if n != "stage.json"} for t in tables)
    assert one == other
    assert "contamination.parquet" in one
