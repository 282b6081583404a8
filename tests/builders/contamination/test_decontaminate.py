"""`medsmith decontaminate` on anybody's files, and `medsmith review` on what it found."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from medsmith.builders.cli import main
from medsmith.dedup.contamination import Item

Exam = tuple[Item, ...]


@pytest.fixture
def files(tmp_path: Path, exam: Exam, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("MEDSMITH_BENCHMARKS", str(tmp_path / "none"))
    rows = [
        {"instruction": "Say.", "input": f"Count to {n}.", "output": f"{n}.", "extra": n}
        for n in range(30)
    ]
    held = [
        {
            "instruction": "Say.",
            "input": f"{i.question}\n{' / '.join(i.options)}",
            "output": i.answer,
        }
        for i in exam
    ]
    lines = [json.dumps(row) for row in [*rows[:10], *held, *rows[10:]]]
    (tmp_path / "train.jsonl").write_text("\n".join(lines), "utf-8")
    items = [json.dumps(asdict(item)) for item in exam]
    (tmp_path / "exam.jsonl").write_text("\n".join(items), "utf-8")
    return tmp_path


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def run(files: Path, *more: object) -> Result:
    command = ("decontaminate", files / "train.jsonl", "--benchmark", files / "exam.jsonl")
    return call(*command, "--out", files / "out", "--workers", 1, *more)


def clean(files: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(files / "out" / "clean").to_pylist()
    return rows


def test_rows_that_hold_items_go_and_the_others_stay_whole(files: Path, exam: Exam) -> None:
    done = run(files)
    assert done.exit_code == 0, done.output
    assert [row["extra"] for row in clean(files)] == list(range(30))
    hits = pq.read_table(files / "out" / "contamination.parquet").to_pylist()
    assert [(hit["id"], hit["item_id"]) for hit in hits] == [
        (f"train.jsonl#L{11 + n}", item.id) for n, item in enumerate(exam)
    ]
    assert "34 rows: 30 stay, 4 hold an item" in done.stdout
    told = json.loads((files / "out" / "report.json").read_text("utf-8"))
    assert (told["rows"], told["kept"], told["removed"]) == (34, 30, 4)
    assert told["benchmarks"][0]["items"] == 4


def test_kinds_decide_what_goes(files: Path) -> None:
    told = json.loads(run(files, "--kinds", "context,answer", "--json").stdout)
    assert (told["kept"], told["removed"]) == (34, 0)
    assert sum(told["instances"].values()) == 4
    assert len(clean(files)) == 34
    wrong = run(files, "--kinds", "exactly")
    assert wrong.exit_code == 2
    assert "the kinds are exact, near, question, context, answer" in wrong.stderr


def test_what_cannot_be_found_is_said(files: Path) -> None:
    missing = call(
        "decontaminate", files / "train.jsonl", "--benchmark", "medxpertqa", "--out", files / "out"
    )
    assert missing.exit_code == 1
    assert "medxpertqa" in missing.stderr and "Traceback" not in missing.output
    none = call(
        "decontaminate", files / "train.jsonl", "--benchmark", "present", "--out", files / "out"
    )
    assert none.exit_code == 1
    assert not (files / "out").exists()


def test_the_files_are_the_same_for_any_number_of_workers(files: Path) -> None:
    run(files)
    one = {p.name: p.read_bytes() for p in sorted((files / "out").rglob("*.parquet"))}
    again = run(files, "--workers", 2)
    assert again.exit_code == 0, again.output
    assert {p.name: p.read_bytes() for p in sorted((files / "out").rglob("*.parquet"))} == one


def test_review_prints_both_texts_with_the_span_marked(files: Path, exam: Exam) -> None:
    run(files)
    done = call("review", files / "out")
    assert done.exit_code == 0, done.output
    assert f"⟦{exam[2].question.rstrip('.')}⟧" in done.stdout
    assert "1/4  exam" in done.stdout and "4/4  exam" in done.stdout
    assert "item lamp:" in done.stdout
    assert f"  - {exam[0].options[1]}" in done.stdout


def test_review_chooses_and_counts(files: Path) -> None:
    run(files)
    rows = json.loads(call("review", files / "out", "--json").stdout)
    kinds = {row["kind"] for row in rows}
    for kind in kinds:
        some = json.loads(call("review", files / "out", "--kind", kind, "--json").stdout)
        assert some == [row for row in rows if row["kind"] == kind]
    assert rows[0]["item"]["question"] and rows[0]["instance"]["input"]
    assert call("review", files / "out", "--benchmark", "other").stdout == "No hits of that kind.\n"
    stats = json.loads(call("review", files / "out", "--stats", "--json").stdout)
    assert stats["instances"] == 4
    assert sum(row["hits"] for row in stats["hits"]) == 4
    assert "Instances with a hit: 4" in call("review", files / "out", "--stats").stdout


def test_review_walks_by_keys_on_a_terminal(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from medsmith.builders.commands import review
    from medsmith.builders.contamination.hits import open_hits

    run(files)
    hits = open_hits(files / "out")
    keys = iter("npnnnnq")
    monkeypatch.setattr(review.click, "getchar", lambda: next(keys))
    monkeypatch.setattr(review.click, "clear", lambda: None)
    review._walk(hits, hits.chosen())
    told = [line.split()[0] for line in capsys.readouterr().out.splitlines() if "/4  exam" in line]
    assert told == ["1/4", "2/4", "1/4", "2/4", "3/4", "4/4"]  # one more leads out


def test_review_says_where_there_is_nothing(tmp_path: Path) -> None:
    done = call("review", tmp_path)
    assert done.exit_code == 1
    assert "holds no contamination.parquet" in done.stderr
