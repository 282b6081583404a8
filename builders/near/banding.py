"""Candidate pairs, band by band. Where a band's rows are too many for one worker, their entries
are exchanged through files by ranges of the band's keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from medsmith.builders.engine import report_rows
from medsmith.builders.near.corpus import Setting, Sketched
from medsmith.builders.near.sketching import read_sketches
from medsmith.builders.shuffle import power_of_two, read_partition, write_partitioned
from medsmith.dedup.near.bands import (
    Entries,
    band_columns,
    band_entries,
    band_keys,
    candidate_pairs,
    join_entries,
    merge_pairs,
    shared_keys,
)
from medsmith.dedup.near.sketches import band_column

Numbers = np.ndarray[Any, Any]

# An entry is 36 bytes, and grouping takes as much again.
ROWS_PER_RANGE = 2**24
_ENTRIES = pa.schema(
    [
        pa.field("rows", pa.uint32(), nullable=False),
        pa.field("keys", pa.uint64(), nullable=False),
        pa.field("subs", pa.uint64(), nullable=False),
        pa.field("prints", pa.uint64(), nullable=False),
        pa.field("sources", pa.uint32(), nullable=False),
        pa.field("groups", pa.uint32(), nullable=False),
    ]
)


def ranges_for(rows: int) -> int:
    """Return into how many ranges the keys of a band are cut (a power of two)."""
    return power_of_two(rows / ROWS_PER_RANGE)


@dataclass(frozen=True)
class Exchanging:
    """Write the entries of a part for all bands, partitioned by band and range of keys."""

    setting: Setting
    part: Sketched
    marks: Path
    ranges: int
    out: Path


def exchange_part(job: Exchanging) -> Path:
    """Write the entries of one part; return where."""
    shape = job.setting.shape
    tables, numbers = [], []
    rows = _compared(job.setting, job.part, job.marks)
    for band in range(shape.bands):
        entries = _part_entries(job.setting, job.part, rows, band)
        columns = [getattr(entries, field.name) for field in fields(Entries)]
        tables.append(pa.table([pa.array(column) for column in columns], schema=_ENTRIES))
        numbers.append(band * job.ranges + _range_of(entries, job.ranges))
    whole = pa.concat_tables(tables)
    write_partitioned(whole, np.arange(len(whole)), np.concatenate(numbers), job.out)
    return job.out


def _range_of(entries: Entries, ranges: int) -> Numbers:
    numbers = np.zeros(len(entries.keys), np.int64)
    for number in range(1, ranges):
        chosen = entries.keys >> np.uint64(32) & np.uint64(ranges - 1) == np.uint64(number)
        numbers[chosen] = number
    return numbers


@dataclass(frozen=True)
class Pairing:
    """Find the candidate pairs of a band, or of one range of its keys.

    `files` are those of `exchange_part`, of all parts; none where there is but one range.
    """

    setting: Setting
    parts: tuple[Sketched, ...]
    band: int
    range: int
    ranges: int
    marks: tuple[Path, ...]
    files: tuple[Path, ...]
    out: Path


def pair_band(job: Pairing) -> Path:
    """Write the candidate pairs (uint64, sorted); return where."""
    entries = _exchanged(job) if job.files else _shared_entries(job)
    np.save(job.out, candidate_pairs(entries))
    report_rows(len(entries.rows))
    return job.out


def _shared_entries(job: Pairing) -> Entries:
    """Return the entries whose key is another's, too: of most rows, only the key is looked at."""
    found = [
        _part_keys(job.setting, part, marks, job.band)
        for part, marks in zip(job.parts, job.marks, strict=True)
    ]
    there, keys = [rows for rows, _ in found], [some for _, some in found]
    shared = shared_keys(np.concatenate(keys))
    ends = np.cumsum([len(some) for some in keys])[:-1]
    entries = [
        _part_entries(job.setting, part, rows[marks], job.band)
        for part, rows, marks in zip(job.parts, there, np.split(shared, ends), strict=True)
    ]
    return join_entries(entries)


def _compared(setting: Setting, part: Sketched, marks: Path) -> Numbers:
    """Return which rows of a part (from its first) are compared with any."""
    return _compared_of(setting, part, read_sketches(part.sketches, ["task"]), marks)


def _compared_of(setting: Setting, part: Sketched, table: pa.Table, marks: Path) -> Numbers:
    compared = setting.scopes().compared[setting.tasks_of(part, table["task"])]
    return np.flatnonzero(np.load(marks) & compared)


def _part_keys(setting: Setting, part: Sketched, marks: Path, band: int) -> tuple[Numbers, Numbers]:
    """Return the rows of a part that are compared with any, and their keys."""
    table = read_sketches(part.sketches, ["task", "salt", band_column(band)])
    rows = _compared_of(setting, part, table, marks)
    families = setting.scopes().families[setting.tasks_of(part, table["task"])]
    return rows, band_keys(table, band, families)[rows]


def _exchanged(job: Pairing) -> Entries:
    number = job.band * job.ranges + job.range
    table = read_partition(job.files, number, _ENTRIES)
    return Entries(*(table[name].to_numpy() for name in _ENTRIES.names))


def _part_entries(setting: Setting, part: Sketched, rows: Numbers, band: int) -> Entries:
    """Return the entries of `rows` of a part, counted from its first."""
    shape = setting.shape
    table = read_sketches(part.sketches, ["task", *band_columns(band, shape)])
    table = table.take(pa.array(rows)).combine_chunks()
    scopes = setting.scopes().take(setting.tasks_of(part, table["task"]))
    return band_entries(table, band, shape, scopes, (rows + part.part.first).astype(np.uint32))


def all_pairs(files: Sequence[Path]) -> Numbers:
    """Return the pairs of all bands, sorted, each of them once."""
    return merge_pairs(list(_merged_by(files, 8)))


def _merged_by(files: Sequence[Path], count: int) -> Iterator[Numbers]:
    """Merge a few bands at a time: most pairs are found by many of them."""
    for start in range(0, len(files), count):
        yield merge_pairs([np.load(path) for path in files[start : start + count]])
