"""Second pass: which items do the chosen training texts hold, where, and by what kind of hit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa
from medsmith.dedup.contamination import rules
from medsmith.dedup.contamination.beside import Place, Surroundings
from medsmith.dedup.contamination.grams import covered_by
from medsmith.dedup.contamination.index import Index
from medsmith.dedup.contamination.patterns import ANSWER, PASSAGE, STEM, U8, Bools
from medsmith.dedup.contamination.scan import FIELDS, TOP_LEVEL
from medsmith.dedup.contamination.tokens import Tokens, tokenise
from medsmith.dedup.kernels import _match
from medsmith.schema import ContaminationKind, arrow

# A row that holds more items than this is reported with the best of them.
MAX_ITEMS_PER_ROW = 32

# The kernel's record of a pattern found in a text (`Match` in match_compare.h).
MATCH = np.dtype(
    [
        (name, np.uint32)
        for name in (
            *("text", "pattern", "start", "end", "covered", "bag", "total"),
            *("n_covered", "n_telling", "n_all", "n_runs", "lead", "head_missing", "length"),
        )
    ]
)

_RANK = {kind: rank for rank, kind in enumerate(ContaminationKind)}


@dataclass(frozen=True)
class _Found:
    """A pattern found in a text; `alone`: it needs nothing beside it; `score`: share found."""

    place: Place
    kind: int
    pattern: int
    score: float
    in_order: float
    words: float
    length: float
    whole: bool
    common: bool
    alone: bool


@dataclass
class _Parts:
    """What of one item was found in one row: the best match of each kind."""

    best: dict[int, _Found] = field(default_factory=dict)

    def add(self, found: _Found) -> None:
        other = self.best.get(found.kind)
        if other is None or (found.alone, found.score) > (other.alone, other.score):
            self.best[found.kind] = found


def score(index: Index, telling: U8, table: pa.Table) -> pa.Table:
    """Return the hits (`CONTAMINATION`) of the rows of `table` (columns id, input, output).

    `telling` (u8[grams]) is what `reduce_df` gave. Of each item a row has at most one hit, of the
    strongest kind; rows in the order given, hits by kind, score, benchmark and item.
    """
    levels, common = pattern_levels(index, telling)
    fields = tuple(tokenise(table[name]) for name in FIELDS)
    around = Surroundings(index, fields)
    found = [
        each
        for number, tokens in enumerate(fields)
        for each in _find(index, telling, levels, common, number, tokens)
    ]
    found.sort(key=lambda each: each.place.row)
    hits: list[dict[str, Any]] = []
    texts = {name: table[name] for name in ("id", *FIELDS)}
    for row, group in groupby(found, key=lambda each: each.place.row):
        hits += _row_hits(index, around, fields, texts, row, list(group))
    return pa.Table.from_pylist(hits, schema=arrow.CONTAMINATION)


def pattern_levels(index: Index, telling: U8) -> tuple[U8, Bools]:
    """Return how telling each token of each pattern is, and which patterns are common throughout.

    A token is as telling as the best n-gram that covers it. In each pattern the best token is put
    at `TOP_LEVEL`; the pattern is common where that was not so before: every part of it, if not all
    of it, stands in many texts.
    """
    levels = np.zeros(len(index.tokens), np.uint8)
    if not index.grams:
        return levels, np.zeros(len(index.kind), np.bool_)
    of_token = np.where(index.gram >= 0, telling[index.gram], 0)
    for level in np.unique(telling[telling > 0]):
        levels[covered_by(of_token == level, index.run)] = level
    lengths = np.diff(index.offsets)
    best = np.maximum.reduceat(np.append(levels, 0), index.offsets[:-1]) if len(lengths) else levels
    raised = levels * (TOP_LEVEL // np.maximum(np.repeat(best, lengths), 1)).astype(np.uint8)
    return raised, best < TOP_LEVEL


def _find(
    index: Index, telling: U8, levels: U8, common: Bools, field_number: int, tokens: Tokens
) -> Iterator[_Found]:
    data = _match.compare(
        index.filter,
        index.table,
        index.post_offsets,
        index.post_pattern,
        index.post_at,
        telling,
        index.tokens,
        index.run,
        index.offsets,
        index.heads,
        index.rarity * levels,
        levels,
        tokens.hashes,
        tokens.wide,
        tokens.offsets,
        rules.LEAST_COVERED,
        rules.LEAST_BAG,
    )
    matches = np.frombuffer(data, MATCH)
    kind = index.kind[matches["pattern"]]
    seen = _seen(index, matches)
    alone = np.select(
        [kind == STEM, kind == PASSAGE, kind == ANSWER],
        [rules.is_stem(seen), rules.is_passage(seen), rules.is_answer(seen)],
    ).astype(np.bool_)
    kept = alone | ((kind == STEM) & rules.is_supported_stem(seen))
    kept |= (kind == PASSAGE) & seen.whole
    # Word for word and long, a stem found in many texts was copied into them.
    long_whole = seen.whole & (seen.words >= rules.LONG_STEM)
    for i in np.flatnonzero(kept):
        match = matches[i]
        place = Place(field_number, int(match["text"]), int(match["start"]), int(match["end"]))
        yield _Found(
            place=place,
            kind=int(kind[i]),
            pattern=int(match["pattern"]),
            score=_rounded(match["bag"], match["total"]),
            in_order=float(seen.in_order[i]),
            words=float(seen.words[i]),
            length=float(seen.length[i]),
            whole=bool(seen.whole[i]),
            common=bool(common[match["pattern"]] & ~long_whole[i]),
            alone=bool(alone[i]),
        )


def _seen(index: Index, matches: np.ndarray[Any, Any]) -> rules.Seen:
    patterns = matches["pattern"]
    worth = index.word_worth[patterns]
    lengths = np.diff(index.offsets)[patterns]
    heads = index.heads[patterns]
    return rules.Seen(
        length=matches["n_telling"] / TOP_LEVEL * worth,
        found=matches["n_covered"] / TOP_LEVEL * worth,
        in_order=matches["covered"] / matches["total"],
        any_order=matches["bag"] / matches["total"],
        run=matches["n_all"] / matches["n_runs"] * worth,
        opening=(matches["lead"] == 0) & (matches["n_runs"] == 1),
        whole=np.where(heads > 0, matches["head_missing"] == 0, matches["n_all"] == lengths),
        no_head=heads == 0,
        words=lengths * worth,
        dense=matches["n_all"] / (matches["end"] - matches["start"]),
        last=matches["end"] == matches["length"],
        filled=matches["end"] - matches["start"] == matches["length"],
        free=index.free[patterns],
    )


def _rounded(part: np.uint32, total: np.uint32) -> float:
    return int(part) * 10_000 // int(total) / 10_000


def _row_hits(
    index: Index,
    around: Surroundings,
    fields: tuple[Tokens, ...],
    texts: dict[str, pa.ChunkedArray],
    row: int,
    found: list[_Found],
) -> list[dict[str, Any]]:
    parts: dict[int, _Parts] = {}
    for each in found:
        for item in index.owners[each.pattern].tolist():
            parts.setdefault(item, _Parts()).add(each)
    hits = []
    for item, part in parts.items():
        judged = _judge(index, around, item, part.best)
        if judged:
            hits.append((*judged, item))
    names = index.names
    rows = [
        {
            "id": texts["id"][row].as_py(),
            "benchmark": names["benchmark"][item].as_py(),
            "item_id": names["item_id"][item].as_py(),
            "kind": kind.value,
            "score": each.score,
            **_span(fields, texts, each.place),
        }
        for kind, each, item in sorted(hits, key=lambda hit: (_RANK[hit[0]], -hit[1].score))
    ]
    rows.sort(key=lambda hit: (_RANK[hit["kind"]], -hit["score"], hit["benchmark"], hit["item_id"]))
    return rows[:MAX_ITEMS_PER_ROW]


def _judge(
    index: Index, around: Surroundings, item: int, best: dict[int, _Found]
) -> tuple[ContaminationKind, _Found] | None:
    stem, passage, answer = best.get(STEM), best.get(PASSAGE), best.get(ANSWER)
    if stem:
        kind = _stem_kind(index, around, item, stem, passage)
        if kind:
            return kind, stem
    if passage and passage.alone:
        return ContaminationKind.CONTEXT, passage
    if answer and answer.alone:
        return ContaminationKind.ANSWER, answer
    return None


def _stem_kind(
    index: Index, around: Surroundings, item: int, stem: _Found, passage: _Found | None
) -> ContaminationKind | None:
    """Return by what kind of hit an item's stem makes the row one, if it does."""
    exact = stem.whole and around.is_all(item, stem.place, passage.place if passage else None)
    # A question asked of many passages, or found in many texts, does not tell which item this is.
    asks_options = index.has_options(item)
    template = index.template[item] and not asks_options
    # A few words that an item asks of its options are anybody's where these are not beside them,
    # and so are more where other options are.
    own = stem.alone and (exact or stem.length >= rules.FEW_TELLING)
    if stem.words < rules.LISTED_STEM:
        own &= not around.asks_for_others(item, stem.place)
    alone = (
        not template and (own or not asks_options) and (exact or (stem.alone and not stem.common))
    )
    beside = passage is not None and (stem.alone or stem.whole)
    if not alone and not beside and not around.supports(item, stem.place):
        return None
    if exact:
        return ContaminationKind.EXACT
    return ContaminationKind.QUESTION if stem.in_order >= rules.QUOTED else ContaminationKind.NEAR


def _span(
    fields: tuple[Tokens, ...], texts: dict[str, pa.ChunkedArray], place: Place
) -> dict[str, Any]:
    """Return the matched span, in characters of the original text."""
    name, tokens = FIELDS[place.field], fields[place.field]
    data = texts[name][place.row].as_py().encode()
    first = tokens.offsets[place.row]
    start = int(tokens.starts[first + place.start])
    end = int(tokens.ends[first + place.end - 1])
    before = len(data[:start].decode(errors="replace"))
    return {
        "span_field": name,
        "span_start": before,
        "span_end": before + len(data[start:end].decode(errors="replace")),
    }
