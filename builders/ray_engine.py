"""An engine on Ray: the same tasks, on this machine's cores or a cluster's.

Tasks exchange files, so a cluster needs a file system that all its machines see (docs/scaling.md).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

from medsmith.builders import engine
from medsmith.builders.parquet import settle_process
from medsmith.schema import DataError, MedsmithError, UserError

A = TypeVar("A")
R = TypeVar("R")

_POLL_SECONDS = 0.2


class RayEngine:
    """Several workers: tasks of Ray, on the cluster of $RAY_ADDRESS or one started here.

    Ray itself starts a task again whose worker was lost; tasks write whole files of their own, so
    that a second try leaves the same.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._ray = _import_ray()
        self._started = False

    def map(
        self, work: Callable[[A], R], tasks: Sequence[A], progress: engine.Progress | None = None
    ) -> list[R | MedsmithError]:
        """Spread the tasks over the cluster (see `engine.Engine`).

        Raises `DataError` where a worker was lost again and again, most often for want of memory.
        """
        self._start()
        ray = self._ray
        remote = ray.remote(num_cpus=1)(_attempt)
        refs = [remote.remote(work, task) for task in tasks]
        waiting = list(refs)
        try:
            while waiting:
                done, waiting = ray.wait(waiting, num_returns=len(waiting), timeout=_POLL_SECONDS)
                for ref in done:
                    _, rows = ray.get(ref)
                    if progress is not None:
                        progress(1, rows)
            return [result for result, _ in ray.get(refs)]
        except ray.exceptions.RayTaskError as error:
            raise error.cause if isinstance(error.cause, Exception) else error from None
        except ray.exceptions.RayError as error:
            raise DataError(
                f"A worker on Ray was lost ({type(error).__name__}), most likely for want of "
                "memory.",
                "Run again with fewer --workers or larger machines; what is finished is kept.",
            ) from None
        finally:
            for ref in waiting:
                ray.cancel(ref, force=True)

    def _start(self) -> None:
        if self._started or self._ray.is_initialized():
            return
        quiet = {"logging_level": "ERROR", "log_to_driver": False, "configure_logging": False}
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        if os.environ.get("RAY_ADDRESS"):
            self._ray.init(**quiet)
        else:
            self._ray.init(address="local", num_cpus=self.workers, include_dashboard=False, **quiet)
        self._started = True

    def close(self) -> None:
        """Leave the cluster; one that was started here ends."""
        if self._started:
            self._ray.shutdown()
            self._started = False


def _import_ray() -> Any:
    try:
        import ray  # noqa: PLC0415 - an extra, and slow to import
    except ImportError:
        raise UserError(
            "Ray is not installed.", "Install it (pip install 'medsmith[ray]'), or leave --engine."
        ) from None
    return ray


def _attempt(work: Callable[[A], R], task: A) -> tuple[R | MedsmithError, int]:
    """Do one task; return its result and how many rows it told of."""
    _settle()
    rows = 0

    def count(more: int) -> None:
        nonlocal rows
        rows += more

    with engine.rows_told_to(count):
        return engine.attempt(work, task), rows


@cache
def _settle() -> None:
    settle_process()
