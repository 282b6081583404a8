"""`croissant.json`: the release as machines read it (Croissant 1.0 with its responsible-AI terms).

Made from the release manifest alone. A record set for each configuration reads the same files as
the card's configuration of that name; paths are relative, so that a copied folder stays whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from medsmith.builders.release import rai
from medsmith.builders.release.card_yaml import DEFAULT_CONFIG, configs, languages
from medsmith.schema import arrow

NAME = "croissant.json"

# The context that the standard prescribes, word for word.
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    **{
        term: f"cr:{term}"
        for term in (
            *("citeAs", "column", "equivalentProperty", "extract", "field", "fileObject"),
            *("fileProperty", "fileSet", "format", "includes", "isLiveDataset", "jsonPath", "key"),
            *("md5", "parentField", "path", "recordSet", "references", "regex", "repeated"),
            *("replace", "samplingRate", "separator", "source", "subField", "transform"),
        )
    },
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
}
_CONFORMS_TO = ["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0"]
_PARQUET = "application/x-parquet"
_COUNT = re.compile(r"([\d,]+) samples")


def render(manifest: dict[str, Any]) -> str:
    """Return `croissant.json` of the release that `manifest` describes, its shards inventoried."""
    return json.dumps(_document(manifest), ensure_ascii=False, indent=1) + "\n"


def _document(manifest: dict[str, Any]) -> dict[str, Any]:
    sources = manifest["sources"]
    found: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": _CONFORMS_TO,
        # A name of the standard holds letters, digits, `-` and `_` only; the title is for people.
        "name": manifest["name"],
        "alternateName": manifest["title"],
        "description": _description(manifest),
        "version": manifest["version"],
        "license": [_licence(name) for name in _licences(manifest)],
        "citeAs": cite_as(manifest),
        "creator": {"@type": "sc:Organization", "name": _creator(manifest)},
        "inLanguage": languages(manifest),
        "keywords": ["medical", "instruction-tuning"],
        "isBasedOn": sorted({source["homepage"] for source in sources.values()}),
        "isLiveDataset": False,
    }
    if url := _url(manifest):
        found["url"] = url
    # Never the day of the build: the same recipe has to give the same bytes tomorrow.
    if date := manifest["recipe"].get("date"):
        found["datePublished"] = date
    if manifest["synthetic"]:
        found["keywords"].append("synthetic")
    found.update({f"rai:{name}": text for name, text in rai.fields(manifest).items()})
    by_config = {name: globs for name, globs in configs(manifest).items() if globs}
    found["distribution"] = [
        *(_file_object(path, manifest["files"][path]) for path in _shards(manifest)),
        *(_file_set(name, by_split) for name, by_split in by_config.items()),
    ]
    found["recordSet"] = [_record_set(manifest, name) for name in by_config]
    return found


def cite_as(manifest: dict[str, Any]) -> str:
    """Return how to cite the release: itself, then the works that it is made of."""
    works = " ".join(
        f"{source['citation'].rstrip('.')}." for source in manifest["sources"].values()
    )
    return (
        f"{manifest['title']}, version {manifest['version']}, made with Medsmith "
        f"{manifest['medsmith_version']}. Cite its sources, too: {works}"
    )


def _description(manifest: dict[str, Any]) -> str:
    said: str = manifest["description"]
    return f"Synthetic: made from invented records. {said}" if manifest["synthetic"] else said


def _creator(manifest: dict[str, Any]) -> str:
    repository = manifest["recipe"].get("repository")
    return repository.split("/")[0] if repository else "Medsmith"


def _url(manifest: dict[str, Any]) -> str | None:
    """Return the release's page: its repository, else the page of its only source, if one."""
    if repository := manifest["recipe"].get("repository"):
        return f"https://huggingface.co/datasets/{repository}"
    homes = {str(source["homepage"]) for source in manifest["sources"].values()}
    return homes.pop() if len(homes) == 1 else None


def _licences(manifest: dict[str, Any]) -> list[str]:
    """Return the recipe's licence for the whole, where it has one, else those of the sources."""
    if whole := manifest["recipe"].get("license"):
        return [whole]
    return sorted({source["license"] for source in manifest["sources"].values()})


def _licence(name: str) -> str:
    return name if name.startswith("LicenseRef-") else f"https://spdx.org/licenses/{name}"


def _shards(manifest: dict[str, Any]) -> list[str]:
    return sorted(name for name in manifest["files"] if name.startswith("data/"))


def _file_object(path: str, entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": path,
        "name": path,
        "contentUrl": path,
        "contentSize": f"{entry['bytes']} B",
        "sha256": entry["sha256"],
        "encodingFormat": _PARQUET,
    }


def _file_set(config: str, by_split: dict[str, list[str]]) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": f"{config}-files",
        "name": f"{config}-files",
        "description": f"The shards of `{config}`: {', '.join(by_split)}.",
        "encodingFormat": _PARQUET,
        "includes": sorted({glob for globs in by_split.values() for glob in globs}),
    }


def counts(manifest: dict[str, Any]) -> dict[str, int]:
    """Return the number of samples of each configuration, from the manifest's files."""
    found = dict.fromkeys(configs(manifest), 0)
    for path in _shards(manifest):
        _, source, task, _ = path.split("/")
        category = manifest["sources"][source]["tasks"][task]["category"]
        for name in {DEFAULT_CONFIG, category, source}:
            found[name] += manifest["files"][path]["rows"]
    return found


def _record_set(manifest: dict[str, Any], config: str) -> dict[str, Any]:
    what = "everything" if config == DEFAULT_CONFIG else f"the configuration `{config}`"
    return {
        "@type": "cr:RecordSet",
        "@id": config,
        "name": config,
        "description": f"{counts(manifest)[config]:,} samples: {what}.",
        "key": [{"@id": f"{config}/id"}, {"@id": f"{config}/instruction_id"}],
        "field": [_field(config, field) for field in arrow.SAMPLE],
    }


def _field(config: str, field: pa.Field) -> dict[str, Any]:
    place = f"{config}/{field.name}"
    about = {"@type": "cr:Field", "@id": place, "name": field.name}
    if pa.types.is_struct(field.type):
        parts = [
            {
                "@type": "cr:Field",
                "@id": f"{place}/{part.name}",
                "name": part.name,
                "dataType": _data_type(part.type),
                "source": _source(config, field.name) | {"transform": {"jsonPath": part.name}},
            }
            for part in field.type
        ]
        return about | {"subField": parts}
    if pa.types.is_list(field.type):
        about |= {"repeated": True, "dataType": _data_type(field.type.value_type)}
    else:
        about |= {"dataType": _data_type(field.type)}
    return about | {"source": _source(config, field.name)}


def _source(config: str, column: str) -> dict[str, Any]:
    return {"fileSet": {"@id": f"{config}-files"}, "extract": {"column": column}}


def _data_type(kind: pa.DataType) -> str:
    if pa.types.is_integer(kind):
        return "sc:Integer"
    return "sc:Float" if pa.types.is_floating(kind) else "sc:Text"


def problems(home: Path, manifest: dict[str, Any]) -> Iterator[str]:
    """Tell where `croissant.json` in `home` names other files, digests or counts than `manifest`.

    It compares facts, not wording: a release stays proven when a later version says it otherwise.
    """
    try:
        document = json.loads((home / NAME).read_text("utf-8"))
        nodes = document["distribution"]
        files = {node["contentUrl"]: node for node in nodes if node["@type"] == "cr:FileObject"}
        told = {node["@id"]: node["description"] for node in document["recordSet"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        yield f"{NAME} cannot be read ({type(error).__name__}: {error})"
        return
    for path in sorted({*files, *_shards(manifest)}):
        entry = manifest["files"].get(path)
        if path not in files:
            yield f"{NAME} does not name {path}"
        elif entry is None:
            yield f"{NAME} names {path}, which the manifest does not"
        elif files[path].get("sha256") != entry["sha256"]:
            yield f"{NAME} has another SHA-256 of {path} than the manifest"
        elif files[path].get("contentSize") != f"{entry['bytes']} B":
            yield f"{NAME} has another size of {path} than the manifest"
    expected = {name: count for name, count in counts(manifest).items() if count}
    for name in sorted({*told, *expected}):
        match = _COUNT.match(told.get(name, ""))
        says = int(match[1].replace(",", "")) if match else 0
        if says != expected.get(name, 0):
            yield f"{NAME} says {says:,} samples in {name}, the manifest {expected.get(name, 0):,}"
