"""A world of toy sources: plugins of an invented distribution, found by their entry points."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from medsmith.builders.engine import Engine, InlineEngine
from medsmith.builders.pipeline import BuildReport, build
from medsmith.builders.progress import Reporter
from medsmith.builders.unit import SourceInput, Unit
from medsmith.manifests import Recipe

CONVERTER = '''
"""A toy corpus: a question and its answer on each line."""

from medsmith.converters.readers import read_jsonl
from medsmith.schema import Instance, RejectCode, SkipReason, Split


def convert(raw):
    for record in raw.records(read_jsonl(raw.file("records.jsonl"))):
        row = record.value
        if "answer" not in row:
            message = f"There is no answer to {row['question']}."
            yield record.reject(RejectCode.MISSING_FIELD, message, field="answer")
        elif not row["answer"]:
            yield record.skip(SkipReason.EMPTY_ANSWER)
        else:
            yield Instance(
                task=f"NAME_{row.get('task', 'qa')}",
                input=row["question"],
                output=row["answer"],
                split=Split(row.get("split", "train")),
                key=row.get("key"),
                group=row.get("group"),
                locator=record.locator,
            )
'''

MANIFEST = """
name: NAME
title: The toy NAME
version: "1"
homepage: https://example.org/NAME
citation: Doe J. The toy NAME. 2020.
license: LICENSE
access: {tier: TIER, how_to_get: Ask for it., terms: https://example.org/terms}
languages: [en]
raw:
  - {pattern: records.jsonl, format: jsonl}
tasks:
  - name: NAME_qa
    description: A question is given, its answer asked.
    category: question_answering
    domain: exam
    input_language: en
    output_language: en
    splits: [train, validation, test]
    output: free
  - name: NAME_summary
    description: A text is given, its summary asked.
    category: text_summarization
    domain: clinical_text
    input_language: en
    output_language: en
    output: free
skips:
  empty_answer: The answer is not given.
max_reject_rate: 0.5
"""

POOL = "task: TASK\noriginal: {text: Say it.}\nrewrites:\n" + "".join(
    f"  - {{text: Say it in wording {n}., language: en}}\n" for n in range(9)
)

# Reaches every fate: released in all splits and tasks, exact duplicate (the copy in test stays, and
# differs in case and spaces), conflict, repeated record, reject and skip.
RECORDS: tuple[dict[str, str], ...] = (
    *({"question": f"What is drug {n}?", "answer": f"Marker {n}."} for n in range(40)),
    {"question": "Which dose?", "answer": "Marker dose: 1.5 mg", "split": "train"},
    {"question": "WHICH  dose?", "answer": "Marker dose: 1.5 MG", "split": "test"},
    {"question": "Which dose?", "answer": "Marker dose: 15 mg", "split": "validation"},
    {"question": "A long Marker story.", "answer": "Short.", "task": "summary"},
    {"question": "A long Marker story.", "answer": "Short.", "task": "summary"},
    {"question": "Marker without an answer"},
    {"question": "Marker with an empty answer", "answer": ""},
)


@dataclass
class Toys:
    """Toy sources under one folder; `build` goes on where the last one stood."""

    root: Path
    path: pytest.MonkeyPatch
    engine: Engine = field(default_factory=InlineEngine)

    @property
    def out(self) -> Path:
        return self.root / "build"

    def add(
        self,
        name: str = "toy",
        records: Iterable[dict[str, Any]] = RECORDS,
        *,
        tier: str = "open",
        licence: str = "CC0-1.0",
    ) -> Path:
        """Install a source; return its home, with converter, `manifests/` and `raw/`."""
        home = self.root / "plugins" / name
        module = f"{name}_{uuid4().hex}"
        about = home / f"{module}-1.dist-info"
        about.mkdir(parents=True)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1\n")
        (about / "entry_points.txt").write_text(f"[medsmith.converters]\n{name} = {module}\n")
        (home / f"{module}.py").write_text(CONVERTER.replace("NAME", name))
        manifest = textwrap.dedent(MANIFEST).replace("NAME", name)
        manifest = manifest.replace("TIER", tier).replace("LICENSE", licence)
        (home / "manifests" / "sources").mkdir(parents=True)
        (home / "manifests" / "sources" / f"{name}.yaml").write_text(manifest)
        (home / "manifests" / "instructions").mkdir()
        for task in (f"{name}_qa", f"{name}_summary"):
            pool = home / "manifests" / "instructions" / f"{task}.yaml"
            pool.write_text(POOL.replace("TASK", task))
        self.write(name, records)
        self.path.syspath_prepend(str(home))
        return home

    def write(self, name: str, records: Iterable[dict[str, Any]]) -> None:
        """Write the raw file of a source anew."""
        raw = self.root / "plugins" / name / "raw" / "records.jsonl"
        raw.parent.mkdir(exist_ok=True)
        raw.write_text("".join(json.dumps(record) + "\n" for record in records))

    def unit(self, *names: str, synthetic: bool = False, **changes: Any) -> Unit:
        """Return the unit of a release called `rel` (or, of one source, by its name).

        Several toys hold the same records: near-duplicates are looked for only where asked.
        """
        if len(names) > 1:
            changes = {"near_duplicates": None, **changes}
        recipe = Recipe(
            name=names[0] if len(names) == 1 else "rel",
            title="Toys",
            description="Toys only.",
            sources=names,
            access=("open", "credentialed"),
        ).model_copy(update=changes)
        sources = tuple(
            SourceInput(name, self.root / "plugins" / name / "raw", synthetic) for name in names
        )
        return Unit(recipe.name, self.out / recipe.name, sources, recipe)

    def build(self, *units: Unit) -> BuildReport:
        """Bring the units up to date."""
        return build(units, self.engine, Reporter(enabled=False))

    def release(self, *names: str, **changes: Any) -> Path:
        """Build a release of the sources and return its folder."""
        unit = self.unit(*names, **changes)
        self.build(unit)
        return unit.stage("release")

    def elsewhere(self, folder: str) -> Toys:
        """Return the same sources with another folder to build in."""
        moved = replace(self, root=self.root / folder)
        (self.root / folder).mkdir()
        (moved.root / "plugins").symlink_to(self.root / "plugins")
        return moved


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toys:
    return Toys(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toys]:
    """The toy source, built once a module as a release of several shards; not to be changed."""
    with pytest.MonkeyPatch.context() as path:
        toys = Toys(tmp_path_factory.mktemp("built"), path)
        toys.add()
        toys.release("toy", shard_bytes=2_000)
        yield toys


@pytest.fixture
def instance_rows() -> Callable[..., list[dict[str, Any]]]:
    """Make stored instance rows of (input, output) pairs."""
    from medsmith.schema import Instance
    from medsmith.schema.rows import instance_row

    def make(*pairs: tuple[str, str], **more: Any) -> list[dict[str, Any]]:
        return [
            instance_row(
                Instance(
                    **{"task": "toy_qa", "input": i, "output": o, "locator": f"f#L{n}", **more}
                ),
                "toy",
            )
            for n, (i, o) in enumerate(pairs, start=1)
        ]

    return make
