"""Tokens, shingles, signatures and forms of columns of texts: typed wrappers of the kernels.

A column is an Arrow array of strings or large strings, sliced or not, or a chunked one; nulls count
as empty texts. Offsets out of bounds are a `ValueError`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from medsmith.dedup.kernels import _native
from medsmith.dedup.kernels.folding import fold_row, fold_row_with_places
from medsmith.dedup.kernels.sets import ShingleSets
from numpy.typing import NDArray

WINDOW = 5
SHORT = 3
PERMUTATIONS = 128

_LANES = 64
_COUNTS = 4
# Of a gist (see `Sketch`): minima, and words of 32 bits.
GIST_MINIMA = 120
GIST_WORDS = 8
_NONE: NDArray[np.uint64] = np.empty(0, np.uint64)


@dataclass(frozen=True, slots=True, eq=False)
class TokenStream:
    """The tokens of a column: those of row i are offsets[i] to offsets[i + 1].

    `hashes` u64[m] of the folded tokens; `starts`, `ends` u32[m], in bytes of the row as it was
    given; `offsets` i64[n + 1].
    """

    hashes: NDArray[np.uint64]
    starts: NDArray[np.uint32]
    ends: NDArray[np.uint32]
    offsets: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """What near-duplicate search keeps of each row of a column.

    `signatures` u32[n, permutations], or u16[lanes, n, permutations / lanes], all ones where no
    shingle is left; `digests` u64[n, 2] of the whole sequence of tokens (two texts with the same
    are equal under norm-v1); `tokens`, `shingles` and `kept` u32[n] count tokens, shingles, and
    shingles that are not boilerplate, repetitions included; `formlike` u32[n] is 0 for rows that
    `structured_sets` would find to be no forms: for nearly all of them. Of signatures in lanes,
    `gists` u32[n, 8] holds the two low bits of each of the first 120 minima, 16 to a word.
    """

    signatures: NDArray[Any]
    digests: NDArray[np.uint64]
    tokens: NDArray[np.uint32]
    shingles: NDArray[np.uint32]
    kept: NDArray[np.uint32]
    formlike: NDArray[np.uint32]
    gists: NDArray[np.uint32]

    @property
    def sizes(self) -> NDArray[np.uint32]:
        """How many shingles each signature stands for; 0: the row has nothing to compare."""
        return self.kept

    @property
    def boilerplate_share(self) -> NDArray[np.float64]:
        """The share of each row's shingles that were left out; 0 where it has none."""
        left_out: NDArray[np.float64] = (self.shingles - self.kept) / np.maximum(self.shingles, 1)
        return left_out


def tokenise(column: pa.Array | pa.ChunkedArray, *, symbols: bool = True) -> TokenStream:
    """Return the norm-v1 tokens of each row (see `medsmith.dedup.norm`).

    Without `symbols`, they are the words alone: symbols separate like punctuation.
    """
    texts = _column(column, fold_row_with_places)
    offsets = np.empty(texts[4] + 1, np.int64)
    hashes, starts, ends = _native.tokenise(texts, offsets, not symbols)
    return TokenStream(
        np.frombuffer(hashes, np.uint64),
        np.frombuffer(starts, np.uint32),
        np.frombuffer(ends, np.uint32),
        offsets,
    )


def shingle_sets(
    column: pa.Array | pa.ChunkedArray,
    window: int = WINDOW,
    short: int = SHORT,
    boilerplate: NDArray[np.uint64] | None = None,
) -> ShingleSets:
    """Return the set of shingles of each row (Broder 1997), those in `boilerplate` left out.

    A shingle is `window` consecutive tokens. A text with fewer is cut into `short` consecutive
    characters of its tokens joined by single blanks; a text shorter than that is one shingle, and a
    text without tokens has none. Shingles are 64-bit hashes.
    """
    texts = _column(column)
    offsets = np.empty(texts[4] + 1, np.int64)
    (values,) = _native.shingle_sets(texts, window, short, _hashes(boilerplate), offsets)
    return ShingleSets(np.frombuffer(values, np.uint64), offsets)


def sketch(
    column: pa.Array | pa.ChunkedArray,
    permutations: int = PERMUTATIONS,
    window: int = WINDOW,
    short: int = SHORT,
    boilerplate: NDArray[np.uint64] | None = None,
    lanes: int | None = None,
) -> Sketch:
    """Return the MinHash signature of each row's shingle set, in one pass over the bytes.

    Signatures are minima under fixed functions a·x + b modulo 2³², a odd, of the shingles' upper
    halves x (universal hashing, Carter & Wegman 1979, for the random permutations of Broder 1997;
    Leskovec, Rajaraman & Ullman, Mining of Massive Datasets, 3.3). The share of equal numbers in
    two signatures estimates the Jaccard similarity of `shingle_sets` with the same arguments.

    With `lanes`, a divisor of `permutations`, signatures come lane by lane, u16[lanes, n,
    permutations / lanes], as the low 16 bits of each minimum: b-bit minwise hashing (Li & König
    2010), by which unequal minima agree by chance in one of 2¹⁶ cases.
    """
    if permutations < 1:
        raise ValueError("permutations must be at least 1")
    if lanes is not None and (lanes < 1 or permutations % lanes):
        raise ValueError("lanes must divide the permutations")
    texts = _column(column)
    rows = texts[4]
    multipliers, addends = _padded_functions(permutations)
    signatures = (
        np.empty((lanes, rows, permutations // lanes), np.uint16)
        if lanes
        else np.empty((rows, permutations), np.uint32)
    )
    digests = np.empty((rows, 2), np.uint64)
    counts = np.empty((rows, _COUNTS), np.uint32)
    gists = np.empty((rows, GIST_WORDS if lanes else 0), np.uint32)
    _native.sketch(
        texts,
        window,
        short,
        _hashes(boilerplate),
        permutations,
        multipliers,
        addends,
        signatures,
        digests,
        counts,
        lanes or 0,
        gists,
    )
    tokens, shingles, kept, formlike = np.ascontiguousarray(counts.T)
    return Sketch(signatures, digests, tokens, shingles, kept, formlike, gists)


def gists_of(signatures: NDArray[Any]) -> NDArray[np.uint32]:
    """Return the gists (see `Sketch`) of signatures, one in a row."""
    first = signatures[:, :GIST_MINIMA]
    bits = np.zeros((len(signatures), GIST_WORDS, 16), np.uint32)
    bits.reshape(len(signatures), GIST_WORDS * 16)[:, : first.shape[1]] = first & 3
    found: NDArray[np.uint32] = (bits << np.arange(0, 32, 2, dtype=np.uint32)).sum(
        axis=2, dtype=np.uint32
    )
    return found


@cache
def _padded_functions(permutations: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    padding = (0, -permutations % _LANES)
    multipliers, addends = permutation_functions(permutations)
    return np.pad(multipliers, padding), np.pad(addends, padding)


@cache
def permutation_functions(
    permutations: int,
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return the multipliers (odd) and addends of the first `permutations` functions.

    They are the halves of splitmix64's outputs (Steele, Lea & Flood 2014) from seed 0 and the same
    for ever: signatures made at different times compare, and longer ones begin with the shorter.
    """
    with np.errstate(over="ignore"):
        state = np.arange(1, permutations + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ state >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ state >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        state ^= state >> np.uint64(31)
    multipliers = (state >> np.uint64(32)).astype(np.uint32) | np.uint32(1)
    addends = state.astype(np.uint32)
    multipliers.flags.writeable = addends.flags.writeable = False
    return multipliers, addends


def structured_sets(
    column: pa.Array | pa.ChunkedArray,
) -> tuple[ShingleSets, NDArray[np.bool_]]:
    """Return the set of fields of each row that is a form, and which rows are forms.

    A form has most of its lines (parts between line ends, `;` and `|`) begin with `key: value`,
    three such fields or more (`, key: value` opens one too), and short values. Its elements are
    (key, value) pairs, folded and cut as in norm-v1 but with numbers whole (`98.2` is not `98 2`),
    and the lines outside fields; of more than 12 tokens, each run of 5 is an element. Other rows
    have empty sets.
    """
    texts = _column(column)
    offsets = np.empty(texts[4] + 1, np.int64)
    forms = np.zeros(texts[4], np.bool_)
    (values,) = _native.structured_sets(texts, offsets, forms)
    return ShingleSets(np.frombuffer(values, np.uint64), offsets), forms


def numeric_values(column: pa.Array | pa.ChunkedArray) -> ShingleSets:
    """Return the multiset of numbers in each row: the nth of equal numbers is its own element.

    A number is a run of digits with decimal marks, and a minus sign that follows no word: `-1,5` is
    `-1.5`; a comma before three digits only groups them. Digits inside words (`T2N0`) count.
    """
    texts = _column(column)
    offsets = np.empty(texts[4] + 1, np.int64)
    (values,) = _native.numeric_sets(texts, offsets, np.zeros(texts[4], np.bool_))
    return ShingleSets(np.frombuffer(values, np.uint64), offsets)


def _column(column: pa.Array | pa.ChunkedArray, fold: _native.Fold = fold_row) -> _native.Column:
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        raise TypeError(f"a column of texts is needed, not {column.type}")
    if column.null_count:
        column = pc.fill_null(column, "")
    large = pa.types.is_large_string(column.type)
    _, offsets, values = column.buffers()
    return (offsets or b"", values or b"", large, column.offset, len(column), fold)


def _hashes(values: NDArray[np.uint64] | None) -> NDArray[np.uint64]:
    return _NONE if values is None else np.require(values, np.uint64, ("C", "A"))
