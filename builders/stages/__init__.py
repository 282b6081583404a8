"""The pipeline's stages, in order. A new stage is one module here and one line in `STAGES`."""

from medsmith.builders.stages import (
    assemble,
    contamination,
    convert,
    cross_split,
    exact,
    near,
    release,
    select,
    signatures,
    takedown,
    tokens,
)
from medsmith.builders.stages.base import Phase, Stage, StageRun

STAGES: tuple[Stage, ...] = (
    convert.STAGE,
    takedown.STAGE,  # before the other judges: its reason comes first
    exact.STAGE,
    cross_split.STAGE,
    contamination.STAGE,  # after it: a shared document is told of as such
    signatures.STAGE,
    near.STAGE,  # after all that remove: a keeper must not be gone
    select.STAGE,  # after the other judges: what they remove fills no cap
    tokens.STAGE,  # for assemble; its counts depend on no verdict
    assemble.STAGE,
    release.STAGE,
)

__all__ = ["STAGES", "Phase", "Stage", "StageRun"]
