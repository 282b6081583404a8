"""The rows of a part that are compared, in a file of plain columns that any band is paired with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from medsmith.dedup.near.bands import Compared

Numbers = np.ndarray[Any, Any]

_ROW_BYTES = 24  # two numbers of 64 bits, two of 32


def write_compared(compared: Compared, path: Path) -> None:
    """Write what all bands share of a part's rows, column after column."""
    with path.open("wb") as file:
        for column in (compared.salts, compared.prints, compared.rows, compared.tasks):
            file.write(np.ascontiguousarray(column).data)


def count_compared(path: Path) -> int:
    """Return how many rows of a part are compared."""
    return path.stat().st_size // _ROW_BYTES


def read_compared(paths: Sequence[Path], tasks: int) -> Compared:
    """Return the compared rows of all parts, one after the other; they are of so many tasks."""
    counts = [count_compared(path) for path in paths]
    rows = sum(counts)
    found = Compared(
        np.empty(rows, np.uint32),
        np.empty(rows, np.uint64),
        np.empty(rows, np.uint64),
        np.zeros(rows, np.uint32),
    )
    wanted = [found.salts, found.prints, found.rows]
    if tasks > 1:  # else the zeros take neither time nor memory
        wanted.append(found.tasks)
    first = 0
    for path, count in zip(paths, counts, strict=True):
        with path.open("rb") as file:
            for column in wanted:
                file.readinto(column[first : first + count].data)
        first += count
    return found
