"""Near-duplicates: pairs of instances that say the same in nearly the same words.

`find_near_duplicates` does it all for one table in memory. Its parts are pure functions, which the
stages spread over shards:

1. `boilerplate`: a task's template, from a sample of its inputs.
2. `sketches`: one row of numbers an instance (`sketch`), by task.
3. `scopes`, `bands`: candidate pairs, band by band (`band_keys`, `candidate_pairs`).
4. `components`: pairs in chunks whose texts fit in memory (`plan_chunks`).
5. `verify`: exact similarity of the pairs of a chunk (`verify`), as `edges`.
6. `clusters`: who stays (`keeper_ranks`, `settle`); `conflicts`; `guard`.
"""

from medsmith.dedup.near.find import find_near_duplicates
from medsmith.dedup.near.params import NearParams, Shape, shape_for
from medsmith.dedup.near.results import BorderlinePair, NearDuplicates

__all__ = [
    "BorderlinePair",
    "NearDuplicates",
    "NearParams",
    "Shape",
    "find_near_duplicates",
    "shape_for",
]
