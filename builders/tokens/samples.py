"""Puts the counts of samples together from those of their instances and instructions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from medsmith.builders.parquet import read_table
from medsmith.builders.tokens.inputs import loaded
from medsmith.builders.tokens.summary import Int64s, Lengths
from medsmith.builders.tokens.template import add_instructions
from medsmith.builders.unit import TokenizerInput
from medsmith.schema import DataError, arrow

_COLUMN = "tokens"
_PARTS = 2  # input and output
INSTRUCTIONS = "instructions.parquet"
CHECKED_OF_A_SHARD = 200  # texts that the library counts again, of each column


def counts_name(shard: str) -> str:
    """Return the name of the table of counts of a shard of instances.

    Its rows (`arrow.TOKENS`) are in the order of the shard's, once for each tokenizer.
    """
    return shard.replace("instances-", "counts-")


def token_rows(
    ids: pa.Array, tokenizer: str, instruction: Int64s, input: Int64s, output: Int64s
) -> pa.Table:
    """Return rows of `arrow.TOKENS`; their totals are the sums."""
    names = pa.repeat(pa.scalar(tokenizer, pa.string()), len(ids))
    parts = [pa.array(part) for part in (instruction, input, output, instruction + input + output)]
    return pa.table([ids, names, *parts], schema=arrow.TOKENS)


@dataclass(frozen=True)
class Counts:
    """The token counts of a source's instances: their folder, and whose tokens they are."""

    home: Path
    tokenizers: tuple[TokenizerInput, ...]

    def schema(self, instances: pa.Schema) -> pa.Schema:
        """Return the schema of instances with their counts: input and output by tokenizer."""
        if not self.tokenizers:
            return instances
        kind = pa.list_(pa.int64(), _PARTS * len(self.tokenizers))
        return instances.append(pa.field(_COLUMN, kind, nullable=False))

    def attach(self, instances: pa.Table, shard: str) -> pa.Table:
        """Append their counts to the instances of `shard`.

        Raises `DataError` where the counts are not of these very instances.
        """
        if not self.tokenizers:
            return instances
        path = self.home / counts_name(shard)
        table = read_table(path, ["id", "input", "output"])
        ids, own = (found["id"].combine_chunks() for found in (table, instances))
        shape = len(self.tokenizers), len(own)
        starts = range(0, shape[0] * shape[1], max(shape[1], 1))
        if len(ids) != shape[0] * shape[1] or not all(
            ids.slice(start, shape[1]).equals(own) for start in starts
        ):
            raise DataError(
                f"{path} does not count the instances of {shard}.",
                f"Delete the folder {self.home} and build again.",
            )
        parts = [table[name].to_numpy().reshape(shape) for name in ("input", "output")]
        values = pa.array(np.stack(parts, axis=-1).transpose(1, 0, 2).reshape(-1))
        column = pa.FixedSizeListArray.from_arrays(values, _PARTS * shape[0])
        schema = self.schema(instances.schema)
        return pa.table([*instances.columns, column], schema=schema)


class SampleCounter:
    """Fills in the counts of a source's samples; `lengths` tells of all so far, by tokenizer."""

    def __init__(self, counts: Counts) -> None:
        self._tokenizers = counts.tokenizers
        self.lengths = {item.name: Lengths() for item in counts.tokenizers}
        self._instructions: dict[str, pa.Table] = {}
        if counts.tokenizers:
            columns = ["id", "tokenizer", "instruction"]
            table = read_table(counts.home / INSTRUCTIONS, columns)
            for name in self.lengths:
                self._instructions[name] = table.filter(pc.equal(table["tokenizer"], name))

    def fill(self, samples: pa.Table, instances: pa.Table) -> pa.Table:
        """Return the samples with `n_tokens` by the first tokenizer, if there is one.

        The samples of each of the instances (with their counts) follow one another, the same
        number of each.
        """
        if not self._tokenizers:
            return samples
        shape = len(instances), len(self._tokenizers), _PARTS
        by_instance = pc.list_flatten(instances[_COLUMN]).to_numpy().reshape(shape)
        every = np.repeat(by_instance, len(samples) // max(len(instances), 1), axis=0)
        filled = samples
        for number, item in enumerate(self._tokenizers):
            input, output = every[:, number, 0], every[:, number, 1]
            before = self._before(item.name, samples)
            instruction = add_instructions(samples, before, input, loaded(item))
            self.lengths[item.name].add(Lengths.of(instruction, input, output))
            if number == 0:
                filled = _with_counts(samples, instruction, input, output)
        return filled

    def _before(self, tokenizer: str, samples: pa.Table) -> Int64s:
        table = self._instructions[tokenizer]
        known = table["id"].combine_chunks()
        found = pc.index_in(samples["instruction_id"], value_set=known)
        counts: Int64s = table["instruction"].take(found).to_numpy()
        return counts


def _with_counts(samples: pa.Table, instruction: Int64s, input: Int64s, output: Int64s) -> pa.Table:
    parts = [pa.array(part) for part in (instruction, input, output, instruction + input + output)]
    field = arrow.SAMPLE.field("n_tokens")
    column = pa.StructArray.from_arrays(parts, fields=list(field.type))
    return samples.set_column(arrow.SAMPLE.get_field_index("n_tokens"), field, column)
