"""Proves the evidence of a release from its files alone: every removal has its reason shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from medsmith.builders.contamination.self_test import summary
from medsmith.builders.parquet import read_table
from medsmith.builders.release.comparisons import count_hits, count_meetings
from medsmith.builders.release.evidence import DIRECTORY
from medsmith.builders.release.manifest import splits
from medsmith.builders.release.withheld import IDS
from medsmith.schema import DataError, DuplicateKind, RemovalReason, Split

_SHOWN = 3
_REASON_OF = {
    DuplicateKind.EXACT: RemovalReason.EXACT_DUPLICATE,
    DuplicateKind.NEAR: RemovalReason.NEAR_DUPLICATE,
}


@dataclass(frozen=True)
class _Evidence:
    """The tables of a release's evidence; those of comparisons are None where it has none."""

    removals: pa.Table
    rejects: pa.Table
    duplicates: pa.Table
    contamination: pa.Table | None
    self_test: pa.Table | None
    cross_split: pa.Table | None

    def removed(self, *reasons: RemovalReason) -> pa.Array:
        """Return the ids removed for one of the reasons, or for any where none is given."""
        table = self.removals
        if reasons:
            values = pa.array([reason.value for reason in reasons], pa.string())
            table = table.filter(pc.is_in(table["reason"], value_set=values))
        return table["id"].combine_chunks()

    def copies(self, kind: DuplicateKind) -> pa.Table:
        """Return the rows of duplicates of one kind."""
        return self.duplicates.filter(pc.equal(self.duplicates["kind"], kind.value))


def problems(home: Path, manifest: dict[str, Any]) -> Iterator[str]:
    """Tell where the evidence does not fit the ledger, the shards, the manifest or itself.

    Memory: the evidence, and the ids of one shard.
    """
    try:
        found = _read(home / DIRECTORY)
    except (OSError, pa.ArrowException, DataError) as error:
        yield f"the evidence cannot be read ({error})"
        return
    yield from _counts(found, manifest)
    yield from _duplicates(found)
    yield from _contamination(found, manifest.get("contamination"))
    yield from _cross_split(found, manifest.get("cross_split"))
    yield from _presence(found, home, manifest)


def _read(folder: Path) -> _Evidence:
    def optional(name: str) -> pa.Table | None:
        path = folder / f"{name}.parquet"
        return read_table(path) if path.exists() else None

    return _Evidence(
        read_table(folder / "removals.parquet"),
        read_table(folder / "rejects.parquet", ["source"]),
        read_table(folder / "duplicates.parquet", ["dropped_id", "kept_id", "kind"]),
        optional("contamination"),
        optional("contamination_self_test"),
        optional("cross_split"),
    )


def _counts(found: _Evidence, manifest: dict[str, Any]) -> Iterator[str]:
    told: Counter[tuple[str, str]] = Counter()
    for source, _, _, ledger in splits(manifest):
        for reason, count in ledger["removed"].items():
            told[source, reason] += count
    ids, reasons = (found.removals[name].to_pylist() for name in ("id", "reason"))
    counted = Counter(
        (id.rpartition("-")[0], reason) for id, reason in zip(ids, reasons, strict=True)
    )
    for place in sorted(set(told) | set(counted)):
        if told[place] != counted[place]:
            yield (
                f"{place[0]}: the manifest says {told[place]:,} removed as {place[1]}, "
                f"the evidence {counted[place]:,}"
            )
    if len(pc.unique(found.removals["id"])) != len(found.removals):
        yield "an instance is removed twice in the evidence"
    rejected = Counter(found.rejects["source"].to_pylist())
    for key, source in manifest["sources"].items():
        least = sum(source["records"]["rejected"].values())
        if rejected[key] < least:
            yield f"{key}: {least:,} records rejected, but the evidence holds {rejected[key]:,}"


def _duplicates(found: _Evidence) -> Iterator[str]:
    for kind, reason in _REASON_OF.items():
        copies = found.copies(kind)
        yield from _unproven(found.removed(reason), copies["dropped_id"], reason)
        # A keeper may still be removed for another reason; a near-duplicate's only to fill no cap.
        gone = [copies["dropped_id"].combine_chunks()]
        if kind is DuplicateKind.NEAR:
            others = [each for each in RemovalReason if each is not RemovalReason.CAP]
            gone.append(found.removed(*others))
        if pc.any(pc.is_in(copies["kept_id"], value_set=pa.concat_arrays(gone))).as_py():
            yield "a duplicate's keeper was removed itself"
    yield from _still_there(found, found.duplicates["dropped_id"], "duplicates")


def _contamination(found: _Evidence, told: dict[str, Any] | None) -> Iterator[str]:
    hits = found.contamination
    if told is None or hits is None or found.self_test is None:
        yield from _unproven(found.removed(RemovalReason.CONTAMINATION), None, "contamination")
        if told is not None:
            yield "the manifest tells of contamination, but the evidence is missing"
        return
    kinds = pa.array(told["remove"], pa.string())
    removing = hits["id"].filter(pc.is_in(hits["kind"], value_set=kinds))
    yield from _unproven(found.removed(RemovalReason.CONTAMINATION), removing, "contamination")
    yield from _still_there(found, removing, "contamination")
    for name, counted in count_hits(hits, told["remove"]).items():
        if told[name] != counted:
            yield f"contamination.{name} of the manifest is not what the evidence comes to"
    if told["self_test"] != summary(found.self_test):
        yield "contamination.self_test of the manifest is not what the evidence comes to"


def _cross_split(found: _Evidence, told: dict[str, Any] | None) -> Iterator[str]:
    table, reason = found.cross_split, RemovalReason.CROSS_SPLIT
    if told is None or table is None:
        yield from _unproven(found.removed(reason), None, reason)
        if told is not None:
            yield "the manifest tells of shared splits, but the evidence is missing"
        return
    train = pc.equal(table["split"], Split.TRAIN.value)
    leaks = table["id"].filter(pc.and_(train, pc.equal(table["other_split"], Split.TEST.value)))
    yield from _unproven(found.removed(reason), leaks, reason)
    if told["policy"] == "remove":
        yield from _still_there(found, leaks, reason)
    if told["meetings"] != count_meetings(table):
        yield "cross_split.meetings of the manifest is not what the evidence comes to"


def _unproven(removed: pa.Array, proof: pa.ChunkedArray | None, reason: str) -> Iterator[str]:
    """Tell of ids that are removed without a row of evidence that says why."""
    shown = pa.array([], pa.string()) if proof is None else proof.combine_chunks()
    bare = removed.filter(pc.invert(pc.is_in(removed, value_set=shown)))
    if len(bare):
        yield f"{len(bare):,} removed as {reason} without evidence: {_some(bare)}"


def _still_there(found: _Evidence, ids: pa.ChunkedArray, table: str) -> Iterator[str]:
    """Tell of ids whose row of evidence says that they went, while no removal does."""
    kept = ids.filter(pc.invert(pc.is_in(ids, value_set=found.removed())))
    if len(kept):
        yield f"the evidence of {table} names instances that were not removed: {_some(kept)}"


def _some(ids: pa.Array | pa.ChunkedArray) -> str:
    names = sorted(pc.unique(ids).to_pylist())
    return f"{', '.join(names[:_SHOWN])}{' …' if len(names) > _SHOWN else ''}"


def _presence(found: _Evidence, home: Path, manifest: dict[str, Any]) -> Iterator[str]:
    """Tell of removed instances that shards hold, and of instances named that are nowhere."""
    removed = found.removed()
    named = _named(found)
    missing = named.filter(pc.invert(pc.is_in(named, value_set=removed)))
    for name in sorted(manifest["files"]):
        if not name.startswith("data/") and name != IDS:
            continue
        try:
            ids = read_table(home / name, ["id"])["id"].combine_chunks()
        except (OSError, pa.ArrowException, DataError) as error:
            yield f"{name} cannot be read ({error})"
            continue
        if name != IDS and pc.any(pc.is_in(ids, value_set=removed)).as_py():
            yield f"{name} holds an instance that the evidence calls removed"
        missing = missing.filter(pc.invert(pc.is_in(missing, value_set=ids)))
    if len(missing):
        yield f"the evidence names instances that are nowhere in the release: {_some(missing)}"


def _named(found: _Evidence) -> pa.Array:
    """Return the ids of all instances that something was compared with, or found in."""
    parts = [found.duplicates["kept_id"]]
    if found.contamination is not None:
        parts.append(found.contamination["id"])
    if found.cross_split is not None:
        parts += [found.cross_split["id"], found.cross_split["other_id"]]
    chunks = [chunk for part in parts for chunk in part.chunks]
    return pc.unique(pa.chunked_array(chunks, pa.string()))
