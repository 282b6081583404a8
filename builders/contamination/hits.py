"""Contamination hits with both texts, for those who look at them where the texts may be seen.

A stage or a stand-alone run leaves, beside its table of hits, a folder `review` with the items and
the instances concerned. It never enters a release.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from medsmith.builders.parquet import read_table, write_table
from medsmith.schema import ContaminationKind, UserError

TABLE = "contamination.parquet"
REVIEW = "review"
_ITEMS = "items.parquet"
_TEXTS = "texts.parquet"
# Where the table may stand below a folder that is named to a command.
_PLACES = ("contamination", ".", "release/evidence", "evidence")
_KINDS = tuple(kind.value for kind in ContaminationKind)
_AROUND = 240


@dataclass(frozen=True)
class Hit:
    """One hit; `item` and `text` are None where the texts are not at hand."""

    row: dict[str, Any]
    item: dict[str, Any] | None
    text: dict[str, Any] | None


@dataclass(frozen=True)
class Hits:
    """The hits of a build or of a stand-alone run, and where they were found."""

    home: Path
    table: pa.Table

    def chosen(
        self,
        benchmarks: Sequence[str] = (),
        kinds: Sequence[str] = (),
        min_score: float = 0.0,
        ids: Sequence[str] = (),
    ) -> pa.Table:
        """Return the hits wanted, by benchmark, kind and falling score; all where none is named."""
        table = self.table
        for column, wanted in (("benchmark", benchmarks), ("kind", kinds), ("id", ids)):
            if wanted:
                values = pa.array(list(wanted), pa.string())
                table = table.filter(pc.is_in(table[column], value_set=values))
        table = table.filter(pc.greater_equal(table["score"], min_score))
        rank = pc.index_in(table["kind"], value_set=pa.array(_KINDS))
        order = [("benchmark", "ascending"), ("rank", "ascending"), ("score", "descending")]
        order += [("id", "ascending"), ("item_id", "ascending")]
        return table.append_column("rank", rank).sort_by(order).drop_columns(["rank"])

    def with_texts(self, table: pa.Table) -> Iterator[Hit]:
        """Yield the hits of `table` in its order, each with the texts that are at hand."""
        items = self._texts(_ITEMS, "item_id", table["item_id"])
        by_item = {(row["benchmark"], row["item_id"]): row for row in items}
        texts = {row["id"]: row for row in self._texts(_TEXTS, "id", table["id"])}
        for row in table.to_pylist():
            yield Hit(row, by_item.get((row["benchmark"], row["item_id"])), texts.get(row["id"]))

    def _texts(self, name: str, key: str, wanted: pa.ChunkedArray) -> list[dict[str, Any]]:
        path = self.home / REVIEW / name
        if not path.exists():
            return []
        table = read_table(path)
        rows: list[dict[str, Any]] = table.filter(
            pc.is_in(table[key], value_set=pc.unique(wanted))
        ).to_pylist()
        return rows


def find_hits(directory: Path) -> Hits | None:
    """Return the hits of a build folder, a release or a stand-alone result; None if it has none."""
    homes = [directory / place for place in _PLACES]
    # A release stands within the build folder, which may still have the texts.
    homes = [directory.parent / "contamination", *homes] if directory.name == "release" else homes
    for home in homes:
        if (home / TABLE).is_file():
            return Hits(home, read_table(home / TABLE))
    return None


def open_hits(directory: Path) -> Hits:
    """Return the hits in `directory`; raises `UserError` where there is no table of them."""
    found = find_hits(directory)
    if found is None:
        raise UserError(
            f"{directory} holds no {TABLE}.",
            "Give a folder that `medsmith build` or `medsmith decontaminate` wrote.",
        )
    return found


def write_review(folder: Path, hits: pa.Table, items: pa.Table | None, texts: pa.Table) -> None:
    """Write, for reviewers, those of `items` (`ITEMS`) that were hit, and the `texts` hit.

    `items` is None where no benchmark was there.
    """
    (folder / REVIEW).mkdir()
    write_table(texts, folder / REVIEW / _TEXTS)
    if items is not None:
        hit = pc.is_in(_keys(items), value_set=pc.unique(_keys(hits)))
        write_table(items.filter(hit), folder / REVIEW / _ITEMS)


def _keys(table: pa.Table) -> pa.ChunkedArray:
    """Return one key a row, of benchmark and item id together."""
    return pc.binary_join_element_wise(table["benchmark"], table["item_id"], "\x1f")


def told_of_hits(hits: pa.Table, *, by_source: bool) -> dict[str, Any]:
    """Return counts: instances by their strongest kind of hit, and hits by benchmark and kind.

    `by_source` counts the hits by source too, whose key an instance's id begins with.
    """
    rows = hits.select(["id", "benchmark", "kind"]).to_pylist()
    strongest: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: _KINDS.index(row["kind"])):
        strongest.setdefault(row["id"], row["kind"])
    names = ("source", "benchmark", "kind") if by_source else ("benchmark", "kind")
    for row in rows:
        row["source"] = row["id"].rpartition("-")[0]
    cells = Counter(tuple(row[name] for name in names) for row in rows)
    return {
        "instances": dict(sorted(Counter(strongest.values()).items())),
        "hits": [
            {**dict(zip(names, key, strict=True)), "hits": count}
            for key, count in sorted(cells.items())
        ],
    }


def marked(hit: Hit) -> tuple[str, str, str]:
    """Return the hit's part of the instance in three: before its span, the span, behind it.

    Of long texts, only what is around the span.
    """
    assert hit.text is not None
    text = hit.text[hit.row["span_field"]]
    start, end = hit.row["span_start"], hit.row["span_end"]
    first, last = max(start - _AROUND, 0), min(end + _AROUND, len(text))
    before = ("… " if first else "") + text[first:start]
    return before, text[start:end], text[end:last] + (" …" if last < len(text) else "")


def item_text(item: dict[str, Any]) -> str:
    """Return an item as text: passage, question, options and answer, as far as it has them."""
    lines = [f"Passage: {_shortened(item['passage'])}"] if item["passage"] else []
    lines += [item["question"]] if item["question"] else []
    lines += [f"  - {option}" for option in item["options"]]
    lines += [f"Answer: {_shortened(item['answer'])}"] if item["answer"] else []
    return "\n".join(lines)


def _shortened(text: str, most: int = 1_000) -> str:
    return text if len(text) <= most else f"{text[:most]} … ({len(text):,} characters)"
