"""Reads a benchmark's items, from its files or by the converter of the source it belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import Any

from medsmith.builders.benchmarks.ledger import ItemLedger
from medsmith.builders.benchmarks.records import read_records
from medsmith.builders.benchmarks.shapes import (
    Shaped,
    UnfitError,
    is_wanted,
    shape_record,
    shape_text,
)
from medsmith.converters import RawFile, RawFiles, Record
from medsmith.converters.core import registry
from medsmith.converters.core.run import ConversionRun
from medsmith.dedup.contamination.items import Item
from medsmith.manifests import BenchmarkFile, BenchmarkManifest, ItemShape
from medsmith.schema import OutputKind, RawFileError, Reject, RejectCode, Split

MAX_PROBLEMS = 5  # of which a ledger's reader sees the places


def read_items(manifest: BenchmarkManifest, *folders: Path) -> Iterator[Item]:
    """Yield the items of a benchmark from the folders that hold its files; see `ItemRun`."""
    return iter(ItemRun(manifest, folders))


class ItemRun:
    """One pass over a benchmark: iterate it once, then read `ledger` and `problems`.

    A record that makes no item is counted under its reason; `problems` tells the places of the
    first few, and never their text. An item's id is the upstream's, or its record's place in its
    file; items that repeat an id with another text get a suffix, mere copies of one are skipped. A
    benchmark that is read by its source's converter has the instances' ids.

    With `file`, that one is read in place of what the manifest's patterns find.

    Raises `RawFileError` where a file is broken, or no file holds a record.
    """

    def __init__(
        self, manifest: BenchmarkManifest, folders: Iterable[Path], *, file: RawFile | None = None
    ) -> None:
        self.manifest = manifest
        self._file = file
        self.folders = tuple(folders)
        self.ledger = ItemLedger()
        self.problems: list[str] = []
        self._seen: dict[str, bytes] = {}

    def __iter__(self) -> Iterator[Item]:
        for folder in self.folders:
            if self.manifest.raw:
                yield from self._from_files(folder)
            else:
                yield from self._from_source(folder)
        if self.ledger.read == 0:
            places = ", ".join(str(folder) for folder in self.folders) or "no folder"
            raise RawFileError(
                f"The files of the benchmark `{self.manifest.name}` hold no records ({places}).",
                f"`medsmith benchmarks {self.manifest.name}` says how to get them.",
            )

    def _from_files(self, folder: Path) -> Iterator[Item]:
        raw = RawFiles(folder, allowed=[file.pattern for file in self.manifest.raw])
        for layout in self.manifest.raw:
            for file in raw.files(layout.pattern) if self._file is None else [self._file]:
                for record in read_records(file, layout):
                    self.ledger.read += 1
                    if isinstance(record, Reject):
                        self._reject(record.code, record.locator, record.message)
                    else:
                        yield from self._from_record(record, file, layout)

    def _from_record(
        self, record: Record[Any], file: RawFile, layout: BenchmarkFile
    ) -> Iterator[Item]:
        value, locator = record
        fields = self.manifest.fields_of(layout)
        if not is_wanted(value, fields):
            self.ledger.skipped["other_part"] += 1
            return
        try:
            shaped = shape_record(value, fields, _place(file, locator))
        except UnfitError as error:
            self._reject(RejectCode.BAD_VALUE, locator, str(error))
            return
        yield from self._add(shaped, layout.prefix)

    def _from_source(self, folder: Path) -> Iterator[Item]:
        assert self.manifest.source is not None
        source = registry.load(self.manifest.source)
        shapes = self.manifest.tasks or default_shapes(source)
        for row in ConversionRun(source, folder):
            self.ledger.read += 1
            if isinstance(row, Reject):
                self._reject(row.code, row.locator, row.message)
            else:
                yield from self._from_instance(row, shapes)

    def _from_instance(
        self, row: Mapping[str, Any], shapes: Mapping[str, ItemShape]
    ) -> Iterator[Item]:
        if row["split"] != Split.TEST:
            self.ledger.skipped["other_split"] += 1
        elif row["task"] not in shapes:
            self.ledger.skipped["other_task"] += 1
        else:
            try:
                shaped = shape_instance(row, shapes[row["task"]])
            except UnfitError as error:
                self._reject(RejectCode.BAD_VALUE, row["locator"], str(error))
                return
            yield from self._add(shaped)

    def _add(self, shaped: Shaped, prefix: str | None = None) -> Iterator[Item]:
        item = shaped.item
        name = f"{prefix}/{item.id}" if prefix else item.id
        digest = _digest(item)
        unique, copy = name, 1
        while self._seen.setdefault(unique, digest) is not digest:
            if self._seen[unique] == digest:
                self.ledger.skipped["repeated"] += 1
                return
            copy += 1
            unique = f"{name}~{copy}"
        self.ledger.items += 1
        self.ledger.unresolved += not shaped.resolved
        yield Item(unique, item.question, item.options, item.answer, item.passage)

    def _reject(self, code: RejectCode, locator: str, message: str) -> None:
        self.ledger.rejected[code.value] += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(f"{locator}: {message.rstrip('.')}.")


def _place(file: RawFile, locator: str) -> str:
    """Return a record's place in its file, which does not tell in what folder that was put."""
    name = PurePosixPath(file.member or file.name).name
    for suffix in (".gz", ".bz2", ".xz"):
        name = name.removesuffix(suffix)
    return f"{name}{locator[len(file.name) :]}"


def default_shapes(source: registry.Source) -> dict[str, ItemShape]:
    """Return how the test instances of `source` make items where no manifest says it.

    Inputs stay whole. Labels and spans prove nothing on their own, so they are no answers.
    """
    bare = (OutputKind.LABEL, OutputKind.SPANS, OutputKind.JSON, OutputKind.CHOICE)
    return {
        task.name: ItemShape(answer_as="label" if task.output in bare else "text")
        for task in source.manifest.tasks
        if Split.TEST in task.splits
    }


def shape_instance(row: Mapping[str, Any], shape: ItemShape) -> Shaped:
    """Return the item of an instance's row; raises `UnfitError`."""
    return shape_text(
        shape,
        key=row["id"],
        text=row["input"],
        choices=row["choices"] or (),
        answer=row["output"],
    )


def _digest(item: Item) -> bytes:
    state = blake2b(digest_size=16)
    for part in (item.question, item.passage, item.answer, *item.options):
        state.update(f"{len(part)}\x1f{part}".encode(errors="surrogatepass"))
    return state.digest()
