"""Stage `tokens`: token counts of every instance's input and output, and of every instruction.

Counts depend on no verdict: an instance is counted once, whatever release it then enters, and a
sample's counts are put together from its parts' (`medsmith.builders.tokens.template`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from medsmith.builders.engine import report_rows
from medsmith.builders.parquet import readable, stage_writer, write_table
from medsmith.builders.stage_dir import read_marker
from medsmith.builders.stages import convert
from medsmith.builders.stages.base import Phase, Stage, StageRun
from medsmith.builders.tokens.inputs import loaded
from medsmith.builders.tokens.samples import (
    CHECKED_OF_A_SHARD,
    INSTRUCTIONS,
    counts_name,
    token_rows,
)
from medsmith.builders.tokens.template import count_instructions, describe
from medsmith.builders.tokens.tokenizer import Tokenizer
from medsmith.builders.unit import TokenizerInput, Unit
from medsmith.schema import arrow

NAME = "tokens"
_COLUMNS = ["id", "input", "output"]


@dataclass(frozen=True)
class _Count:
    shard: Path
    tokenizers: tuple[TokenizerInput, ...]
    out: Path


@dataclass(frozen=True)
class _Learn:
    """A tokenizer to be described, and the instructions to be counted with it."""

    tokenizer: TokenizerInput
    instructions: tuple[tuple[str, str], ...]  # id, text


def _instructions(unit: Unit) -> tuple[tuple[str, str], ...]:
    (source,) = unit.sources
    registered = source.load()
    pools = [registered.catalogue.pool(task.name) for task in registered.manifest.tasks]
    return tuple(
        (id, instruction.text)
        for pool in pools
        for id, instruction in zip(pool.ids, pool.instructions, strict=True)
    )


def _inputs(unit: Unit) -> Any:
    if not unit.tokenizers:
        if unit.recipe.tokens is not None:
            raise ValueError("the recipe names tokenizers: see `tokens.inputs.with_tokenizers`")
        return None
    return {
        "tokenizers": [[item.name, item.digest] for item in unit.tokenizers],
        "instructions": [list(pair) for pair in _instructions(unit)],
    }


def _split_tokenizers(run: StageRun) -> Sequence[_Learn]:
    instructions = _instructions(run.unit)
    return [_Learn(tokenizer, instructions) for tokenizer in run.unit.tokenizers]


def _learn(task: _Learn) -> tuple[dict[str, Any], pa.Table]:
    """Return what is to be told of a tokenizer, and its counts of the instructions."""
    tokenizer = loaded(task.tokenizer)
    counts = count_instructions([text for _, text in task.instructions], tokenizer)
    ids = pa.array([id for id, _ in task.instructions], pa.string())
    none = np.zeros_like(counts)
    return describe(tokenizer), token_rows(ids, tokenizer.name, counts, none, none)


def _split_shards(run: StageRun) -> Sequence[_Count]:
    if not run.unit.tokenizers:
        return []
    home = run.unit.stage(convert.NAME)
    report = (read_marker(home) or {})["report"]
    return [
        _Count(home / name, run.unit.tokenizers, run.out / counts_name(name))
        for name in report["shards"]
    ]


def _count(task: _Count) -> Counter[str]:
    """Write the counts of one shard; return the tokens of its inputs and outputs by tokenizer."""
    tokens: Counter[str] = Counter()
    with stage_writer(task.out, arrow.TOKENS) as writer:
        for item in task.tokenizers:
            tokenizer = loaded(item)
            with readable(task.shard), pq.ParquetFile(task.shard) as shard:
                for number in range(shard.num_row_groups):
                    table = shard.read_row_group(number, _COLUMNS, use_threads=False)
                    rows = _counted(table.combine_chunks(), tokenizer, first=number == 0)
                    tokens[item.name] += int(rows["total"].to_numpy().sum())
                    writer.write_table(rows)
                    report_rows(len(rows))
    return tokens


def _counted(table: pa.Table, tokenizer: Tokenizer, *, first: bool) -> pa.Table:
    ids = table["id"].combine_chunks()
    least = CHECKED_OF_A_SHARD if first else 0
    input, output = (
        tokenizer.count(table[name].combine_chunks(), ids, least_checked=least)
        for name in ("input", "output")
    )
    return token_rows(ids, tokenizer.name, np.zeros_like(input), input, output)


def _finish(run: StageRun) -> dict[str, Any]:
    learnt = run.results["reading tokenizers"]
    tables = [arrow.TOKENS.empty_table(), *(table for _, table in learnt)]
    write_table(pa.concat_tables(tables), run.out / INSTRUCTIONS)
    tokens: Counter[str] = Counter()
    for some in run.results["counting"]:
        tokens.update(some)
    return {"tokenizers": [about for about, _ in learnt], "tokens": dict(sorted(tokens.items()))}


STAGE = Stage(
    name=NAME,
    scope="source",
    needs=(convert.NAME,),
    code=(
        "medsmith.schema",
        "medsmith.builders.tokens",
        "medsmith.builders.parquet",
        "medsmith.builders.stages.tokens",
    ),
    title="tokens",
    phases=(
        Phase("reading tokenizers", _split_tokenizers, _learn),
        Phase("counting", _split_shards, _count),
    ),
    finish=_finish,
    inputs=_inputs,
)
