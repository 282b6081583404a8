"""Counts the tokens of anybody's files: work for an engine, and the summary of it all."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from medsmith.builders.engine import report_rows
from medsmith.builders.parquet import release_writer, stage_writer
from medsmith.builders.standalone import Shard, pieces
from medsmith.builders.tokens import torch_count
from medsmith.builders.tokens.inputs import loaded
from medsmith.builders.tokens.samples import CHECKED_OF_A_SHARD, token_rows
from medsmith.builders.tokens.summary import CONTEXTS, Int64s, Kind, Lengths, summarise
from medsmith.builders.tokens.template import (
    RENDERING,
    add_instructions,
    count_instructions,
    describe,
)
from medsmith.builders.tokens.tokenizer import Tokenizer
from medsmith.builders.unit import TokenizerInput
from medsmith.schema import UserError, arrow

TABLE = "tokens.parquet"
SUMMARY = "tokens.json"
Device = Literal["cpu", "cuda"]


@dataclass(frozen=True)
class Counting:
    """One shard to count, and where its table goes."""

    shard: Shard
    kind: Kind
    tokenizers: tuple[TokenizerInput, ...]
    device: Device
    out: Path


@dataclass(frozen=True)
class Counted:
    """What a shard came to: the bytes of its texts, and their lengths by tokenizer."""

    kind: Kind
    bytes: int
    lengths: dict[str, Lengths]


def pick_device(wanted: Literal["auto", "cpu", "cuda"]) -> tuple[Device, str]:
    """Return where to count, and what to tell of it: "" where it is what was asked for.

    Raises `UserError` where a GPU is asked for, but there is none that can be used.
    """
    if wanted == "cpu":
        return "cpu", ""
    lack = _lack_of_cuda()
    if not lack:
        return "cuda", "" if wanted == "cuda" else "Counting on the GPU."
    if wanted == "cuda":
        raise UserError(f"There is no GPU to count on: {lack}.", "Leave out --device, or take cpu.")
    return "cpu", f"Counting on the CPU: {lack}."


def _lack_of_cuda() -> str:
    """Return why CUDA cannot be used; "" where it can."""
    try:  # torch takes seconds to import: most machines need not
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return "there is no NVIDIA driver"
    try:
        import torch  # noqa: PLC0415 - an extra, and slow to import
    except ImportError:
        return "torch is not installed (pip install 'medsmith[tokens]')"
    if not torch.version.cuda:
        return f"torch {torch.__version__} was built without CUDA"
    return "" if torch.cuda.is_available() else "CUDA finds no device"


def count_shard(task: Counting) -> Counted:
    """Count one shard with each tokenizer and write its rows (`arrow.TOKENS`)."""
    lengths = {}
    with stage_writer(task.out, arrow.TOKENS) as writer:
        for item in task.tokenizers:  # to read the texts again takes less than to keep them
            tokenizer, size = loaded(item), 0
            lengths[item.name] = Lengths()
            for number, piece in enumerate(pieces(task.shard)):
                least = CHECKED_OF_A_SHARD if number == 0 else 0
                rows = _rows(piece, tokenizer, task.device, least)
                counts = (rows[name].to_numpy() for name in ("instruction", "input", "output"))
                lengths[item.name].add(Lengths.of(*counts))
                writer.write_table(rows)
                told = _bytes(piece)
                report_rows(told)
                size += told
    return Counted(task.kind, size, lengths)


def _bytes(table: pa.Table) -> int:
    texts = ("instruction", "input", "output")
    return sum(pc.sum(pc.binary_length(table[name])).as_py() or 0 for name in texts)


def _rows(table: pa.Table, tokenizer: Tokenizer, device: Device, least: int) -> pa.Table:
    ids = table["id"].combine_chunks()
    input, output = (
        _count(table[name].combine_chunks(), ids, tokenizer, device, least)
        for name in ("input", "output")
    )
    distinct = table["instruction"].combine_chunks().dictionary_encode()
    known = count_instructions(distinct.dictionary.to_pylist(), tokenizer)
    before = known[distinct.indices.to_numpy()] if len(known) else input[:0]
    instruction = add_instructions(table, before, input, tokenizer)
    return token_rows(ids, tokenizer.name, instruction, input, output)


def _count(
    texts: pa.Array, ids: pa.Array, tokenizer: Tokenizer, device: Device, least: int
) -> Int64s:
    if device == "cpu":
        return tokenizer.count(texts, ids, least_checked=least)
    counts: Int64s = torch_count.count(texts, tokenizer, device, ids=ids, least_checked=least)
    return counts


def join_tables(parts: Sequence[Path], out: Path) -> None:
    """Write the tables of all shards as one, row group after row group."""
    with release_writer(out, arrow.TOKENS, {}) as writer:
        for path in parts:
            with pq.ParquetFile(path) as file:
                for group in range(file.num_row_groups):
                    writer.write_table(file.read_row_group(group, use_threads=False))
            path.unlink()


def summary(tokenizers: Sequence[TokenizerInput], counted: Sequence[Counted]) -> dict[str, Any]:
    """Return what `tokens.json` says of all shards; `source` is a file, or a release's source."""
    abouts = [describe(loaded(item)) for item in tokenizers]
    return {
        "rendering": RENDERING,
        "contexts": list(CONTEXTS),
        "tokenizers": abouts,
        "bytes": sum(shard.bytes for shard in counted),
        "figures": {
            about["name"]: summarise(
                [(shard.kind, shard.lengths[about["name"]]) for shard in counted],
                about["chat_template_adds"],
            )
            for about in abouts
        },
    }
