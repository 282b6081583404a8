"""The search for pairs, step by step: each step names the pieces of work of one phase.

Marking, (exchanging,) pairing, verifying part by part and then across parts: what a step finds lies
in files of one folder, so that stages and commands run them alike, on any engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from medsmith.builders.near.banding import (
    Exchanging,
    Pairing,
    all_pairs,
    pieces_of,
    ranges_for,
)
from medsmith.builders.near.corpus import Marking, Setting, Sketched
from medsmith.builders.near.rows import within
from medsmith.builders.near.verifying import (
    VerifyingChunk,
    VerifyingPart,
    sifted,
    text_sizes,
    write_ranks,
)
from medsmith.dedup.near.arrays import between, distinct
from medsmith.dedup.near.bands import pair_rows
from medsmith.dedup.near.components import plan_chunks
from medsmith.dedup.near.local import homes_of
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

    def _compared(self) -> list[Path]:
        """Return where what all bands share of each part's rows is written."""
        return [self.folder / f"compared-{n:05d}.bin" for n in range(len(self.parts))]

    def marking(self) -> list[Marking]:
        """Name the first step, `corpus.mark_part`; raises `DataError` for too many rows."""
        if self.rows >= _MOST_ROWS:
            raise DataError(
                f"{self.rows:,} rows are more than one search can number ({_MOST_ROWS:,}).",
                "Cut them by category: nothing is compared across those.",
            )
        self.folder.mkdir(exist_ok=True)
        return [
            Marking(self.setting, part, out, compared)
            for part, out, compared in zip(self.parts, self.marks(), self._compared(), strict=True)
        ]

    def exchanging(self) -> list[Exchanging]:
        """Name the second step, `banding.exchange_part`: none where one range is enough."""
        if self.ranges == 1:
            return []
        return [
            Exchanging(self.setting, part, compared, self.ranges, self._exchanged(number))
            for number, (part, compared) in enumerate(
                zip(self.parts, self._compared(), strict=True)
            )
        ]

    def _exchanged(self, number: int) -> Path:
        return self.folder / f"entries-{number:05d}.arrow"

    def pairing(self) -> list[Pairing]:
        """Name the third step, `banding.pair_bands`."""
        if not self.parts:
            return []
        bands = self.setting.shape.bands
        if self.ranges == 1:
            compared = tuple(self._compared())
            return [
                Pairing(self.setting, self.parts, compared, own, 0, 1, (), self._pairs(own[0], 0))
                for own in pieces_of(bands)
            ]
        # Of a band whose entries were exchanged, the sketches are not looked at again.
        files = tuple(self._exchanged(n) for n in range(len(self.parts)))
        return [
            Pairing(self.setting, (), (), (band,), n, self.ranges, files, self._pairs(band, n))
            for band in range(bands)
            for n in range(self.ranges)
        ]

    def _pairs(self, band: int, number: int) -> Path:
        return self.folder / f"pairs-{band:03d}-{number:04d}.npy"

    def verifying_parts(self, paired: Sequence[Path]) -> list[VerifyingPart]:
        """Merge the pairs, tell where each is compared; name the fourth step, `verify_part`."""
        pairs = sifted(self.setting, self.parts, all_pairs(paired))
        rows = distinct(np.concatenate(pair_rows(pairs)))
        write_ranks(self.setting, self.parts, rows, self.ranks)
        sizes = text_sizes(self.parts)
        firsts = np.array([part.part.first for part in self.parts], np.int64)
        homes = homes_of(pairs, firsts, sizes)
        order = np.argsort(homes, kind="stable")
        pairs, homes = pairs[order], homes[order]
        plan = plan_chunks(pairs[between(homes, -1, 0)], sizes)
        np.save(self.folder / "pairs.npy", plan.pairs)
        np.save(self.folder / "starts.npy", plan.starts)
        path, far = self.folder / "rows.npy", distinct(np.concatenate(pair_rows(plan.pairs)))
        np.save(path, far)
        for done in (*paired, *self.folder.glob("entries-*.arrow")):
            done.unlink(missing_ok=True)
        jobs = []
        for number, part in enumerate(self.parts):
            own, texts = pairs[between(homes, number, number + 1)], self._texts(number)
            if len(own) or len(within(far, part.part)):
                edges = self.folder / f"edges-of-part-{number:05d}.arrow"
                jobs.append(VerifyingPart(self.setting, part, own, path, self.ranks, edges, texts))
        return jobs

    def _texts(self, number: int) -> Path:
        return self.folder / f"texts-{number:05d}.arrow"

    def verifying_chunks(self) -> list[VerifyingChunk]:
        """Name the last step, `verify_chunk`: for pairs whose rows lie in different parts."""
        pairs, starts = np.load(self.folder / "pairs.npy"), np.load(self.folder / "starts.npy")
        texts = tuple(filter(Path.exists, map(self._texts, range(len(self.parts)))))
        return [
            VerifyingChunk(
                self.setting,
                pairs[starts[chunk] : starts[chunk + 1]],
                self.ranks,
                texts,
                self.folder / f"edges-{chunk:05d}.arrow",
            )
            for chunk in range(len(starts) - 1)
        ]
