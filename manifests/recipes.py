"""The manifests of releases: recipes, and the list of what was taken down."""

from __future__ import annotations

from datetime import date as calendar_date
from typing import Annotated, Literal, Self

from medsmith.manifests.models import Licence, ManifestModel, Sentence
from medsmith.manifests.policies import (
    ContaminationPolicy,
    NearDuplicatePolicy,
    TokenPolicy,
)
from medsmith.schema.enums import AccessTier
from medsmith.schema.records import Key
from medsmith.schema.text import clean_text
from pydantic import AfterValidator, Field, model_validator

# The Hub's own client has further rules, and checks them.
_HUB_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}"


def _real_date(text: str) -> str:
    calendar_date.fromisoformat(text)
    return text


# As the id-v1 rules clean an upstream key before they make an id of it.
_Cleaned = Annotated[Sentence, AfterValidator(clean_text)]


class RecipeSource(ManifestModel):
    """A source of a release, with its share of it. Only the train split is ever cut."""

    name: Key
    max_instances: int | None = Field(
        default=None, ge=1, description="at most so many train instances of this source"
    )
    weight: float | None = Field(
        default=None,
        gt=0,
        le=1e9,
        description="its share of the release's `max_instances`, relative to the other sources'; "
        "for every source or for none",
    )


class Recipe(ManifestModel):
    """What goes into a release, and under which rules."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=64)]
    title: Sentence
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")] = "0.1.0"
    description: Sentence
    date: (
        Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$"), AfterValidator(_real_date)] | None
    ) = Field(default=None, description="day on which this version is published: 2026-01-31")
    sources: tuple[Key | RecipeSource, ...] = Field(
        min_length=1, description="keys of sources, or objects with a cap or a weight"
    )
    access: tuple[AccessTier, ...] = Field(
        default=(AccessTier.OPEN,), description="tiers that may enter this release"
    )
    withheld: tuple[Key, ...] = Field(
        default=(),
        description="further sources, of any access tier, that are built and described but whose "
        "text stays out: a licence holder makes their shards with `medsmith rebuild`",
    )
    max_instances: int | None = Field(
        default=None,
        ge=1,
        description="how many train instances the whole release should have; sources share it by "
        "weight, as far as each has so many. Test and validation always stay whole",
    )
    temperature: float | None = Field(
        default=None,
        ge=1,
        description="shares `max_instances` out by size^(1/temperature): 1, as where none "
        "is given, follows the sources' sizes; more is more even. Explicit weights override it",
    )
    instructions_per_instance: Annotated[int, Field(ge=1)] | Literal["all"] = Field(
        default=1, description="how many of the task's instructions each instance meets"
    )
    seed: int = Field(default=0, ge=0)
    near_duplicates: NearDuplicatePolicy | None = Field(
        default=NearDuplicatePolicy(), description="null: near-duplicates are left in"
    )
    contamination: ContaminationPolicy | None = Field(
        default=ContaminationPolicy(), description="null: benchmarks are not looked at"
    )
    tokens: TokenPolicy | None = Field(default=None, description="null: no tokens are counted")
    shard_bytes: int = Field(
        default=256 * 2**20, ge=2**20, description="target size of a shard's text, in bytes"
    )
    repository: (
        Annotated[str, Field(pattern=rf"^{_HUB_NAME}/{_HUB_NAME}$", max_length=193)] | None
    ) = Field(default=None, description="namespace/name on the Hub, where it is to be published")
    visibility: Literal["private", "public"] = Field(
        default="private", description="of the repository, where publishing creates it"
    )
    license: Licence | None = Field(
        default=None,
        description="one licence for the whole, which every source's must allow; without it each "
        "row keeps its source's",
    )
    publish_unlicensed: dict[Key, Sentence] = Field(
        default_factory=dict,
        description="sources whose upstream states no licence and that may be published all the "
        "same: the reason for each, e.g. that its authors gave leave, and when",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(set(self.source_names)) != len(self.sources):
            raise ValueError("`sources` names a source twice")
        named = (*self.source_names, *self.withheld)
        if len(set(named)) != len(named):
            raise ValueError("`withheld` names a source twice, or one that `sources` names too")
        weighted = [source.weight is not None for source in self.shares]
        if any(weighted) and not all(weighted):
            raise ValueError("give every source a `weight`, or none")
        if self.max_instances is None and (any(weighted) or self.temperature is not None):
            raise ValueError("weights and `temperature` share out `max_instances`: give that too")
        return self

    @property
    def source_names(self) -> tuple[str, ...]:
        """The keys of the sources, in order."""
        return tuple(source.name for source in self.shares)

    @property
    def shares(self) -> tuple[RecipeSource, ...]:
        """What the recipe says of each source, in order."""
        return tuple(
            RecipeSource(name=source) if isinstance(source, str) else source
            for source in self.sources
        )


class TakeDown(ManifestModel):
    """What must never be released again, since its owner or subject asked so."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*-[0-9a-f]{20}(~[0-9]+)?$")] | None = Field(
        default=None, description="id of an instance, with all that stand repeated under it (`~2`)"
    )
    source: Key | None = Field(default=None, description="the source of `key` or `group`")
    key: _Cleaned | None = Field(
        default=None, description="the upstream's own id of a record, for all tasks of the source"
    )
    group: _Cleaned | None = Field(
        default=None, description="a document, patient or question: all its instances"
    )
    date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$"), AfterValidator(_real_date)] = Field(
        description="when it was asked for: 2026-01-31"
    )
    reason: Sentence = Field(description="why, without a word about the person")

    @model_validator(mode="after")
    def _names_one_thing(self) -> Self:
        if sum(item is not None for item in (self.id, self.key, self.group)) != 1:
            raise ValueError("give one of `id`, `key` and `group`")
        if (self.id is None) == (self.source is None):
            raise ValueError("`key` and `group` need `source`, an `id` names its own")
        return self

    @property
    def source_name(self) -> str:
        """The key of the source that it concerns."""
        return self.source or (self.id or "").rpartition("-")[0]


class TakeDownList(ManifestModel):
    """All take-downs: they apply to every build, for ever after."""

    takedowns: tuple[TakeDown, ...] = ()
