from typing import Any, TypeAlias

from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]

def fill_table(hashes: Array, only: Array, filter: Array, table: Array, /) -> None: ...
def mark_wide(
    data: Array, offsets: Array, starts: Array, token_offsets: Array, marks: Array, /
) -> None: ...
def scan(
    filter: Array,
    table: Array,
    post_offsets: Array,
    post_pattern: Array,
    post_at: Array,
    need: Array,
    counts: Array,
    data: Array,
    offsets: Array,
    marks: Array,
    /,
) -> None: ...
def scan_tokens(
    filter: Array,
    table: Array,
    post_offsets: Array,
    post_pattern: Array,
    post_at: Array,
    need: Array,
    counts: Array,
    hashes: Array,
    wide: Array,
    offsets: Array,
    marks: Array,
    /,
) -> None: ...
def compare(
    filter: Array,
    table: Array,
    post_offsets: Array,
    post_pattern: Array,
    post_at: Array,
    telling: Array,
    tokens: Array,
    run: Array,
    offsets: Array,
    heads: Array,
    weights: Array,
    levels: Array,
    hashes: Array,
    wide: Array,
    texts: Array,
    least_covered: int,
    least_bag: int,
    /,
) -> bytes: ...
