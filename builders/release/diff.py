"""What changed between two releases: instances with reasons, ledger, licences, files, tokens."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from medsmith.builders.parquet import readable
from medsmith.builders.release import evidence
from medsmith.builders.release.comparisons import looked_for, near_threshold
from medsmith.builders.release.diff_files import compare_files, summary
from medsmith.builders.release.diff_rows import RowChanges, compare_rows
from medsmith.builders.release.manifest import splits
from medsmith.builders.release.tokens import counted_with, tokens_of
from medsmith.builders.release.verify import Release, open_release

Place = tuple[str, str, str]  # source, task, split
EXAMPLES = 5


@dataclass(frozen=True)
class SplitDiff:
    """What became of one split of a task; `added` and `removed` count instances by reason."""

    source: str
    task: str
    split: str
    added: dict[str, int]
    removed: dict[str, int]
    changed_text: int
    changed_instruction: int
    unchanged: int
    old_samples: int
    new_samples: int
    old_tokens: int | None
    new_tokens: int | None
    examples: dict[str, list[str]]  # a few ids of each kind

    @property
    def touched(self) -> bool:
        """Whether anything in it changed."""
        return bool(
            self.added or self.removed or self.changed_text or self.changed_instruction
        ) or (self.old_samples, self.old_tokens) != (self.new_samples, self.new_tokens)


@dataclass(frozen=True)
class ReleaseDiff:
    """Everything that differs between two releases; plain JSON values throughout."""

    old: dict[str, Any]
    new: dict[str, Any]
    splits: tuple[SplitDiff, ...]
    sources: dict[str, dict[str, Any]]
    files: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return all of it as plain JSON values."""
        return asdict(self)


def compare(old: Path, new: Path, *, estimate: bool = True) -> ReleaseDiff:
    """Return what changed from the release in `old` to the one in `new`.

    With `estimate`, changed files are also cut into chunks to tell how many bytes are new.
    Raises `UserError` where a folder holds no release, `DataError` where a shard is damaged.
    """
    before, after = open_release(old), open_release(new)
    places = sorted(_places(before) | _places(after))
    rows = {place: _rows(before, after, place) for place in places}
    went = {place: (found.n_removed, found.removed) for place, found in rows.items()}
    came = {place: (found.n_added, found.added) for place, found in rows.items()}
    gone = _reasons(after, went, "to", _FATES)
    fresh = _reasons(before, came, "from", _ORIGINS)
    found = tuple(_split(place, rows[place], gone[place], fresh[place]) for place in places)
    return ReleaseDiff(
        old=_about(before),
        new=_about(after),
        splits=found,
        sources=_sources(before, after),
        files=compare_files(before, after, estimate=estimate),
    )


def _about(release: Release) -> dict[str, Any]:
    manifest = release.manifest
    names = ("name", "version", "medsmith_version", "schema_version", "synthetic", "totals")
    return {
        **{name: manifest.get(name) for name in names},
        "tokenizer": counted_with(manifest),
        "benchmarks": looked_for(manifest),
        "near_threshold": near_threshold(manifest),
    }


def _places(release: Release) -> set[Place]:
    found = set()
    for name in release.shards():
        _, source, task, _ = name.split("/")
        found.add((source, task, _split_of(name)))
    return found


def _split_of(shard: str) -> str:
    return shard.rpartition("/")[2].partition("-")[0]


def _rows(before: Release, after: Release, place: Place) -> RowChanges:
    """Compare one split; shards that are the same file in both are not compared row by row."""
    source, task, split = place
    mine: list[dict[str, str]] = []
    for release in (before, after):
        start = f"data/{source}/{task}/{split}-"
        files = release.manifest["files"]
        mine.append({n: files[n]["sha256"] for n in release.shards() if n.startswith(start)})
    # Equal names mean equal ranges of ids, so such shards can be taken out of both streams.
    same = [name for name, digest in mine[0].items() if mine[1].get(name) == digest]
    return compare_rows(
        [before.home / name for name in mine[0] if name not in same],
        [after.home / name for name in mine[1] if name not in same],
        [after.home / name for name in same],
        # A source that came or went as a whole is only counted.
        keep_ids=all(source in release.manifest["sources"] for release in (before, after)),
    )


# Why an instance that only one release has is not in the other: the whole source, or the instance.
_FATES = {
    "withheld": "source withheld",
    "absent": "source dropped",
    "removal": "{}",
    "unknown": "no longer converted",
}
_ORIGINS = {
    "withheld": "source no longer withheld",
    "absent": "source added",
    "removal": "no longer {}",
    "unknown": "newly converted",
}


def _reasons(
    there: Release, ids: dict[Place, tuple[int, list[str]]], way: str, words: dict[str, str]
) -> dict[Place, Counter[str]]:
    """Count why instances of one release are not in the same split of the other, `there`.

    `ids` gives their number and, where the source is in both, all their ids.
    """
    in_both = {place: some for place, (_, some) in ids.items()}
    in_both = {p: some for p, some in in_both.items() if p[0] in there.manifest["sources"]}
    moved = _moved(there, in_both)
    found: dict[Place, Counter[str]] = {}
    for place, (count, some) in ids.items():
        source = place[0]
        if source not in there.manifest["sources"]:
            withheld = source in there.manifest.get("withheld", {})
            found[place] = Counter({words["withheld" if withheld else "absent"]: count})
            continue
        removed = _removal_reasons(there, some)
        found[place] = Counter(
            f"moved {way} {moved[id]}"
            if id in moved
            else (words["removal"].format(removed[id]) if id in removed else words["unknown"])
            for id in some
        )
    return found


def _moved(there: Release, ids: dict[Place, list[str]]) -> dict[str, str]:
    """Return the split of `there` in which those of `ids` stand that changed their split."""
    by_task: dict[tuple[str, str], list[tuple[str, list[str]]]] = defaultdict(list)
    for (source, task, split), some in ids.items():
        if some:
            by_task[source, task].append((split, some))
    found: dict[str, str] = {}
    for (source, task), parts in by_task.items():
        wanted = pa.array([id for _, some in parts for id in some], pa.string())
        others = {split for *key, split in _places(there) if key == [source, task]}
        if all(others <= {split} for split, _ in parts):
            continue  # there is nowhere to move to
        for name in there.shards():
            if name.startswith(f"data/{source}/{task}/"):
                for batch in _batches(there.home / name, ["id"]):
                    hits = batch.filter(pc.is_in(batch["id"], value_set=wanted))["id"]
                    found.update(dict.fromkeys(hits.to_pylist(), _split_of(name)))
    return found


def _removal_reasons(release: Release, ids: Sequence[str]) -> dict[str, str]:
    path = release.home / evidence.DIRECTORY / "removals.parquet"
    found: dict[str, str] = {}
    if not ids or not path.exists():
        return found
    wanted = pa.array(ids, pa.string())
    for batch in _batches(path, ["id", "reason"]):
        hits = batch.filter(pc.is_in(batch["id"], value_set=wanted))
        found.update(zip(hits["id"].to_pylist(), hits["reason"].to_pylist(), strict=True))
    return found


def _batches(path: Path, columns: list[str]) -> Iterator[pa.RecordBatch]:
    with readable(path):
        yield from pq.ParquetFile(path).iter_batches(columns=columns, use_threads=False)


def _split(place: Place, rows: RowChanges, gone: Counter[str], fresh: Counter[str]) -> SplitDiff:
    return SplitDiff(
        *place,
        added=dict(sorted((+fresh).items())),
        removed=dict(sorted((+gone).items())),
        changed_text=rows.changed_text,
        changed_instruction=rows.changed_instruction,
        unchanged=rows.unchanged,
        old_samples=rows.old_samples,
        new_samples=rows.new_samples,
        old_tokens=rows.old_tokens,
        new_tokens=rows.new_tokens,
        examples={
            "added": rows.added[:EXAMPLES],
            "removed": rows.removed[:EXAMPLES],
            "changed": rows.changed_examples,
        },
    )


def _sources(before: Release, after: Release) -> dict[str, dict[str, Any]]:
    """Return, for each source of either release, its state and what is new of it."""
    found = {}
    states = [_states(before), _states(after)]
    for key in sorted(states[0].keys() | states[1].keys()):
        old, new = (state.get(key, ("absent", None)) for state in states)
        told = [summary(about) for _, about in (old, new)]
        changes = {
            name: [told[0].get(name), told[1].get(name)]
            for name in sorted(told[0].keys() | told[1].keys())
            if told[0] and told[1] and told[0].get(name) != told[1].get(name)
        }
        found[key] = {
            "old": old[0],
            "new": new[0],
            "changes": changes,
            "ledger": [_ledger(about) for _, about in (old, new)],
            "tokens": [tokens_of(release.manifest, key) for release in (before, after)],
        }
    return found


def _states(release: Release) -> dict[str, tuple[str, dict[str, Any]]]:
    manifest = release.manifest
    held = {key: ("withheld", about) for key, about in manifest.get("withheld", {}).items()}
    return {**{key: ("released", about) for key, about in manifest["sources"].items()}, **held}


def _ledger(about: dict[str, Any] | None) -> dict[str, int] | None:
    """Return a source's ledger in one flat table of counts."""
    if about is None:
        return None
    records = about["records"]
    counts: Counter[str] = Counter(records=records["read"], converted=records["converted"])
    for kind in ("rejected", "skipped"):
        counts[kind] = sum(records[kind].values())
    for *_, ledger in splits({"sources": {"": about}}):
        counts["instances"] += ledger["converted"]
        counts["released"] += ledger["released"]
        counts["samples"] += ledger["samples"]
        for reason, count in ledger["removed"].items():
            counts[f"removed: {reason}"] += count
    return dict(counts)
