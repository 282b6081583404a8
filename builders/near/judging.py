"""What the verified pairs come to: duplicates, conflicts, counts, and whether too much would go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from medsmith.builders.near.corpus import read_facts
from medsmith.builders.near.rows import read_texts, within
from medsmith.builders.near.search import Search
from medsmith.builders.near.sketching import read_sketches
from medsmith.builders.near.verifying import compare_far_pairs
from medsmith.dedup.near.arrays import distinct
from medsmith.dedup.near.bands import shared_keys
from medsmith.dedup.near.clusters import Removals, cluster_sizes, duplicates_table, settle
from medsmith.dedup.near.conflicts import find_conflicts
from medsmith.dedup.near.edges import Edges
from medsmith.dedup.near.guard import Tally, stop_wipe_out
from medsmith.dedup.near.params import NearParams
from medsmith.dedup.norm import NORM_RULES
from medsmith.schema import arrow

Numbers = np.ndarray[Any, Any]

# A share of a handful says nothing: fewer removals than these are no wipe-out.
FEWEST = 20
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Judgement:
    """The tables and the report of a search, and the numbers of the rows that go (ascending)."""

    duplicates: pa.Table
    conflicts: pa.Table
    dropped: Numbers
    report: dict[str, Any]


def judge(
    search: Search, edges: Edges, counts: Sequence[Numbers], params: NearParams, limit: float
) -> Judgement:
    """Settle what goes under `params`.

    `counts` are the rows of each task that take part, for each part (of `mark_part`); `limit` is
    the share of a source or task that may go where its manifest allows no more. Raises `DataError`
    where more would.
    """
    setting, parts = search.setting, search.parts
    ranks = np.load(search.ranks, mmap_mode="r")
    removals, edges = settle(
        edges, ranks, params, lambda pairs: compare_far_pairs(setting, parts, pairs)
    )
    rows = distinct(np.concatenate([removals.dropped, removals.kept]))
    facts = read_facts(setting, parts, rows)
    placed = replace(
        removals,
        dropped=np.searchsorted(rows, removals.dropped),
        kept=np.searchsorted(rows, removals.kept),
    )
    duplicates = duplicates_table(placed, facts["id"].combine_chunks())
    tallies = _tallies(search, placed, facts, counts, limit)
    stop_wipe_out([tally for tally in tallies if tally.removed >= FEWEST])
    conflicts = find_all_conflicts(search, removals.dropped)
    shape = setting.shape
    report = {
        "rules": NORM_RULES,
        "threshold": params.threshold,
        "output_threshold": params.outputs_from,
        "containment": params.containment,
        "boilerplate_share": params.boilerplate_share,
        "bands": shape.bands,
        "rows_per_band": shape.rows,
        "compared_pairs": len(edges),
        "similar_pairs": int(edges.similar(params).sum()),
        "duplicates": len(duplicates),
        "conflicts": len(conflicts),
        "sources": _counted(tallies, "source"),
        "tasks": _counted(tallies, "task"),
        "largest_clusters": [
            {"keeper": facts["id"][row].as_py(), "size": size}
            for row, size in cluster_sizes(placed)
        ],
    }
    return Judgement(duplicates, conflicts, removals.dropped, report)


def _counted(tallies: Sequence[Tally], kind: str) -> dict[str, dict[str, int]]:
    return {
        tally.name: {"rows": tally.total, "removed": tally.removed}
        for tally in tallies
        if tally.kind == kind
    }


def _tallies(
    search: Search, removals: Removals, facts: pa.Table, counts: Sequence[Numbers], limit: float
) -> list[Tally]:
    """Return what each source and each task loses; `removals` number the rows of `facts`."""
    setting = search.setting
    tasks = setting.tasks
    totals = np.zeros(len(tasks), np.int64)
    for part, some in zip(search.parts, counts, strict=True):
        first = setting.first_task(part.source)
        totals[first : first + len(some)] += some
    numbers = facts["number"].to_numpy()[removals.dropped]
    removed = np.bincount(numbers, minlength=len(tasks))
    limits = np.array([max(task.max_removed or 0, limit) for task in tasks])
    found = []
    for number, source in enumerate(setting.sources):
        first = setting.first_task(number)
        of = slice(first, first + len(source.tasks))
        total = int(totals[of].sum())
        most = float((limits[of] * totals[of]).sum() / total) if total else limit
        inside = (numbers >= of.start) & (numbers < of.stop)
        clusters = _largest(removals, facts, inside)
        found.append(Tally("source", source.name, int(removed[of].sum()), total, most, clusters))
        for task in range(of.start, of.stop):
            name = tasks[task].scope.task
            if not name:  # foreign rows without scopes: the source is all there is
                continue
            clusters = _largest(removals, facts, numbers == task)
            share = float(limits[task])
            found.append(
                Tally("task", name, int(removed[task]), int(totals[task]), share, clusters)
            )
    return found


def _largest(removals: Removals, facts: pa.Table, wanted: Numbers) -> tuple[tuple[str, int], ...]:
    some = Removals(
        removals.dropped[wanted],
        removals.kept[wanted],
        removals.input_similarity[wanted],
        removals.output_similarity[wanted],
    )
    return tuple((facts["id"][row].as_py(), size) for row, size in cluster_sizes(some, 3))


def find_all_conflicts(search: Search, dropped: Numbers) -> pa.Table:
    """Return the conflicts among the rows that stay, with their outputs."""
    rows = _rows_of_shared_inputs(search, dropped)
    facts = read_facts(search.setting, search.parts, rows)
    found = find_conflicts(facts)
    if not len(found):
        return found
    wanted = pc.list_flatten(found["ids"]).combine_chunks()
    chosen = pc.is_in(facts["id"], value_set=wanted).to_numpy()
    table = read_texts([part.part for part in search.parts], rows[chosen], ("id", "output"))
    outputs = dict(zip(table["id"].to_pylist(), table["output"].to_pylist(), strict=True))
    filled = [[outputs[id] for id in ids] for ids in found["ids"].to_pylist()]
    field = arrow.CONFLICTS.field("outputs")
    index = arrow.CONFLICTS.get_field_index("outputs")
    return found.set_column(index, field, pa.array(filled, field.type))


def _rows_of_shared_inputs(search: Search, dropped: Numbers) -> Numbers:
    """Return the rows that stay and whose input another one of their task has, too."""
    keys, rows = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
    for part, marks in zip(search.parts, search.marks(), strict=True):
        table = read_sketches(part.sketches, ["task", "input_digest", "size", "boilerplate"])
        stays = np.load(marks)
        stays[within(dropped, part.part)] = False
        # Without any word an input asks nothing.
        stays &= (table["size"].to_numpy() > 0) | (table["boilerplate"].to_numpy() > 0)
        own = np.flatnonzero(stays)
        numbers = search.setting.tasks_of(part, table["task"])[own].astype(np.uint64)
        with np.errstate(over="ignore"):
            keys.append(table["input_digest"].to_numpy()[own] ^ (numbers * _GOLDEN))
        rows.append(own + part.part.first)
    return np.concatenate(rows)[shared_keys(np.concatenate(keys))]
