"""Stage `assemble`: applies every verdict, expands instances into samples and writes the shards.

Instances are shuffled into buckets by source, task, split and range of their id's digest. A shard
is a run of buckets: its borders are ranges of the digest, so removing some rows moves no others.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from medsmith.builders.engine import report_rows
from medsmith.builders.expand import PerInstance, expand, samples_per_instance, sort_by_id
from medsmith.builders.instance_writer import id_bits
from medsmith.builders.parquet import read_table, release_writer, write_table
from medsmith.builders.shuffle import power_of_two, read_partition, write_partitioned
from medsmith.builders.stage_dir import read_marker
from medsmith.builders.stages import convert, tokens
from medsmith.builders.stages.base import Phase, Stage, StageRun
from medsmith.builders.tokens.lengths import write_lengths
from medsmith.builders.tokens.samples import Counts, SampleCounter
from medsmith.builders.unit import SourceInput, Unit
from medsmith.converters.core import registry
from medsmith.schema import DataError, arrow

NAME = "assemble"
_BUCKET_CHARACTERS = 16 * 2**20
_INSTRUCTION_CHARACTERS = 200
_ROW_GROUP_BYTES = 48 * 2**20
_ROW_GROUP_ROWS = 50_000
_MAX_BUCKETS = 2**16
# What samples are made of; the rest of an instance stays in the build.
_KEPT = pa.schema([field for field in arrow.INSTANCE if field.name not in ("choices", "locator")])


@dataclass(frozen=True)
class Plan:
    """How the instances of one source, task and split are spread."""

    source: str
    task: str
    split: str
    first_bucket: int  # in the numbering over the whole source
    buckets: int  # a power of two
    shards: int  # a power of two, at most `buckets`

    def path(self, shard: int) -> str:
        """Return the shard's place in a release."""
        name = f"{self.split}-{shard:05d}-of-{self.shards:05d}.parquet"
        return f"data/{self.source}/{self.task}/{name}"


@dataclass(frozen=True)
class _Apply:
    shard: Path
    removals: Path
    plans: tuple[Plan, ...]
    counts: Counts
    out: Path


@dataclass(frozen=True)
class _Write:
    plan: Plan
    shard: int
    files: tuple[Path, ...]
    out: Path
    per_instance: PerInstance
    seed: int
    properties: tuple[tuple[str, str], ...]
    counts: Counts


def _inputs(unit: Unit) -> Any:
    recipe = unit.recipe.model_dump(mode="json")
    pools = {}
    for item in unit.sources:
        source = registry.load(item.name)
        for task in source.manifest.tasks:
            pools[task.name] = source.catalogue.pool(task.name).model_dump(mode="json")
    return {"recipe": recipe, "pools": pools, "synthetic": unit.synthetic}


def _plans(unit: Unit, source: str) -> tuple[Plan, ...]:
    report = (read_marker(unit.source_stage(source, convert.NAME)) or {})["report"]
    catalogue = registry.load(source).catalogue
    plans = []
    bucket = 0
    for entry in report["instances"]:
        each = samples_per_instance(
            catalogue.pool(entry["task"]), unit.recipe.instructions_per_instance
        )
        characters = entry["characters"]
        written = (characters + entry["count"] * _INSTRUCTION_CHARACTERS) * each
        shards = power_of_two(written / unit.recipe.shard_bytes)
        buckets = min(max(power_of_two(characters / _BUCKET_CHARACTERS), shards), _MAX_BUCKETS)
        plans.append(Plan(source, entry["task"], entry["split"], bucket, buckets, shards))
        bucket += buckets
    return tuple(plans)


def _gather_removals(run: StageRun, source: str) -> Path:
    """Write what every judging stage wants removed from a source; the first reason counts."""
    tables = []
    for stage in run.judges:
        if stage.removals is not None:
            tables.append(stage.removals(stage.home(run.unit, source)))
    merged = pa.concat_tables(tables) if tables else arrow.REMOVALS.empty_table()
    # A stage that judges the whole release gives the same table for each source.
    merged = merged.filter(pc.starts_with(merged["id"], f"{source}-"))
    first = merged.append_column("order", pa.array(np.arange(len(merged))))
    first = first.group_by("id").aggregate([("order", "min")])["order_min"]
    path = run.out / f"removals-{source}.parquet"
    write_table(sort_by_id(merged.take(first)), path)
    return path


def _split_shards(run: StageRun) -> Sequence[_Apply]:
    shuffle = run.out / "shuffle"
    shuffle.mkdir()
    tasks = []
    for source in run.unit.sources:
        removals = _gather_removals(run, source.name)
        plans = _plans(run.unit, source.name)
        home = run.unit.source_stage(source.name, convert.NAME)
        for name in (read_marker(home) or {})["report"]["shards"]:
            out = shuffle / f"{source.name}-{name}.arrow"
            tasks.append(_Apply(home / name, removals, plans, _counts(run.unit, source.name), out))
    return tasks


def _counts(unit: Unit, source: str) -> Counts:
    return Counts(unit.source_stage(source, tokens.NAME), unit.tokenizers)


def _apply(task: _Apply) -> Counter[tuple[str, str, str, str]]:
    """Leave out what is removed and put the rest in buckets.

    Returns the number of instances by source, task, split and fate (`released` or the reason).
    """
    instances = task.counts.attach(read_table(task.shard, _KEPT.names), task.shard.name)
    removals = read_table(task.removals)
    found = pc.index_in(instances["id"], value_set=removals["id"].combine_chunks())
    fates = pc.fill_null(removals["reason"].take(found), "released")
    counts: Counter[tuple[str, str, str, str]] = Counter()
    for group in _counted(instances, fates):
        counts[group["source"], group["task"], group["split"], group["fate"]] = group["n_count"]
    stays = pc.is_null(found).to_numpy()
    kept = instances.select(["id", "task", "split"]).filter(pa.array(stays))
    write_partitioned(instances, np.flatnonzero(stays), _buckets(kept, task.plans), task.out)
    report_rows(len(instances))
    return counts


def _counted(instances: pa.Table, fates: pa.ChunkedArray) -> list[dict[str, Any]]:
    keys = ["source", "task", "split", "fate"]
    table = instances.select(keys[:3]).append_column("fate", fates)
    table = table.append_column("n", pa.repeat(pa.scalar(1, pa.int64()), len(table)))
    counted: list[dict[str, Any]] = table.group_by(keys).aggregate([("n", "count")]).to_pylist()
    return counted


def _buckets(instances: pa.Table, plans: Sequence[Plan]) -> np.ndarray[Any, np.dtype[np.int64]]:
    kinds = pa.array([f"{plan.task}/{plan.split}" for plan in plans], pa.string())
    names = pc.binary_join_element_wise(instances["task"], instances["split"], "/")
    kind = pc.index_in(names, value_set=kinds).to_numpy()
    first = np.array([plan.first_bucket for plan in plans], dtype=np.int64)
    counts = np.array([plan.buckets for plan in plans], dtype=np.uint64)
    # The top 16 bits place an id within [0, 1); buckets are equal ranges of it.
    place = id_bits(instances["id"]) >> np.uint64(48)
    inner = (place * counts[kind]) >> np.uint64(16)
    buckets: np.ndarray[Any, np.dtype[np.int64]] = first[kind] + inner.astype(np.int64)
    return buckets


def _split_writes(run: StageRun) -> Sequence[_Write]:
    recipe = run.unit.recipe
    tasks = []
    for source in run.unit.sources:
        files = tuple(sorted((run.out / "shuffle").glob(f"{source.name}-instances-*.arrow")))
        properties = _properties(run.unit, source)
        for plan in _plans(run.unit, source.name):
            if _released(run, plan) == 0:
                continue
            for shard in range(plan.shards):
                tasks.append(
                    _Write(
                        plan,
                        shard,
                        files,
                        run.out / plan.path(shard),
                        recipe.instructions_per_instance,
                        recipe.seed,
                        properties,
                        _counts(run.unit, source.name),
                    )
                )
    return tasks


def _released(run: StageRun, plan: Plan) -> int:
    key = (plan.source, plan.task, plan.split, "released")
    return sum(counts[key] for counts in run.results["applying verdicts"])


def _properties(unit: Unit, source: SourceInput) -> tuple[tuple[str, str], ...]:
    """Return what each shard of a source says of itself.

    Nothing in it changes with the other sources of a release, nor with the release's version: a
    shard whose rows are the same stays the same file.
    """
    converted = read_marker(unit.source_stage(source.name, convert.NAME)) or {}
    return (
        ("release", unit.recipe.name),
        ("source", source.name),
        ("source_version", source.load().manifest.version),
        ("schema_version", arrow.SCHEMA_VERSION),
        ("synthetic", str(source.synthetic).lower()),
        ("build_key", converted["build_key"]),
    )


def _write(task: _Write) -> dict[str, Any]:
    source = registry.load(task.plan.source)
    pool = source.catalogue.pool(task.plan.task)
    rows = 0
    instances = 0
    each = task.plan.buckets // task.plan.shards
    first = task.shard * each
    counter = SampleCounter(task.counts)
    with release_writer(task.out, arrow.SAMPLE, dict(task.properties)) as writer:
        for bucket in range(first, first + each):
            number = task.plan.first_bucket + bucket
            table = sort_by_id(read_partition(task.files, number, task.counts.schema(_KEPT)))
            ids = _Range(bucket, task.plan.buckets)
            for part in _row_groups(table, ids, samples_per_instance(pool, task.per_instance)):
                samples = expand(part, source.manifest, pool, task.per_instance, task.seed)
                samples = counter.fill(samples, part)
                writer.write_table(samples, row_group_size=max(len(samples), 1))
                rows += len(samples)
                instances += len(part)
                report_rows(len(samples))
    return {
        "path": task.plan.path(task.shard),
        "samples": rows,
        "instances": instances,
        "lengths": counter.lengths,
    }


class _Range(NamedTuple):
    """One of `total` equal ranges of the ids' 64 bits."""

    number: int
    total: int


def _row_groups(table: pa.Table, ids: _Range, each: int) -> Iterator[pa.Table]:
    """Cut sorted instances so that the samples of each part make one row group of bounded size.

    The range of ids is halved until its part is small enough: unlike a count of rows, such borders
    stay where they are when rows come or go.
    """
    if not len(table):
        return
    size = (table.nbytes + len(table) * _INSTRUCTION_CHARACTERS) * each
    fits = size <= _ROW_GROUP_BYTES and len(table) * each <= _ROW_GROUP_ROWS
    if fits or len(table) == 1 or ids.total >= 2**63:
        yield table
        return
    middle = np.uint64((2 * ids.number + 1) * (2**63 // ids.total))
    cut = int(np.searchsorted(id_bits(table["id"]), middle))
    yield from _row_groups(table.slice(0, cut), _Range(2 * ids.number, 2 * ids.total), each)
    yield from _row_groups(table.slice(cut), _Range(2 * ids.number + 1, 2 * ids.total), each)


def _finish(run: StageRun) -> dict[str, Any]:
    counts: Counter[tuple[str, str, str, str]] = Counter()
    for some in run.results["applying verdicts"]:
        counts.update(some)
    shutil.rmtree(run.out / "shuffle")
    parts = sorted(run.out.glob("removals-*.parquet"))
    write_table(
        pa.concat_tables([read_table(path) for path in parts]), run.out / "removals.parquet"
    )
    for path in parts:
        path.unlink()
    shards = run.results["writing shards"]
    write_lengths({shard["path"]: shard.pop("lengths") for shard in shards}, run.out)
    released = sum(n for (*_, fate), n in counts.items() if fate == "released")
    if released != sum(shard["instances"] for shard in shards):
        raise DataError(
            f"{released:,} instances should be released, but "
            f"{sum(shard['instances'] for shard in shards):,} were written.",
            "This is a fault of Medsmith: please report it.",
        )
    return {
        "instances": [
            {"source": source, "task": task, "split": split, "fate": fate, "count": count}
            for (source, task, split, fate), count in sorted(counts.items())
        ],
        "shards": sorted(shards, key=lambda shard: shard["path"]),
    }


STAGE = Stage(
    name=NAME,
    scope="release",
    needs=(convert.NAME, tokens.NAME),
    needs_judges=True,
    code=(
        "medsmith.schema",
        "medsmith.builders.expand",
        "medsmith.builders.tokens",
        "medsmith.builders.instance_writer",
        "medsmith.builders.shuffle",
        "medsmith.builders.parquet",
        "medsmith.builders.stages.assemble",
    ),
    title="assemble",
    phases=(
        Phase("applying verdicts", _split_shards, _apply),
        Phase("writing shards", _split_writes, _write),
    ),
    finish=_finish,
    inputs=_inputs,
)
