"""ShareGPT `conversations`, one a line: LLaMA-Factory and older chat trainers."""

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

_ROLES = {
    "system": "system",
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
}
_FORM = Conversation("conversations", "from", "value", asks="human", answers="gpt")


def encode(
    batches: Iterable[pa.RecordBatch], columns: Iterable[str] = ALWAYS, *, system: bool = False
) -> Iterator[bytes]:
    """Yield the lines of samples; with `system`, the instruction is a turn of its own."""
    return conversations(batches, tuple(columns), _FORM, system=system)


def decode(value: Any) -> Exchange:
    """Return what one conversation says; raises `UnfitError` and `LeftOutError`."""
    row = mapping(value)
    said = row.get("conversations")
    if not isinstance(said, list):
        raise UnfitError(RejectCode.MISSING_FIELD, "`conversations` is no list.", "conversations")
    system = row.get("system")
    return turns(row, [_turn(turn) for turn in said], system if isinstance(system, str) else None)


def _turn(value: Any) -> tuple[str, str]:
    turn = mapping(value)
    role = _ROLES.get(text(turn, "from"))
    if role is None:  # a function call or what a tool saw
        raise LeftOutError(SkipReason.OUT_OF_SCOPE)
    return role, text(turn, "value")


def llama_factory(file_name: str) -> dict[str, Any]:
    """Return how LLaMA-Factory's `dataset_info.json` describes such a file."""
    return _FORM.llama_factory(file_name)
