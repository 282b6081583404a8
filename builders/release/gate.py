"""The gate: why a release may not be published, found before any request leaves the machine.

A manifest is a text file that anybody can edit. So it is held against the manifests that come with
Medsmith, and against the shards themselves: their folders, their key-value metadata, and the
columns that say where a row comes from. What is the strictest of all that counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medsmith.builders.release.compatibility import conflicts, of_manifest
from medsmith.builders.release.licence_table import licence
from medsmith.builders.release.shard_facts import ShardFacts, read_facts
from medsmith.builders.release.verify import open_release, verify
from medsmith.converters.core import registry
from medsmith.manifests import Catalogue, SourceManifest
from medsmith.schema import AccessTier, MedsmithError, UserError

_MEND = "Build the release again."
_WITHHOLD = (
    "Move what may not be passed on from the recipe's `sources` to `withheld`: whoever holds the "
    "raw files can then rebuild it at home."
)


# What a release is made of. Anything else could carry what no check has looked at.
_BELONGS = re.compile(
    r"(README|LICENSES)\.md|(manifest|croissant|tokens)\.json|assets/[a-z_]+\.svg|"
    r"evidence/[a-z_]+\.(parquet|json)|data/[a-z0-9_]+/[a-z0-9_]+/[a-z0-9-]+\.parquet"
)


@dataclass(frozen=True)
class Refusal:
    """One reason against publishing: `source` is a source's key, or empty for the whole release."""

    source: str
    reason: str
    cure: str


def refusals(manifest: dict[str, Any]) -> list[Refusal]:
    """Return why the release that `manifest` describes may not be published; none if it may."""
    found: list[Refusal] = []
    for key, source in manifest["sources"].items():
        found += _source_refusals(key, source, manifest.get("recipe", {}))
    for key, source in manifest.get("withheld", {}).items():
        if source["synthetic"]:
            found.append(Refusal(key, *_SYNTHETIC))
    if manifest["synthetic"] and not any(item.reason == _SYNTHETIC[0] for item in found):
        found.append(Refusal("", *_SYNTHETIC))
    licences, declared = of_manifest(manifest)
    access = manifest.get("recipe", {}).get("access", [AccessTier.OPEN])
    try:
        against = conflicts(licences, declared, access)
    except UserError as error:  # a licence that nobody knows
        return [*found, Refusal("", error.message.rstrip("."), error.cure)]
    for conflict in against:
        found += [Refusal(key, conflict.reason, conflict.cure) for key in conflict.sources]
    return found


def check_publishable(release_dir: Path) -> None:
    """Raise `UserError` that names every reason why the release in `release_dir` must stay here.

    Reads every file, for the release is verified too. Makes no request.
    """
    release = open_release(release_dir)
    try:
        found = refusals(release.manifest)
        found += _file_refusals(release.home, release.manifest)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        found = [Refusal("", f"its manifest is damaged ({type(error).__name__}: {error})", _MEND)]
    if not found:  # the slow part, and pointless where the release may not go anyway
        for finding in verify(release):
            more = f" (and {len(finding.problems) - 1:,} more)" if finding.problems[1:] else ""
            for problem in finding.problems[:1]:
                found.append(Refusal("", f"it does not verify: {problem}{more}", _MEND))
    if found:
        raise UserError(
            f"{release.home} may not be published: {_told(found)}.",
            " ".join(dict.fromkeys(item.cure for item in found)),
        )


def _told(found: Iterable[Refusal]) -> str:
    """Return all reasons in one line, each once, with the sources it is about."""
    by_reason: dict[str, list[str]] = {}
    for item in found:
        keys = by_reason.setdefault(item.reason, [])
        if item.source and f"`{item.source}`" not in (*keys, item.reason):
            keys.append(f"`{item.source}`")
    return "; ".join(
        f"{', '.join(keys)}: {reason}" if keys else reason for reason, keys in by_reason.items()
    )


_SYNTHETIC = (
    "its content is synthetic (built from the invented sample)",
    "Build it from the real raw files (`--raw`).",
)


def _source_refusals(key: str, told: dict[str, Any], recipe: dict[str, Any]) -> Iterator[Refusal]:
    """Yield what speaks against one source, by its release's manifest and by the one known here."""
    known = _known(key)
    yield from _tier_refusals(key, {told["access"]["tier"]}, known)
    if told["synthetic"]:
        yield Refusal(key, *_SYNTHETIC)
    if known is not None and known.license != told["license"]:
        yield Refusal(
            key,
            f"the release says that its licence is {told['license']}, its manifest here says "
            f"{known.license}",
            _MEND,
        )
    for name in dict.fromkeys([told["license"], *([known.license] if known else [])]):
        try:
            yield from _licence_refusals(key, name, recipe)
        except UserError as error:
            yield Refusal(key, error.message.rstrip("."), error.cure)


def _known(key: str) -> SourceManifest | None:
    """Return the source's manifest if it is known here; no plugin can take a bundled one's key."""
    bundled = Catalogue.bundled()
    if key in bundled.source_names():
        return bundled.source(key)
    try:
        return registry.load(key).manifest
    except MedsmithError:
        return None


def _tier_refusals(
    key: str, told: Iterable[str], known: SourceManifest | None
) -> Iterator[Refusal]:
    tiers = {AccessTier(tier) for tier in told} | ({known.access.tier} if known else set())
    for tier in sorted(tiers):
        if not tier.text_may_leave:
            yield Refusal(
                key,
                f"access to it is {tier}: its terms forbid passing it on, to private repositories "
                "too",
                _WITHHOLD,
            )


def _licence_refusals(key: str, name: str, recipe: dict[str, Any]) -> Iterator[Refusal]:
    found = licence(name)
    if found.redistributable == "no":
        yield Refusal(key, f"its licence, {name}, forbids passing it on", _WITHHOLD)
    reason = recipe.get("publish_unlicensed", {}).get(key, "")
    if found.redistributable == "unknown" and not str(reason).strip():
        yield Refusal(
            key,
            f"its licence is {name}: the upstream is not known to allow passing it on",
            "Leave out what has no licence, or ask its authors for leave and say so in the recipe "
            "(`publish_unlicensed: {source: the reason}`).",
        )


def _file_refusals(home: Path, manifest: dict[str, Any]) -> Iterator[Refusal]:
    """Yield what the files in the folder say against publishing, whatever the manifest says."""
    for path in sorted(home.rglob("*")):
        name = path.relative_to(home).as_posix()
        if path.is_file() and not _BELONGS.fullmatch(name):
            cure = "Take it out of the folder, or build the release again."
            yield Refusal("", f"{name} is no part of a release", cure)
        if path.suffix != ".parquet" or name.startswith("evidence/"):
            continue
        try:
            facts = read_facts(path)
        except MedsmithError as error:
            yield Refusal("", error.message.rstrip("."), error.cure)
            continue
        yield from _fact_refusals(name, facts, manifest)


def _fact_refusals(name: str, facts: ShardFacts, manifest: dict[str, Any]) -> Iterator[Refusal]:
    folder = name.split("/")[1] if name.startswith("data/") else ""
    if facts.synthetic is not False:
        told = _SYNTHETIC[0] if facts.synthetic else "its shards do not say that they are real"
        yield Refusal(folder, told, _SYNTHETIC[1])
    for key in sorted({folder, *facts.sources} - {""}):
        about = manifest["sources"].get(key)
        if about is None:
            yield Refusal(key, "shards hold rows of it, but the manifest does not name it", _MEND)
            yield from _tier_refusals(key, (), _known(key))
    about = manifest["sources"].get(folder, {})
    for found in sorted(facts.licences - {about.get("license")}):
        told = f"its shards hold rows under {found}, which is not what the manifest says"
        yield Refusal(folder, told, _MEND)
        try:
            yield from _licence_refusals(folder, found, manifest.get("recipe", {}))
        except UserError as error:
            yield Refusal(folder, error.message.rstrip("."), error.cure)
