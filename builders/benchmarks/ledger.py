"""What became of the records of a benchmark: none disappears."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class ItemLedger:
    """Counts of one pass over a benchmark: read = items + rejected + skipped.

    `rejected` and `skipped` count records by reason. `unresolved` counts items whose answer names
    none of their options, so that they carry no answer.
    """

    read: int = 0
    items: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    unresolved: int = 0

    @property
    def adds_up(self) -> bool:
        """Whether every record read is accounted for."""
        return self.read == self.items + self.rejected.total() + self.skipped.total()

    def to_json(self) -> dict[str, Any]:
        """Return the counts as plain JSON values, reasons sorted."""
        return {
            "read": self.read,
            "items": self.items,
            "rejected": dict(sorted(self.rejected.items())),
            "skipped": dict(sorted(self.skipped.items())),
            "unresolved_answers": self.unresolved,
        }
