"""Real texts of all languages count as the libraries count them."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pyarrow as pa
import pytest
from medsmith.builders.tokens.load import load_tokenizer

_TEXTS = 400
_LONGEST = 50_000


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)


def _lines(text: str) -> Iterator[str]:
    """Yield the strings of a line of JSON, or the line itself."""
    for line in text.splitlines():
        try:
            yield from _strings(json.loads(line))
        except ValueError:
            yield line


def _texts(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.name.endswith(".tar.gz"):
            with tarfile.open(path) as archive:
                for member in archive:
                    if member.isfile():
                        data = archive.extractfile(member)
                        assert data is not None
                        yield from _lines(data.read().decode("utf-8", "replace"))
        elif path.suffix == ".json":
            yield from _strings(json.loads(path.read_bytes()))
        elif path.is_file():
            yield from _lines(path.read_bytes().decode("utf-8", "replace"))


@cache
def _sample(folder: Path) -> list[str]:
    texts = [text[:_LONGEST] for text in dict.fromkeys(_texts(folder)) if text]
    return texts[:: max(1, len(texts) // _TEXTS)]


@pytest.mark.real
@pytest.mark.parametrize("tokenizer_name", ["llama3", "gpt2"])
@pytest.mark.parametrize(
    "source",
    [
        "pubmedqa",
        "rumedbench",
        "igakuqa",
        "remedi",
        "frenchmedmcqa",
        "casimedicos",
        "medquad",
        "chatdoctor",
    ],
)
def test_real_texts_count_as_the_library_counts_them(
    real_raw: Callable[[str], Path],
    real_tokenizer: Callable[[str], Path],
    source: str,
    tokenizer_name: str,
) -> None:
    texts = _sample(real_raw(source))
    tokenizer = load_tokenizer(real_tokenizer(tokenizer_name))
    counts, unproven = tokenizer.fast_count(pa.array(texts))
    assert not unproven.any()
    assert counts.tolist() == tokenizer.reference_count(texts)
