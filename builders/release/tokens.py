"""What a release tells of its tokens: figures, `tokens.json`, and the counts in `evidence/`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from medsmith.builders.parquet import read_table, readable, release_writer
from medsmith.builders.stage_dir import read_marker, write_json
from medsmith.builders.stages.base import StageRun
from medsmith.builders.tokens.lengths import read_lengths
from medsmith.builders.tokens.samples import INSTRUCTIONS
from medsmith.builders.tokens.summary import CONTEXTS, Kind, summarise
from medsmith.builders.tokens.template import RENDERING
from medsmith.builders.unit import Unit
from medsmith.schema import arrow

NAME = "tokens.json"
EVIDENCE = "evidence/tokens.parquet"


def describe(unit: Unit, about: dict[str, Any]) -> dict[str, Any] | None:
    """Return the figures by tokenizer; None where no tokens were counted.

    `about` is the release's manifest, which tells each task's category and language.
    """
    if not unit.tokenizers:
        return None
    stage = unit.source_stage(unit.sources[0].name, "tokens")
    tokenizers = (read_marker(stage) or {})["report"]["tokenizers"]
    found = read_lengths(unit.stage("assemble"))
    figures = {}
    for item in tokenizers:
        mine = [
            (kind_of(about, source, task), lengths)
            for (name, source, task), lengths in found.items()
            if name == item["name"] and source in about["sources"]
        ]
        figures[item["name"]] = summarise(mine, item["chat_template_adds"])
    return {
        "rendering": RENDERING,
        "contexts": list(CONTEXTS),
        "tokenizers": tokenizers,
        "figures": figures,
    }


def in_short(told: dict[str, Any]) -> dict[str, Any]:
    """Return what the manifest keeps of `tokens.json`: the figures of all and of each source."""
    figures = {
        name: {axis: found[axis] for axis in ("all", "source")}
        for name, found in told["figures"].items()
    }
    return {**told, "figures": figures}


def kind_of(about: dict[str, Any], source: str, task: str) -> Kind:
    """Return what samples of a task are told apart by; the language is their input's."""
    details = about["sources"][source]["tasks"][task]
    return Kind(source, task, details["category"], details["input_language"])


def counted_with(manifest: dict[str, Any]) -> str | None:
    """Return the tokenizer whose counts stand in the samples, with the SHA-256 of its files."""
    told = manifest.get("tokens")
    if told is None:
        return None
    first = told["tokenizers"][0]
    return f"{first['name']} ({first['sha256'][:12]})"


def tokens_of(manifest: dict[str, Any], source: str) -> int | None:
    """Return the tokens of one epoch of a source, as the samples count them."""
    told = manifest.get("tokens")
    if told is None:
        return None
    figures = told["figures"][told["tokenizers"][0]["name"]]["source"]
    return figures[source]["tokens"] if source in figures else 0


def write(run: StageRun, told: dict[str, Any]) -> None:
    """Write `tokens.json` and the counts of everything released, in the order of conversion."""
    write_json(run.out / NAME, told)
    removed = read_table(run.unit.stage("assemble") / "removals.parquet", ["id"])["id"]
    gone = removed.combine_chunks()
    with release_writer(run.out / EVIDENCE, arrow.TOKENS, {}) as writer:
        for source in run.unit.shown:
            home = run.unit.source_stage(source.name, "tokens")
            for path in (home / INSTRUCTIONS, *sorted(home.glob("counts-*.parquet"))):
                for batch in _batches(path):
                    kept = batch.filter(pc.invert(pc.is_in(batch["id"], value_set=gone)))
                    writer.write_batch(kept)


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    with readable(path), pq.ParquetFile(path) as file:
        yield from file.iter_batches(65_536, use_threads=False)
