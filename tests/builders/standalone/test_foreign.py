"""Anybody's files are read as they are, row by row, and written back with all their columns."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from medsmith.builders.engine import make_engine
from medsmith.builders.standalone import (
    Fields,
    Foreign,
    Shard,
    batches,
    open_files,
    pieces,
    write_subset,
)
from medsmith.schema import DataError, MedsmithError, RawFileError, UserError

ALPACA: list[dict[str, Any]] = [
    {"instruction": "Answer.", "input": "What is tea?", "output": "A drink.", "year": 2001},
    {"instruction": "What is milk?", "input": "", "output": "A drink, too.", "year": None},
    {"instruction": "Answer.", "input": "Was ist Öl?", "output": "Öl ist flüssig.", "year": 2003},
]


def write_lines(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def read(shard: Shard) -> pa.Table:
    return pa.concat_tables(pieces(shard)).combine_chunks()


def rows_of(foreign: Foreign) -> list[dict[str, str]]:
    return [row for shard in foreign.shards for row in read(shard).to_pylist()]


def opened(*patterns: str | Path, **fields: str) -> list[dict[str, str]]:
    with open_files(patterns, Fields(**fields)) as foreign:
        return rows_of(foreign)


def originals(foreign: Foreign, folder: Path) -> list[dict[str, Any]]:
    found = []
    for shard in foreign.shards:
        path = folder / shard.file_name
        write_subset(shard, np.ones(shard.rows, np.bool_), path)
        found += pq.read_table(path).to_pylist()
    return found


def test_alpaca_rows_with_a_blank_input_ask_by_their_instruction(tmp_path: Path) -> None:
    rows = opened(write_lines(tmp_path / "a.jsonl", ALPACA))
    assert rows[0] == {
        "id": "a.jsonl#L1",
        "instruction": "Answer.",
        "input": "What is tea?",
        "output": "A drink.",
        "scope": "",
    }
    assert (rows[1]["instruction"], rows[1]["input"]) == ("", "What is milk?")


@pytest.mark.parametrize("ending", ["", ".gz", ".bz2", ".xz", ".zst"])
def test_packed_lines_are_the_same_rows(tmp_path: Path, ending: str) -> None:
    plain = write_lines(tmp_path / "a.jsonl", ALPACA).read_bytes()
    packed = tmp_path / "packed" / f"a.jsonl{ending}"
    packed.parent.mkdir()
    pack = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, "": bytes}
    if ending == ".zst":
        with pa.CompressedOutputStream(str(packed), "zstd") as out:
            out.write(plain)
    else:
        packed.write_bytes(pack[ending](plain))
    texts = [(row["input"], row["output"]) for row in opened(tmp_path / "a.jsonl")]
    assert [(row["input"], row["output"]) for row in opened(packed)] == texts


def test_a_truncated_packed_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"input": "a", "output": "b"}\n' * 99)[:-9])
    with pytest.raises(RawFileError, match=r"a\.jsonl\.gz"):
        opened(path)


def test_parquet_and_lines_of_one_folder_are_read_together(tmp_path: Path) -> None:
    write_lines(tmp_path / "b.jsonl", ALPACA)
    (tmp_path / "deep").mkdir()
    pq.write_table(pa.Table.from_pylist(ALPACA), tmp_path / "deep" / "a.parquet")
    (tmp_path / "notes.txt").write_text("no rows")
    (tmp_path / ".hidden.jsonl").write_text("no row")
    ids = [row["id"] for row in opened(tmp_path)]
    assert ids == [
        *(f"b.jsonl#L{n}" for n in (1, 2, 3)),
        *(f"deep/a.parquet#{n}" for n in (1, 2, 3)),
    ]
    assert ids == [
        row["id"] for row in opened(str(tmp_path / "**" / "a.*"), tmp_path / "b.jsonl", tmp_path)
    ]


def test_nothing_is_taken_from_the_folder_of_results(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", ALPACA)
    out = tmp_path / "out"
    out.mkdir()
    write_lines(out / "b.jsonl", ALPACA)
    with open_files([tmp_path], Fields(), besides=out) as foreign:
        assert foreign.files == ("a.jsonl",)


def test_of_a_conversation_the_last_answer_is_the_output(tmp_path: Path) -> None:
    said = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is tea?"},
        {"role": "assistant", "content": "A drink."},
        {"role": "user", "content": [{"type": "text", "text": "And coffee?"}]},
        {"role": "assistant", "content": "Another."},
    ]
    (row,) = opened(write_lines(tmp_path / "a.jsonl", [{"messages": said, "id": "x"}]))
    assert row == {
        "id": "x",
        "instruction": "Be brief.",
        "input": "What is tea?\n\nA drink.\n\nAnd coffee?",
        "output": "Another.",
        "scope": "",
    }
    plain = [turn for turn in said if isinstance(turn["content"], str)]
    pq.write_table(pa.Table.from_pylist([{"messages": plain}]), tmp_path / "a.parquet")
    (row,) = opened(tmp_path / "a.parquet")
    assert (row["input"], row["output"]) == ("What is tea?\n\nA drink.", "Another.")


def test_columns_may_be_named(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [{"key": 7, "q": "Why?", "a": "So.", "kind": "exam"}])
    (row,) = opened(path, id="key", input="q", output="a", scope="kind")
    assert row == {"id": "7", "instruction": "", "input": "Why?", "output": "So.", "scope": "exam"}
    with pytest.raises(UserError, match="no column `answer`"):
        opened(path, output="answer")
    with pytest.raises(UserError, match="neither `input` and `output` nor `messages`"):
        opened(path)
    with pytest.raises(UserError, match=r"`key` of a\.jsonl holds int64, not text"):
        opened(path, input="key")


def test_a_text_alone_has_an_empty_output(tmp_path: Path) -> None:
    (row,) = opened(write_lines(tmp_path / "a.jsonl", [{"text": "A page."}]), input="text")
    assert (row["input"], row["output"]) == ("A page.", "")


def test_repeated_ids_are_told_apart_over_all_files(tmp_path: Path) -> None:
    rows = [{"id": id, "input": "a", "output": "b"} for id in ("x", "y", "x", None)]
    write_lines(tmp_path / "a.jsonl", rows)
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "b.parquet")
    with open_files([tmp_path], Fields()) as foreign:
        ids = [row["id"] for row in rows_of(foreign)]
        assert foreign.repeated_ids == 4
    assert ids == ["x", "y", "x~2", "a.jsonl#L4", "x~3", "y~2", "x~4", "b.parquet#4"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b'{"input": "a", ', "line 2, is not JSON"),
        (b"[1, 2]", "line 2, is no JSON object"),
        (b'{"input": "\xff"}', "line 2, is not JSON"),
        (b'{"input": "\\ud800"}', "line 2, is not JSON"),
        (b"[" * 5000, "line 2, is not JSON"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: bytes, told: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"input": "a", "output": "b"}\n' + line + b"\n")
    with pytest.raises(DataError, match=told) as raised:
        opened(path)
    assert "a.jsonl" in str(raised.value)


@pytest.mark.parametrize("turns", ["no list", [1], [{"role": "user"}, {"content": "a"}]])
def test_a_wrong_conversation_is_named(tmp_path: Path, turns: Any) -> None:
    path = write_lines(tmp_path / "a.jsonl", [{"messages": []}, {"messages": turns}])
    with pytest.raises(DataError, match=r"a\.jsonl#L2"):
        opened(path)


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b")
    (tmp_path / "b.parquet").write_text("no Parquet")
    (tmp_path / "empty").mkdir()
    for pattern in ("a.csv", "b.parquet", "empty", "*.jsonl", "gone.jsonl"):
        with pytest.raises(MedsmithError, match=pattern.replace("*", r"\*")):
            opened(tmp_path / pattern)


def test_original_rows_come_back_with_all_their_columns(tmp_path: Path) -> None:
    rows = [
        {"input": "a", "output": "b", "when": "2020-01-01", "tags": [], "n": 1, "mixed": 1},
        {"input": "c", "output": "d", "when": None, "n": 2.5, "deep": {"x": 1}, "mixed": "one"},
        {"input": "e", "output": "f", "deep": {"y": ["z"]}, "nothing": None, "hollow": {}},
    ]
    path = write_lines(tmp_path / "a.jsonl", rows)
    with open_files([path], Fields()) as foreign:
        found = originals(foreign, tmp_path)
    assert [row["when"] for row in found] == ["2020-01-01", None, None]
    assert [row["n"] for row in found] == [1, 2.5, None]
    assert [row["mixed"] for row in found] == ["1", '"one"', None]  # kept as JSON
    assert [row["hollow"] for row in found] == [None, None, "{}"]
    assert found[2]["deep"] == {"x": None, "y": ["z"]}
    assert list(found[0]) == [
        "input",
        "output",
        "when",
        "tags",
        "n",
        "mixed",
        "deep",
        "nothing",
        "hollow",
    ]


def test_parquet_keeps_its_schema_and_its_metadata(tmp_path: Path) -> None:
    table = pa.table(
        {
            "input": pa.array(["a", "b", "c"]).dictionary_encode(),
            "output": pa.array(["d", None, "f"], pa.large_string()),
            "when": pa.array([1, 2, 3], pa.timestamp("ms")),
        }
    ).replace_schema_metadata({"huggingface": "{}"})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=2)
    with open_files([tmp_path / "a.parquet"], Fields()) as foreign:
        (shard,) = foreign.shards
        assert read(shard)["output"].to_pylist() == ["d", "", "f"]
        write_subset(shard, np.array([True, False, True]), tmp_path / "kept.parquet")
    kept = pq.read_table(tmp_path / "kept.parquet")
    assert kept.schema.equals(table.schema, check_metadata=True)
    assert kept.to_pylist() == table.take(pa.array([0, 2])).to_pylist()


def test_parquet_is_read_and_written_few_rows_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("medsmith.builders.standalone.rows._BATCH_ROWS", 3)
    monkeypatch.setattr("medsmith.builders.standalone.rows._GROUP_ROWS", 4)
    table = pa.table(
        {
            "id": ["a", "b", None, "a"] * 5,
            "input": pa.array([f"text {n % 7}" for n in range(20)]).dictionary_encode(),
            "output": [None if n % 6 == 0 else "x" * n for n in range(20)],
            "tags": [[{"n": n}] * (n % 3) for n in range(20)],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=8)
    keep = np.arange(20) % 4 != 1
    with open_files([tmp_path / "a.parquet"], Fields()) as foreign:
        (shard,) = foreign.shards
        pieces = list(batches(shard))
        rows = read(shard)
        assert write_subset(shard, keep, tmp_path / "kept.parquet") == 15
    assert max(map(len, pieces)) == 3
    assert pa.concat_tables(pieces).equals(rows)
    ids = ["a", "b", "a.parquet#3", "a~2", "a~3", "b~2", "a.parquet#7", "a~4"]
    assert rows["id"].to_pylist()[:8] == ids
    assert rows["input"].to_pylist() == table["input"].to_pylist()
    kept = pq.read_table(tmp_path / "kept.parquet")
    assert kept.to_pylist() == table.filter(pa.array(keep)).to_pylist()
    written = pq.read_metadata(tmp_path / "kept.parquet")
    assert [written.row_group(i).num_rows for i in range(4)] == [4, 4, 4, 3]


def test_big_files_come_as_many_shards_that_travel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("medsmith.builders.standalone.foreign._SHARD_ROWS", 10)
    monkeypatch.setattr("medsmith.converters.core.parts.split_lines.__defaults__", (500,))
    rows = [{"id": n, "input": f"text {n}", "output": "ja"} for n in range(95)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet", row_group_size=5)
    write_lines(tmp_path / "b.jsonl", [*rows[:50], {}, {"id": 7, "late": True}])
    with open_files([tmp_path], Fields()) as foreign:
        assert len(foreign.shards) > 12
        assert [s.row for s in foreign.shards] == np.cumsum([0, *(s.rows for s in foreign.shards)])[
            :-1
        ].tolist()
        moved = [pickle.loads(pickle.dumps(shard)) for shard in foreign.shards]
        ids = [id for shard in moved for id in read(shard)["id"].to_pylist()]
        assert ids[:95] == [str(n) for n in range(95)]
        assert ids[95:] == [*(f"{n}~2" for n in range(50)), "b.jsonl#L51", "7~3"]
        assert len({shard.schema for shard in foreign.shards if shard.kind == "jsonl"}) == 1


def test_any_number_of_workers_sees_the_same_shards(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", ALPACA)
    write_lines(tmp_path / "b.jsonl", ALPACA)
    engine = make_engine(2)
    try:
        with open_files([tmp_path], Fields(), engine=engine) as foreign:
            assert rows_of(foreign) == opened(tmp_path)
    finally:
        engine.close()


def test_a_large_row_group_is_read_in_pieces_of_bounded_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = {"input": [f"question {n} " * 20 for n in range(30_000)], "output": ["yes"] * 30_000}
    pq.write_table(pa.table(rows), tmp_path / "one.parquet")
    monkeypatch.setattr("medsmith.builders.standalone.rows._PIECE_BYTES", 2**20)
    with open_files([tmp_path / "one.parquet"], Fields()) as foreign:
        (shard,) = foreign.shards
        found = list(pieces(shard))
        assert len(found) > 4
        assert all(piece["input"].num_chunks == 1 for piece in found)
        assert pa.concat_tables(found)["input"].to_pylist() == rows["input"]


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.parquet"])
def test_ids_are_left_out_where_nobody_asks_for_them(tmp_path: Path, name: str) -> None:
    rows = [{"id": "a", "input": "one", "output": "x"}, {"id": "b", "input": "two", "output": "y"}]
    if name.endswith("jsonl"):
        write_lines(tmp_path / name, rows)
    else:
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / name)
    with open_files([tmp_path / name], Fields()) as foreign:
        (table,) = batches(foreign.shards[0], ids=False)
    assert table["id"].to_pylist() == ["", ""]
    assert table["input"].to_pylist() == ["one", "two"]


def test_a_column_may_be_id_and_text(tmp_path: Path) -> None:
    write_lines(tmp_path / "rows.jsonl", [{"id": "what is tea", "output": "x"}])
    with open_files([tmp_path / "rows.jsonl"], Fields(id="id", input="id")) as foreign:
        (table,) = batches(foreign.shards[0], ids=False)
    assert table["input"].to_pylist() == ["what is tea"]
