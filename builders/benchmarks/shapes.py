"""From the fields of a record to the parts of an item: options, the cut question, the answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

from medsmith.builders.benchmarks.paths import as_text, resolve, texts
from medsmith.dedup.contamination.items import Item
from medsmith.manifests import BenchmarkFields, ItemShape

_SEVERAL_LETTERS = re.compile(r"[A-Za-z](?:[\s,;/&|]*[A-Za-z])*")
_LEADING_LETTER = re.compile(r"\(?([A-Za-z]|\d+)\s*[).:、．：]")


class UnfitError(Exception):
    """A record that makes no item; the message says why, without quoting it."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option and the name that answers call it by: a letter, or the upstream's key."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Shaped:
    """An item, and whether its answer named one of its options as it should."""

    item: Item
    resolved: bool


def is_wanted(record: Any, fields: BenchmarkFields) -> bool:
    """Return whether `record` holds what the manifest asks for of records that are items."""
    return all(wanted in texts(resolve(record, path)) for path, wanted in fields.only.items())


def shape_record(record: Any, fields: BenchmarkFields, name: str) -> Shaped:
    """Return the item that `fields` make of `record`; `name` is its id where it has none.

    Raises `UnfitError` where the record lacks what an item is found by.
    """
    if not isinstance(record, dict):
        raise UnfitError("it is no object of fields")
    question = "\n".join(_all_texts(record, fields.question))
    passage = "\n".join(_all_texts(record, fields.passage))
    found = [] if fields.answer is None else list(texts(resolve(record, fields.answer)))
    return _assemble(
        fields,
        key=_key(record, fields.id) or name,
        question=question,
        passage=passage,
        options=_options(record, fields),
        answers=found,
    )


def shape_text(
    shape: ItemShape, *, key: str, text: str, choices: Sequence[str], answer: str
) -> Shaped:
    """Return the item of an instance: its input cut as `shape` says, its choices, its output.

    Raises `UnfitError` where the input does not fit the shape's pattern.
    """
    options = _lettered(choices)
    return _assemble(shape, key=key, question=text, passage="", options=options, answers=[answer])


def _assemble(
    shape: ItemShape,
    *,
    key: str,
    question: str,
    passage: str,
    options: list[Option],
    answers: list[str],
) -> Shaped:
    if shape.pattern is not None:
        match = re.fullmatch(shape.pattern, question)
        if match is None:
            raise UnfitError("its text does not fit the manifest's pattern")
        parts = {name: (text or "").strip() for name, text in match.groupdict().items()}
        question = parts.get("question", "")
        passage = parts.get("passage") or passage
        options = options or _split_options(parts.get("options", ""), shape.option_mark)
        answers = [parts["answer"]] if parts.get("answer") else answers
        key = parts.get("id") or key
    answer = _answer(answers, shape.answer_as, options)
    if not (question or passage or answer):
        raise UnfitError("it holds no text to be found by")
    shown = tuple(option.text for option in options if option.text)
    return Shaped(Item(key, question, shown, answer or "", passage), answer is not None)


def _all_texts(record: Any, paths: str | tuple[str, ...] | None) -> list[str]:
    return [text for path in _paths(paths) for text in texts(resolve(record, path))]


def _paths(paths: str | tuple[str, ...] | None) -> tuple[str, ...]:
    if paths is None:
        return ()
    return (paths,) if isinstance(paths, str) else paths


def _key(record: Any, path: str | None) -> str:
    found = resolve(record, path) if path is not None else []
    return as_text(found[0]) if found else ""


def _options(record: Any, fields: BenchmarkFields) -> list[Option]:
    paths = _paths(fields.options)
    if len(paths) > 1:  # one path an option; a gap keeps its letter
        columns = [next(iter(resolve(record, path)), "") for path in paths]
        return _lettered([as_text(value) for value in columns])
    found = resolve(record, paths[0]) if paths else []
    if len(found) == 1:
        value = _opened(found[0])
        if isinstance(value, dict):
            return [Option(str(name), as_text(text)) for name, text in value.items()]
        if isinstance(value, str):
            return _split_options(value, fields.option_mark)
        found = value if isinstance(value, list) else [value]
    return _lettered([as_text(value) for value in found])


def _opened(value: Any) -> Any:
    """Return a JSON list or object that a table holds as text; anything else as it is."""
    if isinstance(value, str) and value.strip()[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _split_options(text: str, mark: str | None) -> list[Option]:
    if not text.strip():
        return []
    if mark is None:
        return _lettered([text.strip()])
    head, *options = _cut(text, mark)
    # A list may open without the mark that parts it.
    pieces = [head, *options] if head.strip() else options
    return _lettered([option.strip() for option in pieces])


def _cut(text: str, mark: str) -> list[str]:
    """Return what stands before the first mark and behind each; groups in `mark` do not matter."""
    places = [match.span() for match in re.finditer(mark, text) if match.group()]
    starts = [0, *(end for _, end in places)]
    ends = [*(start for start, _ in places), len(text)]
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


def _lettered(found: Iterable[str]) -> list[Option]:
    return [
        Option(ascii_uppercase[n] if n < len(ascii_uppercase) else str(n + 1), text)
        for n, text in enumerate(found)
    ]


def _answer(found: list[str], form: str, options: list[Option]) -> str | None:
    """Return the answer's text; "" where there is none to give, None where it names no option."""
    if form == "label" or not found:
        return ""
    if form == "text":
        return found[0]
    if form == "letter":
        by_name = {option.name.casefold(): option.text for option in options}
        names = [name for text in found for name in _named(text, by_name)]
        right = [by_name[name] for name in dict.fromkeys(names) if name in by_name]
    else:
        first = 1 if form == "number" else 0
        places = [int(text) - first for text in found if text.lstrip("-").isdecimal()]
        right = [options[place].text for place in places if 0 <= place < len(options)]
    return "\n".join(text for text in right if text) or None


def _named(text: str, known: dict[str, str]) -> list[str]:
    """Return which options a text names: `B`, `ABD`, `a, c`, `op1,op3`, or `C: text` a line."""
    whole = text.casefold()
    listed = [name.strip() for name in re.split("[,;|]", whole)]
    if all(name in known for name in listed):
        return listed
    if _SEVERAL_LETTERS.fullmatch(text):
        return [letter for letter in whole if letter.isalpha()]
    leading = (_LEADING_LETTER.match(line) for line in text.splitlines())
    return [match[1].casefold() for match in leading if match]
