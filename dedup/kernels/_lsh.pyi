from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]

def band_keys(minima: Array, size: int, salts: Array, seed: int, keys: Array, /) -> None: ...
def shared_keys(keys: Array, marks: Array, /) -> None: ...
def bucket_pairs(
    keys: Array,
    slots: Array,
    prints: Array,
    tasks: Array,
    sources: Array,
    groups: Array,
    cap: int,
    /,
) -> tuple[bytes, bytes]: ...
def crowded_pairs(
    keys: Array,
    subs: Array,
    prints: Array,
    tasks: Array,
    sources: Array,
    groups: Array,
    reach: int,
    /,
) -> bytes: ...
def alike(pairs: Array, gists: Array, shares: Array, limits: Array, alike: Array, /) -> None: ...
def components(a: Array, b: Array, labels: Array, /) -> None: ...
def cut_chunks(pairs: Array, sizes: Array, budget: int, ordered: Array, /) -> bytes: ...
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
