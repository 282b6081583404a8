"""One row of numbers for each instance: all that finding candidate pairs needs to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
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
_GIST = pa.list_(pa.field("item", pa.uint32(), nullable=False), kernels.GIST_WORDS)
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


@cache
def sketch_schema(shape: Shape) -> pa.Schema:
    """Return the schema of sketches: one column for each band, so that it can be read alone.

    `input_digest`, `output_digest`: 64 bits of the token sequences; `salt`: what must be equal
    besides a band; `size`: shingles of the input that are not boilerplate; `boilerplate`: the
    share of those that are; `output_length` in bytes; `band_<n>`: the low 16 bits of each minimum
    (b-bit minwise hashing: Li & König 2010), so that unequal minima agree by chance in 2^-16
    of cases, unequal bands in far fewer; `output_<n>`: the same of the output; `gist`: two bits of
    each minimum, for a quick look at a pair (see `medsmith.dedup.near.sift`).
    """
    return pa.schema(
        [
            pa.field("input_digest", pa.uint64(), nullable=False),
            pa.field("output_digest", pa.uint64(), nullable=False),
            pa.field("salt", pa.uint64(), nullable=False),
            pa.field("size", pa.uint32(), nullable=False),
            pa.field("boilerplate", pa.float32(), nullable=False),
            pa.field("output_length", pa.uint32(), nullable=False),
            pa.field("gist", _GIST, nullable=False),
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
    return pa.field(name, _minima_type(width), nullable=False)


@cache
def _minima_type(width: int) -> pa.DataType:
    return pa.list_(pa.field("item", pa.uint16(), nullable=False), width)


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
        lanes=shape.bands,
    )
    lengths = pc.binary_length(texts.outputs).fill_null(0).cast(pa.uint32())
    answers, brief, outputs = _sketch_outputs(texts.outputs, lengths, params)
    minima, sizes = inputs.signatures, inputs.kept
    kinds = np.where(sizes == 0, np.uint8(_BOILERPLATE), np.uint8(_PROSE))
    digests = _one_digest(inputs.digests)
    shares = inputs.boilerplate_share.astype(np.float32)
    gists = inputs.gists
    _sketch_forms(texts, np.flatnonzero(inputs.formlike), minima, gists, kinds)
    _sketch_empty(texts, minima, gists, kinds, shape, params, sizes, shares)
    salts = _salts(kinds, digests, answers, texts.closed | brief)
    facts = [pa.array(column) for column in (digests, answers, salts, sizes, shares)]
    gist_column = pa.FixedSizeListArray.from_arrays(pa.array(gists.reshape(-1)), type=_GIST)
    columns = [*facts, lengths, gist_column, *_lanes(outputs), *_lanes(minima)]
    return pa.Table.from_arrays(columns, schema=sketch_schema(shape))


def _sketch_outputs(
    outputs: pa.Array, lengths: pa.Array, params: NearParams
) -> tuple[Numbers, Numbers, Numbers]:
    """Return the outputs' digests, which are shorter than the window, and their minima by lanes."""
    rows = len(outputs)
    if not pc.max(lengths).as_py():
        minima = np.full((OUTPUT_LANES, rows, _OUTPUT_WIDTH), 0xFFFF, np.uint16)
        return np.full(rows, _empty_digest(), np.uint64), np.ones(rows, np.bool_), minima
    found = kernels.sketch(
        outputs,
        OUTPUT_LANES * _OUTPUT_WIDTH,
        window=params.window,
        short=params.short,
        lanes=OUTPUT_LANES,
    )
    return _one_digest(found.digests), found.tokens < params.window, found.signatures


def _sketch_forms(
    texts: Texts, likely: Numbers, minima: Numbers, gists: Numbers, kinds: Numbers
) -> None:
    """Sketch those of the rows `likely` that are forms."""
    if not len(likely):
        return
    places, sets = find_forms(texts.inputs.take(pa.array(likely)))
    if len(places):
        rows, (bands, _, width) = likely[places], minima.shape
        found = minima_of_sets(sets, bands * width).astype(np.uint16)
        minima[:, rows] = found.reshape(len(rows), bands, width).swapaxes(0, 1)
        gists[rows] = kernels.gists_of(found)
        kinds[rows] = _FORM


def _sketch_empty(
    texts: Texts,
    minima: Numbers,
    gists: Numbers,
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
            lanes=shape.bands,
        )
        minima[:, rows] = found.signatures
        gists[rows] = found.gists
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
    """Return 64 bits a row of both halves of the digests."""
    return np.asarray(digests[:, 0] ^ (digests[:, 1] * np.uint64(_GOLDEN)))


@cache
def _empty_digest() -> int:
    return int(_one_digest(kernels.sketch(pa.array([""]), 1).digests)[0])


def empty_digest() -> pa.Scalar:
    """Return the digest of a text without tokens (uint64)."""
    return pa.scalar(_empty_digest(), pa.uint64())


def _lanes(minima: Numbers) -> list[pa.Array]:
    """Return each lane of minima (uint16, contiguous) as a column, without a copy."""
    kind = _minima_type(minima.shape[2])
    flat = (pa.array(lane.reshape(-1)) for lane in minima)
    return [pa.FixedSizeListArray.from_arrays(values, type=kind) for values in flat]


def is_short(column: pa.Array, window: int) -> Numbers:
    """Return which texts have fewer than `window` tokens (and at most 64 bytes for each)."""
    lengths = pc.binary_length(column).fill_null(0).to_numpy(zero_copy_only=False)
    short = np.asarray(lengths < _WORD_BYTES * window)
    rows = np.flatnonzero(short & (lengths > 0))
    if len(rows):
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
