"""Near-duplicates of anybody's files: the steps of the stages, one after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
from medsmith.builders.engine import Engine, report_rows
from medsmith.builders.near.banding import exchange_part, pair_bands
from medsmith.builders.near.corpus import Setting, Sketched, Source, mark_part
from medsmith.builders.near.rows import Part, Task, texts
from medsmith.builders.near.search import Search
from medsmith.builders.near.sketching import (
    MAX_TASKS,
    Describing,
    Sampling,
    Sketching,
    boilerplate_report,
    describe_task,
    sample_part,
    sketch_part,
    spread_evenly,
    write_boilerplate,
)
from medsmith.builders.near.verifying import read_edges, verify_chunk, verify_part
from medsmith.builders.progress import Reporter
from medsmith.builders.standalone import Foreign, Shard, spread, write_subset
from medsmith.dedup.near.boilerplate import Boilerplate
from medsmith.dedup.near.edges import Edges
from medsmith.dedup.near.params import NearParams, shape_for
from medsmith.dedup.near.scopes import TaskScope
from medsmith.schema import UserError

Numbers = np.ndarray[Any, Any]

SOURCE = "files"
# The boilerplate of rows without scopes is looked for in so many parts, evenly spread.
_SAMPLED_PARTS = 4


@dataclass(frozen=True)
class Found:
    """A search that was carried out: its edges, the rows of each task, and the boilerplate."""

    search: Search
    edges: Edges
    counts: list[Numbers]
    boilerplate: dict[str, Any]


def search_pairs(search: Search, engine: Engine, reporter: Reporter) -> tuple[Edges, list[Numbers]]:
    """Carry out a search; return its edges and, for each part, the rows of each task."""
    counts = spread(engine, reporter, "marking", mark_part, search.marking())
    spread(engine, reporter, "exchanging bands", exchange_part, search.exchanging())
    paired = spread(engine, reporter, "pairing", pair_bands, search.pairing())
    own = spread(engine, reporter, "verifying", verify_part, search.verifying_parts(paired))
    others = spread(engine, reporter, "verifying the rest", verify_chunk, search.verifying_chunks())
    return read_edges([*own, *others]), counts


def search_files(
    foreign: Foreign, folder: Path, params: NearParams, engine: Engine, reporter: Reporter
) -> Found:
    """Sketch foreign files and find their similar pairs; its files lie in `folder`.

    Raises `UserError` where the scope column has absurdly many values.
    """
    parts = [Part(shard, shard.row, shard.rows) for shard in foreign.shards]
    tasks, counts, sampled = _tasks(foreign, parts, engine, reporter)
    names = tuple(task.scope.task for task in tasks)
    jobs = [
        Sampling(part, names, counts, folder / f"sample-{number:05d}.arrow")
        for number, part in enumerate(sampled)
    ]
    samples = tuple(spread(engine, reporter, "sampling", sample_part, jobs))
    describing = [Describing(task, samples, params, text=True) for task in range(len(tasks))]
    found: list[Boilerplate] = spread(
        engine, reporter, "finding boilerplate", describe_task, describing
    )
    path = folder / "boilerplate.arrow"
    write_boilerplate(names, found, path)
    sketching = [
        Sketching(part, tasks, path, params, folder / f"sketches-{number:05d}.arrow")
        for number, part in enumerate(parts)
    ]
    sketches = spread(engine, reporter, "sketching", sketch_part, sketching)
    sketched = [Sketched(part, file, 0) for part, file in zip(parts, sketches, strict=True)]
    setting = Setting((Source(SOURCE, tasks, path),), params, shape_for(params.threshold))
    search = Search(setting, tuple(sketched), folder / "search")
    edges, rows = search_pairs(search, engine, reporter)
    return Found(search, edges, rows, boilerplate_report(names, found))


def _tasks(
    foreign: Foreign, parts: Sequence[Part], engine: Engine, reporter: Reporter
) -> tuple[tuple[Task, ...], tuple[int, ...], list[Part]]:
    """Return the tasks (one a scope), the rows of each to be sampled, and the parts to sample."""
    if any(shard.columns.scope is not None for shard in foreign.shards):
        counts: Counter[str] = Counter()
        for some in spread(engine, reporter, "reading scopes", _count_scopes, parts):
            counts.update(some)
        if len(counts) > MAX_TASKS:
            raise UserError(
                f"The scope column has {len(counts):,} different values: rows of different scopes "
                "are never compared.",
                "Name another one with --scope-field, or leave it.",
            )
        names = sorted(counts)
        sampled = list(parts)
    else:
        names = [""]
        sampled = list(spread_evenly(parts, _SAMPLED_PARTS)) if parts else []
        counts = Counter({"": sum(part.rows for part in sampled)})
    tasks = tuple(Task(TaskScope(SOURCE, name, "")) for name in names)
    return tasks, tuple(counts[name] for name in names), sampled


def _count_scopes(part: Part) -> Counter[str]:
    counts: Counter[str] = Counter()
    for table in texts(part, ("task",)):
        for found in pc.value_counts(table["task"]).to_pylist():
            counts[found["values"]] += found["counts"]
        report_rows(len(table))
    return counts


@dataclass(frozen=True, eq=False)
class Keeping:
    """Write the rows of a shard that stay; `dropped` counts from its first row."""

    shard: Shard
    dropped: Numbers
    out: Path


def keep_rows(job: Keeping) -> int:
    """Write the original rows that stay; return how many."""
    keep = np.ones(job.shard.rows, np.bool_)
    keep[job.dropped] = False
    report_rows(job.shard.rows)
    return write_subset(job.shard, keep, job.out)
