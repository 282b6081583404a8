"""One row of numbers for each instance: all that finding candidate pairs needs to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from medsmith.dedup import kernels
from medsmith.dedup.kernels import _lsh
from medsmith.dedup.near.arrays import one_array
from medsmith.dedup.near.forms import find_forms
from medsmith.dedup.near.params import NearParams, Shape

Numbers = np.ndarray[Any, Any]

OUTPUT_LANES = 8  # pairs of output minima, taken in turn by the bands
_OUTPUT_WIDTH = 2
_WORD_BYTES = 64  # hardly a word is longer
_FORM, _EMPTY, _BOILERPLATE, _PROSE = 1, 2, 3, 4
_GOLDEN = 0x9E3779B97F4A7C15


@dataclass(frozen=True)
class Texts:
    """Inputs and outputs of some rows; `closed`: the output is a label or a choice.

    `inputs` and `outputs` are Arrow string columns, `closed` marks rows (bool) whose outputs are
    the same or not at all.
    """

    inputs: pa.ChunkedArray | pa.Array
    outputs: pa.ChunkedArray | pa.Array
    closed: Numbers

    def __post_init__(self) -> None:
        for name in ("inputs", "outputs"):
            object.__setattr__(self, name, one_array(getattr(self, name)))

    def take(self, rows: Numbers) -> Texts:
        """Return the texts of `rows`, in their order."""
        index = pa.array(rows.astype(np.int64))
        return Texts(self.inputs.take(index), self.outputs.take(index), self.closed[rows])


def sketch_schema(shape: Shape) -> pa.Schema:
    """Return the schema of sketches: one column for each band, so that it can be read alone.

    `input_digest`, `output_digest`: 64 bits of the token sequences; `salt`: what must be equal
    besides a band; `size`: shingles of the input that are not boilerplate; `boilerplate`: the
    share of those that are; `output_length` in bytes; `band_<n>`: minima; `output_<n>`: minima of
    the output.
    """
    return pa.schema(
        [
            pa.field("input_digest", pa.uint64(), nullable=False),
            pa.field("output_digest", pa.uint64(), nullable=False),
            pa.field("salt", pa.uint64(), nullable=False),
            pa.field("size", pa.uint32(), nullable=False),
            pa.field("boilerplate", pa.float32(), nullable=False),
            pa.field("output_length", pa.uint32(), nullable=False),
            *(_minima_field(f"output_{n}", _OUTPUT_WIDTH) for n in range(OUTPUT_LANES)),
            *(_minima_field(band_column(n), shape.rows) for n in range(shape.bands)),
        ]
    )


def band_column(band: int) -> str:
    """Return the name of the column of minima of a band."""
    return f"band_{band:02}"


def output_column(band: int) -> str:
    """Return the name of the column of output minima that goes with a band."""
    return f"output_{band % OUTPUT_LANES}"


def _minima_field(name: str, width: int) -> pa.Field:
    element = pa.field("item", pa.uint32(), nullable=False)
    return pa.field(name, pa.list_(element, width), nullable=False)


def sketch(texts: Texts, boilerplate: Numbers, shape: Shape, params: NearParams) -> pa.Table:
    """Return one sketch (`sketch_schema`) for each row of `texts`, all of one task.

    `boilerplate` holds the task's boilerplate shingles (uint64, sorted). Inputs that are forms are
    sketched by their (key, value) elements, whole; where the input is empty, the output's shingles
    stand for it.
    """
    inputs = kernels.sketch(
        texts.inputs,
        shape.permutations,
        window=params.window,
        short=params.short,
        boilerplate=boilerplate if len(boilerplate) else None,
    )
    outputs = kernels.sketch(
        texts.outputs, OUTPUT_LANES * _OUTPUT_WIDTH, window=params.window, short=params.short
    )
    minima, kinds = inputs.signatures, np.full(len(texts.closed), _PROSE, np.uint8)
    digests, answers = _one_digest(inputs.digests), _one_digest(outputs.digests)
    sizes = inputs.kept
    shares = inputs.boilerplate_share.astype(np.float32)
    kinds[sizes == 0] = _BOILERPLATE
    _sketch_forms(texts, minima, kinds)
    _sketch_empty(texts, minima, kinds, shape, params, sizes, shares)
    exact = texts.closed | (outputs.tokens < params.window)
    salts = _salts(kinds, digests, answers, exact)
    lengths = pc.binary_length(texts.outputs).fill_null(0).cast(pa.uint32())
    columns = [digests, answers, salts, sizes, shares, lengths]
    columns += _lanes(np.asarray(outputs.signatures), OUTPUT_LANES)
    columns += _lanes(minima, shape.bands)
    return pa.table([pa.array(c) for c in columns], schema=sketch_schema(shape))


def _sketch_forms(texts: Texts, minima: Numbers, kinds: Numbers) -> None:
    rows, sets = find_forms(texts.inputs)
    if len(rows):
        minima[rows] = minima_of_sets(sets, minima.shape[1])
        kinds[rows] = _FORM


def _sketch_empty(
    texts: Texts,
    minima: Numbers,
    kinds: Numbers,
    shape: Shape,
    params: NearParams,
    sizes: Numbers,
    shares: Numbers,
) -> None:
    """Let outputs stand for inputs that have no shingle at all."""
    rows = np.flatnonzero((sizes == 0) & (shares == 0) & (kinds != _FORM))
    if len(rows):
        found = kernels.sketch(
            texts.take(rows).outputs,
            shape.permutations,
            window=params.window,
            short=params.short,
        )
        minima[rows] = found.signatures
        kinds[rows] = _EMPTY


def _salts(kinds: Numbers, digests: Numbers, answers: Numbers, exact: Numbers) -> Numbers:
    """Return what must be equal besides a band.

    Forms meet forms. An input that is boilerplate throughout meets only its equals; so does a
    short output, a label or a choice.
    """
    with np.errstate(over="ignore"):
        salts = kinds.astype(np.uint64) * np.uint64(_GOLDEN)
        salts ^= np.where(kinds == _BOILERPLATE, digests, np.uint64(0)) * np.uint64(3)
        salts ^= np.where(exact, answers | np.uint64(1), np.uint64(0)) * np.uint64(_GOLDEN)
    return salts


def _one_digest(digests: Numbers) -> Numbers:
    """Return 64 bits a row, from one or two columns of them."""
    digests = np.asarray(digests, np.uint64)
    return digests if digests.ndim == 1 else digests[:, 0] ^ (digests[:, 1] * np.uint64(_GOLDEN))


def empty_digest() -> pa.Scalar:
    """Return the digest of a text without tokens (uint64)."""
    return pa.scalar(int(_one_digest(kernels.sketch(pa.array([""]), 1).digests)[0]), pa.uint64())


def _lanes(minima: Numbers, lanes: int) -> list[pa.Array]:
    """Cut signatures (uint32) into `lanes` columns of equal width."""
    width = minima.shape[1] // lanes
    kind = pa.list_(pa.field("item", pa.uint32(), nullable=False), width)
    # A lane's share of a row moves as one: that takes half the time of its numbers one by one.
    shares = np.ascontiguousarray(minima).view(f"V{width * minima.itemsize}")
    return [
        pa.FixedSizeListArray.from_arrays(pa.array(lane.view(minima.dtype)), type=kind)
        for lane in np.ascontiguousarray(shares.T)
    ]


def is_short(column: pa.Array, window: int) -> Numbers:
    """Return which texts have fewer than `window` tokens (and at most 64 bytes for each)."""
    lengths = pc.binary_length(column).fill_null(0).to_numpy(zero_copy_only=False)
    short = np.asarray(lengths < _WORD_BYTES * window)
    rows = np.flatnonzero(short)
    counts = np.diff(np.asarray(kernels.tokenise(column.take(pa.array(rows))).offsets))
    short[rows] = counts < window
    return short


def minima_of_sets(sets: kernels.ShingleSets, permutations: int) -> Numbers:
    """Return MinHash signatures (uint32, one row a set) of sets of 64-bit values.

    Each permutation is a multiply-shift hash (Dietzfelbinger et al. 1997) whose factors come from
    splitmix64. An empty set has the greatest number everywhere.
    """
    factors = _factors(permutations)
    minima = np.empty((len(sets), permutations), np.uint32)
    _lsh.minima_of_sets(
        np.ascontiguousarray(sets.values),
        np.ascontiguousarray(sets.offsets),
        factors,
        minima,
    )
    return minima


def _factors(permutations: int) -> Numbers:
    with np.errstate(over="ignore"):
        state = (np.arange(2 * permutations, dtype=np.uint64) + np.uint64(1)) * np.uint64(_GOLDEN)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    factors = state ^ (state >> np.uint64(31))
    factors[::2] |= np.uint64(1)
    return factors
