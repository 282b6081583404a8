"""Chat `messages`, one conversation a line: TRL, Axolotl and most chat templates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
from medsmith.builders.formats.exchange import (
    ALWAYS,
    Conversation,
    Exchange,
    LeftOutError,
    UnfitError,
    conversations,
    mapping,
    text,
    turns,
)
from medsmith.schema import RejectCode, SkipReason

_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_FORM = Conversation("messages", "role", "content", asks="user", answers="assistant")


def encode(
    batches: Iterable[pa.RecordBatch], columns: Iterable[str] = ALWAYS, *, system: bool = False
) -> Iterator[bytes]:
    """Yield the lines of samples; with `system`, the instruction is a message of its own."""
    return conversations(batches, tuple(columns), _FORM, system=system)


def decode(value: Any) -> Exchange:
    """Return what one conversation says; raises `UnfitError` and `LeftOutError`."""
    row = mapping(value)
    said = row.get("messages")
    if not isinstance(said, list):
        raise UnfitError(RejectCode.MISSING_FIELD, "`messages` is no list.", "messages")
    return turns(row, [_turn(message) for message in said], None)


def _turn(message: Any) -> tuple[str, str]:
    turn = mapping(message)
    role = _ROLES.get(text(turn, "role"))
    if role is None:  # a tool's turn or a function's
        raise LeftOutError(SkipReason.OUT_OF_SCOPE)
    content = turn.get("content")
    if isinstance(content, list):
        parts = [mapping(part) for part in content]
        if any(part.get("type") != "text" for part in parts):
            raise LeftOutError(SkipReason.NEEDS_IMAGE)
        return role, "\n".join(text(part, "text") for part in parts)
    return role, text(turn, "content")


def llama_factory(file_name: str) -> dict[str, Any]:
    """Return how LLaMA-Factory's `dataset_info.json` describes such a file."""
    return _FORM.llama_factory(file_name)
