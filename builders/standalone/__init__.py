"""Anybody's files for `dedup`, `decontaminate` and `tokens`: Parquet and JSON Lines.

with open_files(["data/*.jsonl"], Fields()) as foreign:
    for shard in foreign.shards:
        for table in pieces(shard):  # id, instruction, input, output, scope
            ...
        write_subset(shard, keep, out / shard.file_name)
"""

from medsmith.builders.standalone.fields import COLUMNS, Fields
from medsmith.builders.standalone.foreign import Foreign, Shard, open_files
from medsmith.builders.standalone.results import result_folder, spread
from medsmith.builders.standalone.rows import batches, pieces, write_subset

__all__ = [
    "COLUMNS",
    "Fields",
    "Foreign",
    "Shard",
    "batches",
    "open_files",
    "pieces",
    "result_folder",
    "spread",
    "write_subset",
]
