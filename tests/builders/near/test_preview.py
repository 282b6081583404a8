"""Stored signatures are cut into bands of another shape; those of other versions are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from medsmith.builders.near.preview import Regrouping, regroup_part, regrouped_shape
from medsmith.builders.near.sketching import read_sketches, stored_schema
from medsmith.dedup.near.interchange import signatures
from medsmith.dedup.near.params import NearParams, Shape
from medsmith.dedup.near.sketches import Texts, band_column, sketch
from medsmith.schema import UserError

STORED, WANTED = Shape(6, 4), Shape(4, 5)


def _table() -> pa.Table:
    texts = [f"what was seen on day {n} of the stay in the ward, and why" for n in range(5)]
    rows = Texts(pa.array(texts), pa.array([""] * 5), np.zeros(5, np.bool_))
    found = sketch(rows, np.empty(0, np.uint64), STORED, NearParams())
    schema = stored_schema(STORED)
    facts = {"id": list("abcde"), "task": [0] * 5, "split_rank": [0] * 5, "bytes": [9] * 5}
    columns = [pa.array(some, schema.field(name).type) for name, some in facts.items()]
    return pa.table([*columns, *found.columns], schema=schema)


def _job(table: pa.Table, folder: Path) -> Regrouping:
    path = folder / "sketches.arrow"
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as out:
        out.write_table(table)
    return Regrouping(path, STORED, WANTED, folder / "regrouped.arrow")


def test_bands_of_another_shape_hold_the_same_minima(tmp_path: Path) -> None:
    table = _table()
    schema = stored_schema(WANTED)
    found = read_sketches(regroup_part(_job(table, tmp_path)), schema.names)
    assert found.schema == schema
    assert np.array_equal(signatures(found, WANTED), signatures(table, STORED)[:, :20])
    assert found["input_digest"] == table["input_digest"]


def test_a_regrouped_shape_takes_no_more_minima_than_are_stored() -> None:
    shape = regrouped_shape(STORED, 0.9)
    assert 0 < shape.permutations <= STORED.permutations


def test_signatures_of_another_version_are_refused(tmp_path: Path) -> None:
    table = _table()
    wide = pa.list_(pa.field("item", pa.uint32(), nullable=False), STORED.rows)
    for band in range(STORED.bands):
        place = table.schema.get_field_index(band_column(band))
        field = pa.field(band_column(band), wide, nullable=False)
        table = table.set_column(place, field, table[place].cast(wide))
    with pytest.raises(UserError, match="another version"):
        regroup_part(_job(table, tmp_path))
