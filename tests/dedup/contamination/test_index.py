"""The index is one file, the same for the same items."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from lamp_items import ITEMS, VIGNETTE, find, table
from medsmith.dedup.contamination import (
    ITEMS as SCHEMA,
)
from medsmith.dedup.contamination import (
    Item,
    build_index,
    items_digest,
    items_table,
    load_index,
    reduce_df,
    save_index,
    scan,
    score,
)
from medsmith.dedup.kernels import _match
from medsmith.schema import UserError


def test_a_saved_index_gives_the_same_hits(tmp_path: Path) -> None:
    index = build_index(items_table("lamp", ITEMS))
    save_index(index, tmp_path / "a.idx")
    again = load_index(tmp_path / "a.idx")
    rows = table(VIGNETTE)
    first = scan(again, rows)
    assert score(again, reduce_df(again, [first.counts], first.texts), rows).to_pylist() == find(
        rows
    )
    assert again.digest == index.digest == items_digest(items_table("lamp", ITEMS))


def test_the_same_items_give_the_same_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save_index(build_index(items_table("lamp", ITEMS)), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_the_digest_tells_apart_where_fields_end() -> None:
    one = items_table("lamp", [Item("1", "ab", ("c", "d"))])
    other = items_table("lamp", [Item("1", "a", ("bc", "d"))])
    split = items_table("lamp", [Item("1", "ab", ("cd",))])
    assert len({items_digest(each) for each in (one, other, split)}) == 3


@pytest.mark.parametrize("content", [b"", b"not an index", b"ARROW1\0\0 cut off"])
def test_a_file_that_is_no_index_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.idx").write_bytes(content)
    with pytest.raises(UserError, match="no index"):
        load_index(tmp_path / "x.idx")


def test_no_items_and_no_rows_give_no_hits() -> None:
    assert find(table(VIGNETTE), ()) == []
    assert find(table(), ITEMS) == []
    assert find(table("", "", outputs=[""]), ITEMS) == []
    assert find(table(VIGNETTE), (Item("1", ""), Item("2", "???"), Item("3", "Pulse?"))) == []


def test_items_table_has_the_schema() -> None:
    assert items_table("lamp", []).schema == SCHEMA
    assert items_table("lamp", ITEMS).schema == SCHEMA


def test_nulls_and_slices_are_read_as_they_stand() -> None:
    rows = table(VIGNETTE, "nothing", VIGNETTE).slice(1)
    rows = rows.set_column(2, "output", pa.array([None, None], pa.large_string()))
    assert [hit["id"] for hit in find(rows)] == ["r2"]


def test_the_kernel_refuses_buffers_that_do_not_fit() -> None:
    index = build_index(items_table("lamp", ITEMS))
    counts, marks = np.zeros(index.grams, np.uint32), np.zeros(1, np.uint8)
    arrays = [index.filter, index.table, index.post_offsets, index.post_pattern, index.post_at]
    data = np.frombuffer(b"abc", np.uint8)
    good = [*arrays, index.need, counts, data, np.array([0, 3]), marks]
    _match.scan(*good)
    for at, wrong in (
        (0, index.filter[:3]),
        (1, index.table[:5]),
        (2, index.post_offsets[:-1]),
        (4, index.post_at[:-1]),
        (6, counts[:-1].copy()),
        (8, np.array([0, 4])),
        (8, np.array([2, 1])),
        (8, np.array([-1, 3])),
        (8, np.zeros(0, np.int64)),
        (9, np.zeros(2, np.uint8)),
    ):
        with pytest.raises(ValueError, match="do not fit"):
            _match.scan(*good[:at], wrong, *good[at + 1 :])
