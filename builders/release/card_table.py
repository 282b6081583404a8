"""Tables in Markdown, as the card has them."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NUMBER = re.compile(r"[\d,.]+%?")


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table; columns whose first value is a number stand to the right."""
    cells = [[_cell(value) for value in row] for row in rows]
    aligned = [
        "---:" if cells and _NUMBER.fullmatch(cells[0][i]) else "---" for i in range(len(header))
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in (header, aligned, *cells))


def _cell(value: object) -> str:
    text = f"{value:,}" if isinstance(value, int) else str(value)
    return text.replace("|", "\\|").replace("\n", " ")
