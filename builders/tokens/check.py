"""The cross-check: kernels against the tokenizer's own library, on a sample of every run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from medsmith.schema.errors import DataError

if TYPE_CHECKING:
    from medsmith.builders.tokens.columns import Counts
    from medsmith.builders.tokens.tokenizer import Tokenizer

_ONE_IN = 1000


def sample_rows(
    unproven: np.ndarray[Any, np.dtype[np.bool_]], least: int
) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the proven rows to check: spread evenly, one in a thousand, `least` at the least."""
    proven = np.flatnonzero(~unproven)
    size = min(len(proven), max(least, -(-len(proven) // _ONE_IN)))
    return proven[np.arange(size) * len(proven) // max(size, 1)]


def check_sample(
    tokenizer: Tokenizer,
    column: pa.Array | pa.ChunkedArray,
    ids: pa.Array | pa.ChunkedArray | None,
    counts: Counts,
    unproven: np.ndarray[Any, np.dtype[np.bool_]],
    least: int,
) -> None:
    """Count a sample of the proven rows again, by the reference; raises `DataError` at the first
    difference, naming the row and never its text.
    """  # fmt: skip
    rows = sample_rows(unproven, least)
    expected = tokenizer.reference_count(column.take(pa.array(rows)).to_pylist())
    for row, right in zip(rows.tolist(), expected, strict=True):
        if counts[row] != right:
            name = ids[row].as_py() if ids is not None else f"row {row}"
            raise DataError(
                f"{tokenizer.name}: {name} has {right} tokens by {tokenizer.reference.library}, "
                f"but {counts[row]} by the counting kernel.",
                "This is a fault of Medsmith: please report the tokenizer and this library's "
                "version.",
            )
