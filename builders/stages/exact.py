"""Stage `exact`: verdicts on exact duplicates within a task, and the table of conflicts."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from medsmith.builders.engine import report_rows
from medsmith.builders.parquet import read_table, write_table
from medsmith.builders.shuffle import power_of_two, read_partition, write_partitioned
from medsmith.builders.stage_dir import read_marker
from medsmith.builders.stages import convert
from medsmith.builders.stages.base import Phase, Stage, StageRun
from medsmith.builders.stages.judged import duplicate_removals
from medsmith.builders.unit import Unit
from medsmith.dedup.exact import DIGEST_BYTES, DIGESTS, digests, find_duplicates
from medsmith.dedup.normalise import EXACT_RULES
from medsmith.schema import RemovalReason, arrow

NAME = "exact"
_ROWS_PER_PARTITION = 125_000
_MAX_PARTITIONS = 256


@dataclass(frozen=True)
class _Digest:
    shard: Path
    partitions: int
    out: Path


@dataclass(frozen=True)
class _Compare:
    files: tuple[Path, ...]
    partition: int


def _split_shards(run: StageRun) -> Sequence[_Digest]:
    home = run.unit.stage(convert.NAME)
    report = (read_marker(home) or {})["report"]
    rows = sum(entry["count"] for entry in report["instances"])
    partitions = min(power_of_two(rows / _ROWS_PER_PARTITION), _MAX_PARTITIONS)
    aside = run.out / "shuffle"
    aside.mkdir()
    return [_Digest(home / name, partitions, aside / f"{name}.arrow") for name in report["shards"]]


def _digest_shard(task: _Digest) -> int:
    shard = pq.ParquetFile(task.shard)
    columns = ["id", "task", "split", "input", "output"]
    parts = [
        digests(shard.read_row_group(number, columns, use_threads=False))
        for number in range(shard.num_row_groups)
    ]
    table = pa.concat_tables(parts).combine_chunks()
    buffer = table["input_digest"].combine_chunks().buffers()[1]
    first_byte = np.frombuffer(buffer, np.uint8)[::DIGEST_BYTES].astype(np.int64)
    everything = np.arange(len(table))
    write_partitioned(table, everything, first_byte * task.partitions // 256, task.out)
    report_rows(len(table))
    return task.partitions


def _split_partitions(run: StageRun) -> Sequence[_Compare]:
    files = tuple(sorted((run.out / "shuffle").glob("*.arrow")))
    return [_Compare(files, number) for number in range(run.results["digesting"][0])]


def _compare_partition(task: _Compare) -> tuple[pa.Table, pa.Table]:
    table = read_partition(task.files, task.partition, DIGESTS)
    found = find_duplicates(table)
    report_rows(len(table))
    return found


def _finish(run: StageRun) -> dict[str, Any]:
    results = run.results["comparing"]
    duplicates = pa.concat_tables([pair[0] for pair in results]).sort_by("dropped_id")
    conflicts = pa.concat_tables([pair[1] for pair in results]).sort_by("input_digest")
    shutil.rmtree(run.out / "shuffle")
    write_table(duplicates, run.out / "duplicates.parquet")
    write_table(_with_outputs(conflicts, run.unit), run.out / "conflicts.parquet")
    return {"rules": EXACT_RULES, "duplicates": len(duplicates), "conflicts": len(conflicts)}


def _with_outputs(conflicts: pa.Table, unit: Unit) -> pa.Table:
    """Fill in each conflict's outputs, in the order of its ids."""
    wanted = pc.list_flatten(conflicts["ids"]).combine_chunks()
    if not len(wanted):
        return conflicts
    outputs: dict[str, str] = {}
    home = unit.stage(convert.NAME)
    for name in (read_marker(home) or {})["report"]["shards"]:
        shard = read_table(home / name, ["id", "output"])
        shard = shard.filter(pc.is_in(shard["id"], value_set=wanted))
        outputs.update(zip(shard["id"].to_pylist(), shard["output"].to_pylist(), strict=True))
    filled = [[outputs[id] for id in ids] for ids in conflicts["ids"].to_pylist()]
    field = arrow.CONFLICTS.field("outputs")
    index = arrow.CONFLICTS.get_field_index("outputs")
    return conflicts.set_column(index, field, pa.array(filled, field.type))


def removals(home: Path) -> pa.Table:
    """Return the removals that this stage's directory asks for (`arrow.REMOVALS`)."""
    return duplicate_removals(home, RemovalReason.EXACT_DUPLICATE)


STAGE = Stage(
    name=NAME,
    scope="source",
    needs=(convert.NAME,),
    code=(
        "medsmith.schema",
        "medsmith.dedup",
        "medsmith.builders.shuffle",
        "medsmith.builders.parquet",
        "medsmith.builders.stages.judged",
        "medsmith.builders.stages.exact",
    ),
    title="exact duplicates",
    phases=(
        Phase("digesting", _split_shards, _digest_shard),
        Phase("comparing", _split_partitions, _compare_partition),
    ),
    finish=_finish,
    inputs=lambda unit: None,
    removals=removals,
    evidence=("duplicates", "conflicts"),
)
