"""Token counts: the kernel against tiktoken and tokenizers, per CPU-second, in one run.

Texts are documents of about a kilobyte, made of what the files under `--texts` hold in their order
(without it: invented words). In each round all ways take turns on one thread; peers, being slow,
count every tenth document. CPU-seconds are those of the process, all threads together.

- `kernel, cold`: `Kernel.count`, its cache of pre-tokens empty, its tables already made.
- `kernel, warm`: once more over the same documents, as a second run over a corpus would be.
- `count, cold`: `Tokenizer.count` of a tokenizer just read: tables, counts and cross-check.
- `tiktoken, batch`: `encode_ordinary_batch` on one thread; `tiktoken, one by one`:
  `encode_ordinary`, which does without that one's cost a call.
- `tokenizers, batch`: `encode_batch`; `fast`: `encode_batch_fast`.

`--exact` counts every document by the library as well, and ends with an error where one differs.
Then the peak memory of fresh processes that count 100 MB and 2 GB of ever new words.

    python benchmarks/tokens.py --tokenizer FILE [FILE ...] [--texts DIR ...] [--exact]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ["RAYON_NUM_THREADS"] = "1"  # before tokenizers is imported
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import invented
import medical_texts
import numpy as np
import pyarrow as pa
from medsmith.builders.tokens.kernel import Kernel
from medsmith.builders.tokens.load import load_tokenizer
from medsmith.builders.tokens.tokenizer import Tokenizer

_DOCUMENT_BYTES = 1_000
_PEERS_COUNT_ONE_IN = 10


def documents(folders: list[Path], megabytes: int) -> list[str]:
    """Return documents of at most so many megabytes."""
    found: list[str] = []
    parts: list[str] = []
    size = total = 0
    for text in _passages(folders):
        parts.append(text)
        size += len(text.encode())
        if size >= _DOCUMENT_BYTES:
            found.append("\n".join(parts))
            total += size
            parts, size = [], 0
        if total >= megabytes * 1_000_000:
            break
    return found


def _passages(folders: list[Path]) -> Iterator[str]:
    if folders:
        yield from medical_texts.passages(folders)
        return
    for table in invented.instances(10_000_000):
        yield from table["input"].to_pylist()


def ways(tokenizer: Tokenizer, column: pa.Array) -> dict[str, tuple[Callable[[], Any], int]]:
    """Return each way to count, made ready, with the bytes it counts."""
    assert tokenizer.bpe is not None
    texts = column.to_pylist()
    sample = texts[::_PEERS_COUNT_ONE_IN]
    some = sum(len(text.encode()) for text in sample)
    everything = sum(len(text.encode()) for text in texts)
    kernel = Kernel(tokenizer.bpe)
    loaded = load_tokenizer(tokenizer.origin)
    tiktoken, library = _tiktoken(tokenizer), _tokenizers(tokenizer)

    return {
        "kernel, cold": (lambda: kernel.count(column), everything),
        "kernel, warm": (lambda: kernel.count(column), everything),
        "count, cold": (lambda: loaded.count(column), everything),
        "tiktoken, batch": (
            lambda: tiktoken.encode_ordinary_batch(sample, num_threads=1),
            some,
        ),
        "tiktoken, one by one": (
            lambda: [len(tiktoken.encode_ordinary(text)) for text in sample],
            some,
        ),
        "tokenizers, batch": (
            lambda: library.encode_batch(sample, add_special_tokens=False),
            some,
        ),
        "tokenizers, fast": (
            lambda: library.encode_batch_fast(sample, add_special_tokens=False),
            some,
        ),
    }


def _tiktoken(tokenizer: Tokenizer) -> Any:
    """Return the vocabulary as tiktoken has it; GPT-2's is in the order of its merges."""
    from medsmith.builders.tokens import patterns
    from medsmith.builders.tokens.reference import Tiktoken

    if isinstance(tokenizer.reference, Tiktoken):
        return tokenizer.reference.encoding
    assert tokenizer.bpe is not None
    pattern = next(p for p in patterns.known() if patterns.family_of(p) is tokenizer.family)
    ranks = {token: rank for rank, token in enumerate(tokenizer.bpe.tokens)}
    return Tiktoken.build(pattern, ranks, {}).encoding


def _tokenizers(tokenizer: Tokenizer) -> Any:
    """Return the vocabulary as tokenizers has it."""
    from medsmith.builders.tokens.reference import Tokenizers
    from transformers.convert_slow_tokenizer import TikTokenConverter

    if isinstance(tokenizer.reference, Tokenizers):
        return tokenizer.reference.tokenizer
    return TikTokenConverter(vocab_file=tokenizer.origin).converted()


def compare(tokenizer: Tokenizer, column: pa.Array, rounds: int) -> None:
    """Print MB per CPU-second of each way, and how many times a peer's the kernel's are."""
    speeds: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, (count, size) in ways(tokenizer, column).items():
            start = time.process_time()
            count()
            speeds.setdefault(name, []).append(size / 1e6 / (time.process_time() - start))
    middle = {name: statistics.median(runs) for name, runs in speeds.items()}
    print(f"{'way':<22}{'MB/CPU-s':>9}   {'all rounds':<32}{'cold ×':>7}{'warm ×':>8}")
    for name, runs in speeds.items():
        ratios = ""
        if not name.startswith(("kernel", "count")):
            times = (middle[ours] / middle[name] for ours in ("kernel, cold", "kernel, warm"))
            ratios = "".join(f"{ratio:>8.1f}" for ratio in times)
        rounded = " ".join(f"{run:.1f}" for run in runs)
        print(f"{name:<22}{middle[name]:>9.1f}   {rounded:<32}{ratios}")


def prove(tokenizer: Tokenizer, column: pa.Array) -> None:
    """Count every document by the library, too."""
    counts, unproven = tokenizer.fast_count(column)
    right = np.array(tokenizer.reference_count(column.to_pylist()))
    differing = int((counts != right)[~unproven].sum())
    print(
        f"{len(column):,} documents counted by {tokenizer.reference.library}, too: "
        f"{differing} differ; {int(unproven.sum())} were left to it"
    )
    if differing:
        raise SystemExit(1)


def measure_memory(tokenizer: Path, megabytes: int) -> int:
    """Return the peak memory in MiB of a fresh process that counts so much text."""
    command = [sys.executable, __file__, "--tokenizer", str(tokenizer), "--count", str(megabytes)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def count_new_words(tokenizer: Tokenizer, megabytes: int) -> None:
    """Count texts whose words are ever new, table after table, and print the peak memory."""
    done = number = 0
    rows = next(invented.instances(invented.ROWS_A_TABLE))["input"].to_pylist()
    while done < megabytes * 1_000_000:
        letter = chr(0x3B1 + number % 24) + chr(0x430 + number // 24 % 32)
        column = pa.array([row.replace("e", letter) for row in rows])
        tokenizer.count(column)
        done += column.nbytes
        number += 1
    # Of this process alone: getrusage would begin with what its parent had.
    status = Path("/proc/self/status").read_text()
    print(int(status.partition("VmHWM:")[2].split()[0]) // 1024)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tokenizer", type=Path, nargs="+", required=True)
    parser.add_argument("--texts", type=Path, nargs="+", default=[])
    parser.add_argument("--megabytes", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--exact", action="store_true")
    parser.add_argument("--count", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.count:
        count_new_words(load_tokenizer(options.tokenizer[0]), options.count)
        return
    column = pa.array(documents(options.texts, options.megabytes))
    print(f"{len(column):,} documents, {column.nbytes / 1e6:.1f} MB")
    for path in options.tokenizer:
        tokenizer = load_tokenizer(path)
        if tokenizer.kernel is None:
            raise SystemExit(f"{path}: no kernel counts with this tokenizer")
        print(f"\n{tokenizer.name} ({tokenizer.family}), {tokenizer.reference.library}")
        compare(tokenizer, column, options.rounds)
        if options.exact:
            prove(tokenizer, column)
        peaks = {size: measure_memory(path, size) for size in (100, 2_000)}
        told = ", ".join(f"{peak} MiB for {size:,} MB" for size, peak in peaks.items())
        print(f"peak memory: {told}")


if __name__ == "__main__":
    main()
