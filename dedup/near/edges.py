"""Verified pairs as arrays, and as a table for files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa
from medsmith.dedup.near.arrays import one_array
from medsmith.dedup.near.params import NearParams

Numbers = np.ndarray[Any, Any]

EDGES = pa.schema(
    [
        pa.field("a", pa.uint32(), nullable=False),
        pa.field("b", pa.uint32(), nullable=False),
        pa.field("input_similarity", pa.float64(), nullable=False),
        pa.field("output_similarity", pa.float64(), nullable=False),
        pa.field("input_containment", pa.float64(), nullable=False),
        pa.field("compatible", pa.bool_(), nullable=False),
    ]
)


@dataclass(frozen=True)
class Edges:
    """Pairs of rows that were compared exactly (arrays of one length).

    `a` < `b` (uint32) are row numbers; the similarities are Jaccard's; `compatible` pairs keep the
    rules of `medsmith.dedup.near.verify`, the others are different however similar they are.
    """

    a: Numbers
    b: Numbers
    input_similarity: Numbers
    output_similarity: Numbers
    input_containment: Numbers
    compatible: Numbers

    def __len__(self) -> int:
        return len(self.a)

    @property
    def pairs(self) -> Numbers:
        """The pairs as uint64: `a` << 32 | `b`."""
        return self.a.astype(np.uint64) << np.uint64(32) | self.b

    def similar(self, params: NearParams) -> Numbers:
        """Return which edges join near-duplicates under `params` (bool)."""
        inputs = self.input_similarity >= params.threshold
        if params.containment is not None:
            inputs |= self.input_containment >= params.containment
        outputs = self.output_similarity >= params.outputs_from
        return np.asarray(inputs & outputs & self.compatible)

    def where(self, wanted: Numbers) -> Edges:
        """Return the edges that `wanted` marks, or whose places it gives."""
        return Edges(*(getattr(self, field.name)[wanted] for field in fields(self)))

    def table(self) -> pa.Table:
        """Return the edges as a table (`EDGES`)."""
        return pa.table([pa.array(getattr(self, f.name)) for f in fields(self)], schema=EDGES)


def edges_of(table: pa.Table) -> Edges:
    """Return the edges of a table (`EDGES`)."""
    return Edges(*(one_array(table[name]).to_numpy(zero_copy_only=False) for name in EDGES.names))


def join_edges(parts: Sequence[Edges]) -> Edges:
    """Return the edges of all parts, ordered by pair, each pair once."""
    whole = Edges(
        *(
            np.concatenate(
                [np.empty(0, EDGES.field(f.name).type.to_pandas_dtype())]
                + [getattr(part, f.name) for part in parts]
            )
            for f in fields(Edges)
        )
    )
    return whole.where(np.unique(whole.pairs, return_index=True)[1])
