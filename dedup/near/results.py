"""What was found, as an object that can be asked again: what if the threshold were another?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from medsmith.dedup.near.arrays import one_array
from medsmith.dedup.near.boilerplate import Boilerplate
from medsmith.dedup.near.clusters import Check, Removals, duplicates_table, settle
from medsmith.dedup.near.conflicts import find_conflicts
from medsmith.dedup.near.edges import Edges
from medsmith.dedup.near.params import NearParams
from medsmith.schema import UserError

Numbers = np.ndarray[Any, Any]


@dataclass(frozen=True)
class BorderlinePair:
    """Two instances whose inputs are about as similar as the threshold."""

    first_id: str
    second_id: str
    input_similarity: float
    output_similarity: float
    removes: bool


@dataclass(frozen=True)
class NearDuplicates:
    """The near-duplicates of a table.

    `rows` are its rows in the order in which they stay (their places are row numbers and ranks);
    `edges` are all compared pairs, from the similarity `floor` on (and some below); `removals`
    what goes under `params`; `boilerplate` that of each (source, task).
    """

    rows: pa.Table
    edges: Edges
    removals: Removals
    params: NearParams
    floor: float
    boilerplate: Mapping[tuple[str, str], Boilerplate]
    check: Check | None = None

    @classmethod
    def settled(
        cls,
        rows: pa.Table,
        edges: Edges,
        params: NearParams,
        floor: float,
        boilerplate: Mapping[tuple[str, str], Boilerplate],
        check: Check | None = None,
    ) -> NearDuplicates:
        """Return the result that these edges give.

        `check` compares further pairs (see `clusters.settle`); without it, as from stored edges,
        pairs that were never compared count as different.
        """
        ranks = np.arange(len(rows), dtype=np.uint32)
        removals, edges = settle(edges, ranks, params, check)
        return cls(rows, edges, removals, params, floor, boilerplate, check)

    def __len__(self) -> int:
        return len(self.removals)

    @cached_property
    def duplicates(self) -> pa.Table:
        """What goes, and the keeper for which it goes (`arrow.DUPLICATES`)."""
        return duplicates_table(self.removals, one_array(self.rows["id"]))

    @cached_property
    def kept(self) -> pa.Table:
        """The rows that stay, in the order in which they stay."""
        stays = np.ones(len(self.rows), np.bool_)
        stays[self.removals.dropped] = False
        return self.rows.filter(pa.array(stays))

    @cached_property
    def conflicts(self) -> pa.Table:
        """Inputs of a task that are answered in different ways (`arrow.CONFLICTS`)."""
        found = find_conflicts(self.kept)
        ids, outputs = self.rows["id"], self.rows["output"]
        filled = [
            outputs.take(pc.index_in(pa.array(some), value_set=ids)).to_pylist()
            for some in found["ids"].to_pylist()
        ]
        index = found.schema.get_field_index("outputs")
        field = found.schema.field(index)
        return found.set_column(index, field, pa.array(filled, field.type))

    def rethreshold(self, threshold: float) -> NearDuplicates:
        """Return the result at another threshold, without looking for pairs again.

        Raises `UserError` below `floor`: such pairs were not looked for.
        """
        if threshold < self.floor:
            raise UserError(
                f"Pairs were looked for from {self.floor} on, not from {threshold}.",
                f"Run again with floor={threshold}.",
            )
        return NearDuplicates.settled(
            self.rows,
            self.edges,
            replace(self.params, threshold=threshold),
            self.floor,
            self.boilerplate,
            self.check,
        )

    def removed_by_source(self, threshold: float | None = None) -> dict[str, int]:
        """Return how many rows of each source go, at this or another threshold; 0 included."""
        result = self if threshold is None else self.rethreshold(threshold)
        counts = dict.fromkeys(sorted(set(self.rows["source"].to_pylist())), 0)
        gone = self.rows["source"].take(pa.array(result.removals.dropped))
        for found in pc.value_counts(gone).to_pylist():
            counts[found["values"]] = found["counts"]
        return counts

    def borderline(self, threshold: float | None = None, n: int = 10) -> list[BorderlinePair]:
        """Return the `n` pairs nearest to a threshold whose similarity of inputs alone decides."""
        wanted = self.params.threshold if threshold is None else threshold
        params = replace(self.params, threshold=wanted)
        alone = replace(params, threshold=0.3, output_threshold=params.outputs_from)
        edges = self.edges.where(self.edges.similar(alone))
        distance = np.abs(edges.input_similarity - wanted)
        nearest = edges.where(np.lexsort((edges.pairs, distance))[:n])
        removes = nearest.similar(params)
        ids = self.rows["id"]
        return [
            BorderlinePair(ids[int(a)].as_py(), ids[int(b)].as_py(), float(i), float(o), bool(r))
            for a, b, i, o, r in zip(
                nearest.a,
                nearest.b,
                nearest.input_similarity,
                nearest.output_similarity,
                removes,
                strict=True,
            )
        ]
