"""Builds take benchmarks from where the options say; the self-test prints recall by guise."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from medsmith.builders.cli import main
from medsmith.builders.stage_dir import read_marker
from medsmith.dedup.contamination import Item

Exam = tuple[Item, ...]
BENCHMARK = "medqa_us_4options"


@pytest.fixture
def corpora(tmp_path: Path, exam: Exam, as_upstream: Callable[..., Any], toys: Any) -> Path:
    """Give a folder with `raw/toy` and, beside it, `benchmarks`."""
    home = tmp_path / "corpora"
    file = home / "benchmarks" / BENCHMARK / "phrases_no_exclude_test.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text("\n".join(json.dumps(as_upstream(item)) for item in exam), "utf-8")
    toys.add("toy")
    (home / "raw").mkdir()
    (home / "raw" / "toy").symlink_to(toys.root / "plugins" / "toy" / "raw")
    return home


def call(*arguments: object) -> Result:
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return done


def looked_at(out: Path, name: str = "toy") -> dict[str, int]:
    marker = read_marker(out / name / "contamination")
    assert marker is not None
    return {each["benchmark"]: each["items"] for each in marker["report"]["benchmarks"]}


def test_benchmarks_stand_beside_the_raw_folder_or_where_the_option_says(
    corpora: Path, tmp_path: Path
) -> None:
    build = ("build", "toy", "--raw", corpora / "raw", "--workers", 1)
    call(*build, "--out", tmp_path / "beside")
    assert looked_at(tmp_path / "beside") == {BENCHMARK: 4, "toy_test": 1}
    call(*build, "--out", tmp_path / "named", "--benchmarks", tmp_path / "elsewhere")
    assert looked_at(tmp_path / "named") == {"toy_test": 1}


def test_samples_are_held_against_benchmarks_only_where_that_is_asked_for(
    corpora: Path, tmp_path: Path
) -> None:
    build = ("build", "meqsum", "--sample", "--workers", 1)
    call(*build, "--out", tmp_path / "plain")
    assert looked_at(tmp_path / "plain", "meqsum") == {}
    call(*build, "--out", tmp_path / "asked", "--benchmarks", corpora / "benchmarks")
    assert looked_at(tmp_path / "asked", "meqsum") == {BENCHMARK: 4}


def test_the_self_test_prints_recall_by_guise(
    corpora: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    command = ("benchmarks", BENCHMARK, "--self-test", "--rows", 50)
    where = ("--benchmarks", corpora / "benchmarks", "--raw", corpora / "raw")
    told = json.loads(call(*command, *where, "--json").stdout)
    assert told["recall"]["verbatim"] == {"items": 4, "found": 4, "recall": 1.0}
    assert told["recall_short"]["verbatim"]["items"] == 2
    assert (told["clean_rows"], told["false_alarms"]) == (50, 0)
    printed = call(*command, *where).stdout
    assert "False alarms: 0 of 50 texts" in printed
    assert any(line.split()[:2] == [BENCHMARK, "1.000"] for line in printed.splitlines())


def test_the_self_test_needs_a_benchmark(tmp_path: Path) -> None:
    none = ("--raw", str(tmp_path / "raw"), "--benchmarks", str(tmp_path))
    done = CliRunner().invoke(main, ["benchmarks", "--self-test", *none])
    assert done.exit_code == 1
    assert "No registered benchmark's files" in done.stderr
    done = CliRunner().invoke(main, ["benchmarks", BENCHMARK, "--self-test", *none])
    assert done.exit_code == 1
    assert BENCHMARK in done.stderr
