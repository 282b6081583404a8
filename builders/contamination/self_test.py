"""How much of what it looks for contamination detection finds: items injected in eleven guises.

Items of each benchmark are dressed up (`guises`) and looked for as in any build. The share that is
found of a guise is its recall; hits on invented rows that hold no item are false alarms.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from medsmith.builders.contamination.guises import GUISES, Row, clean_row, dress, is_bare, is_short
from medsmith.builders.contamination.passes import TEXTS, Telling
from medsmith.dedup.contamination import ITEMS, Index, Item, reduce_df, scan, score
from medsmith.dedup.normalise import normalise_exact
from medsmith.schema import ContaminationKind, arrow

CLEAN = "clean"
CLEAN_ROWS = 600
_ROWS_AT_ONCE = 5_000


@dataclass(frozen=True)
class Case:
    """An injected row, and the item that must be found in it; None in a clean row."""

    row: Row
    guise: str
    benchmark: str = ""
    item: Item | None = None

    @property
    def length(self) -> str:
        """`short` where the item's question has at most twelve words."""
        return "short" if self.item is not None and is_short(self.item) else "long"


def clean_cases(rows: int = CLEAN_ROWS, seed: int = 0) -> list[Case]:
    """Return invented rows that hold no item of any benchmark."""
    return [Case(clean_row(number, seed), CLEAN) for number in range(rows)]


def cases(items: pa.Table, languages: Sequence[str], most: int, seed: int = 0) -> list[Case]:
    """Return up to `most` items of one benchmark (`ITEMS`) in every guise that they can wear.

    Which are taken follows from a hash of their ids. Those without a question are left out: they
    are asked of a passage, whose finding says nothing about guises.
    """
    asked = items.filter(pc.not_equal(pc.utf8_trim_whitespace(items["question"]), ""))
    shared = _shared_questions(asked)
    found = []
    for item in _sample(asked, most, seed):
        bound = item.question in shared or is_bare(item)
        for guise in GUISES:
            row = dress(item, guise, seed, languages, bound=bound)
            if row is not None:
                found.append(Case(row, guise, items["benchmark"][0].as_py(), item))
    return found


def _shared_questions(items: pa.Table) -> set[str]:
    """Return the questions that a benchmark asks of several passages, without options."""
    plain = items.filter(pc.equal(pc.list_value_length(items["options"]), 0))
    pairs = plain.group_by(["question", "passage"], use_threads=False).aggregate([])
    times = Counter(pairs["question"].to_pylist())
    return {question for question, count in times.items() if count > 1}


def self_test(
    benchmarks: Sequence[tuple[pa.Table, Sequence[str]]],
    index: Index,
    removing: Sequence[ContaminationKind],
    *,
    most: int,
    rows: int,
    seed: int = 0,
) -> pa.Table:
    """Return what is found in a stream of its own (`arrow.CONTAMINATION_SELF_TEST`).

    `benchmarks` are their items (`ITEMS`), all of which `index` holds, and their languages; of
    each, up to `most` items are hidden among `rows` clean rows. These alone say which n-grams are
    stock phrases: hundreds of copies of one item are no stream that anybody trains on.
    """
    injected = clean_cases(rows, seed)
    found = scan(index, texts_of(injected))
    telling = reduce_df(index, [found.counts], found.texts)
    for items, languages in benchmarks:
        injected += cases(items, languages, most, seed)
    tables = [ITEMS.empty_table(), *(items for items, _ in benchmarks)]
    return measure(index, telling, injected, removing, pa.concat_tables(tables))


def _sample(items: pa.Table, most: int, seed: int) -> list[Item]:
    ids = items["item_id"].to_pylist()
    ranks = [blake2b(f"{seed}\x1f{id}".encode(), digest_size=8).digest() for id in ids]
    chosen = sorted(range(len(ids)), key=lambda place: (ranks[place], place))[:most]
    rows = items.take(pa.array(chosen, pa.int64())).to_pylist()
    return [
        Item(row["item_id"], row["question"], tuple(row["options"]), row["answer"], row["passage"])
        for row in rows
    ]


def measure(
    index: Index,
    telling: Telling,
    injected: Sequence[Case],
    removing: Sequence[ContaminationKind],
    items: pa.Table,
) -> pa.Table:
    """Return what is found of the cases (`arrow.CONTAMINATION_SELF_TEST`).

    Hits of the kinds in `removing` count. An item is found where itself is, or one of `items`
    (`ITEMS`) of the same benchmark whose question is the same.
    """
    counts: Counter[tuple[str, str, str]] = Counter()
    found: Counter[tuple[str, str, str]] = Counter()
    same = _same_questions(items)
    for start in range(0, len(injected), _ROWS_AT_ONCE):
        some = injected[start : start + _ROWS_AT_ONCE]
        hits = _hits(index, telling, some, removing)
        for place, case in enumerate(some):
            key = (case.benchmark, case.guise, case.length)
            counts[key] += 1
            held = hits.get(place, set())
            if case.item is None:
                found[key] += bool(held)
            else:
                twins = same.get((case.benchmark, normalise_exact(case.item.question)), set())
                found[key] += not held.isdisjoint(twins | {(case.benchmark, case.item.id)})
    rows = [
        dict(zip(arrow.CONTAMINATION_SELF_TEST.names, (*key, count, found[key]), strict=True))
        for key, count in sorted(counts.items())
    ]
    return pa.Table.from_pylist(rows, schema=arrow.CONTAMINATION_SELF_TEST)


def _same_questions(items: pa.Table) -> dict[tuple[str, str], set[tuple[str, str]]]:
    same: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    columns = (items[name].to_pylist() for name in ("benchmark", "item_id", "question"))
    for benchmark, id, question in zip(*columns, strict=True):
        same[benchmark, normalise_exact(question)].add((benchmark, id))
    return same


def texts_of(injected: Sequence[Case]) -> pa.Table:
    """Return the cases as texts to be scanned (`TEXTS`); a row's id is its place."""
    ids = pa.array([str(place) for place in range(len(injected))], pa.string())
    inputs = pa.array([case.row.input for case in injected], pa.string())
    outputs = pa.array([case.row.output for case in injected], pa.string())
    return pa.table([ids, inputs, outputs], schema=TEXTS)


def _hits(
    index: Index, telling: Telling, injected: Sequence[Case], removing: Sequence[ContaminationKind]
) -> dict[int, set[tuple[str, str]]]:
    """Return the items (benchmark, id) that are found in the rows, by their places."""
    texts = texts_of(injected)
    chosen = scan(index, texts).rows
    hits: dict[int, set[tuple[str, str]]] = defaultdict(set)
    kinds = {kind.value for kind in removing}
    for row in score(index, telling, texts.take(pa.array(chosen))).to_pylist():
        if row["kind"] in kinds:
            hits[int(row["id"])].add((row["benchmark"], row["item_id"]))
    return hits


def summary(table: pa.Table) -> dict[str, Any]:
    """Return recall by guise, over all benchmarks and for each, and the share of false alarms."""
    rows = table.to_pylist()
    clean = [row for row in rows if row["guise"] == CLEAN]
    injected = [row for row in rows if row["guise"] != CLEAN]
    names = sorted({row["benchmark"] for row in injected})
    by_name = {
        name: _recalls([row for row in injected if row["benchmark"] == name]) for name in names
    }
    return {
        "clean_rows": sum(row["items"] for row in clean),
        "false_alarms": sum(row["found"] for row in clean),
        "recall": _recalls(injected),
        "recall_short": _recalls([row for row in injected if row["length"] == "short"]),
        "benchmarks": by_name,
    }


def _recalls(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    found = {}
    for guise in GUISES:
        mine = [row for row in rows if row["guise"] == guise]
        if items := sum(row["items"] for row in mine):
            hits = sum(row["found"] for row in mine)
            found[guise] = {"items": items, "found": hits, "recall": round(hits / items, 4)}
    return found
