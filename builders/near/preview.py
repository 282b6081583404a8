"""What other thresholds would remove, told before anything is removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from medsmith.builders.near.corpus import Setting, Sketched, read_facts
from medsmith.builders.near.rows import read_texts
from medsmith.builders.near.search import Search
from medsmith.builders.near.sketching import read_sketches, stored_schema
from medsmith.builders.standalone import Shard
from medsmith.dedup.near.arrays import distinct
from medsmith.dedup.near.edges import Edges, join_edges
from medsmith.dedup.near.interchange import signatures
from medsmith.dedup.near.params import Shape, shape_for
from medsmith.dedup.near.results import NearDuplicates
from medsmith.dedup.near.sketches import band_column
from medsmith.schema import UserError

Numbers = np.ndarray[Any, Any]

_STEP = 0.05
_BAND = "band_"


@dataclass(frozen=True)
class Pair:
    """A pair near a threshold: its similarities, whether one would go, and both texts."""

    first: dict[str, str]
    second: dict[str, str]
    input_similarity: float
    output_similarity: float
    removes: bool


@dataclass(frozen=True)
class Preview:
    """What a threshold would remove of each source or file, and the pairs nearest to it."""

    threshold: float
    removed: dict[str, int]
    pairs: tuple[Pair, ...]


def thresholds_between(low: float, high: float) -> list[float]:
    """Return the thresholds from `low` to `high` in steps of 0.05, with both ends."""
    steps = max(int(np.ceil(round((high - low) / _STEP, 6))), 1)
    found = [round(low + i * _STEP, 4) for i in range(steps)]
    return [*found, high] if high > low else [low]


def rows_by_label(search: Search) -> dict[str, int]:
    """Return the number of rows of each source, or of each foreign file."""
    counts: dict[str, int] = {}
    for part in search.parts:
        name = _label(search.setting, part)
        counts[name] = counts.get(name, 0) + part.part.rows
    return counts


def _label(setting: Setting, part: Sketched) -> str:
    if isinstance(part.part.data, Shard):
        return part.part.data.name
    return setting.sources[part.source].name


def preview(search: Search, edges: Edges, thresholds: Sequence[float], pairs: int) -> list[Preview]:
    """Return what each threshold would remove, with so many pairs of each.

    Pairs that only another threshold would have asked to compare count as different.
    """
    found = _result(search, edges)
    none = dict.fromkeys(rows_by_label(search), 0)
    previews = []
    for threshold in thresholds:
        removed = found.removed_by_source(threshold)
        shown = found.borderline(threshold, pairs)
        rows = dict(zip(found.rows["id"].to_pylist(), found.rows["row"].to_pylist(), strict=True))
        wanted = sorted({rows[id] for pair in shown for id in (pair.first_id, pair.second_id)})
        table = read_texts([part.part for part in search.parts], np.array(wanted, np.int64), _SHOWN)
        texts = {row["id"]: row for row in table.to_pylist()}
        told = tuple(
            Pair(
                texts[pair.first_id],
                texts[pair.second_id],
                round(pair.input_similarity, 4),
                round(pair.output_similarity, 4),
                pair.removes,
            )
            for pair in shown
        )
        previews.append(Preview(threshold, none | removed, told))
    return previews


_SHOWN = ("id", "task", "input", "output")


def _result(search: Search, edges: Edges) -> NearDuplicates:
    """Return the rows that have an edge as a result that takes other thresholds."""
    setting = search.setting
    rows = distinct(np.concatenate([edges.a, edges.b]))
    facts = read_facts(setting, search.parts, rows)
    firsts = [part.part.first for part in search.parts]
    labels = pa.array([_label(setting, part) for part in search.parts], pa.string())
    of_part = np.searchsorted(firsts, rows, side="right") - 1
    facts = facts.set_column(1, "source", labels.take(pa.array(of_part)))
    facts = facts.append_column("row", pa.array(rows.astype(np.int64)))
    order = np.argsort(np.load(search.ranks, mmap_mode="r")[rows], kind="stable")
    place = np.empty(len(rows), np.uint32)
    place[order] = np.arange(len(rows), dtype=np.uint32)
    a, b = place[np.searchsorted(rows, edges.a)], place[np.searchsorted(rows, edges.b)]
    placed = replace(edges, a=np.minimum(a, b), b=np.maximum(a, b))
    params = setting.params
    table = facts.take(pa.array(order)).combine_chunks()
    return NearDuplicates.settled(table, join_edges([placed]), params, params.threshold, {})


@dataclass(frozen=True)
class Regrouping:
    """Cut the stored signatures of a part into other bands."""

    sketches: Path
    stored: Shape
    wanted: Shape
    out: Path


def regrouped_shape(stored: Shape, threshold: float) -> Shape:
    """Return the shape for a threshold that as many minima as are stored allow."""
    wanted = shape_for(threshold)
    return Shape(min(wanted.bands, stored.permutations // wanted.rows), wanted.rows)


def regroup_part(job: Regrouping) -> Path:
    """Write the sketches of a part anew, in bands of the wanted shape; return where.

    Raises `UserError` where they are not as `sketch_schema` has them.
    """
    bands = [band_column(n) for n in range(job.stored.bands)]
    schema = stored_schema(job.wanted)
    others = [name for name in schema.names if not name.startswith(_BAND)]
    table = read_sketches(job.sketches, [*others, *bands])
    if table.schema.field(bands[0]).type != stored_schema(job.stored).field(bands[0]).type:
        raise UserError(
            "The stored signatures were made by another version of Medsmith.", "Build again."
        )
    minima = signatures(table, job.stored)
    columns = [table[name] for name in others]
    for band in range(job.wanted.bands):
        kind = schema.field(band_column(band)).type
        of = minima[:, band * job.wanted.rows : (band + 1) * job.wanted.rows]
        flat = pa.array(np.ascontiguousarray(of).reshape(-1))
        columns.append(pa.FixedSizeListArray.from_arrays(flat, type=kind))
    whole = pa.table(columns, schema=schema)
    with pa.OSFile(str(job.out), "wb") as sink, pa.ipc.new_file(sink, schema) as out:
        out.write_table(whole)
    return job.out


def without_near(removals: pa.Table) -> pa.Table:
    """Return the ids of those removals that do not depend on near-duplicates."""
    later = pa.array(["near_duplicate", "cap"])
    return removals.filter(pc.invert(pc.is_in(removals["reason"], value_set=later))).select(["id"])
