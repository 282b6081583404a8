"""Templates: how many distinct patients are taken for duplicates, how many true copies are found.

python benchmarks/near_templates.py [--rows 100000] [--peers PYTHON] [--text-dedup PYTHON]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset
from measuring import environment
from near_quality import theirs
from templates import Row, templated

THRESHOLD = 0.8
Partners = Mapping[str, str]


def ours(path: Path, out: Path) -> Partners:
    """Run `medsmith dedup` with its defaults, comparing within a task."""
    command = [sys.executable, "-m", "medsmith.builders.cli", "dedup", str(path), "--out", str(out)]
    command += ["--scope-field", "task"]
    subprocess.run(command, env=environment(), check=True, stdout=subprocess.DEVNULL)
    table = pq.read_table(out / "duplicates.parquet")
    return dict(zip(table["dropped_id"].to_pylist(), table["kept_id"].to_pylist(), strict=True))


def score(rows: list[Row], found: Partners) -> tuple[float, float, dict[str, int]]:
    """Return the shares of rows wrongly removed and of copies found, and the wrong ones by task."""
    task_of = {row.id: row.task for row in rows}
    origin_of = {row.id: row.origin or row.id for row in rows}
    wrong = Counter(
        task_of[gone] for gone, kept in found.items() if origin_of[gone] != origin_of.get(kept)
    )
    copies = [row for row in rows if row.origin]
    same = [found.get(row.id, row.id) == found.get(row.origin, row.origin) for row in copies]
    return wrong.total() / len(rows), sum(same) / max(len(same), 1), dict(wrong)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--peers", help="a Python that has daft, rensa and datasketch")
    parser.add_argument("--text-dedup", help="a Python that has text-dedup")
    options = parser.parse_args()
    rows = list(templated(options.rows))
    print("| tool | wrongly removed | planted copies found | wrongly removed, by task |")
    print("| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory(prefix="medsmith-bench-") as folder:
        home = Path(folder)
        path = home / "rows.parquet"
        columns = ("id", "task", "input", "output")
        table = pa.table({name: [getattr(row, name) for row in rows] for name in columns})
        pq.write_table(table, path)
        # Peers see one text a row, as their users would give it.
        texts = home / "texts.parquet"
        joined = [f"{row.input}\n{row.output}" for row in rows]
        pq.write_table(pa.table({"id": table["id"], "text": joined}), texts)
        runs = {"medsmith": ours(path, home / "ours")}
        for name in ("datasketch", "rensa", "daft") if options.peers else ():
            runs[name] = theirs(options.peers, name, texts, home / name, THRESHOLD)
        if options.text_dedup:
            runs["text-dedup"] = text_dedup(options.text_dedup, rows, texts, home / "td")
        for name, found in runs.items():
            wrong, copies, tasks = score(rows, found)
            print(f"| {name} | {wrong:.2%} | {copies:.2%} | {tasks} |", flush=True)


def text_dedup(python: str, rows: list[Row], path: Path, home: Path) -> Partners:
    """Run text-dedup's MinHash; of what goes, its planted partner stands for it if that stays."""
    command = [python, "-m", "text_dedup.minhash", "--path", "parquet", "--data_files", str(path)]
    command += ["--split", "train", "--cache_dir", str(home / "cache"), "--column", "text"]
    command += ["--output", str(home / "kept"), "--threshold", str(THRESHOLD), "--ngram", "5"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    kept = set(Dataset.load_from_disk(str(home / "kept"))["id"])
    partner = {row.origin: row.id for row in rows if row.origin}
    partner |= {row.id: row.origin for row in rows if row.origin}
    found = {}
    for row in rows:
        if row.id not in kept:
            other = partner.get(row.id, "")
            found[row.id] = other if other in kept else ""
    return found


if __name__ == "__main__":
    main()
