"""Every sample's counts are those of its library, and follow the tokenizer they were made with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from medsmith.builders.engine import PoolEngine
from medsmith.builders.formats.exchange import SEPARATOR
from medsmith.builders.progress import Reporter
from medsmith.builders.rebuild import rebuild
from medsmith.builders.release import token_check
from medsmith.builders.release.card import render
from medsmith.builders.release.diff import compare
from medsmith.builders.release.gate import check_publishable
from medsmith.builders.release.notes import render_notes
from medsmith.builders.release.verify import open_release, verify
from medsmith.builders.tokens.inputs import find_tokenizers, with_tokenizers
from medsmith.builders.tokens.load import load_tokenizer
from medsmith.builders.tokens.patterns import GPT2, LLAMA3
from medsmith.manifests.policies import TokenPolicy
from medsmith.schema import DataError, UserError

RECORDS = (
    *({"question": f"What is drug {n}?", "answer": f"Marker {n}."} for n in range(40)),
    {"question": "Which dose?", "answer": "1.5 mg", "split": "train"},
    {"question": "WHICH  dose?", "answer": "1.5 MG", "split": "test"},
    {"question": "/x is a path.", "answer": "Yes.", "split": "test"},
    {"question": "A long Marker story.", "answer": "Short.", "task": "summary"},
)


def counted(toys: Any, *tokenizers: Path | str, **more: Any) -> tuple[Path, Any]:
    alone = {"near_duplicates": None, "contamination": None}  # what else judges matters not
    unit = with_tokenizers(toys.unit("toy", **alone, **more), [str(path) for path in tokenizers])
    report = toys.build(unit)
    return unit.stage("release"), report


def samples(release: Path) -> list[dict[str, Any]]:
    paths = sorted(release.glob("data/**/*.parquet"))
    return [row for path in paths for row in pq.read_table(path).to_pylist()]


def manifest(release: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((release / "manifest.json").read_text("utf-8"))
    return found


def question(sample: dict[str, Any]) -> str:
    return f"{sample['instruction']}{SEPARATOR}{sample['input']}"


@pytest.fixture(scope="module")
def files(tekken: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("tokenizers")
    (home / "words").mkdir()
    words = ["[UNK]", "What", "is", "drug", "?", ".", *"0123456789", "##1", "##2"]
    (home / "words" / "vocab.txt").write_text("\n".join(words))
    return {
        "llama": tekken(home / "llama", LLAMA3).parent,
        "gpt": tekken(home / "gpt", GPT2).parent,
        "words": home / "words",
    }


@pytest.fixture
def release(toys: Any, files: dict[str, Path]) -> Path:
    """A release of several shards, counted with two tokenizers."""
    toys.add("toy", RECORDS)
    return counted(toys, files["llama"], files["words"], shard_bytes=2_000)[0]


@pytest.mark.parametrize("name", ["llama", "gpt", "words"])
@pytest.mark.parametrize("each", [1, "all"])
def test_counts_of_every_sample_are_the_library_s(
    toys: Any, files: dict[str, Path], name: str, each: Any
) -> None:
    toys.add("toy", RECORDS)
    release, _ = counted(toys, files[name], instructions_per_instance=each)
    found = samples(release)
    library = load_tokenizer(files[name])
    asked = library.reference_count([question(sample) for sample in found])
    answers = library.reference_count([sample["output"] for sample in found])
    inputs = library.reference_count([sample["input"] for sample in found])
    counts = [sample["n_tokens"] for sample in found]
    assert [c["total"] for c in counts] == [a + b for a, b in zip(asked, answers, strict=True)]
    assert [c["input"] for c in counts] == inputs
    assert [c["output"] for c in counts] == answers
    assert all(c["instruction"] == c["total"] - c["input"] - c["output"] for c in counts)
    assert [finding for finding in verify(open_release(release)) if finding.problems] == []


def test_figures_are_those_of_the_samples(release: Path, files: dict[str, Path]) -> None:
    told = json.loads((release / "tokens.json").read_text("utf-8"))
    found = samples(release)
    assert [item["name"] for item in told["tokenizers"]] == ["llama", "words"]
    for name in ("llama", "words"):
        library = load_tokenizer(files[name])
        totals = [
            sum(library.reference_count([question(sample), sample["output"]])) for sample in found
        ]
        mine = told["figures"][name]["all"]
        assert (mine["n"], mine["tokens"], mine["max"]) == (len(found), sum(totals), max(totals))
        assert mine["p50"] == sorted(totals)[-(-len(totals) // 2) - 1]
        by_task = told["figures"][name]["task"]["toy_summary"]
        assert by_task["n"] == 1
        assert by_task == told["figures"][name]["category"]["text_summarization"]
        assert told["figures"][name]["language"]["en"] == mine


def test_the_card_and_the_manifest_tell_the_same(release: Path) -> None:
    about = manifest(release)
    told = about["tokens"]
    assert told["tokenizers"][0]["sha256"] in (release / "tokens.json").read_text("utf-8")
    assert about["recipe"]["tokens"] == {"tokenizers": ["llama", "words"]}
    assert str(release.parent.parent.parent) not in json.dumps(about)  # no path of this machine
    figures = told["figures"]["llama"]["source"]["toy"]
    row = " | ".join(f"{figures[key]:,}" for key in ("n", "tokens", "mean", "p50", "p90", "p95"))
    card = (release / "README.md").read_text("utf-8")
    assert f"| `llama` | `toy` | {row} |" in card
    assert card == render(about)
    assert about["lengths"]["toy"]["tokens"]["max"] == figures["max"]


def test_evidence_holds_the_counts_of_what_is_released(release: Path) -> None:
    rows = pq.read_table(release / "evidence/tokens.parquet").to_pylist()
    found = samples(release)
    by_id = {(row["id"], row["tokenizer"]): row for row in rows}
    assert len(by_id) == len(rows) == 2 * (len({s["id"] for s in found}) + 20)
    for sample in found:
        parts = by_id[sample["id"], "llama"], by_id[sample["instruction_id"], "llama"]
        assert parts[0]["instruction"] == 0
        assert sum(part["total"] for part in parts) == sample["n_tokens"]["total"]


def test_what_it_adds_may_be_published(release: Path) -> None:
    check_publishable(release)


def test_verify_finds_counts_that_were_changed(release: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(release, tmp_path / "copy"))
    about = manifest(copy)
    assert list(token_check.problems(copy, about)) == []
    shard = next(name for name in about["files"] if name.startswith("data/"))
    table = pq.read_table(copy / shard)
    rows = table.to_pylist()
    rows[0]["n_tokens"]["input"] += 1
    pq.write_table(table.from_pylist(rows, table.schema), copy / shard)
    told = " ".join(token_check.problems(copy, about))
    assert "not the sum of its parts" in told
    assert "figures by all" in told
    assert "evidence/tokens.parquet does not hold" in told
    rows[0]["n_tokens"] = None
    pq.write_table(table.from_pylist(rows, table.schema), copy / shard)
    assert "rows without token counts" in " ".join(token_check.problems(copy, about))
    del about["tokens"]
    assert "the manifest tells of none" in " ".join(token_check.problems(copy, about))


def test_without_a_tokenizer_nothing_is_counted(toys: Any) -> None:
    toys.add("toy", RECORDS)
    release, _ = counted(toys)
    assert {json.dumps(sample["n_tokens"]) for sample in samples(release)} == {"null"}
    assert "tokens" not in manifest(release)
    assert not (release / "tokens.json").exists()
    assert not (release / "evidence/tokens.parquet").exists()


def test_instances_are_counted_once_for_each_tokenizer(toys: Any, files: dict[str, Path]) -> None:
    toys.add("toy", RECORDS)
    _, first = counted(toys, files["llama"])
    _, more = counted(toys, files["llama"], instructions_per_instance=3)
    _, other = counted(toys, files["gpt"])
    assert ("toy", "tokens") in first.ran
    assert ("toy", "tokens") in more.kept and ("toy", "assemble") in more.ran
    assert ("toy", "tokens") in other.ran and ("toy", "exact") in other.kept


def test_the_bytes_do_not_depend_on_workers_nor_on_where_the_tokenizer_stands(
    toys: Any, files: dict[str, Path], tmp_path: Path
) -> None:
    toys.add("toy", RECORDS)
    here, _ = counted(toys, files["llama"], files["words"])
    copy = shutil.copytree(files["llama"], tmp_path / "moved" / "llama")
    there = toys.elsewhere("there")
    there.engine = PoolEngine(2)
    try:
        elsewhere, _ = counted(there, copy, files["words"])
    finally:
        there.engine.close()
    assert manifest(here)["files"] == manifest(elsewhere)["files"]


def test_a_recipe_names_its_tokenizers(
    toys: Any, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDSMITH_TOKENIZERS", str(files["llama"].parent))
    toys.add("toy", RECORDS)
    release, _ = counted(toys, tokens=TokenPolicy(tokenizers=("words", "gpt")))
    told = manifest(release)["tokens"]["tokenizers"]
    assert [item["name"] for item in told] == ["words", "gpt"]
    assert [item["parts_add_up"] for item in told] == [False, True]


def test_a_recipe_s_tokenizers_are_not_forgotten(toys: Any) -> None:
    toys.add("toy", RECORDS)
    with pytest.raises(ValueError, match="with_tokenizers"):
        toys.release("toy", tokens=TokenPolicy(tokenizers=("words",)))


def test_tokenizers_of_one_name_must_be_one(files: dict[str, Path], tmp_path: Path) -> None:
    other = shutil.copytree(files["gpt"], tmp_path / "llama")
    with pytest.raises(UserError, match="called llama"):
        find_tokenizers([str(files["llama"]), str(other)])
    assert len(find_tokenizers([str(files["llama"])] * 2)) == 1


def test_counts_of_other_instances_are_refused(toys: Any, files: dict[str, Path]) -> None:
    toys.add("toy", RECORDS)
    release, _ = counted(toys, files["llama"])
    home = release.parent / "tokens"
    path = home / "counts-00000.parquet"
    table = pq.read_table(path)
    size = path.stat().st_size
    pq.write_table(table.take(list(range(len(table)))[::-1]), path)
    marker = json.loads((home / "stage.json").read_text("utf-8"))
    assert size == marker["files"][path.name]["bytes"]
    marker["files"][path.name]["bytes"] = path.stat().st_size
    (home / "stage.json").write_text(json.dumps(marker))
    shutil.rmtree(release.parent / "assemble")
    with pytest.raises(DataError, match="does not count the instances"):
        counted(toys, files["llama"])


def test_withheld_sources_are_rebuilt_with_the_release_s_tokenizers(
    toys: Any, files: dict[str, Path], tmp_path: Path
) -> None:
    toys.add("toy", RECORDS)
    toys.add("secret", [{"question": f"Xyzzy {n}?", "answer": "Plugh."} for n in range(9)])
    off = {"near_duplicates": None, "contamination": None}
    unit = toys.unit("toy", "secret", sources=("toy",), withheld=("secret",), **off)
    unit = with_tokenizers(unit, [str(files["llama"]), str(files["words"])])
    toys.build(unit)
    release = unit.stage("release")
    assert not (release / "data/secret").exists()
    told = json.loads((release / "tokens.json").read_text("utf-8"))
    assert list(told["figures"]["llama"]["source"]) == ["toy"]
    assert "secret" not in str(pq.read_table(release / "evidence/tokens.parquet")["id"].to_pylist())
    raw = tmp_path / "raw"
    shutil.copytree(toys.root / "plugins/secret/raw", raw / "secret")
    given = [
        str(shutil.copytree(files[name], tmp_path / name[::-1])) for name in ("llama", "words")
    ]

    def again(tokenizers: list[str]) -> Any:
        quiet = Reporter(enabled=False)
        return rebuild(release, raw, tmp_path / "out", toys.engine, quiet, tokenizers=tokenizers)

    done = again(given)
    assert (done.problems, done.samples) == ([], 9)
    with pytest.raises(UserError, match="the files here are others"):
        again(given[::-1])


def test_a_diff_tells_the_tokens_of_each_source_and_another_tokenizer(
    toys: Any, files: dict[str, Path], tmp_path: Path
) -> None:
    toys.add("toy", RECORDS)
    old = shutil.copytree(counted(toys, files["llama"])[0], tmp_path / "old")
    toys.write("toy", RECORDS[4:])
    less = Path(shutil.copytree(counted(toys, files["llama"])[0], tmp_path / "less"))
    before, now = (json.loads((r / "tokens.json").read_text("utf-8")) for r in (old, less))
    tokens = [told["figures"]["llama"]["all"]["tokens"] for told in (before, now)]
    notes = render_notes(compare(old, less, estimate=False))
    assert f"`toy`: tokens {tokens[0]:,} → {tokens[1]:,} ({tokens[1] - tokens[0]:+,})" in notes
    assert "counted with" not in notes
    other, _ = counted(toys, files["gpt"])
    told = compare(less, other, estimate=False)
    assert told.new["tokenizer"].startswith("gpt (")
    assert "tokens are counted with gpt (" in render_notes(told)
