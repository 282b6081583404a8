from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]

def band_keys(minima: Array, salts: Array, seed: int, keys: Array, /) -> None: ...
def shared_keys(keys: Array, marks: Array, /) -> None: ...
def bucket_pairs(
    keys: Array,
    subs: Array,
    prints: Array,
    rows: Array,
    sources: Array,
    groups: Array,
    cap: int,
    reach: int,
    /,
) -> bytes: ...
def components(a: Array, b: Array, labels: Array, /) -> None: ...
def stars(lower: Array, upper: Array, keepers: Array, /) -> None: ...
def minima_of_sets(values: Array, offsets: Array, factors: Array, minima: Array, /) -> None: ...
def split_sets(
    values: Array,
    offsets: Array,
    kinds: Array,
    left_out: Array,
    bounds: Array,
    kept: Array,
    kept_offsets: Array,
    dropped: Array,
    dropped_offsets: Array,
    /,
) -> None: ...
def hash_texts(text: Any, offsets: Array, hashes: Array, /) -> None: ...
