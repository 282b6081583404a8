"""The wipe-out guard: a build stops before near-duplicates empty a source or a task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from medsmith.schema import DataError

_CLUSTERS = 3


@dataclass(frozen=True)
class Tally:
    """What a source or a task loses: `removed` of `total` rows, where `limit` is the largest share.

    `clusters` are its largest clusters: the keeper's id and the number of instances.
    """

    kind: Literal["source", "task"]
    name: str
    removed: int
    total: int
    limit: float
    clusters: tuple[tuple[str, int], ...] = ()

    @property
    def share(self) -> float:
        """The share that is removed."""
        return self.removed / self.total if self.total else 0.0


def stop_wipe_out(tallies: Sequence[Tally]) -> None:
    """Raise `DataError` if any source or task loses more than its limit.

    The message gives shares, counts and ids, never text: some may not leave the machine.
    """
    over = [tally for tally in tallies if tally.share > tally.limit]
    if not over:
        return
    over.sort(key=lambda tally: (-tally.share, tally.kind, tally.name))
    told = "; ".join(_told(tally) for tally in over)
    names = ", ".join(dict.fromkeys(tally.name for tally in over))
    raise DataError(
        f"Too much would go as near-duplicates: {told}.",
        "Look at these clusters with `medsmith explain` and at the thresholds with "
        f"`medsmith dedup --preview`. If all this should go, write it down for {names}: "
        "`dedup: {max_removed: …}` of the task in its source manifest, "
        "`near_duplicates: {max_removed: …}` in the recipe, or --max-removed. If it should "
        "stay, the task's `dedup: {scope: none}` leaves it out.",
    )


def _told(tally: Tally) -> str:
    largest = ", ".join(f"{id} ({size:,})" for id, size in tally.clusters[:_CLUSTERS])
    clusters = f"; largest clusters: {largest}" if largest else ""
    return (
        f"{tally.share:.0%} of {tally.kind} {tally.name} ({tally.removed:,} of {tally.total:,}, "
        f"at most {tally.limit:.0%} may{clusters})"
    )
