"""What the search for pairs works on: sketched parts, their tasks, and who of them takes part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from medsmith.builders.near.compared import write_compared
from medsmith.builders.near.rows import Part, Task, within
from medsmith.builders.near.sketching import read_boilerplate, read_sketches
from medsmith.builders.parquet import read_table
from medsmith.dedup.near.bands import compared_rows
from medsmith.dedup.near.params import NearParams, Shape
from medsmith.dedup.near.scopes import Scopes, scopes_of

Numbers = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Source:
    """A source's tasks and their boilerplate, and how freely and gladly its copies are kept."""

    name: str
    tasks: tuple[Task, ...]
    boilerplate: Path
    licence_rank: int = 0
    source_rank: int = 0


@dataclass(frozen=True)
class Sketched:
    """A part with its sketches. `removed`: a table whose `id`s take no part."""

    part: Part
    sketches: Path
    source: int
    removed: Path | None = None


@dataclass(frozen=True)
class Setting:
    """What every piece of the work needs to know: the sources and the parameters."""

    sources: tuple[Source, ...]
    params: NearParams  # the threshold is the lowest that is looked for
    shape: Shape  # of the sketches

    @property
    def tasks(self) -> list[Task]:
        """The tasks of all sources, one after the other."""
        return [task for source in self.sources for task in source.tasks]

    def first_task(self, source: int) -> int:
        """Return the number of a source's first task among `tasks`."""
        return sum(len(before.tasks) for before in self.sources[:source])

    def boilerplate(self) -> list[Numbers]:
        """Return the boilerplate of all tasks."""
        return [found for source in self.sources for found in read_boilerplate(source.boilerplate)]

    def tasks_of(self, part: Sketched, column: pa.ChunkedArray) -> Numbers:
        """Return the number among `tasks` of each row of a part, from its sketches' `task`."""
        numbers: Numbers = column.to_numpy().astype(np.int64) + self.first_task(part.source)
        return numbers

    def scopes(self) -> Scopes:
        """Return the scope of each of `tasks`."""
        return scopes_of([task.scope for task in self.tasks])


@dataclass(frozen=True)
class Marking:
    """Tell which rows of a part take part, in a file of one byte a row.

    What all bands share of those that are compared is written to `compared`.
    """

    setting: Setting
    part: Sketched
    out: Path
    compared: Path


def mark_part(job: Marking) -> Numbers:
    """Write which rows take part; return how many of each of the source's tasks do."""
    table = read_sketches(job.part.sketches, _SHARED if job.part.removed is None else _NAMED)
    there = np.ones(len(table), np.bool_)
    if job.part.removed is not None:
        gone = read_table(job.part.removed, ["id"])["id"].combine_chunks()
        there = ~pc.is_in(table["id"], value_set=gone).to_numpy()
    np.save(job.out, there)
    rows = np.flatnonzero(there)
    if len(rows) < len(table):
        table = table.take(pa.array(rows))
    tasks = job.setting.tasks_of(job.part, table["task"])
    numbers = rows + job.part.part.first
    write_compared(compared_rows(table, tasks, job.setting.scopes(), numbers), job.compared)
    counts: Numbers = np.bincount(table["task"].to_numpy())
    return counts


_SHARED = ("task", "salt", "input_digest", "output_digest")
_NAMED = ("id", *_SHARED)


def read_facts(setting: Setting, parts: Sequence[Sketched], rows: Numbers) -> pa.Table:
    """Return what keepers are chosen by, of `rows` (ascending row numbers), in their order.

    Columns: `id`, `source`, `task`, `split_rank`, `licence_rank`, `source_rank`, `output_length`,
    `input_digest`, `output_digest`, `number` (of the task).
    """
    tables = [_facts(setting, part, rows) for part in parts]
    return pa.concat_tables([table for table in tables if table is not None] or [_NO_FACTS])


_NO_FACTS = pa.schema(
    [
        ("id", pa.string()),
        ("source", pa.string()),
        ("task", pa.string()),
        ("split_rank", pa.int8()),
        ("licence_rank", pa.int64()),
        ("source_rank", pa.int64()),
        ("output_length", pa.uint32()),
        ("input_digest", pa.uint64()),
        ("output_digest", pa.uint64()),
        ("number", pa.int64()),
    ]
).empty_table()
_STORED = ("id", "task", "split_rank", "output_length", "input_digest", "output_digest")


def _facts(setting: Setting, part: Sketched, rows: Numbers) -> pa.Table | None:
    own = within(rows, part.part)
    if not len(own):
        return None
    found = read_sketches(part.sketches, _STORED).take(pa.array(own))
    source = setting.sources[part.source]
    numbers = setting.tasks_of(part, found["task"])
    tasks = pa.array([task.scope.task for task in setting.tasks], pa.string())
    columns = {
        "id": found["id"],
        "source": pa.repeat(source.name, len(own)),
        "task": tasks.take(pa.array(numbers)),
        "split_rank": found["split_rank"],
        "licence_rank": pa.repeat(pa.scalar(source.licence_rank, pa.int64()), len(own)),
        "source_rank": pa.repeat(pa.scalar(source.source_rank, pa.int64()), len(own)),
        "output_length": found["output_length"],
        "input_digest": found["input_digest"],
        "output_digest": found["output_digest"],
        "number": pa.array(numbers),
    }
    return pa.table(columns)
