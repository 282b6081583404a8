"""Foreign files as shards of bounded size, each of which a worker reads on its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from medsmith.builders.engine import Engine, InlineEngine
from medsmith.builders.parquet import readable
from medsmith.builders.standalone import lines
from medsmith.builders.standalone.fields import Columns, Fields, columns_of
from medsmith.builders.standalone.files import Found, Kind, find, unpack
from medsmith.converters.core.parts import split_lines
from medsmith.dedup.near.arrays import between, hash_texts
from medsmith.dedup.near.bands import shared_keys
from medsmith.schema import MedsmithError

_SHARD_BYTES = 64 * 2**20  # of text, before compression
_SHARD_ROWS = 250_000

Numbers = np.ndarray[Any, np.dtype[np.int64]]
_NONE: Numbers = np.empty(0, np.int64)


@dataclass(frozen=True, eq=False)
class Shard:
    """A run of row groups of a Parquet file, or of whole lines of a JSON Lines file. Picklable.

    Attributes
    ----------
    number, name:
        Its number among all shards; the file's name, as ids and messages call it.
    start, end:
        Row groups, or bytes.
    first:
        The number of its first row, or line, within the file, from 1.
    row, rows:
        The number of its first row among all rows of all files, from 0; how many it has.
    columns, schema:
        Which columns are which; the file's whole schema.
    repeated, times:
        Rows (from 0, ascending) whose id stood before, and for the how many-th time it stands.
    """

    number: int
    name: str
    path: Path
    kind: Kind
    start: int
    end: int
    first: int
    row: int
    rows: int
    columns: Columns
    schema: pa.Schema
    repeated: Numbers = field(default_factory=lambda: _NONE)
    times: Numbers = field(default_factory=lambda: _NONE)

    @property
    def file_name(self) -> str:
        """A plain Parquet file's name for what is written of this shard."""
        return f"part-{self.number:05d}.parquet"


@dataclass(frozen=True)
class Foreign:
    """Opened files. A context manager: at its end, what was unpacked is removed."""

    shards: tuple[Shard, ...]
    ids: str  # where they come from, in words
    repeated_ids: int
    _aside: Path

    @property
    def rows(self) -> int:
        """The number of rows of all files."""
        return sum(shard.rows for shard in self.shards)

    @property
    def files(self) -> tuple[str, ...]:
        """The names of the files."""
        return tuple(dict.fromkeys(shard.name for shard in self.shards))

    def close(self) -> None:
        """Remove what was unpacked."""
        shutil.rmtree(self._aside, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_files(
    patterns: Sequence[str | Path],
    fields: Fields,
    *,
    aside: Path | None = None,
    besides: Path | None = None,
    engine: Engine | None = None,
) -> Foreign:
    """Look through files (names, globs, folders) once and return their shards.

    The same files give the same shards. A row's id is its value in the id column; where there is
    none, `<file>#<row>` (`<file>#L<line>` for JSON Lines). An id that stands repeated, here or in
    another file, gets `~2`, `~3` in the order of files and rows.

    `aside` is a folder for unpacked files, which all workers must see; by default a temporary one.
    Nothing under `besides` is taken from a folder.

    Raises `UserError` for what cannot be found or is not of a kind that is read, `DataError`
    naming file and line for what cannot be read.
    """
    engine = engine or InlineEngine()
    folder = aside or Path(tempfile.mkdtemp(prefix="medsmith-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        found = find(patterns, besides)
        plain = _map(engine, partial(_plain, folder=folder), found)
        spans = [span for spans in _map(engine, _spans, plain) for span in spans]
        looks = _map(engine, partial(_look, fields=fields), spans)
        shards = _shards(spans, looks, fields)
        return _with_repeats(shards, looks, folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _map(engine: Engine, work: Any, tasks: Sequence[Any]) -> list[Any]:
    results = engine.map(work, tasks)
    for result in results:
        if isinstance(result, MedsmithError):
            raise result
    return results


def _plain(file: Found, folder: Path) -> Found:
    return replace(file, path=unpack(file, folder)) if file.packed else file


@dataclass(frozen=True)
class _Span:
    """A part of a file, before it was looked into."""

    file: Found
    start: int
    end: int
    first: int


@dataclass(frozen=True)
class _Look:
    """What one part holds: its rows, its types (JSON Lines) or schema, a hash of each id."""

    rows: int
    types: lines.Types
    schema: pa.Schema | None
    hashes: np.ndarray[Any, np.dtype[np.uint64]] | None


def _spans(file: Found) -> list[_Span]:
    if file.kind == "jsonl":
        parts = split_lines(file.path, file.name)
        return [_Span(file, part.start, part.end, part.first_line) for part in parts]
    with readable(file.path):
        footer = pq.read_metadata(file.path)
    groups = [footer.row_group(i) for i in range(footer.num_row_groups)]
    spans, start, size, rows, first = [], 0, 0, 0, 1
    for i, group in enumerate(groups):
        size += group.total_byte_size
        rows += group.num_rows
        last = i + 1 == len(groups)
        if (
            last
            or size + groups[i + 1].total_byte_size > _SHARD_BYTES
            or rows + groups[i + 1].num_rows > _SHARD_ROWS
        ):
            spans.append(_Span(file, start, i + 1, first))
            start, first, size, rows = i + 1, first + rows, 0, 0
    return spans or [_Span(file, 0, 0, 1)]


def _look(span: _Span, fields: Fields) -> _Look:
    file = span.file
    if file.kind == "jsonl":
        rows, _ = lines.parse(file.path, file.name, span.start, span.end, span.first)
        types = lines.types_of(rows)
        name = fields.id or "id"
        ids = [row.get(name) for row in rows] if name in types else None
        return _Look(len(rows), types, None, None if ids is None else _hashes(_id_texts(ids)))
    with readable(file.path), pq.ParquetFile(file.path) as parquet:
        schema = parquet.schema_arrow
        columns = columns_of(schema, fields, file.name)
        groups = range(span.start, span.end)
        count = sum(parquet.metadata.row_group(i).num_rows for i in groups)
        if columns.id is None:
            return _Look(count, {}, schema, None)
        ids = parquet.read_row_groups(list(groups), [columns.id], use_threads=False)[columns.id]
        return _Look(count, {}, schema, _hashes(ids.cast(pa.string())))


def _id_texts(values: list[Any]) -> pa.ChunkedArray:
    texts = [None if v is None else v if isinstance(v, str) else str(v) for v in values]
    return pa.chunked_array([pa.array(texts, pa.string())])


def _hashes(ids: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Return 64 bits for each id; 0 where there is none."""
    hashed = hash_texts(ids)
    hashed[ids.is_null().to_numpy()] = 0
    return hashed


def _shards(spans: Sequence[_Span], looks: Sequence[_Look], fields: Fields) -> list[Shard]:
    types: dict[str, list[lines.Types]] = {}
    for span, look in zip(spans, looks, strict=True):
        types.setdefault(span.file.name, []).append(look.types)
    schemas = {name: lines.merged(parts) for name, parts in types.items()}
    shards: list[Shard] = []
    row = 0
    for span, look in zip(spans, looks, strict=True):
        if not look.rows:
            continue
        file = span.file
        schema = look.schema or schemas[file.name]
        columns = columns_of(schema, fields, file.name)
        place = (span.start, span.end, span.first, row, look.rows)
        shards.append(Shard(len(shards), file.name, file.path, file.kind, *place, columns, schema))
        row += look.rows
    return shards


def _with_repeats(shards: Sequence[Shard], looks: Sequence[_Look], folder: Path) -> Foreign:
    filled = [look for look in looks if look.rows]
    named = {shard.columns.id for shard in shards}
    told = " or ".join(f"column `{name}`" for name in sorted(n for n in named if n is not None))
    told = " or ".join(filter(None, [told, "file and row" if None in named else ""]))
    hashes = [
        np.zeros(look.rows, np.uint64) if look.hashes is None else look.hashes for look in filled
    ]
    if all(look.hashes is None for look in filled):
        return Foreign(tuple(shards), told, 0, folder)
    rows, times = _repeated(np.concatenate(hashes))
    found = []
    for shard in shards:
        own = between(rows, shard.row, shard.row + shard.rows)
        found.append(replace(shard, repeated=rows[own] - shard.row, times=times[own]))
    return Foreign(tuple(found), told, len(rows), folder)


def _repeated(hashes: np.ndarray[Any, np.dtype[np.uint64]]) -> tuple[Numbers, Numbers]:
    """Return which elements stood before (ascending), and for the how many-th time they stand.

    0 is no value.
    """
    some = np.flatnonzero(shared_keys(hashes) & (hashes != 0))
    order = some[np.argsort(hashes[some], kind="stable")]
    fresh = np.diff(hashes[order], prepend=np.uint64(0)) != 0
    starts = np.flatnonzero(fresh)
    times = np.arange(len(order)) - np.repeat(starts, np.diff(starts, append=len(order))) + 1
    again = np.flatnonzero(times > 1)
    again = again[np.argsort(order[again])]
    return order[again], times[again]
