"""What a stage works on: a unit is one source, or one release of several."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from medsmith.builders.digests import raw_sha256
from medsmith.converters import RawFiles
from medsmith.converters.core import registry
from medsmith.manifests import Recipe
from medsmith.schema import RawFileError

if TYPE_CHECKING:
    from medsmith.builders.benchmarks import BenchmarkHome


@dataclass(frozen=True)
class SourceInput:
    """A source with the raw folder it is built from. Picklable: workers load it by name."""

    name: str
    raw: Path
    synthetic: bool

    def load(self) -> registry.Source:
        """Return the registered source."""
        return registry.load(self.name)

    def fingerprint(self) -> dict[str, dict[str, object]]:
        """Return size and SHA-256 of every raw file that the manifest names.

        Raises `RawFileError` where the folder, or every file of a required pattern, is missing.
        """
        manifest = self.load().manifest
        raw = RawFiles(self.raw, None, [item.pattern for item in manifest.raw])
        found: dict[str, dict[str, object]] = {}
        for item in manifest.raw:
            outer = item.pattern.partition("!")[0]
            files = RawFiles(self.raw).files(outer) if "!" in item.pattern else raw.files(outer)
            if not files and not item.optional:
                raise RawFileError(
                    f"{item.pattern} is missing from {self.raw}.",
                    f"`medsmith show {self.name}` says how to get it.",
                )
            for file in files:
                found[file.name] = {
                    "bytes": file.path.stat().st_size,
                    "sha256": raw_sha256(file.path, file.name),
                }
        if not found:
            raise RawFileError(
                f"None of the raw files of `{self.name}` is in {self.raw}.",
                f"`medsmith show {self.name}` says how to get them.",
            )
        return dict(sorted(found.items()))


@dataclass(frozen=True)
class TokenizerInput:
    """A tokenizer whose tokens are counted. Picklable: workers load it from where it stands.

    `name` and `digest` (of its files) enter what is written; `location`, a path or a name on the
    Hub, does not.
    """

    name: str
    location: str
    digest: str


@dataclass(frozen=True)
class Unit:
    """What one run of a stage covers, and where its directories stand.

    `benchmarks` is where the benchmarks' raw files are, None where none are looked at;
    `tokenizers` are those of the recipe, in its order, as they were found on this machine.
    """

    name: str
    home: Path
    sources: tuple[SourceInput, ...]
    recipe: Recipe
    benchmarks: BenchmarkHome | None = None
    tokenizers: tuple[TokenizerInput, ...] = ()

    @property
    def shown(self) -> tuple[SourceInput, ...]:
        """The sources whose samples enter the release folder."""
        return tuple(source for source in self.sources if source not in self.withheld)

    @property
    def withheld(self) -> tuple[SourceInput, ...]:
        """The sources that the release describes, but whose text stays out of its folder."""
        return tuple(source for source in self.sources if source.name in self.recipe.withheld)

    @property
    def synthetic(self) -> bool:
        """Whether any of it comes from bundled fixtures rather than real raw files."""
        return any(source.synthetic for source in self.sources)

    def stage(self, name: str) -> Path:
        """Return where the directory of a stage of this unit stands."""
        return self.home / name

    def source_stage(self, source: str, name: str) -> Path:
        """Return where the directory of a stage of one of this unit's sources stands."""
        return self.home.parent / source / name
