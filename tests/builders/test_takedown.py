"""What was taken down stays out of every build, however it was named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from medsmith.builders.engine import make_engine
from medsmith.builders.explain import explain
from medsmith.builders.parquet import read_table
from medsmith.builders.release.verify import open_release, verify
from medsmith.builders.stage_dir import inventory, read_marker
from medsmith.manifests import Catalogue
from medsmith.schema import UserError
from medsmith.schema.ids import instance_id

RECORDS: tuple[dict[str, str], ...] = (
    *({"question": f"Who is {n}?", "answer": f"Nobody, {n}.", "key": f"k{n}"} for n in range(20)),
    {"question": "A story.", "answer": "Short.", "task": "summary", "key": "k3"},
    *({"question": f"Seen {n}?", "answer": f"{n}.", "group": "patient 7"} for n in range(3)),
    {"question": "Seen in test?", "answer": "Yes.", "group": "patient 7", "split": "test"},
    {"question": "Seen elsewhere?", "answer": "Yes.", "group": "patient 77"},
    {"question": "Once?", "answer": "Yes.", "key": "twice"},
    {"question": "Again?", "answer": "No.", "key": "twice"},
)
WHY = {"date": "2026-01-31", "reason": "Asked for."}


def keyed(key: str, task: str = "toy_qa", source: str = "toy") -> str:
    return instance_id(source, task, key=key, input="", output="")


class World:
    def __init__(self, toys: Any) -> None:
        self.toys = toys
        self.lists = {
            name: toys.add(name, RECORDS) / "manifests" / "takedowns.yaml"
            for name in ("toy", "other")
        }

    def take_down(self, *items: dict[str, str], source: str = "toy") -> None:
        text = yaml.safe_dump({"takedowns": [item | WHY for item in items]})
        self.lists[source].write_text(text, "utf-8")

    def release(self) -> Path:
        path: Path = self.toys.release("toy", "other")
        return path

    def removed(self, release: Path, reason: str = "takedown") -> set[str]:
        rows = read_table(release / "evidence" / "removals.parquet").to_pylist()
        return {row["id"] for row in rows if row["reason"] == reason}

    def report(self, source: str = "toy") -> dict[str, Any]:
        marker = read_marker(self.toys.out / source / "takedown")
        assert marker is not None
        found: dict[str, Any] = marker["report"]
        return found


@pytest.fixture
def world(toys: Any) -> World:
    return World(toys)


def test_an_upstream_key_takes_the_record_out_of_every_task(world: World) -> None:
    world.take_down({"source": "toy", "key": "k3"}, {"source": "toy", "key": " k5\n"})
    release = world.release()
    expected = {keyed("k3"), keyed("k3", "toy_summary"), keyed("k5")}
    assert world.removed(release) == expected
    assert [entry["instances"] for entry in world.report()["takedowns"]] == [2, 1]
    assert [p for found in verify(open_release(release)) for p in found.problems] == []


def test_an_id_takes_its_instance_and_those_repeated_under_it(world: World) -> None:
    twice = keyed("twice")
    for named in (twice, f"{twice}~2"):
        world.take_down({"id": named})
        assert world.removed(world.release()) == {twice, f"{twice}~2"}


def test_a_group_takes_all_of_its_instances_in_every_split(world: World) -> None:
    world.take_down({"source": "toy", "group": "patient 7"})
    release = world.release()
    assert len(world.removed(release)) == 4
    tasks = open_release(release).manifest["sources"]["toy"]["tasks"]
    assert tasks["toy_qa"]["splits"]["test"]["removed"] == {"takedown": 1}
    groups = {
        group
        for file in (release / "data" / "toy").rglob("*.parquet")
        for group in read_table(file, ["group"])["group"].to_pylist()
    }
    assert groups == {None, "patient 77"}


def test_an_instance_named_twice_goes_once(world: World) -> None:
    world.take_down({"source": "toy", "key": "k1"}, {"id": keyed("k1")})
    assert world.removed(world.release()) == {keyed("k1")}
    assert world.report()["instances"] == 1


def test_a_takedown_is_told_before_any_other_reason(world: World) -> None:
    world.toys.write("toy", [*RECORDS, {"question": "who is 2?", "answer": "nobody, 2."}])
    copies = world.removed(world.release(), "exact_duplicate") | {keyed("k2")}
    world.take_down(*({"id": id} for id in copies))
    release = world.release()
    assert world.removed(release) == copies
    assert world.removed(release, "exact_duplicate") == set()


def test_one_without_effect_is_reported_and_stays_for_what_may_come(world: World) -> None:
    world.take_down({"source": "toy", "key": "later"})
    assert world.removed(world.release()) == set()
    report = world.report()
    assert report["without_effect"] == 1
    assert report["takedowns"] == [{"source": "toy", "key": "later", **WHY, "instances": 0}]
    later = {"question": "New?", "answer": "Yes.", "key": "later"}
    world.toys.write("toy", [*RECORDS, later])
    assert world.removed(world.release()) == {keyed("later")}
    assert world.report()["without_effect"] == 0


def test_a_changed_list_reruns_what_depends_on_it_only(world: World) -> None:
    both, alone = world.toys.unit("toy", "other"), world.toys.unit("other")
    world.toys.build(both, alone)
    world.take_down({"source": "toy", "key": "k1"}, {"source": "other", "key": "k1"})
    report = world.toys.build(both, alone)
    assert report.ran == [
        ("toy", "takedown"),
        # What judges after it leaves out what it took down.
        ("rel", "cross_split"),
        ("rel", "contamination"),
        ("rel", "near"),
        ("rel", "select"),
        ("rel", "assemble"),
        ("rel", "release"),
    ]
    release = world.toys.out / "rel" / "release"
    assert world.removed(release) == {keyed("k1")}  # a plugin's list is for its own source
    assert world.toys.build(both, alone).ran == []


def test_medsmiths_own_list_applies_to_every_source(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    text = yaml.safe_dump({"takedowns": [{"source": "other", "key": "k4", **WHY}]})
    (own / "takedowns.yaml").write_text(text, "utf-8")
    monkeypatch.setattr(Catalogue, "bundled", lambda: Catalogue(own))
    assert world.removed(world.release()) == {keyed("k4", "other_qa", "other")}


def test_a_wrong_list_stops_the_build_and_says_where(world: World) -> None:
    world.take_down({"source": "toy"})
    with pytest.raises(UserError, match=r"takedowns\.yaml: `takedowns\.0`: .*give one of"):
        world.release()


def test_medsmiths_own_list_cannot_get_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("medsmith.manifests.loader.manifests_root", lambda: tmp_path)
    with pytest.raises(UserError, match=r"takedowns\.yaml does not exist"):
        Catalogue(tmp_path).takedowns()
    assert Catalogue(tmp_path / "elsewhere").takedowns() == ()


def test_the_card_and_explain_tell_of_it(world: World) -> None:
    world.take_down({"source": "toy", "key": "k3"})
    release = world.release()
    assert "- `toy`: 2 removed as `takedown`: taken out for good" in (
        release / "README.md"
    ).read_text("utf-8")
    assert explain(release, keyed("k3")).fate == "removed: takedown"


def test_the_bytes_are_the_same_for_any_number_of_workers(world: World) -> None:
    world.take_down({"source": "toy", "group": "patient 7"}, {"id": keyed("k9")})
    one = inventory(world.release())
    two = world.toys.elsewhere("again")
    two.engine = make_engine(2)
    try:
        assert inventory(two.release("toy", "other")) == one
    finally:
        two.engine.close()
