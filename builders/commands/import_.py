"""`medsmith import`: files that others published, through the same stages as any source."""

from __future__ import annotations

import re
from pathlib import Path

import click
from medsmith.builders.benchmarks import BenchmarkHome
from medsmith.builders.commands import options
from medsmith.builders.commands.build import PER_INSTANCE
from medsmith.builders.commands.ledger import ledger_json, print_ledger
from medsmith.builders.engine import make_engine
from medsmith.builders.expand import PerInstance
from medsmith.builders.export import must_stay
from medsmith.builders.formats import NAMES
from medsmith.builders.importing import files as foreign
from medsmith.builders.importing import plugin
from medsmith.builders.importing.scan import scan
from medsmith.builders.pipeline import build
from medsmith.builders.progress import Reporter
from medsmith.builders.release.licence_table import licence
from medsmith.builders.resolve import RawHome, source_unit
from medsmith.builders.tokens.inputs import counted_with, find_tokenizers
from medsmith.builders.unit import SourceInput
from medsmith.converters.core import registry
from medsmith.schema import AccessTier, Category, Domain, UserError

SOURCE = "source"
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "format",
    type=click.Choice([*NAMES, "auto"]),
    default="auto",
    show_default=True,
    help="What the files hold; `auto` tells it from the fields of each.",
)
@click.option("--name", "key", required=True, metavar="KEY", help="Key of the new source.")
@options.out
@click.option("--title", help="What the release is called.  [default: Imported files: KEY]")
@click.option("--license", "license", help="SPDX identifier.  [default: LicenseRef-not-stated]")
@click.option(
    "--access",
    type=click.Choice([tier.value for tier in AccessTier]),
    default=AccessTier.LICENSED.value,
    show_default=True,
    help="Who may hold the files; `open` and `noncommercial` need a --license.",
)
@click.option("--homepage", help="Where the files come from.")
@click.option(
    "--category",
    type=click.Choice([category.value for category in Category]),
    default=Category.QUESTION_ANSWERING.value,
    show_default=True,
    help="Of tasks whose files do not say theirs.",
)
@click.option(
    "--domain",
    type=click.Choice([domain.value for domain in Domain]),
    default=Domain.KNOWLEDGE_BASE.value,
    show_default=True,
    help="Of tasks whose files do not say theirs.",
)
@click.option("--language", default="en", show_default=True, help="Where the files do not say it.")
@click.option(
    "--max-rejects",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="A larger share of unfit records stops the import.",
)
@click.option("--instructions", type=PER_INSTANCE, default="1", show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@options.benchmarks
@options.tokenizers
@options.workers
@options.as_json
def command(
    files: tuple[Path, ...],
    format: str,
    key: str,
    out: Path,
    title: str | None,
    license: str | None,
    access: str,
    homepage: str | None,
    category: str,
    domain: str,
    language: str,
    max_rejects: float,
    instructions: PerInstance,
    seed: int,
    benchmarks: Path | None,
    tokenizers: tuple[str, ...],
    workers: int,
    as_json: bool,
) -> None:
    """Import FILES (or folders of them) as the source KEY; the release is OUT/KEY/release.

    Reads Super-NaturalInstructions task JSON (MedS-Ins's own files), Alpaca, ShareGPT and chat
    messages, as JSON or JSON Lines. All stages run: duplicates, near-duplicates and what holds
    benchmark items are found as in any source. Instructions of the files are kept; unfit records
    end in rejects. An export of invented records comes back as such.

    \b
    medsmith import MedS-Ins/*.json --name medsins
    medsmith import theirs.jsonl --name theirs --license CC-BY-4.0 --access open
    """
    about = plugin.About(
        key=_checked_key(key),
        title=title or f"Imported files: {key}",
        license=_checked_licence(license, AccessTier(access)),
        tier=AccessTier(access),
        homepage=homepage,
        category=Category(category),
        domain=Domain(domain),
        language=_checked_language(language),
        max_rejects=max_rejects,
    )
    reporter = Reporter()
    kept, copies = foreign.without_copies(foreign.find(files))
    _check_may_leave([path for _, path in kept], AccessTier(access))
    with reporter.phase(f"look through {len(kept):,} files", 0):
        found = scan(key, kept, format)
    home = out.absolute() / key / SOURCE
    plugin.write(home, about, found, kept)
    with plugin.registered(home, key):
        source = SourceInput(key, plugin.raw_folder(home, key), found.synthetic)
        # Invented records are held against benchmarks only where that is asked for.
        looked = benchmarks is not None or not source.synthetic
        against = BenchmarkHome.find(benchmarks, RawHome.find(None)) if looked else None
        unit = source_unit(source, out, instructions, seed, against)
        if tokenizers:
            unit = counted_with(unit, find_tokenizers(tokenizers))
        engine = make_engine(workers)
        try:
            build([unit], engine, reporter)
        finally:
            engine.close()
    release = unit.stage("release")
    if as_json:
        options.print_json(
            {
                "release": str(release),
                "source": str(home),
                "tasks": sorted(found.tasks),
                "copies": copies,
                "licenses_named": list(found.licenses),
                "synthetic": found.synthetic,
                "ledger": ledger_json(release),
            }
        )
        return
    for name, other in copies.items():
        click.echo(f"{name} is a copy of {other}: left out.")
    if found.synthetic:
        click.secho(
            "The files hold invented records: the import is marked synthetic, and cannot be "
            "published.",
            fg="yellow",
            err=True,
        )
    print_ledger([release])
    if found.licenses and license is None:
        named = ", ".join(found.licenses)
        click.echo(f"The files name licences ({named}); nothing was made of that: see --license.")
    click.echo(f"Tasks: {len(found.tasks):,}; licence {about.license}, access {about.tier}.")
    click.echo(f"{release}  (prove it: medsmith verify {release})")


def _check_may_leave(files: list[Path], tier: AccessTier) -> None:
    """Raise `UserError` where an export that must not be passed on would become open."""
    if not tier.text_may_leave:
        return
    # An export keeps task files one folder down, by split.
    for folder in sorted({f for path in files for f in (path.parent, path.parent.parent)}):
        if must_stay(folder):
            raise UserError(
                f"{folder} is an export that must not be passed on, as access `{tier}` would.",
                "Leave out --access.",
            )


def _checked_language(code: str) -> str:
    if not re.fullmatch(r"[a-z]{2}", code):
        raise UserError(f"{code!r} is no language code.", "Use ISO 639-1, as in `en`.")
    return code


def _checked_key(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise UserError(
            f"{key!r} cannot be a source's key.",
            "Use small letters, digits and underscores, at most 40, a letter first.",
        )
    if key in registry.source_names():
        raise UserError(f"There is a source called `{key}` already.", "Choose another --name.")
    return key


def _checked_licence(given: str | None, tier: AccessTier) -> str:
    if given is None:
        if tier.text_may_leave:
            raise UserError(
                f"Access `{tier}` without a licence: what nobody licensed may not be passed on.",
                "Say which it is with --license, or leave out --access.",
            )
        return plugin.NOT_STATED
    return licence(given).identifier
