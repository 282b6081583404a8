"""Stage `release`: shards, evidence, licences, card and manifest as one folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from medsmith.builders.digests import code_sha256, file_sha256
from medsmith.builders.release import (
    card,
    comparisons,
    croissant,
    evidence,
    figures,
    lengths,
    licences,
    manifest,
    tokens,
    withheld,
)
from medsmith.builders.stage_dir import inventory, read_marker, write_json
from medsmith.builders.stages import assemble, convert
from medsmith.builders.stages.base import Phase, Stage, StageRun
from medsmith.builders.unit import Unit

NAME = "release"
_MEASURING = "measuring lengths"


def _inputs(unit: Unit) -> Any:
    sources = [source.load().manifest.model_dump(mode="json") for source in unit.sources]
    return {"recipe": unit.recipe.model_dump(mode="json"), "sources": sources}


def _link_tree(source: Path, target: Path) -> None:
    """Give `target` the files of `source`: the same bytes on disk where the file system can."""
    for path in sorted(source.rglob("*")):
        if path.is_file():
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(path, copy)
            except OSError:
                shutil.copyfile(path, copy)


def _split_shards(run: StageRun) -> Sequence[Path]:
    home = run.unit.stage(assemble.NAME)
    report = (read_marker(home) or {})["report"]
    shown = {source.name for source in run.unit.shown}
    paths = [shard["path"] for shard in report["shards"]]
    return [home / path for path in paths if path.split("/")[1] in shown]


def _measure(shard: Path) -> tuple[str, lengths.Lengths]:
    """Return a shard's source and the lengths of its texts."""
    return shard.parent.parent.name, lengths.measure(shard)


def _write(home: Path, name: str, text: str, files: dict[str, Any]) -> None:
    """Write a file that tells of the others, and enter it into the inventory of all."""
    (home / name).write_text(text, "utf-8")
    files[name] = {"bytes": (home / name).stat().st_size, "sha256": file_sha256(home / name)}


def _finish(run: StageRun) -> dict[str, Any]:
    data = run.unit.stage(assemble.NAME) / "data"
    for source in run.unit.shown:
        if (data / source.name).is_dir():
            _link_tree(data / source.name, run.out / "data" / source.name)
    evidence.write_evidence(run)
    about = manifest.describe(run.unit)
    about.update(comparisons.describe(run.unit, run.out / evidence.DIRECTORY))
    if run.unit.withheld:
        withheld.write_ids(run.unit, run.out)
    for source in run.unit.withheld:
        code = {stage.name: code_sha256(*stage.code) for stage in (convert.STAGE, assemble.STAGE)}
        about["withheld"][source.name].update(withheld.how_made(run.unit, source, code))
    about["lengths"] = lengths.by_source(run.results[_MEASURING])
    if told := tokens.describe(run.unit, about):
        tokens.write(run, told)
        about["tokens"] = tokens.in_short(told)
    figures.write(about, run.out)
    (run.out / "LICENSES.md").write_text(licences.licences_page(about), "utf-8")
    files = inventory(run.out)
    for name, entry in files.items():
        if name.endswith(".parquet"):
            footer = pq.read_metadata(run.out / name)
            entry["rows"] = footer.num_rows
            entry["uncompressed_bytes"] = sum(
                footer.row_group(i).total_byte_size for i in range(footer.num_row_groups)
            )
    about["files"] = files
    _write(run.out, croissant.NAME, croissant.render(about), files)
    _write(run.out, "README.md", card.render(about), files)
    about["build_key"] = run.build_key
    about["files"] = dict(sorted(files.items()))
    write_json(run.out / manifest.NAME, about)
    return {"samples": about["totals"]["samples"]}


STAGE = Stage(
    name=NAME,
    scope="release",
    needs=(convert.NAME, assemble.NAME),
    needs_judges=True,
    code=(
        "medsmith.schema",
        "medsmith.manifests",
        "medsmith.builders.release",
        "medsmith.builders.contamination",
        "medsmith.builders.tokens",
        "medsmith.builders.parquet",
        "medsmith.builders.stages.release",
    ),
    title="release",
    phases=(Phase(_MEASURING, _split_shards, _measure),),
    finish=_finish,
    inputs=_inputs,
    marker=manifest.NAME,
)
