"""Stage `near`: verdicts on near-duplicates within a release, each verified against its keeper."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa
from medsmith.builders.near.banding import Exchanging, Pairing, exchange_part, pair_bands
from medsmith.builders.near.corpus import Marking, Setting, Sketched, Source, mark_part
from medsmith.builders.near.judging import judge
from medsmith.builders.near.search import Search
from medsmith.builders.near.verifying import (
    VerifyingChunk,
    VerifyingPart,
    read_edges,
    verify_chunk,
    verify_part,
)
from medsmith.builders.parquet import read_table, write_table
from medsmith.builders.release.licence_table import Family, licence
from medsmith.builders.stage_dir import read_marker
from medsmith.builders.stages import convert, exact, signatures
from medsmith.builders.stages.base import Phase, Stage, StageRun
from medsmith.builders.stages.judged import duplicate_removals, removed_before
from medsmith.builders.stages.signatures import BOILERPLATE, params_of, parts_of, tasks_of
from medsmith.builders.unit import SourceInput, Unit
from medsmith.dedup.near.params import Shape, shape_for
from medsmith.schema import DataError, RemovalReason, arrow

NAME = "near"
_FREEST_FIRST = get_args(Family)


def _inputs(unit: Unit) -> Any:
    policy = unit.recipe.near_duplicates
    if policy is None:
        return None
    scopes = {
        source.name: {
            "licence": source.load().manifest.license,
            "tasks": [
                [task.scope.task, task.scope.category, task.scope.policy, task.max_removed]
                for task in tasks_of(source)
            ],
        }
        for source in unit.sources
    }
    return {"policy": policy.model_dump(mode="json"), "sources": scopes}


def search_of(unit: Unit, folder: Path, removed: Path | None) -> Search:
    """Return the search over a unit's signatures, with its files in `folder`.

    `removed` is a folder with a table of ids for each source, which take no part.
    """
    policy = unit.recipe.near_duplicates
    assert policy is not None
    sources, parts = [], []
    first = 0
    for number, source in enumerate(unit.sources):
        sources.append(_source(unit, source, policy.source_priority))
        gone = None if removed is None else removed / f"removed-{source.name}.parquet"
        for part, sketches in parts_of(unit, source.name, first):
            parts.append(Sketched(part, sketches, number, gone))
            first += part.rows
    setting = Setting(tuple(sources), params_of(policy), _shape(unit, policy.threshold))
    return Search(setting, tuple(parts), folder)


def _shape(unit: Unit, threshold: float) -> Shape:
    """Return the bands of the sources' signatures, which must be those of the threshold."""
    shape = shape_for(threshold)
    for source in unit.sources:
        report = (read_marker(unit.source_stage(source.name, signatures.NAME)) or {})["report"]
        if (report.get("bands"), report.get("rows_per_band")) != (shape.bands, shape.rows):
            raise DataError(
                f"The signatures of `{source.name}` are not for a threshold of {threshold}.",
                "Build recipes with different thresholds one after the other.",
            )
    return shape


def _source(unit: Unit, source: SourceInput, priority: Sequence[str]) -> Source:
    boilerplate = unit.source_stage(source.name, signatures.NAME) / BOILERPLATE
    family = licence(source.load().manifest.license).family
    return Source(
        source.name,
        tasks_of(source),
        boilerplate,
        _FREEST_FIRST.index(family),
        priority.index(source.name) if source.name in priority else len(priority),
    )


def _search(run: StageRun) -> Search | None:
    if run.unit.recipe.near_duplicates is None:
        return None
    aside = run.out / "search"
    return search_of(run.unit, aside, aside)


def _split_marking(run: StageRun) -> Sequence[Marking]:
    search = _search(run)
    if search is None:
        return []
    search.folder.mkdir()
    for source in run.unit.sources:
        gone = removed_before(run, source.name)
        write_table(gone, search.folder / f"removed-{source.name}.parquet")
    return search.marking()


def _split_exchanging(run: StageRun) -> Sequence[Exchanging]:
    search = _search(run)
    return [] if search is None else search.exchanging()


def _split_pairing(run: StageRun) -> Sequence[Pairing]:
    search = _search(run)
    return [] if search is None else search.pairing()


def _split_parts(run: StageRun) -> Sequence[VerifyingPart]:
    search = _search(run)
    return [] if search is None else search.verifying_parts(run.results["pairing"])


def _split_chunks(run: StageRun) -> Sequence[VerifyingChunk]:
    search = _search(run)
    return [] if search is None else search.verifying_chunks()


def _finish(run: StageRun) -> dict[str, Any]:
    search, policy = _search(run), run.unit.recipe.near_duplicates
    if search is None or policy is None:
        write_table(arrow.DUPLICATES.empty_table(), run.out / "duplicates.parquet")
        write_table(arrow.CONFLICTS.empty_table(), run.out / "conflicts.parquet")
        return {"rules": None, "duplicates": 0, "conflicts": 0}
    edges = read_edges([*run.results["verifying"], *run.results["verifying the rest"]])
    params = search.setting.params
    found = judge(search, edges, run.results["marking"], params, policy.max_removed)
    conflicts = _not_known(found.conflicts, run)
    shutil.rmtree(search.folder)
    write_table(found.duplicates, run.out / "duplicates.parquet")
    write_table(conflicts, run.out / "conflicts.parquet")
    return {**found.report, "conflicts": len(conflicts)}


def _not_known(conflicts: pa.Table, run: StageRun) -> pa.Table:
    """Leave out the conflicts that stage `exact` has told of."""
    known: dict[str, frozenset[str]] = {}
    for source in run.unit.sources:
        home = run.unit.source_stage(source.name, exact.NAME)
        for ids in read_table(home / "conflicts.parquet", ["ids"])["ids"].to_pylist():
            known.update(dict.fromkeys(ids, frozenset(ids)))
    fresh = [not set(ids) <= known.get(ids[0], set()) for ids in conflicts["ids"].to_pylist()]
    return conflicts.filter(pa.array(fresh, pa.bool_()))


def removals(home: Path) -> pa.Table:
    """Return the removals that this stage's directory asks for (`arrow.REMOVALS`)."""
    return duplicate_removals(home, RemovalReason.NEAR_DUPLICATE)


STAGE = Stage(
    name=NAME,
    scope="release",
    needs=(convert.NAME, exact.NAME, signatures.NAME),
    needs_judges=True,
    code=(
        "medsmith.schema",
        "medsmith.dedup",
        "medsmith.dedup.kernels",
        "medsmith.dedup.near",
        "medsmith.builders.near",
        "medsmith.builders.shuffle",
        "medsmith.builders.parquet",
        "medsmith.builders.release.licence_table",
        "medsmith.builders.stages.judged",
        "medsmith.builders.stages.signatures",
        "medsmith.builders.stages.near",
    ),
    title="near-duplicates",
    phases=(
        Phase("marking", _split_marking, mark_part),
        Phase("exchanging bands", _split_exchanging, exchange_part),
        Phase("pairing", _split_pairing, pair_bands),
        Phase("verifying", _split_parts, verify_part),
        Phase("verifying the rest", _split_chunks, verify_chunk),
    ),
    finish=_finish,
    inputs=_inputs,
    removals=removals,
    evidence=("duplicates", "conflicts"),
)
