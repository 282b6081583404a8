"""Everything known about one record: where it came from, what each stage said of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
from medsmith.builders.parquet import readable
from medsmith.builders.release import evidence
from medsmith.builders.release.verify import Release, open_release
from medsmith.builders.stage_dir import read_marker
from medsmith.schema import UserError

_SHOWN = 10
_EVIDENCE_KEYS = {
    "removals": ("id",),
    "duplicates": ("dropped_id", "kept_id"),
    "contamination": ("id",),
    "cross_split": ("id", "other_id"),
    "quality": ("id",),
    "tokens": ("id",),
    "withheld_ids": ("id",),
}


@dataclass
class Explanation:
    """What is known about one record (plain JSON values throughout)."""

    id: str
    fate: str
    instance: dict[str, Any] | None = None
    samples: list[dict[str, Any]] = field(default_factory=list)
    verdicts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    reject: list[dict[str, Any]] = field(default_factory=list)


def explain(directory: Path, id: str) -> Explanation:
    """Return what `directory` (a release, or the build folder around it) knows about a record.

    `id` is an instance's id, or the locator of a raw record (for rejected ones).
    Raises `UserError` where nothing is known.
    """
    release = open_release(directory)
    found = Explanation(id, fate="unknown")
    found.instance = _instance(release, id)
    found.samples = _samples(release, id)
    for name, columns in _EVIDENCE_KEYS.items():
        path = release.home / evidence.DIRECTORY / f"{name}.parquet"
        if path.exists():
            condition = None
            for column in columns:
                one = ds.field(column) == id
                condition = one if condition is None else condition | one
            rows = _rows([path], condition)
            if rows:
                found.verdicts[name] = rows
    conflicts = release.home / evidence.DIRECTORY / "conflicts.parquet"
    if conflicts.exists():
        rows = [row for row in _rows([conflicts], None) if id in row["ids"]]
        if rows:
            found.verdicts["conflicts"] = rows
    found.reject = _rejects(release, id)
    removed = found.verdicts.get("removals")
    if found.samples:
        found.fate = "released"
    elif removed:
        found.fate = f"removed: {removed[0]['reason']}"
    elif withheld := found.verdicts.get("withheld_ids"):
        found.fate = f"withheld ({withheld[0]['fate']})"
    elif found.reject:
        found.fate = f"rejected: {found.reject[0]['code']}"
    else:
        raise UserError(
            f"Nothing is known about {id} in {release.home}.",
            "Give an instance's id (column `id`), or a raw record's locator as `evidence` has it.",
        )
    return found


def other_copy(directory: Path, id: str | None) -> dict[str, Any] | None:
    """Return the stored instance `id`, if the build folder around the release has it."""
    return None if id is None else _instance(open_release(directory), id)


def in_clusters(id: str, rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return what the rows of `duplicates` about a record say, in words: heading and line."""
    told = []
    for row in rows:
        if row["dropped_id"] == id:
            alike = f"question {row['input_similarity']:.3f}, answer {row['output_similarity']:.3f}"
            told.append((f"{row['kind']}-duplicate of {row['kept_id']}", f"similarity {alike}"))
    gone = [row["dropped_id"] for row in rows if row["kept_id"] == id]
    if gone:
        told.append((f"keeper of a cluster of {len(gone) + 1}", ", ".join(gone[:_SHOWN])))
    return told


def _stage_homes(release: Release, stage: str) -> list[Path]:
    """Return the finished directories of a source stage that stand around the release."""
    build = release.home.resolve().parent.parent
    homes = [build / source / stage for source in release.manifest["sources"]]
    return [home for home in homes if read_marker(home) is not None]


def _instance(release: Release, id: str) -> dict[str, Any] | None:
    for home in _stage_homes(release, "convert"):
        rows = _rows(sorted(home.glob("instances-*.parquet")), ds.field("id") == id)
        if rows:
            return rows[0]
    return None


def _samples(release: Release, id: str) -> list[dict[str, Any]]:
    source = id.rpartition("-")[0]
    shards = [release.home / n for n in release.shards() if n.split("/")[1] == source]
    return _rows([path for path in shards if path.exists()], ds.field("id") == id)


def _rejects(release: Release, locator: str) -> list[dict[str, Any]]:
    homes = _stage_homes(release, "convert")
    paths = [home / "rejects.parquet" for home in homes]
    paths = paths or [release.home / evidence.DIRECTORY / "rejects.parquet"]
    return _rows(paths, ds.field("locator") == locator)


def _rows(paths: list[Path], condition: ds.Expression | None) -> list[dict[str, Any]]:
    if not paths:
        return []
    with readable(paths[0]):
        table: pa.Table = ds.dataset([str(path) for path in paths]).to_table(filter=condition)
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def text_diff(old: str, new: str) -> str:
    """Return a word diff: `[-taken out-]` and `{+put in+}`, unchanged runs shortened."""
    a, b = old.split(), new.split()
    pieces = []
    for kind, a0, a1, b0, b1 in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if kind == "equal":
            run = a[a0:a1]
            pieces.append(" ".join(run if len(run) <= 12 else [*run[:5], "…", *run[-5:]]))
            continue
        if a1 > a0:
            pieces.append(f"[-{' '.join(a[a0:a1])}-]")
        if b1 > b0:
            pieces.append(f"{{+{' '.join(b[b0:b1])}+}}")
    return " ".join(pieces)
