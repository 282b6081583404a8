"""Recall and precision of contamination detection: items in eleven guises among real medical text.

Rows are made of real sentences, run together at random; among them stand items of every benchmark
that is present, each distinct question once, in one of its guises. Told are, by guise, how many of
the injected items are found (the item itself or one whose text is the same), how many of the rows
are flagged at all, and the same for a plain rule beside it: any 13 words in a row. Corpora that
hold benchmark items are left out of the clean rows: see `contamination_matrix.py`.

    python benchmarks/contamination_recall.py --raw DIR [--rows 1000000] [--items 1000]
        [--samples 100] [--misses 5]

`--samples` prints flagged clean rows beside the item, to be judged by a reader, `--misses` what of
each guise was not found.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from contamination_stream import (
    HOLD_ITEMS,
    clean_sentences,
    groups,
    injected_cases,
    item_sets,
    stream,
    text_bytes,
)
from medsmith.builders.contamination.cache import open_cached_index, own_cache
from medsmith.builders.contamination.guises import GUISES, tokens
from medsmith.builders.contamination.self_test import Case
from medsmith.dedup.contamination import reduce_df, scan, score
from medsmith.dedup.contamination.tokens import Tokens, tokenise
from medsmith.manifests.policies import ContaminationPolicy

WORDS = 13
GOALS = {
    **dict.fromkeys(("verbatim", "case_and_punctuation", "rewrapped"), 1.0),
    **dict.fromkeys(("options_shuffled", "stem_only", "subject_line", "inside_note"), 0.99),
    "sentence_changed": 0.95,
    "first_part": 0.90,
}
REMOVING = {kind.value for kind in ContaminationPolicy().remove}
Hits = list[dict[str, Any]]


class AnyWords:
    """The plain rule: a row is flagged where it shares any 13 words in a row with an item."""

    def __init__(self, items: pa.Table) -> None:
        parts = [
            "\n".join((passage, question, *options))
            for passage, question, options in zip(
                *(items[name].to_pylist() for name in ("passage", "question", "options")),
                strict=True,
            )
        ]
        self._known = np.unique(_runs(tokenise(pa.array(parts, pa.large_string())))[0])
        self._bits = np.zeros(2**26, np.bool_)
        self._bits[self._known >> np.uint64(38)] = True

    def flagged(self, table: pa.Table) -> set[str]:
        """Return the ids of the rows flagged."""
        ids = table["id"].to_pylist()
        found: set[str] = set()
        for name in ("input", "output"):
            hashes, rows = _runs(tokenise(table[name]))
            some = np.flatnonzero(self._bits[hashes >> np.uint64(38)])
            hit = some[np.isin(hashes[some], self._known)]
            found.update(ids[row] for row in np.unique(rows[hit]).tolist())
        return found


def _runs(
    stream: Tokens,
) -> tuple[np.ndarray[Any, np.dtype[np.uint64]], np.ndarray[Any, np.dtype[np.int64]]]:
    """Return the hash of every run of 13 tokens within a text, and the text it stands in."""
    count = max(len(stream.hashes) - WORDS + 1, 0)
    total = np.zeros(count, np.uint64)
    for at in range(WORDS):
        total = total * np.uint64(0x9E3779B97F4A7C15) + stream.hashes[at : at + count]
    total = (total ^ (total >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    rows = np.repeat(np.arange(len(stream.offsets) - 1), np.diff(stream.offsets))
    inside = rows[:count] == rows[len(rows) - count :]
    return total[inside], rows[:count][inside]


def main() -> None:
    """Inject, look for the items, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--raw", type=Path, required=True)
    parser.add_argument("--benchmarks", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--items", type=int, default=1_000, help="of each benchmark, at most")
    parser.add_argument("--leave-out", nargs="*", default=HOLD_ITEMS, help="raw folders")
    parser.add_argument("--samples", type=int, default=0, help="flagged clean rows to print")
    parser.add_argument("--misses", type=int, default=0, help="misses of each guise to print")
    options = parser.parse_args()
    sets = item_sets(options.raw, options.benchmarks)
    items = pa.concat_tables([each.table for each in sets]).combine_chunks()
    index = open_cached_index(items, own_cache())
    twins = groups(items)
    injected = injected_cases(sets, twins, options.items)
    pool = clean_sentences(options.raw, options.leave_out)
    plain, plainly = AnyWords(items), set[str]()
    counts = np.zeros(index.grams, np.uint32)
    chosen, size, seen, seconds = [], 0, 0, 0.0
    for table in stream(pool, options.rows, injected):
        size += text_bytes(table)
        start = time.process_time()
        found = scan(index, table)
        seconds += time.process_time() - start
        counts += found.counts
        seen += found.texts
        chosen.append(table.take(pa.array(found.rows)))
        plainly |= plain.flagged(table)
    candidates = pa.concat_tables(chosen).combine_chunks()
    start = time.process_time()
    telling = reduce_df(index, [counts], seen)
    hits = score(index, telling, candidates).to_pylist()
    scoring = time.process_time() - start
    mega, peak = size / 1e6, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{options.rows + len(injected):,} rows ({mega:.0f} MB) against {len(items):,} items")
    print(
        f"scan {mega / seconds:.0f} MB/CPU-s; {len(candidates):,} rows scored in {scoring:.1f} "
        f"CPU-s; both {mega / (seconds + scoring):.0f} MB/CPU-s; peak memory {peak:.1f} GiB, "
        "sentences, candidates and the plain rule included"
    )
    removing = [hit for hit in hits if hit["kind"] in REMOVING]
    report(injected, removing, plainly, twins, options.misses)
    texts = dict(zip(candidates["id"].to_pylist(), candidates.to_pylist(), strict=True))
    flagged(removing, texts, plainly, options.rows, options.samples, items)


def report(
    injected: Sequence[Case],
    hits: Hits,
    plainly: set[str],
    twins: Mapping[tuple[str, str], bytes],
    misses: int,
) -> None:
    """Print recall by guise: of all items, and of those of 5–12 words."""
    by_row: dict[str, set[bytes]] = defaultdict(set)
    for hit in hits:
        by_row[hit["id"]].add(twins[hit["benchmark"], hit["item_id"]])
    counts: Counter[tuple[str, str, str]] = Counter()
    missed: dict[str, list[str]] = defaultdict(list)
    for number, case in enumerate(injected):
        assert case.item is not None
        words = tokens(case.item.question)
        length = "long" if words > 12 else "short" if words >= 5 else "shorter"
        row = str(number)
        found = twins[case.benchmark, case.item.id] in by_row[row]
        for name, value in (
            ("items", 1),
            ("found", found),
            ("flagged", bool(by_row[row])),
            ("plain", row in plainly),
        ):
            counts[case.guise, length, name] += value
        if not found:
            other = " (another item found)" if by_row[row] else ""
            text = " ".join(f"{case.row.input} ⇒ {case.row.output}".split())
            missed[case.guise].append(f"{case.benchmark} {case.item.id}{other}: {text[:400]}")
    header = ("guise", "goal", "items", "found", "row flagged", "any 13 words")
    more = ("5–12 words", "found", "any 13 words", "under 5 words", "found")
    print(f"\n| {' | '.join(header + more)} |\n|{'---|' * (len(header) + len(more))}")
    for guise in GUISES:
        cells = [guise, f"{GOALS[guise]:.2f}" if guise in GOALS else ""]
        long = Counter({n: sum(counts[guise, k, n] for k in _LENGTHS) for n in _COUNTS})
        cells += [f"{long['items']:,}", *(_share(long, n) for n in ("found", "flagged", "plain"))]
        for length, names in (("short", ("found", "plain")), ("shorter", ("found",))):
            some = Counter({n: counts[guise, length, n] for n in _COUNTS})
            cells += [f"{some['items']:,}", *(_share(some, n) for n in names)]
        print(f"| {' | '.join(cells)} |")
    for guise, texts in missed.items() if misses else ():
        print(f"\n{guise}: {len(texts)} not found")
        for text in random.Random(0).sample(texts, min(misses, len(texts))):
            print(f"- {text}")


_LENGTHS = ("long", "short", "shorter")
_COUNTS = ("items", "found", "flagged", "plain")


def _share(counts: Counter[str], name: str) -> str:
    return f"{counts[name] / counts['items']:.3f}" if counts["items"] else "–"


def flagged(
    hits: Hits,
    texts: Mapping[str, Mapping[str, str]],
    plainly: Iterable[str],
    rows: int,
    samples: int,
    items: pa.Table,
) -> None:
    """Print how many clean rows are flagged, and some of them with the item."""
    clean = {hit["id"]: hit for hit in reversed(hits) if hit["id"].startswith("c")}
    rivals = sum(row.startswith("c") for row in plainly)
    print(f"\nclean rows flagged: {len(clean):,} of {rows:,} ({len(clean) / rows:.4%})")
    print(f"by any 13 words: {rivals:,} ({rivals / rows:.2%})")
    by_item = {(row["benchmark"], row["item_id"]): row for row in items.to_pylist()}
    for hit in random.Random(1).sample(list(clean.values()), min(samples, len(clean))):
        text = texts[hit["id"]][hit["span_field"]]
        item = by_item[hit["benchmark"], hit["item_id"]]
        print(f"- {hit['kind']} {hit['score']:.2f} {hit['benchmark']} {hit['item_id']}")
        print(f"    row:  {_flat(text[hit['span_start'] : hit['span_end']])}")
        print(f"    item: {_flat(item['question'] or item['passage'])}")


def _flat(text: str, most: int = 300) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= most else f"{flat[:most]}…"


if __name__ == "__main__":
    main()
