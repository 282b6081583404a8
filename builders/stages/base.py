"""What a stage is: declared tables, a build key, and phases of pure functions over tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
from medsmith.builders.unit import Unit


@dataclass(frozen=True)
class StageRun:
    """One run of a stage over one unit: where to write, and what the phases found so far.

    `judges` are the registered stages before this one that give verdicts or attributes.
    """

    unit: Unit
    out: Path
    build_key: str
    results: dict[str, list[Any]]
    judges: tuple[Stage, ...]


@dataclass(frozen=True)
class Phase:
    """Work that an engine spreads: `split` names the tasks, `work` does one of them.

    `work` must be a top-level function of picklable arguments; it writes files of its own under
    the stage's directory and returns a small picklable result. Where tasks are `shared`, those of
    several units that are equal are one task, whose result all of them get; they must be hashable.
    """

    name: str
    split: Callable[[StageRun], Sequence[Any]]
    work: Callable[[Any], Any]
    shared: bool = False


@dataclass(frozen=True)
class Stage:
    """A registered stage of the pipeline.

    Attributes
    ----------
    name:
        Also the name of its directory.
    scope:
        `source`: runs once for each source; `release`: once for the whole release.
    needs:
        Stages whose directories it reads; their build keys enter its own.
    needs_judges:
        Whether it also reads every stage before it that has removals or evidence.
    code:
        Packages and modules whose digest enters the build key (see `digests.code_sha256`).
    title:
        What the progress bar says.
    phases:
        Run one after the other; all units of a phase are spread together.
    finish:
        Joins the phases' results into the stage's final files and returns its report.
    inputs:
        Whatever else decides the result: raw files, manifests, parameters; plain JSON.
    removals:
        For stages that judge: reads the finished directory as a table of `arrow.REMOVALS`.
        `assemble` applies the removals of every registered stage.
    evidence:
        Tables of the finished directory that a release shows, as `<name>.parquet`.
    marker:
        The file that holds the build key and the inventory.
    """

    name: str
    scope: Literal["source", "release"]
    needs: tuple[str, ...]
    code: tuple[str, ...]
    title: str
    phases: tuple[Phase, ...]
    finish: Callable[[StageRun], dict[str, Any]]
    inputs: Callable[[Unit], Any]
    removals: Callable[[Path], pa.Table] | None = None
    evidence: tuple[str, ...] = ()
    marker: str = "stage.json"
    needs_judges: bool = False

    @property
    def judges(self) -> bool:
        """Whether the stage gives verdicts or attributes on instances."""
        return self.removals is not None or bool(self.evidence)

    def home(self, unit: Unit, source: str) -> Path:
        """Return this stage's directory for one source of `unit`."""
        return (
            unit.source_stage(source, self.name)
            if self.scope == "source"
            else (unit.stage(self.name))
        )
