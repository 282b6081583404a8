"""The two passes of contamination detection, spread over workers by way of files.

Pass one counts how often each n-gram of the index stands in the training texts, and finds the rows
that deserve a second look. Pass two compares these with the items, now that it is known which
n-grams are stock phrases. Neither depends on how the texts are cut into shards.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from medsmith.builders.digests import code_sha256
from medsmith.dedup.contamination import (
    Index,
    build_index,
    items_digest,
    reduce_df,
    save_index,
    scan,
)

CODE = ("medsmith.dedup.contamination", "medsmith.dedup.kernels")
CACHE = Path(".cache") / "benchmarks"
TEXTS = pa.schema(
    [pa.field(name, pa.string(), nullable=False) for name in ("id", "input", "output")]
)

Rows = np.ndarray[Any, np.dtype[np.int64]]
Telling = np.ndarray[Any, np.dtype[np.uint8]]


@dataclass(frozen=True)
class IndexFile:
    """An index on disk: `digest` covers the items and the rules, `path` names the code too."""

    path: Path
    digest: str
    items: int


@dataclass(frozen=True, eq=False)
class Scanned:
    """What pass one found in a shard: rows for a second look, and the file of its counts."""

    texts: int
    rows: Rows
    counts: Path


def own_cache() -> Path:
    """Return the user's folder of indices, for what belongs to no build."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "medsmith" / "benchmarks"


def cached_index(items: pa.Table, cache: Path) -> IndexFile:
    """Return the index of `items` (`ITEMS`) under `cache`; it is built if it is not there."""
    digest = items_digest(items)
    path = cache / f"{digest}-{code_sha256(*CODE)[:16]}.idx"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        save_index(build_index(items), path)
    return IndexFile(path, digest, len(items))


def scan_texts(index: Index, texts: pa.Table, counts: Path) -> Scanned:
    """Run pass one over `texts` (`TEXTS`); the counts go into the file `counts`."""
    found = scan(index, texts)
    # Most n-grams of the index stand nowhere in a shard.
    grams = np.flatnonzero(found.counts)
    np.save(counts, np.stack([grams, found.counts[grams].astype(np.int64)]))
    return Scanned(found.texts, found.rows, counts)


def telling_grams(index: Index, scanned: Iterable[Scanned]) -> Telling:
    """Return how telling each n-gram of the index is among all texts scanned (see `reduce_df`)."""
    total = np.zeros(index.grams, np.uint32)
    texts = 0
    for shard in scanned:
        grams, counts = np.load(shard.counts)
        total[grams] += counts.astype(np.uint32)
        texts += shard.texts
    return reduce_df(index, [total], texts)
