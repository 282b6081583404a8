"""Decontamination of anybody's files: the stage's two passes, then the rows that may stay."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from medsmith.builders.benchmarks import ItemSet
from medsmith.builders.contamination.cache import IndexFile, cached_index
from medsmith.builders.contamination.hits import TABLE, told_of_hits, write_review
from medsmith.builders.contamination.passes import (
    TEXTS,
    Rows,
    Scanned,
    scan_texts,
    telling_grams,
)
from medsmith.builders.engine import Engine, report_rows
from medsmith.builders.parquet import settle_process, write_table
from medsmith.builders.progress import Reporter
from medsmith.builders.stage_dir import write_json
from medsmith.builders.standalone import (
    Foreign,
    Shard,
    pieces,
    result_folder,
    spread,
    write_subset,
)
from medsmith.dedup.contamination import RULES, load_index, score
from medsmith.dedup.near.arrays import between
from medsmith.schema import ContaminationKind, arrow

REPORT = "report.json"
_CLEAN = "clean"


@dataclass(frozen=True)
class _Scan:
    shard: Shard
    index: Path
    counts: Path


@dataclass(frozen=True, eq=False)
class _Judge:
    shard: Shard
    scanned: Scanned
    index: Path
    telling: Path
    removing: tuple[ContaminationKind, ...]
    out: Path


@dataclass(frozen=True, eq=False)
class _Judged:
    hits: pa.Table
    texts: pa.Table
    kept: int


def decontaminate(
    foreign: Foreign,
    benchmarks: Sequence[ItemSet],
    out: Path,
    removing: Sequence[ContaminationKind],
    engine: Engine,
    reporter: Reporter,
    cache: Path,
) -> dict[str, Any]:
    """Write the rows of `foreign` that hold no item of `benchmarks` into `out`, with the verdicts.

    Rows with a hit of a kind in `removing` stay out of `out/clean`; every hit is in
    `out/contamination.parquet`. Returns the report, which also stands in `out/report.json`.
    Raises `UserError` where `out` holds something else.
    """
    settle_process()
    with (
        result_folder(out) as folder,
        tempfile.TemporaryDirectory(prefix=".aside-", dir=folder) as name,
    ):
        aside = Path(name)
        items = pa.concat_tables([each.table for each in benchmarks]).combine_chunks()
        # Beside the results: workers on other machines see no user's cache.
        index = cached_index(items, cache, aside)
        scans = [
            _Scan(shard, index.path, aside / f"counts-{shard.number:05d}.npy")
            for shard in foreign.shards
        ]
        scanned = spread(engine, reporter, "decontaminate: scanning", _scan, scans)
        telling = aside / "telling.npy"
        np.save(telling, telling_grams(load_index(index.path), scanned))
        (folder / _CLEAN).mkdir()
        tasks = [
            _Judge(
                shard,
                found,
                index.path,
                telling,
                tuple(removing),
                folder / _CLEAN / shard.file_name,
            )
            for shard, found in zip(foreign.shards, scanned, strict=True)
        ]
        judged = spread(engine, reporter, "decontaminate: scoring", _judge, tasks)
        hits = _write_hits(folder, judged, items)
        report = _report(foreign, benchmarks, index, judged, removing) | told_of_hits(
            hits, by_source=False
        )
        write_json(folder / REPORT, report)
    return report


def _scan(task: _Scan) -> Scanned:
    return scan_texts(load_index(task.index), _texts(task.shard), task.counts)


def _texts(shard: Shard) -> Iterator[pa.Table]:
    for piece in pieces(shard):
        report_rows(len(piece))
        yield piece.select(TEXTS.names)


def _judge(task: _Judge) -> _Judged:
    """Write the rows of a shard that stay; return its hits and the texts that hold them."""
    hits, texts = [arrow.CONTAMINATION.empty_table()], [TEXTS.empty_table()]
    keep = np.ones(task.shard.rows, np.bool_)
    if len(task.scanned.rows):
        index, telling = load_index(task.index), np.load(task.telling)
        kinds = pa.array([kind.value for kind in task.removing], pa.string())
        for rows, candidates in _candidates(task.shard, task.scanned.rows):
            found = score(index, telling, candidates)
            ids = candidates["id"]
            gone = pc.unique(found["id"].filter(pc.is_in(found["kind"], value_set=kinds)))
            keep[rows] = ~pc.is_in(ids, value_set=gone).to_numpy()
            hits.append(found)
            texts.append(candidates.filter(pc.is_in(ids, value_set=pc.unique(found["id"]))))
    kept = write_subset(task.shard, keep, task.out)
    return _Judged(pa.concat_tables(hits), pa.concat_tables(texts), kept)


def _candidates(shard: Shard, rows: Rows) -> Iterator[tuple[Rows, pa.Table]]:
    """Yield these rows (ascending, from the shard's first) some at a time, and them as `TEXTS`."""
    first = 0
    for piece in pieces(shard):
        own = rows[between(rows, first, first + len(piece))]
        if len(own):
            yield own, piece.select(TEXTS.names).take(pa.array(own - first))
        first += len(piece)
        report_rows(len(piece))


def _write_hits(folder: Path, judged: Sequence[_Judged], items: pa.Table) -> pa.Table:
    # In the order of the rows; those of one row by strength.
    hits = pa.concat_tables([arrow.CONTAMINATION.empty_table(), *(each.hits for each in judged)])
    texts = pa.concat_tables([TEXTS.empty_table(), *(each.texts for each in judged)])
    write_table(hits, folder / TABLE)
    write_review(folder, hits, items, texts)
    return hits


def _report(
    foreign: Foreign,
    benchmarks: Sequence[ItemSet],
    index: IndexFile,
    judged: Sequence[_Judged],
    removing: Sequence[ContaminationKind],
) -> dict[str, Any]:
    kept = sum(each.kept for each in judged)
    return {
        "made_by": "decontaminate",
        "rules": RULES,
        "remove": [kind.value for kind in removing],
        "files": list(foreign.files),
        "ids": foreign.ids,
        "rows": foreign.rows,
        "kept": kept,
        "removed": foreign.rows - kept,
        "index": index.digest,
        "benchmarks": [
            {
                "benchmark": each.benchmark,
                "items": each.table.num_rows,
                "files_digest": each.digest,
                "records": each.ledger.to_json(),
                "problems": list(each.problems),
            }
            for each in benchmarks
        ],
    }
