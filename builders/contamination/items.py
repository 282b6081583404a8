"""The items that a release is held against, read once: tables on disk that tell how they came.

What was read of a registered benchmark is kept in a cache by its digest; the test split of a
source is read from its converted instances.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from medsmith.builders.benchmarks.reading import ItemRun, default_shapes, shape_instance
from medsmith.builders.benchmarks.shapes import UnfitError
from medsmith.builders.contamination.plan import OwnSplit, Registered
from medsmith.builders.parquet import read_table, readable, write_table
from medsmith.converters.core import registry
from medsmith.dedup.contamination import ITEMS, Item, items_table
from medsmith.manifests import Catalogue
from medsmith.schema import Split

_TOLD = b"medsmith.told"
_SPLIT_COLUMNS = ["id", "task", "split", "input", "output", "choices"]


@dataclass(frozen=True)
class ReadFiles:
    """Read a registered benchmark's files into `out`."""

    benchmark: Registered
    out: Path


@dataclass(frozen=True)
class ReadSplit:
    """Read the test instances among converted `shards` into `out`."""

    benchmark: OwnSplit
    shards: tuple[Path, ...]
    out: Path


def read_items(task: ReadFiles | ReadSplit) -> int:
    """Write the items of a benchmark (`ITEMS`); return how many. The file is there whole or not."""
    if isinstance(task, ReadFiles):
        run = ItemRun(Catalogue.bundled().benchmark(task.benchmark.name), task.benchmark.folders)
        table = items_table(task.benchmark.name, run)  # fills the run's ledger
        told = {"records": run.ledger.to_json(), "problems": run.problems}
    else:
        items = (item for path in task.shards for item in _split_items(task.benchmark, path))
        table, told = items_table(task.benchmark.name, items), {}
    task.out.parent.mkdir(parents=True, exist_ok=True)
    aside = task.out.with_name(f".aside-{uuid4().hex}")
    write_table(table.replace_schema_metadata({_TOLD: json.dumps(told)}), aside)
    aside.replace(task.out)
    return len(table)


def told_of(path: Path) -> dict[str, Any]:
    """Return what a table of items tells of its reading, and their number, without reading them."""
    with readable(path):
        metadata = pq.read_metadata(path)
    told: dict[str, Any] = json.loads(metadata.metadata[_TOLD])
    return {**told, "items": metadata.num_rows}


def join_items(paths: Sequence[Path]) -> pa.Table:
    """Return the items of several tables as one (`ITEMS`), each table in one chunk."""
    return pa.concat_tables(
        [ITEMS.empty_table(), *(read_table(path).cast(ITEMS) for path in paths)]
    )


def without(items: pa.Table, others: pa.Table) -> pa.Table:
    """Return the items whose benchmark and id no item of `others` has."""
    return items.filter(pc.invert(pc.is_in(_keys(items), value_set=_keys(others))))


def _keys(table: pa.Table) -> pa.Array:
    joined = pc.binary_join_element_wise(table["benchmark"], table["item_id"], "\x1f")
    return joined.combine_chunks()


def _split_items(benchmark: OwnSplit, path: Path) -> Iterator[Item]:
    catalogue = Catalogue.bundled()
    shapes = default_shapes(registry.load(benchmark.source))
    if benchmark.name in catalogue.benchmark_names():
        shapes = catalogue.benchmark(benchmark.name).tasks or shapes
    rows = read_table(path, _SPLIT_COLUMNS)
    for row in rows.filter(pc.equal(rows["split"], Split.TEST.value)).to_pylist():
        if row["task"] in shapes:
            try:
                yield shape_instance(row, shapes[row["task"]]).item
            except UnfitError:
                continue


def languages_of(benchmark: Registered | OwnSplit) -> tuple[str, ...]:
    """Return the languages of a benchmark's items."""
    if isinstance(benchmark, Registered):
        return Catalogue.bundled().benchmark(benchmark.name).languages
    return registry.load(benchmark.source).manifest.languages
