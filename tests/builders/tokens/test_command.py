"""`medsmith tokens` counts anybody's rows, side by side, and says where it counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from medsmith.builders.cli import main
from medsmith.builders.formats.exchange import SEPARATOR
from medsmith.builders.tokens import files as job
from medsmith.builders.tokens import torch_count
from medsmith.builders.tokens.bpe import Bpe
from medsmith.builders.tokens.files import pick_device
from medsmith.builders.tokens.inputs import with_tokenizers
from medsmith.builders.tokens.load import load_tokenizer
from medsmith.builders.tokens.patterns import GPT2, LLAMA3
from medsmith.builders.tokens.torch_count import TorchCounter
from medsmith.schema import UserError, arrow

ROWS = [
    {"id": "a", "instruction": "Say it.", "input": "What is ab?", "output": "abc."},
    {"id": "b", "instruction": "Say it.", "input": "/x 12", "output": "12"},
    {"id": "c", "instruction": "Name one.", "input": "", "output": "é\n\né"},
    {"id": "d", "instruction": "", "input": " 's", "output": ""},
]


def run(*words: object, code: int = 0) -> Result:
    done = CliRunner().invoke(main, ["tokens", *map(str, words)])
    assert done.exit_code == code, done.output
    return done


@pytest.fixture
def tokenizers(tekken: Any, tmp_path: Path) -> tuple[Path, Path]:
    return tekken(tmp_path / "llama", LLAMA3), tekken(tmp_path / "gpt", GPT2)


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


def test_every_row_has_the_counts_of_its_question_and_answer(
    tokenizers: tuple[Path, Path], rows: Path, tmp_path: Path
) -> None:
    given = [word for path in tokenizers for word in ("--tokenizer", path)]
    told = json.loads(run(rows, *given, "--out", tmp_path / "out", "--workers", 1, "--json").stdout)
    table = pq.read_table(tmp_path / "out/tokens.parquet")
    assert table.schema.equals(arrow.TOKENS)
    found = {(row["id"], row["tokenizer"]): row for row in table.to_pylist()}
    assert len(found) == len(table) == 2 * len(ROWS)
    for path in tokenizers:
        library = load_tokenizer(path)
        for row in ROWS:
            parts = [part for part in (row["instruction"], row["input"]) if part]
            asked, answer = library.reference_count([SEPARATOR.join(parts), row["output"]])
            counts = found[row["id"], library.name]
            assert counts["output"] == answer
            assert counts["instruction"] + counts["input"] == asked
            assert counts["total"] == asked + answer
        mine = [row for (_, name), row in found.items() if name == library.name]
        figures = told["figures"][library.name]["all"]
        assert figures["tokens"] == sum(row["total"] for row in mine)
    saved = json.loads((tmp_path / "out/tokens.json").read_text("utf-8"))
    assert {key: told[key] for key in saved if key != "made_by"} == {
        key: value for key, value in saved.items() if key != "made_by"
    }


def test_it_prints_tokenizers_side_by_side_and_may_be_run_again(
    tokenizers: tuple[Path, Path], rows: Path, tmp_path: Path
) -> None:
    given = [word for path in tokenizers for word in ("--tokenizer", path)]
    for _ in range(2):
        text = run(rows, *given, "--workers", 1, "--out", tmp_path / "out").output
    header = next(line for line in text.splitlines() if "llama" in line)
    assert header.split() == ["llama", "gpt"]
    assert "longer than 2,048" in text and "sequences of 32,768" in text
    assert "MB/s on the " in text


def test_the_bytes_do_not_depend_on_workers(tokenizers: tuple[Path, Path], tmp_path: Path) -> None:
    for number in range(3):
        table = pa.Table.from_pylist(ROWS * 20)
        pq.write_table(table, tmp_path / f"part-{number}.parquet")
    outs = []
    for name, workers in (("one", 1), ("two", 2)):
        pattern = str(tmp_path / "part-*.parquet")
        run(pattern, "--tokenizer", tokenizers[0], "--out", tmp_path / name, "--workers", workers)
        outs.append([(tmp_path / name / file).read_bytes() for file in (job.TABLE, job.SUMMARY)])
    assert outs[0] == outs[1]
    told = json.loads(outs[0][1])
    assert told["figures"]["llama"]["source"]["part-1.parquet"]["n"] == 80


def test_a_release_is_told_by_source_task_category_and_language(
    toys: Any, tokenizers: tuple[Path, Path], tmp_path: Path
) -> None:
    toys.add("toy")
    unit = toys.unit("toy", near_duplicates=None, contamination=None)
    unit = with_tokenizers(unit, [str(tokenizers[0])])
    toys.build(unit)
    release = unit.stage("release")
    given = (
        release.parent,
        "--tokenizer",
        tokenizers[0],
        "--out",
        tmp_path / "out",
        "--workers",
        1,
    )
    told = json.loads(run(*given, "--json").stdout)
    built = json.loads((release / "tokens.json").read_text("utf-8"))
    assert told["figures"] == built["figures"]  # counted anew, of the released texts


def test_chats_without_an_id_are_counted_by_line(
    tokenizers: tuple[Path, Path], tmp_path: Path
) -> None:
    said = [("system", "Say it."), ("user", "ab?"), ("assistant", "12")]
    chats = [[{"role": role, "content": text} for role, text in said], []]
    path = tmp_path / "chats.jsonl"
    path.write_text("".join(json.dumps({"messages": chat}) + "\n" for chat in chats))
    run(path, "--tokenizer", tokenizers[0], "--out", tmp_path / "out", "--workers", 1)
    rows = pq.read_table(tmp_path / "out/tokens.parquet").to_pylist()
    asked, answer = load_tokenizer(tokenizers[0]).reference_count(["Say it.\n\nab?", "12"])
    assert [(row["id"], row["total"]) for row in rows] == [
        ("chats.jsonl#L1", asked + answer),
        ("chats.jsonl#L2", 0),
    ]


@pytest.mark.parametrize(
    ("lack", "wanted", "device", "said"),
    [
        ("", "auto", "cuda", "GPU"),
        ("", "cuda", "cuda", ""),
        ("CUDA finds no device", "auto", "cpu", "CPU: CUDA finds no device"),
        ("CUDA finds no device", "cpu", "cpu", ""),
    ],
)
def test_auto_says_where_it_counts(
    monkeypatch: pytest.MonkeyPatch, lack: str, wanted: Any, device: str, said: str
) -> None:
    monkeypatch.setattr(job, "_lack_of_cuda", lambda: lack)
    found = pick_device(wanted)
    assert found[0] == device
    assert said in found[1] and bool(said) == bool(found[1])


def test_a_gpu_that_is_not_there_is_a_clear_error(
    tokenizers: tuple[Path, Path], rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "_lack_of_cuda", lambda: "CUDA finds no device")
    with pytest.raises(UserError, match="no GPU"):
        pick_device("cuda")
    given = (rows, "--tokenizer", tokenizers[0], "--out", tmp_path / "out", "--device", "cuda")
    assert "There is no GPU to count on: CUDA finds no device." in run(*given, code=1).output
    assert not (tmp_path / "out").exists()


def test_what_the_gpu_counts_is_checked_like_the_kernel_s_counts(
    tokenizers: tuple[Path, Path], rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    more = 0

    class InPlaceOfTheGpu(TorchCounter):
        def __init__(self, bpe: Bpe, device: str, budget_bytes: int) -> None:
            assert device == "cuda"
            super().__init__(bpe, "cpu", budget_bytes)

        def count(self, column: pa.Array) -> tuple[Any, Any]:
            counts, left = super().count(column)
            return counts + more, left

    monkeypatch.setattr(job, "_lack_of_cuda", lambda: "")
    monkeypatch.setattr(torch_count, "TorchCounter", InPlaceOfTheGpu)
    given = (rows, "--tokenizer", tokenizers[0], "--out")
    run(*given, tmp_path / "cpu", "--device", "cpu", "--workers", 1)
    told = json.loads(run(*given, tmp_path / "gpu", "--json").stdout)
    assert told["device"] == "cuda"
    tables = [(tmp_path / name / job.TABLE).read_bytes() for name in ("cpu", "gpu")]
    assert tables[0] == tables[1]
    more = 1
    assert "llama: a has" in run(*given, tmp_path / "wrong", code=1).output
    assert not (tmp_path / "wrong").exists()


def test_wrong_usage_is_told(rows: Path, tmp_path: Path) -> None:
    assert "--tokenizer" in run(rows, "--out", tmp_path / "out", code=2).output
    told = run(rows, "--tokenizer", "./nowhere.json", "--out", tmp_path / "out", code=1).output
    assert "nowhere.json" in told and "Traceback" not in told
