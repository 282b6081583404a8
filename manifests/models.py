"""The kinds of manifest, one pydantic definition each; `schema/json` holds their JSON Schemas.

Descriptions here become the hints that an editor shows while a manifest is being written.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from medsmith.schema.enums import (
    AccessTier,
    Category,
    Domain,
    OutputKind,
    SkipReason,
    Split,
)
from medsmith.schema.ids import instruction_id
from medsmith.schema.records import Key, Language
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, model_validator

Sentence = Annotated[str, Field(min_length=1, pattern=r"\S")]
Licence = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9.+-]+$",
        description="SPDX identifier, or LicenseRef-… where SPDX has none "
        "(LicenseRef-not-stated where the upstream states none)",
    ),
]
RawFormat = Literal[
    "brat", "conll", "csv", "json", "jsonl", "obo", "pubtator", "rel", "text", "tsv", "xlsx", "xml"
]


class ManifestModel(BaseModel):
    """What all manifests share: no unknown fields, and no change once read."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Access(ManifestModel):
    """Who may hold the raw files, and how to get them."""

    tier: AccessTier
    terms: HttpUrl | None = Field(default=None, description="where the terms of use stand")
    how_to_get: Sentence = Field(
        description="what to download, from where, and where to put it under the raw folder"
    )


class RawPattern(ManifestModel):
    """One kind of raw file of a source."""

    pattern: Sentence = Field(
        description="path relative to the source's raw folder, with * and ** wildcards; a "
        "compressed copy (.gz, .bz2, .xz) is found too; `archive.zip!member` looks inside"
    )
    format: RawFormat
    optional: bool = Field(default=False, description="the build goes on where it is absent")
    splittable: bool = Field(
        default=False,
        description="every line is a record of its own: big files are converted in parts, side "
        "by side (jsonl only; then all patterns of the source must be)",
    )
    url: HttpUrl | None = Field(default=None, description="direct download, for open files")
    hub_dataset: str | None = Field(default=None, description="namespace/name on the Hub")
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")


class DedupPolicy(ManifestModel):
    """How near-duplicates of a task are found, where the default does not fit."""

    scope: Literal["task", "category", "source", "none"] = "task"
    max_removed: float | None = Field(
        default=None, ge=0, le=1, description="share of the task that may go without a stop"
    )


class TaskManifest(ManifestModel):
    """One kind of question asked of a source."""

    name: Key
    description: Sentence = Field(description="one sentence: what is given, what is asked")
    medsins_id: int | None = Field(default=None, ge=1, description="MedS-Ins's number of the task")
    category: Category
    domain: Domain
    input_language: Language
    output_language: Language
    splits: tuple[Split, ...] = Field(
        default=(Split.TRAIN,), min_length=1, description="the splits the complete upstream has"
    )
    output: OutputKind = Field(description="what the outputs look like")
    labels: tuple[Sentence, ...] = Field(
        default=(),
        description="every output of a `label` task, or every label name a `json` output uses; "
        "each stands verbatim in the instructions that list them",
    )
    sentinel: Sentence | None = Field(
        default=None,
        description="the output when there is nothing to extract; stands in every instruction",
    )
    dedup: DedupPolicy = DedupPolicy()

    @model_validator(mode="after")
    def _labels_fit_output(self) -> Self:
        if self.output is OutputKind.LABEL and not self.labels:
            raise ValueError("a task with `output: label` must list its `labels`")
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("`labels` holds the same label twice")
        return self


class Expected(ManifestModel):
    """Counts of the complete upstream, where known."""

    records: int | None = Field(default=None, ge=0)
    instances: dict[Key, int] = Field(default_factory=dict, description="per task")


class SourceManifest(ManifestModel):
    """One upstream corpus: what it is, who may hold it, its raw files and its tasks."""

    name: Key
    title: Sentence
    version: Sentence = Field(description="the upstream's own version or date")
    homepage: HttpUrl
    citation: Sentence
    license: Licence
    access: Access
    languages: tuple[Language, ...] = Field(min_length=1)
    raw: tuple[RawPattern, ...] = Field(min_length=1)
    tasks: tuple[TaskManifest, ...] = Field(min_length=1)
    skips: dict[SkipReason, Sentence] = Field(
        default_factory=dict, description="every skip reason the converter uses, and why"
    )
    expected: Expected = Expected()
    max_reject_rate: float = Field(
        default=0.01, ge=0, le=1, description="a larger share of rejected records stops the build"
    )
    in_memory: Sentence | None = Field(
        default=None, description="why the converter must hold the whole corpus, where it must"
    )
    notes: Sentence | None = Field(default=None, description="known upstream defects, decisions")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.name in (*Category, "default"):
            raise ValueError(
                f"`{self.name}` names a configuration of every release; choose another"
            )
        names = [task.name for task in self.tasks]
        if len(set(names)) != len(names):
            raise ValueError("two tasks have the same name")
        used = {t.input_language for t in self.tasks} | {t.output_language for t in self.tasks}
        if missing := used - set(self.languages):
            raise ValueError(f"tasks use {sorted(missing)}, which `languages` does not list")
        splittable = [raw.splittable for raw in self.raw]
        if any(splittable) and not all(splittable):
            raise ValueError("either all of `raw` are `splittable`, or none is")
        if any(raw.splittable and raw.format != "jsonl" for raw in self.raw):
            raise ValueError("only `format: jsonl` can be `splittable`")
        if unknown := set(self.expected.instances) - set(names):
            raise ValueError(f"`expected.instances` names unknown tasks {sorted(unknown)}")
        return self

    def task(self, name: str) -> TaskManifest:
        """Return the task called `name`; raises `KeyError` if there is none."""
        for task in self.tasks:
            if task.name == name:
                return task
        raise KeyError(name)


class Instruction(ManifestModel):
    """One wording of what the model is to do."""

    text: Sentence
    language: Language = "en"


class InstructionPool(ManifestModel):
    """The instructions of one task: the original and its rewrites."""

    task: Key
    original: Instruction
    rewrites: tuple[Instruction, ...] = Field(min_length=7)

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        """All of them, the original first."""
        return (self.original, *self.rewrites)

    @property
    def ids(self) -> tuple[str, ...]:
        """Their ids, in the same order."""
        return tuple(instruction_id(self.task, i.text) for i in self.instructions)
