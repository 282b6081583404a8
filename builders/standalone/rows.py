"""The rows of a shard: as question and answer, and as they were."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from medsmith.builders.parquet import readable
from medsmith.builders.standalone import lines
from medsmith.builders.standalone.fields import taken
from medsmith.builders.standalone.foreign import Shard
from medsmith.dedup.near.arrays import between

Numbers = np.ndarray[Any, np.dtype[np.int64]]

# Written once and read by other programs: fast to write, and small enough.
_WRITTEN: dict[str, Any] = {"compression": "zstd", "compression_level": 1, "write_page_index": True}
_GROUP_BYTES = 2**26  # of text in a row group, before compression
_GROUP_ROWS = 2**17
# Few rows at a time stay in the processor's caches, and their memory serves for the next ones.
_BATCH_ROWS = 4096
_STREAMED: dict[str, Any] = {"pre_buffer": False, "buffer_size": 2**20}
_PIECE_BYTES = 2**25


def pieces(shard: Shard) -> Iterator[pa.Table]:
    """Yield the rows of a shard as `COLUMNS`, some 32 MiB at a time, each column in one chunk.

    A Parquet file may hold all its rows in one row group, so that a shard has no bounds. Raises
    `DataError` naming file and row.
    """
    waiting: list[pa.Table] = []
    size = 0
    for table in batches(shard):
        waiting.append(table)
        size += table.nbytes
        if size >= _PIECE_BYTES:
            yield pa.concat_tables(waiting).combine_chunks()
            waiting, size = [], 0
    if waiting:
        yield pa.concat_tables(waiting).combine_chunks()


def batches(shard: Shard, ids: bool = True) -> Iterator[pa.Table]:
    """Yield the rows of a shard as `COLUMNS`, those of a Parquet file a few thousand at a time.

    Without `ids`, which take time to read or to make, they are empty. Raises `DataError` naming
    file and row.
    """
    columns = shard.columns if ids else replace(shard.columns, id=None)
    if shard.kind == "jsonl":
        rows, places = _parse(shard)
        # Turns are taken as the lines have them: they need not be of one kind.
        plain = [shard.schema.field(name) for name in columns.needed if name != columns.chat]
        table = lines.table_of(rows, pa.schema(plain))
        chats = None if columns.chat is None else [row.get(columns.chat) for row in rows]
        yield _taken(shard, table, chats, np.array(places, np.int64), 0, ids)
        return
    for table, first in _tables(shard, columns.needed):
        chats = None if columns.chat is None else table[columns.chat].to_pylist()
        numbers = np.arange(first, first + len(table)) + shard.first
        yield _taken(shard, table, chats, numbers, first, ids)


def _taken(
    shard: Shard,
    table: pa.Table,
    chats: list[Any] | None,
    numbers: Numbers,
    first: int,
    ids: bool,
) -> pa.Table:
    """Return rows as `COLUMNS`: those from `first` of the shard, by their `numbers` in the file."""
    places = None if chats is None else _places(shard, numbers)
    if ids:
        told = _numbered(_ids(shard, table, numbers), shard, first)
    else:
        told = pa.chunked_array([pa.repeat(pa.scalar("", pa.string()), len(numbers))])
    return taken(table, shard.columns, told, chats, places)


def _ids(shard: Shard, table: pa.Table, numbers: Numbers) -> pa.ChunkedArray:
    if shard.columns.id is None:
        return _places(shard, numbers)
    own = table[shard.columns.id].cast(pa.string())
    return pc.coalesce(own, _places(shard, numbers)) if own.null_count else own


def _places(shard: Shard, numbers: Numbers) -> pa.ChunkedArray:
    """Return how messages and ids call the rows of these numbers."""
    mark = "#L" if shard.kind == "jsonl" else "#"
    texts = pa.array(numbers, pa.int64()).cast(pa.string())
    return pa.chunked_array([pc.binary_join_element_wise(f"{shard.name}{mark}", texts, "")])


def _tables(shard: Shard, columns: list[str] | None) -> Iterator[tuple[pa.Table, int]]:
    """Yield rows of a shard of Parquet, and the number of the first, counted from the shard's."""
    first = 0
    groups = range(shard.start, shard.end)
    with readable(shard.path), pq.ParquetFile(shard.path, **_STREAMED) as parquet:
        for batch in parquet.iter_batches(
            _BATCH_ROWS, row_groups=groups, columns=columns, use_threads=False
        ):
            yield pa.Table.from_batches([batch]), first
            first += len(batch)


def _parse(shard: Shard) -> tuple[list[dict[str, Any]], list[int]]:
    return lines.parse(shard.path, shard.name, shard.start, shard.end, shard.first)


def _numbered(ids: pa.ChunkedArray, shard: Shard, first: int) -> pa.ChunkedArray:
    """Give ids that stand repeated an ending of their own."""
    some = between(shard.repeated, first, first + len(ids))
    if some.start == some.stop:
        return ids
    times = np.ones(len(ids), np.int64)
    times[shard.repeated[some] - first] = shard.times[some]
    endings = pc.binary_join_element_wise("~", pa.array(times).cast(pa.string()), "")
    endings = pc.if_else(pa.array(times > 1), endings, "")
    return pc.binary_join_element_wise(ids, endings, "")


def write_subset(shard: Shard, keep: np.ndarray[Any, np.dtype[np.bool_]], path: Path) -> int:
    """Write the original rows of a shard that `keep` (one a row) wants, with all their columns.

    Row group after row group; the file's bytes depend on its rows alone. Returns how many rows were
    written.
    """
    if len(keep) != shard.rows:
        raise ValueError(f"{len(keep)} verdicts on {shard.rows} rows")
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = {*shard.columns.texts, shard.columns.chat, shard.columns.id}
    short = [name for name in shard.schema.names if name not in texts]
    rows = _group_rows(shard)
    pending = shard.schema.empty_table()
    with pq.ParquetWriter(path, shard.schema, use_dictionary=short, **_WRITTEN) as writer:
        for table, first in _originals(shard):
            kept = table.filter(pa.array(keep[first : first + len(table)]))
            pending = pa.concat_tables([pending, kept])
            while len(pending) >= rows:
                writer.write_table(pending.slice(0, rows), row_group_size=rows)
                pending = pending.slice(rows)
        if len(pending):
            writer.write_table(pending, row_group_size=rows)
    return int(np.count_nonzero(keep))


def _group_rows(shard: Shard) -> int:
    """Return how many rows a row group of what is written has at most."""
    if shard.kind == "jsonl":
        size = shard.end - shard.start
    else:
        with readable(shard.path):
            footer = pq.read_metadata(shard.path)
        groups = [footer.row_group(i) for i in range(shard.start, shard.end)]
        size = sum(group.total_byte_size for group in groups)
    return int(min(max(_GROUP_BYTES * shard.rows // max(size, 1), 1), _GROUP_ROWS))


def _originals(shard: Shard) -> Iterator[tuple[pa.Table, int]]:
    """Yield the original rows of a shard, and the number of the first of each part."""
    if shard.kind == "jsonl":
        yield lines.table_of(_parse(shard)[0], shard.schema), 0
        return
    yield from _tables(shard, None)
