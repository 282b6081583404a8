"""Looks through foreign files once, in bounded memory: which tasks and instructions they hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medsmith.builders.formats import Exchange, LeftOutError, UnfitError, decoder, sni
from medsmith.builders.importing.layout import Layout, format_of, header_of, layout_of, records_of
from medsmith.builders.importing.plan import (
    Plan,
    PlannedFile,
    medsmith_task,
    requests_task,
    row_split,
    shared_task,
    split_of,
    task_name,
)
from medsmith.converters import RawFile, Record
from medsmith.schema import Category, Domain, Split
from medsmith.schema.text import clean_text

NEUTRAL = "Answer the request that follows."
# Every row that stands alone could have an instruction of its own: only so many become tasks.
MAX_SHARED = 200
_MAX_TASKS = 1_000
_MAX_COUNTED = 2**15
_MAX_LENGTH = 8_000  # characters; what is longer is a question, not an instruction
_SAID = ("category", "domain", "input_language", "output_language")


@dataclass
class Task:
    """What is known of one task: its instructions, its kind, its splits, where it was found."""

    instructions: dict[str, None] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    splits: set[Split] = field(default_factory=set)
    files: dict[str, None] = field(default_factory=dict)

    def tell(self, said: dict[str, Any], split: Split, file: str) -> None:
        """Note what a header or a row says; the first word counts."""
        for name in _SAID:
            if name in said:
                self.said.setdefault(name, said[name])
        self.splits.add(split)
        self.files.setdefault(file)

    def instruct(self, texts: Sequence[str]) -> None:
        """Add instructions, less those that are blank or no text."""
        for text in texts:
            try:
                cleaned = clean_text(text)
            except ValueError:
                continue
            if cleaned:
                self.instructions.setdefault(cleaned)


@dataclass
class Scan:
    """The plan of an import, its tasks by name, and what the files say of licence and home.

    `synthetic`: some of it says of itself that it is invented.
    """

    plan: Plan
    tasks: dict[str, Task]
    licenses: tuple[str, ...]
    urls: tuple[str, ...]
    synthetic: bool


class _Shared:
    """Counts instructions; forgets the rarest where there are too many (lossy counting)."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._floor = 0
        self.others = False  # whether rows were seen whose instruction becomes no task

    def add(self, text: str) -> None:
        # One that comes late may have come before and been forgotten: it starts at the floor.
        self._counts[text] = self._counts.get(text, self._floor) + 1
        while len(self._counts) > _MAX_COUNTED:
            self._floor += 1
            self._counts = {t: n for t, n in self._counts.items() if n > self._floor}

    def most(self) -> list[str]:
        """Return the instructions that become tasks: all, or those that most rows share."""
        if not self._floor and len(self._counts) <= MAX_SHARED:
            return sorted(self._counts)
        self.others = True
        ranked = sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))
        return sorted(text for text, count in ranked[:MAX_SHARED] if count > self._floor + 1)


def scan(key: str, files: Sequence[tuple[str, Path]], format: str) -> Scan:
    """Read the files (name, path) and return what an import of them will be.

    Raises `UserError` and `RawFileError` for a file that is not of the format, or no JSON at all.
    """
    seen = _Seen(key)
    planned = []
    for name, path in files:
        file = RawFile(name, path)
        layout = layout_of(file)
        kind = format_of(file, layout) if format == "auto" else format
        if kind == "sni":
            planned.append(seen.task_file(file, layout))
        else:
            planned.append(seen.row_file(file, layout, kind))
    seen.share([file.name for file in planned if file.task is None])
    for about in seen.tasks.values():
        if not about.instructions:
            about.instruct([NEUTRAL])
    plan = Plan(key, tuple(planned), frozenset(seen.tasks))
    urls = tuple(seen.urls)
    return Scan(plan, seen.tasks, tuple(sorted(seen.licenses)), urls, seen.synthetic)


class _Seen:
    """What was seen in the files so far."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.tasks: dict[str, Task] = {}
        self.licenses: set[str] = set()
        self.urls: dict[str, None] = {}
        self.synthetic = False
        self._shared = _Shared()
        self._splits: set[Split] = set()

    def task_file(self, file: RawFile, layout: Layout) -> PlannedFile:
        """Note the header of a file that is one task."""
        header = header_of(file) if layout == "task" else _first_header(file, layout)
        said = sni.described(header)
        split = Split(said.get("split", split_of(file.name)))
        task = task_name(self.key, Path(file.name).name.split(".")[0])
        about = self.tasks.setdefault(task, Task())
        about.tell(said, split, file.name)
        about.instruct(said["definitions"])
        about.splits |= set(Split)  # its rows may name splits of their own
        self.licenses |= set(said["licenses"])
        self.urls |= dict.fromkeys(said["urls"])
        self.synthetic |= said["synthetic"]
        return PlannedFile(file.name, "sni", layout, split.value, task)

    def row_file(self, file: RawFile, layout: Layout, kind: str) -> PlannedFile:
        """Note the instructions of a file whose rows belong to tasks of their own."""
        split = split_of(file.name)
        for row in _rows(file, kind, layout):
            own = row_split(row, split)
            self.synthetic |= row.synthetic
            self._splits.add(own)
            if "license" in row.beside:
                self.licenses.add(row.beside["license"])
            self._note(row, own, file.name)
        return PlannedFile(file.name, kind, layout, split.value, None)

    def _note(self, row: Exchange, split: Split, file: str) -> None:
        """Note a row's instruction: of its own task where Medsmith wrote it, else as shared."""
        if row.instruction is None:
            self._shared.others = True
            return
        task = medsmith_task(self.key, row)
        if task is not None and (task in self.tasks or len(self.tasks) < _MAX_TASKS):
            about = self.tasks.setdefault(task, Task())
            about.tell(_sound(row.beside), split, file)
            about.instruct([row.instruction])
        elif len(row.instruction) <= _MAX_LENGTH:
            self._shared.add(row.instruction.strip())
        else:
            self._shared.others = True

    def share(self, files: Sequence[str]) -> None:
        """Make tasks of the instructions that rows share, and one of all other requests."""
        splits = self._splits or {Split.TRAIN}
        for text in self._shared.most():
            about = Task(files=dict.fromkeys(files), splits=set(splits))
            about.instruct([text])
            self.tasks[shared_task(self.key, text)] = about
        if files and (self._shared.others or not self.tasks):
            about = Task(files=dict.fromkeys(files), splits=set(splits))
            self.tasks[requests_task(self.key)] = about


def _sound(beside: Mapping[str, str]) -> dict[str, str]:
    said = {name: beside[name] for name in _SAID if name in beside}
    if said.get("category") not in set(Category):
        said.pop("category", None)
    if said.get("domain") not in set(Domain):
        said.pop("domain", None)
    for name in ("input_language", "output_language"):
        code = said.get(name, "en")
        if not (len(code) == 2 and code.isascii() and code.isalpha() and code.islower()):
            said.pop(name)
    return said


def _rows(file: RawFile, kind: str, layout: Layout) -> Iterator[Exchange]:
    decode = decoder(kind)
    for record in records_of(file, layout):
        if isinstance(record, Record):
            try:
                yield decode(record.value)
            except (UnfitError, LeftOutError):
                continue  # the build counts it


def _first_header(file: RawFile, layout: Layout) -> dict[str, Any]:
    """Return the fields beside the instance on the first line that is an object."""
    for record in records_of(file, layout):
        if isinstance(record, Record) and isinstance(record.value, dict):
            return {name: v for name, v in record.value.items() if name != "Instances"}
    return {}
