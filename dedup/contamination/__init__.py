"""Benchmark contamination: finds test items inside training instances.

In two passes, so that what is found depends neither on shards nor on workers:

1. `build_index(items)` (`save_index`, `load_index`) turns benchmark items (`ITEMS`) into arrays;
2. `scan(index, texts)` counts, for each n-gram of the index, the training texts that hold it, and
   names the rows worth a second look;
3. `reduce_df(index, counts, texts)` adds the counts up: how telling is each n-gram, which are stock
   phrases;
4. `score(index, telling, texts)` compares those rows with the items and returns the hits.
"""

from medsmith.dedup.contamination.build import build_index
from medsmith.dedup.contamination.index import RULES, Index, items_digest, load_index, save_index
from medsmith.dedup.contamination.items import ITEMS, Item, items_table
from medsmith.dedup.contamination.scan import ScanResult, reduce_df, scan
from medsmith.dedup.contamination.score import score

__all__ = [
    "ITEMS",
    "RULES",
    "Index",
    "Item",
    "ScanResult",
    "build_index",
    "items_digest",
    "items_table",
    "load_index",
    "reduce_df",
    "save_index",
    "scan",
    "score",
]
