"""Scale of near-duplicate removal: memory and time per instance from one million to 13.5 million.

Instances have about 600 bytes. Memory is the peak of the whole process tree (proportional share).
With `--workers 1 2` the tables of both runs are compared byte for byte.

    python benchmarks/near_scale.py --texts DIR [--rows 1000000 13500000] [--workers 2]
"""

from __future__ import annotations

import argparse
import tempfile
from hashlib import file_digest
from pathlib import Path

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
    options = parser.parse_args()
    print("| rows | MB of text | workers | wall s | CPU s | CPU µs per row | peak MiB |")
    print("| --- |" + " --- |" * 6)
    for rows in options.rows:
        with tempfile.TemporaryDirectory(prefix="medsmith-bench-", dir=options.folder) as folder:
            home = Path(folder)
            size = write_documents(options.texts, rows, home / "documents.parquet", _SPREAD)
            digests = set()
            for workers in options.workers:
                out = home / f"out-{workers}"
                command = our_command(home / "documents.parquet", out, "--workers", str(workers))
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


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


if __name__ == "__main__":
    main()
