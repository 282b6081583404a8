"""Runs stages over units: skips what is finished, writes the rest aside, renames it into place."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Any

from medsmith.builders.digests import code_sha256, library_versions, value_sha256
from medsmith.builders.engine import Engine
from medsmith.builders.parquet import settle_process
from medsmith.builders.progress import Reporter
from medsmith.builders.stage_dir import (
    inventory,
    is_finished,
    locked,
    stage_directory,
    sweep,
    write_json,
)
from medsmith.builders.stages import STAGES
from medsmith.builders.stages.base import Phase, Stage, StageRun
from medsmith.builders.unit import Unit
from medsmith.schema import MedsmithError


@dataclass
class BuildReport:
    """Which stages ran, and which stood finished already: pairs of unit and stage."""

    ran: list[tuple[str, str]] = field(default_factory=list)
    kept: list[tuple[str, str]] = field(default_factory=list)


def build(
    units: Sequence[Unit],
    engine: Engine,
    reporter: Reporter,
    stages: Sequence[Stage] | None = None,
) -> BuildReport:
    """Bring every stage (or the first ones, as `stages`) of every unit up to date.

    Source stages of all units run together, so that many small sources fill the workers.

    Raises the first `MedsmithError`, after the stage has run for all units: what is finished stays
    and is not done again.
    """
    settle_process()
    report = BuildReport()
    homes = {unit.home for unit in units}
    homes |= {unit.home.parent / source.name for unit in units for source in unit.sources}
    with ExitStack() as stack:
        for home in sorted(homes):
            stack.enter_context(locked(home))
            sweep(home)
        keys: dict[tuple[str, str], str] = {}
        for stage in STAGES if stages is None else stages:
            scope = _source_units(units) if stage.scope == "source" else list(units)
            _run_stage(stage, scope, keys, engine, reporter, report)
    return report


def _source_units(units: Sequence[Unit]) -> list[Unit]:
    """Return one unit for each distinct source of `units`."""
    found: dict[str, Unit] = {}
    # Of recipes that share a source, one that looks for near-duplicates asks for more of it.
    for unit in sorted(units, key=lambda unit: unit.recipe.near_duplicates is None):
        for source in unit.sources:
            home = unit.home.parent / source.name
            mine = replace(unit, name=source.name, home=home, sources=(source,))
            found.setdefault(source.name, mine)
    return list(found.values())


def _run_stage(
    stage: Stage,
    units: Sequence[Unit],
    keys: dict[tuple[str, str], str],
    engine: Engine,
    reporter: Reporter,
    report: BuildReport,
) -> None:
    code = code_sha256(*stage.code)
    due: list[tuple[Unit, str, Any]] = []
    errors: list[MedsmithError] = []
    for unit in units:
        try:
            inputs = stage.inputs(unit)
        except MedsmithError as error:
            errors.append(error)
            continue
        key = value_sha256(
            {
                "stage": stage.name,
                "code": code,
                "libraries": dict(library_versions()),
                "inputs": inputs,
                "needs": _keys_needed(stage, unit, keys),
            }
        )
        keys[unit.name, stage.name] = key
        if is_finished(unit.stage(stage.name), key, stage.marker):
            report.kept.append((unit.name, stage.name))
        else:
            due.append((unit, key, inputs))
    with ExitStack() as all_runs:
        runs = [_Run.start(stage, unit, key, inputs, all_runs) for unit, key, inputs in due]
        for phase in stage.phases if runs else ():
            _run_phase(stage, phase, [run for run in runs if run.error is None], engine, reporter)
        for run in runs:
            run.finish(stage)
            if run.error is None:
                report.ran.append((run.state.unit.name, stage.name))
            else:
                errors.append(run.error)
    if errors:
        raise errors[0]


@dataclass
class _Run:
    """A stage's run over one unit, with the directory that becomes final if it succeeds."""

    state: StageRun
    inputs: Any
    directory: ExitStack
    error: MedsmithError | None = None

    @classmethod
    def start(cls, stage: Stage, unit: Unit, key: str, inputs: Any, all_runs: ExitStack) -> _Run:
        directory = all_runs.enter_context(ExitStack())
        out = directory.enter_context(stage_directory(unit.stage(stage.name)))
        return cls(StageRun(unit, out, key, {}, _judges_before(stage)), inputs, directory)

    def finish(self, stage: Stage) -> None:
        if self.error is not None:
            return
        try:
            details = stage.finish(self.state)
        except MedsmithError as error:
            self.fail(error)
            return
        if stage.marker == "stage.json":
            write_json(
                self.state.out / stage.marker,
                {
                    "stage": stage.name,
                    "unit": self.state.unit.name,
                    "build_key": self.state.build_key,
                    "inputs": self.inputs,
                    "report": details,
                    "files": inventory(self.state.out),
                },
            )
        self.directory.close()

    def fail(self, error: MedsmithError) -> None:
        self.error = error
        with suppress(MedsmithError):  # the directory's own clean-up raises it again
            self.directory.__exit__(type(error), error, error.__traceback__)


def _run_phase(
    stage: Stage, phase: Phase, runs: Sequence[_Run], engine: Engine, reporter: Reporter
) -> None:
    tasks: list[tuple[_Run, list[Any]]] = []
    for run in runs:
        try:
            tasks.append((run, list(phase.split(run.state))))
        except MedsmithError as error:
            run.fail(error)
    flat = [task for _, some in tasks for task in some]
    once = list(dict.fromkeys(flat)) if phase.shared else flat
    with reporter.phase(f"{stage.title}: {phase.name}", len(once)) as progress:
        done = engine.map(phase.work, once, progress)
    if phase.shared:
        of_task = dict(zip(once, done, strict=True))
        done = [of_task[task] for task in flat]
    results = iter(done)
    for run, some in tasks:
        found = [next(results) for _ in some]
        errors = [result for result in found if isinstance(result, MedsmithError)]
        if errors:
            run.fail(errors[0])
        else:
            run.state.results[phase.name] = found


def _judges_before(stage: Stage) -> tuple[Stage, ...]:
    """Return the stages before `stage` that judge: it can read those only."""
    before = takewhile(lambda item: item.name != stage.name, STAGES)
    return tuple(item for item in before if item.judges)


def _keys_needed(stage: Stage, unit: Unit, keys: dict[tuple[str, str], str]) -> dict[str, str]:
    needed = {}
    by_name = {item.name: item for item in STAGES}
    judges = [item.name for item in _judges_before(stage)] if stage.needs_judges else []
    for name in dict.fromkeys([*stage.needs, *judges]):
        if stage.scope == "release" and by_name[name].scope == "source":
            for source in unit.sources:
                needed[f"{source.name}/{name}"] = keys[source.name, name]
        else:
            needed[name] = keys[unit.name, name]
    return needed
