"""The checked-in JSON Schemas are what the models render, and judge manifests as the models do."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from medsmith.manifests import (
    BenchmarkManifest,
    InstructionPool,
    Recipe,
    SourceManifest,
    TakeDownList,
)
from medsmith.manifests.json_schemas import SCHEMAS, render, write_all
from medsmith.schema.validation import names, validator
from pydantic import BaseModel, ValidationError

CHECKED_IN = Path(str(files("medsmith.schema"))) / "json"

ACCESS: dict[str, Any] = {"tier": "open", "how_to_get": "Download the only file there is."}
TASK: dict[str, Any] = {
    "name": "a_task",
    "description": "A question is given, its answer asked.",
    "category": "question_answering",
    "domain": "exam",
    "input_language": "en",
    "output_language": "en",
    "output": "label",
    "labels": ["yes", "no"],
}
SOURCE: dict[str, Any] = {
    "name": "a_source",
    "title": "A source",
    "version": "1",
    "homepage": "https://example.org/a",
    "citation": "Doe 2020.",
    "license": "CC-BY-4.0",
    "access": ACCESS,
    "languages": ["en"],
    "raw": [{"pattern": "a.jsonl", "format": "jsonl"}],
    "tasks": [TASK],
    "skips": {"empty_answer": "The answer is not given."},
    "expected": {"records": 3, "instances": {"a_task": 3}},
}
POOL: dict[str, Any] = {
    "task": "a_task",
    "original": {"text": "Answer the question with yes or no."},
    "rewrites": [{"text": f"Wording {n}: yes or no?", "language": "en"} for n in range(7)],
}
BENCHMARK: dict[str, Any] = {
    "name": "a_benchmark",
    "title": "A benchmark",
    "homepage": "https://example.org/b",
    "citation": "Doe 2021.",
    "license": "LicenseRef-not-stated",
    "access": ACCESS,
    "languages": ["en"],
    "raw": [{"pattern": "b.jsonl", "format": "jsonl"}],
    "fields": {"question": "question"},
}
RECIPE: dict[str, Any] = {
    "name": "a-release",
    "title": "A release",
    "description": "Everything open.",
    "sources": ["a_source"],
}
SHARED_OUT: dict[str, Any] = {
    **RECIPE,
    "sources": [{"name": "a_source", "weight": 2}, {"name": "b", "max_instances": 9, "weight": 1}],
    "max_instances": 100,
    "repository": "our-lab/medical.instructions",
    "visibility": "public",
}
WHY: dict[str, Any] = {"date": "2026-01-31", "reason": "Asked for by the authors."}
TAKEDOWNS: dict[str, Any] = {
    "takedowns": [
        {"id": "a_source-0123456789abcdef0123~2", **WHY},
        {"source": "a_source", "key": "17/b", **WHY},
        {"source": "a_source", "group": "patient 3", **WHY},
    ]
}


def down(**fields: Any) -> dict[str, Any]:
    return {"takedowns": [{"source": "a_source", "key": "1", **WHY, **fields}]}


GOOD: dict[str, tuple[type[BaseModel], dict[str, Any]]] = {
    "source": (SourceManifest, SOURCE),
    "instructions": (InstructionPool, POOL),
    "benchmark": (BenchmarkManifest, BENCHMARK),
    "recipe": (Recipe, RECIPE),
    "takedowns": (TakeDownList, TAKEDOWNS),
}
WRONG: list[tuple[str, dict[str, Any]]] = [
    ("source", {"colour": "red"}),
    ("source", {"name": "A-Source"}),
    ("source", {"version": 1}),
    ("source", {"license": "no such licence"}),
    ("source", {"languages": []}),
    ("source", {"languages": ["english"]}),
    ("source", {"access": {"tier": "secret", "how_to_get": "Ask."}}),
    ("source", {"access": {"tier": "open"}}),
    ("source", {"raw": []}),
    ("source", {"raw": [{"pattern": "a.pdf", "format": "pdf"}]}),
    ("source", {"raw": [{"pattern": "a.csv", "format": "csv", "sha256": "00"}]}),
    ("source", {"tasks": [TASK | {"category": "poetry"}]}),
    ("source", {"tasks": [TASK | {"splits": []}]}),
    ("source", {"tasks": [TASK | {"labels": [""]}]}),
    ("source", {"tasks": [TASK | {"medsins_id": 0}]}),
    ("source", {"skips": {"boring": "It bores."}}),
    ("source", {"skips": {"empty_answer": ""}}),
    ("source", {"max_reject_rate": 2}),
    ("instructions", {"rewrites": POOL["rewrites"][:6]}),
    ("instructions", {"original": {"text": " "}}),
    ("instructions", {"original": "Answer."}),
    ("benchmark", {"fields": {"question": 3}}),
    ("benchmark", {"fields": {"question": "question", "answer_as": "roman"}}),
    ("benchmark", {"raw": [{"pattern": "b.pdf", "format": "pdf"}]}),
    ("benchmark", {"title": ""}),
    ("recipe", {"version": "one"}),
    ("recipe", {"sources": []}),
    ("recipe", {"instructions_per_instance": 0}),
    ("recipe", {"access": ["secret"]}),
    ("recipe", {"sources": [{"max_instances": 3}]}),
    ("recipe", {"sources": [{"name": "a_source", "max_instances": 0}]}),
    ("recipe", {"sources": [{"name": "a_source", "weight": 0}], "max_instances": 9}),
    ("recipe", {"max_instances": 0}),
    ("recipe", {"max_instances": 9, "temperature": 0.5}),
    ("recipe", {"repository": "no-namespace"}),
    ("recipe", {"repository": "a/b/c"}),
    ("recipe", {"visibility": "secret"}),
    ("recipe", {"date": "31.1.2026"}),
    ("takedowns", {"takedowns": [{"id": "a_source-0123", **WHY}]}),
    ("takedowns", down(key=17)),
    ("takedowns", down(key=" ")),
    ("takedowns", down(date="last week")),
    ("takedowns", down(reason="")),
    ("takedowns", down(who="Doe")),
]


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_the_checked_in_file_is_what_the_model_renders(name: str) -> None:
    cure = "run python -m medsmith.manifests.json_schemas"
    assert (CHECKED_IN / name).read_text("utf-8") == render(SCHEMAS[name]), cure


def test_no_other_schema_is_checked_in() -> None:
    assert {path.name for path in CHECKED_IN.iterdir()} == set(SCHEMAS)
    assert {f"{name}.schema.json" for name in names()} == set(SCHEMAS)


def test_writing_gives_the_same_bytes_as_rendering(tmp_path: Path) -> None:
    for path in write_all(tmp_path / "json"):
        data = path.read_bytes()
        assert data.decode() == render(SCHEMAS[path.name])
        assert data.endswith(b"}\n")
        assert b"\r" not in data


def test_fields_keep_the_order_of_the_model() -> None:
    schema = json.loads(render(SourceManifest))
    assert list(schema["properties"]) == list(SourceManifest.model_fields)
    assert list(schema)[-1] == "$defs"


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_good_manifest_is_valid_by_model_and_schema(name: str) -> None:
    model, value = GOOD[name]
    model.model_validate(value)
    validator(name).validate(value)


@pytest.mark.parametrize(("name", "fields"), WRONG)
def test_a_wrong_manifest_is_refused_by_model_and_schema(name: str, fields: dict[str, Any]) -> None:
    model, value = GOOD[name]
    with pytest.raises(ValidationError):
        model.model_validate(value | fields)
    assert not validator(name).is_valid(value | fields)


def test_a_recipe_with_shares_is_valid_by_model_and_schema() -> None:
    recipe = Recipe.model_validate(SHARED_OUT)
    validator("recipe").validate(SHARED_OUT)
    validator("recipe").validate(recipe.model_dump(mode="json"))
    assert recipe.source_names == ("a_source", "b")
    assert [source.max_instances for source in recipe.shares] == [None, 9]


def test_a_plain_list_of_sources_stays_one() -> None:
    recipe = Recipe.model_validate(RECIPE)
    assert recipe.model_dump(mode="json")["sources"] == ["a_source"]
    assert recipe.shares[0].max_instances is recipe.shares[0].weight is None
    assert (recipe.visibility, recipe.repository) == ("private", None)


@pytest.mark.parametrize(
    ("model", "value", "problem"),
    [
        (Recipe, RECIPE | {"sources": ["a", {"name": "a"}]}, "names a source twice"),
        (Recipe, SHARED_OUT | {"sources": ["a", {"name": "b", "weight": 1}]}, "or none"),
        (Recipe, SHARED_OUT | {"max_instances": None}, "give that too"),
        (Recipe, RECIPE | {"temperature": 2}, "give that too"),
        (Recipe, RECIPE | {"date": "2026-02-30"}, "day is out of range"),
        (TakeDownList, down(source=None), "need `source`"),
        (TakeDownList, down(group="g"), "give one of"),
        (TakeDownList, down(key=None), "give one of"),
        (TakeDownList, down(key=None, id="a-0123456789abcdef0123"), "names its own"),
        (TakeDownList, down(date="2026-02-30"), "day is out of range"),
    ],
)
def test_fields_that_contradict_each_other_are_refused(
    model: type[BaseModel], value: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ValidationError, match=problem):
        model.model_validate(value)


@pytest.mark.parametrize("name", sorted(GOOD))
def test_what_a_model_holds_is_valid_by_its_schema(name: str) -> None:
    model, value = GOOD[name]
    validator(name).validate(model.model_validate(value).model_dump(mode="json"))
