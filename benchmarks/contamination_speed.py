"""Speed and memory of contamination detection beside its peers, and that workers change nothing.

Rows of real sentences, one in 200 of them a benchmark item in some guise, are searched for 20,000
items drawn from all registered benchmarks that are present. Peers see fewer rows of the same file,
and none of them all that Medsmith looks for. Each run is a process of its own.

    python benchmarks/contamination_speed.py --raw DIR [--rows 1000000] [--items 20000]
        [--peers PYTHON] [--janitor DIR] [--repeat 3] [--ray]
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from contamination_stream import (
    clean_sentences,
    groups,
    injected_cases,
    item_sets,
    stream,
    text_bytes,
)
from measuring import HERE, environment, measure
from medsmith.builders.benchmarks import ItemSet
from medsmith.dedup.contamination import build_index, load_index, save_index

PEER_ROWS = {"janitor": 50_000, "datatrove": 3_000}
RAREST = 200  # one row in so many is an item


def registered(sets: list[ItemSet], seconds: float, home: Path) -> None:
    """Print how long it takes to read, index and load the items of all benchmarks."""
    items = pa.concat_tables([each.table for each in sets]).combine_chunks()
    index, built = timed(lambda: build_index(items))
    _, saved = timed(lambda: save_index(index, home / "all.idx"))
    _, loaded = timed(lambda: load_index(home / "all.idx"))
    size = (home / "all.idx").stat().st_size / 2**20
    print(f"{len(items):,} items of {len(sets)} benchmarks, {index.grams:,} n-grams: read in")
    print(f"{seconds:.1f} s, indexed in {built:.1f} s, saved ({size:.0f} MiB) in {saved:.2f} s,")
    print(f"loaded from the cache in {loaded * 1000:.1f} ms")


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return what `work` returns, and its wall time."""
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def write_files(sets: list[ItemSet], options: argparse.Namespace, home: Path) -> int:
    """Write the items looked for and the texts; return the bytes of the texts."""
    items = pa.concat_tables([each.table for each in sets]).combine_chunks()
    count = min(options.items, len(items))
    drawn = items.take(pa.array(sorted(random.Random(0).sample(range(len(items)), count))))
    ids = pa.array([f"{n}" for n in range(count)])
    drawn = drawn.drop_columns(["benchmark", "item_id"]).append_column("id", ids)
    pq.write_table(drawn, home / "items.parquet")
    injected = injected_cases(sets, groups(items), 1_000)[: options.rows // RAREST]
    size, writer = 0, None
    for table in stream(clean_sentences(options.raw), options.rows, injected):
        writer = writer or pq.ParquetWriter(
            home / "texts.parquet", table.schema, compression="zstd"
        )
        writer.write_table(table)
        size += text_bytes(table)
    if writer:
        writer.close()
    return size


def passes(name: str, python: str, home: Path, rows: int, *more: str) -> dict[str, float]:
    """Run one detector in a process of its own and return its figures."""
    command = [python, str(HERE / "contamination_tools.py"), name, str(home), str(rows), *more]
    output = subprocess.run(
        command, env=environment(), check=True, stdout=subprocess.PIPE, text=True
    )
    figures: dict[str, float] = json.loads(output.stdout.splitlines()[-1])
    head = next(pq.ParquetFile(home / "texts.parquet").iter_batches(rows))
    figures["mb"] = text_bytes(pa.table(head)) / 1e6
    return figures


def beside_peers(options: argparse.Namespace, home: Path) -> None:
    """Print the speed of both passes and of the peers, run in turns; the best run of each."""
    tools: list[tuple[str, str, int, tuple[str, ...]]] = [
        ("medsmith", sys.executable, options.rows, ())
    ]
    if options.peers and options.janitor:
        rows = PEER_ROWS["janitor"]
        tools.append(("janitor", options.peers, rows, (str(options.janitor),)))
    if options.peers:
        tools.append(("datatrove", options.peers, PEER_ROWS["datatrove"], ()))
    for name in PEER_ROWS:
        if name not in [tool[0] for tool in tools]:
            print(f"{name} is not measured: it is not named with --peers (and --janitor)")
    runs = [
        {name: passes(name, python, home, rows, *more) for name, python, rows, more in tools}
        for _ in range(options.repeat)
    ]
    best = {name: min((run[name] for run in runs), key=_rate) for name, *_ in tools}
    print("\n| detector | rows | MB | MB/CPU-s | times slower | rows flagged | peak MiB |")
    print("|---|---|---|---|---|---|---|")
    for name, _, rows, _ in tools:
        run, ours = best[name], best["medsmith"]
        print(
            f"| {name} | {rows:,} | {run['mb']:.1f} | {1 / _rate(run):.4g} | "
            f"{_rate(run) / _rate(ours):.1f} | {run['flagged'] / rows:.3%} | "
            f"{run['peak_bytes'] / 2**20:,.0f} |"
        )
    ours = best["medsmith"]
    print(
        f"\nmedsmith's first pass alone: {ours['mb'] / ours['scan']:.0f} MB/CPU-s; "
        f"its index: {ours['index_bytes'] / 2**20:.0f} MiB"
    )


def _rate(run: dict[str, float]) -> float:
    """Return CPU seconds a megabyte."""
    return run["seconds"] / run["mb"]


def whole_command(options: argparse.Namespace, home: Path, size: int) -> None:
    """Print what `medsmith decontaminate` takes, and whether its files depend on the workers."""
    print(
        "\n| medsmith decontaminate | wall s | CPU s | MB/CPU-s | peak MiB | files |\n"
        + "|---" * 6
        + "|"
    )
    runs = [("1 worker", "1", "local"), ("2 workers", "2", "local")]
    runs += [("Ray, 2 workers", "2", "ray")] if options.ray else []
    for name, workers, engine in (("index built", "2", "local"), *runs):
        out = home / f"out-{name.replace(' ', '-')}"
        command = [sys.executable, "-m", "medsmith.builders.cli", "decontaminate"]
        command += [str(home / "texts.parquet"), "--benchmark", str(home / "items.parquet")]
        command += ["--out", str(out), "--workers", workers, "--engine", engine]
        run = measure(command, {**environment(), "XDG_CACHE_HOME": str(home / "cache")})
        print(
            f"| {name} | {run.seconds:.1f} | {run.cpu_seconds:.1f} | "
            f"{size / 1e6 / run.cpu_seconds:.0f} | {run.peak_bytes / 2**20:,.0f} | {digest(out)} |"
        )


def digest(folder: Path) -> str:
    """Return a short digest of all files of a result."""
    sink = sha256()
    for path in _files(folder):
        sink.update(f"{path.relative_to(folder)}:".encode() + path.read_bytes())
    return sink.hexdigest()[:12]


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.rglob("*") if path.is_file())


def main() -> None:
    """Measure and print tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--raw", type=Path, required=True)
    parser.add_argument("--benchmarks", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--peers", help="a Python that has datatrove and spaCy")
    parser.add_argument("--janitor", type=Path, help="folder of the compiled janitor_util")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--ray", action="store_true", help="run on Ray too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="medsmith-bench-") as folder:
        home = Path(folder)
        sets, seconds = timed(lambda: item_sets(options.raw, options.benchmarks))
        registered(sets, seconds, home)
        size = write_files(sets, options, home)
        print(f"\n{options.rows:,} rows, {size / 1e6:.0f} MB of text, {options.items:,} items")
        beside_peers(options, home)
        whole_command(options, home, size)


if __name__ == "__main__":
    main()
