"""Tables in Markdown, as the card has them."""

from __future__ import annotations

from collections.abc import Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table; columns whose first value is an integer stand to the right."""

    def cell(value: object) -> str:
        text = f"{value:,}" if isinstance(value, int) else str(value)
        return text.replace("|", "\\|").replace("\n", " ")

    aligned = [
        "---:" if rows and isinstance(rows[0][i], int) else "---" for i in range(len(header))
    ]
    lines = [header, aligned, *([cell(value) for value in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
