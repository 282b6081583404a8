"""The search for pairs, step by step: each step names the pieces of work of one phase.

Marking, (exchanging,) pairing, gathering, verifying: what a step finds lies in files of one folder,
so that stages and commands run them alike, on any engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from medsmith.builders.near.banding import Exchanging, Pairing, all_pairs, ranges_for
from medsmith.builders.near.corpus import Marking, Setting, Sketched
from medsmith.builders.near.verifying import Gathering, Verifying, plan_pairs, write_ranks
from medsmith.dedup.near.arrays import distinct
from medsmith.dedup.near.bands import pair_rows
from medsmith.schema import DataError

_MOST_ROWS = 2**32  # row numbers have 32 bits


@dataclass(frozen=True)
class Search:
    """A search over sketched parts, in the order of their rows; its files lie in `folder`."""

    setting: Setting
    parts: tuple[Sketched, ...]
    folder: Path

    @property
    def rows(self) -> int:
        """The number of rows, with those that take no part."""
        return sum(part.part.rows for part in self.parts)

    @property
    def ranges(self) -> int:
        """Into how many ranges the keys of a band are cut."""
        return ranges_for(self.rows)

    @property
    def ranks(self) -> Path:
        """Where the ranks of rows are written."""
        return self.folder / "ranks.npy"

    def marks(self) -> list[Path]:
        """Return where it is written which rows of each part take part."""
        return [self.folder / f"there-{n:05d}.npy" for n in range(len(self.parts))]

    def marking(self) -> list[Marking]:
        """Name the first step, `corpus.mark_part`; raises `DataError` for too many rows."""
        if self.rows >= _MOST_ROWS:
            raise DataError(
                f"{self.rows:,} rows are more than one search can number ({_MOST_ROWS:,}).",
                "Cut them by category: nothing is compared across those.",
            )
        self.folder.mkdir(exist_ok=True)
        return [Marking(p, out) for p, out in zip(self.parts, self.marks(), strict=True)]

    def exchanging(self) -> list[Exchanging]:
        """Name the second step, `banding.exchange_part`: none where one range is enough."""
        if self.ranges == 1:
            return []
        return [
            Exchanging(self.setting, part, marks, self.ranges, self._exchanged(number))
            for number, (part, marks) in enumerate(zip(self.parts, self.marks(), strict=True))
        ]

    def _exchanged(self, number: int) -> Path:
        return self.folder / f"entries-{number:05d}.arrow"

    def pairing(self) -> list[Pairing]:
        """Name the third step, `banding.pair_band`."""
        marks = tuple(self.marks())
        files = tuple(self._exchanged(n) for n in range(len(self.parts))) if self.ranges > 1 else ()
        bands = range(self.setting.shape.bands) if self.parts else ()
        # Of a band whose entries were exchanged, the sketches are not looked at again.
        parts, marks = ((), ()) if files else (self.parts, marks)
        return [
            Pairing(
                self.setting,
                parts,
                band,
                number,
                self.ranges,
                marks,
                files,
                self.folder / f"pairs-{band:03d}-{number:04d}.npy",
            )
            for band in bands
            for number in range(self.ranges)
        ]

    def gathering(self, paired: Sequence[Path]) -> list[Gathering]:
        """Merge the pairs, cut them into chunks; name the fourth step, `verifying.gather_part`."""
        plan = plan_pairs(self.parts, all_pairs(paired))
        rows = distinct(np.concatenate(pair_rows(plan.pairs)))
        write_ranks(self.setting, self.parts, rows, self.ranks)
        np.save(self.folder / "pairs.npy", plan.pairs)
        np.save(self.folder / "starts.npy", plan.starts)
        path = self.folder / "rows.npy"
        np.save(path, rows)
        for done in (*paired, *self.folder.glob("entries-*.arrow")):
            done.unlink(missing_ok=True)
        if not len(rows):
            return []
        return [
            Gathering(self.setting, part, path, self.folder / f"texts-{number:05d}.arrow")
            for number, part in enumerate(self.parts)
        ]

    def verifying(self, gathered: Sequence[Path]) -> list[Verifying]:
        """Name the last step, `verifying.verify_chunk`."""
        pairs, starts = np.load(self.folder / "pairs.npy"), np.load(self.folder / "starts.npy")
        return [
            Verifying(
                self.setting,
                pairs[starts[chunk] : starts[chunk + 1]],
                self.ranks,
                tuple(gathered),
                self.folder / f"edges-{chunk:05d}.arrow",
            )
            for chunk in range(len(starts) - 1)
        ]
