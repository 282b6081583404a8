"""Proves a release from its files alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml
from medsmith.builders.digests import file_sha256
from medsmith.builders.instance_writer import id_bits
from medsmith.builders.release import (
    card_yaml,
    croissant,
    evidence_check,
    lengths,
    token_check,
    withheld,
)
from medsmith.builders.release.manifest import NAME, pairs, splits
from medsmith.builders.stage_dir import read_marker
from medsmith.schema import DataError, UserError, arrow
from medsmith.schema.ids import instruction_id

_MANIFEST_KEYS = {"name", "synthetic", "totals", "sources", "files"}
Check = tuple[str, Callable[["Release"], Iterator[str]]]


@dataclass
class Release:
    """A release folder under examination."""

    home: Path
    manifest: dict[str, Any]
    samples: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    instances: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def shards(self) -> list[str]:
        """Return the data files that the manifest names, sorted."""
        return [name for name in sorted(self.manifest["files"]) if name.startswith("data/")]


@dataclass(frozen=True)
class Finding:
    """The outcome of one check: `problems` is empty when it holds."""

    check: str
    problems: tuple[str, ...]


def open_release(directory: Path) -> Release:
    """Return the release in `directory` (or in its `release/`); raises `UserError` if none."""
    for home in (directory, directory / "release"):
        manifest = read_marker(home, NAME)
        if manifest is not None and manifest.keys() >= _MANIFEST_KEYS:
            return Release(home, manifest)
    if (directory / NAME).exists():
        raise UserError(
            f"{directory / NAME} is not a release manifest.", "Build the release again."
        )
    raise UserError(
        f"{directory} holds no release: there is no {NAME}.",
        "Give the folder that `medsmith build` named, e.g. build/pubmedqa/release.",
    )


def verify(release: Release) -> list[Finding]:
    """Run every check on `release` and return what was found."""
    return [Finding(title, tuple(_problems(release, check))) for title, check in CHECKS]


def _problems(release: Release, check: Callable[[Release], Iterator[str]]) -> Iterator[str]:
    """Run a check to its end or as far as it comes: damaged files break in any way."""
    try:
        yield from check(release)
    except Exception as error:
        yield f"the check broke off: {type(error).__name__}: {error}"


def _files(release: Release) -> Iterator[str]:
    named = release.manifest["files"]
    for name, entry in named.items():
        path = release.home / name
        if not path.is_file():
            yield f"{name} is missing"
        elif path.stat().st_size != entry["bytes"] or file_sha256(path) != entry["sha256"]:
            yield f"{name} is not the file that was released (its SHA-256 differs)"
        elif "rows" in entry and pq.read_metadata(path).num_rows != entry["rows"]:
            yield f"{name} has not the {entry['rows']:,} rows that the manifest says"
    for path in sorted(release.home.rglob("*")):
        name = path.relative_to(release.home).as_posix()
        if path.is_file() and name not in named and name != NAME:
            yield f"{name} does not belong to the release"


def _shards(release: Release) -> Iterator[str]:
    for name in release.shards():
        path = release.home / name
        try:
            yield from _shard(release, name, pq.ParquetFile(path))
        except (OSError, KeyError, ValueError, pa.ArrowException, DataError) as error:
            yield f"{name} cannot be read ({error})"


def _shard(release: Release, name: str, file: pq.ParquetFile) -> Iterator[str]:
    _, source, task, base = name.split("/")
    about = release.manifest["sources"].get(source, {})
    details = about.get("tasks", {}).get(task)
    if details is None:
        yield f"{name} belongs to no source and task of the manifest"
        return
    split, number, total = base.removesuffix(".parquet").replace("-of-", "-").split("-")
    if not file.schema_arrow.equals(arrow.SAMPLE):
        yield f"{name} does not have the pinned schema"
        return
    synthetic = (file.schema_arrow.metadata or {}).get(b"medsmith.synthetic", b"").decode()
    if synthetic != str(about["synthetic"]).lower():
        yield f"{name} says that synthetic is {synthetic or 'unknown'}, unlike the manifest"
    expected = {
        "source": source,
        "task": task,
        "split": split,
        "license": about["license"],
        "category": details["category"],
        "domain": details["domain"],
        "input_language": details["input_language"],
        "output_language": details["output_language"],
    }
    last = ""
    columns = ["id", "instruction", "instruction_id", "input", "output", *expected]
    for batch in file.iter_batches(batch_size=20_000, columns=columns):
        table = pa.table(batch)
        for column, value in expected.items():
            if not pc.all(pc.equal(table[column], value)).as_py():
                yield f"{name} has a row whose {column} is not {value!r}"
        yield from _instructions(name, task, table)
        ids = table["id"]
        keys = pc.binary_join_element_wise(ids, table["instruction_id"], " ").to_pylist()
        ordered = [key.split(" ")[0] for key in keys]
        if ordered != sorted(ordered) or (ordered and ordered[0] < last.split(" ", maxsplit=1)[0]):
            yield f"{name} is not in the order of its ids"
        if len(set(keys)) != len(keys) or last in keys:
            yield f"{name} has the same sample twice"
        shard = (id_bits(ids) >> np.uint64(48)) * np.uint64(int(total)) >> np.uint64(16)
        if (shard != int(number)).any():
            yield f"{name} has a row outside the shard's range of ids"
        for column in ("instruction", "input", "output"):
            if pc.any(pc.equal(pc.utf8_trim_whitespace(table[column]), "")).as_py():
                yield f"{name} has a row whose {column} is blank"
        release.samples[source, task, split] += len(table)
        fresh = len(set(ordered)) - (last.split(" ", maxsplit=1)[0] in ordered[:1])
        release.instances[source, task, split] += fresh
        last = keys[-1] if keys else last


def _instructions(name: str, task: str, table: pa.Table) -> Iterator[str]:
    pairs = table.select(["instruction", "instruction_id"]).group_by(
        ["instruction", "instruction_id"]
    )
    for row in pairs.aggregate([]).to_pylist():
        if row["instruction_id"] != instruction_id(task, row["instruction"]):
            yield f"{name} has an instruction that does not fit its instruction_id"


def _ledger(release: Release) -> Iterator[str]:
    for key, source in release.manifest["sources"].items():
        records = source["records"]
        told = records["converted"] + sum(records["rejected"].values())
        told += sum(records["skipped"].values())
        if records["read"] != told:
            yield f"{key}: {records['read']:,} raw records, but {told:,} accounted for"
    for source, task, split, ledger in splits(release.manifest):
        where = f"{source}/{task}/{split}"
        if ledger["converted"] != ledger["released"] + sum(ledger["removed"].values()):
            yield f"{where}: instances are not released + removed"
        for kind, counted in (("released", release.instances), ("samples", release.samples)):
            found = counted[source, task, split]
            if found != ledger[kind]:
                yield f"{where}: the manifest says {ledger[kind]:,} {kind}, the shards {found:,}"
    named = {(source, task, split) for source, task, split, _ in splits(release.manifest)}
    for place in sorted(set(release.samples) - named):
        yield f"{'/'.join(place)}: has shards, but no ledger"


def _totals(release: Release) -> Iterator[str]:
    totals = release.manifest["totals"]
    ledgers = [ledger for *_, ledger in splits(release.manifest)]
    records = [source["records"] for source in release.manifest["sources"].values()]
    sums = {
        "instances": sum(ledger["converted"] for ledger in ledgers),
        "released_instances": sum(ledger["released"] for ledger in ledgers),
        "removed_instances": sum(sum(ledger["removed"].values()) for ledger in ledgers),
        "samples": sum(ledger["samples"] for ledger in ledgers),
        "pairs": pairs(release.manifest),
        "records": sum(record["read"] for record in records),
        "converted_records": sum(record["converted"] for record in records),
        "rejected_records": sum(sum(record["rejected"].values()) for record in records),
        "skipped_records": sum(sum(record["skipped"].values()) for record in records),
    }
    built = {**release.manifest["sources"], **release.manifest.get("withheld", {})}
    parts = {name: source["synthetic"] for name, source in built.items()}
    if release.manifest["synthetic"] != any(parts.values()):
        yield f"synthetic is {release.manifest['synthetic']}, but that of its sources {parts}"
    for name, value in sums.items():
        if totals[name] != value:
            yield f"totals.{name} is {totals[name]:,}, but the parts add up to {value:,}"


def _evidence(release: Release) -> Iterator[str]:
    yield from evidence_check.problems(release.home, release.manifest)


def _withheld(release: Release) -> Iterator[str]:
    yield from withheld.problems(release.home, release.manifest)


def _card(release: Release) -> Iterator[str]:
    try:
        text = (release.home / "README.md").read_text("utf-8")
        front = yaml.safe_load(text.split("---\n")[1])
    except (OSError, ValueError, IndexError, yaml.YAMLError) as error:
        yield f"README.md has no readable YAML ({error})"
        return
    info = front["dataset_info"]
    by_config = {i["config_name"]: i for i in (info if isinstance(info, list) else [info])}
    for name, by_split in card_yaml.configs(release.manifest).items():
        told = {s["name"]: s["num_examples"] for s in by_config[name]["splits"]}
        for split, globs in by_split.items():
            rows = sum(
                pq.read_metadata(path).num_rows
                for pattern in globs
                for path in release.home.glob(pattern)
            )
            if told.get(split) != rows:
                yield f"the card says {told.get(split)} rows in {name}/{split}; there are {rows}"


def _croissant(release: Release) -> Iterator[str]:
    yield from croissant.problems(release.home, release.manifest)


def _lengths(release: Release) -> Iterator[str]:
    yield from lengths.problems(release.home, release.manifest)


def _tokens(release: Release) -> Iterator[str]:
    yield from token_check.problems(release.home, release.manifest)


CHECKS: tuple[Check, ...] = (
    ("every file is there, with the SHA-256 of the manifest, and no other", _files),
    ("every shard has the pinned schema, its own values, order and range", _shards),
    ("the ledger adds up and fits the shards", _ledger),
    ("the totals are the sums of their parts", _totals),
    ("each removal has its evidence, as the ledger counts it, and is not released", _evidence),
    ("what is withheld adds up, and stands nowhere in the release", _withheld),
    ("the card's numbers are those of the shards", _card),
    ("the lengths told are those of the shards", _lengths),
    ("the tokens told are those of the shards, and samples' are the sums of parts", _tokens),
    ("croissant.json's files, digests and counts are those of the manifest", _croissant),
)
