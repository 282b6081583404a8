"""What one run of the stage searches with: items, indices and self-tests, and where they stand.

What is made of registered benchmarks lies in a cache, under digests of what went in, and is made
once for all units and builds; what is made of a release's own test splits lies aside until the run
ends, and so does a second name of the kept index. A file is there whole or not at all; two builds
that make the same one write the same bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
from medsmith.builders.contamination.cache import CODE, index_path, prune, take
from medsmith.builders.contamination.items import (
    ReadFiles,
    join_items,
    languages_of,
    told_of,
    without,
)
from medsmith.builders.contamination.plan import OwnSplit, Plan, Registered
from medsmith.builders.contamination.self_test import CLEAN_ROWS, self_test
from medsmith.builders.digests import code_sha256, library_versions, value_sha256
from medsmith.builders.parquet import read_table, write_table
from medsmith.dedup.contamination import build_index, load_index, save_index
from medsmith.schema import ContaminationKind

SELF_TEST_ITEMS = 100  # of each benchmark: it takes seconds, and is exact to a few per cent
_SELF_TEST_CODE = (*CODE, "medsmith.dedup.normalise", "medsmith.builders.contamination")


@dataclass(frozen=True)
class IndexItems:
    """Build the index `out` of the items at `parts`, without those that are at `known` too.

    The items indexed are written to `items`, where one is given.
    """

    parts: tuple[Path, ...]
    known: tuple[Path, ...]
    items: Path | None
    out: Path


@dataclass(frozen=True)
class SelfTest:
    """A self-test of `index` on the items of `benchmarks`, which lie at `items`.

    Every run has its own name for the kept index; `out` says which index it is.
    """

    benchmarks: tuple[Registered | OwnSplit, ...]
    items: tuple[Path, ...]
    index: Path = field(compare=False)
    removing: tuple[ContaminationKind, ...]
    seed: int
    out: Path


@dataclass(frozen=True)
class Search:
    """The benchmarks of a release, the cache of what is kept, and the folder of what is not."""

    plan: Plan
    cache: Path
    aside: Path

    def kept_items(self, benchmark: Registered) -> Path:
        """Return where the items of a registered benchmark are kept."""
        return self.cache / f"{benchmark.digest}.items.parquet"

    def own_items(self, split: OwnSplit) -> Path:
        """Return where the items of an own test split are read to."""
        return self.aside / f"items-{split.name}.parquet"

    @property
    def _all_kept_items(self) -> tuple[Path, ...]:
        return tuple(self.kept_items(each) for each in self.plan.registered)

    @property
    def kept_index(self) -> Path:
        """Where the index of the registered benchmarks, all of them together, is kept."""
        key = value_sha256({each.name: each.digest for each in self.plan.registered})
        return index_path(self.cache, key[:32])

    @property
    def taken_index(self) -> Path:
        """Where the kept index stands during this run (see `take_index`)."""
        return self.aside / "kept.idx"

    @property
    def own_index(self) -> Path:
        """Where the index of the own test splits stands."""
        return self.aside / "own.idx"

    @property
    def _indexed_own(self) -> Path:
        return self.aside / "own.parquet"

    def unread(self) -> list[ReadFiles]:
        """Return what is still to be read of registered benchmarks."""
        tasks = [ReadFiles(each, self.kept_items(each)) for each in self.plan.registered]
        return [task for task in tasks if not task.out.exists()]

    def unindexed(self) -> list[IndexItems]:
        """Return the indices that are still to be built, once everything is read."""
        tasks = []
        if not self.kept_index.exists() and _hold_items(self._all_kept_items):
            tasks.append(IndexItems(self._all_kept_items, (), None, self.kept_index))
        own = tuple(self.own_items(split) for split in self.plan.own)
        if _hold_items(own):
            names = {split.name for split in self.plan.own}
            known = tuple(
                self.kept_items(each) for each in self.plan.registered if each.name in names
            )
            tasks.append(IndexItems(own, known, self._indexed_own, self.own_index))
        return tasks

    def take_index(self) -> None:
        """Bring the kept index, once built, into this run, where no other build removes it."""
        parts = self._all_kept_items
        if _hold_items(parts) and not take(self.kept_index, self.taken_index):
            # Another build has removed it since.
            build_index_file(IndexItems(parts, (), None, self.taken_index))

    def prune(self) -> None:
        """Remove the indices from the cache that were not used lately."""
        prune(self.cache)

    def indices(self) -> tuple[Path, ...]:
        """Return the indices to search with, once they are taken; none where nothing has items."""
        return tuple(path for path in (self.taken_index, self.own_index) if path.exists())

    def untested(self, removing: Sequence[ContaminationKind]) -> list[SelfTest]:
        """Return the self-tests that are still to be run, for the kinds that remove."""
        return [test for test in self._tests(removing) if not test.out.exists()]

    def tested(self, removing: Sequence[ContaminationKind]) -> list[Path]:
        """Return the results of the self-tests, which have been run."""
        return [test.out for test in self._tests(removing)]

    def _tests(self, removing: Sequence[ContaminationKind]) -> list[SelfTest]:
        kinds = tuple(sorted(removing, key=lambda kind: kind.value))
        registered, own = self.plan.registered, self.plan.own
        aside = tuple(self.own_items(split) for split in own)
        key = value_sha256(
            {
                "index": self.kept_index.name,
                "removing": [kind.value for kind in kinds],
                "code": [code_sha256(*_SELF_TEST_CODE), dict(library_versions())],
            }
        )
        path = self.cache / f"{key[:32]}.self_test.parquet"
        # Another seed for the second: its clean rows are others.
        tests = (
            SelfTest(registered, self._all_kept_items, self.taken_index, kinds, 0, path),
            SelfTest(own, aside, self.own_index, kinds, 1, self.aside / "self_test.parquet"),
        )
        indices = self.indices()
        return [test for test in tests if test.index in indices]

    def told(self) -> list[dict[str, Any]]:
        """Return what is told of each benchmark: its items, its files, how many records they had.

        An own test split tells of those items alone that no registered benchmark of its name has.
        """
        split_of = self.plan.split_of
        found: dict[str, dict[str, Any]] = {}
        for each in self.plan.registered:
            told = told_of(self.kept_items(each))
            found[each.name] = {"benchmark": each.name, **told, "files_digest": each.digest}
        counts: Counter[str] = Counter()
        if self._indexed_own.exists():
            counts.update(read_table(self._indexed_own, ["benchmark"])["benchmark"].to_pylist())
        for split in self.plan.own:
            empty = {"benchmark": split.name, "items": 0, "files_digest": None}
            found.setdefault(split.name, empty)["items"] += counts[split.name]
        for name, source in split_of.items():
            found[name]["test_split_of"] = source
        return [found[name] for name in sorted(found)]

    def items_of(self, hits: pa.Table) -> pa.Table:
        """Return all items (`ITEMS`) of the benchmarks that `hits` (`CONTAMINATION`) name."""
        hit = set(pc.unique(hits["benchmark"]).to_pylist())
        parts = [self.kept_items(each) for each in self.plan.registered if each.name in hit]
        own = self._indexed_own
        return join_items([*parts, own] if own.exists() else parts)


def _hold_items(parts: Sequence[Path]) -> bool:
    return any(told_of(part)["items"] for part in parts)


def build_index_file(task: IndexItems) -> None:
    """Build an index."""
    items = join_items(task.parts)
    if task.known:
        items = without(items, join_items(task.known))
    if task.items is not None:
        write_table(items, task.items)
    save_index(build_index(items.combine_chunks()), task.out)


def run_test(test: SelfTest) -> None:
    """Write what a self-test finds (`arrow.CONTAMINATION_SELF_TEST`) to its `out`."""
    hidden = [
        (items, languages_of(benchmark))
        for benchmark, path in zip(test.benchmarks, test.items, strict=True)
        if len(items := join_items([path]))
    ]
    table = self_test(
        hidden,
        load_index(test.index),
        test.removing,
        most=SELF_TEST_ITEMS,
        rows=CLEAN_ROWS,
        seed=test.seed,
    )
    aside = test.out.with_name(f".aside-{uuid4().hex}")
    write_table(table, aside)
    aside.replace(test.out)


def joined_tests(paths: Sequence[Path], schema: pa.Schema) -> pa.Table:
    """Return the results of several self-tests as one table; what they count alike is added up."""
    table = pa.concat_tables([schema.empty_table(), *(read_table(path) for path in paths)])
    keys = ["benchmark", "guise", "length"]
    sums = table.group_by(keys, use_threads=False).aggregate([("items", "sum"), ("found", "sum")])
    named = sums.rename_columns({"items_sum": "items", "found_sum": "found"})
    return named.select(schema.names).cast(schema).sort_by([(name, "ascending") for name in keys])
