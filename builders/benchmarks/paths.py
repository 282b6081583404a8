"""Dotted paths into a record, as a benchmark's manifest writes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

from medsmith.converters.readers.xml import local_name


def resolve(record: Any, path: str) -> list[Any]:
    """Return the values at the dotted `path`; an empty list where nothing is there.

    `*` stands for every member of a list or object, a number for one place of a list; a name is
    looked up in every object of a list. A key that itself holds dots is found whole.
    """
    if isinstance(record, dict) and path in record:
        return [record[path]]
    found = [record]
    for step in path.split("."):
        found = [value for one in found for value in _step(one, step)]
    return found


def _step(value: Any, step: str) -> list[Any]:
    if step == "*":
        return list(value.values() if isinstance(value, dict) else _listed(value))
    if isinstance(value, dict):
        return [value[step]] if step in value else []
    if isinstance(value, list):
        if step.isdecimal():
            return value[int(step) : int(step) + 1]
        return [found for one in value for found in _step(one, step)]
    return []


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def texts(values: Any) -> Iterator[str]:
    """Yield the texts among `values`, lists and objects opened, stripped; blank ones left out."""
    if isinstance(values, list):
        for value in values:
            yield from texts(value)
    elif isinstance(values, dict):
        yield from texts(list(values.values()))
    elif text := as_text(values):
        yield text


def as_text(value: Any) -> str:
    """Return a scalar as stripped text; "" for None and for what is no scalar."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        # Integers that went through a table with gaps come back as 3.0.
        return str(int(value)) if value.is_integer() else str(value)
    return str(value) if isinstance(value, int) else ""


def element_value(element: Element) -> Any:
    """Return an XML element as text, or as an object of `@attribute`s, children and `#text`.

    Children of one name are a list wherever there are several.
    """
    text = (element.text or "").strip()
    if not len(element) and not element.attrib:
        return text
    value: dict[str, Any] = {f"@{local_name(name)}": v for name, v in element.attrib.items()}
    for child in element:
        name, read = local_name(child.tag), element_value(child)
        if name not in value:
            value[name] = read
        elif isinstance(value[name], list):
            value[name].append(read)
        else:
            value[name] = [value[name], read]
    whole = [text, *((child.tail or "").strip() for child in element)]
    if joined := " ".join(part for part in whole if part):
        value["#text"] = joined
    return value
