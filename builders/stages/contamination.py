"""Stage `contamination`: train and validation instances that hold an item of a benchmark.

Held against are the registered benchmarks whose files are there, and the test splits of the
release's own sources. A self-test on the same index tells what such a search finds.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from medsmith.builders.contamination.hits import TABLE, told_of_hits, write_review
from medsmith.builders.contamination.passes import (
    CACHE,
    CODE,
    TEXTS,
    IndexFile,
    Scanned,
    cached_index,
    scan_texts,
    telling_grams,
)
from medsmith.builders.contamination.plan import Benchmark, plan, read_benchmark, split_shards
from medsmith.builders.contamination.self_test import cases, clean_cases, measure, summary
from medsmith.builders.engine import report_rows
from medsmith.builders.parquet import read_table, write_table
from medsmith.builders.stage_dir import read_marker, write_json
from medsmith.builders.stages import convert
from medsmith.builders.stages.base import Phase, Stage, StageRun
from medsmith.builders.stages.judged import removed_before
from medsmith.builders.unit import Unit
from medsmith.dedup.contamination import RULES, load_index, score
from medsmith.manifests.policies import ContaminationPolicy
from medsmith.schema import RemovalReason, Split, arrow

NAME = "contamination"
_SELF_TEST = "contamination_self_test"
_SELF_TEST_ITEMS = 100  # of each benchmark: it takes seconds, and is exact to a few per cent
_JUDGED = (Split.TRAIN.value, Split.VALIDATION.value)


@dataclass(frozen=True)
class _Read:
    benchmark: Benchmark
    shards: tuple[Path, ...]
    cache: Path
    out: Path


@dataclass(frozen=True)
class _Build:
    parts: tuple[Path, ...]
    items: Path
    cache: Path


@dataclass(frozen=True)
class _Shard:
    path: Path
    removed: Path
    index: Path
    counts: Path


@dataclass(frozen=True)
class _Score:
    shard: _Shard
    scanned: Scanned
    telling: Path


@dataclass(frozen=True)
class _Test:
    benchmark: Benchmark | None  # None: the clean rows
    items: Path
    index: Path
    telling: Path
    policy: ContaminationPolicy


def _inputs(unit: Unit) -> Any:
    policy = unit.recipe.contamination
    if policy is None:
        return None
    # What becomes of shared documents is another stage's business.
    told = policy.model_dump(mode="json", exclude={"cross_split"})
    return {"policy": told, **plan(unit).to_json()}


def _policy(run: StageRun) -> ContaminationPolicy:
    policy = run.unit.recipe.contamination
    assert policy is not None  # without one, no phase has a task
    return policy


def _cache(run: StageRun) -> Path:
    return run.unit.home.parent / CACHE


def _split_reading(run: StageRun) -> Sequence[_Read]:
    (run.out / "aside").mkdir()
    tasks = []
    for number, benchmark in enumerate(plan(run.unit).benchmarks):
        shards: list[Path] = []
        if benchmark.own_split is not None:
            home = run.unit.source_stage(benchmark.own_split, convert.NAME)
            shards = split_shards((read_marker(home) or {})["report"], home)
        out = run.out / "aside" / f"items-{number:05d}.parquet"
        tasks.append(_Read(benchmark, tuple(shards), _cache(run), out))
    return tasks


def _read(task: _Read) -> tuple[_Read, dict[str, Any]]:
    items, told = read_benchmark(task.benchmark, task.shards, task.cache)
    write_table(items, task.out)
    report_rows(len(items))
    return task, told


def _split_indexing(run: StageRun) -> Sequence[_Build]:
    parts = tuple(task.out for task, told in run.results["reading benchmarks"] if told["items"])
    items = run.out / "aside" / "items.parquet"
    return [_Build(parts, items, _cache(run))] if parts else []


def _index(task: _Build) -> IndexFile:
    items = pa.concat_tables([read_table(part) for part in task.parts]).combine_chunks()
    write_table(items, task.items)
    return cached_index(items, task.cache)


def _split_scanning(run: StageRun) -> Sequence[_Shard]:
    tasks: list[_Shard] = []
    for index in run.results["indexing"]:
        for source in run.unit.sources:
            removed = run.out / "aside" / f"removed-{source.name}.parquet"
            write_table(removed_before(run, source.name), removed)
            home = run.unit.source_stage(source.name, convert.NAME)
            for name in (read_marker(home) or {})["report"]["shards"]:
                counts = run.out / "aside" / f"counts-{len(tasks):05d}.npy"
                tasks.append(_Shard(home / name, removed, index.path, counts))
    return tasks


def _texts(shard: _Shard) -> pa.Table:
    """Return the texts of a shard that may be trained or selected on (`TEXTS`)."""
    table = read_table(shard.path, [*TEXTS.names, "split"])
    gone = pc.is_in(table["id"], value_set=read_table(shard.removed)["id"].combine_chunks())
    judged = pc.is_in(table["split"], value_set=pa.array(_JUDGED))
    return table.filter(pc.and_not(judged, gone)).select(TEXTS.names)


def _scan(task: _Shard) -> tuple[_Shard, Scanned]:
    texts = _texts(task)
    scanned = scan_texts(load_index(task.index), texts, task.counts)
    report_rows(len(texts))
    return task, scanned


def _split_scoring(run: StageRun) -> Sequence[_Score]:
    found: list[tuple[_Shard, Scanned]] = run.results["scanning"]
    if not found:
        return []
    (index,) = run.results["indexing"]
    telling = _telling(run)
    np.save(telling, telling_grams(load_index(index.path), (scanned for _, scanned in found)))
    return [_Score(shard, scanned, telling) for shard, scanned in found if len(scanned.rows)]


def _telling(run: StageRun) -> Path:
    return run.out / "aside" / "telling.npy"


def _score(task: _Score) -> tuple[pa.Table, pa.Table]:
    """Return the hits of a shard, and the texts that hold them."""
    texts = _texts(task.shard).take(pa.array(task.scanned.rows))
    hits = score(load_index(task.shard.index), np.load(task.telling), texts)
    report_rows(len(texts))
    return hits, texts.filter(pc.is_in(texts["id"], value_set=pc.unique(hits["id"])))


def _split_testing(run: StageRun) -> Sequence[_Test]:
    if not run.results["scanning"]:
        return []
    (index,) = run.results["indexing"]
    read = [task for task, told in run.results["reading benchmarks"] if told["items"]]
    more = (index.path, _telling(run), _policy(run))
    return [_Test(None, read[0].out, *more), *(_Test(t.benchmark, t.out, *more) for t in read)]


def _test(task: _Test) -> pa.Table:
    items = read_table(task.items)
    if task.benchmark is None:
        injected = clean_cases()
    else:
        injected = cases(items, task.benchmark.languages, _SELF_TEST_ITEMS)
    report_rows(len(injected))
    index, telling = load_index(task.index), np.load(task.telling)
    return measure(index, telling, injected, task.policy.remove, items)


def _finish(run: StageRun) -> dict[str, Any]:
    scored: list[tuple[pa.Table, pa.Table]] = run.results["scoring"]
    hits = pa.concat_tables([arrow.CONTAMINATION.empty_table(), *(pair[0] for pair in scored)])
    hits = hits.sort_by([(name, "ascending") for name in ("id", "benchmark", "item_id")])
    write_table(hits, run.out / TABLE)
    items = run.out / "aside" / "items.parquet"
    texts = pa.concat_tables([TEXTS.empty_table(), *(pair[1] for pair in scored)])
    write_review(run.out, hits, read_table(items) if items.exists() else None, texts)
    tested = pa.concat_tables(
        [arrow.CONTAMINATION_SELF_TEST.empty_table(), *run.results["self-test"]]
    )
    write_table(tested, run.out / f"{_SELF_TEST}.parquet")
    write_json(run.out / "self_test.json", summary(tested))
    removed = _removed(run, hits)
    write_table(removed, run.out / "removals.parquet")
    shutil.rmtree(run.out / "aside")
    return {
        **_told_of_benchmarks(run),
        **told_of_hits(hits, by_source=True),
        "removed": len(removed),
    }


def _removed(run: StageRun, hits: pa.Table) -> pa.Table:
    policy = run.unit.recipe.contamination
    kinds = [kind.value for kind in policy.remove] if policy is not None else []
    ids = hits["id"].filter(pc.is_in(hits["kind"], value_set=pa.array(kinds, pa.string())))
    ids = pc.unique(ids)
    reasons = pa.array([RemovalReason.CONTAMINATION.value] * len(ids), pa.string())
    return pa.table([ids, reasons], schema=arrow.REMOVALS)


def _told_of_benchmarks(run: StageRun) -> dict[str, Any]:
    """Return what was looked for: the benchmarks with their counts, and those without files."""
    if run.unit.recipe.contamination is None:
        return {"rules": RULES, "looked": False, "benchmarks": [], "absent": []}
    planned = plan(run.unit)
    digests = planned.to_json()["benchmarks"]
    benchmarks = [
        {**told, "files_digest": digests[told["benchmark"]]["files"]}
        for _, told in run.results["reading benchmarks"]
    ]
    index = [each.digest for each in run.results["indexing"]]
    return {
        "rules": RULES,
        "looked": True,
        "benchmarks": benchmarks,
        "absent": list(planned.absent),
        "index": index[0] if index else None,
    }


def removals(home: Path) -> pa.Table:
    """Return the removals that this stage's directory asks for (`arrow.REMOVALS`)."""
    return read_table(home / "removals.parquet")


STAGE = Stage(
    name=NAME,
    scope="release",
    needs=(convert.NAME,),
    needs_judges=True,
    code=(
        *CODE,
        "medsmith.schema",
        "medsmith.dedup.normalise",
        "medsmith.builders.benchmarks",
        "medsmith.builders.contamination",
        "medsmith.builders.parquet",
        "medsmith.builders.stages.judged",
        "medsmith.builders.stages.contamination",
    ),
    title="contamination",
    phases=(
        Phase("reading benchmarks", _split_reading, _read),
        Phase("indexing", _split_indexing, _index),
        Phase("scanning", _split_scanning, _scan),
        Phase("scoring", _split_scoring, _score),
        Phase("self-test", _split_testing, _test),
    ),
    finish=_finish,
    inputs=_inputs,
    removals=removals,
    evidence=("contamination", _SELF_TEST),
)
