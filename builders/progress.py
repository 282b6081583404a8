"""Progress bars on a terminal, with counts and rate; silence in a pipe."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from medsmith.builders.engine import Progress as OnProgress
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text


class _RowsColumn(ProgressColumn):
    """Rows (or bytes) gone through so far, and how many a second."""

    def render(self, task: Task) -> Text:
        """Return the column's text for `task`."""
        rows = int(task.fields.get("rows", 0))
        if not rows:
            return Text("")
        elapsed = task.elapsed or 0
        if task.fields.get("unit") == "bytes":
            rate = f" ({rows / elapsed / 1e6:,.1f} MB/s)" if elapsed > 0.5 else ""
            return Text(f"{rows / 1e6:,.1f} MB{rate}")
        rate = f" ({rows / elapsed:,.0f}/s)" if elapsed > 0.5 else ""
        return Text(f"{rows:,} rows{rate}")


class Reporter:
    """Shows the phases of a build as they run, on stderr, if it is a terminal."""

    def __init__(self, enabled: bool | None = None) -> None:
        self.console = Console(stderr=True)
        self.enabled = self.console.is_terminal if enabled is None else enabled

    @contextmanager
    def phase(
        self, title: str, tasks: int, unit: Literal["rows", "bytes"] = "rows"
    ) -> Iterator[OnProgress | None]:
        """Show a bar over `tasks` tasks; yields what an engine calls as it goes.

        `unit` says what tasks tell with `engine.report_rows`.
        """
        if not self.enabled:
            yield None
            return
        with Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _RowsColumn(),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
        ) as display:
            bar = display.add_task(title, total=tasks, rows=0, unit=unit)
            total = 0

            def advance(finished: int, rows: int) -> None:
                nonlocal total
                total += rows
                display.update(bar, advance=finished, rows=total)

            yield advance

    def say(self, message: str) -> None:
        """Print a line for the person watching."""
        self.console.print(message, highlight=False, soft_wrap=not self.console.is_terminal)
