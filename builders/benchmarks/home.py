"""Where benchmarks' files are: one folder each, beside the raw folders of the sources."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from medsmith.builders.benchmarks.digest import patterns, set_digest
from medsmith.builders.resolve import RawHome
from medsmith.converters import RawFiles
from medsmith.manifests import BenchmarkManifest, Catalogue


@dataclass(frozen=True)
class Presence:
    """Whether a benchmark can be read, from which folders, and what it still lacks."""

    folders: tuple[Path, ...]
    missing: tuple[str, ...] = ()

    @property
    def readable(self) -> bool:
        """Whether there is at least one folder with everything that reading needs."""
        return bool(self.folders)

    @property
    def word(self) -> str:
        """Say it in a word: present, incomplete or absent."""
        if self.folders:
            return "present"
        return "incomplete" if self.missing else "absent"


@dataclass(frozen=True)
class FoundBenchmark:
    """A registered benchmark whose files are there; `digest` as of `set_digest`."""

    manifest: BenchmarkManifest
    folders: tuple[Path, ...]
    digest: str


@dataclass(frozen=True)
class BenchmarkHome:
    """The folder that holds one folder a benchmark, and the raw folders that hold test splits."""

    path: Path
    named: bool
    raw: Path

    @classmethod
    def find(cls, given: Path | None, raw: RawHome) -> BenchmarkHome:
        """Return the given folder, else $MEDSMITH_BENCHMARKS, else `benchmarks` beside the raw."""
        variable = os.environ.get("MEDSMITH_BENCHMARKS")
        if given is not None or variable:
            return cls(given or Path(str(variable)), named=True, raw=raw.path)
        return cls(raw.path.absolute().parent / "benchmarks", named=raw.named, raw=raw.path)

    @cached_property
    def found(self) -> Mapping[str, FoundBenchmark]:
        """The registered benchmarks whose files are there, by key, as of the first time asked."""
        looked = [(each, self.look(each)) for each in Catalogue.bundled().benchmarks()]
        return {
            manifest.name: FoundBenchmark(
                manifest, presence.folders, set_digest(manifest, presence.folders)
            )
            for manifest, presence in looked
            if presence.readable
        }

    def look(self, manifest: BenchmarkManifest) -> Presence:
        """Return where the benchmark's files are.

        Looked at are `<benchmarks>/<key>`, `<benchmarks>/<other name>` and, for the other names
        alone (the source's among them), `<raw>/<other name>`: a raw folder of the benchmark's own
        key may hold training data. All folders that can be read count.
        """
        found: list[Path] = []
        missing: set[str] = set()
        for folder in self._candidates(manifest):
            lacking = _lacking(manifest, RawFiles(folder))
            if lacking:
                missing.update(lacking)
            else:
                found.append(folder)
        return Presence(tuple(found), () if found else tuple(sorted(missing)))

    def _candidates(self, manifest: BenchmarkManifest) -> list[Path]:
        others = manifest.folder_names[1:]
        places = [
            *(self.path / name for name in manifest.folder_names),
            *(self.raw / name for name in others),
        ]
        return [place for place in dict.fromkeys(places) if place.is_dir()]


def _lacking(manifest: BenchmarkManifest, raw: RawFiles) -> list[str]:
    """Return the patterns for want of which the benchmark cannot be read from a folder."""
    named = patterns(manifest)
    found = {item.pattern: _is_there(raw, item.pattern) for item in named}
    lacking = [item.pattern for item in named if not item.optional and not found[item.pattern]]
    if not any(found.values()):
        lacking = lacking or list(found)
    tests = manifest.test_files
    if tests and not any(_is_there(raw, pattern) for pattern in tests):
        lacking += tests
    return list(dict.fromkeys(lacking))


def _is_there(raw: RawFiles, pattern: str) -> bool:
    return bool(raw.files(pattern.partition("!")[0]))
