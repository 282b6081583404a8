"""Which columns of a foreign file are question and answer, and how they are taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
from medsmith.builders.formats.exchange import SEPARATOR
from medsmith.schema import DataError, UserError

COLUMNS = pa.schema(
    [
        pa.field(name, pa.string(), nullable=False)
        for name in ("id", "instruction", "input", "output", "scope")
    ]
)
_CHATS = ("messages", "conversations")
_SPEAKS = {"system": "system", "developer": "system", "assistant": "assistant", "gpt": "assistant"}
_CURE = "Name them with --input-field and --output-field."


@dataclass(frozen=True)
class Fields:
    """The user's names of columns; None where the file's own names tell."""

    id: str | None = None
    input: str | None = None
    output: str | None = None
    scope: str | None = None


@dataclass(frozen=True)
class Columns:
    """Which columns of one file are which. `chat` names a column of turns instead of texts."""

    shape: Literal["alpaca", "chat", "named"]
    id: str | None
    instruction: str | None
    input: str | None
    output: str | None
    scope: str | None
    chat: str | None = None

    @property
    def texts(self) -> list[str]:
        """The columns that must hold text."""
        named = (self.instruction, self.input, self.output, self.scope)
        return [name for name in named if name is not None]

    @property
    def needed(self) -> list[str]:
        """The columns to read."""
        named = (self.id, *self.texts, self.chat)
        return list(dict.fromkeys(name for name in named if name is not None))


def columns_of(schema: pa.Schema, fields: Fields, file: str) -> Columns:
    """Return which columns of a file to take; raises `UserError` naming file and column."""
    names = schema.names
    for option in ("id", "input", "output", "scope"):
        wanted = getattr(fields, option)
        if wanted is not None and wanted not in names:
            raise UserError(f"{file} has no column `{wanted}`.", f"It has {_listed(names)}.")
    id = fields.id or ("id" if "id" in names and _is_id(schema.field("id").type) else None)
    instruction = "instruction" if "instruction" in names else None
    if fields.input is not None or fields.output is not None:
        if instruction in (fields.input, fields.output):
            instruction = None
        found = Columns("named", id, instruction, fields.input, fields.output, fields.scope)
    elif chat := next((name for name in _CHATS if name in names), None):
        found = Columns("chat", id, None, None, None, fields.scope, chat)
    elif "output" in names and (instruction or "input" in names):
        input = "input" if "input" in names else None
        found = Columns("alpaca", id, instruction, input, "output", fields.scope)
    else:
        raise UserError(
            f"{file} has neither `input` and `output` nor `messages`, but {_listed(names)}.", _CURE
        )
    for name in found.texts:
        if not _is_text(schema.field(name).type):
            raise UserError(
                f"The column `{name}` of {file} holds {schema.field(name).type}, not text.", _CURE
            )
    if id is not None and not _is_id(schema.field(id).type):
        raise UserError(
            f"The column `{id}` of {file} holds {schema.field(id).type}: that is no id.",
            "Name another with --id-field.",
        )
    return found


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "no columns"


def _is_text(kind: pa.DataType) -> bool:
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    return plain in (pa.string(), pa.large_string(), pa.string_view(), pa.null())


def _is_id(kind: pa.DataType) -> bool:
    return _is_text(kind) or bool(pa.types.is_integer(kind))


def taken(
    table: pa.Table,
    columns: Columns,
    ids: pa.ChunkedArray,
    chats: list[Any] | None,
    places: pa.ChunkedArray | None,
) -> pa.Table:
    """Return the rows of `table` as `COLUMNS`, with the given ids; `chats` are their turns.

    In Alpaca's layout a blank input leaves the instruction as the question itself. Of a
    conversation, the output is the assistant's last turn, the input all others but the system's,
    which is the instruction. Raises `DataError` naming the place of a turn that is none.
    """
    if chats is not None and places is not None:
        instruction, input, output = _chat(chats, places.to_pylist())
    else:
        instruction = _texts(table, columns.instruction, len(ids))
        input = _texts(table, columns.input, len(ids))
        output = _texts(table, columns.output, len(ids))
        if columns.shape == "alpaca":
            blank = pc.equal(pc.utf8_trim_whitespace(input), "")
            input = pc.if_else(blank, instruction, input)
            instruction = pc.if_else(blank, "", instruction)
    scope = _texts(table, columns.scope, len(ids))
    return pa.table([ids, instruction, input, output, scope], schema=COLUMNS)


def _texts(table: pa.Table, name: str | None, rows: int) -> pa.ChunkedArray:
    if name is None:  # and a table without any columns would not know its rows
        return pa.chunked_array([pa.repeat(pa.scalar("", pa.string()), rows)])
    return pc.fill_null(table[name].cast(pa.string()), "")


def _chat(rows: Sequence[Any], places: Sequence[str]) -> tuple[pa.ChunkedArray, ...]:
    parts = [_turns(row, place) for row, place in zip(rows, places, strict=True)]
    return tuple(
        pa.chunked_array([pa.array([part[i] for part in parts], pa.string())]) for i in range(3)
    )


def _turns(row: Any, place: str) -> tuple[str, str, str]:
    """Return instruction, input and output of one conversation."""
    said = [] if row is None else [_turn(turn, place) for turn in _list(row, place)]
    last = max((i for i, (role, _) in enumerate(said) if role == "assistant"), default=None)
    system = [text for role, text in said if role == "system"]
    others = [t for i, (role, t) in enumerate(said) if i != last and role != "system"]
    answer = "" if last is None else said[last][1]
    return SEPARATOR.join(system), SEPARATOR.join(others), answer


def _list(value: Any, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise DataError(f"{place}: the conversation is no list of turns.", "Mend or remove it.")
    return value


def _turn(turn: Any, place: str) -> tuple[str, str]:
    if not isinstance(turn, dict):
        raise DataError(f"{place}: a turn is no object.", "Mend or remove it.")
    role = turn.get("role", turn.get("from"))
    words = turn.get("content", turn.get("value"))
    if isinstance(words, list):  # parts: text, and pictures that are not looked at
        parts = (part.get("text") for part in words if isinstance(part, dict))
        words = "\n".join(text for text in parts if isinstance(text, str))
    if words is None:  # a call of a tool
        words = ""
    if not isinstance(role, str) or not isinstance(words, str):
        raise DataError(f"{place}: a turn lacks its role or its text.", "Mend or remove it.")
    return _SPEAKS.get(role, "user"), words
