"""A release shows what was rejected and removed; text that may not leave stays at home."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from medsmith.builders.explain import explain
from medsmith.builders.release import evidence
from medsmith.builders.release.verify import open_release, verify
from medsmith.schema import AccessTier, arrow


def _tables(release: Path) -> dict[str, list[dict[str, Any]]]:
    folder = release / evidence.DIRECTORY
    return {path.stem: pq.read_table(path).to_pylist() for path in sorted(folder.iterdir())}


def test_an_open_source_shows_all_but_the_raw_records(toys: Any) -> None:
    toys.add()
    release = toys.release("toy")
    tables = _tables(release)
    judged = ["conflicts", "contamination", "contamination_self_test", "cross_split", "duplicates"]
    assert sorted(tables) == [*judged, "rejects", "removals"]
    assert tables["rejects"] == [
        {
            "source": "toy",
            "locator": "records.jsonl#L46",
            "code": "missing_field",
            "field": "answer",
            "message": "There is no answer to Marker without an answer.",
        }
    ]
    assert len(tables["conflicts"][0]["outputs"]) == 2
    assert {row["reason"] for row in tables["removals"]} == {"exact_duplicate"}
    removed = {row["id"] for row in tables["removals"]}
    assert removed == {row["dropped_id"] for row in tables["duplicates"]}
    assert set(evidence.removed_ids(release).to_pylist()) == removed


@pytest.mark.parametrize("tier", [t for t in AccessTier if not t.text_may_leave])
def test_evidence_of_a_restricted_source_holds_no_text(toys: Any, tier: AccessTier) -> None:
    toys.add(tier=tier)
    release = toys.release("toy")
    tables = _tables(release)
    assert tables["conflicts"] and tables["duplicates"] and tables["removals"]
    assert tables["rejects"][0]["code"] == "missing_field"
    assert "Marker" not in str(tables)
    for path in release.glob("*.*"):
        assert "Marker" not in path.read_text("utf-8"), path.name
    assert all(not found.problems for found in verify(open_release(release)))

    alone = shutil.copytree(release, toys.root / "far" / "away" / "release")
    shutil.rmtree(alone / "data")
    for id in ("records.jsonl#L46", tables["removals"][0]["id"]):
        assert "Marker" not in str(explain(alone, id))


def test_each_source_of_a_release_is_treated_by_its_own_tier(toys: Any) -> None:
    toys.add("free")
    toys.add("shut", tier="credentialed")
    tables = _tables(toys.release("free", "shut"))
    assert [row["message"] for row in tables["rejects"]] == [
        "There is no answer to Marker without an answer.",
        "withheld",
    ]
    assert {row["task"]: bool(row["outputs"]) for row in tables["conflicts"]} == {
        "free_qa": True,
        "shut_qa": False,
    }


def test_blanked_tables_keep_their_schema(toys: Any) -> None:
    toys.add(tier="licensed")
    folder = toys.release("toy") / evidence.DIRECTORY
    assert pq.read_schema(folder / "conflicts.parquet").equals(arrow.CONFLICTS)
    assert pq.read_schema(folder / "removals.parquet").equals(arrow.REMOVALS)
    rejects = arrow.REJECTS.remove(arrow.REJECTS.get_field_index("raw"))
    assert pq.read_schema(folder / "rejects.parquet").equals(rejects)
