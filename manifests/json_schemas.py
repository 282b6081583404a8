"""Renders the JSON Schemas in `schema/json` from the pydantic models.

`python -m medsmith.manifests.json_schemas` writes them; a test keeps them true. Rules that span
several fields live in the models alone.
"""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from medsmith.manifests.benchmark_models import BenchmarkManifest
from medsmith.manifests.models import InstructionPool, SourceManifest
from medsmith.manifests.recipes import Recipe, TakeDownList
from medsmith.schema import records
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

SCHEMAS: dict[str, type[BaseModel]] = {
    "instance.schema.json": records.InstanceRow,
    "sample.schema.json": records.Sample,
    "rejects.schema.json": records.RejectRow,
    "duplicates.schema.json": records.DuplicateRow,
    "conflicts.schema.json": records.ConflictRow,
    "contamination.schema.json": records.ContaminationRow,
    "contamination_self_test.schema.json": records.SelfTestRow,
    "cross_split.schema.json": records.CrossSplitRow,
    "quality.schema.json": records.QualityRow,
    "tokens.schema.json": records.TokenRow,
    "withheld_ids.schema.json": records.WithheldRow,
    "source.schema.json": SourceManifest,
    "instructions.schema.json": InstructionPool,
    "benchmark.schema.json": BenchmarkManifest,
    "recipe.schema.json": Recipe,
    "takedowns.schema.json": TakeDownList,
}
DIALECT = "https://json-schema.org/draft/2020-12/schema"

_FIRST = ("$schema", "title", "description", "type")
_LAST = ("$defs",)


class _Generator(GenerateJsonSchema):
    """Leaves out titles that only repeat a field's name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def render(model: type[BaseModel]) -> str:
    """Return the JSON Schema of `model` as text: fields in their order, all else in a fixed one."""
    schema = model.model_json_schema(schema_generator=_Generator)
    text = json.dumps(_ordered({"$schema": DIALECT, **schema}), indent=2, ensure_ascii=False)
    return f"{text}\n"


def write_all(folder: Path | None = None) -> list[Path]:
    """Write every schema into `folder` (`schema/json` unless given) and return the paths."""
    folder = folder or Path(str(files("medsmith.schema"))) / "json"
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, model in SCHEMAS.items():
        path = folder / name
        path.write_text(render(model), "utf-8", newline="\n")
        paths.append(path)
    return paths


def _ordered(value: Any, *, names: bool = False) -> Any:
    """Order the keywords of a schema; `names` says that the keys are field names instead."""
    if isinstance(value, list):
        return [_ordered(item) for item in value]
    if not isinstance(value, dict):
        return value
    keys = list(value) if names else sorted(value, key=_rank)
    return {key: _ordered(value[key], names=not names and key == "properties") for key in keys}


def _rank(keyword: str) -> tuple[int, str]:
    if keyword in _FIRST:
        return _FIRST.index(keyword), keyword
    return (len(_FIRST) + (keyword in _LAST)), keyword


if __name__ == "__main__":
    for written in write_all():
        print(written)
