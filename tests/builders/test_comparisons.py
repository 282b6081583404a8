"""What instances were compared with is told by manifest and card as the evidence has it."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from medsmith.builders.progress import Reporter
from medsmith.builders.rebuild import rebuild
from medsmith.builders.release import card, croissant
from medsmith.builders.release.comparisons import count_hits
from medsmith.builders.release.diff import compare
from medsmith.builders.release.notes import release_notes
from medsmith.builders.release.verify import open_release, verify
from medsmith.schema import arrow

_STORY = (
    "The heron keeper of Quarrel Island counted seventeen lanterns along the northern pier before "
    "supper, wrote their colours into the green ledger, and asked the apprentice to polish every "
    "brass hinge of the signal house until the tide returned at dawn"
)
_STEM = (
    "Which of the seven carved herons in the northern lantern house of Quarrel Island points "
    "towards the sunken granary when the spring tide returns at dawn?"
)
_ANSWER = (
    "The third heron from the eastern stair, whose left wing was mended with copper wire by the "
    "apprentice of the old lamplighter in the winter of the great frost."
)
RECORDS: tuple[dict[str, str], ...] = (
    {"question": f"{_STORY}, quietly.", "answer": "Polish all of them."},
    {"question": f"{_STORY}, slowly.", "answer": "Polish all of them."},
    {"question": _STEM, "answer": _ANSWER, "split": "test"},
    {"question": f"A note from the harbour.\n\n{_STEM} Tell it now.", "answer": "The third."},
    {"question": "Tell a tale of the harbour museum.", "answer": f"Once upon a time. {_ANSWER}"},
    {"question": "Where is the granary?", "answer": "Sunken.", "split": "test", "group": "g1"},
    {"question": "How deep is it?", "answer": "Nine fathoms.", "group": "g1"},
    {"question": "Who was the miller?", "answer": "Old Benna.", "group": "g2"},
    *({"question": f"What is the toll of bridge {n}?", "answer": f"It is {n}."} for n in range(9)),
)
REASONS = {"near_duplicate": 1, "contamination": 1, "cross_split": 1}


@pytest.fixture(scope="module")
def home(built: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A release with one instance removed by each comparison, and one flagged."""
    with pytest.MonkeyPatch.context() as path:
        toys = type(built)(tmp_path_factory.mktemp("compared"), path)
        toys.add("tale", RECORDS)
        yield toys.release("tale")


@pytest.fixture
def release(home: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(home, tmp_path / "copy"))


@pytest.fixture
def manifest(home: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((home / "manifest.json").read_text("utf-8"))
    return found


def _evidence(home: Path, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(home / "evidence" / f"{name}.parquet").to_pylist()
    return rows


def test_each_comparison_removes_its_instance_and_shows_it(home: Path) -> None:
    reasons = Counter(row["reason"] for row in _evidence(home, "removals"))
    assert reasons == REASONS
    (near,) = (row for row in _evidence(home, "duplicates") if row["kind"] == "near")
    assert 0.8 <= near["input_similarity"] < 1
    assert {row["kind"] for row in _evidence(home, "contamination")} == {"question", "answer"}
    (met,) = _evidence(home, "cross_split")
    assert (met["split"], met["other_split"], met["kind"]) == ("train", "test", "group")
    assert [found.problems for found in verify(open_release(home)) if found.problems] == []


def test_the_manifest_tells_methods_and_counts_of_the_evidence(
    home: Path, manifest: dict[str, Any]
) -> None:
    near = manifest["near_duplicates"]
    assert (near["rules"], near["threshold"], near["similar_pairs"]) == ("norm-v1", 0.8, 1)
    assert near["bands"] * near["rows_per_band"] <= 128
    found = manifest["contamination"]
    assert found["rules"] == "contamination-v1"
    assert found["remove"] == ["exact", "near", "question"]
    assert (found["removed"], found["flagged"]) == ({"question": 1}, {"answer": 1})
    (benchmark,) = found["benchmarks"]
    assert (benchmark["benchmark"], benchmark["test_split_of"]) == ("tale_test", "tale")
    assert benchmark["items"] == 2
    tested = _evidence(home, "contamination_self_test")
    clean = [row for row in tested if row["guise"] == "clean"]
    assert found["self_test"]["clean_rows"] == sum(row["items"] for row in clean)
    verbatim = found["self_test"]["recall"]["verbatim"]
    hidden = [row for row in tested if row["guise"] == "verbatim"]
    assert verbatim["items"] == sum(row["items"] for row in hidden)
    assert manifest["cross_split"]["meetings"] == [
        {
            "source": "tale",
            "split": "train",
            "other_split": "test",
            "kind": "group",
            "instances": 1,
        }
    ]


def test_the_card_has_the_numbers_of_the_evidence(home: Path, manifest: dict[str, Any]) -> None:
    text = (home / "README.md").read_text("utf-8")
    released = len(RECORDS) - 3
    assert f"(`tale`) | CC0-1.0 | open | en | {released} | {released} | 0 | 1 | 1 | 1 |" in text
    assert "**1 instance was removed** because another one says the same" in text
    assert "| question | the question stands in it | removed | 1 |" in text
    assert "| answer | only a long answer stands in it | stays | 1 |" in text
    assert "| `tale_test` | The toy tale, test split | 2 | 0 | 0 | 1 | 0 | 1 |" in text
    told = manifest["contamination"]["self_test"]["recall"]
    for words, guise in (("word for word", "verbatim"), ("quoted inside", "inside_note")):
        (row,) = (line for line in text.splitlines() if line.startswith(f"| {words}"))
        cell = told[guise]
        assert f"| {cell['items']} | {cell['found']} | {cell['recall']:.1%} |" in row
    assert "| `tale` | train | test | document, patient or question | 1 |" in text


def test_croissant_names_the_methods(home: Path) -> None:
    document = json.loads((home / croissant.NAME).read_text("utf-8"))
    steps = "\n".join(document["rai:dataPreprocessingProtocol"])
    assert "Near-duplicates (norm-v1): Jaccard similarity" in steps
    assert "2 items of tale_test were looked for" in steps
    assert "Removed as near duplicate: 1 instances." in steps
    assert "1 instances hold part of a benchmark item (answer)" in str(document)


def test_what_was_not_asked_for_is_said_to_be_so(manifest: dict[str, Any]) -> None:
    for name in ("near_duplicates", "contamination", "cross_split"):
        manifest[name] = None
    text = card.render(manifest)
    assert "none were looked for" in text
    assert "no benchmark was looked for" in text


def test_benchmarks_that_were_not_there_are_named(manifest: dict[str, Any]) -> None:
    manifest["contamination"]["absent"] = ["far_exam"]
    told = "**Not looked for**, as the files with their questions were not there: `far_exam`"
    assert told in card.render(manifest)


def test_an_instance_counts_once_under_its_strongest_removing_kind() -> None:
    def hit(id: str, benchmark: str, kind: str) -> dict[str, Any]:
        row = {"id": f"toy-{id:0>20}", "benchmark": benchmark, "item_id": kind, "kind": kind}
        return row | {"score": 1.0, "span_field": "input", "span_start": 0, "span_end": 1}

    rows = [hit("1", "a", "near"), hit("1", "b", "answer"), hit("1", "a", "answer")]
    rows += [hit("2", "a", "context"), hit("2", "a", "answer"), hit("3", "a", "near")]
    counted = count_hits(pa.Table.from_pylist(rows, arrow.CONTAMINATION), ["answer"])
    assert counted["removed"] == {"answer": 2}
    assert counted["flagged"] == {"near": 1}
    cells = {(cell["benchmark"], cell["kind"]): cell["instances"] for cell in counted["hits"]}
    assert cells == {("a", "near"): 2, ("a", "answer"): 2, ("a", "context"): 1, ("b", "answer"): 1}


# What is done to a table of evidence, and what `verify` says of it.
_TAMPERED: tuple[tuple[str, Callable[[pa.Table], pa.Table], str], ...] = (
    ("duplicates", lambda t: t.slice(1), "1 removed as near_duplicate without evidence: tale-"),
    (
        "contamination",
        lambda t: t.filter(pc.equal(t["kind"], "answer")),
        "as contamination without",
    ),
    ("contamination", lambda t: t.slice(0, 1), "contamination.hits of the manifest"),
    ("contamination_self_test", lambda t: t.slice(1), "contamination.self_test of the manifest"),
    ("cross_split", lambda t: t.slice(1), "1 removed as cross_split without evidence: tale-"),
    ("removals", lambda t: t.slice(1), "names instances that were not removed: tale-"),
)


@pytest.mark.parametrize(("name", "change", "problem"), _TAMPERED)
def test_evidence_that_was_tampered_with_is_found(
    release: Path, name: str, change: Callable[[pa.Table], pa.Table], problem: str
) -> None:
    _rewrite(release, name, change(pq.read_table(release / "evidence" / f"{name}.parquet")))
    assert problem in _problems(release)


@pytest.mark.parametrize(
    ("name", "column"),
    [("duplicates", "kept_id"), ("contamination", "id"), ("cross_split", "other_id")],
)
def test_evidence_on_instances_that_are_nowhere_is_found(
    release: Path, name: str, column: str
) -> None:
    table = pq.read_table(release / "evidence" / f"{name}.parquet")
    ids = pa.array(["tale-" + 20 * "0"] * len(table))
    index = table.schema.get_field_index(column)
    _rewrite(release, name, table.set_column(index, table.schema.field(index), ids))
    assert "names instances that are nowhere in the release: tale-000" in _problems(release)


def test_a_lost_table_is_found(release: Path) -> None:
    for name in ("contamination", "cross_split"):
        (release / "evidence" / f"{name}.parquet").unlink()
    problems = _problems(release)
    assert "tells of contamination, but the evidence is missing" in problems
    assert "tells of shared splits, but the evidence is missing" in problems


def test_a_number_changed_in_the_manifest_is_found(release: Path) -> None:
    path = release / "manifest.json"
    told = json.loads(path.read_text("utf-8"))
    told["contamination"]["flagged"]["answer"] = 0
    told["contamination"]["self_test"]["false_alarms"] += 1
    told["cross_split"]["meetings"] = []
    path.write_text(json.dumps(told), "utf-8")
    problems = _problems(release)
    for name in ("contamination.flagged", "contamination.self_test", "cross_split.meetings"):
        assert f"{name} of the manifest is not what the evidence comes to" in problems


def test_removals_by_comparisons_are_reasons_of_a_difference(toys: Any) -> None:
    toys.add("tale", RECORDS)
    before = shutil.copytree(
        toys.release("tale", near_duplicates=None, contamination=None), toys.root / "before"
    )
    after = toys.release("tale")
    (part,) = (p for p in compare(before, after).splits if p.split == "train")
    assert part.removed == REASONS
    assert not part.added
    # Shared splits are told of even where nothing goes.
    told = json.loads((before / "manifest.json").read_text("utf-8"))["cross_split"]
    assert (told["policy"], len(told["meetings"])) == ("report", 1)
    assert [found.problems for found in verify(open_release(before)) if found.problems] == []
    notes = release_notes(before, after)
    assert "- `tale_qa` train: 1 removed (near_duplicate)" in notes
    assert "- near-duplicates: from 0.8 on, before not sought" in notes
    assert "- benchmarks looked for as well: `tale_test`" in notes


def test_withheld_sources_stay_out_of_the_evidence_and_are_rebuilt_from_their_ids(
    toys: Any,
) -> None:
    toys.add("free", [{"question": "What floats?", "answer": "A cork."}])
    toys.add("shut", RECORDS, tier="credentialed")
    near = toys.unit("shut").recipe.near_duplicates
    release = toys.release(
        "free", "shut", sources=("free",), withheld=("shut",), near_duplicates=near
    )
    for name in ("duplicates", "contamination", "cross_split"):
        assert _evidence(release, name) == []
    fates = Counter(row["fate"] for row in _evidence(release, "withheld_ids"))
    assert fates == {**REASONS, "released": len(RECORDS) - 3}
    assert [found.problems for found in verify(open_release(release)) if found.problems] == []

    raw = toys.root / "raw"
    shutil.copytree(toys.root / "plugins" / "shut" / "raw", raw / "shut")
    # Neither the benchmarks nor the other sources are needed.
    report = rebuild(release, raw, toys.root / "mine", toys.engine, Reporter(enabled=False))
    assert report.problems == []
    assert report.samples == len(RECORDS) - 3


def _problems(release: Path) -> str:
    return "\n".join(p for found in verify(open_release(release)) for p in found.problems)


def _rewrite(release: Path, name: str, table: pa.Table) -> None:
    """Change a table of evidence, and let the manifest say what the file now is."""
    path = release / "evidence" / f"{name}.parquet"
    pq.write_table(table, path)
    told = json.loads((release / "manifest.json").read_text("utf-8"))
    data = path.read_bytes()
    entry = {"bytes": len(data), "sha256": sha256(data).hexdigest(), "rows": len(table)}
    told["files"][f"evidence/{name}.parquet"].update(entry)
    (release / "manifest.json").write_text(json.dumps(told), "utf-8")
