"""Signatures as `datasketch` has them, there and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from medsmith.dedup.near.arrays import one_array
from medsmith.dedup.near.params import Shape
from medsmith.dedup.near.sketches import band_column
from medsmith.schema import UserError

Numbers = np.ndarray[Any, Any]

# Minima of a·x + b modulo 2^32, as in datasketch's scheme of this name, but of other functions and
# only their low 16 bits: it refuses to compare signatures of different seeds, so ours are not taken
# for its own.
SCHEME = "affine32"
SEED = 0x6D643136


def signatures(sketches: pa.Table, shape: Shape) -> Numbers:
    """Return the signatures (uint16, one row an instance) that sketches hold by bands."""
    bands = [
        np.asarray(one_array(sketches[band_column(n)]).flatten()).reshape(-1, shape.rows)
        for n in range(shape.bands)
    ]
    return np.concatenate(bands, axis=1)


def to_datasketch(minima: Numbers) -> list[Any]:
    """Return a `datasketch.LeanMinHash` for each row of signatures.

    Its values are the low 16 bits of minima, so `jaccard` and indices work as ever, while `count`
    and unions mean nothing.

    Raises `UserError` where datasketch is not installed.
    """
    lean = _lean_minhash()
    return [lean(seed=SEED, hashvalues=row, scheme=SCHEME) for row in minima.astype(np.uint64)]


def from_datasketch(sketches: Sequence[Any]) -> Numbers:
    """Return the signatures (uint16) in `datasketch.LeanMinHash` objects made by `to_datasketch`.

    Raises `UserError` for those of another seed or scheme, which do not compare with ours.
    """
    for one in sketches:
        if one.seed != SEED or one.scheme != SCHEME:
            raise UserError(
                "These signatures were not made by Medsmith.",
                "Their permutations are others: make them again from the texts.",
            )
    return np.array([one.hashvalues for one in sketches]).astype(np.uint16)


def _lean_minhash() -> Any:
    try:
        from datasketch import LeanMinHash  # noqa: PLC0415
    except ImportError:
        raise UserError(
            "datasketch is not installed.", "Install it: pip install 'medsmith[dedup]'."
        ) from None
    return LeanMinHash
