"""`medsmith benchmarks` lists, shows and keeps texts to itself."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from medsmith.builders.cli import main

FIXTURES = Path(__file__).parents[2] / "benchmark_fixtures"
SECRET = "Which invented enzyme"


@pytest.fixture
def run(tmp_path: Path) -> object:
    (tmp_path / "benchmarks").mkdir()
    for name in ("medqa_us_4options", "bioasq", "healthver"):
        shutil.copytree(FIXTURES / name, tmp_path / "benchmarks" / name)
    (tmp_path / "benchmarks/healthver/data/healthver_test.csv").write_bytes(b"")
    (tmp_path / "benchmarks/cmb").mkdir()

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["benchmarks", "--raw", str(tmp_path / "raw"), *arguments])

    return call


def test_the_list_says_what_is_there(run) -> None:  # type: ignore[no-untyped-def]
    found = {entry["name"]: entry for entry in json.loads(run("--json").output)}
    assert (found["medqa_us_4options"]["files"], found["medqa_us_4options"]["items"]) == (
        "present",
        2,
    )
    assert found["cmb"]["files"] == "incomplete"
    assert found["healthver"]["files"] == "broken"
    assert found["medqa"]["files"] == "absent"
    text = run().output
    assert "2 present" in text
    assert SECRET not in text


def test_one_benchmark_is_shown_without_its_items(run) -> None:  # type: ignore[no-untyped-def]
    text = run("medqa_us_4options", "cmb").output
    assert "records read" in text
    assert "CMB.zip" in text
    assert SECRET not in text
    (entry,) = json.loads(run("bioasq", "--json").output)
    assert entry["ledger"]["items"] == 2
    assert entry["manifest"]["access"]["tier"] == "registration"


def test_items_are_shown_when_asked_for_and_open(run) -> None:  # type: ignore[no-untyped-def]
    shown = run("medqa_us_4options", "--show", "2")
    assert SECRET in shown.output
    assert "Syrupase" in shown.output
    refused = run("bioasq", "--show", "1")
    assert refused.exit_code == 1
    assert "registration" in refused.output
    (entry,) = json.loads(run("medqa_us_4options", "--show", "1", "--json").output)
    assert len(entry["shown"]) == 1


def test_wrong_use_is_told(run) -> None:  # type: ignore[no-untyped-def]
    assert run("--show", "1").exit_code == 2
    assert run("medqua").exit_code == 1
    assert run("medqa", "--show", "1").exit_code == 1
