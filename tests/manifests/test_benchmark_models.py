"""A benchmark's manifest is refused where it could not be read."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from medsmith.manifests import BenchmarkManifest
from pydantic import ValidationError

FILE = {"pattern": "b.jsonl", "format": "jsonl"}
GOOD: dict[str, Any] = {
    "name": "toy",
    "title": "Toy",
    "homepage": "https://example.org/",
    "citation": "Doe 2031.",
    "license": "MIT",
    "access": {"tier": "open", "how_to_get": "Make it up."},
    "languages": ["en"],
}


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "give `source`, or `raw`"),
        ({"raw": [FILE]}, "needs `fields`"),
        ({"source": "a", "fields": {"question": "q"}}, "`fields` are for `raw`"),
        (
            {"source": "a", "raw": [FILE], "fields": {"question": "q"}, "tasks": {"t": {}}},
            "`tasks`",
        ),
        ({"raw": [FILE], "fields": {"id": "i"}}, "what is an item found by"),
        ({"raw": [FILE], "fields": {"question": "q", "pattern": "("}}, "regular expression"),
        ({"raw": [FILE], "fields": {"question": "q", "pattern": "(?P<x>.)"}}, "names the groups"),
        ({"raw": [FILE | {"keyed": True}], "fields": {"question": "q"}}, "keyed"),
        ({"raw": [FILE | {"columns": ["q"]}], "fields": {"question": "q"}}, "columns"),
        ({"raw": [FILE | {"format": "xml"}], "fields": {"question": "q"}}, "needs `records`"),
    ],
)
def test_fields_that_contradict_each_other_are_refused(
    fields: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ValidationError, match=problem):
        BenchmarkManifest.model_validate(GOOD | fields)


def test_the_fields_of_a_file_come_before_those_of_the_benchmark() -> None:
    manifest = BenchmarkManifest.model_validate(
        GOOD
        | {"raw": [FILE, FILE | {"fields": {"question": "own"}}], "fields": {"question": "shared"}}
    )
    assert [manifest.fields_of(file).question for file in manifest.raw] == ["shared", "own"]


def test_the_source_is_another_name_of_the_folder() -> None:
    manifest = BenchmarkManifest.model_validate(GOOD | {"source": "a", "folders": ["b", "toy"]})
    assert manifest.folder_names == ("toy", "b", "a")


def test_the_example_of_the_documentation_is_valid() -> None:
    page = (Path(__file__).parents[2] / "docs" / "benchmarks.md").read_text("utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert BenchmarkManifest.model_validate(yaml.safe_load(example)).name == "tales"
