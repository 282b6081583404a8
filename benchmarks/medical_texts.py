"""Real medical sentences from a folder of raw corpora, read loosely: whatever text a file holds."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from planted import shingles

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-ZА-ЯÀ-Ý0-9])|\n+|(?<=[。！？])")
_CJK = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
_PROSE = re.compile(r"[A-ZА-ЯÀ-Ý(].* .* .* .*[.!?]")  # no rows of tables, codes or identifiers
_CJK_PROSE = re.compile(r".*[。！？]")  # no stems and options of questions
_FIELD_MARKS = frozenset('"|_:：\\')  # of forms, of code and of chats
_SHARED = 100  # sentences that hold one piece of five words
_MAX_FILE_BYTES = 8 * 2**20


def sentences(folders: list[Path], *, cjk: bool = False) -> list[str]:
    """Return the distinct sentences of prose (40–400 characters; CJK: 12–200), sorted."""
    low, high = (12, 200) if cjk else (40, 400)
    found: set[str] = set()
    for text in passages(folders):
        for sentence in _SENTENCE.split(text):
            clean = " ".join(sentence.split())
            if low <= len(clean) <= high and _fits(clean, cjk):
                found.add(clean)
    return sorted(_without_templates(found))


def _without_templates(found: set[str]) -> Iterator[str]:
    """Yield the sentences less those of forms: pieces that many of them share."""
    shared: Counter[tuple[str, ...]] = Counter()
    for sentence in found:
        shared.update(shingles(sentence))
    for sentence in found:
        if all(shared[piece] <= _SHARED for piece in shingles(sentence)):
            yield sentence


def _fits(sentence: str, cjk: bool) -> bool:
    if (len(_CJK.findall(sentence)) * 2 > len(sentence)) is not cjk or _FIELD_MARKS & {*sentence}:
        return False
    return bool((_CJK_PROSE if cjk else _PROSE).fullmatch(sentence))


def passages(folders: list[Path]) -> Iterator[str]:
    """Yield every text of the JSON, CSV, XML and plain files under `folders`, in a fixed order."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.stat().st_size <= _MAX_FILE_BYTES:
                yield from _texts(path)


def _texts(path: Path) -> Iterator[str]:
    suffix = path.suffix.lower()
    if suffix in (".zip", ".gz", ".xlsx", ".ann", ".owl"):
        return
    content = path.read_text("utf-8", errors="ignore")
    if suffix in (".xml", ".nxml"):
        try:
            yield from ElementTree.fromstring(content).itertext()
        except ElementTree.ParseError:
            return
    elif suffix == ".csv":
        csv.field_size_limit(2**26)
        for row in csv.reader(content.splitlines(keepends=True)):
            yield from row
    elif suffix in (".json", ".jsonl"):
        yield from _json_texts(content)
    else:
        yield from content.split("\n\n")


def _json_texts(content: str) -> Iterator[str]:
    try:
        yield from _strings(json.loads(content))
    except json.JSONDecodeError:
        for line in content.splitlines():
            try:
                yield from _strings(json.loads(line))
            except json.JSONDecodeError:
                continue


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
