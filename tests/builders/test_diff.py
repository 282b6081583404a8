"""The difference of two releases: every instance that came, went or changed, with its reason."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from medsmith.builders.cli import main
from medsmith.builders.parquet import release_writer
from medsmith.builders.release import diff_rows, new_bytes
from medsmith.builders.release.diff import ReleaseDiff, SplitDiff, compare
from medsmith.builders.release.diff_rows import compare_rows
from medsmith.builders.release.notes import release_notes
from medsmith.builders.release.verify import open_release
from medsmith.schema import DataError, arrow

OLD = [
    {"key": f"k{n}", "question": f"What is drug {n}?", "answer": f"It is {n}."} for n in range(40)
]


def _records() -> list[dict[str, str]]:
    """The upstream's next version: one record of each thing that may happen to it."""
    new = [dict(record) for record in OLD]
    new[1]["answer"] = "It is another."  # changed
    new[2].update(question=OLD[3]["question"], answer=OLD[3]["answer"])  # now a duplicate
    new[4]["split"] = "test"  # moved
    del new[5]  # gone
    new.append({"key": "fresh", "question": "What is new?", "answer": "This."})
    return new


@pytest.fixture(scope="module")
def world(built: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """`old` and `new`: releases of two toy sources, and copies of what lies between them."""
    with pytest.MonkeyPatch.context() as path:
        toys = type(built)(tmp_path_factory.mktemp("diff"), path)
        home = toys.add("one", OLD)
        toys.add("two", OLD[:6])
        toys.add("three", OLD[:7])
        old = toys.release("one", "two", shard_bytes=2_000)
        shutil.copytree(old, toys.root / "old")
        toys.write("one", _records())
        id = _ids(toys.root / "old", "one")["What is drug 7?"]
        (home / "manifests" / "takedowns.yaml").write_text(
            f'takedowns:\n  - {{id: {id}, date: "2026-01-31", reason: Asked for.}}\n'
        )
        new = toys.release("one", "three", shard_bytes=2_000, version="0.2.0")
        shutil.copytree(new, toys.root / "new")
        yield toys


def _ids(release: Path, source: str) -> dict[str, str]:
    """Return the id of each question."""
    found = {}
    for path in release.glob(f"data/{source}/*/*.parquet"):
        table = pq.read_table(path, columns=["id", "input"])
        found.update(zip(table["input"].to_pylist(), table["id"].to_pylist(), strict=True))
    return found


def _part(diff: ReleaseDiff, task: str, split: str = "train") -> SplitDiff:
    (found,) = [part for part in diff.splits if (part.task, part.split) == (task, split)]
    return found


@pytest.fixture(scope="module")
def diff(world: Any) -> ReleaseDiff:
    return compare(world.root / "old", world.root / "new")


def test_every_instance_that_went_or_came_has_its_reason(diff: ReleaseDiff) -> None:
    train = _part(diff, "one_qa")
    assert train.removed == {
        "exact_duplicate": 1,
        "moved to test": 1,
        "no longer converted": 1,
        "takedown": 1,
    }
    assert train.added == {"newly converted": 1}
    assert (train.changed_text, train.changed_instruction) == (1, 0)
    assert train.unchanged == 40 - 4 - 1
    assert (train.old_samples, train.new_samples) == (40, 37)
    assert _part(diff, "one_qa", "test").added == {"moved from train": 1}


def test_whole_sources_that_came_or_went_say_so(diff: ReleaseDiff) -> None:
    assert _part(diff, "two_qa").removed == {"source dropped": 6}
    # One of its seven records now stands in the other source's test split.
    assert _part(diff, "three_qa").added == {"source added": 6}
    assert (diff.sources["two"]["old"], diff.sources["two"]["new"]) == ("released", "absent")
    assert diff.sources["one"]["ledger"][1]["removed: takedown"] == 1


def test_the_way_back_tells_the_same_the_other_way_round(world: Any, diff: ReleaseDiff) -> None:
    back = compare(world.root / "new", world.root / "old")
    train = _part(back, "one_qa")
    assert train.added == {
        "moved from test": 1,
        "newly converted": 1,
        "no longer exact_duplicate": 1,
        "no longer takedown": 1,
    }
    assert train.removed == {"no longer converted": 1}
    assert train.unchanged == _part(diff, "one_qa").unchanged


def test_ids_of_each_kind_are_given_as_examples(world: Any, diff: ReleaseDiff) -> None:
    ids = _ids(world.root / "old", "one")
    examples = _part(diff, "one_qa").examples
    assert examples["changed"] == [ids["What is drug 1?"]]
    assert set(examples["removed"]) == {ids[f"What is drug {n}?"] for n in (2, 4, 5, 7)}


def test_a_release_does_not_differ_from_itself(world: Any) -> None:
    same = compare(world.root / "old", world.root / "old")
    assert not any(part.touched for part in same.splits)
    assert _part(same, "one_qa").unchanged == 40
    assert same.files["new"] == same.files["gone"] == []
    assert (same.files["upload_bytes"], same.files["new_bytes"]) == (0, 0)
    assert "No sample was added" in release_notes(world.root / "old", world.root / "old")


def test_other_instructions_are_told_from_other_texts(world: Any, toys: Any) -> None:
    toys.add("solo", OLD)
    first = shutil.copytree(toys.release("solo"), toys.root / "first")
    part = _part(compare(first, toys.release("solo", seed=5)), "solo_qa")
    assert part.changed_text == 0
    assert 20 < part.changed_instruction <= 40
    assert part.changed_instruction + part.unchanged == 40
    part = _part(compare(first, toys.release("solo", instructions_per_instance=3)), "solo_qa")
    assert (part.changed_instruction, part.new_samples) == (40, 120)


def test_caps_withheld_sources_and_new_terms_are_told(toys: Any) -> None:
    home = toys.add("uno", OLD)
    toys.add("dos", OLD[:6])
    first = shutil.copytree(toys.release("uno", "dos"), toys.root / "first")
    path = home / "manifests" / "sources" / "uno.yaml"
    path.write_text(path.read_text().replace("CC0-1.0", "CC-BY-4.0"))
    new = toys.release("uno", "dos", sources=("uno",), withheld=("dos",), max_instances=30)
    found = compare(first, new)
    assert _part(found, "uno_qa").removed == {"cap": 10}
    assert _part(found, "dos_qa").removed == {"source withheld": 6}
    assert found.sources["uno"]["changes"] == {"license": ["CC0-1.0", "CC-BY-4.0"]}
    assert found.sources["dos"]["new"] == "withheld"
    assert found.sources["dos"]["ledger"][0] == found.sources["dos"]["ledger"][1]
    assert _part(compare(new, first), "dos_qa").added == {"source no longer withheld": 6}


def test_files_are_compared_by_what_they_hold(world: Any, diff: ReleaseDiff) -> None:
    old, new = (open_release(world.root / name).manifest["files"] for name in ("old", "new"))
    fresh = {entry["path"] for entry in diff.files["new"]}
    assert {"README.md", "manifest.json"} <= fresh
    held = {entry["sha256"] for entry in old.values()}
    assert fresh - {"manifest.json"} == {n for n, e in new.items() if e["sha256"] not in held}
    assert diff.files["upload_bytes"] == sum(entry["bytes"] for entry in diff.files["new"])
    assert 0 < diff.files["new_bytes"] <= diff.files["upload_bytes"]
    assert {entry["path"] for entry in diff.files["gone"]} == set(old) - set(new)


def _samples(ids: list[int], *, each: int = 2, tokens: int | None = None) -> pa.Table:
    row = dict.fromkeys(arrow.SAMPLE.names, "x")
    counts = None
    if tokens is not None:
        counts = {"instruction": 0, "input": 0, "output": 0, "total": tokens}
    rows = [
        {**row, "id": f"toy-{n:020x}", "instruction": f"Do {k}.", "references": [], "input": f"{n}"}
        | {"n_tokens": counts}
        for n in ids
        for k in range(each)
    ]
    return pa.Table.from_pylist(rows, schema=arrow.SAMPLE)


def _shard(table: pa.Table, path: Path) -> Path:
    with release_writer(path, arrow.SAMPLE, {}) as writer:
        writer.write_table(table)
    return path


@pytest.mark.parametrize("batch", [1, 2, 3, 7, 1000])
def test_the_sides_are_aligned_whatever_the_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(diff_rows, "_BATCH_ROWS", batch)
    rng = np.random.default_rng(batch)
    old, new = (sorted(rng.choice(60, 30, replace=False).tolist()) for _ in range(2))
    before = [
        _shard(_samples(old[:11]), tmp_path / "a"),
        _shard(_samples([]), tmp_path / "b"),
        _shard(_samples(old[11:]), tmp_path / "c"),
    ]
    after = [_shard(_samples(new), tmp_path / "d")]
    found = compare_rows(before, after, [])
    assert [int(id[4:], 16) for id in found.removed] == sorted(set(old) - set(new))
    assert [int(id[4:], 16) for id in found.added] == sorted(set(new) - set(old))
    assert (found.unchanged, found.changed_text) == (len(set(old) & set(new)), 0)
    same = compare_rows([], [], before)
    assert (same.unchanged, same.old_samples, same.new_samples) == (30, 60, 60)


def test_tokens_are_summed_where_they_were_counted(tmp_path: Path) -> None:
    uncounted = _shard(_samples([1, 2]), tmp_path / "a")
    counted = _shard(_samples([2, 3], tokens=7), tmp_path / "b")
    found = compare_rows([uncounted], [counted], [])
    assert (found.old_tokens, found.new_tokens) == (None, 28)
    assert (found.unchanged, found.n_added, found.n_removed) == (1, 1, 1)
    counted_only = compare_rows(
        [uncounted, _shard(_samples(list(range(10, 40))), tmp_path / "c")], [], [], keep_ids=False
    )
    assert (counted_only.n_removed, len(counted_only.removed)) == (32, 5)


def test_rows_out_of_order_and_damaged_shards_are_named(tmp_path: Path) -> None:
    path = _shard(_samples([2, 1]), tmp_path / "a.parquet")
    with pytest.raises(DataError, match="not in the order"):
        compare_rows([path], [], [])
    path.write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"a\.parquet is damaged"):
        compare_rows([path], [], [])


def test_bytes_that_stand_in_the_old_file_are_not_new(tmp_path: Path) -> None:
    data = np.random.default_rng(0).bytes(9 * 2**20)
    old, new, other = (tmp_path / name for name in ("old", "new", "other"))
    old.write_bytes(data)
    new.write_bytes(b"front" + data[: 5 * 2**20] + b"middle" + data[5 * 2**20 :])
    other.write_bytes(np.random.default_rng(1).bytes(2**20))
    assert new_bytes.new_bytes([old], [old]) == 0
    assert 11 < new_bytes.new_bytes([old], [new]) < 4 * 128 * 1024
    assert new_bytes.new_bytes([old], [other]) == 2**20
    assert new_bytes.new_bytes([], [other, other]) == 2**20
    pieces = list(new_bytes.chunks(new))
    assert sum(size for _, size in pieces) == new.stat().st_size
    assert all(8 * 1024 <= size <= 128 * 1024 for _, size in pieces[:-1])


def test_the_command_prints_it_for_people_and_machines(world: Any, diff: ReleaseDiff) -> None:
    command = ["diff", str(world.root / "old"), str(world.root / "new")]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    assert "rel 0.1.0 → rel 0.2.0" in done.output
    assert "`one_qa` train: 1 removed (takedown)" in done.output
    assert "`two`: released before, now absent" in done.output
    assert "To upload: " in done.output
    told = json.loads(CliRunner().invoke(main, [*command, "--json"]).stdout)
    assert told == json.loads(json.dumps(diff.to_json()))


def test_the_notes_are_markdown_without_text_of_the_data(world: Any) -> None:
    notes = release_notes(world.root / "old", world.root / "new")
    command = ["diff", str(world.root / "old"), str(world.root / "new"), "--notes"]
    assert CliRunner().invoke(main, command).stdout == notes
    assert notes.startswith("# rel 0.2.0\n\nChanges since rel 0.1.0: ")
    assert "| `one` | `one_qa` | train | 1 | 4 | 1 | 35 |" in notes
    assert "- `one_qa` train: 1 removed (takedown)" in notes
    assert "drug" not in notes


def test_the_first_release_has_notes_too(world: Any) -> None:
    notes = release_notes(None, world.root / "new")
    assert notes.startswith("# Toys 0.2.0\n\nFirst release: 44 samples of 44 instances")
