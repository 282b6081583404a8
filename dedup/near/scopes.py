"""Which pairs are compared at all: the scope of each task, as numbers for the kernels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal

import numpy as np

Numbers = np.ndarray[Any, Any]
Policy = Literal["task", "category", "source", "none"]


@dataclass(frozen=True)
class TaskScope:
    """A task and what its instances are compared with.

    `task` (the default): instances of the same task, and those of other sources in the same
    category. `category`: also other tasks of the source in that category. `source`: everything
    of the same source, and nothing else. `none`: nothing.
    """

    source: str
    task: str
    category: str
    policy: Policy = "task"


@dataclass(frozen=True)
class Scopes:
    """For each row: pairs meet within a `family`, those of one `source` only within a `group`.

    `families` (uint64) are the same in every run; `sources` and `groups` (uint32) number what this
    run holds. Rows that are not `compared` are in no pair.
    """

    families: Numbers
    sources: Numbers
    groups: Numbers
    compared: Numbers

    def take(self, rows: Numbers) -> Scopes:
        """Return the scopes of `rows`, in their order; a row may be taken more than once."""
        return Scopes(
            self.families[rows], self.sources[rows], self.groups[rows], self.compared[rows]
        )

    def meet(self, a: Numbers, b: Numbers) -> Numbers:
        """Return whether the rows `a[i]` and `b[i]` may be compared (bool)."""
        inside = (self.sources[a] != self.sources[b]) | (self.groups[a] == self.groups[b])
        compared = self.compared[a] & self.compared[b]
        return np.asarray(compared & inside & (self.families[a] == self.families[b]))


def scopes_of(tasks: Sequence[TaskScope]) -> Scopes:
    """Return one row of scopes for each of `tasks`; instances take theirs by task number."""
    families, groups = [], []
    for task in tasks:
        whole = task.policy == "source"
        families.append(text_bits("source" if whole else "category", _family(task)))
        groups.append(
            {"task": ("task", task.task), "category": ("category", task.category)}.get(
                task.policy, ("all", "")
            )
        )
    sources = _numbered([task.source for task in tasks])
    return Scopes(
        np.array(families, np.uint64),
        sources,
        _numbered(list(zip([task.source for task in tasks], groups, strict=True))),
        np.array([task.policy != "none" for task in tasks], np.bool_),
    )


def _family(task: TaskScope) -> str:
    return task.source if task.policy == "source" else task.category


def _numbered(keys: Sequence[Any]) -> Numbers:
    numbers = {key: number for number, key in enumerate(sorted(set(keys)))}
    return np.array([numbers[key] for key in keys], np.uint32)


def text_bits(*texts: str) -> int:
    """Return 64 bits that stand for `texts`, the same on every machine."""
    joined = "\x1f".join(texts).encode()
    return int.from_bytes(blake2b(joined, digest_size=8).digest(), "little")
