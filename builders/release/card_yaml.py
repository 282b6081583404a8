"""The card's YAML: what the Hub and `datasets` read of a release."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
from huggingface_hub import DatasetCardData
from medsmith.builders.release.licences import card_licence
from medsmith.builders.release.manifest import splits
from medsmith.schema import Category, arrow

# The Hub's own task names; the others have none.
_HUB_TASKS = {
    Category.MULTIPLE_CHOICE_QA: "multiple-choice",
    Category.NAMED_ENTITY_RECOGNITION: "token-classification",
    Category.QUESTION_ANSWERING: "question-answering",
    Category.TEXT_CLASSIFICATION: "text-classification",
    Category.TEXT_SUMMARIZATION: "summarization",
    Category.TRANSLATION: "translation",
}
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_SIZES_ABOVE = ((10_000_000, "1M<n<10M"), (100_000_000, "10M<n<100M"), (10**12, "100M<n<1B"))

DEFAULT_CONFIG = "default"


def configs(manifest: dict[str, Any]) -> dict[str, dict[str, list[str]]]:
    """Return each configuration's globs by split.

    `default` holds everything; then one for each task category and one for each source. All are
    globs over the same files: no row is stored twice.
    """
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for source, task, split, ledger in splits(manifest):
        if not ledger["released"]:
            continue
        category = manifest["sources"][source]["tasks"][task]["category"]
        found[DEFAULT_CONFIG][split] = [f"data/*/*/{split}-*.parquet"]
        found[category][split].append(f"data/{source}/{task}/{split}-*.parquet")
        found[source][split] = [f"data/{source}/*/{split}-*.parquet"]
    names = [DEFAULT_CONFIG, *sorted(set(found) - {DEFAULT_CONFIG})]
    order = ("train", "validation", "test")
    return {name: {s: found[name][s] for s in order if s in found[name]} for name in names}


def _infos(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """Return features and sizes of each configuration, in the form that `datasets` writes."""
    sizes: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for path, entry in manifest["files"].items():
        if not path.startswith("data/"):
            continue
        _, source, task, file = path.split("/")
        category = manifest["sources"][source]["tasks"][task]["category"]
        for name in (DEFAULT_CONFIG, category, source):
            size = sizes[name, file.split("-")[0]]
            size[0] += entry["uncompressed_bytes"]
            size[1] += entry["rows"]
            size[2] += entry["bytes"]
    infos = []
    for name, by_split in configs(manifest).items():
        mine = {split: sizes[name, split] for split in by_split}
        infos.append(
            {
                "config_name": name,
                "features": _features(arrow.SAMPLE),
                "splits": [
                    {"name": split, "num_bytes": size[0], "num_examples": size[1]}
                    for split, size in mine.items()
                ],
                "download_size": sum(size[2] for size in mine.values()),
                "dataset_size": sum(size[0] for size in mine.values()),
            }
        )
    return infos


def _features(fields: Iterable[pa.Field]) -> list[dict[str, Any]]:
    """Return the YAML that `datasets.Features` writes; importing it costs a second and 100 MB."""
    found = []
    for field in fields:
        if pa.types.is_struct(field.type):
            found.append({"name": field.name, "struct": _features(field.type)})
        elif pa.types.is_list(field.type):
            found.append({"name": field.name, "list": str(field.type.value_type)})
        else:
            found.append({"name": field.name, "dtype": str(field.type)})
    return found


def _there(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the tasks that have an instance in the release; all of them where none has."""
    tasks = [task for source in manifest["sources"].values() for task in source["tasks"].values()]
    found = [
        task for task in tasks if any(ledger["released"] for ledger in task["splits"].values())
    ]
    return found or tasks


def languages(manifest: dict[str, Any]) -> list[str]:
    """Return the languages (ISO 639-1) of the release's inputs and outputs, sorted."""
    names = ("input_language", "output_language")
    return sorted({task[name] for task in _there(manifest) for name in names})


def front_matter(manifest: dict[str, Any]) -> str:
    """Return the YAML of the release that `manifest` describes, without its fences."""
    categories = {task["category"] for task in _there(manifest)}
    samples = manifest["totals"]["samples"]
    data = DatasetCardData(
        pretty_name=manifest["title"],
        language=languages(manifest),
        task_categories=sorted(
            {_HUB_TASKS.get(Category(c), "text-generation") for c in categories}
        ),
        size_categories=next(name for limit, name in (*_SIZES, *_SIZES_ABOVE) if samples < limit),
        tags=["medical", "instruction-tuning", *(["synthetic"] if manifest["synthetic"] else [])],
        configs=[
            {
                "config_name": name,
                **({"default": True} if name == DEFAULT_CONFIG else {}),
                "data_files": [
                    {"split": split, "path": paths[0] if len(paths) == 1 else paths}
                    for split, paths in by_split.items()
                ],
            }
            for name, by_split in configs(manifest).items()
        ],
        synthetic=manifest["synthetic"],
    )
    for name, value in card_licence(manifest).items():
        data[name] = value
    data["dataset_info"] = _infos(manifest)
    return str(data.to_yaml())
