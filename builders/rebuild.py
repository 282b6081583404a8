"""Rebuilds the withheld sources of a release from the user's own raw files, and proves the bytes.

The release's manifest says what to build and what must come out; its table of withheld ids brings
the verdicts, so neither the other sources nor the judging stages are needed here.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from medsmith.builders.digests import code_sha256, file_sha256, library_versions
from medsmith.builders.engine import Engine
from medsmith.builders.pipeline import build
from medsmith.builders.progress import Reporter
from medsmith.builders.release.verify import Release, open_release
from medsmith.builders.release.withheld import IDS, current_inputs, removals_of
from medsmith.builders.resolve import RawHome, source_input
from medsmith.builders.stage_dir import locked, read_marker, stage_directory, sweep
from medsmith.builders.stages import assemble, convert, tokens
from medsmith.builders.stages.base import Stage, StageRun
from medsmith.builders.tokens.inputs import find_tokenizers
from medsmith.builders.unit import SourceInput, TokenizerInput, Unit
from medsmith.manifests import Recipe
from medsmith.schema import DataError, MedsmithError, UserError
from pydantic import ValidationError

_WORK = "work"
_TELLING = ("medsmith", "pyarrow")  # other versions of these write other bytes


@dataclass
class RebuildReport:
    """What was built: `shards` are paths under the output folder, `problems` what differs."""

    sources: tuple[str, ...]
    shards: list[str] = field(default_factory=list)
    samples: int = 0
    problems: list[str] = field(default_factory=list)


def rebuild(
    directory: Path,
    raw: Path,
    out: Path,
    engine: Engine,
    reporter: Reporter,
    *,
    only: Sequence[str] = (),
    tokenizers: Sequence[str] = (),
    anyway: bool = False,
) -> RebuildReport:
    """Build withheld sources of the release in `directory` into `out/data`.

    Parameters
    ----------
    raw:
        Folder that holds one raw folder a source.
    out:
        Takes `data/<source>/…` and, in `work/`, what can be deleted afterwards.
    only:
        Keys of the sources wanted; all that are withheld where it is empty.
    tokenizers:
        The release's tokenizers, where they are not found by their names.
    anyway:
        Go on under other versions of the software.

    Raises `UserError` where nothing can be rebuilt or the versions are others, `DataError` where
    the raw files are not those of the release.
    """
    release = open_release(directory)
    described = _wanted(release, only)
    out = out.absolute()
    if out.resolve().is_relative_to(release.home.resolve()):
        raise UserError(
            f"{out} lies in the release, from which these sources are withheld.",
            "Give another --out.",
        )
    _check_verdicts(release)
    if not anyway:
        _check_versions(described)
    home = RawHome(raw, named=True)
    sources = tuple(source_input(key, home, about["synthetic"]) for key, about in described.items())
    _check_raw(sources, described)
    unit = _unit(release, sources, out, tokenizers)
    build([unit], engine, reporter, stages=(convert.STAGE, tokens.STAGE))
    report = RebuildReport(tuple(described))
    with locked(unit.home):
        sweep(unit.home)
        _assemble(release, unit, engine, reporter)
        _take(unit, described, out, report)
    return report


def _wanted(release: Release, only: Sequence[str]) -> dict[str, Any]:
    withheld: dict[str, Any] = release.manifest.get("withheld", {})
    if not withheld:
        raise UserError(
            f"The release in {release.home} withholds no source.",
            "All of it is there: load it as it is.",
        )
    if unknown := [key for key in only if key not in withheld]:
        raise UserError(
            f"{', '.join(unknown)}: not withheld from this release.",
            f"It withholds {', '.join(withheld)}.",
        )
    return {key: about for key, about in withheld.items() if not only or key in only}


def _check_verdicts(release: Release) -> None:
    path = release.home / IDS
    told = release.manifest["files"].get(IDS, {}).get("sha256")
    if not path.is_file() or file_sha256(path) != told:
        raise DataError(
            f"{path} is not the file that was released.", "Fetch it again, beside manifest.json."
        )


def _check_versions(described: dict[str, Any]) -> None:
    there = next(iter(described.values()))["libraries"]
    here = library_versions()
    if others := [name for name in _TELLING if here[name] != there[name]]:
        told = ", ".join(f"{name} {there[name]} (here {here[name]})" for name in others)
        cure = " ".join(f"{name}=={there[name]}" for name in others)
        raise UserError(
            f"The release was made with {told}: the bytes would differ.",
            f"Install {cure}, or go on with --anyway.",
        )


def _check_raw(sources: Sequence[SourceInput], described: dict[str, Any]) -> None:
    problems = []
    for source in sources:
        there, here = described[source.name]["raw_files"], source.fingerprint()
        for name in sorted(there.keys() | here.keys()):
            where = f"{source.name}/{name}"
            if name not in here:
                problems.append(f"{where} is missing")
            elif name not in there:
                problems.append(f"{where} was not among the release's raw files")
            elif here[name] != there[name]:
                sizes = [f"{entry[name]['bytes']:,} bytes" for entry in (here, there)]
                problems.append(f"{where} is another file ({sizes[0]}; the release's {sizes[1]})")
    if problems:
        raise DataError(
            f"These raw files are not those of the release: {'; '.join(problems)}.",
            "Get the version that `manifest.json` names, as it came, without repacking it.",
        )


def _unit(
    release: Release, sources: tuple[SourceInput, ...], out: Path, tokenizers: Sequence[str]
) -> Unit:
    try:
        recipe = Recipe.model_validate(release.manifest["recipe"])
    except ValidationError as error:
        fields = ", ".join(".".join(str(p) for p in e["loc"]) for e in error.errors())
        raise UserError(
            f"The release's recipe is not one that this Medsmith reads ({fields}).",
            f"Install medsmith=={release.manifest['medsmith_version']}.",
        ) from None
    unit = Unit(recipe.name, out / _WORK / f"{recipe.name}-withheld", sources, recipe)
    told = release.manifest.get("tokens")
    return replace(unit, tokenizers=_tokenizers(told, tokenizers)) if told else unit


def _tokenizers(told: dict[str, Any], given: Sequence[str]) -> tuple[TokenizerInput, ...]:
    """Return the release's tokenizers as they stand here, under the release's names."""
    there = told["tokenizers"]
    here = find_tokenizers(given or [item["name"] for item in there])
    if [item.digest for item in here] != [item["sha256"] for item in there]:
        names = ", ".join(item["name"] for item in there)
        raise UserError(
            f"The release's tokens are those of {names}, but the files here are others.",
            "Name the files whose SHA-256 its manifest.json tells, in its order, with --tokenizer.",
        )
    return tuple(replace(item, name=other["name"]) for item, other in zip(here, there, strict=True))


def _assemble(release: Release, unit: Unit, engine: Engine, reporter: Reporter) -> None:
    """Run the stage `assemble` with the release's verdicts in place of the judging stages'."""
    verdicts = Stage(
        name="withheld_ids",
        scope="release",
        needs=(),
        code=(),
        title="the release's verdicts",
        phases=(),
        finish=lambda run: {},
        inputs=lambda unit: None,
        removals=lambda home: removals_of(release.home),
    )
    with stage_directory(unit.stage(assemble.NAME)) as aside:
        run = StageRun(unit, aside, "", {}, (verdicts,))
        for phase in assemble.STAGE.phases:
            tasks = list(phase.split(run))
            with reporter.phase(f"{assemble.STAGE.title}: {phase.name}", len(tasks)) as progress:
                results = list(engine.map(phase.work, tasks, progress))
            for result in results:
                if isinstance(result, MedsmithError):
                    raise result
            run.results[phase.name] = results
        assemble.STAGE.finish(run)


def _take(unit: Unit, described: dict[str, Any], out: Path, report: RebuildReport) -> None:
    """Put the shards in place, source by source, and compare each with the manifest."""
    for source in unit.sources:
        made = unit.stage(assemble.NAME) / "data" / source.name
        (out / "data").mkdir(parents=True, exist_ok=True)
        with stage_directory(out / "data" / source.name) as aside:
            for path in sorted(made.rglob("*.parquet")):
                copy = aside / path.relative_to(made)
                copy.parent.mkdir(parents=True, exist_ok=True)
                _link(path, copy)
        there = described[source.name]["shards"]
        data = out / "data" / source.name
        here = {p.relative_to(out).as_posix(): p for p in sorted(data.rglob("*.parquet"))}
        differing = len(report.problems)
        for name in sorted(there.keys() | here.keys()):
            if name not in here:
                report.problems.append(f"{name} did not come out")
            elif name not in there:
                report.problems.append(f"{name} came out, but the release knows no such shard")
            elif file_sha256(here[name]) != there[name]["sha256"]:
                report.problems.append(f"{name} differs (its SHA-256)")
            else:
                report.samples += there[name]["rows"]
                report.shards.append(name)
        if len(report.problems) > differing:
            report.problems += _causes(source, described[source.name], unit)


def _link(path: Path, copy: Path) -> None:
    try:
        os.link(path, copy)
    except OSError:
        shutil.copyfile(path, copy)


def _causes(source: SourceInput, about: dict[str, Any], unit: Unit) -> list[str]:
    """Return what is not as it was when the release was made."""
    code = {stage.name: code_sha256(*stage.code) for stage in (convert.STAGE, assemble.STAGE)}
    here = {**code, **current_inputs(source)}
    found = [
        f"{source.name}: the {name} here is not the one of the release"
        for name, digest in about["code"].items()
        if here.get(name) != digest
    ]
    versions = library_versions()
    found += [
        f"{source.name}: {name} is {versions.get(name)}, the release's was {version}"
        for name, version in about["libraries"].items()
        if versions.get(name) != version
    ]
    marker = read_marker(unit.source_stage(source.name, convert.NAME)) or {}
    if marker.get("report", {}).get("records") != about["records"]:
        found.append(f"{source.name}: the ledger of its raw records differs")
    return found
