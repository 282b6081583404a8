"""Recall of contamination detection: benchmark items in eleven guises among real medical text.

Rows are made of real sentences, run together at random; among them stand items of every benchmark
that is present, each once, in one of its guises. Told are recall by guise, the clean rows that are
flagged all the same (`--samples` prints some, to be judged by a reader), and the speed of both
passes on one thread. Corpora that hold benchmark items are left out of the clean rows: see
`contamination_matrix.py`.

    python benchmarks/contamination_recall.py --raw DIR [--rows 1000000] [--items 1000]
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
from medical_texts import sentences
from medsmith.builders.benchmarks import BenchmarkHome, present_items
from medsmith.builders.contamination.guises import GUISES
from medsmith.builders.contamination.passes import TEXTS, cached_index, own_cache
from medsmith.builders.contamination.self_test import Case, cases
from medsmith.builders.resolve import RawHome
from medsmith.dedup.contamination import load_index, reduce_df, scan, score
from medsmith.dedup.normalise import normalise_exact
from medsmith.manifests.policies import ContaminationPolicy

BATCH = 50_000
HOLD_ITEMS = (
    *("anatem", "bioasq", "frenchmedmcqa", "head_qa", "healthver", "igakuqa", "liveqa", "medec"),
    *("medical_meadow", "medmcqa", "medqa_dev_mediq", "mediqa2019_qa", "mediqa2019_rqe", "anem"),
    *("mediqa2021", "medquad", "meqsum", "mts_dialog", "ncbi_disease", "pubmedqa", "rumedbench"),
)


def batches(pool: list[str], injected: list[Case], rows: int) -> list[tuple[int, int, int]]:
    """Return (number, clean rows, first injected case) of each batch: cases are spread evenly."""
    count = -(-rows // BATCH)
    cuts = np.linspace(0, len(injected), count + 1).astype(int).tolist()
    return [(n, min(BATCH, rows - n * BATCH), cuts[n]) for n in range(count)]


def one_guise_each(found: Iterable[Case]) -> list[Case]:
    """Return one case for each distinct question, drawn at random, in random order."""
    by_question: dict[str, list[Case]] = defaultdict(list)
    for case in found:
        if case.item is not None:
            by_question[normalise_exact(case.item.question)].append(case)
    chance = random.Random(0)
    drawn = []
    for _, dressed in sorted(by_question.items()):
        guise = chance.choice(sorted({case.guise for case in dressed}))
        drawn.append(chance.choice([case for case in dressed if case.guise == guise]))
    chance.shuffle(drawn)
    return drawn


def texts(pool: list[str], number: int, clean: int, injected: list[Case], first: int) -> pa.Table:
    """Return one batch: clean rows with ids `c…`, injected ones with the number of their case."""
    chance = random.Random(number)
    made = [
        (
            f"c{number * BATCH + row}",
            " ".join(chance.choices(pool, k=chance.randint(1, 8))),
            chance.choice(pool),
        )
        for row in range(clean)
    ]
    made += [(str(first + i), case.row.input, case.row.output) for i, case in enumerate(injected)]
    chance.shuffle(made)
    columns = [pa.array(column, pa.string()) for column in zip(*made, strict=True)]
    return pa.table(columns, schema=TEXTS)


def main() -> None:
    """Inject, look for the items, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--raw", type=Path, required=True)
    parser.add_argument("--benchmarks", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--items", type=int, default=1_000, help="of each benchmark, at most")
    parser.add_argument("--leave-out", nargs="*", default=HOLD_ITEMS, help="raw folders")
    parser.add_argument("--samples", type=int, default=0, help="flagged clean rows to print")
    options = parser.parse_args()
    home = BenchmarkHome.find(options.benchmarks, RawHome(options.raw, named=True))
    sets = list(present_items(home))
    items = pa.concat_tables([each.table for each in sets])
    index = load_index(cached_index(items, own_cache()).path)
    folders = sorted(path for path in options.raw.iterdir() if path.is_dir())
    pool = sentences([path for path in folders if path.name not in options.leave_out])
    injected = one_guise_each(
        case
        for each in sets
        for case in cases(each.table, each.manifest.languages, options.items)
        if each.manifest
    )
    counts = np.zeros(index.grams, np.uint32)
    chosen, size, seen, seconds = [], 0, 0, 0.0
    plan = batches(pool, injected, options.rows)
    for place, (number, clean, first) in enumerate(plan):
        last = plan[place + 1][2] if place + 1 < len(plan) else len(injected)
        table = texts(pool, number, clean, injected[first:last], first)
        size += sum(table[field].nbytes for field in ("input", "output"))
        start = time.process_time()
        found = scan(index, table)
        seconds += time.process_time() - start
        counts += found.counts
        seen += found.texts
        chosen.append(table.take(pa.array(found.rows)))
    candidates = pa.concat_tables(chosen).combine_chunks()
    start = time.process_time()
    hits = score(index, reduce_df(index, [counts], seen), candidates).to_pylist()
    scoring = time.process_time() - start
    mega, peak = size / 1e6, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{options.rows + len(injected):,} rows ({mega:.0f} MB) against {len(items):,} items")
    print(
        f"scan {mega / seconds:.0f} MB/CPU-s; {len(candidates):,} rows scored in {scoring:.1f} "
        f"CPU-s; both {mega / (seconds + scoring):.0f} MB/CPU-s; peak memory {peak:.1f} GiB, "
        "sentences and candidates included"
    )
    report(injected, hits)
    flagged(hits, candidates, options.rows, options.samples, items)


def report(injected: list[Case], hits: list[dict[str, object]]) -> None:
    """Print recall by guise, of long and of short items."""
    removing = set(ContaminationPolicy().remove)
    by_row: dict[object, set[object]] = defaultdict(set)
    for hit in hits:
        if hit["kind"] in removing:
            by_row[hit["id"]].add(hit["benchmark"])
    counts, found = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for number, case in enumerate(injected):
        key = (case.guise, case.length)
        counts[key] += 1
        found[key] += case.benchmark in by_row[str(number)]
    print(f"{'guise':22}{'items':>8}{'recall':>8}{'short items':>13}{'recall':>8}")
    for guise in GUISES:
        cells = [(counts[guise, length], found[guise, length]) for length in ("long", "short")]
        shown = [(f"{n:,}", f"{hit / n:.3f}" if n else "-") for n, hit in cells]
        print(f"{guise:22}{shown[0][0]:>8}{shown[0][1]:>8}{shown[1][0]:>13}{shown[1][1]:>8}")


def flagged(
    hits: list[dict[str, object]], candidates: pa.Table, rows: int, samples: int, items: pa.Table
) -> None:
    """Print how many clean rows are flagged, and some of them with the item."""
    removing = set(ContaminationPolicy().remove)
    clean = [hit for hit in hits if str(hit["id"]).startswith("c") and hit["kind"] in removing]
    ids = {hit["id"] for hit in clean}
    print(f"clean rows flagged: {len(ids):,} of {rows:,} ({len(ids) / rows:.3%})")
    by_item = {(row["benchmark"], row["item_id"]): row for row in items.to_pylist()}
    where = {id: place for place, id in enumerate(candidates["id"].to_pylist())}
    for hit in random.Random(1).sample(clean, min(samples, len(clean))):
        text = candidates[str(hit["span_field"])][where[hit["id"]]].as_py()
        item = by_item[hit["benchmark"], hit["item_id"]]
        print(f"- {hit['kind']} {hit['score']:.2f} {hit['benchmark']} {hit['item_id']}")
        print(f"    row:  {text[hit['span_start'] : hit['span_end']][:300]}")
        print(f"    item: {' '.join(item['question'].split())[:300]}")


if __name__ == "__main__":
    main()
