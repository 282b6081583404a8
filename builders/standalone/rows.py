"""The rows of a shard: as question and answer, and as they were."""

from __future__ import annotations

from collections.abc import Iterator
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

# Written once and read by other programs: fast to write, and small enough.
_WRITTEN: dict[str, Any] = {"compression": "zstd", "compression_level": 1, "write_page_index": True}


def read(shard: Shard) -> pa.Table:
    """Return the rows of a shard as `COLUMNS`; raises `DataError` naming file and row."""
    columns = shard.columns
    if shard.kind == "jsonl":
        rows, numbers = _parse(shard)
        # Turns are taken as the lines have them: they need not be of one kind.
        plain = [shard.schema.field(name) for name in columns.needed if name != columns.chat]
        table = lines.table_of(rows, pa.schema(plain))
        chats = None if columns.chat is None else [row.get(columns.chat) for row in rows]
    else:
        with readable(shard.path), pq.ParquetFile(shard.path) as parquet:
            groups = list(range(shard.start, shard.end))
            table = parquet.read_row_groups(groups, columns.needed, use_threads=False)
        numbers = list(range(shard.first, shard.first + shard.rows))
        chats = None if columns.chat is None else table[columns.chat].to_pylist()
    mark = "#L" if shard.kind == "jsonl" else "#"
    places = pc.binary_join_element_wise(
        f"{shard.name}{mark}", pa.array(numbers, pa.int64()).cast(pa.string()), ""
    )
    ids = pa.chunked_array([places])
    if columns.id is not None:
        own = table[columns.id].cast(pa.string())
        ids = pc.if_else(pc.is_valid(own), own, ids)
    return taken(table, columns, _numbered(ids, shard), chats, places)


def _parse(shard: Shard) -> tuple[list[dict[str, Any]], list[int]]:
    return lines.parse(shard.path, shard.name, shard.start, shard.end, shard.first)


def _numbered(ids: pa.ChunkedArray, shard: Shard) -> pa.ChunkedArray:
    """Give ids that stand repeated an ending of their own."""
    if not len(shard.repeated):
        return ids
    times = np.ones(shard.rows, np.int64)
    times[shard.repeated] = shard.times
    endings = pc.binary_join_element_wise("~", pa.array(times).cast(pa.string()), "")
    endings = pc.if_else(pa.array(times > 1), endings, "")
    return pc.binary_join_element_wise(ids, endings, "")


def write_subset(shard: Shard, keep: np.ndarray[Any, np.dtype[np.bool_]], path: Path) -> int:
    """Write the original rows of a shard that `keep` (one a row) wants, with all their columns.

    Row group after row group; the file's bytes depend on its rows alone. Returns how many rows
    were written.
    """
    if len(keep) != shard.rows:
        raise ValueError(f"{len(keep)} verdicts on {shard.rows} rows")
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = {*shard.columns.texts, shard.columns.chat, shard.columns.id}
    short = [name for name in shard.schema.names if name not in texts]
    with pq.ParquetWriter(path, shard.schema, use_dictionary=short, **_WRITTEN) as writer:
        for table, first in _originals(shard):
            kept = table.filter(pa.array(keep[first : first + len(table)]))
            writer.write_table(kept, row_group_size=max(len(kept), 1))
    return int(np.count_nonzero(keep))


def _originals(shard: Shard) -> Iterator[tuple[pa.Table, int]]:
    """Yield the original rows of a shard, and the number of the first of each part."""
    if shard.kind == "jsonl":
        yield lines.table_of(_parse(shard)[0], shard.schema), 0
        return
    first = 0
    with readable(shard.path), pq.ParquetFile(shard.path) as parquet:
        for group in range(shard.start, shard.end):
            table = parquet.read_row_group(group, use_threads=False)
            yield table, first
            first += len(table)
