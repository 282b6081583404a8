"""Where benchmarks' files are: one folder each, beside the raw folders of the sources."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medsmith.builders.digests import raw_sha256
from medsmith.builders.resolve import RawHome
from medsmith.converters import RawFiles
from medsmith.converters.core import registry
from medsmith.manifests import BenchmarkFile, BenchmarkManifest, RawPattern


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


def fingerprint(
    manifest: BenchmarkManifest, folders: Sequence[Path]
) -> list[dict[str, dict[str, object]]]:
    """Return, for each folder, size and SHA-256 of every file that makes items."""
    return [_digests(folder, _patterns(manifest)) for folder in folders]


def _digests(
    folder: Path, patterns: Sequence[BenchmarkFile | RawPattern]
) -> dict[str, dict[str, object]]:
    raw = RawFiles(folder)
    files = {
        file.name: file.path
        for item in patterns
        for file in raw.files(item.pattern.partition("!")[0])
    }
    return {
        name: {"bytes": files[name].stat().st_size, "sha256": raw_sha256(files[name], name)}
        for name in sorted(files)
    }


def _patterns(manifest: BenchmarkManifest) -> Sequence[BenchmarkFile | RawPattern]:
    if manifest.raw:
        return manifest.raw
    assert manifest.source is not None
    return registry.load(manifest.source).manifest.raw


def _lacking(manifest: BenchmarkManifest, raw: RawFiles) -> list[str]:
    """Return the patterns for want of which the benchmark cannot be read from a folder."""
    patterns = _patterns(manifest)
    found = {item.pattern: _is_there(raw, item.pattern) for item in patterns}
    lacking = [item.pattern for item in patterns if not item.optional and not found[item.pattern]]
    if not any(found.values()):
        lacking = lacking or list(found)
    tests = manifest.test_files
    if tests and not any(_is_there(raw, pattern) for pattern in tests):
        lacking += tests
    return list(dict.fromkeys(lacking))


def _is_there(raw: RawFiles, pattern: str) -> bool:
    return bool(raw.files(pattern.partition("!")[0]))
