"""Stage `contamination`: train and validation instances that hold an item of a benchmark.

Held against are the registered benchmarks whose files are there, and the test splits of the
release's own sources. What is made of the former is kept for other units and builds; the latter
have an index of their own. A self-test on the same indices tells what such a search finds.
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
from medsmith.builders.contamination.cache import CACHE, CODE
from medsmith.builders.contamination.hits import TABLE, told_of_hits, write_review
from medsmith.builders.contamination.items import ReadFiles, ReadSplit, read_items
from medsmith.builders.contamination.passes import TEXTS, Scanned, scan_texts, telling_grams
from medsmith.builders.contamination.plan import OwnSplit, plan
from medsmith.builders.contamination.search import (
    IndexItems,
    Search,
    SelfTest,
    build_index_file,
    joined_tests,
    run_test,
)
from medsmith.builders.contamination.self_test import summary
from medsmith.builders.engine import report_rows
from medsmith.builders.parquet import read_table, write_table
from medsmith.builders.stage_dir import read_marker, write_json
from medsmith.builders.stages import convert
from medsmith.builders.stages.base import Phase, Stage, StageRun
from medsmith.builders.stages.judged import removed_before, stored_removals
from medsmith.builders.unit import Unit
from medsmith.dedup.contamination import RULES, load_index, score
from medsmith.schema import RemovalReason, Split, arrow

NAME = "contamination"
_SELF_TEST = "contamination_self_test"
_JUDGED = (Split.TRAIN.value, Split.VALIDATION.value)


@dataclass(frozen=True)
class _Shard:
    path: Path
    removed: Path
    indices: tuple[Path, ...]
    counts: Path


@dataclass(frozen=True, eq=False)
class _Score:
    shard: _Shard
    scanned: tuple[Scanned, ...]
    telling: tuple[Path, ...]


def _inputs(unit: Unit) -> Any:
    policy = unit.recipe.contamination
    if policy is None:
        return None
    # What becomes of shared documents is another stage's business.
    told = policy.model_dump(mode="json", exclude={"cross_split"})
    return {"policy": told, **plan(unit).to_json()}


def _search(run: StageRun) -> Search:
    return Search(plan(run.unit), run.unit.home.parent / CACHE, run.out / "aside")


def _split_reading(run: StageRun) -> Sequence[ReadFiles | ReadSplit]:
    search = _search(run)
    search.aside.mkdir()
    return [*search.unread(), *(_read_split(run, search, split) for split in search.plan.own)]


def _read_split(run: StageRun, search: Search, split: OwnSplit) -> ReadSplit:
    home = run.unit.source_stage(split.source, convert.NAME)
    report = (read_marker(home) or {})["report"]
    tested = any(entry["split"] == Split.TEST for entry in report["instances"])
    shards = tuple(home / name for name in report["shards"]) if tested else ()
    return ReadSplit(split, shards, search.own_items(split))


def _read(task: ReadFiles | ReadSplit) -> None:
    report_rows(read_items(task))


def _split_indexing(run: StageRun) -> Sequence[IndexItems]:
    return _search(run).unindexed()


def _split_scanning(run: StageRun) -> Sequence[_Shard]:
    tasks: list[_Shard] = []
    search = _search(run)
    search.take_index()
    indices = search.indices()
    for source in run.unit.sources if indices else ():
        removed = run.out / "aside" / f"removed-{source.name}.parquet"
        write_table(removed_before(run, source.name), removed)
        home = run.unit.source_stage(source.name, convert.NAME)
        for name in (read_marker(home) or {})["report"]["shards"]:
            counts = run.out / "aside" / f"counts-{len(tasks):05d}"
            tasks.append(_Shard(home / name, removed, indices, counts))
    return tasks


def _texts(shard: _Shard) -> pa.Table:
    """Return the texts of a shard that may be trained or selected on (`TEXTS`)."""
    table = read_table(shard.path, [*TEXTS.names, "split"])
    gone = pc.is_in(table["id"], value_set=read_table(shard.removed)["id"].combine_chunks())
    judged = pc.is_in(table["split"], value_set=pa.array(_JUDGED))
    return table.filter(pc.and_not(judged, gone)).select(TEXTS.names)


def _scan(task: _Shard) -> tuple[_Shard, tuple[Scanned, ...]]:
    texts = _texts(task)
    scanned = tuple(
        scan_texts(load_index(path), [texts], task.counts.with_suffix(f".{number}.npy"))
        for number, path in enumerate(task.indices)
    )
    report_rows(len(texts))
    return task, scanned


def _split_scoring(run: StageRun) -> Sequence[_Score]:
    found: list[tuple[_Shard, tuple[Scanned, ...]]] = run.results["scanning"]
    telling = []
    for number, path in enumerate(found[0][0].indices if found else ()):
        telling.append(run.out / "aside" / f"telling-{number}.npy")
        grams = telling_grams(load_index(path), (scanned[number] for _, scanned in found))
        np.save(telling[number], grams)
    return [
        _Score(shard, scanned, tuple(telling))
        for shard, scanned in found
        if any(len(each.rows) for each in scanned)
    ]


def _score(task: _Score) -> tuple[pa.Table, pa.Table]:
    """Return the hits of a shard, and the texts that hold them."""
    texts = _texts(task.shard)
    report_rows(len(texts))
    hits = [arrow.CONTAMINATION.empty_table()]
    for path, scanned, telling in zip(task.shard.indices, task.scanned, task.telling, strict=True):
        if len(scanned.rows):
            candidates = texts.take(pa.array(scanned.rows))
            hits.append(score(load_index(path), np.load(telling), candidates))
    table = pa.concat_tables(hits)
    return table, texts.filter(pc.is_in(texts["id"], value_set=pc.unique(table["id"])))


def _split_testing(run: StageRun) -> Sequence[SelfTest]:
    policy = run.unit.recipe.contamination
    return [] if policy is None else _search(run).untested(policy.remove)


def _finish(run: StageRun) -> dict[str, Any]:
    scored: list[tuple[pa.Table, pa.Table]] = run.results["scoring"]
    hits = pa.concat_tables([arrow.CONTAMINATION.empty_table(), *(pair[0] for pair in scored)])
    hits = hits.sort_by([(name, "ascending") for name in ("id", "benchmark", "item_id")])
    write_table(hits, run.out / TABLE)
    search, policy = _search(run), run.unit.recipe.contamination
    texts = pa.concat_tables([TEXTS.empty_table(), *(pair[1] for pair in scored)])
    write_review(run.out, hits, search.items_of(hits), texts)
    results = search.tested(policy.remove) if policy is not None else []
    tested = joined_tests(results, arrow.CONTAMINATION_SELF_TEST)
    write_table(tested, run.out / f"{_SELF_TEST}.parquet")
    write_json(run.out / "self_test.json", summary(tested))
    removed = _removed(run, hits)
    write_table(removed, run.out / "removals.parquet")
    told = _told_of_benchmarks(run)
    search.prune()
    shutil.rmtree(search.aside)
    return {**told, **told_of_hits(hits, by_source=True), "removed": len(removed)}


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
    search = _search(run)
    return {
        "rules": RULES,
        "looked": True,
        "benchmarks": search.told(),
        "absent": list(search.plan.absent),
        "indices": [load_index(path).digest for path in search.indices()],
    }


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
        Phase("reading benchmarks", _split_reading, _read, shared=True),
        Phase("indexing", _split_indexing, build_index_file, shared=True),
        Phase("scanning", _split_scanning, _scan),
        Phase("scoring", _split_scoring, _score),
        Phase("self-test", _split_testing, run_test, shared=True),
    ),
    finish=_finish,
    inputs=_inputs,
    removals=stored_removals,
    evidence=("contamination", _SELF_TEST),
)
