"""A task's template: shingles that so many of its texts share that they say nothing of any one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from medsmith.dedup import kernels, norm
from medsmith.dedup.near.arrays import hash_texts
from medsmith.dedup.near.params import NearParams

Numbers = np.ndarray[Any, Any]

SAMPLE_ROWS = 20_000
SAMPLE_BYTES = 48 * 2**20
_EXAMPLES = 5
_TEXTS_SEARCHED = 20


@dataclass(frozen=True)
class Boilerplate:
    """A task's boilerplate.

    `shingles` (uint64, sorted) and, for the report: the distinct texts looked at, the share of
    their shingles that is boilerplate, and the commonest shingles as (text, share of the texts).
    """

    shingles: Numbers
    texts: int
    covered: float
    examples: tuple[tuple[str, float], ...]


def sampled(
    ids: pa.ChunkedArray | pa.Array, rows_of_task: int, limit: int = SAMPLE_ROWS
) -> Numbers:
    """Return which rows are in the sample of a task of `rows_of_task` rows, about `limit` of them.

    A hash of the id decides: the order of rows, and how they are cut into shards, does not matter.
    """
    if rows_of_task <= limit:
        return np.ones(len(ids), np.bool_)
    return hash_texts(ids) < np.uint64(2**64 * limit // rows_of_task)


def find_boilerplate(inputs: pa.Array, params: NearParams, *, text: bool = True) -> Boilerplate:
    """Return the boilerplate among `inputs`: a sample of one task, in any stable order.

    Texts with equal shingle sets count once, so that copies make no boilerplate of themselves. At
    most `SAMPLE_BYTES` of text are looked at. Without `text` no examples are taken.
    """
    nothing = np.empty(0, np.uint64)
    lengths = pc.binary_length(inputs).fill_null(0).to_numpy(zero_copy_only=False)
    inputs = inputs.slice(0, int(np.searchsorted(np.cumsum(lengths), SAMPLE_BYTES)))
    if params.boilerplate_share >= 1 or not len(inputs):
        return Boilerplate(nothing, len(inputs), 0.0, ())
    sets = kernels.shingle_sets(inputs, window=params.window, short=params.short)
    values, offsets = np.asarray(sets.values), np.asarray(sets.offsets)
    first = _distinct(values, offsets)
    values = values[np.repeat(first, np.diff(offsets))]
    texts = int(first.sum())
    shingles, counts = np.unique(values, return_counts=True)
    common = (counts > params.boilerplate_share * texts) & (counts >= params.boilerplate_floor)
    shingles, counts = shingles[common], counts[common]
    covered = float(counts.sum() / len(values)) if len(values) else 0.0
    examples = _examples(inputs, shingles, counts, texts, params) if text else ()
    return Boilerplate(shingles, texts, covered, examples)


def _distinct(values: Numbers, offsets: Numbers) -> Numbers:
    """Return which sets are the first of their kind among those that are not empty."""
    sizes = np.diff(offsets)
    full = np.flatnonzero(sizes)
    first = np.zeros(len(sizes), np.bool_)
    if len(full):
        sums = np.add.reduceat(values, offsets[:-1][full])
        mixed = sums ^ sizes[full].astype(np.uint64) << np.uint64(40)
        first[full[np.unique(mixed, return_index=True)[1]]] = True
    return first


def _examples(
    inputs: pa.Array, shingles: Numbers, counts: Numbers, texts: int, params: NearParams
) -> tuple[tuple[str, float], ...]:
    """Return the commonest boilerplate as text, as found in the first texts that hold it."""
    top = np.lexsort((shingles, -counts))[: 20 * _EXAMPLES]
    shares = {int(shingles[i]): float(counts[i] / texts) for i in top}
    found: dict[int, str] = {}
    for text in inputs.slice(0, _TEXTS_SEARCHED).to_pylist():
        tokens = [token.text for token in norm.tokens((text or "")[:4000])]
        windows = [
            " ".join(tokens[n : n + params.window]) for n in range(len(tokens) - params.window + 1)
        ]
        if not windows:
            continue
        sets = kernels.shingle_sets(pa.array(windows), window=params.window, short=params.short)
        offsets = np.asarray(sets.offsets)
        for number, window in enumerate(windows):
            if offsets[number + 1] - offsets[number] == 1:
                value = int(sets.values[offsets[number]])
                if value in shares:
                    found.setdefault(value, window)
    ranked = sorted(found, key=lambda value: (-shares[value], found[value]))
    return tuple((found[value], shares[value]) for value in ranked[:_EXAMPLES])
