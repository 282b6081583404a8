"""A stage runs when something it depends on changed, and only then; failures stay their own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from medsmith.builders import pipeline
from medsmith.builders.digests import code_sha256
from medsmith.builders.engine import make_engine
from medsmith.builders.parquet import read_table, write_table
from medsmith.builders.release.verify import open_release, verify
from medsmith.builders.stage_dir import inventory, locked
from medsmith.builders.stages import STAGES
from medsmith.builders.stages.base import Phase, Stage, StageRun
from medsmith.schema import DataError, RawFileError, RemovalReason, UserError, arrow

OF_SOURCES = ["convert", "takedown", "exact", "signatures", "tokens"]
OF_RELEASES = ["cross_split", "contamination", "near", "select", "assemble", "release"]
ALL = [
    *("convert", "takedown", "exact", "cross_split", "contamination", "signatures", "near"),
    *("select", "tokens", "assemble", "release"),
]
GARBAGE = [{"question": "Marker without an answer"}] * 3


def _ran(report: pipeline.BuildReport, unit: str = "toy") -> list[str]:
    return [stage for name, stage in report.ran if name == unit]


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def _unproven(release: Path) -> list[str]:
    return [problem for found in verify(open_release(release)) for problem in found.problems]


def test_every_finished_stage_is_kept(toys: Any) -> None:
    toys.add()
    unit = toys.unit("toy")
    first = toys.build(unit)
    assert _ran(first) == ALL
    assert first.kept == []
    before = inventory(toys.out)
    second = toys.build(unit)
    assert second.ran == []
    assert second.kept == first.ran
    assert inventory(toys.out) == before


def test_a_changed_parameter_reruns_what_reads_it(toys: Any) -> None:
    toys.add()
    toys.build(toys.unit("toy"))
    assert _ran(toys.build(toys.unit("toy", seed=1))) == ["assemble", "release"]
    assert _ran(toys.build(toys.unit("toy", seed=1, instructions_per_instance=2))) == [
        "assemble",
        "release",
    ]


def test_a_changed_pool_reruns_the_expansion(toys: Any) -> None:
    home = toys.add()
    toys.build(toys.unit("toy"))
    _replace(home / "manifests" / "instructions" / "toy_qa.yaml", "Say it.", "Tell it.")
    assert _ran(toys.build(toys.unit("toy"))) == ["assemble", "release"]


@pytest.mark.parametrize("what", ["raw", "manifest", "converter", "synthetic"])
def test_a_change_of_a_source_reruns_it_and_the_releases_it_is_in(toys: Any, what: str) -> None:
    homes = {name: toys.add(name) for name in ("toy", "other")}
    alone = toys.unit("other")
    toys.build(toys.unit("toy", "other"), alone)
    if what == "raw":
        toys.write("toy", [{"question": "New?", "answer": "Yes."}])
    elif what == "manifest":
        _replace(homes["toy"] / "manifests" / "sources" / "toy.yaml", "The toy toy", "The toy")
    elif what == "converter":
        (code,) = homes["toy"].glob("*.py")
        _replace(code, "A toy corpus", "Another toy corpus")
    both = toys.unit("toy", "other")
    if what == "synthetic":
        first, second = both.sources
        both = replace(both, sources=(replace(first, synthetic=True), second))
    report = toys.build(both, alone)
    assert _ran(report, "toy") == OF_SOURCES
    assert _ran(report, "rel") == OF_RELEASES
    assert _ran(report, "other") == []


def test_a_damaged_stage_is_made_again(toys: Any) -> None:
    toys.add()
    unit = toys.unit("toy")
    toys.build(unit)
    (unit.stage("exact") / "duplicates.parquet").unlink()
    assert _ran(toys.build(unit)) == ["exact"]
    (unit.stage("release") / "README.md").write_text("shorter")
    assert _ran(toys.build(unit)) == ["release"]


def test_one_failing_source_does_not_lose_the_others(toys: Any) -> None:
    toys.add("bad", GARBAGE)
    toys.add("gone")
    toys.add("good")
    (toys.root / "plugins" / "gone" / "raw" / "records.jsonl").unlink()
    units = [toys.unit(name) for name in ("bad", "gone", "good")]
    with pytest.raises((DataError, RawFileError)):
        toys.build(*units)
    assert not (toys.out / "bad" / "convert").exists()
    assert (toys.out / "good" / "convert" / "stage.json").exists()
    assert list(toys.out.rglob(".aside-*")) == []
    toys.write("bad", [{"question": "Mended?", "answer": "Yes."}])
    toys.write("gone", [{"question": "Back?", "answer": "Yes."}])
    report = toys.build(*units)
    assert ("good", "convert") in report.kept
    assert _ran(report, "bad") == _ran(report, "gone") == ALL


def test_the_error_of_a_failing_source_says_which_and_why(toys: Any) -> None:
    toys.add("bad", GARBAGE)
    with pytest.raises(DataError, match=r"3 of the 3 records of `bad`.*3 missing_field"):
        toys.build(toys.unit("bad"))
    toys.build(toys.unit("bad", synthetic=True))  # fixtures hold troubled records on purpose


def test_a_failed_rebuild_leaves_the_last_release(toys: Any) -> None:
    toys.add()
    release = toys.release("toy")
    before = inventory(release)
    toys.write("toy", GARBAGE)
    with pytest.raises(DataError):
        toys.build(toys.unit("toy"))
    assert inventory(release) == before
    assert _unproven(release) == []


def test_two_builds_cannot_write_to_one_folder(toys: Any) -> None:
    toys.add()
    with locked(toys.out / "toy"), pytest.raises(UserError, match="Another build"):
        toys.build(toys.unit("toy"))
    toys.build(toys.unit("toy"))


def test_what_a_killed_build_left_aside_is_swept(toys: Any) -> None:
    toys.add()
    (toys.out / "toy" / ".aside-convert-0123").mkdir(parents=True)
    toys.build(toys.unit("toy"))
    assert list(toys.out.rglob(".aside-*")) == []


@pytest.mark.parametrize(
    "records",
    [[], [{"question": "a", "answer": ""}], [{"question": "a", "answer": "b"}] * 3],
    ids=["none", "all skipped", "all the same"],
)
def test_a_source_with_little_to_give_is_still_proven(toys: Any, records: list[Any]) -> None:
    toys.add("toy")
    toys.add("small", [*records, {"question": "skipped", "answer": ""}])
    assert _unproven(toys.release("small")) == []
    assert _unproven(toys.release("toy", "small")) == []


def test_the_bytes_are_the_same_for_any_number_of_workers(toys: Any) -> None:
    for name in ("toy", "other"):
        toys.add(name)
    changes = {"shard_bytes": 2_000, "instructions_per_instance": 3}
    one = toys.release("toy", "other", **changes) / "data"
    two = toys.elsewhere("again")
    two.engine = make_engine(2)
    try:
        assert inventory(two.release("toy", "other", **changes) / "data") == inventory(one)
        assert _rows(two.release("other", "toy", **changes) / "data") == _rows(one)
    finally:
        two.engine.close()


def test_the_order_of_the_raw_records_changes_no_shard(toys: Any) -> None:
    toys.add()
    before = _rows(toys.release("toy") / "data")
    raw = toys.root / "plugins" / "toy" / "raw" / "records.jsonl"
    lines = raw.read_text("utf-8").splitlines()
    toys.write("toy", map(json.loads, reversed(lines)))
    assert _rows(toys.release("toy") / "data") == before


def test_a_shard_says_what_it_is_part_of_and_how_it_was_made(toys: Any) -> None:
    toys.add()
    unit = toys.unit("toy", version="1.2.3")
    toys.build(unit)
    (shard, *_) = unit.stage("release").rglob("data/**/*.parquet")
    state = json.loads((unit.stage("convert") / "stage.json").read_text("utf-8"))
    told = pq.read_schema(shard).metadata
    assert told == {
        b"medsmith.release": b"toy",
        b"medsmith.source": b"toy",
        b"medsmith.source_version": told[b"medsmith.source_version"],
        b"medsmith.schema_version": arrow.SCHEMA_VERSION.encode(),
        b"medsmith.synthetic": b"false",
        b"medsmith.build_key": state["build_key"].encode(),
    }


def _rows(data: Path) -> dict[str, tuple[bytes, dict[bytes, bytes]]]:
    """Return the bytes of each shard without its footer, and its metadata without the build key.

    Raw files in another order, or sources in another order, are other inputs: the key tells.
    """
    found = {}
    for path in sorted(data.rglob("*.parquet")):
        content = path.read_bytes()
        footer = int.from_bytes(content[-8:-4], "little")
        metadata = pq.read_schema(path).metadata
        assert metadata.pop(b"medsmith.build_key")
        found[path.relative_to(data).as_posix()] = (content[: -8 - footer], metadata)
    return found


def _take_down(run: StageRun) -> dict[str, Any]:
    """Remove what a takedown list would name: here, every instance on drug 7 or which dose."""
    names = [source.name for source in run.unit.sources]
    tables = [
        read_table(path, ["id", "input"])
        for name in names
        for path in sorted(run.unit.source_stage(name, "convert").glob("instances-*.parquet"))
    ]
    rows = [row for row in pa.concat_tables(tables).to_pylist() if _named(row["input"])]
    details = [
        {"id": row["id"], "check": "takedown", "verdict": "remove", "detail": row["input"]}
        for row in sorted(rows, key=lambda row: row["id"])
    ]
    write_table(pa.Table.from_pylist(details, arrow.QUALITY), run.out / "quality.parquet")
    return {}


def _named(text: str) -> bool:
    return text == "What is drug 7?" or "dose" in text


def _takedown_removals(home: Path) -> pa.Table:
    ids = read_table(home / "quality.parquet", ["id"])["id"].to_pylist()
    rows = [{"id": id, "reason": RemovalReason.TAKEDOWN.value} for id in ids]
    return pa.Table.from_pylist(rows, arrow.REMOVALS)


TAKEDOWN = Stage(
    name="withdrawal",
    scope="source",
    needs=("convert",),
    code=("medsmith.schema",),
    title="takedown",
    phases=(),
    finish=_take_down,
    inputs=lambda unit: None,
    removals=_takedown_removals,
    evidence=("quality",),
)


@pytest.mark.parametrize("scope", ["source", "release"])
@pytest.mark.parametrize("place", [1, 3])
def test_a_new_judging_stage_needs_one_entry_only(
    toys: Any, monkeypatch: pytest.MonkeyPatch, scope: Any, place: int
) -> None:
    for name in ("toy", "other"):
        toys.add(name)
    toys.release("toy", "other")
    stages = [*STAGES[:place], replace(TAKEDOWN, scope=scope), *STAGES[place:]]
    monkeypatch.setattr(pipeline, "STAGES", tuple(stages))
    report = toys.build(toys.unit("toy", "other"))
    assert {stage for _, stage in report.ran} == {"withdrawal", *OF_RELEASES}

    release = toys.out / "rel" / "release"
    manifest = json.loads((release / "manifest.json").read_text("utf-8"))
    for name in ("toy", "other"):
        ledger = manifest["sources"][name]["tasks"][f"{name}_qa"]["splits"]
        # The train copy of the dose question is a duplicate too: the first stage's reason counts.
        first = {"takedown": 2} if place == 1 else {"exact_duplicate": 1, "takedown": 1}
        assert ledger["train"]["removed"] == first
        assert ledger["train"]["released"] == 39
        assert ledger["test"] == {
            "converted": 1,
            "released": 0,
            "removed": {"takedown": 1},
            "samples": 0,
        }
    removals = read_table(release / "evidence" / "removals.parquet")
    assert len(removals) == 2 * 5
    assert len(read_table(release / "evidence" / "quality.parquet")) == 2 * 4
    told = f"- `toy`: {4 if place == 1 else 3} removed as `takedown`"
    assert told in (release / "README.md").read_text("utf-8")
    assert _unproven(release) == []


def test_an_error_outside_the_workers_is_the_sources_own_too(
    toys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("bad", "good", "worse")
    for name in names:
        toys.add(name)

    def finish(run: StageRun) -> dict[str, Any]:
        if run.unit.name == "bad":
            raise DataError("Bad.", "Mend it.")
        return {}

    def split(run: StageRun) -> list[int]:
        if run.unit.name == "worse":
            raise DataError("Worse.", "Mend it.")
        return [1]

    stage = replace(
        TAKEDOWN, finish=finish, phases=(Phase("looking", split, abs),), removals=None, evidence=()
    )
    monkeypatch.setattr(pipeline, "STAGES", (STAGES[0], stage))
    with pytest.raises(DataError, match=r"Bad\."):
        toys.build(*map(toys.unit, names))
    assert [name for name in names if (toys.out / name / "withdrawal").exists()] == ["good"]
    assert list(toys.out.rglob(".aside-*")) == []


def test_build_keys_cover_the_code_that_each_stage_names() -> None:
    assert [stage.name for stage in STAGES] == ALL
    for stage in STAGES:
        assert f"medsmith.builders.stages.{stage.name}" in stage.code
        assert code_sha256(*stage.code) != code_sha256()
