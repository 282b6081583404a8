"""Candidate pairs: rows whose signatures agree in a band (Indyk & Motwani 1998)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from medsmith.dedup.kernels import _lsh
from medsmith.dedup.near.arrays import distinct, one_array
from medsmith.dedup.near.params import Shape
from medsmith.dedup.near.scopes import Scopes
from medsmith.dedup.near.sketches import band_column, output_column

Numbers = np.ndarray[Any, Any]

BUCKET_CAP = 24  # a bucket of more rows is not compared pair by pair
REACH = 12  # then each row meets so many others, and two representatives
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Entries:
    """What a band knows of each row (arrays of one length).

    `rows` (uint32) number them; `keys` (uint64) are equal where the band agrees and the rows may
    meet; `subs` (uint64) order large buckets: the high half comes from the output, the low half
    from the next band; `prints` (uint64) are equal for rows of equal texts and scope.
    """

    rows: Numbers
    keys: Numbers
    subs: Numbers
    prints: Numbers
    sources: Numbers
    groups: Numbers

    def within(self, part: int, parts: int) -> Entries:
        """Return the entries of one of `parts` ranges of keys (a power of two)."""
        chosen = self.keys >> np.uint64(32) & np.uint64(parts - 1) == np.uint64(part)
        return Entries(*(getattr(self, name)[chosen] for name in _FIELDS))


_FIELDS = ("rows", "keys", "subs", "prints", "sources", "groups")


def band_columns(band: int, shape: Shape) -> list[str]:
    """Return the columns of sketches that `band_entries` reads for a band."""
    following = band_column((band + 1) % shape.bands)
    always = ["input_digest", "output_digest", "salt"]
    return list(dict.fromkeys([*always, band_column(band), following, output_column(band)]))


def band_keys(sketches: pa.Table, band: int, families: Numbers) -> Numbers:
    """Return the keys of one band (see `Entries`); needs its column and `salt` of the sketches."""
    return _keys(sketches, band_column(band), _column(sketches, "salt") ^ families, band)


def shared_keys(keys: Numbers) -> Numbers:
    """Return which keys (bool) occur more than once; of the others, few are marked, too.

    Only their rows can be in a pair.
    """
    marks = np.empty(len(keys), np.bool_)
    _lsh.shared_keys(np.ascontiguousarray(keys), marks)
    return marks


def band_entries(
    sketches: pa.Table, band: int, shape: Shape, scopes: Scopes, rows: Numbers
) -> Entries:
    """Return the entries of one band.

    `sketches` has at least `band_columns`; `scopes` and `rows` (row numbers) go with it. Rows that
    are not to be compared are left out.
    """
    keys = band_keys(sketches, band, scopes.families)
    none = np.zeros(len(keys), np.uint64)
    output = _keys(sketches, output_column(band), none, 0)
    following = _keys(sketches, band_column((band + 1) % shape.bands), none, 0)
    subs = output & np.uint64(0xFFFFFFFF00000000) | following >> np.uint64(32)
    with np.errstate(over="ignore"):
        prints = (_column(sketches, "input_digest") ^ scopes.groups.astype(np.uint64)) * _GOLDEN
        prints = (prints ^ prints >> np.uint64(29) ^ _column(sketches, "output_digest")) * _GOLDEN
    entries = Entries(rows.astype(np.uint32), keys, subs, prints, scopes.sources, scopes.groups)
    if scopes.compared.all():
        return entries
    return Entries(*(getattr(entries, name)[scopes.compared] for name in _FIELDS))


def join_entries(parts: Sequence[Entries]) -> Entries:
    """Return the entries of several shards as one, in their order."""
    return Entries(*(np.concatenate([getattr(p, name) for p in parts]) for name in _FIELDS))


def _column(sketches: pa.Table, name: str) -> Numbers:
    return np.asarray(sketches[name].to_numpy())


def _keys(sketches: pa.Table, name: str, salts: Numbers, seed: int) -> Numbers:
    column = one_array(sketches[name])
    minima = np.asarray(column.flatten()) if len(column) else np.empty(0, np.uint32)
    keys = np.empty(len(salts), np.uint64)
    _lsh.band_keys(minima, np.ascontiguousarray(salts), seed, keys)
    return keys


def candidate_pairs(entries: Entries, cap: int = BUCKET_CAP, reach: int = REACH) -> Numbers:
    """Return the candidate pairs of a band: uint64, smaller row number << 32 | larger, sorted.

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
    found = _lsh.bucket_pairs(
        np.ascontiguousarray(entries.keys),
        np.ascontiguousarray(entries.subs),
        np.ascontiguousarray(entries.prints),
        np.ascontiguousarray(entries.rows),
        np.ascontiguousarray(entries.sources),
        np.ascontiguousarray(entries.groups),
        cap,
        reach,
    )
    return distinct(np.frombuffer(found, np.uint64))


def merge_pairs(parts: Sequence[Numbers]) -> Numbers:
    """Return the pairs of several bands, sorted, each of them once."""
    return distinct(np.concatenate([np.empty(0, np.uint64), *parts]))


def pair_rows(pairs: Numbers) -> tuple[Numbers, Numbers]:
    """Return the smaller and the larger row number of each pair (uint32)."""
    return (pairs >> np.uint64(32)).astype(np.uint32), pairs.astype(np.uint32)


def pack_pairs(a: Numbers, b: Numbers) -> Numbers:
    """Return pairs of row numbers as `candidate_pairs` does, in the order given."""
    low, high = np.minimum(a, b).astype(np.uint64), np.maximum(a, b).astype(np.uint64)
    return low << np.uint64(32) | high
