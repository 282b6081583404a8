"""Columns of sketches, read one by one: of thousands of files, opening costs more than reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

Numbers = np.ndarray[Any, Any]

_FEW = 200  # to read so many rows at once takes no longer than to ask for one


@dataclass(frozen=True)
class Stored:
    """Where in a file the numbers of a column lie for a run of rows: `width` of `dtype` a row."""

    offset: int
    dtype: np.dtype[Any]
    width: int


@dataclass(frozen=True)
class Batch:
    """A record batch of a file, and where its columns lie."""

    path: Path
    rows: int
    columns: Mapping[str, Stored]

    def read(self, name: str, room: Numbers) -> Numbers:
        """Return a column's numbers, a row for each; they lie in `room` (uint8) until its next use.

        Raises `OSError` where the file ends too early.
        """
        column = self.columns[name]
        size = self.rows * column.width * column.dtype.itemsize
        with self.path.open("rb") as file:
            file.seek(column.offset)
            if file.readinto(room.data[:size]) < size:
                raise OSError(f"{self.path} ends too early.")
        return room[:size].view(column.dtype).reshape(self.rows, column.width)

    def pick(self, name: str, rows: Numbers, room: Numbers) -> Numbers:
        """Return a column's numbers for `rows` of the batch; few rows are read one by one."""
        if len(rows) * _FEW > self.rows:
            return self.read(name, room)[rows]
        column = self.columns[name]
        size = column.width * column.dtype.itemsize
        found = []
        with self.path.open("rb", buffering=0) as file:
            for row in rows.tolist():
                file.seek(column.offset + row * size)
                found.append(file.read(size))
        return np.frombuffer(b"".join(found), column.dtype).reshape(len(rows), column.width)


def locate_columns(path: Path, names: Sequence[str]) -> list[Batch]:
    """Return the batches of an Arrow file and where their columns of fixed-size lists lie.

    Arrow's buffers lie in an uncompressed file as they do in memory: the file is mapped, and the
    numbers themselves are not looked at.
    """
    with pa.memory_map(str(path)) as file:
        whole = file.read_buffer()
        reader = pa.ipc.open_file(pa.BufferReader(whole))
        found = []
        for number in range(reader.num_record_batches):
            batch = reader.get_batch(number)
            columns = {name: _stored(batch.column(name), whole) for name in names}
            found.append(Batch(path, len(batch), columns))
    return found


def _stored(column: pa.Array, whole: pa.Buffer) -> Stored:
    kind = column.type
    return Stored(
        column.buffers()[-1].address - whole.address,
        np.dtype(kind.value_type.to_pandas_dtype()),
        kind.list_size,
    )


def room_for(batches: Sequence[Batch]) -> Numbers:
    """Return room (uint8) to read any column of any of `batches`."""
    sizes = [
        batch.rows * column.width * column.dtype.itemsize
        for batch in batches
        for column in batch.columns.values()
    ]
    return np.empty(max(sizes, default=0), np.uint8)
