"""JSON Lines as tables: the rows of a part of a file, and the one schema of all its parts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
from medsmith.schema import DataError

# Of a column: its type, or None where it holds values of several kinds and is kept as JSON text.
Types = dict[str, pa.DataType | None]
_MARK = b"\xef\xbb\xbf"
_JSON = {b"medsmith.json": b"true"}
# pandas writes NaN for a missing value; JSON has no such number.
_DECODER = json.JSONDecoder(parse_constant=lambda name: None)


def parse(
    path: Path, name: str, start: int, end: int, first: int
) -> tuple[list[dict[str, Any]], list[int]]:
    """Return the objects of the lines in bytes `start` to `end`, and the number of each line.

    Blank lines are no rows. Raises `DataError` naming file and line where one is no JSON object.
    """
    with path.open("rb") as stream:
        stream.seek(start)
        data = stream.read(end - start)
    if start == 0:
        data = data.removeprefix(_MARK)
    rows, numbers = [], []
    for number, line in enumerate(data.split(b"\n"), first):
        if line and not line.isspace():
            rows.append(_object(line, f"{name}, line {number:,}"))
            numbers.append(number)
    return rows, numbers


def _object(line: bytes, place: str) -> dict[str, Any]:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        value = _decoded(line, place, str(error))
    if not isinstance(value, dict):
        raise DataError(f"{place}, is no JSON object.{_hint(line)}", "Each line must be one row.")
    return value


def _decoded(line: bytes, place: str, told: str) -> Any:
    """Read a line that the strict reader refuses: NaN is taken for null."""
    try:
        value = _DECODER.decode(line.decode())
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError):
        told = told.partition(": line 1")[0].rstrip(".")
        raise DataError(
            f"{place}, is not JSON ({told}).{_hint(line)}", "Mend or remove the line."
        ) from None
    return value


def _hint(line: bytes) -> str:
    return " Is the file one JSON document?" if line.lstrip()[:1] in b"[{" else ""


def types_of(rows: Iterable[dict[str, Any]]) -> Types:
    """Return the type of each column, in the order in which columns first appear."""
    columns: dict[str, list[Any]] = {}
    for row in rows:
        for key, value in row.items():
            if value is not None:
                columns.setdefault(key, []).append(value)
            else:
                columns.setdefault(key, [])
    return {key: _type(values) for key, values in columns.items()}


def _type(values: list[Any]) -> pa.DataType | None:
    try:
        found = pa.array(values).type
    except (pa.ArrowException, OverflowError):
        return None
    return None if _has_empty_struct(found) else found


def _has_empty_struct(kind: pa.DataType) -> bool:
    """Tell whether Parquet could not hold the type."""
    inner = [kind.field(i).type for i in range(kind.num_fields)]
    return (pa.types.is_struct(kind) and not inner) or any(map(_has_empty_struct, inner))


def merged(parts: Sequence[Types]) -> pa.Schema:
    """Return the schema of a file of which each part has its types."""
    types: Types = {}
    for part in parts:
        for key, kind in part.items():
            types[key] = _both(types[key], kind) if key in types else kind
    fields = [
        pa.field(key, pa.string(), metadata=_JSON)
        if kind is None
        else pa.field(key, _settled(kind))
        for key, kind in types.items()
    ]
    return pa.schema(fields)


def _both(a: pa.DataType | None, b: pa.DataType | None) -> pa.DataType | None:
    if a is None or b is None:
        return None
    one, other = (pa.schema([pa.field("x", kind)]) for kind in (a, b))
    try:
        return pa.unify_schemas([one, other], promote_options="permissive").field("x").type
    except pa.ArrowException:
        return None


def _settled(kind: pa.DataType) -> pa.DataType:
    """Return the type with text where nothing but null was seen."""
    if pa.types.is_null(kind):
        return pa.string()
    if pa.types.is_list(kind):
        return pa.list_(_settled(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct(
            [(kind.field(i).name, _settled(kind.field(i).type)) for i in range(kind.num_fields)]
        )
    return kind


def table_of(rows: Sequence[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    """Return rows as a table of `schema` (of `merged`); columns beyond it are left out."""
    arrays = []
    for field in schema:
        values = [row.get(field.name) for row in rows]
        if field.metadata == _JSON:
            values = [None if v is None else orjson.dumps(v).decode() for v in values]
        arrays.append(pa.array(values, field.type))
    return pa.table(arrays, schema=schema)
