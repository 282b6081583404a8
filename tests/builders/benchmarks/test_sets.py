"""Item tables of registered benchmarks and of users' own files."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from medsmith.builders.benchmarks import BenchmarkHome, load_items, present_items
from medsmith.dedup.contamination.items import ITEMS
from medsmith.schema import DataError, MedsmithError, UserError

ROWS: list[dict[str, Any]] = [
    {"id": "1", "question": "what", "options": ["rest", "wait"], "answer": "rest", "passage": "p"},
    {"id": "2", "question": "why", "options": None, "answer": None, "passage": None},
]


def _jsonl(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    return path


def test_a_users_file_is_a_benchmark_in_either_format(home: BenchmarkHome, tmp_path: Path) -> None:
    path = _jsonl(tmp_path / "Our Exam-2031.jsonl", ROWS)
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "Our Exam-2031.parquet")
    found = load_items(str(path), home)
    other = load_items(str(path.with_suffix(".parquet")), home)
    assert found.benchmark == "our_exam_2031"
    assert found.manifest is None
    assert found.table.schema == ITEMS
    assert found.table.equals(other.table)
    assert found.table.to_pylist()[1] == {
        "benchmark": "our_exam_2031",
        "item_id": "2",
        "question": "why",
        "options": [],
        "answer": "",
        "passage": "",
    }


@pytest.mark.parametrize("stem", ["[a*]", "2031", "mirage", "a!b", "ИТОГ"])
def test_any_name_of_a_users_file_will_do(home: BenchmarkHome, tmp_path: Path, stem: str) -> None:
    found = load_items(str(_jsonl(tmp_path / f"{stem}.jsonl", ROWS)), home)
    assert found.table.num_rows == 2
    assert found.benchmark.isascii()
    assert found.benchmark != "mirage"


def test_only_the_users_file_is_opened(home: BenchmarkHome, tmp_path: Path) -> None:
    path = _jsonl(tmp_path / "mine.jsonl", ROWS)
    (tmp_path / "other.jsonl").write_text("broken", "utf-8")
    assert load_items(str(path), home).ledger.read == 2


def test_a_users_file_may_be_compressed(home: BenchmarkHome, tmp_path: Path) -> None:
    path = _jsonl(tmp_path / "mine.jsonl", ROWS)
    (tmp_path / "ours.jsonl.gz").write_bytes(gzip.compress(path.read_bytes()))
    found = load_items(str(tmp_path / "ours.jsonl.gz"), home)
    assert (found.benchmark, found.table.num_rows) == ("ours", 2)


def test_a_file_of_another_format_is_told_apart_from_a_key(
    home: BenchmarkHome, tmp_path: Path
) -> None:
    path = _jsonl(tmp_path / "mine.csv", ROWS)
    with pytest.raises(UserError, match="neither JSONL nor Parquet"):
        load_items(str(path), home)


def test_a_users_file_without_items_is_refused(home: BenchmarkHome, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        load_items(str(tmp_path / "none.jsonl"), home)
    with pytest.raises(DataError, match="holds no items"):
        load_items(str(_jsonl(tmp_path / "bad.jsonl", [{"text": "no question"}])), home)


def test_a_benchmark_that_is_not_there_tells_how_to_get_it(home: BenchmarkHome) -> None:
    with pytest.raises(UserError, match="not in") as caught:
        load_items("medqa", home)
    assert "data_clean.zip" in caught.value.cure
    with pytest.raises(MedsmithError, match="no benchmark called"):
        load_items("medqua", home)


def test_the_digest_follows_the_files(home: BenchmarkHome) -> None:
    folder = home.path / "nlpec"
    folder.mkdir()
    row = {"id": "1", "question": "what", "options": {"A": "rest"}, "answer": "A"}
    _jsonl(folder / "test.jsonl", [row])
    first = load_items("nlpec", home)
    assert load_items("nlpec", home).digest == first.digest
    assert [found.benchmark for found in present_items(home)] == ["nlpec"]
    _jsonl(folder / "test.jsonl", [row, row | {"id": "2"}])
    assert load_items("nlpec", home).digest != first.digest
