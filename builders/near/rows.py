"""The rows that are compared: of a build's instance shards, or of anybody's files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from medsmith.builders.parquet import readable
from medsmith.builders.standalone import Shard, batches
from medsmith.dedup.near.arrays import between
from medsmith.dedup.near.scopes import TaskScope
from medsmith.schema import Split

# What is read of a row, whatever it comes from. `split` is one of `schema.Split`.
COLUMNS = ("id", "task", "split", "input", "output")
# Few rows at a time stay in the processor's caches, and their memory serves for the next ones.
_BATCH_ROWS = 4096
Numbers = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Task:
    """What is known of a task: its scope, whether its outputs are labels, how much may go."""

    scope: TaskScope
    closed: bool = False
    max_removed: float | None = None


@dataclass(frozen=True)
class Part:
    """A run of rows that one worker reads: a shard of instances, or one of foreign files.

    `first` is the number of its first row among those of all parts.
    """

    data: Path | Shard
    first: int
    rows: int


def texts(part: Part, columns: tuple[str, ...] = COLUMNS) -> Iterator[pa.Table]:
    """Yield the rows of a part in pieces of bounded size, with these of `COLUMNS`.

    Of foreign rows, the task is their scope and the split is `train`.
    """
    if isinstance(part.data, Path):
        with readable(part.data), pq.ParquetFile(part.data, pre_buffer=False) as file:
            for batch in file.iter_batches(_BATCH_ROWS, columns=list(columns), use_threads=False):
                yield pa.Table.from_batches([batch])
        return
    for table in batches(part.data, ids="id" in columns):
        named = table.rename_columns(["id", "instruction", "input", "output", "task"])
        train = pa.repeat(pa.scalar(Split.TRAIN.value, pa.string()), len(table))
        yield named.append_column("split", train).select(list(columns))


def within(rows: Numbers, part: Part) -> Numbers:
    """Return which of `rows` (ascending, of all parts) lie in a part, counted from its first."""
    own = rows[between(rows, part.first, part.first + part.rows)]
    return own.astype(np.int64) - part.first


def pick(part: Part, rows: Numbers, columns: tuple[str, ...]) -> pa.Table:
    """Return rows of a part (ascending, counted from its first; may repeat) with these columns."""
    pieces: list[pa.Table] = []
    first = 0
    for table in texts(part, columns):
        own = rows[between(rows, first, first + len(table))]
        if len(own) or not pieces:
            pieces.append(table.take(pa.array(own - first)))
        first += len(table)
    return pa.concat_tables(pieces)


def read_texts(parts: Sequence[Part], rows: Numbers, columns: tuple[str, ...]) -> pa.Table:
    """Return `rows` (ascending row numbers of all parts) with these columns, in their order."""
    tables = []
    for part in parts:
        own = within(rows, part)
        if len(own):
            tables.append(pick(part, own, columns))
    empty = pa.table({name: pa.array([], pa.string()) for name in columns})
    return pa.concat_tables(tables or [empty])
