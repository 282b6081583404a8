"""Token counts by the torch path on each device, against the C kernel and tokenizers, in one run.

Texts are those of `tokens.py`. In each round all ways take turns; MB/s is by wall time:

- `torch, DEVICE, cold`: a column of texts to its counts, no pre-token known; `warm`: once more.
- `on the device`: the same, warm, less what the host does: checking UTF-8 and copying there.
- `copy`: the texts' bytes brought to the device and nothing else: no way can be faster.
- `kernel, 1 thread` and `kernel, all cores`: the C kernel, warm, alone and on a slice a core.
- `tokenizers, all cores`: `encode_batch` over every tenth document, its own threads.

Then the time of each stage of a warm count, the device waited for after each. Counts of all rows
that the device keeps are compared with the kernel's; the run ends with an error where one differs.

    python benchmarks/tokens_gpu.py --tokenizer FILE [FILE ...] [--texts DIR ...]
        [--devices cpu cuda] [--budget MIB]
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import tokens
import torch
from medsmith.builders.tokens.bpe import Bpe
from medsmith.builders.tokens.kernel import Kernel
from medsmith.builders.tokens.load import load_tokenizer
from medsmith.builders.tokens.tokenizer import Tokenizer
from medsmith.builders.tokens.torch_count import BUDGET_BYTES, TorchCounter

_CORES = len(os.sched_getaffinity(0))
# `tokens` kept tokenizers on one thread, which reads this when it is first imported: later.
os.environ["RAYON_NUM_THREADS"] = str(_CORES)
os.environ["TOKENIZERS_PARALLELISM"] = "true"

_PEERS_COUNT_ONE_IN = 10
_COPIES = 5


def wait(device: str) -> None:
    """Wait until the device has done all that it was given."""
    if device == "cuda":
        torch.cuda.synchronize()


def seconds(action: Callable[[], Any], device: str = "cpu") -> float:
    """Return how long an action takes, the device's work included."""
    wait(device)
    start = time.perf_counter()
    action()
    wait(device)
    return time.perf_counter() - start


class Stages:
    """The time of each stage, waiting for the device after each."""

    def __init__(self, device: str) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._device = device
        self.begin()

    def begin(self) -> None:
        """Forget all times, and measure from now on."""
        self.seconds.clear()
        wait(self._device)
        self._last = time.perf_counter()

    def __call__(self, stage: str) -> None:
        wait(self._device)
        now = time.perf_counter()
        self.seconds[stage] += now - self._last
        self._last = now


class OnDevice:
    """The torch path on one device, by end to end and by stage."""

    def __init__(self, bpe: Bpe, device: str, budget: int, column: pa.Array) -> None:
        self._make = lambda *on_stage: TorchCounter(bpe, device, budget, *on_stage)
        self._device = device
        self._column = column
        self.stages = Stages(device)
        self._staged = self._make(self.stages)
        self._staged.count(column)

    def measure(self) -> dict[str, float]:
        """Return the seconds of each way."""
        counter = self._make()
        cold = seconds(lambda: counter.count(self._column), self._device)
        warm = seconds(lambda: counter.count(self._column), self._device)
        self.stages.begin()
        self._staged.count(self._column)
        on_device = sum(self.stages.seconds.values()) - self.stages.seconds["copy"]
        name = f"torch, {self._device}"
        return {
            f"{name}, cold": cold,
            f"{name}, warm": warm,
            f"{name}, on the device": on_device,
            f"{name}, copy": self._copy(),
        }

    def _copy(self) -> float:
        _, _, buffer = self._column.buffers()
        data = torch.from_numpy(np.frombuffer(buffer, np.uint8).copy())
        return seconds(lambda: [data.to(self._device, copy=True) for _ in range(_COPIES)]) / _COPIES

    def prove(self, kernel: Kernel) -> str:
        """Compare all counts with the kernel's; raises `SystemExit` where one differs."""
        counts, left = self._staged.count(self._column)
        right, unproven = kernel.count(self._column)
        differing = int((counts != right)[~left & ~unproven].sum())
        if differing:
            raise SystemExit(f"{self._device}: {differing} documents differ from the kernel")
        return f"0 of {len(counts):,} documents differ; {int(left.sum())} were left to the CPU"


def on_all_cores(kernels: list[Kernel], column: pa.Array) -> None:
    """Count a slice by each kernel, each on a thread."""
    size = -(-len(column) // len(kernels))
    slices = [column[at * size : (at + 1) * size] for at in range(len(kernels))]
    with ThreadPoolExecutor(len(kernels)) as pool:
        list(pool.map(lambda kernel, part: kernel.count(part), kernels, slices))


def compare(tokenizer: Tokenizer, column: pa.Array, options: argparse.Namespace) -> None:
    """Print the speeds of all ways, and where the time of each device goes."""
    assert tokenizer.bpe is not None
    kernels = [Kernel(tokenizer.bpe) for _ in range(_CORES)]
    library = tokens._tokenizers(tokenizer)
    sample = column.to_pylist()[::_PEERS_COUNT_ONE_IN]
    size = column.nbytes / 1e6
    devices = {
        device: OnDevice(tokenizer.bpe, device, _budget(options, device), column)
        for device in options.devices
    }
    for kernel in kernels:
        kernel.count(column[: len(column) // 4])
    speeds: dict[str, list[float]] = defaultdict(list)
    for _ in range(options.rounds):
        for runs in devices.values():
            for name, taken in runs.measure().items():
                speeds[name].append(size / taken)
        speeds["kernel, 1 thread"].append(size / seconds(lambda: kernels[0].count(column)))
        speeds["kernel, all cores"].append(size / seconds(lambda: on_all_cores(kernels, column)))
        taken = seconds(lambda: library.encode_batch(sample, add_special_tokens=False))
        speeds["tokenizers, all cores"].append(
            sum(len(text.encode()) for text in sample) / 1e6 / taken
        )
    _print(speeds)
    for device, runs in devices.items():
        whole = sum(runs.stages.seconds.values())
        shares = (
            f"{stage} {100 * taken / whole:.0f} %" for stage, taken in runs.stages.seconds.items()
        )
        print(f"{device}: {', '.join(shares)} (copy: with the check of UTF-8)")
        print(f"{device}: {runs.prove(kernels[0])}")


def _budget(options: argparse.Namespace, device: str) -> int:
    if options.budget:
        return int(options.budget) << 20
    return BUDGET_BYTES["cuda" if device == "cuda" else "cpu"]


def _print(speeds: dict[str, list[float]]) -> None:
    print(f"{'way':<32}{'MB/s':>9}   all rounds")
    for name, runs in speeds.items():
        rounds = " ".join(f"{run:,.1f}" for run in runs)
        print(f"{name:<32}{statistics.median(runs):>9,.1f}   {rounds}")


def main() -> None:
    """Measure and print."""
    present = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tokenizer", type=Path, nargs="+", required=True)
    parser.add_argument("--texts", type=Path, nargs="+", default=[])
    parser.add_argument("--megabytes", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--devices", nargs="+", choices=("cpu", "cuda"), default=present)
    parser.add_argument("--budget", type=int, help="MiB of a device's memory for a batch")
    options = parser.parse_args()
    column = pa.array(tokens.documents(options.texts, options.megabytes))
    print(
        f"{len(column):,} documents, {column.nbytes / 1e6:.1f} MB; {_CORES} cores; "
        f"torch {torch.__version__}, {torch.get_num_threads()} threads"
    )
    if "cuda" in options.devices:
        print(torch.cuda.get_device_name())
    else:
        print("No GPU here: the torch path is measured on the CPU alone.")
    for path in options.tokenizer:
        tokenizer = load_tokenizer(path)
        if tokenizer.bpe is None:
            raise SystemExit(f"{path}: no kernel counts with this tokenizer")
        print(f"\n{tokenizer.name} ({tokenizer.family})")
        compare(tokenizer, column, options)


if __name__ == "__main__":
    main()
