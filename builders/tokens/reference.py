"""Reference counts: what the tokenizers' own libraries say, one token list a text."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from medsmith.schema.errors import UserError

# Token lists are made for so many characters at a time, so that memory stays flat.
_BATCH_CHARACTERS = 1 << 20
# Half of what tiktoken's regular expressions can take.
_LONG_BLANK = 500_000


class Reference(Protocol):
    """The library that decides what a text's tokens are."""

    @property
    def library(self) -> str:
        """Return the library's name and version."""

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, without special tokens around it."""

    def count_special(self, text: str) -> int:
        """Return the number of tokens of `text`, where names of special tokens count as such."""


def library(name: str) -> ModuleType:
    """Import an optional library; without it, a `UserError` names the extra."""
    from importlib import import_module  # noqa: PLC0415

    # A worker is one process of many: libraries' own threads would only fight for its core.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        return import_module(name)
    except ImportError:
        distribution = name.partition(".")[0]
        raise UserError(
            f"Counting with this tokenizer needs {distribution}, which is not installed.",
            "pip install 'medsmith[tokens]'",
        ) from None


def _named(module: str) -> str:
    from importlib.metadata import version  # noqa: PLC0415

    return f"{module} {version(module)}"


def _batches(texts: Sequence[str]) -> list[Sequence[str]]:
    """Cut `texts` into batches of bounded size, at least one text each."""
    batches, start, size = [], 0, 0
    for index, text in enumerate(texts):
        if size and size + len(text) > _BATCH_CHARACTERS:
            batches.append(texts[start:index])
            start, size = index, 0
        size += len(text)
    return [*batches, texts[start:]]


def _encoding(pattern: str, ranks: Mapping[bytes, int], special: Mapping[str, int]) -> Any:
    tiktoken = library("tiktoken")
    return tiktoken.Encoding(
        "medsmith", pat_str=pattern, mergeable_ranks=ranks, special_tokens=special
    )


@dataclass(frozen=True)
class Tiktoken:
    """Ranks and a pattern, read by tiktoken; text that names a special token is plain text.

    tiktoken's regular expressions give up on a million blanks in a row; a text with about as many
    is cut by `regex`, which tiktoken itself depends on.
    """

    encoding: Any
    pattern: str
    ranks: Mapping[bytes, int]

    @classmethod
    def build(
        cls, pattern: str, ranks: Mapping[bytes, int], special: Mapping[str, int]
    ) -> Tiktoken:
        """Make the encoding of these ranks (token bytes to rank)."""
        return cls(_encoding(pattern, ranks, special), pattern, ranks)

    @cached_property
    def _pieces(self) -> Any:
        """Return the encoding that takes any text as one pre-token."""
        return _encoding(r"(?s:.+)", self.ranks, {})

    @property
    def library(self) -> str:
        """Return the library's name and version."""
        return _named("tiktoken")

    def count(self, texts: Sequence[str]) -> list[int]:
        """Count as `encode_ordinary` does."""
        return [self._count(text) for text in texts]

    def _count(self, text: str) -> int:
        if len(text) < _LONG_BLANK or not re.search(rf"\s{{{_LONG_BLANK}}}", text):
            return len(self.encoding.encode_ordinary(text))
        cuts = library("regex").finditer(self.pattern, text)
        return sum(len(self._pieces.encode_ordinary(cut.group())) for cut in cuts)

    def count_special(self, text: str) -> int:
        """Count with all special tokens allowed."""
        return len(self.encoding.encode(text, allowed_special="all"))


@dataclass(frozen=True)
class Tokenizers:
    """A `tokenizers.Tokenizer`; added tokens in a text are cut out of it, as that library does."""

    tokenizer: Any

    @classmethod
    def build(cls, tokenizer: Any) -> Tokenizers:
        """Take `tokenizer` with its truncation and padding turned off: they are not the text's."""
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return cls(tokenizer)

    @property
    def library(self) -> str:
        """Return the library's name and version."""
        return _named("tokenizers")

    def count(self, texts: Sequence[str]) -> list[int]:
        """Count as `encode_batch_fast` does, without special tokens."""
        counts: list[int] = []
        for batch in _batches(texts):
            found = self.tokenizer.encode_batch_fast(list(batch), add_special_tokens=False)
            counts += [len(encoding) for encoding in found]
        return counts

    def count_special(self, text: str) -> int:
        """Count `text`; its added tokens are recognised as always."""
        return self.count([text])[0]


@dataclass(frozen=True)
class SentencePiece:
    """A SentencePiece model, read by sentencepiece; control symbols in a text are plain text."""

    processor: Any

    @classmethod
    def build(cls, model: Path) -> SentencePiece:
        """Read `model`; raises `UserError` where it is no SentencePiece model."""
        sentencepiece = library("sentencepiece")
        try:
            return cls(sentencepiece.SentencePieceProcessor(model_proto=model.read_bytes()))
        except RuntimeError:
            raise UserError(
                f"{model} is neither a SentencePiece model nor a file of ranks.",
                "Download it anew: a Git LFS pointer or an error page may stand in its place.",
            ) from None

    @property
    def library(self) -> str:
        """Return the library's name and version."""
        return _named("sentencepiece")

    def count(self, texts: Sequence[str]) -> list[int]:
        """Count as `encode` does."""
        counts: list[int] = []
        for batch in _batches(texts):
            counts += [len(ids) for ids in self.processor.encode(list(batch), num_threads=1)]
        return counts

    def count_special(self, text: str) -> int:
        """Count `text` as plain text: a model file has no special tokens of its own in texts."""
        return self.count([text])[0]


@dataclass(frozen=True)
class Transformers:
    """A tokenizer that only exists as Python code of transformers."""

    tokenizer: Any

    @property
    def library(self) -> str:
        """Return the library's name and version."""
        return _named("transformers")

    def count(self, texts: Sequence[str]) -> list[int]:
        """Count as calling the tokenizer does, without special tokens."""
        return [
            len(self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])
            for text in texts
        ]

    def count_special(self, text: str) -> int:
        """Count `text`; its added tokens are recognised as always."""
        return self.count([text])[0]
