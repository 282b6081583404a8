"""Invented rows among which near-duplicates are planted."""

from __future__ import annotations

import random
from typing import Any

import pytest

WORDS = [f"{a}{b}{c}" for a in "bdfklmnprst" for b in "aeiou" for c in ("r", "l", "n", "st", "m")]


def sentence(chance: random.Random, words: int) -> str:
    return " ".join(chance.choices(WORDS, k=words))


def planted_rows(count: int = 120, seed: int = 3) -> list[dict[str, Any]]:
    """Rows with ids: `n` plain, `n-copy` one word changed, `n-other` another answer."""
    chance = random.Random(seed)
    rows = []
    for n in range(count):
        asked, answer = sentence(chance, 60), sentence(chance, 30)
        rows.append({"id": f"{n}", "input": asked, "output": answer, "kind": "ab"[n % 2]})
        if n % 10 == 0:
            words = asked.upper().split()
            words[30] = "changed"
            rows.append({**rows[-1], "id": f"{n}-copy", "input": " ".join(words)})
        if n % 15 == 7:
            rows.append({**rows[-1], "id": f"{n}-other", "output": sentence(chance, 30)})
    chance.shuffle(rows)
    return rows


@pytest.fixture
def planted() -> list[dict[str, Any]]:
    return planted_rows()
