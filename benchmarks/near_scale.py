"""Scale of near-duplicate removal: memory and time per instance from one million to 13.5 million.

Instances have about 600 bytes. Memory is the peak of the whole process tree (proportional share).
With `--workers 1 2` the tables of both runs are compared byte for byte.

    python benchmarks/near_scale.py --texts DIR [--rows 1000000 13500000] [--workers 2]
        [--documents DIR, where they are kept for the next time]
"""

from __future__ import annotations

import argparse
import tempfile
from hashlib import file_digest
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
from measuring import environment, measure
from near_speed import our_command, write_documents

_SPREAD = 1000
_TABLES = ("duplicates.parquet", "conflicts.parquet")


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--texts", type=Path, nargs="+", required=True)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 13_500_000])
    parser.add_argument("--workers", type=int, nargs="+", default=[2])
    parser.add_argument("--folder", type=Path, help="where to work  [default: the system's]")
    parser.add_argument("--documents", type=Path, help="where documents are kept and taken from")
    options = parser.parse_args()
    print("| rows | MB of text | workers | wall s | CPU s | CPU µs per row | peak MiB |")
    print("| --- |" + " --- |" * 6)
    for rows in options.rows:
        with tempfile.TemporaryDirectory(prefix="medsmith-bench-", dir=options.folder) as folder:
            home = Path(folder)
            path, size = _documents(options.documents or home, options.texts, rows)
            digests = set()
            for workers in options.workers:
                out = home / f"out-{workers}"
                command = our_command(path, out, "--workers", str(workers))
                run = measure(command, environment())
                print(
                    f"| {rows:,} | {size / 1e6:,.0f} | {workers} | {run.seconds:.1f} | "
                    f"{run.cpu_seconds:.1f} | {run.cpu_seconds / rows * 1e6:.1f} | "
                    f"{run.peak_bytes / 2**20:,.0f} |",
                    flush=True,
                )
                digests.add(tuple(_sha256(out / name) for name in _TABLES))
            if len(options.workers) > 1:
                print(f"the same tables for all numbers of workers: {len(digests) == 1}")


def _documents(folder: Path, texts: list[Path], rows: int) -> tuple[Path, int]:
    """Return a file of so many documents and the bytes of their texts."""
    path = folder / f"documents-{rows}.parquet"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(".part")
        write_documents(texts, rows, aside, _SPREAD)
        aside.rename(path)
    texts_of = (batch["text"] for batch in pq.ParquetFile(path).iter_batches(columns=["text"]))
    return path, sum(pc.sum(pc.binary_length(column)).as_py() for column in texts_of)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


if __name__ == "__main__":
    main()
