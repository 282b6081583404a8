"""What stand-alone commands share: work spread over an engine, and the folder of results."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeVar

from medsmith.builders.engine import Engine
from medsmith.builders.progress import Reporter
from medsmith.builders.stage_dir import stage_directory
from medsmith.schema import MedsmithError, UserError

A = TypeVar("A")
R = TypeVar("R")
MADE_BY = "made_by"  # in the report of every results folder: the command's name


def spread(
    engine: Engine,
    reporter: Reporter,
    title: str,
    work: Callable[[A], R],
    tasks: Sequence[A],
    unit: Literal["rows", "bytes"] = "rows",
) -> list[R]:
    """Return `work` of each task, with a progress bar; raises the first `MedsmithError`.

    `unit` says what the tasks tell with `engine.report_rows`.
    """
    with reporter.phase(title, len(tasks), unit) as progress:
        results = engine.map(work, tasks, progress)
    done = []
    for result in results:
        if isinstance(result, MedsmithError):
            raise result
        done.append(result)
    return done


@contextmanager
def result_folder(out: Path, report: str = "report.json") -> Iterator[Path]:
    """Give a fresh folder that takes the place of `out` at the end.

    Whoever writes into it leaves a JSON object `report` with `made_by`: such a folder may be
    replaced by the next run. Raises `UserError` where something else stands in `out`.
    """
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file.", "Name a folder with --out.")
    if out.exists() and any(out.iterdir()) and not _is_ours(out / report):
        raise UserError(
            f"{out} is not empty, and is no earlier result.", "Name a new folder with --out."
        )
    with stage_directory(out.absolute()) as folder:
        yield folder


def _is_ours(report: Path) -> bool:
    try:
        value = json.loads(report.read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(value, dict) and MADE_BY in value
