"""The manifest of a benchmark: where its files are, and which of their fields make an item."""

from __future__ import annotations

import re
from typing import Literal, Self

from medsmith.manifests.models import Access, Licence, ManifestModel, Sentence
from medsmith.schema.records import Key, Language
from pydantic import Field, HttpUrl, field_validator, model_validator

FieldPath = Sentence
FieldPaths = FieldPath | tuple[FieldPath, ...]
ItemFormat = Literal["csv", "json", "jsonl", "lines", "parquet", "tsv", "xlsx", "xml"]
AnswerForm = Literal["text", "letter", "index", "number", "label"]
PATTERN_GROUPS = frozenset({"id", "question", "options", "answer", "passage"})


class ItemShape(ManifestModel):
    """How the text of a question is cut, and what its answer means."""

    pattern: Sentence | None = Field(
        default=None,
        description="regular expression for the whole question text, with named groups question, "
        "options, passage, answer or id; a record whose text does not fit is rejected",
    )
    option_mark: Sentence | None = Field(
        default=None,
        description="regular expression of the mark in front of each option, where the options "
        "are one text",
    )
    answer_as: AnswerForm = Field(
        default="text",
        description="text: as it stands; letter: the letter or key of an option; index: its place "
        "from 0; number: its place from 1; label: one of a few fixed words, which prove nothing "
        "where they are found, so that the item carries no answer",
    )

    @field_validator("pattern", "option_mark")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"not a regular expression ({error})") from None
        return value

    @model_validator(mode="after")
    def _known_groups(self) -> Self:
        unknown = set(re.compile(self.pattern or "").groupindex) - PATTERN_GROUPS
        if unknown:
            raise ValueError(
                f"`pattern` names the groups {sorted(unknown)}; "
                f"an item has {', '.join(sorted(PATTERN_GROUPS))}"
            )
        return self


class BenchmarkFields(ItemShape):
    """Which field of a benchmark's record is which part of an item.

    A field is a dotted path (`meta.qid`, `options.*.text`): `*` is every member, a number one place
    of a list, `$key` the key of a keyed record, `$line` a line of text, `@x` an XML attribute and
    `#text` an element's own text. Of several paths, texts are joined by line feeds.
    """

    question: FieldPaths | None = None
    id: FieldPath | None = Field(
        default=None, description="without it, an item is named by its place"
    )
    options: FieldPaths | None = Field(
        default=None,
        description="a list of texts, an object of letter and text, or one path an option",
    )
    answer: FieldPath | None = None
    passage: FieldPaths | None = None

    only: dict[FieldPath, Sentence] = Field(
        default_factory=dict,
        description="what these fields must hold for a record to be an item; others are skipped",
    )

    @model_validator(mode="after")
    def _something_to_find(self) -> Self:
        if self.question is None and self.passage is None and self.answer is None:
            raise ValueError("give `question`, `passage` or `answer`: what is an item found by?")
        return self


class BenchmarkFile(ManifestModel):
    """One kind of file of a benchmark, and how its records make items."""

    pattern: Sentence = Field(
        description="path relative to the benchmark's folder, with * and ** wildcards; a "
        "compressed copy (.gz, .bz2, .xz) is found too; `archive.zip!member` looks inside"
    )
    format: ItemFormat
    optional: bool = Field(default=False, description="the benchmark is whole without it")
    records: Sentence | None = Field(
        default=None,
        description="json: dotted path of the list or object of records; xml: the element's name; "
        "xlsx: the sheet",
    )
    keyed: bool = Field(default=False, description="json: the records are an object's members")
    columns: tuple[Sentence, ...] | None = Field(
        default=None, description="csv, tsv: names of the columns of a table without a header"
    )
    encoding: Sentence = "utf-8"
    prefix: Sentence | None = Field(
        default=None, description="in front of its items' ids: a language, a subset"
    )
    fields: BenchmarkFields | None = Field(
        default=None, description="where they differ from the benchmark's `fields`"
    )
    url: HttpUrl | None = Field(default=None, description="direct download, for open files")
    hub_dataset: str | None = Field(default=None, description="namespace/name on the Hub")
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")

    @model_validator(mode="after")
    def _format_fits(self) -> Self:
        if self.keyed and self.format != "json":
            raise ValueError("only `format: json` can be `keyed`")
        if self.columns is not None and self.format not in ("csv", "tsv"):
            raise ValueError("only `format: csv` and `format: tsv` have `columns`")
        if self.format == "xml" and self.records is None:
            raise ValueError("`format: xml` needs `records`: the name of a record's element")
        return self


class BenchmarkManifest(ManifestModel):
    """An evaluation set whose items must stay out of training data."""

    name: Key
    title: Sentence
    homepage: HttpUrl
    citation: Sentence
    license: Licence
    access: Access
    languages: tuple[Language, ...] = Field(min_length=1)
    raw: tuple[BenchmarkFile, ...] = ()
    fields: BenchmarkFields | None = None
    source: Key | None = Field(
        default=None,
        description="the source whose test split this is; without `raw`, its converter is reused",
    )
    tasks: dict[Key, ItemShape] = Field(
        default_factory=dict,
        description="with `source`: the tasks whose test instances make items, and how their "
        "inputs are cut; all of them, uncut, where none is named",
    )
    test_files: tuple[Sentence, ...] = Field(
        default=(),
        description="with `source`: its raw files that hold the test split; a folder with "
        "none of them is passed over",
    )
    folders: tuple[Key, ...] = Field(
        default=(), description="other names that its folder of files may have"
    )
    expected: int | None = Field(
        default=None, ge=0, description="items of the complete benchmark, where known"
    )
    notes: Sentence | None = Field(
        default=None, description="what is left out or known to be wrong; decisions"
    )

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if self.source is None and not self.raw:
            raise ValueError("give `source`, or `raw` with `fields`: where are the items?")
        if any(file.fields is None for file in self.raw) and self.fields is None:
            raise ValueError("`raw` needs `fields`: which field is the question?")
        if (self.tasks or self.test_files) and (self.source is None or self.raw):
            raise ValueError(
                "`tasks` and `test_files` are for a `source` that is read by its converter"
            )
        if self.fields is not None and not self.raw:
            raise ValueError("`fields` are for `raw` files; `tasks` say how inputs are cut")
        return self

    def fields_of(self, file: BenchmarkFile) -> BenchmarkFields:
        """Return the fields of the records of `file`; the model ensures that there are some."""
        fields = file.fields or self.fields
        assert fields is not None
        return fields

    @property
    def folder_names(self) -> tuple[str, ...]:
        """What its folder may be called, its own key first."""
        names = (self.name, *self.folders, *([self.source] if self.source else []))
        return tuple(dict.fromkeys(names))
