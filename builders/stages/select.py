"""Stage `select`: keeps each source within the share of the release that the recipe gives it.

Only train instances are cut. Those with the lowest seeded hash of their id stay, so that raising a
cap only adds, and another source's records do not matter. It stands after the other judging stages:
what they remove fills no cap.
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
from medsmith.builders.engine import report_rows
from medsmith.builders.expand import mix, seeded_hash
from medsmith.builders.instance_writer import id_bits
from medsmith.builders.parquet import read_table, stage_writer, write_table
from medsmith.builders.shares import shares
from medsmith.builders.stage_dir import read_marker
from medsmith.builders.stages import convert
from medsmith.builders.stages.base import Phase, Stage, StageRun
from medsmith.builders.stages.judged import removed_before
from medsmith.builders.unit import Unit
from medsmith.manifests import Recipe
from medsmith.schema import RemovalReason, Split, arrow

NAME = "select"
_TABLE = "caps.parquet"
_RANKED = pa.schema([pa.field("id", pa.string()), pa.field("rank", pa.uint64())])
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)

Ranks = np.ndarray[Any, np.dtype[np.uint64]]


@dataclass(frozen=True)
class _Rank:
    source: str
    shard: Path
    removed: Path
    seed: int
    out: Path


def capped(recipe: Recipe) -> list[str]:
    """Return the sources that the recipe may cut."""
    whole = recipe.max_instances is not None
    return [item.name for item in recipe.shares if whole or item.max_instances is not None]


def _inputs(unit: Unit) -> Any:
    recipe = unit.recipe
    if not capped(recipe):
        return None
    return {
        "shares": [item.model_dump(mode="json") for item in recipe.shares],
        "max_instances": recipe.max_instances,
        "temperature": recipe.temperature,
        "seed": recipe.seed,
    }


def _split(run: StageRun) -> Sequence[_Rank]:
    tasks = []
    for source in capped(run.unit.recipe):
        aside = run.out / "ranked" / source
        aside.mkdir(parents=True)
        removed = aside / "removed.parquet"
        write_table(removed_before(run, source), removed)
        home = run.unit.source_stage(source, convert.NAME)
        for name in (read_marker(home) or {})["report"]["shards"]:
            tasks.append(_Rank(source, home / name, removed, run.unit.recipe.seed, aside / name))
    return tasks


def _rank(task: _Rank) -> tuple[str, Path]:
    """Write id and rank of the train instances that are still there."""
    table = read_table(task.shard, ["id", "split"])
    train = pc.equal(table["split"], Split.TRAIN.value)
    gone = pc.is_in(table["id"], value_set=read_table(task.removed)["id"].combine_chunks())
    ids = table["id"].filter(pc.and_not(train, gone))
    write_table(pa.table([ids, ranks(ids, task.seed)], schema=_RANKED), task.out)
    report_rows(len(table))
    return task.source, task.out


def ranks(ids: pa.ChunkedArray, seed: int) -> Ranks:
    """Return 64 bits for each id, as if by chance; the lower, the sooner it is taken."""
    bits = id_bits(ids)
    if pc.any(pc.match_substring(ids, "~")).as_py():  # those repeated under one id
        numbers = pc.replace_substring_regex(ids, r"^[^~]*~?", "")
        numbers = pc.if_else(pc.equal(numbers, ""), "0", numbers)
        with np.errstate(over="ignore"):
            bits = bits + numbers.cast(pa.uint64()).to_numpy() * _GOLDEN
    return mix(bits ^ np.uint64(seeded_hash(seed, NAME)))


def last_rank(found: Ranks, wanted: int) -> int:
    """Return the rank up to which at most `wanted` are taken; -1 for none.

    Equal ranks are taken together or not at all: then a larger number only ever adds.
    """
    if wanted >= len(found):
        return 2**64 - 1
    if wanted == 0:
        return -1
    first = np.partition(found, [wanted - 1, wanted])
    last, following = int(first[wanted - 1]), int(first[wanted])
    return last if last < following else last - 1


def _finish(run: StageRun) -> dict[str, Any]:
    files: dict[str, list[Path]] = {source: [] for source in capped(run.unit.recipe)}
    for source, path in run.results["ranking"]:
        files[source].append(path)
    found = {source: _all_ranks(paths) for source, paths in files.items()}
    sizes = {item.name: len(found.get(item.name, ())) for item in run.unit.recipe.shares}
    wanted = shares(run.unit.recipe, sizes)
    report = {}
    with stage_writer(run.out / _TABLE, arrow.REMOVALS) as table:
        for source, paths in files.items():
            last = last_rank(found[source], wanted[source])
            kept = sizes[source]
            for path in paths:
                ids = _beyond(path, last)
                kept -= len(ids)
                reasons = pa.array([RemovalReason.CAP.value] * len(ids), pa.string())
                table.write_table(pa.table([ids, reasons], schema=arrow.REMOVALS))
            report[source] = {"train": sizes[source], "kept": kept}
    shutil.rmtree(run.out / "ranked", ignore_errors=True)
    return {"sources": report}


def _all_ranks(paths: Sequence[Path]) -> Ranks:
    parts = [read_table(path, ["rank"])["rank"].to_numpy() for path in paths]
    return np.concatenate(parts) if parts else np.empty(0, np.uint64)


def _beyond(path: Path, last: int) -> pa.ChunkedArray:
    table = read_table(path)
    if last < 0:
        return table["id"]
    beyond = table["rank"].to_numpy() > np.uint64(last)
    return table["id"].filter(pa.array(beyond))


def removals(home: Path) -> pa.Table:
    """Return the removals that this stage's directory asks for (`arrow.REMOVALS`)."""
    return read_table(home / _TABLE)


STAGE = Stage(
    name=NAME,
    scope="release",
    needs=(convert.NAME,),
    needs_judges=True,
    code=(
        "medsmith.schema",
        "medsmith.manifests",
        "medsmith.builders.expand",
        "medsmith.builders.shares",
        "medsmith.builders.instance_writer",
        "medsmith.builders.parquet",
        "medsmith.builders.stages.judged",
        "medsmith.builders.stages.select",
    ),
    title="select",
    phases=(Phase("ranking", _split, _rank),),
    finish=_finish,
    inputs=_inputs,
    removals=removals,
)
