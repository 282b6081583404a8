"""Contamination matrix: which raw corpora hold items of which benchmarks, by kind of hit.

Sources with a converter give their train and validation instances. Of other raw folders, the texts
are read loosely: each record of a table or a JSON file, each passage of a text, is one row. The
self-tests of `medsmith benchmarks` tell what such a search finds; this tells what is there.

    python benchmarks/contamination_matrix.py --raw DIR [--benchmarks DIR] [--samples N]

`--samples N` prints N hits of every cell with both texts, to be judged by a reader.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import random
import sys
import tarfile
import tempfile
import time
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import pyarrow as pa
import pyarrow.compute as pc
from medsmith.builders.benchmarks import BenchmarkHome, present_items
from medsmith.builders.contamination.cache import open_cached_index, own_cache
from medsmith.builders.contamination.passes import TEXTS
from medsmith.builders.engine import make_engine
from medsmith.builders.parquet import read_table
from medsmith.builders.pipeline import build
from medsmith.builders.progress import Reporter
from medsmith.builders.resolve import RawHome, raw_present, source_input, source_unit
from medsmith.builders.stages import STAGES
from medsmith.converters.core import registry
from medsmith.dedup.contamination import reduce_df, scan, score
from medsmith.schema import ContaminationKind, Split

csv.field_size_limit(2**31 - 1)
KINDS = [kind.value for kind in ContaminationKind]
LEAST_CHARACTERS = 12


def converted(home: RawHome, work: Path, workers: int) -> Iterator[tuple[str, pa.Table]]:
    """Yield each source that has raw files, with its train and validation texts."""
    names = [n for n in registry.source_names() if raw_present(registry.load(n).manifest, home)]
    units = [source_unit(source_input(name, home, sample=False), work, 1, 0) for name in names]
    engine = make_engine(workers)
    try:
        build(units, engine, Reporter(), stages=[s for s in STAGES if s.name == "convert"])
    finally:
        engine.close()
    for unit in units:
        shards = sorted(unit.stage("convert").glob("instances-*.parquet"))
        table = pa.concat_tables([read_table(path, [*TEXTS.names, "split"]) for path in shards])
        yield (
            unit.name,
            table.filter(pc.not_equal(table["split"], Split.TEST.value)).select(TEXTS.names),
        )


def loose(folder: Path) -> pa.Table:
    """Return the texts of a raw folder without a converter (`TEXTS`, with empty outputs)."""
    rows = [
        (f"{path.relative_to(folder)}#{number}", text)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for number, text in enumerate(_texts(path.name, path.read_bytes()), start=1)
        if len(text) >= LEAST_CHARACTERS
    ]
    columns = [[id for id, _ in rows], [text for _, text in rows], [""] * len(rows)]
    return pa.table([pa.array(column, pa.string()) for column in columns], schema=TEXTS)


def _texts(name: str, data: bytes) -> Iterator[str]:
    """Yield the records of a file, each as one text; those of an archive's members."""
    kind = name.rpartition(".")[2].lower()
    if kind == "zip":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.namelist():
                yield from _texts(member, archive.read(member))
    elif name.endswith((".tar.gz", ".tgz")):
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            for entry in tar:
                file = tar.extractfile(entry) if entry.isfile() else None
                yield from _texts(entry.name, file.read()) if file else ()
    elif kind == "xlsx":
        yield from _sheets(data)
    elif kind in ("xml", "nxml"):
        yield from _elements(data)
    elif kind in ("json", "jsonl", "txt", "csv", "tsv", "text"):
        yield from _plain(kind, data.decode("utf-8", "replace"))


def _plain(kind: str, text: str) -> Iterator[str]:
    if kind in ("json", "jsonl"):
        values = list(_json(text))
        records = values[0] if len(values) == 1 else values
        if isinstance(records, dict):
            lists = [value for value in records.values() if isinstance(value, list)]
            records = lists[0] if len(lists) == 1 else list(records.values())
        for record in records if isinstance(records, list) else [records]:
            yield "\n".join(_strings(record))
    elif kind in ("csv", "tsv") and _is_table(text, kind):
        for row in csv.reader(io.StringIO(text), delimiter="," if kind == "csv" else "\t"):
            yield "\n".join(cell for cell in row if cell.strip())
    elif kind == "tsv" or text.count("\t") > text.count("\n") / 2:
        yield from _tokens(text)
    else:
        yield from text.split("\n\n") if "\n\n" in text else text.splitlines()


def _is_table(text: str, kind: str) -> bool:
    """Tell whether lines are records, rather than one token each."""
    return kind == "csv" or len(text) > 60 * (text.count("\n") + 1)


def _tokens(text: str) -> Iterator[str]:
    """Yield the sentences of a file with one token a line, or of lines that end in a text."""
    words: list[str] = []
    for line in [*text.splitlines(), ""]:
        cells = line.split()
        if 0 < len(cells) <= 4 and len(line) < 60:
            words.append(cells[0])
        elif cells:
            yield " ".join(cells)
        elif words:
            yield " ".join(words)
            words = []


def _json(text: str) -> Iterator[Any]:
    try:
        yield json.loads(text)
    except ValueError:
        for line in text.splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                continue


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)


def _sheets(data: bytes) -> Iterator[str]:
    from openpyxl import load_workbook

    for sheet in load_workbook(io.BytesIO(data), read_only=True).worksheets:
        for row in sheet.iter_rows(values_only=True):
            yield "\n".join(str(cell) for cell in row if cell is not None)


def _elements(data: bytes) -> Iterator[str]:
    """Yield the text of each innermost element that holds running text."""
    from defusedxml.ElementTree import fromstring

    try:
        root: Element = fromstring(data, forbid_dtd=False)
    except Exception as error:
        print(f"(an XML file cannot be read: {type(error).__name__})", file=sys.stderr)
        return
    for element in root.iter():
        text = " ".join("".join(element.itertext()).split())
        if element.text and element.text.strip() and text:
            yield text


def report(cells: dict[tuple[str, str], Counter[str]], rows: dict[str, int]) -> None:
    """Print the matrix as a table: hits by kind, in the order of `KINDS`."""
    benchmarks = sorted({benchmark for _, benchmark in cells})
    print(f"\nHits as {'/'.join(KINDS)}; a dot: none.\n")
    print("| source | rows | " + " | ".join(benchmarks) + " |")
    print("|---" * (len(benchmarks) + 2) + "|")
    for source, count in rows.items():
        shown = [_cell(cells.get((source, benchmark))) for benchmark in benchmarks]
        if any(cell != "." for cell in shown):
            print(f"| {source} | {count:,} | " + " | ".join(shown) + " |")
    hit = {source for source, _ in cells}
    empty = [f"{source} ({count:,})" for source, count in rows.items() if source not in hit]
    print(f"\nWithout any hit (rows): {', '.join(empty)}.")


def _cell(counts: Counter[str] | None) -> str:
    return "/".join(str(counts[kind]) for kind in KINDS) if counts else "."


def show(hits: list[dict[str, Any]], texts: pa.Table, items: dict[Any, Any], samples: int) -> None:
    """Print some hits of each cell, with both texts."""
    by_cell: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for hit in hits:
        by_cell[hit["benchmark"], hit["kind"]].append(hit)
    for (benchmark, kind), found in sorted(by_cell.items()):
        for hit in random.Random(0).sample(found, min(samples, len(found))):
            row = texts.filter(pc.equal(texts["id"], hit["id"])).to_pylist()[0]
            text = row[hit["span_field"]]
            span = text[hit["span_start"] : hit["span_end"]]
            item = items[benchmark, hit["item_id"]]
            print(f"--- {benchmark} {kind} {hit['score']:.2f} {hit['id']} ~ {hit['item_id']}")
            print(f"  row:  {_flat(span)}")
            print(
                f"  item: {_flat(item['question'])} | {item['options'][:4]} | {item['answer'][:90]}"
                f" | passage: {_flat(item['passage'])[:200]}"
            )


def _flat(text: str, most: int = 420) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= most else f"{flat[:most]}…"


def main(arguments: Iterable[str] | None = None) -> None:
    """Run the matrix and print it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--raw", type=Path, required=True)
    parser.add_argument("--benchmarks", type=Path)
    parser.add_argument("--work", type=Path, help="keep the converted instances here")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--samples", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=[], help="these raw folders alone")
    options = parser.parse_args(list(arguments) if arguments is not None else None)
    home = RawHome(options.raw, named=True)
    sets = list(present_items(BenchmarkHome.find(options.benchmarks, home)))
    items = pa.concat_tables([each.table for each in sets])
    index = open_cached_index(items, own_cache())
    by_item = {(row["benchmark"], row["item_id"]): row for row in items.to_pylist()}
    with tempfile.TemporaryDirectory() as temporary:
        work = options.work or Path(temporary)
        sources = dict(converted(home, work.absolute(), options.workers))
    for folder in sorted(path for path in options.raw.iterdir() if path.is_dir()):
        if folder.name not in sources:
            sources[folder.name] = loose(folder)
    sources = {n: t for n, t in sorted(sources.items()) if not options.only or n in options.only}
    start = time.process_time()
    scans = {name: scan(index, texts) for name, texts in sources.items()}
    telling = reduce_df(
        index, [each.counts for each in scans.values()], sum(each.texts for each in scans.values())
    )
    cells: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for name, texts in sources.items():
        chosen = texts.take(pa.array(scans[name].rows))
        hits = score(index, telling, chosen).to_pylist()
        for hit in hits:
            cells[name, hit["benchmark"]][hit["kind"]] += 1
        if options.samples and hits:
            print(f"\n===== {name}")
            show(hits, chosen, by_item, options.samples)
    size = sum(t[f].nbytes for t in sources.values() for f in ("input", "output")) / 1e6
    print(
        f"\n{len(items):,} items of {len(sets)} benchmarks against {size:.0f} MB of text in "
        f"{time.process_time() - start:.1f} CPU-s, one thread."
    )
    report(cells, {name: len(texts) for name, texts in sources.items()})


if __name__ == "__main__":
    main()
