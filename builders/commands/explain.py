"""`medsmith explain`: one record, from its raw file to its fate."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from medsmith.builders.commands import options
from medsmith.builders.explain import explain, in_clusters, other_copy, text_diff
from medsmith.builders.explain_contamination import held_items, told

_WIDTH = 1_000
_HITS = 3


@click.command("explain")
@click.argument("directory", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("id")
@options.as_json
def command(directory: Path, id: str, as_json: bool) -> None:
    """Tell everything about the record ID in DIRECTORY (a release, or the build folder around it).

    ID is an instance's id, or the locator of a raw record that was rejected. Removed records are
    explained too: what removed them, and how they differ from the copy that stayed.

    \b
    medsmith explain build/pubmedqa pubmedqa-0a1b2c3d4e5f60718293
    medsmith explain build/pubmedqa 'data/ori_pqal.json#/12345678'
    """
    found = explain(directory, id)
    if as_json:
        options.print_json(asdict(found))
        return
    _line("id", found.id)
    _line("fate", found.fate)
    if found.instance:
        for name in ("source", "task", "split", "group", "locator", "metadata"):
            _line(name, found.instance[name])
        for name in ("input", "output"):
            _text(name, found.instance[name])
        for name in ("references", "choices"):
            if found.instance[name]:
                _text(name, "\n".join(found.instance[name]))
    for sample in found.samples:
        _line("instruction", f"{sample['instruction']}  ({sample['instruction_id']})")
    if found.samples and not found.instance:
        for name in ("source", "task", "split", "input", "output"):
            _text(name, str(found.samples[0][name]))
    for table, rows in found.verdicts.items():
        for row in rows:
            _line(f"verdict ({table})", _short(row))
    for line in in_clusters(id, found.verdicts.get("duplicates", [])):
        _line(*line)
    for row in found.verdicts.get("duplicates", []):
        copy = other_copy(directory, row["kept_id"] if row["dropped_id"] == id else None)
        if copy and found.instance:
            _line("the copy that stayed", f"{copy['id']} from {copy['locator']}")
            _text("word diff of input", text_diff(found.instance["input"], copy["input"]))
            _text("word diff of output", text_diff(found.instance["output"], copy["output"]))
    hits = held_items(directory, id)
    for hit in hits[:_HITS]:
        for heading, text in told(hit):
            _text(heading, text)
    if len(hits) > _HITS:
        _line("further hits", f"{len(hits) - _HITS} (medsmith review shows all)")
    for row in found.reject:
        _line("rejected", f"{row['code']}: {row['message']}" + _field(row))
        if row.get("raw"):
            _text("as read", row["raw"])


def _field(row: dict[str, Any]) -> str:
    return f" (field `{row['field']}`)" if row["field"] else ""


def _short(row: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in row.items() if value not in ("", []))


def _line(name: str, value: object) -> None:
    click.echo(f"{click.style(name, bold=True)}: {value}")


def _text(name: str, text: str) -> None:
    shown = text if len(text) <= _WIDTH else f"{text[:_WIDTH]} … ({len(text):,} characters)"
    click.echo(f"{click.style(name, bold=True)}:")
    click.echo("\n".join(f"    {line}" for line in shown.splitlines()))
