"""The record types: one pydantic definition each, from which Arrow and JSON Schemas are derived."""

from __future__ import annotations

from typing import Annotated

from medsmith.schema.enums import Category, Domain, Split
from pydantic import BaseModel, ConfigDict, Field

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}$", description="ISO 639-1 code")]


class InstanceRow(BaseModel):
    """An instance as stored between stages. Column order is field order.

    `medsmith.schema.rows.instance_row` makes it from what a converter yields.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(
        pattern=r"^[a-z][a-z0-9_]*-[0-9a-f]{20}(~[0-9]+)?$",
        description="stable id: <source>-<20 hex digits>",
    )
    source: Key
    task: Key
    split: Split
    input: str = Field(min_length=1)
    output: str = Field(min_length=1)
    references: list[str]
    choices: list[str]
    group: str | None
    locator: str = Field(min_length=1)
    metadata: str = Field(description="a JSON object, keys sorted")


class TokenCounts(BaseModel):
    """Tokens of a sample's question and answer, without special tokens.

    `instruction` is what the instruction and the blank line after it add to the input's own
    tokens, so that the three parts sum to `total`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    instruction: int = Field(ge=0)
    input: int = Field(ge=0)
    output: int = Field(ge=0)
    total: int = Field(ge=0)


class Sample(BaseModel):
    """An instance joined with one of its task's instructions, as released."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(description="the instance's id")
    instruction: str = Field(min_length=1)
    input: str = Field(min_length=1)
    output: str = Field(min_length=1)
    references: list[str]
    source: Key
    task: Key
    category: Category
    domain: Domain
    split: Split
    input_language: Language
    output_language: Language
    instruction_language: Language
    license: str = Field(min_length=1, description="SPDX identifier or LicenseRef-…")
    instruction_id: str = Field(description="<task>#<8 hex digits of the instruction's text>")
    group: str | None
    n_tokens: TokenCounts | None = Field(description="null until counted")
    metadata: str = Field(description="a JSON object, keys sorted")


class _EvidenceRow(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RejectRow(_EvidenceRow):
    """A raw record that could not become an instance."""

    source: Key
    locator: str
    code: str
    field: str
    message: str
    raw: str | None = Field(description="the record as read; local builds only, never released")


class DuplicateRow(_EvidenceRow):
    """An instance removed because another one says the same."""

    dropped_id: str
    kept_id: str
    kind: str
    input_similarity: float
    output_similarity: float
    cluster: str


class ConflictRow(_EvidenceRow):
    """One input that a task answers in different ways: reported, never silently removed."""

    task: Key
    ids: list[str]
    input_digest: str
    outputs: list[str]


class ContaminationRow(_EvidenceRow):
    """A training instance that holds a benchmark item. Span offsets count characters."""

    id: str
    benchmark: str
    item_id: str
    kind: str
    score: float
    span_field: str
    span_start: int
    span_end: int


class SelfTestRow(_EvidenceRow):
    """How many items of a benchmark were found again in one guise.

    The guise `clean` stands for invented texts that hold no item: `found` are false alarms.
    """

    benchmark: str = Field(description="key of the benchmark; empty for `clean`")
    guise: str
    length: str = Field(description="`short`: questions of at most twelve words; else `long`")
    items: int
    found: int


class CrossSplitRow(_EvidenceRow):
    """An instance that shares its document or its text with one of a more protected split."""

    id: str
    split: Split
    other_id: str = Field(description="one such instance: the first by split and id")
    other_split: Split
    kind: str = Field(description="`group` (document, patient, question) or `text` (same input)")


class QualityRow(_EvidenceRow):
    """The verdict of one quality check on one instance."""

    id: str
    check: str
    verdict: str
    detail: str


class TokenRow(_EvidenceRow):
    """Token counts of one instance, or of one instruction, under one tokenizer.

    An instance's row has no tokens of an instruction, an instruction's (under its `instruction_id`)
    none of input and output: a sample's counts are the sum of both, where the tokenizer lets parts
    add up.
    """

    id: str
    tokenizer: str
    instruction: int
    input: int
    output: int
    total: int


class WithheldRow(_EvidenceRow):
    """An instance of a source whose text stays out of the release: its id and its fate only."""

    id: str
    source: Key
    task: Key
    split: Split
    fate: str = Field(description="`released`, or the reason of its removal")


class RemovalRow(_EvidenceRow):
    """What every verdict stage hands to `assemble`: an instance that goes, and why."""

    id: str
    reason: str
