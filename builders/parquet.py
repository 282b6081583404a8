"""How Medsmith writes Parquet: one pinned way for stages, one for releases."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from medsmith.schema import DataError

# Between stages speed counts; a release is read for years and travels over networks.
_STAGE: dict[str, Any] = {"compression": "lz4"}
_RELEASE: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 3,
    "write_page_index": True,
    # Chunk borders follow the content, so that a re-release uploads only what changed. A page holds
    # one chunk, and one changed row changes its page: half the customary size uploads less again,
    # for files 4 to 9 % larger (benchmarks/rerelease.py).
    "use_content_defined_chunking": {
        "min_chunk_size": 128 * 1024,
        "max_chunk_size": 512 * 1024,
        "norm_level": 0,
    },
}
# Long or unique texts gain nothing from a dictionary; nor, but for ids, from the smallest and
# greatest value of every page, which would stand twice in the file.
_PLAIN = ("id", "input", "output", "references", "choices", "group", "locator", "metadata", "raw")
# Of glibc's <malloc.h>.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3


def write_table(table: pa.Table, path: Path) -> None:
    """Write a stage's table to `path`."""
    with stage_writer(path, table.schema) as writer:
        writer.write_table(table)


def write_evidence_table(table: pa.Table, path: Path) -> None:
    """Write a table of a release's evidence to `path`."""
    with release_writer(path, table.schema, {}) as writer:
        writer.write_table(table)


def stage_writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """Return a writer for a stage's table of several parts."""
    return pq.ParquetWriter(path, schema, use_dictionary=_with_dictionary(schema), **_STAGE)


@contextmanager
def release_writer(
    path: Path, schema: pa.Schema, properties: Mapping[str, str]
) -> Iterator[pq.ParquetWriter]:
    """Open a writer of one release shard, with `properties` in its key-value metadata."""
    path.parent.mkdir(parents=True, exist_ok=True)
    described = schema.with_metadata({f"medsmith.{k}": v for k, v in sorted(properties.items())})
    short = _with_dictionary(schema)
    with pq.ParquetWriter(
        path, described, use_dictionary=short, write_statistics=["id", *short], **_RELEASE
    ) as writer:
        yield writer


def read_table(path: Path, columns: list[str] | None = None) -> pa.Table:
    """Read a stage's table, without threads: workers already fill the cores.

    Raises `DataError` where the file is damaged.
    """
    with readable(path):
        return pq.ParquetFile(path).read(columns=columns, use_threads=False)


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what pyarrow says of a damaged file at `path` into a `DataError`."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's fault, not the file's
        told = " ".join(str(error).split()).rstrip(".")
        raise DataError(
            f"{path} is damaged ({told}).", f"Delete the folder {path.parent} and build again."
        ) from None


def _with_dictionary(schema: pa.Schema) -> list[str]:
    """Return the columns of short values, each part of a struct by its own path."""
    names = []
    for field in schema:
        if pa.types.is_struct(field.type):
            names += [f"{field.name}.{part.name}" for part in field.type]
        elif field.name not in _PLAIN:
            names.append(field.name)
    return names


def settle_process() -> None:
    """Set this process up for long streams of rows.

    Arrow takes memory from the system's allocator, which gives most of it back, if not at once.
    The collector of cycles runs rarely: rows hold none, and looking for them costs a sixth of a
    conversion.
    """
    pa.set_memory_pool(pa.system_memory_pool())
    _reuse_memory()
    gc.set_threshold(100_000, 20, 20)


def _reuse_memory() -> None:
    """Let glibc keep up to 256 MiB that was freed, in blocks of up to 64 MiB.

    Fresh pages must be zeroed by the system: for buffers that live for one batch of rows, that can
    take as long as the work on them.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # another C library
        return
    for parameter, value in ((_TRIM_THRESHOLD, 2**28), (_MMAP_THRESHOLD, 2**26), (_TOP_PAD, 2**25)):
        mallopt(parameter, value)
