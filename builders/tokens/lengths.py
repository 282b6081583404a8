"""The table of how many samples have which length, by which release and summary are told apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
from medsmith.builders.parquet import read_table, write_table
from medsmith.builders.tokens.summary import PARTS, Lengths

NAME = "token_lengths.parquet"
# `part` is "" where `n` samples have `tokens` tokens in all, else the part whose `tokens` all
# samples together have.
_SCHEMA = pa.schema(
    [
        pa.field("tokenizer", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("task", pa.string(), nullable=False),
        pa.field("part", pa.string(), nullable=False),
        pa.field("tokens", pa.int64(), nullable=False),
        pa.field("n", pa.int64(), nullable=False),
    ]
)
Place = tuple[str, str, str]  # tokenizer, source, task


def write_lengths(by_shard: Mapping[str, Mapping[str, Lengths]], home: Path) -> None:
    """Write the lengths of shards (by path, then tokenizer) into `home`, by source and task."""
    found: dict[Place, Lengths] = {}
    for path, by_tokenizer in by_shard.items():
        _, source, task, _ = path.split("/")
        for tokenizer, lengths in by_tokenizer.items():
            found.setdefault((tokenizer, source, task), Lengths()).add(lengths)
    rows = [
        (*place, part, tokens, n)
        for place, lengths in sorted(found.items())
        for part, tokens, n in _rows(lengths)
    ]
    columns = zip(*rows, strict=True) if rows else [()] * len(_SCHEMA)
    arrays = [pa.array(list(c), f.type) for c, f in zip(columns, _SCHEMA, strict=True)]
    write_table(pa.table(arrays, schema=_SCHEMA), home / NAME)


def _rows(lengths: Lengths) -> Iterator[tuple[str, int, int]]:
    for tokens, n in sorted(lengths.samples.items()):
        yield "", tokens, n
    for part in PARTS:
        yield part, lengths.parts[part], lengths.samples.total()


def read_lengths(home: Path) -> dict[Place, Lengths]:
    """Return what `write_lengths` wrote into `home`."""
    found: dict[Place, Lengths] = {}
    for row in read_table(home / NAME).to_pylist():
        place = (row["tokenizer"], row["source"], row["task"])
        lengths = found.setdefault(place, Lengths(Counter(), Counter()))
        if row["part"]:
            lengths.parts[row["part"]] = row["tokens"]
        else:
            lengths.samples[row["tokens"]] = row["n"]
    return found
