"""Engines: where the pure functions of a stage run. Here this process, or a pool of spawned ones.

An engine only decides where work runs, never what comes out: results arrive in the order of the
tasks, and each task writes its own files.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from typing import Any, Literal, Protocol, TypeVar

from medsmith.builders.parquet import settle_process
from medsmith.schema import DataError, MedsmithError

A = TypeVar("A")
R = TypeVar("R")
EngineKind = Literal["local", "ray"]
Progress = Callable[[int, int], None]  # tasks finished, rows seen since the last call

_POLL_SECONDS = 0.1
_rows_seen: Callable[[int], None] = lambda rows: None  # noqa: E731


def report_rows(rows: int) -> None:
    """Tell the progress display that this task has gone through `rows` more rows."""
    _rows_seen(rows)


@contextmanager
def rows_told_to(listener: Callable[[int], None]) -> Iterator[None]:
    """Hand what tasks of this process tell with `report_rows` to `listener`, for a while."""
    global _rows_seen  # noqa: PLW0603 - a task knows nothing of its engine
    before = _rows_seen
    _rows_seen = listener
    try:
        yield
    finally:
        _rows_seen = before


class Engine(Protocol):
    """Runs a top-level function over tasks."""

    def map(
        self, work: Callable[[A], R], tasks: Sequence[A], progress: Progress | None = None
    ) -> list[R | MedsmithError]:
        """Return `work` of each task, in the order of `tasks`.

        A task that fails with a `MedsmithError` gives that error as its result, so that the
        others are not lost with it; any other exception is raised.
        """

    def close(self) -> None:
        """Give back what the engine holds."""


class InlineEngine:
    """One worker: this process."""

    def map(
        self, work: Callable[[A], R], tasks: Sequence[A], progress: Progress | None = None
    ) -> list[R | MedsmithError]:
        """Run the tasks one after the other (see `Engine`)."""
        results: list[R | MedsmithError] = []
        with rows_told_to(lambda rows: None if progress is None else progress(0, rows)):
            for task in tasks:
                results.append(attempt(work, task))
                if progress is not None:
                    progress(1, 0)
        return results

    def close(self) -> None:
        """Nothing is held."""


class PoolEngine:
    """Several workers: a pool of spawned processes, started at the first use."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._context = multiprocessing.get_context("spawn")
        self._rows = self._context.Value("Q", 0)
        self._pool: ProcessPoolExecutor | None = None
        self._processes: set[BaseProcess] = set()

    def map(
        self, work: Callable[[A], R], tasks: Sequence[A], progress: Progress | None = None
    ) -> list[R | MedsmithError]:
        """Spread the tasks over the workers (see `Engine`).

        Raises `DataError` where a worker was killed, most often for want of memory.
        """
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self.workers, self._context, _start_worker, (self._rows, os.getpid())
            )
        # Read without its lock: a worker that was killed may hold that for ever.
        seen = self._rows.get_obj().value
        others = set(multiprocessing.active_children())
        with _interrupts_held_back():
            futures = [self._pool.submit(attempt, work, task) for task in tasks]
        self._processes |= set(multiprocessing.active_children()) - others
        waiting: set[Future[R | MedsmithError]] = set(futures)
        try:
            while waiting:
                done, waiting = wait(waiting, _POLL_SECONDS, return_when=FIRST_COMPLETED)
                now = self._rows.get_obj().value
                if progress is not None:
                    progress(len(done), now - seen)
                seen = now
                for future in done:
                    future.result()
            return [future.result() for future in futures]
        except BrokenProcessPool:
            self._pool = None
            self._rows = self._context.Value("Q", 0)
            raise DataError(
                "A worker process was killed, most likely for want of memory.",
                "Run again with fewer --workers; what is finished is kept.",
            ) from None
        except Exception:
            for future in futures:
                future.cancel()
            raise
        except BaseException:  # interrupted: to wait for what is running could take hours
            for process in self._processes:
                process.terminate()
            raise

    def close(self) -> None:
        """Stop the workers."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Hold back Ctrl-C meanwhile; processes started meanwhile never get it at all.

    A terminal sends it to every process, but only the build itself should answer.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def attempt(work: Callable[[A], R], task: A) -> R | MedsmithError:
    """Return what `work` makes of a task, or the `MedsmithError` that it raised."""
    try:
        return work(task)
    except MedsmithError as error:
        return error


def _start_worker(rows: Any, parent: int) -> None:
    global _rows_seen  # noqa: PLW0603 - once per worker process

    def add(count: int) -> None:
        with rows.get_lock():
            rows.value += count

    _rows_seen = add
    settle_process()
    threading.Thread(target=_die_with, args=(parent,), daemon=True).start()


def _die_with(parent: int) -> None:
    """End this worker when the build was killed: it must not go on writing on its own."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def default_workers() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def make_engine(workers: int, kind: EngineKind = "local") -> Engine:
    """Return an engine with `workers` workers; raises `UserError` where Ray is not installed."""
    if kind == "ray":
        from medsmith.builders.ray_engine import RayEngine  # noqa: PLC0415 - it imports this

        return RayEngine(workers)
    return InlineEngine() if workers == 1 else PoolEngine(workers)
