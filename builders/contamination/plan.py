"""Which benchmarks a release is held against: registered ones, and its sources' own test splits."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from medsmith.builders.benchmarks.reading import ItemRun, default_shapes, shape_instance
from medsmith.builders.benchmarks.sets import set_digest
from medsmith.builders.benchmarks.shapes import UnfitError
from medsmith.builders.parquet import read_table, write_table
from medsmith.builders.unit import Unit
from medsmith.converters.core import registry
from medsmith.dedup.contamination.items import ITEMS, Item, items_table
from medsmith.manifests import BenchmarkManifest, Catalogue
from medsmith.schema import Split, UserError

_TOLD = b"medsmith.told"
_SPLIT_COLUMNS = ["id", "task", "split", "input", "output", "choices"]


@dataclass(frozen=True)
class Benchmark:
    """One benchmark to look for. Picklable.

    `manifest` is None for the test split of a source that no benchmark is registered for;
    `own_split` names the source of the release whose test instances are (also) its items.
    """

    name: str
    manifest: BenchmarkManifest | None
    folders: tuple[Path, ...]
    own_split: str | None = None

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of its items."""
        if self.manifest is not None:
            return self.manifest.languages
        assert self.own_split is not None
        return registry.load(self.own_split).manifest.languages


@dataclass(frozen=True)
class Plan:
    """The benchmarks of a release, by name; `absent` are registered ones without files."""

    benchmarks: tuple[Benchmark, ...]
    absent: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return what decides the items, for a build key."""
        digests = {
            each.name: {
                "files": set_digest(each.manifest, each.folders)
                if each.manifest is not None and each.folders
                else None,
                "own_split": each.own_split,
            }
            for each in self.benchmarks
        }
        return {"benchmarks": digests, "absent": list(self.absent)}


def plan(unit: Unit) -> Plan:
    """Return the benchmarks that a unit's recipe asks for, as far as they are there.

    Raises `UserError` where one that the recipe names is not.
    """
    policy = unit.recipe.contamination
    if policy is None:
        return Plan(())
    catalogue = Catalogue.bundled()
    manifests = {manifest.name: manifest for manifest in catalogue.benchmarks()}
    own = dict(_own_splits(unit, manifests.values()))
    wanted = policy.benchmarks
    if wanted == "present":
        named = list(manifests) if unit.benchmarks is not None else []
    else:
        named = [catalogue.benchmark(name).name for name in wanted]
    found, absent = [], []
    for name in named:
        manifest = manifests[name]
        folders, is_there = _folders(unit, manifest)
        if is_there and (folders or name not in own):
            found.append(Benchmark(name, manifest, folders, own.pop(name, None)))
        elif name not in own and wanted == "present":
            absent.append(name)
        elif name not in own:
            raise UserError(
                f"The recipe `{unit.recipe.name}` names the benchmark `{name}`, whose files are "
                "not there.",
                f"{' '.join(manifest.access.how_to_get.split())} Name their parent with "
                "--benchmarks.",
            )
    found += [Benchmark(name, manifests.get(name), (), source) for name, source in own.items()]
    return Plan(tuple(sorted(found, key=lambda each: each.name)), tuple(sorted(absent)))


def _own_splits(unit: Unit, manifests: Iterable[BenchmarkManifest]) -> Iterator[tuple[str, str]]:
    """Yield (name, source) of the test split of each source that has one."""
    registered = {m.source: m.name for m in manifests if m.source is not None and not m.raw}
    for source in unit.sources:
        if any(Split.TEST in task.splits for task in source.load().manifest.tasks):
            yield registered.get(source.name, f"{source.name}_test"), source.name


def _folders(unit: Unit, manifest: BenchmarkManifest) -> tuple[tuple[Path, ...], bool]:
    """Return where a benchmark's files are, and whether they are there.

    A source of the release is converted already: its raw folder is not read once more.
    """
    if unit.benchmarks is None:
        return (), False
    found = unit.benchmarks.look(manifest).folders
    converted = {
        source.raw.resolve()
        for source in unit.sources
        if source.name == manifest.source and not manifest.raw
    }
    return tuple(f for f in found if f.resolve() not in converted), bool(found)


def read_benchmark(
    benchmark: Benchmark, shards: Sequence[Path], cache: Path
) -> tuple[pa.Table, dict[str, Any]]:
    """Return a benchmark's items (`ITEMS`; each id once) and what is told of their reading.

    `shards` are the converted instances of the source whose test split it is; under `cache` stays
    what was read of its files, for the next build.
    """
    told: dict[str, Any] = {"benchmark": benchmark.name}
    parts = [ITEMS.empty_table()]
    if benchmark.manifest is not None and benchmark.folders:
        table, records = _from_files(benchmark.manifest, benchmark.folders, cache)
        parts.append(table)
        told |= records
    if benchmark.own_split is not None:
        told["test_split_of"] = benchmark.own_split
        parts += [items_table(benchmark.name, _split_items(benchmark, path)) for path in shards]
    table = pa.concat_tables(parts).combine_chunks()
    numbered = table.append_column("row", pa.array(np.arange(len(table))))
    firsts = numbered.group_by("item_id", use_threads=False).aggregate([("row", "min")])
    table = table.take(pa.array(np.sort(firsts["row_min"].to_numpy())))
    return table, told | {"items": len(table)}


def _from_files(
    manifest: BenchmarkManifest, folders: tuple[Path, ...], cache: Path
) -> tuple[pa.Table, dict[str, Any]]:
    path = cache / f"{set_digest(manifest, folders)}.items.parquet"
    if not path.exists():
        run = ItemRun(manifest, folders)
        table = items_table(manifest.name, run)
        told = {"records": run.ledger.to_json(), "problems": run.problems}
        cache.mkdir(parents=True, exist_ok=True)
        aside = cache / f".aside-{uuid4().hex}"
        write_table(table.replace_schema_metadata({_TOLD: json.dumps(told)}), aside)
        aside.replace(path)
    table = read_table(path)
    records: dict[str, Any] = json.loads(table.schema.metadata[_TOLD])
    return table.cast(ITEMS), records


def _split_items(benchmark: Benchmark, path: Path) -> Iterator[Item]:
    assert benchmark.own_split is not None
    source = registry.load(benchmark.own_split)
    shapes = (benchmark.manifest and benchmark.manifest.tasks) or default_shapes(source)
    rows = read_table(path, _SPLIT_COLUMNS)
    for row in rows.filter(pc.equal(rows["split"], Split.TEST.value)).to_pylist():
        if row["task"] in shapes:
            try:
                yield shape_instance(row, shapes[row["task"]]).item
            except UnfitError:
                continue


def split_shards(report: dict[str, Any], home: Path) -> list[Path]:
    """Return the shards of a converted source, none where it has no test instance."""
    if all(entry["split"] != Split.TEST for entry in report["instances"]):
        return []
    return [home / name for name in report["shards"]]
