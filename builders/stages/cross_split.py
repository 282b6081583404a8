"""Stage `cross_split`: documents and texts that stand on both sides of a split.

Two instances meet where they share a `group` of one source (a document, a patient, a question) or,
in any source, the same input under the rules of exact duplicates. Every meeting of train,
validation and test is reported; by policy a train instance that meets a test instance goes.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from medsmith.builders.engine import report_rows
from medsmith.builders.parquet import read_table, write_table
from medsmith.builders.stage_dir import read_marker
from medsmith.builders.stages import convert
from medsmith.builders.stages.base import Phase, Stage, StageRun
from medsmith.builders.stages.judged import removed_before, stored_removals
from medsmith.builders.unit import Unit
from medsmith.dedup.normalise import EXACT_RULES, normalise_exact
from medsmith.schema import DataError, RemovalReason, Split, arrow

NAME = "cross_split"
_TABLE = "cross_split.parquet"
_SHOWN_IDS = 3
# Two tasks may ask about the same short phrase (a drug, a code) without sharing a question.
_TELLING_BYTES = 40
# The more protected split first: a meeting is told of the first one only.
_PROTECTED = (Split.TEST.value, Split.VALIDATION.value)
_MARKS = pa.schema(
    [
        pa.field("mark", pa.binary(16), nullable=False),
        pa.field("id", pa.string(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True)
class _Shard:
    path: Path
    removed: Path


@dataclass(frozen=True)
class _Gather:
    shard: _Shard
    out: Path


@dataclass(frozen=True)
class _Meet:
    shard: _Shard
    protected: Path


def _inputs(unit: Unit) -> Any:
    policy = unit.recipe.contamination
    return None if policy is None else {"cross_split": policy.cross_split}


def _split_shards(run: StageRun) -> Sequence[_Gather]:
    aside = run.out / "aside"
    aside.mkdir()
    for source in run.unit.sources:
        write_table(removed_before(run, source.name), aside / f"removed-{source.name}.parquet")
    shards = _shards(run)
    return [_Gather(shard, aside / f"{number:05d}.parquet") for number, shard in enumerate(shards)]


def _shards(run: StageRun) -> list[_Shard]:
    shards = []
    for source in run.unit.sources:
        removed = run.out / "aside" / f"removed-{source.name}.parquet"
        home = run.unit.source_stage(source.name, convert.NAME)
        for name in (read_marker(home) or {})["report"]["shards"]:
            shards.append(_Shard(home / name, removed))
    return shards


def _gather(task: _Gather) -> Path | None:
    """Write the marks of a shard's test and validation instances; None where there are none."""
    table = _present(task.shard, _PROTECTED)
    report_rows(len(table))
    if not len(table):
        return None
    write_table(_marks(table), task.out)
    return task.out


def _present(shard: _Shard, splits: Sequence[str]) -> pa.Table:
    """Return the instances of a shard in `splits`, without those that are removed already."""
    splits_of = read_table(shard.path, ["split"])["split"]
    if not pc.any(pc.is_in(splits_of, value_set=pa.array(splits))).as_py():
        return arrow.INSTANCE.empty_table()
    table = read_table(shard.path, ["id", "source", "task", "split", "group", "input"])
    gone = pc.is_in(table["id"], value_set=read_table(shard.removed)["id"].combine_chunks())
    wanted = pc.is_in(table["split"], value_set=pa.array(splits))
    return table.filter(pc.and_not(wanted, gone))


def _marks(table: pa.Table) -> pa.Table:
    """Return one row (`_MARKS`) for each thing by which an instance can meet another."""
    rows: list[dict[str, Any]] = []
    columns = ["id", "source", "task", "split", "group", "input"]
    for row in table.select(columns).to_pylist():
        text = normalise_exact(row["input"])
        marks = [("text", _mark("task", row["task"], text))]
        if len(text.encode()) >= _TELLING_BYTES:
            marks.append(("text", _mark("any", text)))
        if row["group"] is not None:
            marks.append(("group", _mark("group", row["source"], row["group"])))
        rows += [
            {"mark": mark, "id": row["id"], "split": row["split"], "kind": kind}
            for kind, mark in marks
        ]
    return pa.Table.from_pylist(rows, schema=_MARKS)


def _mark(*parts: str) -> bytes:
    return blake2b("\x1f".join(parts).encode(), digest_size=16).digest()


def _split_meetings(run: StageRun) -> Sequence[_Meet]:
    written = [path for path in run.results["gathering"] if path is not None]
    if not written:
        return []
    # Test and validation are small beside train: their marks fit into memory, and what is looked
    # up in them is train, shard by shard.
    marks = pa.concat_tables([read_table(path) for path in written])
    path = run.out / "aside" / "protected.parquet"
    write_table(_first_of_each(marks), path)
    return [_Meet(shard, path) for shard in _shards(run)]


def _first_of_each(marks: pa.Table) -> pa.Table:
    """Keep one row of each mark: the most protected split's lowest id."""
    rank = pc.index_in(marks["split"], value_set=pa.array(_PROTECTED))
    ordered = marks.append_column("rank", rank).sort_by(
        [("mark", "ascending"), ("rank", "ascending"), ("id", "ascending")]
    )
    digests = ordered["mark"].to_numpy()
    first = np.ones(len(ordered), np.bool_)
    first[1:] = digests[1:] != digests[:-1]
    return ordered.filter(pa.array(first)).select(_MARKS.names)


def _meet(task: _Meet) -> list[dict[str, Any]]:
    """Return a row of evidence for each instance of a shard that meets a more protected one."""
    table = _present(task.shard, (Split.TRAIN.value, Split.VALIDATION.value))
    report_rows(len(table))
    if not len(table):
        return []
    protected = read_table(task.protected)
    marks = _marks(table)
    found = pc.index_in(marks["mark"], value_set=protected["mark"].combine_chunks())
    met = marks.filter(pc.is_valid(found))
    other = protected.take(found.drop_null())
    best: dict[str, tuple[tuple[int, str, str], dict[str, Any]]] = {}
    for mine, theirs in zip(met.to_pylist(), other.to_pylist(), strict=True):
        if theirs["split"] == mine["split"]:
            continue
        rank = (_PROTECTED.index(theirs["split"]), theirs["kind"], theirs["id"])
        row = {
            "id": mine["id"],
            "split": mine["split"],
            "other_id": theirs["id"],
            "other_split": theirs["split"],
            "kind": theirs["kind"],
        }
        if mine["id"] not in best or rank < best[mine["id"]][0]:
            best[mine["id"]] = (rank, row)
    return [row for _, row in best.values()]


def _finish(run: StageRun) -> dict[str, Any]:
    rows = [row for rows in run.results["meeting"] for row in rows]
    table = pa.Table.from_pylist(rows, schema=arrow.CROSS_SPLIT).sort_by("id")
    shutil.rmtree(run.out / "aside")
    write_table(table, run.out / _TABLE)
    leaks = _leaks(table)
    policy = run.unit.recipe.contamination
    action = "report" if policy is None else policy.cross_split
    if action == "stop" and len(leaks):
        named = ", ".join(leaks["id"].slice(0, _SHOWN_IDS).to_pylist())
        raise DataError(
            f"{len(leaks):,} train instances share a document, patient, question or text with the "
            f"test split: {named}{' …' if len(leaks) > _SHOWN_IDS else ''}.",
            "Mend the source's splits, or set the recipe's `cross_split: remove`.",
        )
    removed = leaks if action == "remove" else leaks.slice(0, 0)
    reasons = pa.array([RemovalReason.CROSS_SPLIT.value] * len(removed), pa.string())
    removals_table = pa.table([removed["id"], reasons], schema=arrow.REMOVALS)
    write_table(removals_table, run.out / "removals.parquet")
    return {
        "rules": EXACT_RULES,
        "policy": action,
        "removed": len(removed),
        "meetings": _counts(table),
    }


def _leaks(table: pa.Table) -> pa.Table:
    """Return the rows where train meets test: what nobody may train on."""
    train = pc.equal(table["split"], Split.TRAIN.value)
    return table.filter(pc.and_(train, pc.equal(table["other_split"], Split.TEST.value)))


def _counts(table: pa.Table) -> list[dict[str, Any]]:
    columns = ("split", "other_split", "kind")
    counts = Counter(
        (row["id"].rpartition("-")[0], *(row[name] for name in columns))
        for row in table.to_pylist()
    )
    return [
        dict(zip(("source", *columns, "instances"), (*key, count), strict=True))
        for key, count in sorted(counts.items())
    ]


STAGE = Stage(
    name=NAME,
    scope="release",
    needs=(convert.NAME,),
    needs_judges=True,
    code=(
        "medsmith.schema",
        "medsmith.dedup.normalise",
        "medsmith.builders.parquet",
        "medsmith.builders.stages.judged",
        "medsmith.builders.stages.cross_split",
    ),
    title="splits",
    phases=(
        Phase("gathering", _split_shards, _gather),
        Phase("meeting", _split_meetings, _meet),
    ),
    finish=_finish,
    inputs=_inputs,
    removals=stored_removals,
    evidence=("cross_split",),
)
