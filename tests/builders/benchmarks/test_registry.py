"""Every registered benchmark reads its own invented fixture as its checked-in items say.

After a change that is meant, `MEDSMITH_UPDATE_GOLDEN=1 pytest <this file>` rewrites the items: read
the difference before it is committed.
"""

from __future__ import annotations

import json
import os
import shutil
from importlib.resources import files
from pathlib import Path

import pytest
from medsmith.builders.benchmarks import BenchmarkHome, ItemRun
from medsmith.manifests import BenchmarkManifest, Catalogue
from medsmith.schema import MedsmithError

FIXTURES = Path(__file__).parents[2] / "benchmark_fixtures"
SOURCES = Path(str(files("medsmith.fixtures")))
NAMES = Catalogue.bundled().benchmark_names()
WITH_FILES = [name for name in NAMES if Catalogue.bundled().benchmark(name).raw]
OF_SOURCES = [name for name in NAMES if Catalogue.bundled().benchmark(name).source]


def _home(manifest: BenchmarkManifest, tmp_path: Path) -> BenchmarkHome:
    """Lay out the benchmark's fixture, or that of the source whose converter reads it."""
    if manifest.raw:
        return BenchmarkHome(FIXTURES, named=True, raw=tmp_path)
    assert manifest.source is not None
    shutil.copytree(SOURCES / manifest.source / "raw", tmp_path / manifest.source)
    return BenchmarkHome(tmp_path / "none", named=True, raw=tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_its_fixture_gives_the_items_that_are_checked_in(name: str, tmp_path: Path) -> None:
    manifest = Catalogue.bundled().benchmark(name)
    presence = _home(manifest, tmp_path).look(manifest)
    assert presence.readable, presence.missing
    run = ItemRun(manifest, presence.folders)
    items = [
        {
            "id": item.id,
            "question": item.question,
            "options": list(item.options),
            "answer": item.answer,
            "passage": item.passage,
        }
        for item in run
    ]
    assert run.ledger.adds_up
    assert run.ledger.items == len(items) == len({item["id"] for item in items}) > 0
    assert all(item["question"] or item["passage"] or item["answer"] for item in items)
    found = {"items": items, "ledger": run.ledger.to_json()}
    golden = FIXTURES / f"{name}.items.json"
    if os.environ.get("MEDSMITH_UPDATE_GOLDEN"):
        golden.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")
    assert found == json.loads(golden.read_text("utf-8"))


def test_there_is_no_fixture_without_a_benchmark() -> None:
    assert {path.name for path in FIXTURES.iterdir() if path.is_dir()} == set(WITH_FILES)
    assert {path.name for path in FIXTURES.glob("*.json")} == {f"{n}.items.json" for n in NAMES}


@pytest.mark.parametrize("name", WITH_FILES)
def test_every_kind_of_its_files_stands_in_its_fixture(name: str) -> None:
    manifest = Catalogue.bundled().benchmark(name)
    required = {file.pattern for file in manifest.raw if not file.optional}
    found = {
        file.pattern
        for file in manifest.raw
        if list((FIXTURES / name).glob(file.pattern.partition("!")[0]))
    }
    assert found >= required
    assert found


@pytest.mark.parametrize("damage", [b"", b'\x00\xff\xfe[{<\n"', b"{}", b'[1, null, "x"]\n'])
@pytest.mark.parametrize("name", WITH_FILES)
def test_damaged_files_end_in_counts_or_one_clear_error(
    name: str, damage: bytes, tmp_path: Path
) -> None:
    manifest = Catalogue.bundled().benchmark(name)
    shutil.copytree(FIXTURES / name, tmp_path / name)
    for path in (tmp_path / name).rglob("*"):
        if path.is_file():
            path.write_bytes(damage)
    run = ItemRun(manifest, [tmp_path / name])
    try:
        items = list(run)
    except MedsmithError as error:
        assert error.message
    else:
        # What few items come of it are those whose files take any line of text.
        assert run.ledger.adds_up
        assert run.ledger.items == len(items) < 10


@pytest.mark.parametrize("name", OF_SOURCES)
def test_a_source_it_names_has_a_test_split(name: str) -> None:
    catalogue = Catalogue.bundled()
    manifest = catalogue.benchmark(name)
    assert manifest.source is not None
    source = catalogue.source(manifest.source)
    tested = {task.name for task in source.tasks if "test" in task.splits}
    assert tested
    assert set(manifest.tasks) <= tested
    assert set(manifest.test_files) <= {raw.pattern for raw in source.raw}


def test_every_source_with_a_test_split_has_its_benchmark() -> None:
    catalogue = Catalogue.bundled()
    tested = {
        name
        for name in catalogue.source_names()
        if any("test" in task.splits for task in catalogue.source(name).tasks)
    }
    assert tested == {manifest.source for manifest in catalogue.benchmarks() if manifest.source}
