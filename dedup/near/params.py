"""What decides that two instances say the same, and how many bands find such pairs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from medsmith.schema import UserError

# 25 bands of 5 at a threshold of 0.7: the most that 128 minima, eight vector registers, give.
RECALL_AT_THRESHOLD = 0.9895
RECALL_ABOVE = 0.999  # a tenth above the threshold
_STEPS = 200


@dataclass(frozen=True)
class Shape:
    """`bands` bands of `rows` minima each."""

    bands: int
    rows: int

    @property
    def permutations(self) -> int:
        """How many minima a signature has."""
        return self.bands * self.rows

    def recall(self, similarity: float) -> float:
        """Return the chance that a pair of this Jaccard similarity shares a band (the S-curve)."""
        return float(1 - (1 - similarity**self.rows) ** self.bands)


@dataclass(frozen=True)
class NearParams:
    """When two instances are near-duplicates.

    Attributes
    ----------
    threshold:
        Jaccard similarity of the inputs' shingle sets from which on they match.
    output_threshold:
        The same for outputs; `None`: `threshold`.
    containment:
        Inputs also match where this share of the shorter one's shingles is in the other; `None`:
        containment is only reported. Only pairs that the bands propose are looked at.
    boilerplate_share, boilerplate_floor:
        A shingle in more than this share of a task's distinct texts, and in at least so many of
        them, is boilerplate and leaves the comparison of inputs. A share of 1 keeps them all.
    window, short:
        Words in a shingle; characters in a shingle of texts of fewer than `window` words.
    """

    threshold: float = 0.8
    output_threshold: float | None = None
    containment: float | None = None
    boilerplate_share: float = 0.02
    boilerplate_floor: int = 50
    window: int = 5
    short: int = 3

    def __post_init__(self) -> None:
        for name in ("threshold", "output_threshold", "containment"):
            value = getattr(self, name)
            if value is not None and not 0.3 <= value <= 1:
                raise UserError(f"{name} is {value}.", "Give a similarity between 0.3 and 1.")
        if not 0 <= self.boilerplate_share <= 1:
            raise UserError(
                f"boilerplate_share is {self.boilerplate_share}.", "Give a share between 0 and 1."
            )

    @property
    def outputs_from(self) -> float:
        """The Jaccard similarity from which on outputs match."""
        return self.threshold if self.output_threshold is None else self.output_threshold


@cache
def shape_for(threshold: float, permutations: int = 128) -> Shape:
    """Return the bands and rows for a Jaccard `threshold`, in at most `permutations` minima.

    Of the shapes whose S-curve gives `RECALL_AT_THRESHOLD` at the threshold and `RECALL_ABOVE` a
    tenth above it, the one with the least sum of the areas of false positives (below the
    threshold) and false negatives (above it), both weighing one half, as in Zhu et al., "LSH
    Ensemble" (VLDB 2016), and datasketch. Where no shape of so many minima reaches that, more
    minima are taken. The S-curve is that of Indyk & Motwani 1998 as told in Leskovec, Rajaraman &
    Ullman, ch. 3.4.
    """
    while True:
        shapes = [
            Shape(permutations // rows, rows)
            for rows in range(1, permutations + 1)
            if Shape(permutations // rows, rows).recall(threshold) >= RECALL_AT_THRESHOLD
            and Shape(permutations // rows, rows).recall(min(threshold + 0.1, 1)) >= RECALL_ABOVE
        ]
        if shapes:
            return min(shapes, key=lambda shape: (_error(shape, threshold), shape.rows))
        permutations += 16


def _error(shape: Shape, threshold: float) -> float:
    below = np.linspace(0, threshold, _STEPS)
    above = np.linspace(threshold, 1, _STEPS)
    false_positives = 1 - (1 - below**shape.rows) ** shape.bands
    false_negatives = (1 - above**shape.rows) ** shape.bands
    return float(
        false_positives.mean() * threshold + false_negatives.mean() * (1 - threshold)
    )  # of equal weights, so none is needed
