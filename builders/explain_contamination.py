"""Which benchmark items a record holds, with both texts where they are at hand."""

from __future__ import annotations

from pathlib import Path

from medsmith.builders.contamination.hits import Hit, find_hits, item_text, marked

_OPEN, _CLOSE = "⟦", "⟧"


def held_items(directory: Path, id: str) -> list[Hit]:
    """Return the contamination hits of the record `id` in a build folder or a release."""
    hits = find_hits(directory)
    return [] if hits is None else list(hits.with_texts(hits.chosen(ids=(id,))))


def told(hit: Hit) -> list[tuple[str, str]]:
    """Return what to print of a hit: pairs of a heading and a text; none without the texts."""
    found = []
    if hit.text is not None:
        before, span, after = marked(hit)
        heading = f"its {hit.row['span_field']}, with what {hit.row['benchmark']} holds too marked"
        found.append((heading, f"{before}{_OPEN}{span}{_CLOSE}{after}"))
    if hit.item is not None:
        heading = f"item {hit.row['item_id']} of {hit.row['benchmark']}"
        found.append((heading, item_text(hit.item)))
    return found
