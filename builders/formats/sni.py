"""Super-NaturalInstructions task JSON, which MedS-Ins uses: one file a task.

A header (sources, categories, languages, a list of definitions) and `Instances`, each with an id,
an input and a *list* of right outputs. Upstream files also have plain texts in place of lists, no
ids, or one instance a line; all of these are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
import pyarrow as pa
from medsmith.builders.formats.exchange import (
    Exchange,
    LeftOutError,
    UnfitError,
    exchange,
    is_synthetic,
    mapping,
    text,
)
from medsmith.schema import Category, Domain, RejectCode, SkipReason, Split

LANGUAGES = {
    "ar": "Arabic",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "hi": "Hindi",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "ru": "Russian",
    "tr": "Turkish",
    "vi": "Vietnamese",
    "zh": "Chinese",
}
_CODES = {name.lower(): code for code, name in LANGUAGES.items()}
_SPLITS = {
    "train": Split.TRAIN,
    "training": Split.TRAIN,
    "validation": Split.VALIDATION,
    "valid": Split.VALIDATION,
    "val": Split.VALIDATION,
    "dev": Split.VALIDATION,
    "test": Split.TEST,
}
# The header's fields that hold lists of texts.
_LISTS = ("Categories", "Definition", "Domains", "Input_language", "Output_language")


def split_named(name: str) -> Split | None:
    """Return the split that a name (of a file, a folder or a header's field) stands for."""
    return _SPLITS.get(name.strip().lower())


def encode(
    batches: Iterable[pa.RecordBatch],
    header: dict[str, Any],
    columns: Sequence[str] = (),
) -> Iterator[bytes]:
    """Yield the document of one task, instance by instance.

    The samples of one instance follow one another and become one: the format binds no instruction
    to an instance. `columns` are kept with each.
    """
    yield orjson.dumps(header, option=orjson.OPT_INDENT_2).removesuffix(b"\n}")
    yield b',\n  "Instances": ['
    last = None
    for batch in batches:
        found = []
        for sample in batch.to_pylist():
            if sample["id"] != last:
                found.append(b"\n    " if last is None else b",\n    ")
                found.append(orjson.dumps(_instance(sample, columns)))
                last = sample["id"]
        yield b"".join(found)
    yield b"\n  ]\n}\n"


def _instance(sample: dict[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    outputs = list(dict.fromkeys([sample["output"], *sample["references"]]))
    return {
        "id": sample["id"],
        "input": sample["input"],
        "output": outputs,
        **{name: sample[name] for name in columns},
    }


def header(
    task: str, source: dict[str, Any], about: dict[str, Any], split: str, definitions: list[str]
) -> dict[str, Any]:
    """Return the header of a task's file, from the release manifest's words on source and task."""
    return {
        "Contributors": ["Medsmith"],
        "Source": [source["key"]],
        "URL": [source["homepage"]],
        "Categories": [_title(about["category"])],
        "Reasoning": [],
        "Definition": definitions,
        "Input_language": [_language(about["input_language"])],
        "Output_language": [_language(about["output_language"])],
        "Instruction_language": [_language(about.get("instruction_language", "en"))],
        "Domains": [_title(about["domain"])],
        "Positive Examples": [],
        "Negative Examples": [],
        "Split Type": split.capitalize(),
        "Task": task,
        "Instance License": [source["license"]],
        **({"Synthetic": True} if source["synthetic"] else {}),
    }


def described(header: dict[str, Any]) -> dict[str, Any]:
    """Return what a header says in our words: definitions, category, domain, languages, split.

    What it does not say, or says in no words of ours, is left out.
    """
    said = {name: _texts(header.get(name)) for name in _LISTS}
    found: dict[str, Any] = {"definitions": [t for t in said["Definition"] if t.strip()]}
    for name, words, closed in (
        ("category", said["Categories"], Category),
        ("domain", said["Domains"], Domain),
    ):
        slugs = [word.strip().lower().replace(" ", "_").replace("-", "_") for word in words]
        fitting = [slug for slug in slugs if slug in set(closed)]
        if fitting:
            found[name] = fitting[0]
    for name, field in (
        ("input_language", "Input_language"),
        ("output_language", "Output_language"),
    ):
        codes = [
            _CODES[word.strip().lower()] for word in said[field] if word.strip().lower() in _CODES
        ]
        if codes:
            found[name] = codes[0]
    split = split_named(str(header.get("Split Type", "")))
    if split is not None:
        found["split"] = split.value
    found["licenses"] = _texts(header.get("Instance License"))
    found["urls"] = _texts(header.get("URL"))
    found["synthetic"] = is_synthetic(header)
    return found


def decode(value: Any) -> Exchange:
    """Return what one instance says; raises `UnfitError` and `LeftOutError`.

    The first output that is not blank is the output, the others are references.
    """
    row = mapping(value)
    outputs = row.get("output")
    if outputs is None:
        raise UnfitError(RejectCode.MISSING_FIELD, "`output` is missing.", "output")
    texts = outputs if isinstance(outputs, list) else [outputs]
    if not all(isinstance(item, str) for item in texts):
        raise UnfitError(RejectCode.BAD_VALUE, "`output` is neither text nor texts.", "output")
    right = list(dict.fromkeys(item for item in texts if item.strip()))
    if not right:
        raise LeftOutError(SkipReason.EMPTY_ANSWER)
    question = text(row, "input")
    if not question.strip():
        raise LeftOutError(SkipReason.EMPTY_QUESTION)
    found = exchange(row, None, question, right[0])
    return found._replace(references=tuple(dict.fromkeys([*right[1:], *found.references])))


def _texts(value: Any) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, str)]


def _title(slug: str) -> str:
    return slug.replace("_", " ").title().replace(" Qa", " QA")


def _language(code: str) -> str:
    return LANGUAGES.get(code, code)
