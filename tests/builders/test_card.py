"""The card says what is in the release, to the Hub and to people, and no more."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from huggingface_hub import DatasetCard
from medsmith.builders.release import card
from medsmith.schema import Category, arrow


@pytest.fixture(scope="module")
def release(built: Any) -> Path:
    return Path(built.out / "toy" / "release")


@pytest.fixture
def manifest(release: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((release / "manifest.json").read_text("utf-8"))
    return found


def _data(manifest: dict[str, Any]) -> Any:
    return DatasetCard(card.render(manifest)).data


def test_the_card_is_the_manifest_told_again(release: Path, manifest: dict[str, Any]) -> None:
    assert (release / "README.md").read_text("utf-8") == card.render(manifest)


def test_its_yaml_is_what_the_hub_reads(release: Path) -> None:
    data = DatasetCard.load(release / "README.md").data
    assert data.pretty_name == "Toys"
    assert data.language == ["en"]
    assert data.license == "cc0-1.0"
    assert data.task_categories == ["question-answering", "summarization"]
    assert data.size_categories == "n<1K"
    assert data.tags == ["medical", "instruction-tuning"]


def test_there_is_a_configuration_for_all_for_each_category_and_each_source(
    release: Path, manifest: dict[str, Any]
) -> None:
    data = DatasetCard.load(release / "README.md").data
    names = ["default", "question_answering", "text_summarization", "toy"]
    assert [config["config_name"] for config in data.configs] == names
    assert [c["config_name"] for c in data.configs if c.get("default")] == ["default"]
    assert list(card.configs(manifest)) == names

    rows = {}
    for config in data.configs:
        for part in config["data_files"]:
            paths = [part["path"]] if isinstance(part["path"], str) else part["path"]
            shards = [shard for path in paths for shard in release.glob(path)]
            rows[config["config_name"], part["split"]] = sum(
                pq.read_metadata(shard).num_rows for shard in shards
            )
    assert rows == {
        ("default", "train"): 41,
        ("default", "validation"): 1,
        ("default", "test"): 1,
        ("question_answering", "train"): 40,
        ("question_answering", "validation"): 1,
        ("question_answering", "test"): 1,
        ("text_summarization", "train"): 1,
        ("toy", "train"): 41,
        ("toy", "validation"): 1,
        ("toy", "test"): 1,
    }
    told = {
        (info["config_name"], split["name"]): split["num_examples"]
        for info in data.dataset_info
        for split in info["splits"]
    }
    assert told == rows


def test_its_features_and_sizes_are_those_that_datasets_reads(release: Path) -> None:
    from datasets.info import DatasetInfosDict

    infos = DatasetInfosDict.from_dataset_card_data(DatasetCard.load(release / "README.md").data)
    info = infos["default"]
    assert info.features.arrow_schema.names == arrow.SAMPLE.names
    for field, told in zip(arrow.SAMPLE, info.features.arrow_schema, strict=True):
        assert str(told.type).replace("item", "element") == str(field.type).replace(" not null", "")
    shards = list((release / "data").rglob("*.parquet"))
    assert info.download_size == sum(shard.stat().st_size for shard in shards)
    assert info.dataset_size == sum(split.num_bytes for split in info.splits.values())


def test_every_column_is_explained() -> None:
    named = [name for names, _ in card._COLUMNS for name in names.split(", ")]
    assert sorted(named) == sorted(arrow.SAMPLE.names)


def test_the_page_names_sources_tasks_reasons_and_counts(release: Path) -> None:
    text = (release / "README.md").read_text("utf-8")
    assert "**43 samples** from **43 instances**" in text
    source = "| [The toy toy](https://example.org/toy) (`toy`) | CC0-1.0 | open | en |"
    assert f"{source} 43 | 43 | 2 | 0 | 0 | 0 |" in text
    assert "| `toy_qa` | question_answering | A question is given, its answer asked. |" in text
    assert "- `toy`: 1 skipped as `empty_answer`: The answer is not given." in text
    assert "- `toy`: 1 rejected as `missing_field`" in text
    assert "- `toy`: 2 removed as `exact_duplicate`" in text


@pytest.mark.parametrize("synthetic", [False, True])
def test_a_synthetic_release_says_so_in_page_and_yaml(
    manifest: dict[str, Any], synthetic: bool
) -> None:
    manifest["synthetic"] = synthetic
    assert ("> **Synthetic.**" in card.render(manifest)) is synthetic
    assert ("synthetic" in _data(manifest).tags) is synthetic
    assert _data(manifest).synthetic is synthetic


@pytest.mark.parametrize(
    ("tier", "banned"),
    [
        ("open", False),
        ("noncommercial", False),
        ("registration", True),
        ("licensed", True),
        ("credentialed", True),
    ],
)
def test_a_restricted_source_is_named_as_not_to_be_passed_on(
    manifest: dict[str, Any], tier: str, banned: bool
) -> None:
    manifest["sources"]["toy"]["access"]["tier"] = tier
    banner = f"**Not to be passed on:** `toy` ({tier})"
    assert (banner in card.render(manifest)) is banned


@pytest.mark.parametrize(
    ("samples", "size"),
    [
        (0, "n<1K"),
        (999, "n<1K"),
        (1_000, "1K<n<10K"),
        (99_999, "10K<n<100K"),
        (1_000_000, "1M<n<10M"),
        (13_500_000, "10M<n<100M"),
        (500_000_000, "100M<n<1B"),
    ],
)
def test_the_size_is_told_in_the_hubs_classes(
    manifest: dict[str, Any], samples: int, size: str
) -> None:
    manifest["totals"]["samples"] = samples
    assert _data(manifest).size_categories == size


def test_every_category_has_a_place_on_the_hub(manifest: dict[str, Any]) -> None:
    for category in Category:
        manifest["sources"]["toy"]["tasks"]["toy_qa"]["category"] = category.value
        data = _data(manifest)
        assert all(name == name.lower() and "_" not in name for name in data.task_categories)
        assert category.value in [config["config_name"] for config in data.configs]


def test_hostile_titles_break_neither_yaml_nor_tables(manifest: dict[str, Any]) -> None:
    manifest["title"] = 'A: "b" | #c\u2028---'
    task = manifest["sources"]["toy"]["tasks"]["toy_qa"]
    task["description"] = "a | b\nc"
    text = card.render(manifest)
    assert yaml.safe_load(text.split("---\n")[1])["pretty_name"] == manifest["title"]
    assert "| a \\| b c |" in text


def test_a_release_with_nothing_in_it_still_has_a_card(manifest: dict[str, Any]) -> None:
    empty = deepcopy(manifest)
    for task in empty["sources"]["toy"]["tasks"].values():
        task["splits"] = {}
    empty["files"] = {}
    data = _data(empty)
    assert data.configs == [{"config_name": "default", "default": True, "data_files": []}]
