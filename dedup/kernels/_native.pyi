from collections.abc import Callable
from typing import Any, TypeAlias

import pyarrow as pa
from numpy.typing import NDArray

# NumPy's types do not say that arrays are buffers.
Buffer: TypeAlias = bytes | pa.Buffer | NDArray[Any]

# Folds a row whose characters join their neighbours: see `folding.fold_row`.
Fold: TypeAlias = Callable[[bytes], tuple[bytes, bytes]]

# (offsets, values, 64-bit offsets?, first row, rows, fold): a column of texts.
Column: TypeAlias = tuple[Buffer, Buffer, bool, int, int, Fold]

UNICODE_VERSION: str

def properties() -> bytes: ...
def tokenise(
    column: Column, offsets: Buffer, bare: bool = ..., /
) -> tuple[memoryview, memoryview, memoryview]: ...
def shingle_sets(
    column: Column, window: int, short: int, left_out: Buffer, offsets: Buffer, /
) -> tuple[memoryview]: ...
def sketch(
    column: Column,
    window: int,
    short: int,
    left_out: Buffer,
    permutations: int,
    multipliers: Buffer,
    addends: Buffer,
    signatures: Buffer,
    digests: Buffer,
    counts: Buffer,
    lanes: int,
    gists: Buffer,
    /,
) -> None: ...
def similarities(
    values_a: Buffer,
    offsets_a: Buffer,
    rows_a: Buffer,
    values_b: Buffer,
    offsets_b: Buffer,
    rows_b: Buffer,
    jaccard: Buffer,
    containment: Buffer,
    /,
) -> None: ...
def structured_sets(column: Column, offsets: Buffer, flags: Buffer, /) -> tuple[memoryview]: ...
def numeric_sets(column: Column, offsets: Buffer, flags: Buffer, /) -> tuple[memoryview]: ...
