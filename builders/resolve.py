"""From what the user names to what is built: sources, raw folders, recipes, output folders."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from medsmith.builders.expand import PerInstance
from medsmith.builders.release.compatibility import check_recipe, terms
from medsmith.builders.unit import SourceInput, Unit
from medsmith.converters import RawFiles
from medsmith.converters.core import registry
from medsmith.manifests import Recipe, SourceManifest
from medsmith.schema import UserError

if TYPE_CHECKING:
    from medsmith.builders.benchmarks import BenchmarkHome

DEFAULT_RAW = Path("data/raw")
DEFAULT_OUT = Path("build")


@dataclass(frozen=True)
class RawHome:
    """The folder that holds one raw folder a source, and whether the user named it."""

    path: Path
    named: bool

    @classmethod
    def find(cls, given: Path | None) -> RawHome:
        """Return the given folder, else $MEDSMITH_RAW, else `data/raw`."""
        if given is not None:
            return cls(given, named=True)
        variable = os.environ.get("MEDSMITH_RAW")
        return cls(Path(variable), named=True) if variable else cls(DEFAULT_RAW, named=False)


def raw_present(manifest: SourceManifest, home: RawHome) -> bool:
    """Tell whether at least one raw file of every required kind is there."""
    folder = home.path / manifest.name
    if not folder.is_dir():
        return False
    raw = RawFiles(folder)
    found = [bool(raw.files(item.pattern.partition("!")[0])) for item in manifest.raw]
    required = [ok for ok, item in zip(found, manifest.raw, strict=True) if not item.optional]
    return all(required) and any(found)


def source_input(name: str, home: RawHome, sample: bool) -> SourceInput:
    """Return what to build the source from: its raw folder, or its bundled synthetic fixture.

    The fixture is taken when asked for, or when no raw folder was named and the default one is
    not there. Raises `UserError` where a named raw folder lacks the source.
    """
    source = registry.load(name)
    if not sample:
        if raw_present(source.manifest, home):
            return SourceInput(name, (home.path / name).absolute(), synthetic=False)
        if home.named:
            raise UserError(
                f"The raw files of `{name}` are not in {home.path / name}.",
                f"{how_to_get(source.manifest)} Or build the synthetic sample with --sample.",
            )
    fixture = source.fixture / "raw"
    if not fixture.is_dir():
        raise UserError(
            f"`{name}` has no bundled fixture.", "Name its raw folder's parent with --raw."
        )
    return SourceInput(name, fixture, synthetic=True)


def how_to_get(manifest: SourceManifest) -> str:
    """Return one line on how to get the raw files of a source."""
    text = " ".join(manifest.access.how_to_get.split())
    terms = f" Terms: {manifest.access.terms}" if manifest.access.terms else ""
    return f"{text}{terms}"


def source_unit(
    source: SourceInput,
    out: Path,
    per_instance: PerInstance,
    seed: int,
    benchmarks: BenchmarkHome | None = None,
) -> Unit:
    """Return the unit that builds one source as a complete small release.

    Raises `UserError` where its licence is not one that Medsmith knows.
    """
    manifest = source.load().manifest
    terms({source.name: manifest.license})  # an unknown licence stops it before the work
    kind = "synthetic sample of " if source.synthetic else ""
    recipe = Recipe(
        name=source.name,
        title=f"{manifest.title} ({kind}instruction data)",
        description=f"Instruction data made from {kind}{manifest.title}.",
        sources=(source.name,),
        access=(manifest.access.tier,),
        instructions_per_instance=per_instance,
        seed=seed,
    )
    return Unit(source.name, out.absolute() / source.name, (source,), recipe, benchmarks)


def recipe_unit(
    recipe: Recipe,
    home: RawHome,
    out: Path,
    sample: bool,
    benchmarks: BenchmarkHome | None = None,
) -> Unit:
    """Return the unit that builds a recipe's release.

    Raises `UserError` where a source's access tier is not among those the recipe allows, or where
    raw files are missing: a release never takes a sample unasked, or real and invented records
    would stand side by side. Raises `DataError` where the sources' licences are in conflict.
    """
    home = replace(home, named=True)
    sources, missing = [], []
    for name in (*recipe.source_names, *recipe.withheld):
        tier = registry.load(name).manifest.access.tier
        if tier not in recipe.access and name not in recipe.withheld:
            raise UserError(
                f"The recipe `{recipe.name}` holds `{name}`, whose access is {tier}.",
                f"Take it out, name it under `withheld`, or add `{tier}` to the recipe's `access`.",
            )
        try:
            sources.append(source_input(name, home, sample))
        except UserError as error:
            missing.append((name, error))
    check_recipe(
        recipe, {name: registry.load(name).manifest.license for name in recipe.source_names}
    )
    if len(missing) == 1:
        raise missing[0][1]
    if missing:
        raise UserError(
            f"The raw files of {', '.join(name for name, _ in missing)} are not in {home.path}.",
            "`medsmith show SOURCE` says how to get each; or build the synthetic samples of all "
            "with --sample.",
        )
    return Unit(recipe.name, out.absolute() / recipe.name, tuple(sources), recipe, benchmarks)
