"""The search over a build's stored signatures, at another threshold than the build's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from medsmith.builders.engine import Engine
from medsmith.builders.near.foreign import search_pairs
from medsmith.builders.near.preview import (
    Regrouping,
    regroup_part,
    regrouped_shape,
    without_near,
)
from medsmith.builders.near.search import Search
from medsmith.builders.parquet import read_table, write_table
from medsmith.builders.progress import Reporter
from medsmith.builders.release.verify import open_release
from medsmith.builders.stage_dir import read_marker
from medsmith.builders.stages import near, signatures
from medsmith.builders.standalone import spread
from medsmith.builders.unit import SourceInput, Unit
from medsmith.dedup.near.edges import Edges
from medsmith.manifests import Recipe
from medsmith.schema import UserError


def search_built(
    directory: Path, folder: Path, threshold: float, engine: Engine, reporter: Reporter
) -> tuple[Search, Edges]:
    """Find the pairs of a build that are similar from `threshold` on; files lie in `folder`.

    `directory` is a release that stands in its build folder, or the folder around it. Raises
    `UserError` where there are no signatures.
    """
    unit = _unit(directory)
    search = near.search_of(unit, folder / "search", folder)
    removals = without_near(read_table(unit.stage("assemble") / "removals.parquet"))
    for source in unit.sources:
        write_table(removals, folder / f"removed-{source.name}.parquet")
    stored = search.setting.shape
    wanted = regrouped_shape(stored, threshold)
    setting = replace(
        search.setting, params=replace(search.setting.params, threshold=threshold), shape=wanted
    )
    jobs = [
        Regrouping(part.sketches, stored, wanted, folder / f"sketches-{number:05d}.arrow")
        for number, part in enumerate(search.parts)
    ]
    files = spread(engine, reporter, "reading signatures", regroup_part, jobs)
    parts = [replace(p, sketches=file) for p, file in zip(search.parts, files, strict=True)]
    again = Search(setting, tuple(parts), search.folder)
    return again, search_pairs(again, engine, reporter)[0]


def _unit(directory: Path) -> Unit:
    release = open_release(directory)
    home = release.home.resolve().parent
    recipe = Recipe.model_validate(release.manifest["recipe"])
    sources = tuple(
        SourceInput(name, Path(), about["synthetic"])
        for name, about in release.manifest["sources"].items()
    )
    unit = Unit(recipe.name, home, sources, recipe)
    if recipe.near_duplicates is None:
        raise UserError(
            f"{directory} was built without a look at near-duplicates.",
            "Set `near_duplicates` in its recipe and build it again.",
        )
    for source in sources:
        if read_marker(unit.source_stage(source.name, signatures.NAME)) is None:
            raise UserError(
                f"The signatures of `{source.name}` are not beside {directory}.",
                "Name a folder that `medsmith build` made, with all that stands around it.",
            )
    return unit
