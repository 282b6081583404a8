"""Speed of near-duplicate removal: CPU seconds of whole process trees, peers in the same run.

Every run is a fresh process that reads the same Parquet file and writes the rows that stay. A plain
read and write of that file is measured too; net figures are without it. The peers do less: none
verifies what it removes, and Daft only makes the sketches (its rows are grouped with polars).

    python benchmarks/near_speed.py --texts DIR --peers PYTHON [--rows 1000000] [--repeat 3]
        [--tools daft rensa datasketch] [--workers 1 2]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import defaultdict
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from measuring import HERE, Measured, environment, measure
from medical_texts import sentences
from planted import documents

THRESHOLD = "0.7"
_GROUP_ROWS = 50_000
_SCHEMA = pa.schema([("id", pa.string()), ("text", pa.string())])


def write_documents(texts: list[Path], rows: int, path: Path, spread: int = 1500) -> int:
    """Write planted documents and return the bytes of their texts."""
    size = 0
    stream = documents(sentences(texts), rows, spread=spread)
    with pq.ParquetWriter(path, _SCHEMA, compression="zstd") as out:
        while group := list(islice(stream, _GROUP_ROWS)):
            size += sum(len(item.text.encode()) for item in group)
            columns = [[item.id for item in group], [item.text for item in group]]
            out.write_table(pa.table(columns, schema=_SCHEMA))
    return size


def our_command(path: Path, out: Path, *more: str) -> list[str]:
    """Return the command of Medsmith on a file of documents."""
    command = [sys.executable, "-m", "medsmith.builders.cli", "dedup", str(path), "--out", str(out)]
    fields = ["--id-field", "id", "--input-field", "text", "--max-removed", "1"]
    return [*command, *fields, "--threshold", THRESHOLD, *more]


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--texts", type=Path, nargs="+", required=True)
    parser.add_argument("--peers", required=True, help="a Python that has the peers")
    parser.add_argument("--tools", nargs="*", default=["daft", "rensa"])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--workers", nargs="+", default=["1", "2"], help="of medsmith")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="medsmith-bench-") as folder:
        home = Path(folder)
        path = home / "documents.parquet"
        size = write_documents(options.texts, options.rows, path)
        print(f"{options.rows:,} rows, {size / 1e6:.0f} MB of text, threshold {THRESHOLD}")
        runs: dict[str, list[Measured]] = defaultdict(list)
        for _ in range(options.repeat):
            for workers in options.workers:
                command = our_command(path, home / "ours", "--workers", workers)
                runs[f"medsmith, {workers} workers"].append(measure(command, environment()))
            for name in ("copy", *options.tools):
                command = [options.peers, str(HERE / "near_peers.py"), name, str(path)]
                command += [str(home / "peer.parquet"), THRESHOLD]
                runs[name].append(measure(command, environment()))
        _print(runs, size)


def _print(runs: dict[str, list[Measured]], size: int) -> None:
    """Print each tool's run of the least CPU time, and its ratios to the best of ours."""
    best = {name: min(some, key=lambda run: run.cpu_seconds) for name, some in runs.items()}
    copy = best["copy"].cpu_seconds
    ours = min(run.cpu_seconds for name, run in best.items() if name.startswith("medsmith"))
    print("| tool | wall s | CPU s | net CPU s | MB/CPU-s | peak MiB | whole ratio | net ratio |")
    print("| --- |" + " --- |" * 7)
    for name, run in best.items():
        cpu, net = run.cpu_seconds, run.cpu_seconds - copy
        print(
            f"| {name} | {run.seconds:.1f} | {cpu:.1f} | {net:.1f} | {size / 1e6 / cpu:.1f} | "
            f"{run.peak_bytes / 2**20:,.0f} | {cpu / ours:.2f} | {net / (ours - copy):.2f} |"
        )


if __name__ == "__main__":
    main()
