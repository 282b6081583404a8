"""What a recipe says of near-duplicates, contamination and token counts."""

from __future__ import annotations

from typing import Annotated, Literal

from medsmith.manifests.models import ManifestModel, Sentence
from medsmith.schema.enums import ContaminationKind
from medsmith.schema.records import Key
from pydantic import Field

Share = Annotated[float, Field(ge=0, le=1)]
Threshold = Annotated[float, Field(ge=0.3, le=1)]


class NearDuplicatePolicy(ManifestModel):
    """When two instances say the same, and which of them stays."""

    threshold: Threshold = Field(
        default=0.8,
        description="Jaccard similarity of the inputs' shingles from which on they match",
    )
    output_threshold: Threshold | None = Field(
        default=None, description="the same for outputs; without it, `threshold`"
    )
    containment: Threshold | None = Field(
        default=None,
        description="also match where this share of the shorter text's shingles is in the other",
    )
    boilerplate_share: Share = Field(
        default=0.02,
        description="shingles in more than this share of a task's instances are its template, and "
        "are left out of the comparison",
    )
    max_removed: Share = Field(
        default=0.3,
        description="a larger share of near-duplicates in any source or task stops the build",
    )
    source_priority: tuple[Key, ...] = Field(
        default=(), description="sources whose copies stay, the first one first"
    )


class ContaminationPolicy(ManifestModel):
    """Which benchmarks must stay out, and what happens to what holds their items."""

    benchmarks: tuple[Key, ...] | Literal["present"] = Field(
        default="present",
        description="keys of benchmarks, all of which must be there; `present`: whichever are",
    )
    remove: tuple[ContaminationKind, ...] = Field(
        default=(ContaminationKind.EXACT, ContaminationKind.NEAR, ContaminationKind.QUESTION),
        description="kinds of hit that remove an instance; the others are only reported",
    )
    cross_split: Literal["remove", "stop", "report"] = Field(
        default="remove",
        description="what happens to a train instance whose document, patient, question or text "
        "also stands in a test split of the release",
    )


class TokenPolicy(ManifestModel):
    """Whose tokens are counted."""

    tokenizers: tuple[Sentence, ...] = Field(
        min_length=1,
        description="names of tokenizers: folders or files under $MEDSMITH_TOKENIZERS, or names on "
        "the Hub; the first one's counts stand in the samples' `n_tokens`",
    )
