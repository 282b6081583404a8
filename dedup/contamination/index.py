"""The index of benchmark items: arrays only, in one file that workers map and share."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pyarrow as pa
from medsmith.dedup.contamination.items import ITEMS
from medsmith.dedup.contamination.patterns import (
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    Bools,
    Sequences,
)
from medsmith.dedup.contamination.rules import WIDE_WORTH, Floats
from medsmith.schema import UserError

# Changes with every rule that decides what is a hit; part of the index's digest.
RULES = "contamination-v1"


@dataclass(frozen=True)
class Index:
    """Benchmark items ready to be searched for (see `patterns.py` and `grams.py`).

    `filter`, `table`: from an n-gram's hash to its number; `need` (u16[p]): n-grams of a
    pattern, in place, that make a text worth a second look; `post_*`: the patterns that hold an
    n-gram, and where;
    `tokens`, `run`, `gram`, `rarity`: of each token of all patterns the hash, the length of the run
    that ends there (0: none), its n-gram (-1: none) and its IDF weight; `offsets` cut them into
    patterns of `kind`, `heads` as in `Patterns`; `of_item` (flat 3 x items) names an item's
    patterns; `template` (u8[items]): its question is asked of other items' passages or options too;
    `option_*`: all options as token hashes, and per item where its options begin; `answer_*`: the
    same for answers.
    """

    filter: U64
    table: U64
    need: U16
    post_offsets: U32
    post_pattern: U32
    post_at: U32
    tokens: U64
    wide: U8
    run: U8
    gram: I32
    rarity: U16
    offsets: I64
    kind: U8
    heads: U32
    of_item: I32
    template: U8
    option_tokens: U64
    option_offsets: I64
    option_stock: U8
    item_options: I64
    answer_tokens: U64
    answer_offsets: I64
    names: pa.Table
    digest: str

    @property
    def grams(self) -> int:
        """Return the number of distinct n-grams."""
        return int(self.post_offsets.size) - 1

    @property
    def items(self) -> int:
        """Return the number of items."""
        return int(self.names.num_rows)

    @cached_property
    def word_worth(self) -> Floats:
        """Return what a token of each pattern is worth in words: less in scripts without spaces."""
        running = np.concatenate([[0], np.cumsum(self.wide, dtype=np.int64)])
        wide = running[self.offsets[1:]] - running[self.offsets[:-1]]
        worth: Floats = 1 - (1 - WIDE_WORTH) * wide / np.maximum(np.diff(self.offsets), 1)
        return worth

    def has_options(self, item: int) -> bool:
        """Return whether an item has options."""
        return bool(self.item_options[item + 1] > self.item_options[item])

    @cached_property
    def free(self) -> Bools:
        """Return which patterns belong to items that have an answer and no options."""
        items = (np.diff(self.answer_offsets) > 0) & (np.diff(self.item_options) == 0)
        patterns = self.of_item[np.tile(items, len(self.of_item) // max(self.items, 1))]
        free = np.zeros(len(self.kind), np.bool_)
        free[patterns[patterns >= 0]] = True
        return free

    @cached_property
    def owners(self) -> Sequences:
        """Return the items of each pattern, as sequences of item numbers."""
        flat = self.of_item
        used = np.flatnonzero(flat >= 0)
        order = used[np.argsort(flat[used], kind="stable")]
        counts = np.bincount(flat[used], minlength=len(self.kind))
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        numbers = (order % max(self.items, 1)).astype(np.uint64)
        return Sequences(numbers, np.zeros(0, np.uint8), offsets)


def items_digest(items: pa.Table) -> str:
    """Return a digest of `items` (`ITEMS`) and the rules: the key under which an index is kept."""
    sink = blake2b(RULES.encode(), digest_size=16)
    for name in ITEMS.names:
        for value in items[name].to_pylist():
            text = "\x1e".join(value) if isinstance(value, list) else value
            sink.update(f"{len(text)}:{text}\x1f".encode())
    return sink.hexdigest()


_ARRAYS = [field.name for field in fields(Index) if field.name not in ("names", "digest")]


def save_index(index: Index, path: Path) -> None:
    """Write `index` to `path`: an Arrow file of one row, each array a list; whole or not at all."""
    columns = {name: _as_list(pa.array(getattr(index, name))) for name in _ARRAYS}
    for name in index.names.column_names:
        columns[name] = _as_list(index.names[name].combine_chunks())
    table = pa.table(columns).replace_schema_metadata({"rules": RULES, "digest": index.digest})
    aside = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with pa.OSFile(str(aside), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def _as_list(values: pa.Array) -> pa.Array:
    return pa.LargeListArray.from_arrays(pa.array([0, len(values)], pa.int64()), values)


def load_index(path: Path) -> Index:
    """Return the index kept at `path`, mapped into memory.

    Raises `UserError` where the file is no index of these rules.
    """
    try:
        table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        columns = {name: table[name].chunk(0).values for name in table.column_names}
        names = pa.table({name: columns[name] for name in ("benchmark", "item_id")})
        arrays = {name: columns[name].to_numpy() for name in _ARRAYS}
        metadata = table.schema.metadata or {}
    except (OSError, pa.ArrowInvalid, KeyError) as error:
        raise UserError(
            f"{path} is no index of benchmarks.", "Delete it; it is built anew."
        ) from error
    if metadata.get(b"rules") != RULES.encode():
        raise UserError(f"{path} was built under other rules.", "Delete it; it is built anew.")
    return Index(**arrays, names=names, digest=metadata[b"digest"].decode())
