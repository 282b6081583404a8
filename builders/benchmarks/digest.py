"""What decides a benchmark's items: its files, and how they are read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from medsmith.builders.digests import code_sha256, file_sha256, raw_sha256, value_sha256
from medsmith.converters import RawFiles
from medsmith.converters.core import registry
from medsmith.manifests import BenchmarkFile, BenchmarkManifest, RawPattern

_CODE = (
    "medsmith.builders.benchmarks",
    "medsmith.converters.core",
    "medsmith.converters.readers",
    "medsmith.schema",
)


def patterns(manifest: BenchmarkManifest) -> Sequence[BenchmarkFile | RawPattern]:
    """Return the files that a benchmark is read from: its own, or those of its source."""
    if manifest.raw:
        return manifest.raw
    assert manifest.source is not None
    return registry.load(manifest.source).manifest.raw


def set_digest(manifest: BenchmarkManifest, folders: Sequence[Path]) -> str:
    """Return the digest of a benchmark's files and of how they are read, without reading items."""
    named = patterns(manifest)
    return digest(manifest, [_fingerprint(folder, named) for folder in folders])


def digest(manifest: BenchmarkManifest, files: object) -> str:
    """Return the digest of `files`, which tell their contents, and of how they are read."""
    code = [code_sha256(*_CODE)]
    if manifest.source is not None and not manifest.raw:
        source = registry.load(manifest.source)
        code += [file_sha256(path) for path in (source.code_path, *source.split_lists)]
    return value_sha256(
        {"manifest": manifest.model_dump(mode="json"), "files": files, "code": code}
    )


def _fingerprint(
    folder: Path, named: Sequence[BenchmarkFile | RawPattern]
) -> dict[str, dict[str, object]]:
    """Return size and SHA-256 of every file of a folder that makes items."""
    raw = RawFiles(folder)
    files = {
        file.name: file.path for item in named for file in raw.files(item.pattern.partition("!")[0])
    }
    return {
        name: {"bytes": files[name].stat().st_size, "sha256": raw_sha256(files[name], name)}
        for name in sorted(files)
    }
