"""Bands read from files give the pairs that they give in memory, however the work is cut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from medsmith.builders.near import banding
from medsmith.builders.near.banding import all_pairs, exchange_part, pair_bands, pieces_of
from medsmith.builders.near.columns import locate_columns, room_for
from medsmith.builders.near.compared import count_compared, read_compared, write_compared
from medsmith.builders.near.corpus import Setting, Sketched, Source, mark_part
from medsmith.builders.near.rows import Part, Task
from medsmith.builders.near.search import Search
from medsmith.builders.near.sketching import stored_schema
from medsmith.builders.parquet import write_table
from medsmith.dedup.near.bands import Compared
from medsmith.dedup.near.find import candidates
from medsmith.dedup.near.params import NearParams, Shape
from medsmith.dedup.near.scopes import TaskScope, scopes_of

SHAPE = Shape(7, 2)
ROWS = (700, 0, 1500, 30)  # of each part
TASKS = (("a", "one", "task"), ("a", "two", "task"), ("b", "three", "none"), ("b", "four", "task"))
Numbers = np.ndarray[Any, Any]


def _sketches(rows: int, first: int, tasks: int) -> pa.Table:
    """Rows that agree in many bands, some of them in crowds."""
    draw = np.random.default_rng(first)
    known = np.random.default_rng(1)
    values: dict[str, Any] = {
        "id": [f"{first + n:05}" for n in range(rows)],
        "task": draw.integers(0, tasks, rows),
        "salt": draw.integers(0, 2, rows).astype(np.uint64) << np.uint64(40),
        "input_digest": draw.integers(0, 200, rows),
        "output_digest": draw.integers(0, 2, rows),
    }
    columns = []
    for field in stored_schema(SHAPE):
        if pa.types.is_fixed_size_list(field.type):
            dtype = field.type.value_type.to_pandas_dtype()
            texts = known.integers(0, 2**16, (900, field.type.list_size)).astype(dtype)
            texts[:150] = texts[0]
            flat = pa.array(texts[draw.integers(0, 900, rows)].ravel(), field.type.value_type)
            columns.append(pa.FixedSizeListArray.from_arrays(flat, type=field.type))
        else:
            columns.append(pa.array(values.get(field.name, np.zeros(rows)), field.type, safe=False))
    return pa.table(columns, schema=stored_schema(SHAPE))


@pytest.fixture(scope="module")
def tables() -> list[pa.Table]:
    firsts = np.cumsum((0, *ROWS[:-1])).tolist()
    return [_sketches(rows, first, 2) for rows, first in zip(ROWS, firsts, strict=True)]


def _search(tables: list[pa.Table], folder: Path, *, gone: Path | None = None) -> Search:
    parts, first = [], 0
    for number, table in enumerate(tables):
        path = folder / f"sketches-{number}.arrow"
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as out:
            out.write_table(table, max_chunksize=400)
        part = Part(path, first, len(table))
        parts.append(Sketched(part, path, number % 2, gone if number % 2 == 0 else None))
        first += len(table)
    tasks = [Task(TaskScope(source, task, "c", policy)) for source, task, policy in TASKS]
    sources = (
        Source("a", tuple(tasks[:2]), folder / "none"),
        Source("b", tuple(tasks[2:]), folder / "none"),
    )
    setting = Setting(sources, NearParams(), SHAPE)
    return Search(setting, tuple(parts), folder / "search")


def _found(search: Search) -> Numbers:
    for marking in search.marking():
        mark_part(marking)
    for exchanging in search.exchanging():
        exchange_part(exchanging)
    return all_pairs([pair_bands(pairing) for pairing in search.pairing()])


def _wanted(tables: list[pa.Table]) -> Numbers:
    numbers = [t["task"].to_numpy().astype(int) + 2 * (n % 2) for n, t in enumerate(tables)]
    scopes = scopes_of([TaskScope(source, task, "c", policy) for source, task, policy in TASKS])
    return candidates(pa.concat_tables(tables), scopes, np.concatenate(numbers), SHAPE)


@pytest.mark.parametrize("most", [2**24, 600])
def test_pairs_of_files_are_those_of_one_table(
    tables: list[pa.Table], most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(banding, "ROWS_PER_RANGE", most)
    monkeypatch.setattr(banding, "_SHARE", 100)
    search = _search(tables, tmp_path)
    assert (search.ranges > 1) == (most == 600)
    found, wanted = _found(search), _wanted(tables)
    assert len(wanted) > 1000
    assert np.array_equal(found, wanted)


def test_rows_removed_before_are_in_no_pair(tables: list[pa.Table], tmp_path: Path) -> None:
    ids = [id for table in tables for id in table["id"].to_pylist()]
    gone = set(ids[::3])
    write_table(pa.table({"id": sorted(gone)}), tmp_path / "gone.parquet")
    found = _found(_search(tables, tmp_path, gone=tmp_path / "gone.parquet"))
    rows = {
        int(row) for ends in (found >> np.uint64(32), found & np.uint64(2**32 - 1)) for row in ends
    }
    assert rows
    parts = np.repeat(np.arange(len(ROWS)), ROWS)
    assert not [row for row in rows if ids[row] in gone and parts[row] % 2 == 0]


def test_no_rows_give_no_pairs(tmp_path: Path) -> None:
    empty = stored_schema(SHAPE).empty_table()
    assert not len(_found(_search([empty, empty], tmp_path)))


def test_every_band_is_in_one_piece() -> None:
    for bands in range(1, 40):
        pieces = pieces_of(bands)
        assert [band for piece in pieces for band in piece] == list(range(bands))
        assert len(pieces) == min(bands, banding.PIECES)
        assert max(map(len, pieces)) - min(map(len, pieces)) <= 1


def test_columns_are_read_where_they_lie(tables: list[pa.Table], tmp_path: Path) -> None:
    part = _search(tables, tmp_path).parts[2]
    names = ["band_01", "output_3"]
    batches = locate_columns(part.sketches, names)
    assert [batch.rows for batch in batches] == [400, 400, 400, 300]
    room = room_for(batches)
    for name in names:
        found = np.concatenate([batch.read(name, room).copy() for batch in batches])
        assert found.tolist() == tables[2][name].to_pylist()
        for rows in (np.array([3]), np.arange(50, 400)):
            picked = batches[0].pick(name, rows, room)
            assert picked.tolist() == found[rows].tolist()


def test_a_file_that_was_cut_short_is_told_of(tables: list[pa.Table], tmp_path: Path) -> None:
    part = _search(tables, tmp_path).parts[0]
    batches = locate_columns(part.sketches, ["band_01"])
    with part.sketches.open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(OSError, match="ends too early"):
        batches[-1].read("band_01", room_for(batches))


def test_compared_rows_are_read_as_they_were_written(tmp_path: Path) -> None:
    parts = []
    for number, rows in enumerate((3, 0, 5)):
        draw = np.random.default_rng(number)
        parts.append(
            Compared(
                draw.integers(0, 9, rows).astype(np.uint32),
                draw.integers(0, 9, rows).astype(np.uint64),
                draw.integers(0, 9, rows).astype(np.uint64),
                draw.integers(0, 9, rows).astype(np.uint32),
            )
        )
        write_compared(parts[-1], tmp_path / str(number))
        assert count_compared(tmp_path / str(number)) == rows
    files = [tmp_path / "0", tmp_path / "1", tmp_path / "2"]
    found = read_compared(files, 9)
    assert not read_compared(files, 1).tasks.any()
    for name in ("rows", "salts", "prints", "tasks"):
        wanted = [value for part in parts for value in getattr(part, name).tolist()]
        assert getattr(found, name).tolist() == wanted
