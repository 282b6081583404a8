"""Near-duplicates: what is found and what is wrongly removed, on planted copies.

Documents are made of real sentences (`--texts`), a fifth of them planted copies. The truth is the
Jaccard similarity of five-grams of words (each Chinese or Japanese character is one), computed
without Medsmith. A pair counts as found where both are in one cluster, or where one of the two goes
because of a third document that is truly similar to it. Runs of words that stand in more than 2 %
of all documents are boilerplate to Medsmith and do not count there, but do in the truth: give many
texts, so that few sentences come often.

    python benchmarks/near_quality.py --texts DIR [--rows 200000] [--cjk 20000]
        [--peers PYTHON] [--threshold 0.7 0.8]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from measuring import HERE, environment
from medical_texts import sentences
from planted import VARIANTS, Document, documents, jaccard

PEERS = ("daft", "rensa", "datasketch")
Partners = Mapping[str, str]  # a document that goes, and the one that stands for it


def ours(path: Path, out: Path, threshold: float) -> Partners:
    """Run `medsmith dedup` and return its verdicts."""
    command = [sys.executable, "-m", "medsmith.builders.cli", "dedup", str(path), "--out", str(out)]
    command += ["--threshold", str(threshold), "--id-field", "id", "--input-field", "text"]
    command += ["--max-removed", "1"]
    subprocess.run(command, env=environment(), check=True, stdout=subprocess.DEVNULL)
    table = pq.read_table(out / "duplicates.parquet")
    return dict(zip(table["dropped_id"].to_pylist(), table["kept_id"].to_pylist(), strict=True))


def theirs(python: str, name: str, path: Path, out: Path, threshold: float) -> Partners:
    """Run a peer and return the first document of the cluster of each that goes."""
    command = [python, str(HERE / "near_peers.py"), name, str(path), str(out), str(threshold)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    table = pq.read_table(f"{out}.clusters")
    ids, heads = table["id"].to_pylist(), table["cluster"].to_pylist()
    return {id: ids[head] for id, head in zip(ids, heads, strict=True) if id != ids[head]}


def score(documents: list[Document], found: Partners, threshold: float) -> list[str]:
    """Return the figures of one run: recall by similarity and variant, and wrong removals."""
    by_id = {item.id: item for item in documents}
    hits: dict[str, list[bool]] = defaultdict(list)
    for item in documents:
        if item.origin:
            name = _bin(item, by_id[item.origin], threshold)
            same = found.get(item.id, item.id) == found.get(item.origin, item.origin)
            due = name != _names(threshold)[2]
            hits[name].append(same or (due and _left_for_another(item, by_id, found, threshold)))
    below, apart = 0, 0
    for gone, kept in found.items():
        true = jaccard(by_id[gone].text, by_id[kept].text)
        variant = {by_id[gone].kind, by_id[kept].kind} & {*VARIANTS}
        if true < threshold and not variant:
            below += 1
            apart += true < 0.2
    shown = [f"{_rate(hits[name])} ({len(hits[name]):,})" for name in _names(threshold)]
    return [*shown, f"{below:,}", f"{apart:,}"]


def _left_for_another(
    item: Document, by_id: Mapping[str, Document], found: Partners, threshold: float
) -> bool:
    return any(
        id in found and jaccard(by_id[id].text, by_id[found[id]].text) >= threshold
        for id in (item.id, item.origin)
    )


def _names(threshold: float) -> list[str]:
    high = f"{threshold + 0.1:.1f}"
    return [f"J ≥ {high}", f"J {threshold:.1f}–{high}", f"J < {threshold:.1f}", "variants", "exact"]


def _bin(item: Document, origin: Document, threshold: float) -> str:
    above, between, under, variants, exact = _names(threshold)
    if item.kind in VARIANTS:
        return variants
    if item.kind == "exact":
        return exact
    true = jaccard(item.text, origin.text)
    return above if true >= threshold + 0.1 else between if true >= threshold else under


def _rate(hits: list[bool]) -> str:
    return f"{sum(hits) / len(hits):.4f}" if hits else "-"


def main() -> None:
    """Measure and print a table a threshold and script."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--texts", type=Path, nargs="+", required=True)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--cjk", type=int, default=20_000)
    parser.add_argument("--peers", help="a Python that has daft, rensa and datasketch")
    parser.add_argument("--threshold", type=float, nargs="+", default=[0.7, 0.8])
    options = parser.parse_args()
    for cjk, rows in ((False, options.rows), (True, options.cjk)):
        planted = list(documents(sentences(options.texts, cjk=cjk), rows, cjk=cjk)) if rows else []
        for threshold in options.threshold if planted else ():
            _compare(planted, threshold, cjk, options.peers)


def _compare(planted: list[Document], threshold: float, cjk: bool, peers: str | None) -> None:
    script = "Chinese and Japanese" if cjk else "English"
    print(f"\n{len(planted):,} documents, {script}, threshold {threshold}")
    header = [*_names(threshold), "removed below", "unrelated"]
    print("| tool | " + " | ".join(header) + " |")
    print("| --- |" + " --- |" * len(header))
    with tempfile.TemporaryDirectory(prefix="medsmith-bench-") as folder:
        home = Path(folder)
        path = home / "documents.parquet"
        columns = {"id": [d.id for d in planted], "text": [d.text for d in planted]}
        pq.write_table(pa.table(columns), path)
        runs = {"medsmith": ours(path, home / "ours", threshold)}
        for name in PEERS if peers else ():
            runs[name] = theirs(peers, name, path, home / f"{name}.parquet", threshold)
        for name, found in runs.items():
            print(f"| {name} | " + " | ".join(score(planted, found, threshold)) + " |")


if __name__ == "__main__":
    main()
