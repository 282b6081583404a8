"""Reads manifests. Every error names the file, the field and the cure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

import yaml
from medsmith.manifests.benchmark_models import BenchmarkManifest
from medsmith.manifests.foreign import pool_model
from medsmith.manifests.models import InstructionPool, SourceManifest
from medsmith.manifests.recipes import Recipe, TakeDown, TakeDownList
from medsmith.schema import UserError
from pydantic import BaseModel, ValidationError

_M = TypeVar("_M", bound=BaseModel)


class _StrictLoader(yaml.CSafeLoader):
    """YAML as people read it: `yes` and `no` are words, and a key may stand once only."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


# YAML 1.1 reads yes/no/on/off and dates as non-strings: labels and versions must stay text.
_StrictLoader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp")
    ]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
_StrictLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf")
)


def manifests_root() -> Path:
    """Return the folder that holds the bundled manifests."""
    return Path(str(files("medsmith.manifests")))


def load_yaml(path: Path, model: type[_M]) -> _M:
    """Read `path` as a `model`.

    Raises `UserError` naming the file, each wrong field and what it expects.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise UserError(f"{path} does not exist.", "Create it, or correct the name.") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 (byte {error.start}).", "Save it as UTF-8.") from None
    try:
        data = yaml.load(text, _StrictLoader)
    except yaml.YAMLError as error:
        raise UserError(
            f"{path} is not valid YAML: {_one_line(error)}.", "Mend it there."
        ) from None
    if not isinstance(data, dict):
        raise UserError(
            f"{path} holds {type(data).__name__}, not fields.", "Start it with `name: …`."
        )
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = "; ".join(
            f"`{'.'.join(str(part) for part in item['loc']) or 'top level'}`: {item['msg']}"
            for item in error.errors()
        )
        raise UserError(
            f"{path}: {problems}.",
            f"The fields are described in schema/json/{_schema_name(model)}.",
        ) from None


def _schema_name(model: type[BaseModel]) -> str:
    names: dict[type[BaseModel], str] = {
        SourceManifest: "source.schema.json",
        InstructionPool: "instructions.schema.json",
        BenchmarkManifest: "benchmark.schema.json",
        Recipe: "recipe.schema.json",
        TakeDownList: "takedowns.schema.json",
    }
    return names.get(model, "")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _named(path: Path, name: str) -> None:
    if path.stem != name:
        raise UserError(
            f"{path}: its name is `{name}`, but the file is called `{path.stem}`.",
            f"Rename the file to {name}.yaml or set `name: {path.stem}`.",
        )


def load_source(path: Path) -> SourceManifest:
    """Read a source manifest; raises `UserError`."""
    manifest = load_yaml(path, SourceManifest)
    _named(path, manifest.name)
    return manifest


def load_pool(path: Path) -> InstructionPool:
    """Read an instruction pool; raises `UserError`."""
    pool = load_yaml(path, pool_model(path))
    _named(path, pool.task)
    return pool


def load_benchmark(path: Path) -> BenchmarkManifest:
    """Read a benchmark manifest; raises `UserError`."""
    manifest = load_yaml(path, BenchmarkManifest)
    _named(path, manifest.name)
    return manifest


def load_recipe(path: Path) -> Recipe:
    """Read a release's recipe; raises `UserError`."""
    recipe = load_yaml(path, Recipe)
    _named(path, recipe.name)
    return recipe


@dataclass(frozen=True)
class Catalogue:
    """The manifests under one folder, read when asked for."""

    root: Path

    @classmethod
    @cache
    def bundled(cls) -> Catalogue:
        """Return the manifests that come with Medsmith."""
        return cls(manifests_root())

    def _names(self, kind: str) -> list[str]:
        return sorted(path.stem for path in (self.root / kind).glob("*.yaml"))

    def source_names(self) -> list[str]:
        """Return the keys of all sources, sorted."""
        return self._names("sources")

    def recipe_names(self) -> list[str]:
        """Return the names of all recipes, sorted."""
        return self._names("releases")

    def benchmark_names(self) -> list[str]:
        """Return the keys of all benchmarks, sorted."""
        return self._names("benchmarks")

    def source(self, name: str) -> SourceManifest:
        """Return one source's manifest; raises `UserError` that lists near names if unknown."""
        return load_source(self._path("sources", "source", name, self.source_names()))

    def recipe(self, name: str) -> Recipe:
        """Return one recipe; raises `UserError` if unknown."""
        return load_recipe(self._path("releases", "recipe", name, self.recipe_names()))

    def benchmark(self, name: str) -> BenchmarkManifest:
        """Return one benchmark's manifest; raises `UserError` if unknown."""
        return load_benchmark(self._path("benchmarks", "benchmark", name, self.benchmark_names()))

    def benchmarks(self) -> list[BenchmarkManifest]:
        """Return all benchmarks' manifests, sorted by key; raises `UserError`."""
        return [self.benchmark(name) for name in self.benchmark_names()]

    def pool(self, task: str) -> InstructionPool:
        """Return a task's instruction pool; raises `UserError` if it has none."""
        return load_pool(self.pool_path(task))

    def takedowns(self) -> tuple[TakeDown, ...]:
        """Return all take-downs. Raises `UserError` where the list is wrong.

        Medsmith's own list must be there, so that it cannot be lost unseen; another distribution
        may have none.
        """
        path = self.root / "takedowns.yaml"
        if self.root != manifests_root() and not path.exists():
            return ()
        return load_yaml(path, TakeDownList).takedowns

    def pool_path(self, task: str) -> Path:
        """Return where a task's instruction pool stands."""
        return self.root / "instructions" / f"{task}.yaml"

    def source_path(self, name: str) -> Path:
        """Return where a source's manifest stands."""
        return self.root / "sources" / f"{name}.yaml"

    def _path(self, folder: str, kind: str, name: str, known: list[str]) -> Path:
        if name not in known:
            near = get_close_matches(name, known, n=3)
            hint = f"Did you mean {', '.join(near)}?" if near else f"Known: {', '.join(known)}."
            raise UserError(f"There is no {kind} called `{name}`.", hint)
        return self.root / folder / f"{name}.yaml"
