"""One tokenizer: its exact counts, by a kernel where that is proven, else by its library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from medsmith.builders.tokens.bpe import Bpe
from medsmith.builders.tokens.chat import Chat, Messages
from medsmith.builders.tokens.check import check_sample
from medsmith.builders.tokens.columns import Counts, Flags
from medsmith.builders.tokens.patterns import Family
from medsmith.builders.tokens.reference import Reference

if TYPE_CHECKING:
    from medsmith.builders.tokens.kernel import Kernel

# Texts for the library are taken out of Arrow so many at a time.
_ROWS_AT_ONCE = 4096


@dataclass(frozen=True, eq=False)
class Tokenizer:
    """A tokenizer as loaded by `load_tokenizer`; pickled by what it was loaded from.

    `digest` is the sha256 of its file, or of its files' names and digests. `bpe` is None where
    only `reference` can count.
    """

    name: str
    digest: str
    reference: Reference
    bpe: Bpe | None
    chat: Chat | None
    origin: str

    def __reduce__(self) -> tuple[Any, ...]:
        from medsmith.builders.tokens.load import load_tokenizer  # noqa: PLC0415

        return load_tokenizer, (self.origin, self.name)

    @property
    def family(self) -> Family:
        """Return how texts are cut into pre-tokens; `Family.OTHER` where no kernel knows it."""
        return self.bpe.family if self.bpe else Family.OTHER

    @cached_property
    def kernel(self) -> Kernel | None:
        """Return the counting kernel with its cache of pre-tokens; None where there is none."""
        from medsmith.builders.tokens.kernel import Kernel  # noqa: PLC0415

        return Kernel(self.bpe) if self.bpe else None

    def count(
        self,
        column: pa.Array | pa.ChunkedArray,
        ids: pa.Array | pa.ChunkedArray | None = None,
        *,
        least_checked: int = 200,
    ) -> Counts:
        """Return the tokens of each text of `column` (strings), without special tokens around it.

        A null has none. Counts are those of `reference`, always: a kernel hands it every text that
        it cannot prove it handles; and of the others one in a thousand, `least_checked` at the
        least, is counted by both. Raises `DataError`, naming the row by its id in `ids`, where
        the two differ.
        """
        counts, unproven = self.fast_count(column)
        rows = np.flatnonzero(unproven)
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            some = rows[start : start + _ROWS_AT_ONCE]
            counts[some] = self.reference_count(column.take(pa.array(some)).to_pylist())
        if self.kernel:
            check_sample(self, column, ids, counts, unproven, least_checked)
        return counts

    def fast_count(self, column: pa.Array | pa.ChunkedArray) -> tuple[Counts, Flags]:
        """Return the kernel's counts, and which rows it could not prove that it handles."""
        if self.kernel is None:
            return np.zeros(len(column), np.int64), np.asarray(column.is_valid(), dtype=np.bool_)
        return self.kernel.count(column)

    def reference_count(self, texts: Sequence[str | None]) -> list[int]:
        """Return the tokens of each text as the tokenizer's own library counts them."""
        return self.reference.count([text or "" for text in texts])

    def chat_count(self, messages: Messages) -> int | None:
        """Return the tokens of a conversation under the chat template; None without one.

        `messages` are mappings of `role` and `content`.
        """
        return self.chat.count(messages, self.reference) if self.chat else None

    def template_cost(self, roles: Sequence[str]) -> int | None:
        """Return what the chat template adds to the messages' own tokens (stripped texts).

        None where there is no template, or the sum is not known to be exact: then `chat_count`.
        """
        return self.chat.constant(roles, self.reference) if self.chat else None
