"""Pinned Arrow schemas, derived from the pydantic definitions in `medsmith.schema.records`."""

from __future__ import annotations

import types
from enum import Enum
from typing import Annotated, Any, Union, get_args, get_origin

import pyarrow as pa
from medsmith.schema import records
from pydantic import BaseModel


def arrow_schema(model: type[BaseModel]) -> pa.Schema:
    """Return the Arrow schema of `model`: its fields in order, nullable only where `None` may be.

    Raises `TypeError` for a field type that has no Arrow counterpart here.
    """
    return pa.schema(
        [
            _field(name, info.rebuild_annotation() if info.metadata else info.annotation)
            for name, info in model.model_fields.items()
        ]
    )


def _field(name: str, annotation: Any) -> pa.Field:
    arrow_type, nullable = _arrow_type(annotation)
    return pa.field(name, arrow_type, nullable=nullable)


def _arrow_type(annotation: Any) -> tuple[pa.DataType, bool]:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _arrow_type(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        (inner,) = (arg for arg in get_args(annotation) if arg is not type(None))
        return _arrow_type(inner)[0], True
    if origin is list:
        item, _ = _arrow_type(get_args(annotation)[0])
        return pa.list_(pa.field("element", item, nullable=False)), False
    if isinstance(annotation, type):
        if issubclass(annotation, BaseModel):
            return pa.struct(list(arrow_schema(annotation))), False
        if issubclass(annotation, (str, Enum)):
            return pa.string(), False
        if annotation is int:
            return pa.int64(), False
        if annotation is float:
            return pa.float64(), False
    raise TypeError(f"no Arrow type for {annotation!r}")


# Raised when a released column changes its name, type or meaning.
SCHEMA_VERSION = "1"

INSTANCE = arrow_schema(records.InstanceRow)
SAMPLE = arrow_schema(records.Sample)
REJECTS = arrow_schema(records.RejectRow)
DUPLICATES = arrow_schema(records.DuplicateRow)
CONFLICTS = arrow_schema(records.ConflictRow)
CONTAMINATION = arrow_schema(records.ContaminationRow)
CONTAMINATION_SELF_TEST = arrow_schema(records.SelfTestRow)
CROSS_SPLIT = arrow_schema(records.CrossSplitRow)
QUALITY = arrow_schema(records.QualityRow)
TOKENS = arrow_schema(records.TokenRow)
WITHHELD = arrow_schema(records.WithheldRow)
REMOVALS = arrow_schema(records.RemovalRow)
