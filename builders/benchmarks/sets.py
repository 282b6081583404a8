"""Item tables ready to be indexed: of a registered benchmark, or of a user's own file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa
from medsmith.builders.benchmarks.digest import digest, set_digest
from medsmith.builders.benchmarks.home import BenchmarkHome
from medsmith.builders.benchmarks.ledger import ItemLedger
from medsmith.builders.benchmarks.reading import ItemRun
from medsmith.builders.digests import raw_sha256
from medsmith.converters import RawFile
from medsmith.dedup.contamination.items import items_table
from medsmith.manifests import (
    Access,
    BenchmarkFields,
    BenchmarkFile,
    BenchmarkManifest,
    Catalogue,
)
from medsmith.schema import AccessTier, DataError, UserError
from pydantic import HttpUrl

_FORMATS: dict[str, Literal["jsonl", "parquet"]] = {".jsonl": "jsonl", ".parquet": "parquet"}


@dataclass(frozen=True)
class ItemSet:
    """The items of one benchmark; `manifest` is None for a user's own file.

    `table` is of `medsmith.dedup.contamination.items.ITEMS`; `digest` covers the files that were
    read and how they were read, so that equal digests mean equal tables.
    """

    benchmark: str
    manifest: BenchmarkManifest | None
    folders: tuple[Path, ...]
    table: pa.Table
    ledger: ItemLedger
    problems: tuple[str, ...]
    digest: str


def load_benchmark(name: str, home: BenchmarkHome) -> ItemSet:
    """Return the items of the registered benchmark `name`.

    Raises `UserError` where there is none of that name, or where its files are not there (saying
    how to get them).
    """
    manifest = Catalogue.bundled().benchmark(name)
    presence = home.look(manifest)
    if not presence.readable:
        lacking = f" (it lacks {', '.join(presence.missing)})" if presence.missing else ""
        raise UserError(
            f"The files of the benchmark `{name}` are not in {home.path / name}{lacking}.",
            " ".join(manifest.access.how_to_get.split()),
        )
    return _read(manifest, presence.folders)


def load_items(name_or_file: str, home: BenchmarkHome) -> ItemSet:
    """Return the items of a registered benchmark, or of a user's JSONL or Parquet file.

    A file has the columns `id, question` and perhaps `options` (a list), `answer` and `passage`;
    the benchmark is then called by the file's name. Raises `UserError`.
    """
    path = Path(name_or_file)
    if not path.suffix and not path.is_file():
        return load_benchmark(name_or_file, home)
    if _bare(path).suffix not in _FORMATS:
        raise UserError(
            f"{path} is neither JSONL nor Parquet.",
            "Name a file .jsonl, .jsonl.gz or .parquet, or the key of a benchmark "
            "(`medsmith benchmarks` lists them).",
        )
    if not path.is_file():
        raise UserError(f"{path} does not exist.", "Correct the name, or name a benchmark's key.")
    found = _read_file(path.absolute())
    if not found.table.num_rows:
        raise DataError(
            f"{path} holds no items ({found.ledger.rejected.total():,} records were rejected).",
            "Each record needs `id` and `question`; see `medsmith decontaminate --help`.",
        )
    return found


def present_items(home: BenchmarkHome) -> Iterator[ItemSet]:
    """Yield the items of every registered benchmark whose files are there, in order of keys."""
    for found in home.found.values():
        yield _of_run(found.manifest, ItemRun(found.manifest, found.folders), found.digest)


def _read(manifest: BenchmarkManifest, folders: tuple[Path, ...]) -> ItemSet:
    return _of_run(manifest, ItemRun(manifest, folders), set_digest(manifest, folders))


def _read_file(path: Path) -> ItemSet:
    layout = _layout(path)
    run = ItemRun(layout, [path.parent], file=RawFile(path.name, path))
    return _of_run(None, run, digest(layout, raw_sha256(path, path.name)))


def _of_run(manifest: BenchmarkManifest | None, run: ItemRun, digest: str) -> ItemSet:
    name = run.manifest.name
    table = items_table(name, run)  # fills the run's ledger
    return ItemSet(name, manifest, run.folders, table, run.ledger, tuple(run.problems), digest)


def _bare(path: Path) -> Path:
    """Return the path without the suffix of a compression."""
    return path.with_suffix("") if path.suffix in (".gz", ".bz2", ".xz") else path


def _layout(path: Path) -> BenchmarkManifest:
    """Return how a user's file is read, as a manifest that is never shown."""
    name = re.sub(r"[^a-z0-9]+", "_", _bare(path).stem.lower()).strip("_")
    if not name[:1].isalpha() or name in Catalogue.bundled().benchmark_names():
        name = f"file_{name}"
    return BenchmarkManifest(
        name=name[:64],
        title=path.name,
        homepage=HttpUrl("https://example.org/"),
        citation="The user's own file.",
        license="LicenseRef-not-stated",
        access=Access(tier=AccessTier.OPEN, how_to_get="It is the user's own file."),
        languages=("en",),
        raw=(BenchmarkFile(pattern="*", format=_FORMATS[_bare(path).suffix]),),
        fields=BenchmarkFields(
            id="id", question="question", options="options", answer="answer", passage="passage"
        ),
    )
