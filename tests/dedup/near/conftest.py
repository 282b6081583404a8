from __future__ import annotations

import random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest


class Invented:
    """Invented texts: words without meaning, so that similarity is what the test says it is."""

    def text(self, seed: int, count: int = 60) -> str:
        draw = random.Random(seed)
        return " ".join(f"w{draw.randrange(2000)}" for _ in range(count))

    def edited(self, original: str, edits: int, seed: int = 0, word: str = "edit") -> str:
        """Exchange so many words, far from each other."""
        parts = original.split()
        step = len(parts) // max(edits, 1)
        first = random.Random(seed).randrange(step)
        for number in range(edits):
            parts[first + number * step] = f"{word}{number}"
        return " ".join(parts)

    def jaccard(self, a: str, b: str, window: int = 5) -> float:
        """Resemblance of two texts of plain words, the slow way."""
        one, other = (
            {tuple(parts[n : n + window]) for n in range(len(parts) - window + 1)}
            for parts in (a.split(), b.split())
        )
        return len(one & other) / len(one | other)

    def table(self, inputs: list[str], outputs: list[str] | None = None, **more: Any) -> pa.Table:
        """Rows i0000, i0001, …"""
        return pa.table(
            {
                "id": [f"i{n:04}" for n in range(len(inputs))],
                "input": pa.array(inputs, pa.string()),
                "output": pa.array(outputs or ["yes"] * len(inputs), pa.string()),
                **more,
            }
        )

    def edges(self, *pairs: tuple[int, int, float]) -> Any:
        """Edges between row numbers, of these similarities of inputs and equal outputs."""
        from medsmith.dedup.near.edges import Edges

        similar = np.array([pair[2] for pair in pairs], np.float64)
        return Edges(
            np.array([min(pair[:2]) for pair in pairs], np.uint32),
            np.array([max(pair[:2]) for pair in pairs], np.uint32),
            similar,
            np.ones(len(pairs)),
            similar,
            np.ones(len(pairs), np.bool_),
        )


@pytest.fixture(scope="session")
def invented() -> Invented:
    return Invented()


def gone(result: Any) -> dict[str, str]:
    table = result.duplicates
    return dict(zip(table["dropped_id"].to_pylist(), table["kept_id"].to_pylist(), strict=True))


@pytest.fixture(scope="session", name="gone")
def _gone() -> Any:
    """Give dropped id → kept id of a result."""
    return gone
