"""The kernels of near-duplicate search: MB per CPU-second of one thread, best of some runs.

MB are UTF-8 bytes of text / 10⁶. The texts are invented (see `invented.py`) unless a Parquet file
is given. Those in other scripts are the same words spelt in letters of the script.

    python benchmarks/kernels.py [--megabytes 60] [--pairs 400000] [--parquet FILE --column NAME]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import invented
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from medsmith.dedup import kernels

_LATIN = "abcdefghijklmnopqrstuvwxyz"
_SPELLINGS = {
    "latin": "",
    "cyrillic": "абвгдежзийклмнопрстуфхцчшщ",
    "han": "心肝肺胃肾血骨脑眼耳口手足皮肌病药痛热寒虚实阴阳气水",
}
_RUNS = 5
_SETS, _SET_SIZE = 20_000, 100


def _seconds(run: Callable[[], object]) -> float:
    taken = []
    for _ in range(_RUNS):
        start = time.process_time()
        run()
        taken.append(time.process_time() - start)
    return min(taken)


def _invented(megabytes: int, letters: str) -> pa.Array:
    rows = max(megabytes * 1_000_000 // 600, 1)
    tables = [table["input"] for table in invented.instances(rows)]
    texts = pa.chunked_array([chunk for table in tables for chunk in table.chunks])
    if letters:
        spell = str.maketrans(_LATIN, letters)
        texts = pa.chunked_array([[text.translate(spell) for text in texts.to_pylist()]])
    return texts.cast(pa.large_string()).combine_chunks()


def _print_speeds(name: str, texts: pa.Array) -> None:
    megabytes = pa.compute.sum(pa.compute.binary_length(texts)).as_py() / 1e6
    found = [
        (function.__name__, megabytes / _seconds(lambda function=function: function(texts)))
        for function in (
            kernels.tokenise,
            kernels.sketch,
            kernels.shingle_sets,
            kernels.structured_sets,
            kernels.numeric_values,
        )
    ]
    speeds = ", ".join(f"{kernel} {speed:.0f}" for kernel, speed in found)
    print(f"{name}, {megabytes:.0f} MB in {len(texts)} rows, MB/CPU-s: {speeds}")


def _print_pairs(pairs: int) -> None:
    chance = np.random.default_rng(0)
    values = chance.integers(0, 1 << 64, size=(_SETS, _SET_SIZE), dtype=np.uint64)
    values[1::2, :70] = values[::2, :70]
    values.sort(axis=1)
    sets = kernels.ShingleSets(values.ravel(), np.arange(_SETS + 1) * _SET_SIZE)
    left = chance.integers(0, _SETS // 2, pairs) * 2
    seconds = _seconds(lambda: kernels.similarities(sets, left, sets, left + 1))
    print(f"pairs of sets of {_SET_SIZE}, in no order: {pairs / seconds / 1e6:.1f} M/CPU-s")


def main() -> None:
    """Print the speeds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=60)
    parser.add_argument("--pairs", type=int, default=400_000)
    parser.add_argument("--parquet", type=Path)
    parser.add_argument("--column", default="text")
    arguments = parser.parse_args()
    if arguments.parquet:
        texts = pq.read_table(arguments.parquet, columns=[arguments.column])[arguments.column]
        _print_speeds(arguments.parquet.name, texts.combine_chunks())
    else:
        for name, letters in _SPELLINGS.items():
            _print_speeds(name, _invented(arguments.megabytes, letters))
    _print_pairs(arguments.pairs)


if __name__ == "__main__":
    main()
