"""Anybody's files lose their near-duplicates, and nothing else, the same way everywhere."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from medsmith.builders.cli import main
from medsmith.builders.engine import EngineKind, InlineEngine, make_engine
from medsmith.builders.near.results import deduplicate, preview_files
from medsmith.builders.progress import Reporter
from medsmith.builders.stage_dir import inventory
from medsmith.builders.standalone import Fields
from medsmith.dedup.near import NearParams
from medsmith.schema import DataError, UserError

COPIES = {f"{n}-copy" for n in range(0, 120, 10)}
CONFLICTS = 8


@pytest.fixture
def files(tmp_path: Path, planted: list[dict[str, Any]]) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    half = len(planted) // 2
    pq.write_table(pa.Table.from_pylist(planted[:half]), folder / "a.parquet", row_group_size=20)
    lines = "".join(json.dumps(row) + "\n" for row in planted[half:])
    (folder / "b.jsonl").write_text(lines)
    return folder


def run(
    files: Path,
    out: Path,
    workers: int = 1,
    kind: EngineKind = "local",
    max_removed: float = 0.3,
    **fields: str,
) -> dict[str, Any]:
    engine = make_engine(workers, kind)
    try:
        return deduplicate(
            [str(files)], Fields(**fields), NearParams(), max_removed, out, engine, Reporter(False)
        )
    finally:
        engine.close()


def kept_rows(out: Path) -> Iterator[dict[str, Any]]:
    for path in sorted((out / "kept").glob("*.parquet")):
        yield from pq.read_table(path).to_pylist()


def test_one_of_each_planted_pair_goes_and_all_else_stays(
    files: Path, tmp_path: Path, planted: list[dict[str, Any]]
) -> None:
    report = run(files, tmp_path / "out")
    gone = pq.read_table(tmp_path / "out" / "duplicates.parquet").to_pylist()
    pairs = {frozenset((row["dropped_id"], row["kept_id"])) for row in gone}
    assert pairs == {frozenset((id, id.removesuffix("-copy"))) for id in COPIES}
    assert all(row["input_similarity"] >= 0.8 for row in gone)
    assert all(row["output_similarity"] == 1 for row in gone)
    dropped = {row["dropped_id"] for row in gone}
    stays = {row["id"]: row for row in planted if row["id"] not in dropped}
    assert {row["id"]: row for row in kept_rows(tmp_path / "out")} == stays
    assert report["duplicates"] == len(COPIES)
    assert sum(file["removed"] for file in report["files"].values()) == len(COPIES)
    assert report["rules"] == "norm-v1"


def test_the_same_question_with_another_answer_is_a_conflict(files: Path, tmp_path: Path) -> None:
    report = run(files, tmp_path / "out")
    found = pq.read_table(tmp_path / "out" / "conflicts.parquet").to_pylist()
    assert len(found) == report["conflicts"] == CONFLICTS
    for row in found:
        plain, other = sorted(row["ids"], key=len)
        assert other == f"{plain}-other"
        assert len(set(row["outputs"])) == 2


def test_rows_of_different_scopes_are_not_compared(tmp_path: Path) -> None:
    row = {"input": "one two three four five six seven", "output": "eight"}
    rows = [{**row, "kind": kind} for kind in "aab"]
    data = tmp_path / "rows.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = run(data, tmp_path / "out", scope="kind")
    assert report["duplicates"] == 1
    assert report["scopes"] == {"a": {"rows": 2, "removed": 1}, "b": {"rows": 1, "removed": 0}}


@pytest.mark.parametrize("ranges", [1, 4])
def test_two_workers_and_ranges_of_keys_give_the_same_bytes(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ranges: int
) -> None:
    run(files, tmp_path / "one", scope="kind")
    monkeypatch.setattr("medsmith.builders.near.search.ranges_for", lambda rows: ranges)
    run(files, tmp_path / "two", workers=2, scope="kind")
    assert inventory(tmp_path / "one") == inventory(tmp_path / "two")


@pytest.mark.slow
def test_ray_gives_the_same_bytes_as_the_pool(files: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    run(files, tmp_path / "pool", workers=2)
    run(files, tmp_path / "ray", workers=2, kind="ray")
    assert inventory(tmp_path / "pool") == inventory(tmp_path / "ray")


def test_texts_that_meet_in_small_chunks_give_the_same_bytes(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(files, tmp_path / "one")
    search = "medsmith.builders.near.search"
    from medsmith.dedup.near.components import plan_chunks
    from medsmith.dedup.near.local import homes_of

    compared: list[int] = []

    def plan(pairs: Any, sizes: Any) -> Any:
        compared.append(len(pairs))
        return plan_chunks(pairs, sizes, 2_000)

    monkeypatch.setattr(f"{search}.plan_chunks", plan)
    run(files, tmp_path / "many")
    monkeypatch.setattr(f"{search}.homes_of", lambda *told: homes_of(*told, budget=0))
    run(files, tmp_path / "far")
    assert compared[0] < compared[1]
    assert inventory(tmp_path / "one") == inventory(tmp_path / "many")
    assert inventory(tmp_path / "one") == inventory(tmp_path / "far")


def test_copies_may_all_stand_in_another_file_than_their_originals(tmp_path: Path) -> None:
    """Then a file has texts to hand over, and nothing to compare itself."""
    for template in ("", "On the day of the visit the patient told the nurse that "):
        draw = random.Random(3)
        texts = [" ".join(f"w{draw.randrange(5000)}" for _ in range(40)) for _ in range(90)]
        folder = tmp_path / f"files-{len(template)}"
        folder.mkdir()
        for name, own in (("a", texts[:40]), ("b", texts[40:]), ("c", texts[20:60])):
            rows = [{"input": template + text, "output": ""} for text in own]
            lines = "".join(json.dumps(row) + "\n" for row in rows)
            (folder / f"{name}.jsonl").write_text(lines)
        report = run(folder, tmp_path / f"out-{len(template)}", max_removed=1)
        assert bool(report["boilerplate"][""]["shingles"]) == bool(template)
        assert report["duplicates"] == 40


def test_a_wipe_out_is_stopped_and_leaves_nothing(tmp_path: Path) -> None:
    row = {"input": "one two three four five six seven", "output": "eight"}
    data = tmp_path / "rows.jsonl"
    data.write_text(f"{json.dumps(row)}\n" * 40)
    with pytest.raises(DataError, match=r"98% of source files \(39 of 40") as stopped:
        run(data, tmp_path / "out")
    assert "--max-removed" in stopped.value.cure
    assert "three" not in str(stopped.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.jsonl"]
    assert run(data, tmp_path / "out", max_removed=1)["duplicates"] == 39


def test_a_foreign_folder_is_never_replaced(files: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no earlier result"):
        run(files, files)
    run(files, tmp_path / "out")
    before = inventory(tmp_path / "out")
    run(files, tmp_path / "out")
    assert inventory(tmp_path / "out") == before


def test_no_rows_at_all_are_no_error(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"input": pa.array([], pa.string()), "output": pa.array([], pa.string())}),
        tmp_path / "a.parquet",
    )
    report = run(tmp_path / "a.parquet", tmp_path / "out")
    assert (report["rows"], report["duplicates"]) == (0, 0)


def test_a_preview_tells_of_each_threshold_and_writes_nothing(files: Path, tmp_path: Path) -> None:
    before = inventory(tmp_path)
    work = tmp_path / "work"
    work.mkdir()
    rows, found = preview_files(
        [str(files)],
        Fields(),
        NearParams(),
        work,
        [0.6, 0.8, 0.95],
        3,
        InlineEngine(),
        Reporter(False),
    )
    assert sum(rows.values()) == sum(1 for _ in kept_rows_of(files))
    assert [sum(one.removed.values()) for one in found] == [len(COPIES), len(COPIES), 0]
    for one in found:
        assert len(one.pairs) == 3
        distances = [abs(pair.input_similarity - one.threshold) for pair in one.pairs]
        assert distances == sorted(distances)
        assert all(pair.first["id"] != pair.second["id"] for pair in one.pairs)
    assert {k: v for k, v in inventory(tmp_path).items() if not k.startswith("work/")} == before


def kept_rows_of(files: Path) -> Iterator[Any]:
    yield from pq.read_table(files / "a.parquet").to_pylist()
    yield from (files / "b.jsonl").read_text().splitlines()


def test_the_command_says_what_it_did(files: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(
        main, ["dedup", str(files), "--out", str(tmp_path / "out"), "--workers", "1"]
    )
    assert done.exit_code == 0, done.output
    assert "12 near-duplicates removed" in done.output
    assert "8 conflicts reported" in done.output
    told = CliRunner().invoke(
        main, ["dedup", str(files), "--preview", "0.8..0.9", "--workers", "1", "--json"]
    )
    thresholds = json.loads(told.output)["thresholds"]
    assert [one["threshold"] for one in thresholds] == [0.8, 0.85, 0.9]
    shown = CliRunner().invoke(main, ["dedup", str(files), "--preview", "0.8", "--workers", "1"])
    assert "one goes" in shown.output
    assert "What would go" in shown.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["data"], "--out"),
        (["data", "--preview", "0.9..0.8"], "no range of thresholds"),
        (["data", "--preview", "high"], "no range of thresholds"),
        ([], "Missing argument"),
    ],
)
def test_wrong_usage_is_told(arguments: list[str], told: str) -> None:
    result = CliRunner().invoke(main, ["dedup", *arguments])
    assert result.exit_code == 2
    assert told in result.output


def test_thresholds_between() -> None:
    from medsmith.builders.near.preview import thresholds_between

    assert thresholds_between(0.6, 0.95) == [0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]
    assert thresholds_between(0.7, 0.7) == [0.7]
    assert thresholds_between(0.7, 0.72) == [0.7, 0.72]
    assert np.all(np.diff(thresholds_between(0.3, 1.0)) > 0)
