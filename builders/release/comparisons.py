"""What a release tells of what its instances were compared with: one another, and benchmarks.

Methods and parameters come from the reports of the judging stages. Numbers come from the release's
own evidence, so that its files alone prove them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from medsmith.builders.contamination.self_test import summary
from medsmith.builders.parquet import read_table
from medsmith.builders.stage_dir import read_marker
from medsmith.builders.unit import Unit
from medsmith.manifests import Catalogue
from medsmith.schema import ContaminationKind

_PARAMETERS = (
    *("rules", "threshold", "output_threshold", "containment", "boilerplate_share"),
    *("bands", "rows_per_band", "compared_pairs", "similar_pairs"),
)
_KINDS = tuple(kind.value for kind in ContaminationKind)
Counts = dict[str, int]


def describe(unit: Unit, evidence: Path) -> dict[str, Any]:
    """Return `near_duplicates`, `contamination` and `cross_split` of a release's manifest.

    The first two are None where the recipe does not ask for them; shared splits are always told.
    `evidence` is the release's folder of that name, with its tables.
    """
    return {
        "near_duplicates": _near_duplicates(unit),
        "contamination": _contamination(unit, evidence),
        "cross_split": _cross_split(unit, evidence),
    }


def _report(unit: Unit, stage: str) -> dict[str, Any]:
    report: dict[str, Any] = (read_marker(unit.stage(stage)) or {})["report"]
    return report


def _near_duplicates(unit: Unit) -> dict[str, Any] | None:
    if unit.recipe.near_duplicates is None:
        return None
    report = _report(unit, "near")
    alone = [
        task.name
        for source in unit.shown
        for task in source.load().manifest.tasks
        if task.dedup.scope == "none"
    ]
    return {**{name: report[name] for name in _PARAMETERS}, "not_compared": alone}


def _contamination(unit: Unit, evidence: Path) -> dict[str, Any] | None:
    policy = unit.recipe.contamination
    if policy is None:
        return None
    report = _report(unit, "contamination")
    removing = [kind.value for kind in policy.remove]
    titles = {manifest.name: manifest for manifest in Catalogue.bundled().benchmarks()}
    own = {source.name: source.load().manifest for source in unit.sources}
    benchmarks = []
    for told in report["benchmarks"]:
        name, split_of = told["benchmark"], told.get("test_split_of")
        about = titles.get(name) or own[split_of]
        benchmarks.append(
            {
                "benchmark": name,
                "title": about.title if name in titles else f"{about.title}, test split",
                "license": about.license,
                "items": told["items"],
                "test_split_of": split_of,
                "files_digest": told["files_digest"],
            }
        )
    hits = read_table(evidence / "contamination.parquet")
    return {
        "rules": report["rules"],
        "remove": removing,
        "benchmarks": benchmarks,
        "absent": report["absent"],
        **count_hits(hits, removing),
        "self_test": summary(read_table(evidence / "contamination_self_test.parquet")),
    }


def count_hits(hits: pa.Table, removing: Sequence[str]) -> dict[str, Any]:
    """Return the counts that a table of hits (`arrow.CONTAMINATION`) comes to.

    `removed` and `flagged` count instances, each under its strongest kind of hit: of `removing`,
    or of the others where it has none of those. `hits` are counted by source, benchmark and kind.
    """
    sources = _sources_of(hits["id"])
    rows = zip(*(hits[n].to_pylist() for n in ("id", "benchmark", "kind")), sources, strict=True)
    strongest: dict[str, str] = {}
    cells: dict[tuple[str, str, str], list[str]] = {}
    for id, benchmark, kind, source in rows:
        cells.setdefault((source, benchmark, kind), []).append(id)
        best = strongest.get(id)
        if best is None or _rank(kind, removing) < _rank(best, removing):
            strongest[id] = kind
    fates = Counter(strongest.values())
    return {
        "removed": {kind: fates[kind] for kind in _KINDS if kind in removing and fates[kind]},
        "flagged": {kind: fates[kind] for kind in _KINDS if kind not in removing and fates[kind]},
        "hits": [
            {
                **dict(zip(("source", "benchmark", "kind"), key, strict=True)),
                "hits": len(ids),
                "instances": len(set(ids)),
            }
            for key, ids in sorted(cells.items())
        ],
    }


def _rank(kind: str, removing: Sequence[str]) -> tuple[bool, int]:
    return kind not in removing, _KINDS.index(kind)


def _cross_split(unit: Unit, evidence: Path) -> dict[str, Any]:
    report = _report(unit, "cross_split")
    table = read_table(evidence / "cross_split.parquet")
    return {
        "rules": report["rules"],
        "policy": report["policy"],
        "meetings": count_meetings(table),
    }


def count_meetings(table: pa.Table) -> list[dict[str, Any]]:
    """Return how many instances of each source meet one of another split (`arrow.CROSS_SPLIT`)."""
    names = ("split", "other_split", "kind")
    columns = (table[name].to_pylist() for name in names)
    counts = Counter(zip(_sources_of(table["id"]), *columns, strict=True))
    return [
        {**dict(zip(("source", *names), key, strict=True)), "instances": count}
        for key, count in sorted(counts.items())
    ]


def _sources_of(ids: pa.ChunkedArray) -> list[str]:
    found: list[str] = pc.replace_substring_regex(ids, r"-[0-9a-f]{20}(~[0-9]+)?$", "").to_pylist()
    return found


def by_benchmark(contamination: dict[str, Any]) -> dict[str, Counts]:
    """Return the instances that hold an item of each benchmark, by kind; of the manifest's part."""
    found: dict[str, Counts] = {}
    for cell in contamination["hits"]:
        kinds = found.setdefault(cell["benchmark"], dict.fromkeys(_KINDS, 0))
        kinds[cell["kind"]] += cell["instances"]
    return found


def removed_of(ledgers: Iterable[dict[str, Any]]) -> Counts:
    """Return removed instances by reason, summed over ledgers of splits."""
    found: Counter[str] = Counter()
    for ledger in ledgers:
        found.update(ledger["removed"])
    return dict(sorted(found.items()))


def looked_for(manifest: dict[str, Any]) -> list[str]:
    """Return the benchmarks whose items a release was searched for, sorted."""
    told = manifest.get("contamination") or {"benchmarks": []}
    return sorted(each["benchmark"] for each in told["benchmarks"] if each["items"])


def near_threshold(manifest: dict[str, Any]) -> float | None:
    """Return from which similarity on instances are near-duplicates; None: none were sought."""
    threshold: float | None = (manifest.get("near_duplicates") or {}).get("threshold")
    return threshold
