"""Candidate pairs, some bands at a time. Where a band's rows are too many for one worker, they are
exchanged through files by ranges of the band's keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from medsmith.builders.engine import report_rows
from medsmith.builders.near.columns import Batch, locate_columns, room_for
from medsmith.builders.near.compared import read_compared
from medsmith.builders.near.corpus import Setting, Sketched
from medsmith.builders.shuffle import power_of_two, read_partition, write_partitioned
from medsmith.dedup.near.arrays import between
from medsmith.dedup.near.bands import (
    Compared,
    Subs,
    band_keys,
    band_subs,
    candidate_pairs,
    merge_pairs,
    slots_for,
    sub_columns,
)
from medsmith.dedup.near.params import Shape
from medsmith.dedup.near.sketches import band_column

Numbers = np.ndarray[Any, Any]

# A row is 44 bytes: what all bands share, its key, and what grouping holds of it.
ROWS_PER_RANGE = 2**24
# Each piece of work reads once what all bands share, so there are few of them.
PIECES = 4
_SHARE = 2**14  # pairs of a file that are merged at a time: of few files, a cache holds them
_ENTRIES = pa.schema(
    [
        pa.field("rows", pa.uint32(), nullable=False),
        pa.field("keys", pa.uint64(), nullable=False),
        pa.field("subs", pa.uint64(), nullable=False),
        pa.field("prints", pa.uint64(), nullable=False),
        pa.field("tasks", pa.uint32(), nullable=False),
    ]
)


def ranges_for(rows: int) -> int:
    """Return into how many ranges the keys of a band are cut (a power of two)."""
    return power_of_two(rows / ROWS_PER_RANGE)


def pieces_of(bands: int) -> list[tuple[int, ...]]:
    """Return the bands of each piece of work."""
    cuts = np.array_split(np.arange(bands), min(bands, PIECES))
    return [tuple(cut.tolist()) for cut in cuts]


class _Bands:
    """The minima of all parts' compared rows, read from the sketches a column at a time."""

    def __init__(self, parts: Sequence[Sketched], compared: Compared, names: Sequence[str]) -> None:
        self._compared = compared
        self._batches: list[tuple[Batch, int, slice]] = []
        for part in parts:
            first = part.part.first
            for batch in locate_columns(part.sketches, names):
                own = between(compared.rows, first, first + batch.rows)
                self._batches.append((batch, first, own))
                first += batch.rows
        self._room = room_for([batch for batch, _, _ in self._batches])

    def keys(self, band: int, keys: Numbers) -> None:
        """Fill in the keys of all rows in a band."""
        for batch, first, own in self._batches:
            minima = batch.read(band_column(band), self._room)
            if own.stop - own.start < batch.rows:
                minima = minima[self._compared.rows[own] - np.uint32(first)]
            band_keys(minima, self._compared.salts[own], band, keys[own])

    def subs(self, band: int, shape: Shape) -> Subs:
        """Return the function from the places of some rows to what orders them in a band."""

        def of(places: Numbers) -> Numbers:
            order = np.argsort(places)
            ordered = places[order]
            subs = np.empty(len(places), np.uint64)
            for batch, first, own in self._batches:
                some = between(ordered, own.start, own.stop)
                if some.start < some.stop:
                    rows = self._compared.rows[ordered[some]] - np.uint32(first)
                    minima = [
                        batch.pick(name, rows, self._room) for name in sub_columns(band, shape)
                    ]
                    subs[order[some]] = band_subs(*minima)
            return subs

        return of


def _columns_of(bands: Sequence[int], shape: Shape) -> list[str]:
    names = [name for b in bands for name in (band_column(b), *sub_columns(b, shape))]
    return list(dict.fromkeys(names))


@dataclass(frozen=True)
class Exchanging:
    """Write the entries of a part for all bands, partitioned by band and range of keys.

    `compared` is the part's file of what all bands share.
    """

    setting: Setting
    part: Sketched
    compared: Path
    ranges: int
    out: Path


def exchange_part(job: Exchanging) -> Path:
    """Write the entries of one part; return where."""
    shape = job.setting.shape
    tables, numbers = [_ENTRIES.empty_table()], []
    compared = read_compared([job.compared], len(job.setting.tasks))
    bands = _Bands([job.part], compared, _columns_of(range(shape.bands), shape))
    everyone = np.arange(len(compared), dtype=np.uint32)
    for band in range(shape.bands):
        keys = np.empty(len(compared), np.uint64)
        bands.keys(band, keys)
        subs = bands.subs(band, shape)(everyone)
        columns = [compared.rows, keys, subs, compared.prints, compared.tasks]
        tables.append(pa.table([pa.array(column) for column in columns], schema=_ENTRIES))
        of_keys = (keys >> np.uint64(32) & np.uint64(job.ranges - 1)).astype(np.int64)
        numbers.append(band * job.ranges + of_keys)
    whole = pa.concat_tables(tables)
    write_partitioned(whole, np.arange(len(whole)), np.concatenate(numbers), job.out)
    return job.out


@dataclass(frozen=True)
class Pairing:
    """Find the candidate pairs of some bands, or of one range of a band's keys.

    `compared` are the parts' files of what all bands share. `files` are those of `exchange_part`;
    none where there is but one range, and where there are, neither `parts` nor `compared` are.
    """

    setting: Setting
    parts: tuple[Sketched, ...]
    compared: tuple[Path, ...]
    bands: tuple[int, ...]
    range: int
    ranges: int
    files: tuple[Path, ...]
    out: Path


def pair_bands(job: Pairing) -> Path:
    """Write the candidate pairs (uint64, sorted, each of them once); return where."""
    np.save(job.out, merge_pairs([_exchanged_pairs(job)] if job.files else _pairs(job)))
    return job.out


def _pairs(job: Pairing) -> list[Numbers]:
    shape, scopes = job.setting.shape, job.setting.scopes()
    compared = read_compared(job.compared, len(scopes.compared))
    bands = _Bands(job.parts, compared, _columns_of(job.bands, shape))
    # The same memory serves for one band after the other.
    keys, slots = np.empty(len(compared), np.uint64), slots_for(len(compared))
    found = []
    for band in job.bands:
        bands.keys(band, keys)
        found.append(candidate_pairs(keys, compared, scopes, bands.subs(band, shape), slots))
        report_rows(len(compared))
    return found


def _exchanged_pairs(job: Pairing) -> Numbers:
    number = job.bands[0] * job.ranges + job.range
    table = read_partition(job.files, number, _ENTRIES)
    rows, keys, subs, prints, tasks = (
        np.ascontiguousarray(table[name].to_numpy()) for name in _ENTRIES.names
    )
    report_rows(len(table))
    # Of the salts, nothing but the keys is needed.
    compared = Compared(rows, keys, prints, tasks)
    return candidate_pairs(keys, compared, job.setting.scopes(), lambda places: subs[places])


def all_pairs(files: Sequence[Path]) -> Numbers:
    """Return the pairs of all bands, sorted, each of them once.

    The files are sorted, so that a share of all is merged at a time: in little memory, and quickly.
    """
    parts: list[Numbers] = [np.load(path, mmap_mode="r") for path in files]
    longest = max(parts, key=len, default=np.empty(0, np.uint64))
    limits = np.array(longest[_SHARE::_SHARE])
    shares = [np.split(part, np.searchsorted(part, limits)) for part in parts]
    merged = [merge_pairs(share) for share in zip(*shares, strict=True)]
    return np.concatenate([np.empty(0, np.uint64), *merged])
