"""`medsmith dedup`: a search over files from its options to its folder of results, or a preview."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from medsmith.builders.engine import Engine
from medsmith.builders.near.foreign import Found, Keeping, keep_rows, search_files
from medsmith.builders.near.judging import Judgement, judge
from medsmith.builders.near.preview import Preview, preview, rows_by_label
from medsmith.builders.near.rows import Part, within
from medsmith.builders.parquet import settle_process, write_evidence_table
from medsmith.builders.progress import Reporter
from medsmith.builders.stage_dir import write_json
from medsmith.builders.standalone import (
    Fields,
    Foreign,
    Shard,
    open_files,
    result_folder,
    spread,
)
from medsmith.dedup.near.params import NearParams


def deduplicate(
    patterns: Sequence[str],
    fields: Fields,
    params: NearParams,
    max_removed: float,
    out: Path,
    engine: Engine,
    reporter: Reporter,
) -> dict[str, Any]:
    """Write the rows that stay, the duplicates, the conflicts and a report; return the report.

    Raises `UserError` and `DataError` for what cannot be read, and where more than `max_removed`
    of the rows, or of those of a scope, would go.
    """
    settle_process()
    with result_folder(out) as folder:
        work = folder / "work"
        work.mkdir()
        with open_files(
            patterns, fields, aside=work / "unpacked", besides=out, engine=engine
        ) as foreign:
            found = search_files(foreign, work, params, engine, reporter)
            verdict = judge(found.search, found.edges, found.counts, params, max_removed)
            _keep(foreign, verdict, folder, engine, reporter)
        report = _report(foreign, found, verdict)
        write_evidence_table(verdict.duplicates, folder / "duplicates.parquet")
        write_evidence_table(verdict.conflicts, folder / "conflicts.parquet")
        write_json(folder / "report.json", report)
        shutil.rmtree(work)
    return report


def _keep(
    foreign: Foreign, verdict: Judgement, folder: Path, engine: Engine, reporter: Reporter
) -> None:
    jobs = [
        Keeping(shard, _of(shard, verdict), folder / "kept" / shard.file_name)
        for shard in foreign.shards
    ]
    (folder / "kept").mkdir()
    spread(engine, reporter, "writing what stays", keep_rows, jobs)


def _of(shard: Shard, verdict: Judgement) -> np.ndarray[Any, Any]:
    return within(verdict.dropped, Part(shard, shard.row, shard.rows))


def _report(foreign: Foreign, found: Found, verdict: Judgement) -> dict[str, Any]:
    files: dict[str, dict[str, int]] = {}
    for shard in foreign.shards:
        counts = files.setdefault(shard.name, {"rows": 0, "removed": 0})
        counts["rows"] += shard.rows
        counts["removed"] += len(_of(shard, verdict))
    about = {
        "made_by": "medsmith dedup",
        "rows": foreign.rows,
        "ids": foreign.ids,
        "repeated_ids": foreign.repeated_ids,
        "files": files,
    }
    scopes = {"scopes": verdict.report["tasks"]} if verdict.report["tasks"] else {}
    rest = {k: v for k, v in verdict.report.items() if k not in ("sources", "tasks")}
    return {**about, **rest, **scopes, "boilerplate": found.boilerplate}


def preview_files(
    patterns: Sequence[str],
    fields: Fields,
    params: NearParams,
    folder: Path,
    thresholds: Sequence[float],
    pairs: int,
    engine: Engine,
    reporter: Reporter,
) -> tuple[dict[str, int], list[Preview]]:
    """Return the rows of each file and what each threshold would remove of them."""
    settle_process()
    lowest = replace(params, threshold=min(thresholds))
    with open_files(patterns, fields, aside=folder / "unpacked", engine=engine) as foreign:
        found = search_files(foreign, folder, lowest, engine, reporter)
        told = preview(found.search, found.edges, thresholds, pairs)
        return rows_by_label(found.search), told


def preview_build(
    directory: Path,
    folder: Path,
    thresholds: Sequence[float],
    pairs: int,
    engine: Engine,
    reporter: Reporter,
) -> tuple[dict[str, int], list[Preview]]:
    """Return the rows of each source of a build and what each threshold would remove of them."""
    from medsmith.builders.near.built import search_built  # noqa: PLC0415 - it imports all stages

    settle_process()
    search, edges = search_built(directory, folder, min(thresholds), engine, reporter)
    return rows_by_label(search), preview(search, edges, thresholds, pairs)
