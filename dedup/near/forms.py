"""Forms, `key: value` lines: they compare by their elements."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from medsmith.dedup import kernels
from medsmith.dedup.kernels import ShingleSets

Numbers = np.ndarray[Any, Any]


def find_forms(column: pa.Array) -> tuple[Numbers, ShingleSets]:
    """Return which rows are forms (ascending row numbers) and the set of elements of each."""
    sets, structured = kernels.structured_sets(column)
    found = np.flatnonzero(structured)
    return found, ShingleSets(sets.values, np.append(0, sets.offsets[found + 1]))
