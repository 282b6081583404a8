"""The checked-in JSON Schemas: they hold, they bite, and they say what Arrow and the models say."""

import json
from importlib.resources import files
from typing import Any

import pyarrow as pa
import pytest
from jsonschema import Draft202012Validator
from medsmith.schema import UserError, arrow, records
from medsmith.schema.validation import names, validator
from pydantic import BaseModel, ValidationError

TABLES: dict[str, tuple[type[BaseModel], pa.Schema]] = {
    "instance": (records.InstanceRow, arrow.INSTANCE),
    "sample": (records.Sample, arrow.SAMPLE),
    "rejects": (records.RejectRow, arrow.REJECTS),
    "duplicates": (records.DuplicateRow, arrow.DUPLICATES),
    "conflicts": (records.ConflictRow, arrow.CONFLICTS),
    "contamination": (records.ContaminationRow, arrow.CONTAMINATION),
    "contamination_self_test": (records.SelfTestRow, arrow.CONTAMINATION_SELF_TEST),
    "cross_split": (records.CrossSplitRow, arrow.CROSS_SPLIT),
    "quality": (records.QualityRow, arrow.QUALITY),
    "tokens": (records.TokenRow, arrow.TOKENS),
    "withheld_ids": (records.WithheldRow, arrow.WITHHELD),
}
MANIFESTS = {"source", "instructions", "benchmark", "recipe", "takedowns"}

ROWS: dict[str, dict[str, Any]] = {
    "instance": {
        "id": "a_source-0123456789abcdef0123",
        "source": "a_source",
        "task": "a_task",
        "split": "train",
        "input": "Is the growth benign?",
        "output": "yes",
        "references": [],
        "choices": ["yes", "no"],
        "group": None,
        "locator": "a.jsonl#L1",
        "metadata": "{}",
    },
    "sample": {
        "id": "a_source-0123456789abcdef0123",
        "instruction": "Answer the question.",
        "input": "Is the growth benign?",
        "output": "yes",
        "references": ["Yes."],
        "source": "a_source",
        "task": "a_task",
        "category": "question_answering",
        "domain": "exam",
        "split": "test",
        "input_language": "en",
        "output_language": "en",
        "instruction_language": "en",
        "license": "CC-BY-4.0",
        "instruction_id": "a_task#01234567",
        "group": "PMID:1",
        "n_tokens": {"instruction": 4, "input": 5, "output": 1, "total": 10},
        "metadata": "{}",
    },
    "rejects": {
        "source": "a_source",
        "locator": "a.jsonl#L2",
        "code": "missing_field",
        "field": "answer",
        "message": "The record has no answer.",
        "raw": None,
    },
    "duplicates": {
        "dropped_id": "a-1",
        "kept_id": "a-0",
        "kind": "near",
        "input_similarity": 0.91,
        "output_similarity": 1.0,
        "cluster": "a-0",
    },
    "conflicts": {
        "task": "a_task",
        "ids": ["a-0", "a-1"],
        "input_digest": "00ff",
        "outputs": ["yes", "no"],
    },
    "contamination": {
        "id": "a-0",
        "benchmark": "a_benchmark",
        "item_id": "7",
        "kind": "question",
        "score": 0.8,
        "span_field": "input",
        "span_start": 0,
        "span_end": 12,
    },
    "contamination_self_test": {
        "benchmark": "a_benchmark",
        "guise": "verbatim",
        "length": "short",
        "items": 10,
        "found": 9,
    },
    "cross_split": {
        "id": "a-0",
        "split": "train",
        "other_id": "a-1",
        "other_split": "test",
        "kind": "group",
    },
    "quality": {"id": "a-0", "check": "mojibake", "verdict": "keep", "detail": ""},
    "tokens": {
        "id": "a-0",
        "tokenizer": "words",
        "instruction": 4,
        "input": 5,
        "output": 1,
        "total": 10,
    },
    "withheld_ids": {
        "id": "a-0",
        "source": "a_source",
        "task": "a_task",
        "split": "train",
        "fate": "released",
    },
}
WRONG: list[tuple[str, str, object]] = [
    ("instance", "id", "no id"),
    ("instance", "id", "a_source-0123456789ABCDEF0123"),
    ("instance", "source", "A Source"),
    ("instance", "split", "dev"),
    ("instance", "input", ""),
    ("instance", "references", None),
    ("instance", "references", [1]),
    ("instance", "metadata", {}),
    ("instance", "surplus", 1),
    ("sample", "category", "poetry"),
    ("sample", "domain", "court"),
    ("sample", "input_language", "english"),
    ("sample", "license", ""),
    ("sample", "n_tokens", {"instruction": 4, "input": 5, "output": 1}),
    ("sample", "n_tokens", {"instruction": -4, "input": 5, "output": 1, "total": 2}),
    ("rejects", "code", None),
    ("duplicates", "input_similarity", "high"),
    ("conflicts", "ids", "a-0"),
    ("contamination", "span_start", 0.5),
    ("contamination_self_test", "found", "most"),
    ("cross_split", "other_split", "exam"),
    ("quality", "verdict", None),
    ("tokens", "total", "ten"),
]


def test_there_is_one_schema_for_every_table_and_manifest() -> None:
    assert set(names()) == set(TABLES) | MANIFESTS


@pytest.mark.parametrize("name", sorted(set(TABLES) | MANIFESTS))
def test_each_schema_is_valid_and_says_what_it_is(name: str) -> None:
    text = (files("medsmith.schema") / "json" / f"{name}.schema.json").read_text("utf-8")
    schema = json.loads(text)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"]
    assert schema["description"]
    assert list(schema)[:2] == ["$schema", "title"]


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_good_row_is_valid_by_schema_model_and_arrow(name: str) -> None:
    model, schema = TABLES[name]
    validator(name).validate(ROWS[name])
    model.model_validate(ROWS[name], strict=False)
    assert pa.Table.from_pylist([ROWS[name]], schema).to_pylist() == [ROWS[name]]


@pytest.mark.parametrize(("name", "field", "value"), WRONG)
def test_a_wrong_value_is_refused_by_schema_and_model(name: str, field: str, value: object) -> None:
    row = ROWS[name] | {field: value}
    assert not validator(name).is_valid(row)
    with pytest.raises(ValidationError):
        TABLES[name][0].model_validate(row)


@pytest.mark.parametrize("name", sorted(TABLES))
def test_every_column_must_be_there(name: str) -> None:
    for field in ROWS[name]:
        row = {key: value for key, value in ROWS[name].items() if key != field}
        assert not validator(name).is_valid(row), field


@pytest.mark.parametrize("name", sorted(TABLES))
def test_schema_model_and_arrow_have_the_same_fields(name: str) -> None:
    model, columns = TABLES[name]
    schema: Any = validator(name).schema
    assert list(schema["properties"]) == list(model.model_fields) == columns.names
    assert schema["required"] == columns.names
    _assert_parity(schema, schema["properties"], pa.struct(list(columns)))


def _assert_parity(root: Any, properties: Any, columns: pa.StructType) -> None:
    for column in columns:
        declared, nullable = _resolved(root, properties[column.name])
        assert column.nullable is nullable, column.name
        wanted = {
            "string": pa.types.is_string,
            "integer": pa.types.is_int64,
            "number": pa.types.is_float64,
            "array": pa.types.is_list,
            "object": pa.types.is_struct,
        }[declared["type"]]
        assert wanted(column.type), column.name
        if declared["type"] == "array":
            assert declared["items"]["type"] == "string"
            assert column.type.value_type == pa.string()
        if declared["type"] == "object":
            _assert_parity(root, declared["properties"], column.type)


def _resolved(root: Any, field: Any) -> tuple[Any, bool]:
    if "anyOf" in field:
        inner = [part for part in field["anyOf"] if part.get("type") != "null"]
        assert len(inner) == 1
        return _resolved(root, inner[0])[0], True
    if "$ref" in field:
        return root["$defs"][field["$ref"].removeprefix("#/$defs/")], False
    return field, False


def test_an_unknown_name_is_a_users_error_that_lists_the_names() -> None:
    with pytest.raises(UserError, match=r"instance.*sample"):
        validator("nonsense")
