"""Sketches of all rows in files, a column for each band; before them, each task's boilerplate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from medsmith.builders.engine import report_rows
from medsmith.builders.near.rows import COLUMNS, Part, Task, texts
from medsmith.builders.shuffle import read_partition, write_partitioned
from medsmith.dedup.near.boilerplate import Boilerplate, find_boilerplate, sampled
from medsmith.dedup.near.clusters import split_ranks
from medsmith.dedup.near.params import NearParams, Shape, shape_for
from medsmith.dedup.near.sketches import Texts, sketch, sketch_schema

Numbers = np.ndarray[Any, Any]

_SAMPLE = pa.schema([pa.field("input", pa.string())])
_BOILERPLATE = pa.schema(
    [
        pa.field("task", pa.string(), nullable=False),
        pa.field("shingles", pa.list_(pa.uint64()), nullable=False),
    ]
)
_FACTS = (
    pa.field("id", pa.string(), nullable=False),
    pa.field("task", pa.uint16(), nullable=False),  # its place in the source's list
    pa.field("split_rank", pa.int8(), nullable=False),
    pa.field("bytes", pa.uint32(), nullable=False),  # of input and output
)
MAX_TASKS = 2**16
_WRITTEN_ROWS = 2**16  # at a time, so that each column is read in few pieces


@dataclass(frozen=True)
class Sampling:
    """Take the sample of a part: about so many rows of each task, of so many in all."""

    part: Part
    tasks: tuple[str, ...]
    counts: tuple[int, ...]
    out: Path


def sample_part(job: Sampling) -> Path:
    """Write the inputs that are in the sample, partitioned by task."""
    rows, numbers, tables = [], [], []
    first = 0
    for table in texts(job.part, ("id", "task", "input")):
        of_task = task_numbers(table["task"], job.tasks)
        wanted = np.zeros(len(table), np.bool_)
        for number in np.unique(of_task):
            here = np.flatnonzero(of_task == number)
            ids = table["id"].take(pa.array(here))
            wanted[here] = sampled(ids, job.counts[number])
        chosen = np.flatnonzero(wanted)
        tables.append(table.select(["input"]).take(pa.array(chosen)))
        rows.append(np.arange(first, first + len(chosen)))
        numbers.append(of_task[chosen])
        first += len(chosen)
    whole = pa.concat_tables([_SAMPLE.empty_table(), *(t.cast(_SAMPLE) for t in tables)])
    none = np.empty(0, np.int64)
    write_partitioned(
        whole, np.concatenate([none, *rows]), np.concatenate([none, *numbers]), job.out
    )
    return job.out


@dataclass(frozen=True)
class Describing:
    """Find the boilerplate of a task in the sample; `text`: tell examples of it."""

    task: int
    samples: tuple[Path, ...]
    params: NearParams
    text: bool


def describe_task(job: Describing) -> Boilerplate:
    """Return the boilerplate of a task."""
    inputs = read_partition(job.samples, job.task, _SAMPLE)["input"].combine_chunks()
    return find_boilerplate(inputs, job.params, text=job.text)


def write_boilerplate(tasks: Sequence[str], found: Sequence[Boilerplate], path: Path) -> None:
    """Write the shingles of each task, as `read_boilerplate` reads them."""
    shingles = pa.array([each.shingles for each in found], pa.list_(pa.uint64()))
    table = pa.table([pa.array(tasks, pa.string()), shingles], schema=_BOILERPLATE)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, _BOILERPLATE) as out:
        out.write_table(table)


def read_boilerplate(path: Path) -> list[Numbers]:
    """Return the boilerplate shingles (uint64, sorted) of each task, in the tasks' order."""
    with pa.OSFile(str(path)) as source:
        column = pa.ipc.open_file(source).read_all()["shingles"]
    return [np.array(value.values, np.uint64) for value in column]


def boilerplate_report(tasks: Sequence[str], found: Sequence[Boilerplate]) -> dict[str, Any]:
    """Return what a report tells of each task's boilerplate."""
    return {
        task: {
            "texts": each.texts,
            "shingles": len(each.shingles),
            "covered": round(each.covered, 4),
            "examples": [{"text": text, "share": round(share, 4)} for text, share in each.examples],
        }
        for task, each in zip(tasks, found, strict=True)
    }


@dataclass(frozen=True)
class Sketching:
    """Sketch the rows of a part."""

    part: Part
    tasks: tuple[Task, ...]
    boilerplate: Path
    params: NearParams
    out: Path


def sketch_part(job: Sketching) -> Path:
    """Write one sketch for each row, in their order, with its id and its task."""
    shape = shape_for(job.params.threshold)
    boilerplate = read_boilerplate(job.boilerplate)
    schema = stored_schema(shape)
    with pa.OSFile(str(job.out), "wb") as sink, pa.ipc.new_file(sink, schema) as out:
        sketches: list[pa.Table] = []
        for table in texts(job.part, COLUMNS):
            sketches.append(_sketched(table, job, boilerplate, shape))
            report_rows(len(table))
            if sum(map(len, sketches)) >= _WRITTEN_ROWS:
                out.write_table(pa.concat_tables(sketches).combine_chunks())
                sketches.clear()
        if sketches:
            out.write_table(pa.concat_tables(sketches).combine_chunks())
    return job.out


def stored_schema(shape: Shape) -> pa.Schema:
    """Return the schema of a file of sketches."""
    return pa.schema([*_FACTS, *sketch_schema(shape)])


def _sketched(
    table: pa.Table, job: Sketching, boilerplate: Sequence[Numbers], shape: Shape
) -> pa.Table:
    names = tuple(task.scope.task for task in job.tasks)
    numbers = task_numbers(table["task"], names)
    order, parts = [], []
    for number in np.unique(numbers):
        here = np.flatnonzero(numbers == number)
        rows = table if len(here) == len(table) else table.take(pa.array(here))
        closed = np.full(len(here), job.tasks[number].closed)
        found = Texts(rows["input"], rows["output"], closed)
        parts.append(sketch(found, boilerplate[number], shape, job.params))
        order.append(here)
    schema = sketch_schema(shape)
    sketches = pa.concat_tables(parts) if parts else schema.empty_table()
    if len(parts) > 1:
        sketches = sketches.take(pa.array(np.argsort(np.concatenate(order))))
    size = pc.add(pc.binary_length(table["input"]), pc.binary_length(table["output"]))
    facts = [
        table["id"],
        pa.array(numbers.astype(np.uint16)),
        split_ranks(table["split"]),
        size.cast(pa.uint32()),
    ]
    columns = [*facts, *sketches.columns]
    return pa.table(columns, schema=stored_schema(shape))


def task_numbers(column: pa.ChunkedArray, tasks: Sequence[str]) -> Numbers:
    """Return the place of each row's task among `tasks` (int64)."""
    found = pc.index_in(column, value_set=pa.array(tasks, pa.string()))
    numbers: Numbers = found.to_numpy().astype(np.int64)
    return numbers


def read_sketches(path: Path, columns: Sequence[str]) -> pa.Table:
    """Return these columns of a file of sketches; the others are not read."""
    with pa.OSFile(str(path)) as source:
        names = pa.ipc.open_file(source).schema.names
        fields = [names.index(name) for name in columns]
        options = pa.ipc.IpcReadOptions(included_fields=fields, use_threads=False)
        table = pa.ipc.open_file(source, options=options).read_all()
    return table.select(list(columns))


def spread_evenly(parts: Sequence[Part], most: int) -> Iterator[Part]:
    """Yield at most `most` of `parts`, evenly spread."""
    for number in sorted({i * len(parts) // most for i in range(most)}):
        yield parts[number]
