"""Which candidate pairs can be compared where their rows lie, and which must meet elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
from medsmith.dedup.near.bands import pair_rows
from medsmith.dedup.near.components import CHUNK_BYTES, components

Numbers = np.ndarray[Any, Any]


def homes_of(
    pairs: Numbers, firsts: Numbers, sizes: Numbers, budget: int = 2 * CHUNK_BYTES
) -> Numbers:
    """Return for each of `pairs` (uint64, packed) the part that its whole component lies in, or -1.

    `firsts` are the numbers of the parts' first rows, ascending; `sizes` gives the bytes of text of
    every row. A component is what pairs join: a part that holds all of it can settle it alone. A
    part is no home where such rows would have more than `budget` bytes.
    """
    a, b = pair_rows(pairs)
    labels = components(a, b, len(sizes))
    homes = np.repeat(np.arange(len(firsts), dtype=np.int32), np.diff(firsts, append=len(sizes)))
    strays = np.zeros(len(sizes), np.bool_)
    strays[labels[homes != homes[labels]]] = True
    paired = np.zeros(len(sizes), np.bool_)
    paired[a] = paired[b] = True
    settled = paired & ~strays[labels]
    heavy = np.bincount(homes[settled], sizes[settled], len(firsts)) > budget
    homes[strays[labels] | heavy[homes]] = -1
    return np.asarray(homes[a])
