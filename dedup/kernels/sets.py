"""Sets of shingles, one a row, and how similar they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from medsmith.dedup.kernels import _native
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class ShingleSets:
    """One set of 64-bit hashes a row: values[offsets[i]:offsets[i + 1]], sorted, each once."""

    values: NDArray[np.uint64]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of sets."""
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> NDArray[np.uint64]:
        """Return the set of row `row`."""
        return self.values[self.offsets[row] : self.offsets[row + 1]]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """The size of each set."""
        return np.diff(self.offsets)


def similarities(
    sets_a: ShingleSets,
    rows_a: NDArray[np.int64],
    sets_b: ShingleSets,
    rows_b: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return exact Jaccard similarity and containment of the pairs (rows_a[i], rows_b[i]).

    Resemblance and containment of Broder 1997, the latter as |A∩B| / min(|A|, |B|). Two empty sets
    are equal (1, 1); an empty and another share nothing (0, 0). A row out of bounds is a
    `ValueError`.
    """
    rows_a, rows_b = (np.require(rows, np.int64, ("C", "A")) for rows in (rows_a, rows_b))
    if rows_a.shape != rows_b.shape or rows_a.ndim != 1:
        raise ValueError("rows_a and rows_b must be as long as each other")
    jaccard, containment = np.empty(len(rows_a)), np.empty(len(rows_a))
    _native.similarities(
        *(sets_a.values, sets_a.offsets, rows_a),
        *(sets_b.values, sets_b.offsets, rows_b),
        *(jaccard, containment),
    )
    return jaccard, containment


def document_frequencies(sets: ShingleSets) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return the different values of all sets, sorted, and how many sets hold each."""
    values, counts = np.unique(sets.values, return_counts=True)
    return values, counts.astype(np.int64, copy=False)
