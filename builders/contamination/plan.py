"""Which benchmarks a release is held against: registered ones, and its sources' own test splits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medsmith.builders.benchmarks.home import FoundBenchmark
from medsmith.builders.unit import SourceInput, Unit
from medsmith.manifests import BenchmarkManifest, Catalogue
from medsmith.schema import Split, UserError


@dataclass(frozen=True)
class Registered:
    """A registered benchmark whose files are there: `digest` covers these and how they are read."""

    name: str
    folders: tuple[Path, ...]
    digest: str


@dataclass(frozen=True)
class OwnSplit:
    """The test split of a source of the release, where no registered benchmark is read from it."""

    name: str
    source: str


@dataclass(frozen=True)
class Plan:
    """The benchmarks of a release, by name; `absent` are registered ones without files.

    `own` are the test splits of its sources, but for those that `covered` names: registered
    benchmarks that are read from a source's own raw folder, with that source.
    """

    registered: tuple[Registered, ...] = ()
    own: tuple[OwnSplit, ...] = ()
    absent: tuple[str, ...] = ()
    covered: tuple[tuple[str, str], ...] = ()

    @property
    def split_of(self) -> dict[str, str]:
        """The source of the release whose test split a benchmark is, by the benchmark's name."""
        return {**dict(self.covered), **{each.name: each.source for each in self.own}}

    def to_json(self) -> dict[str, Any]:
        """Return what decides the items, for a build key."""
        files = {each.name: each.digest for each in self.registered}
        split_of = self.split_of
        told = {
            name: {"files": files.get(name), "own_split": split_of.get(name)}
            for name in sorted({*files, *split_of})
        }
        # Items of a split that is covered are read from the registered benchmark's files alone.
        covered = sorted(name for name, _ in self.covered)
        return {"benchmarks": told, "covered": covered, "absent": list(self.absent)}


def plan(unit: Unit) -> Plan:
    """Return the benchmarks that a unit's recipe asks for, as far as they are there.

    Raises `UserError` where one that the recipe names is not.
    """
    policy = unit.recipe.contamination
    if policy is None:
        return Plan()
    catalogue = Catalogue.bundled()
    manifests = {manifest.name: manifest for manifest in catalogue.benchmarks()}
    there = {} if unit.benchmarks is None else unit.benchmarks.found
    wanted = policy.benchmarks
    if wanted == "present":
        named = list(manifests) if unit.benchmarks is not None else []
    else:
        named = sorted({catalogue.benchmark(name).name for name in wanted})
    own = dict(_own_splits(unit, manifests))
    registered, absent, covered = [], [], []
    for name in named:
        if name in there:
            registered.append(Registered(name, there[name].folders, there[name].digest))
            source = own.get(name)
            if source is not None and _reads(there[name], source):
                covered.append((name, own.pop(name).name))
        elif name not in own and wanted == "present":
            absent.append(name)
        elif name not in own:
            raise UserError(
                f"The recipe `{unit.recipe.name}` names the benchmark `{name}`, whose files are "
                "not there.",
                f"{' '.join(manifests[name].access.how_to_get.split())} Name their parent with "
                "--benchmarks.",
            )
    splits = sorted((name, source.name) for name, source in own.items())
    return Plan(
        tuple(registered),
        tuple(OwnSplit(*each) for each in splits),
        tuple(absent),
        tuple(covered),
    )


def _own_splits(
    unit: Unit, manifests: dict[str, BenchmarkManifest]
) -> Iterator[tuple[str, SourceInput]]:
    """Yield the name and the source of each test split of the unit's sources."""
    registered = {m.source: m.name for m in manifests.values() if m.source and not m.raw}
    for source in unit.sources:
        if any(Split.TEST in task.splits for task in source.load().manifest.tasks):
            yield registered.get(source.name, f"{source.name}_test"), source


def _reads(benchmark: FoundBenchmark, source: SourceInput) -> bool:
    """Tell whether a benchmark's items are the test split of that very raw folder."""
    raw = source.raw.resolve()
    return any(folder.resolve() == raw for folder in benchmark.folders)
