"""Candidate pairs: rows whose signatures agree in a band (Indyk & Motwani 1998)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from medsmith.dedup.kernels import _lsh
from medsmith.dedup.near.arrays import one_array, sort_distinct
from medsmith.dedup.near.params import Shape
from medsmith.dedup.near.scopes import Scopes
from medsmith.dedup.near.sketches import band_column, output_column

Numbers = np.ndarray[Any, Any]
Subs = Callable[[Numbers], Numbers]

BUCKET_CAP = 24  # a bucket of more rows is not compared pair by pair
REACH = 12  # then each row meets so many others, and two representatives
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_SLOT = 3  # numbers of 32 bits: what grouping holds of a row


@dataclass(frozen=True)
class Compared:
    """What is the same in every band of the rows that are compared (arrays of one length).

    `rows` (uint32, ascending) number them; of rows that may meet, `salts` (uint64) are equal where
    a band's minima are to decide; `prints` (uint64) are equal for rows of equal texts and scope;
    `tasks` (uint32) tell each one's place in the scopes.
    """

    rows: Numbers
    salts: Numbers
    prints: Numbers
    tasks: Numbers

    def __len__(self) -> int:
        return len(self.rows)


def compared_rows(sketches: pa.Table, tasks: Numbers, scopes: Scopes, rows: Numbers) -> Compared:
    """Return what all bands share of those rows that are compared with any.

    `sketches` has at least `salt`, `input_digest` and `output_digest`; `tasks` (the place of each
    row's task in `scopes`) and `rows` (row numbers) go with it.
    """
    salts = _column(sketches, "salt") ^ scopes.families[tasks]
    with np.errstate(over="ignore"):
        groups = scopes.groups[tasks].astype(np.uint64)
        prints = (_column(sketches, "input_digest") ^ groups) * _GOLDEN
        prints = (prints ^ prints >> np.uint64(29) ^ _column(sketches, "output_digest")) * _GOLDEN
    found = Compared(rows.astype(np.uint32), salts, prints, tasks.astype(np.uint32))
    there = scopes.compared[tasks]
    if there.all():
        return found
    return Compared(found.rows[there], salts[there], prints[there], found.tasks[there])


def band_keys(minima: Numbers, salts: Numbers, band: int, keys: Numbers) -> None:
    """Fill in the `keys` (uint64) of one band: equal where it agrees and rows may meet.

    `minima` (uint16 or uint32) are those of the band's column, a row for each; `salts` are those of
    `Compared`.
    """
    _lsh.band_keys(minima, minima.itemsize, salts, band, keys)


def band_subs(output: Numbers, following: Numbers) -> Numbers:
    """Return what orders large buckets (uint64), from the minima of `sub_columns`, a row for each.

    The high half comes from the output, the low half from the next band.
    """
    high, low = _unsalted(output), _unsalted(following)
    return high & np.uint64(0xFFFFFFFF00000000) | low >> np.uint64(32)


def sub_columns(band: int, shape: Shape) -> tuple[str, str]:
    """Return the columns of sketches that `band_subs` takes for a band."""
    return output_column(band), band_column((band + 1) % shape.bands)


def _unsalted(minima: Numbers) -> Numbers:
    keys = np.empty(len(minima), np.uint64)
    band_keys(minima, np.zeros(len(minima), np.uint64), 0, keys)
    return keys


def minima_of(column: pa.ChunkedArray) -> Numbers:
    """Return the numbers of a column of minima, a row for each row."""
    array = one_array(column)
    dtype = array.type.value_type.to_pandas_dtype()
    numbers = np.asarray(array.flatten()) if len(array) else np.empty(0, dtype)
    return numbers.reshape(len(array), array.type.list_size)


def _column(sketches: pa.Table, name: str) -> Numbers:
    return np.asarray(sketches[name].to_numpy())


def shared_keys(keys: Numbers) -> Numbers:
    """Return which of `keys` (uint64, as if by chance) occur more than once (bool)."""
    marks = np.empty(len(keys), np.bool_)
    _lsh.shared_keys(np.ascontiguousarray(keys), marks)
    return marks


def slots_for(rows: int) -> Numbers:
    """Return room for the grouping of so many rows, to be used for one band after the other."""
    return np.empty(_SLOT * rows, np.uint32)


def candidate_pairs(
    keys: Numbers,
    compared: Compared,
    scopes: Scopes,
    subs: Subs,
    slots: Numbers | None = None,
    cap: int = BUCKET_CAP,
    reach: int = REACH,
) -> Numbers:
    """Return the candidate pairs of a band: uint64, smaller row number << 32 | larger, in no order.

    `keys` are those of the `compared` rows; `subs` returns the `band_subs` of some of them, named
    by their places; `slots` is room to work in (`slots_for`).

    Rows meet when their keys are equal and their scopes allow it. Of rows with equal texts and
    scope only the first of a bucket meets the others, and they meet it. In a bucket of more than
    `cap` rows, ordered by `subs`, each row meets the `reach` before it, the first with the same
    output and the first of all: m rows give at most m (`reach` + 2) pairs.

    What that keeps: a bucket is large only where all minima of the band lie in shingles that its
    rows have in common. Of two rows of similarity J that share s with the mass (both as shares of
    their union), a band of r rows joins them outside such buckets with probability J^r - s^r, so b
    bands find them with at least 1 - (1 - J^r + s^r)^b, whatever happens in the large ones: 0.9905
    for J = 0.85, s = 0.75 in 21 bands of 6. Rows of one input and many outputs fill the same bucket
    in all bands; there the outputs' minima, others in each of eight bands, bring those together
    whose outputs are similar.
    """
    single = len(scopes.sources) == 1
    tasks = np.empty(0, np.uint32) if single else compared.tasks
    slots = slots_for(len(keys)) if slots is None else slots
    meeting = scopes.sources, scopes.groups
    found, crowded = _lsh.bucket_pairs(keys, slots, compared.prints, tasks, *meeting, cap)
    places = np.frombuffer(found, np.uint64)
    if crowded:
        some = np.frombuffer(crowded, np.uint32)
        few = tasks if single else tasks[some]
        more = _lsh.crowded_pairs(
            keys[some], subs(some), compared.prints[some], few, *meeting, reach
        )
        a, b = pair_rows(np.frombuffer(more, np.uint64))
        places = np.concatenate([places, pack_pairs(some[a], some[b])])
    if _all_rows(compared.rows):
        return places
    a, b = pair_rows(places)
    return pack_pairs(compared.rows[a], compared.rows[b])


def _all_rows(rows: Numbers) -> bool:
    """Return whether these ascending row numbers are their own places."""
    return not len(rows) or int(rows[-1]) == len(rows) - 1


def merge_pairs(parts: Sequence[Numbers]) -> Numbers:
    """Return the pairs of several bands, sorted, each of them once."""
    return sort_distinct(np.concatenate([np.empty(0, np.uint64), *parts]))


def pair_rows(pairs: Numbers) -> tuple[Numbers, Numbers]:
    """Return the smaller and the larger row number of each pair (uint32)."""
    return (pairs >> np.uint64(32)).astype(np.uint32), pairs.astype(np.uint32)


def pack_pairs(a: Numbers, b: Numbers) -> Numbers:
    """Return pairs of row numbers as `candidate_pairs` does, in the order given."""
    low, high = np.minimum(a, b).astype(np.uint64), np.maximum(a, b).astype(np.uint64)
    return low << np.uint64(32) | high
