"""`medsmith benchmarks`: the evaluation sets that training data must not hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from medsmith.builders.benchmarks import BenchmarkHome, ItemSet, Presence, load_benchmark
from medsmith.builders.commands import options
from medsmith.builders.commands.self_test import run_self_test
from medsmith.builders.resolve import RawHome
from medsmith.dedup.contamination.items import Item
from medsmith.manifests import BenchmarkManifest, Catalogue
from medsmith.schema import AccessTier, MedsmithError, UserError

_SHOWN_CHARACTERS = 600


@click.command("benchmarks")
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@options.raw
@options.benchmarks
@click.option(
    "--show",
    type=click.IntRange(min=1),
    help="Print the first N items of each KEY; open benchmarks only.",
    metavar="N",
)
@click.option(
    "--self-test",
    is_flag=True,
    help="Hide items of each KEY, or of all that are present, in invented texts, in eleven guises, "
    "and tell how many are found.",
)
@click.option(
    "--rows",
    type=click.IntRange(min=1),
    default=20_000,
    show_default=True,
    help="Invented texts without any item among which --self-test hides them.",
)
@options.as_json
def command(
    keys: tuple[str, ...],
    raw: Path | None,
    benchmarks: Path | None,
    show: int | None,
    self_test: bool,
    rows: int,
    as_json: bool,
) -> None:
    """List the benchmarks that are kept out of training data, or tell all about KEY.

    Their files are looked for in one folder each, beside the raw folder: where that is
    ~/corpora/raw, MedQA's are in ~/corpora/benchmarks/medqa. Test splits of sources are read from
    the raw folder too. No text of items is shown, unless --show asks for it.

    \b
    medsmith benchmarks                            which are registered, which are present
    medsmith benchmarks --benchmarks ~/evaluations
    medsmith benchmarks medqa                      what it is, how to get it, what was read
    medsmith benchmarks mirage --show 3            the first three items
    medsmith benchmarks mirage --self-test         recall by guise, and false alarms
    """
    home = BenchmarkHome.find(benchmarks, RawHome.find(raw))
    if self_test:
        run_self_test(keys, home, rows, as_json)
        return
    if not keys:
        if show is not None:
            raise click.UsageError("--show needs the KEY of a benchmark.")
        _list_all(home, as_json)
        return
    found = [_Found.look(Catalogue.bundled().benchmark(key), home) for key in keys]
    shown = [_first_items(each, show) for each in found] if show is not None else []
    if as_json:
        printed = [each.details(home) for each in found]
        for entry, items in zip(printed, shown, strict=False):
            entry["shown"] = [_item_json(item) for item in items]
        options.print_json(printed)
        return
    for number, each in enumerate(found):
        click.echo("\n" if number else "", nl=False)
        _print_one(each, home)
        if show is not None:
            _print_items(shown[number])


@dataclass(frozen=True)
class _Found:
    """A benchmark, where it was found, and what was read of it."""

    manifest: BenchmarkManifest
    presence: Presence
    items: ItemSet | None = None
    problem: MedsmithError | None = None

    @classmethod
    def look(cls, manifest: BenchmarkManifest, home: BenchmarkHome) -> _Found:
        """Look for the benchmark and read what is there; a broken file is its problem."""
        presence = home.look(manifest)
        if not presence.readable:
            return cls(manifest, presence)
        try:
            return cls(manifest, presence, load_benchmark(manifest.name, home))
        except MedsmithError as error:
            return cls(manifest, presence, problem=error)

    @property
    def word(self) -> str:
        """Say in a word what is there."""
        return "broken" if self.problem is not None else self.presence.word

    def summary(self) -> dict[str, Any]:
        """Return one line of the list, for machines."""
        m = self.manifest
        return {
            "name": m.name,
            "title": m.title,
            "languages": list(m.languages),
            "license": m.license,
            "access": m.access.tier.value,
            "source": m.source,
            "files": self.word,
            "missing": list(self.presence.missing),
            "problem": str(self.problem) if self.problem else None,
            "items": self.items.ledger.items if self.items else None,
            "expected": m.expected,
        }

    def details(self, home: BenchmarkHome) -> dict[str, Any]:
        """Return all there is to say, for machines."""
        return {
            **self.summary(),
            "manifest": self.manifest.model_dump(mode="json"),
            "folder": str(home.path / self.manifest.name),
            "read_from": [str(folder) for folder in self.presence.folders],
            "ledger": self.items.ledger.to_json() if self.items else None,
            "problems": list(self.items.problems) if self.items else [],
            "digest": self.items.digest if self.items else None,
        }


def _list_all(home: BenchmarkHome, as_json: bool) -> None:
    found = [_Found.look(manifest, home) for manifest in Catalogue.bundled().benchmarks()]
    if as_json:
        options.print_json([each.summary() for each in found])
        return
    options.print_table(
        "",
        ["benchmark", "items", "languages", "licence", "access", "files", "what it is"],
        [
            [
                each.manifest.name,
                f"{each.items.ledger.items:,}" if each.items else "-",
                ", ".join(each.manifest.languages),
                each.manifest.license,
                each.manifest.access.tier.value,
                "-" if each.word == "absent" else each.word,
                each.manifest.title,
            ]
            for each in found
        ],
    )
    items = sum(each.items.ledger.items for each in found if each.items)
    present = sum(each.items is not None for each in found)
    click.echo(
        f"{len(found)} benchmarks, {present} present with {items:,} items; files are looked for in "
        f"{home.path}/<benchmark>. `medsmith benchmarks KEY` says how to get one."
    )


def _print_one(found: _Found, home: BenchmarkHome) -> None:
    m, presence = found.manifest, found.presence
    folders = ", ".join(str(folder) for folder in presence.folders)
    where = folders or f"{home.path / m.name} ({_absence(presence)})"
    terms = f" Terms: {m.access.terms}" if m.access.terms else ""
    lines = [
        ("", f"{m.title} ({m.name})"),
        ("Home", str(m.homepage)),
        ("Languages", ", ".join(m.languages)),
        ("Licence", m.license),
        ("Access", m.access.tier.value),
        ("Cite", m.citation),
        *(("Test split of", source) for source in [m.source] if source),
        ("Files", where),
        ("To get them", f"{m.access.how_to_get}{terms}"),
        *(("Complete", f"{count:,} items") for count in [m.expected] if count is not None),
        *(("Notes", notes) for notes in [m.notes] if notes),
        *(("Problem", str(problem)) for problem in [found.problem] if problem),
    ]
    for name, text in lines:
        label = click.style(f"{name}: ", bold=True) if name else ""
        click.echo(f"{label}{' '.join(text.split())}")
    if found.items is not None:
        _print_ledger(found.items)


def _absence(presence: Presence) -> str:
    return f"lacks {', '.join(presence.missing)}" if presence.missing else "not there"


def _print_ledger(items: ItemSet) -> None:
    ledger = items.ledger
    rows: list[list[object]] = [["records read", ledger.read]]
    rows += [[f"rejected: {why}", count] for why, count in sorted(ledger.rejected.items())]
    rows += [[f"skipped: {why}", count] for why, count in sorted(ledger.skipped.items())]
    rows += [["items", ledger.items]]
    if ledger.unresolved:
        rows += [["items whose answer names no option", ledger.unresolved]]
    options.print_table("\nItems", ["", "count"], [[str(w).replace("_", " "), c] for w, c in rows])
    for problem in items.problems:
        click.echo(f"  {problem}")


def _first_items(found: _Found, count: int) -> list[Item]:
    m = found.manifest
    if m.access.tier is not AccessTier.OPEN:
        raise UserError(
            f"The items of `{m.name}` are not shown: its access is {m.access.tier}.",
            "Look into its files.",
        )
    if found.problem is not None:
        raise found.problem
    if found.items is None:
        raise UserError(
            f"The files of the benchmark `{m.name}` are not there.",
            " ".join(m.access.how_to_get.split()),
        )
    return [
        Item(row["item_id"], row["question"], tuple(row["options"]), row["answer"], row["passage"])
        for row in found.items.table.slice(0, count).to_pylist()
    ]


def _item_json(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "question": item.question,
        "options": list(item.options),
        "answer": item.answer,
        "passage": item.passage,
    }


def _print_items(items: list[Item]) -> None:
    for item in items:
        click.secho(f"\n{item.id}", bold=True)
        for name, text in (("passage", item.passage), ("question", item.question)):
            if text:
                click.echo(f"  {name}: {_shortened(text)}")
        for option in item.options:
            click.echo(f"    - {_shortened(option)}")
        if item.answer:
            click.echo(f"  answer: {_shortened(item.answer)}")


def _shortened(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _SHOWN_CHARACTERS else f"{flat[:_SHOWN_CHARACTERS]}…"
