"""Indices of benchmarks, kept for later runs: the few that were used last.

Builds may share a cache and never wait for each other. Whoever searches with an index does so by a
second name of its own: what another one removes from the cache meanwhile stays readable there.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
from medsmith.builders.digests import code_sha256
from medsmith.dedup.contamination import (
    Index,
    build_index,
    items_digest,
    load_index,
    save_index,
)

CODE = ("medsmith.dedup.contamination", "medsmith.dedup.kernels")
CACHE = Path(".cache") / "benchmarks"
# An index of all registered benchmarks has about a hundred megabytes.
KEPT = 4


@dataclass(frozen=True)
class IndexFile:
    """An index on disk: `digest` covers the items and the rules, `path` names the code too."""

    path: Path
    digest: str
    items: int


def own_cache() -> Path:
    """Return the user's folder of indices, for what belongs to no build."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "medsmith" / "benchmarks"


def index_path(cache: Path, key: str) -> Path:
    """Return where the index of the items that `key` names is kept: another one for other code."""
    return cache / f"{key}-{code_sha256(*CODE)[:16]}.idx"


def cached_index(items: pa.Table, cache: Path, own: Path) -> IndexFile:
    """Put the index of `items` (`ITEMS`) into the folder `own`: from `cache`, or built and kept."""
    digest = items_digest(items)
    kept = index_path(cache, digest)
    path = own / kept.name
    if not take(kept, path):
        save_index(build_index(items), path)
        cache.mkdir(parents=True, exist_ok=True)
        _name_too(path, kept)
        prune(cache)
    return IndexFile(path, digest, len(items))


def open_cached_index(items: pa.Table, cache: Path) -> Index:
    """Return the index of `items` (`ITEMS`), mapped: from `cache`, or built and kept."""
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".aside-", dir=cache) as own:
        return load_index(cached_index(items, cache, Path(own)).path)


def take(kept: Path, own: Path) -> bool:
    """Give a kept index the name `own` as well, and count it as used; False if there is none."""
    with suppress(OSError):
        os.utime(kept)
    try:
        _name_too(kept, own)
    except FileNotFoundError:
        return False
    return True


def prune(cache: Path, most: int = KEPT) -> None:
    """Remove the indices of `cache` but for the `most` that were used last."""
    used: list[tuple[int, str]] = []
    for path in cache.glob("*.idx"):
        with suppress(FileNotFoundError):  # another process prunes too
            used.append((path.stat().st_mtime_ns, path.name))
    for _, name in sorted(used, reverse=True)[most:]:
        (cache / name).unlink(missing_ok=True)


def _name_too(path: Path, other: Path) -> None:
    """Make `other` the file at `path`, or a copy where a file system wants that: whole or not."""
    aside = other.with_name(f".aside-{uuid4().hex}")
    try:
        try:
            os.link(path, aside)
        except OSError:
            shutil.copyfile(path, aside)
        aside.replace(other)
    finally:
        aside.unlink(missing_ok=True)
