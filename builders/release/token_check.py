"""Proves what a release tells of its tokens from its files alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from medsmith.builders.expand import mix
from medsmith.builders.instance_writer import id_bits
from medsmith.builders.parquet import readable
from medsmith.builders.release.tokens import EVIDENCE, NAME, in_short, kind_of
from medsmith.builders.tokens.summary import Lengths, summarise

_COLUMNS = ["id", "n_tokens"]
_BATCH_ROWS = 16_384
_ODD = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F], np.uint64)
Sums = dict[str, int]  # by source: a checksum of its instances' counts, whatever their order


def problems(home: Path, manifest: dict[str, Any]) -> Iterator[str]:
    """Tell where counts, figures and evidence do not fit one another.

    Of the first tokenizer, whose counts stand in the samples, all is counted again; of the others
    the number of samples. Memory: one batch of rows, and the different lengths.
    """
    told = manifest.get("tokens")
    shards = sorted(name for name in manifest["files"] if name.startswith("data/"))
    found: dict[tuple[str, str], Lengths] = {}
    sums: Sums = {}
    for name in shards:
        _, source, task, _ = name.split("/")
        lengths = found.setdefault((source, task), Lengths())
        yield from _shard(home / name, name, told is not None, lengths, sums)
    if told is None:
        if (home / NAME).exists() or (home / EVIDENCE).exists():
            yield "there are token counts, but the manifest tells of none"
        return
    whole = json.loads((home / NAME).read_text("utf-8"))
    if in_short(whole) != told:
        yield f"{NAME} is not what the manifest tells"
    yield from _figures(manifest, whole, found)
    first = told["tokenizers"][0]["name"]
    if _evidence_sums(home / EVIDENCE, first) != sums:
        yield f"{EVIDENCE} does not hold the counts of the shards' instances"


def _shard(path: Path, name: str, counted: bool, lengths: Lengths, sums: Sums) -> Iterator[str]:
    last = ""
    with readable(path), pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_BATCH_ROWS, columns=_COLUMNS, use_threads=False):
            counts = batch["n_tokens"]
            missing = counts.null_count
            if missing != (0 if counted else len(counts)):
                yield f"{name} has rows {'without' if counted else 'with'} token counts"
                return
            if not counted or not len(batch):
                continue
            parts = [counts.field(i).to_numpy() for i in range(4)]
            if (parts[0] + parts[1] + parts[2] != parts[3]).any():
                yield f"{name} has a row whose tokens are not the sum of its parts'"
            lengths.add(Lengths.of(*parts[:3]))
            ids = batch["id"]
            fresh = np.append(ids[0].as_py() != last, _changes(ids))
            last = ids[-1].as_py()
            _add(sums, ids.filter(pa.array(fresh)), parts[1][fresh], parts[2][fresh])


def _changes(ids: pa.Array) -> Any:
    before, after = ids.slice(0, len(ids) - 1), ids.slice(1)
    return pc.not_equal(before, after).to_numpy(zero_copy_only=False)


def _add(sums: Sums, ids: pa.Array, input: Any, output: Any) -> None:
    """Add a checksum of each instance's counts to its source's; the order does not matter."""
    sources = pc.replace_substring_regex(ids, r"-[0-9a-f]{20}(~[0-9]+)?$", "").dictionary_encode()
    with np.errstate(over="ignore"):
        counts = input.astype(np.uint64) * _ODD[0] + output.astype(np.uint64) * _ODD[1]
        values = mix(id_bits(pa.chunked_array([ids])) ^ counts)
    which = sources.indices.to_numpy()
    for number, source in enumerate(sources.dictionary.to_pylist()):
        sums[source] = (sums.get(source, 0) + int(values[which == number].sum())) % 2**64


def _evidence_sums(path: Path, tokenizer: str) -> Sums:
    sums: Sums = {}
    with readable(path), pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_BATCH_ROWS, use_threads=False):
            instances = pc.invert(pc.match_substring(batch["id"], "#"))
            mine = batch.filter(pc.and_(instances, pc.equal(batch["tokenizer"], tokenizer)))
            if len(mine):
                _add(sums, mine["id"], mine["input"].to_numpy(), mine["output"].to_numpy())
    return sums


def _figures(
    manifest: dict[str, Any], whole: dict[str, Any], found: dict[tuple[str, str], Lengths]
) -> Iterator[str]:
    for number, item in enumerate(whole["tokenizers"]):
        told = whole["figures"][item["name"]]
        if number == 0:
            kinds = [(kind_of(manifest, *place), lengths) for place, lengths in found.items()]
            counted = summarise(kinds, item["chat_template_adds"])
            for axis in sorted({*counted, *told}):
                if counted.get(axis) != told.get(axis):
                    yield f"{item['name']}: the figures by {axis} are not those of the shards"
        elif told["all"]["n"] != sum(lengths.samples.total() for lengths in found.values()):
            yield f"{item['name']}: it counted another number of samples"
