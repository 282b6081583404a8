"""The stages leave near-duplicates out of a release and tell of each why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from medsmith.builders.cli import main
from medsmith.builders.parquet import read_table
from medsmith.builders.release.verify import open_release, verify
from medsmith.builders.stage_dir import inventory, read_marker
from medsmith.manifests.policies import NearDuplicatePolicy
from medsmith.schema import DataError


def edited(record: dict[str, str], **more: str) -> dict[str, str]:
    return {**record, "question": record["question"].replace("in spring", "in summer"), **more}


def verdicts(release: Path) -> list[dict[str, Any]]:
    rows = read_table(release / "evidence" / "duplicates.parquet").to_pylist()
    return [row for row in rows if row["kind"] == "near"]


def story(n: int) -> dict[str, str]:
    words = " ".join(f"word{n}x{i}" for i in range(40))
    return {"question": f"What of {words} in spring {words[::-1]}?", "answer": f"Marker {n}."}


def test_a_copy_in_train_goes_for_the_one_in_test(toys: Any) -> None:
    rows = [story(n) for n in range(20)]
    toys.add("toy", [*rows, edited(rows[3], split="test")])
    release = toys.release("toy", contamination=None)  # else that stage sees it first
    (row,) = verdicts(release)
    shown = {
        s["id"]: s["split"]
        for path in release.glob("data/toy/*/*.parquet")
        for s in read_table(path).to_pylist()
    }
    assert shown[row["kept_id"]] == "test"
    assert row["dropped_id"] not in shown
    assert len(shown) == 20
    removals = read_table(release / "evidence" / "removals.parquet").to_pylist()
    assert removals == [{"id": row["dropped_id"], "reason": "near_duplicate"}]
    assert [f for f in verify(open_release(release)) if f.problems] == []


def test_a_source_with_priority_keeps_its_copies(toys: Any) -> None:
    rows = [story(n) for n in range(20)]
    toys.add("toy", rows)
    toys.add("other", [edited(row) for row in rows[:4]] + [story(n) for n in range(50, 80)])
    for first, loser in (("toy", "other"), ("other", "toy")):
        policy = NearDuplicatePolicy(source_priority=(first,))
        found = verdicts(toys.release("toy", "other", near_duplicates=policy))
        assert len(found) == 4
        assert {row["dropped_id"].partition("-")[0] for row in found} == {loser}


def test_what_an_earlier_judge_removed_keeps_nobody_out(toys: Any) -> None:
    row = story(1)
    toys.add("toy", [*(story(n) for n in range(2, 20)), row, row, edited(row)])
    release = toys.release("toy")
    ledger = read_table(release / "evidence" / "removals.parquet")["reason"].to_pylist()
    assert sorted(ledger) == ["exact_duplicate", "near_duplicate"]


def test_a_wipe_out_stops_the_build_until_the_manifest_allows_it(toys: Any) -> None:
    row = story(1)
    copies = [
        {**row, "question": row["question"].replace("word1x3 ", f"other{n} ")} for n in range(40)
    ]
    home = toys.add("toy", copies)
    with pytest.raises(DataError, match="of task toy_qa") as stopped:
        toys.build(toys.unit("toy"))
    assert "word1x4" not in str(stopped.value)
    manifest = home / "manifests" / "sources" / "toy.yaml"
    allowed = "    output: free\n    dedup: {max_removed: 1}\n"
    manifest.write_text(manifest.read_text().replace("    output: free\n", allowed, 1))
    assert len(verdicts(toys.release("toy"))) > 20


def test_a_scope_of_none_compares_nothing(toys: Any) -> None:
    row = story(1)
    home = toys.add("toy", [row, edited(row)])
    manifest = home / "manifests" / "sources" / "toy.yaml"
    left = "    output: free\n    dedup: {scope: none}\n"
    manifest.write_text(manifest.read_text().replace("    output: free\n", left, 1))
    assert verdicts(toys.release("toy")) == []


def test_without_a_policy_nothing_is_looked_at(toys: Any) -> None:
    row = story(1)
    toys.add("toy", [row, edited(row)])
    release = toys.release("toy", near_duplicates=None)
    assert verdicts(release) == []
    marker = read_marker(release.parent / "near") or {}
    assert marker["report"]["rules"] is None


def test_the_report_names_parameters_counts_and_clusters_but_no_text(toys: Any) -> None:
    rows = [story(n) for n in range(20)]
    toys.add("toy", [*rows, edited(rows[3])])
    release = toys.release("toy")
    report = (read_marker(release.parent / "near") or {})["report"]
    assert report["threshold"] == 0.8
    assert report["bands"] * report["rows_per_band"] <= 128
    assert report["tasks"]["toy_qa"] == {"rows": 21, "removed": 1}
    assert report["largest_clusters"][0]["size"] == 2
    assert "word3x" not in json.dumps(report)


def test_any_number_of_workers_gives_the_same_bytes(toys: Any) -> None:
    from medsmith.builders.engine import make_engine

    rows = [story(n) for n in range(30)]
    toys.add("toy", [*rows, *(edited(row) for row in rows[:5])])
    toys.release("toy")
    toys.engine = make_engine(2)
    again = toys.elsewhere("again")
    try:
        again.release("toy")
    finally:
        toys.engine.close()
    for stage in ("signatures", "near"):
        one, two = (inventory(t.out / "toy" / stage) for t in (toys, again))
        assert {k: v for k, v in one.items() if k != "stage.json"} == {
            k: v for k, v in two.items() if k != "stage.json"
        }


def test_explain_and_preview_tell_of_a_build(toys: Any) -> None:
    rows = [story(n) for n in range(20)]
    toys.add("toy", [*rows, edited(rows[3])])
    home = toys.release("toy").parent
    (row,) = verdicts(home / "release")
    told = CliRunner().invoke(main, ["explain", str(home), row["dropped_id"]]).output
    assert "removed: near_duplicate" in told
    assert f"near-duplicate of {row['kept_id']}" in told
    assert "{+" in told
    kept = CliRunner().invoke(main, ["explain", str(home), row["kept_id"]]).output
    assert "keeper of a cluster of 2" in kept
    done = CliRunner().invoke(
        main, ["dedup", "--preview", "0.6..0.95", str(home), "--workers", "1", "--json"]
    )
    assert done.exit_code == 0, done.output
    found = json.loads(done.output)
    assert found["rows"] == {"toy": 21}
    removed = [one["removed"]["toy"] for one in found["thresholds"]]
    assert removed[0] == 1
    assert removed[-1] == 0
    assert found["thresholds"][0]["pairs"][0]["first"]["input"].startswith("What of")
