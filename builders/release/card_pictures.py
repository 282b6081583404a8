"""The card's pictures and the table of lengths: made from the manifest, like the rest of it."""

from __future__ import annotations

from typing import Any

from medsmith.builders.release import figures
from medsmith.builders.release.card_table import table
from medsmith.builders.release.lengths import MEASURES

_FIGURES = ("n", "mean", "p50", "p90", "p99", "max")


def source_picture(manifest: dict[str, Any]) -> list[str]:
    """Return the card's block that shows the picture of sources and categories."""
    if figures.SOURCES not in manifest["files"]:
        return []
    return [f"![Instances by source and category; the tables hold the numbers]({figures.SOURCES})"]


def length_blocks(manifest: dict[str, Any]) -> list[str]:
    """Return the card's blocks on lengths: heading, picture, table; none where none are known."""
    measured = manifest.get("lengths", {})
    if not measured:
        return []
    picture = (
        [f"![Histograms of the lengths; the table holds the numbers]({figures.LENGTHS})"]
        if figures.LENGTHS in manifest["files"]
        else []
    )
    # Where tokens have a part of their own, they need not stand here as well.
    names = [name for name in MEASURES if name != "tokens" or manifest.get("tokens") is None]
    shown = {
        source: {name: by_name[name] for name in names if name in by_name}
        for source, by_name in measured.items()
    }
    reading = _reading(measured, told_below=manifest.get("tokens") is not None)
    return ["## How long the texts are", *picture, _table(shown), reading]


def _table(measured: dict[str, Any]) -> str:
    rows = [
        [
            f"`{source}`",
            "whole samples, tokens" if name == "tokens" else f"{name}, characters",
            *(f"{found[figure]:,}" for figure in _FIGURES),
        ]
        for source, by_name in measured.items()
        for name, found in by_name.items()
    ]
    header = ["source", "length of", "count", "mean", "median", "90 %", "99 %", "longest"]
    return table(header, rows)


def _reading(measured: dict[str, Any], *, told_below: bool) -> str:
    text = "Characters are counted once an instance, however many instructions it meets"
    if told_below:
        return f"{text}; tokens stand below."
    if any("tokens" in by_name for by_name in measured.values()):
        return f"{text}; tokens once a sample, its instruction among them."
    return f"{text}. Tokens were not counted."
