"""Stage `signatures`: each task's boilerplate, and a sketch of every instance without it."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from medsmith.builders.near.rows import Part, Task
from medsmith.builders.near.sketching import (
    Describing,
    Sampling,
    Sketching,
    boilerplate_report,
    describe_task,
    sample_part,
    sketch_part,
    write_boilerplate,
)
from medsmith.builders.stage_dir import read_marker
from medsmith.builders.stages import convert
from medsmith.builders.stages.base import Phase, Stage, StageRun
from medsmith.builders.unit import SourceInput, Unit
from medsmith.dedup.near.params import NearParams, shape_for
from medsmith.dedup.near.scopes import TaskScope
from medsmith.dedup.norm import NORM_RULES
from medsmith.manifests.policies import NearDuplicatePolicy
from medsmith.schema import OutputKind

NAME = "signatures"
BOILERPLATE = "boilerplate.arrow"
_CLOSED = (OutputKind.LABEL, OutputKind.CHOICE)


def params_of(policy: NearDuplicatePolicy) -> NearParams:
    """Return the parameters of a search that follows a recipe's policy."""
    return NearParams(
        threshold=policy.threshold,
        output_threshold=policy.output_threshold,
        containment=policy.containment,
        boilerplate_share=policy.boilerplate_share,
    )


def tasks_of(source: SourceInput) -> tuple[Task, ...]:
    """Return the tasks of a source, in its manifest's order."""
    return tuple(
        Task(
            TaskScope(source.name, task.name, task.category.value, task.dedup.scope),
            task.output in _CLOSED,
            task.dedup.max_removed,
        )
        for task in source.load().manifest.tasks
    )


def parts_of(unit: Unit, source: str, first: int = 0) -> list[tuple[Part, Path]]:
    """Return the instance shards of a source with their sketches; rows count from `first`."""
    home = unit.source_stage(source, convert.NAME)
    found = []
    for name in (read_marker(home) or {})["report"]["shards"]:
        rows = pq.read_metadata(home / name).num_rows
        sketches = unit.source_stage(source, NAME) / _sketches_name(name)
        found.append((Part(home / name, first, rows), sketches))
        first += rows
    return found


def _sketches_name(shard: str) -> str:
    return f"{Path(shard).stem.replace('instances', 'sketches')}.arrow"


def _inputs(unit: Unit) -> Any:
    policy = unit.recipe.near_duplicates
    if policy is None:
        return None
    # Other thresholds of outputs or of containment take the same sketches.
    kept = policy.model_dump(mode="json", include={"threshold", "boilerplate_share"})
    (source,) = unit.sources
    return {**kept, "tasks": [[task.scope.task, task.closed] for task in tasks_of(source)]}


def _split_sampling(run: StageRun) -> Sequence[Sampling]:
    if run.unit.recipe.near_duplicates is None:
        return []
    (source,) = run.unit.sources
    names = tuple(task.scope.task for task in tasks_of(source))
    counts: Counter[str] = Counter()
    home = run.unit.stage(convert.NAME)
    for entry in (read_marker(home) or {})["report"]["instances"]:
        counts[entry["task"]] += entry["count"]
    aside = run.out / "sample"
    aside.mkdir()
    sizes = tuple(counts[name] for name in names)
    return [
        Sampling(part, names, sizes, aside / f"{number:05d}.arrow")
        for number, (part, _) in enumerate(parts_of(run.unit, source.name))
    ]


def _split_describing(run: StageRun) -> Sequence[Describing]:
    policy = run.unit.recipe.near_duplicates
    if policy is None:
        return []
    (source,) = run.unit.sources
    text = source.load().manifest.access.tier.text_may_leave
    samples = tuple(run.results["sampling"])
    tasks = range(len(tasks_of(source)))
    return [Describing(task, samples, params_of(policy), text) for task in tasks]


def _split_sketching(run: StageRun) -> Sequence[Sketching]:
    policy = run.unit.recipe.near_duplicates
    if policy is None:
        return []
    (source,) = run.unit.sources
    tasks = tasks_of(source)
    path = run.out / BOILERPLATE
    write_boilerplate([t.scope.task for t in tasks], run.results["finding boilerplate"], path)
    return [
        Sketching(part, tasks, path, params_of(policy), run.out / sketches.name)
        for part, sketches in parts_of(run.unit, source.name)
    ]


def _finish(run: StageRun) -> dict[str, Any]:
    policy = run.unit.recipe.near_duplicates
    if policy is None:
        return {"rules": None}
    shutil.rmtree(run.out / "sample")
    (source,) = run.unit.sources
    tasks = [task.scope.task for task in tasks_of(source)]
    shape = shape_for(policy.threshold)
    return {
        "rules": NORM_RULES,
        "bands": shape.bands,
        "rows_per_band": shape.rows,
        "boilerplate": boilerplate_report(tasks, run.results["finding boilerplate"]),
    }


STAGE = Stage(
    name=NAME,
    scope="source",
    needs=(convert.NAME,),
    code=(
        "medsmith.schema",
        "medsmith.dedup",
        "medsmith.dedup.kernels",
        "medsmith.dedup.near",
        "medsmith.builders.shuffle",
        "medsmith.builders.parquet",
        "medsmith.builders.near.rows",
        "medsmith.builders.near.sketching",
        "medsmith.builders.stages.signatures",
    ),
    title="signatures",
    phases=(
        Phase("sampling", _split_sampling, sample_part),
        Phase("finding boilerplate", _split_describing, describe_task),
        Phase("sketching", _split_sketching, sketch_part),
    ),
    finish=_finish,
    inputs=_inputs,
)
