"""Benchmarks are looked for where they may be, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from medsmith.builders.benchmarks import BenchmarkHome
from medsmith.builders.resolve import RawHome
from medsmith.manifests import BenchmarkManifest, Catalogue

RAW = RawHome(Path("/somewhere/raw"), named=True)


def _benchmark(name: str) -> BenchmarkManifest:
    return Catalogue.bundled().benchmark(name)


def _put(folder: Path, name: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}", "utf-8")


def test_the_folder_is_given_or_in_the_environment_or_beside_the_raw_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("MEDSMITH_BENCHMARKS", raising=False)
    assert BenchmarkHome.find(None, RAW).path == Path("/somewhere/benchmarks")
    monkeypatch.setenv("MEDSMITH_BENCHMARKS", "/elsewhere")
    assert BenchmarkHome.find(None, RAW).path == Path("/elsewhere")
    assert BenchmarkHome.find(Path("/given"), RAW).path == Path("/given")


def test_an_empty_home_has_nothing(home: BenchmarkHome) -> None:
    for manifest in Catalogue.bundled().benchmarks():
        assert home.look(manifest).word == "absent"


def test_a_folder_without_the_questions_is_incomplete(home: BenchmarkHome) -> None:
    _put(home.path / "cmb", "data/CMB-test-choice-answer.json")
    presence = home.look(_benchmark("cmb"))
    assert presence.word == "incomplete"
    assert presence.missing == ("**/CMB-test-choice-question-merge.json",)


def test_a_raw_folder_of_the_benchmarks_own_key_is_training_data(home: BenchmarkHome) -> None:
    _put(home.raw / "bioasq", "10B1_golden.json")
    _put(home.raw / "medicationqa", "MedInfo2019-QA-Medications.xlsx")
    assert not home.look(_benchmark("bioasq")).readable
    assert not home.look(_benchmark("medicationqa")).readable


def test_a_sources_test_split_is_found_in_either_home(home: BenchmarkHome) -> None:
    _put(home.raw / "frenchmedmcqa", "corpus/train.json")
    presence = home.look(_benchmark("frenchmedmcqa_test"))
    assert presence.missing == ("corpus/test.json",)
    _put(home.path / "frenchmedmcqa", "corpus/test.json")
    assert home.look(_benchmark("frenchmedmcqa_test")).folders == (home.path / "frenchmedmcqa",)
    _put(home.raw / "frenchmedmcqa", "corpus/test.json")
    assert len(home.look(_benchmark("frenchmedmcqa_test")).folders) == 2


def test_compressed_copies_and_archives_count(home: BenchmarkHome) -> None:
    _put(home.path / "healthver", "data/healthver_test.csv.gz")
    archive = "QA-TestSet-LiveQA-Med-Qrels-2479-Answers.zip"
    _put(home.path / "medquad_liveqa_qrels", archive)
    assert home.look(_benchmark("healthver")).readable
    assert home.look(_benchmark("medquad_liveqa_qrels")).readable
