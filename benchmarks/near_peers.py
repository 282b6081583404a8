"""Peers of `medsmith dedup`, each run as a user would; needs an interpreter that has them.

    python near_peers.py NAME FILE.parquet OUT.parquet THRESHOLD

reads columns `id` and `text`, and writes the rows that are kept and the cluster of each that goes.
"""

from __future__ import annotations

import re
import sys

import pyarrow as pa
import pyarrow.parquet as pq

WINDOW = 5
PERMUTATIONS = 128
_WORD = re.compile(r"\w+")


def shingles(text: str) -> list[str]:
    words = _WORD.findall(text.lower())
    count = max(len(words) - WINDOW + 1, 1)
    return [" ".join(words[i : i + WINDOW]) for i in range(count)]


def rensa(texts: list[str], threshold: float) -> list[tuple[int, int]]:
    """Rensa's R-MinHash (Rust) with its LSH; a pair counts where the estimate says so."""
    from rensa import RMinHash, RMinHashLSH

    lsh = RMinHashLSH(threshold=threshold, num_perm=PERMUTATIONS, num_bands=16)
    sketches, found = [], []
    for number, text in enumerate(texts):
        sketch = RMinHash(num_perm=PERMUTATIONS, seed=42)
        sketch.update(shingles(text))
        for other in lsh.query(sketch):
            if sketches[other].jaccard(sketch) >= threshold:
                found.append((other, number))
        lsh.insert(number, sketch)
        sketches.append(sketch)
    return found


def datasketch(texts: list[str], threshold: float) -> list[tuple[int, int]]:
    """datasketch's MinHash and MinHashLSH; a pair counts where the estimate says so."""
    from datasketch import MinHash, MinHashLSH

    lsh = MinHashLSH(threshold=threshold, num_perm=PERMUTATIONS)
    encoded = ([s.encode() for s in shingles(text)] for text in texts)
    sketches = MinHash.bulk(encoded, num_perm=PERMUTATIONS)
    found = []
    for number, sketch in enumerate(sketches):
        for other in lsh.query(sketch):
            if sketches[other].jaccard(sketch) >= threshold:
                found.append((other, number))
        lsh.insert(number, sketch)
    return found


def daft(path: str) -> list[tuple[int, int]]:
    """Daft's minhash (Rust), 16 bands of 8; rows of one band's bucket are joined, unverified."""
    import daft
    import polars as pl

    text = daft.col("text").normalize(
        remove_punct=True, lowercase=True, nfd_unicode=False, white_space=True
    )
    sketch = text.minhash(num_hashes=PERMUTATIONS, ngram_size=WINDOW, seed=1)
    frame = daft.read_parquet(path).select(sketch.alias("sketch"))
    sketches = pl.from_arrow(frame.to_arrow())["sketch"]
    rows = len(sketches)
    numbers = pl.arange(0, rows, eager=True, dtype=pl.UInt32)
    found: list[tuple[int, int]] = []
    table = sketches.cast(pl.Array(pl.UInt32, PERMUTATIONS)).to_numpy()
    for band in range(16):
        part = table[:, band * 8 : band * 8 + 8]
        grouped = (
            pl.DataFrame(part)
            .with_columns(numbers.alias("row"))
            .with_columns(
                pl.col("row").first().over([f"column_{i}" for i in range(8)]).alias("first")
            )
            .filter(pl.col("first") != pl.col("row"))
        )
        found += zip(grouped["first"].to_list(), grouped["row"].to_list(), strict=True)
    return found


def clusters(rows: int, pairs: list[tuple[int, int]]) -> list[int]:
    parent = list(range(rows))

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    for a, b in pairs:
        first, second = root(a), root(b)
        parent[max(first, second)] = min(first, second)
    return [root(number) for number in range(rows)]


def main() -> None:
    name, source, target, threshold = sys.argv[1:]
    table = pq.read_table(source)
    if name == "copy":  # what reading and writing alone take
        pq.write_table(table, target, compression="zstd")
        return
    if name == "daft":
        pairs = daft(source)
    else:
        find = {"rensa": rensa, "datasketch": datasketch}[name]
        pairs = find(table["text"].to_pylist(), float(threshold))
    found = clusters(len(table), pairs)
    keep = pa.array([number == head for number, head in enumerate(found)])
    pq.write_table(table.filter(keep), target, compression="zstd")
    pq.write_table(pa.table({"id": table["id"], "cluster": pa.array(found)}), target + ".clusters")


if __name__ == "__main__":
    main()
