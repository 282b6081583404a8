"""Digests of files and code: what build keys are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import file_digest, sha256
from importlib import metadata
from importlib.resources import files
from pathlib import Path
from typing import Any

from medsmith.converters.core.raw import check_ordinary
from medsmith.schema import RawFileError
from medsmith.schema.ids import canonical_json

# Their versions decide bytes: Parquet writes its library's version, sorting and hashing follow.
_BYTE_DECIDING = ("medsmith", "numpy", "pyarrow")


def file_sha256(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def raw_sha256(path: Path, name: str) -> str:
    """Return the SHA-256 of a raw file; raises `RawFileError` where it may not be read."""
    check_ordinary(path, name)
    try:
        return file_sha256(path)
    except OSError as error:
        raise RawFileError(
            f"{name} cannot be read ({error.strerror}).", "Mend its permissions or fetch it again."
        ) from None


def value_sha256(value: Any) -> str:
    """Return the SHA-256 of a plain JSON value, whatever the order of its keys."""
    return sha256(canonical_json(value).encode()).hexdigest()


@cache
def code_sha256(*packages: str) -> str:
    """Return one digest of all source files (Python, C) in the given packages or modules.

    A name ending in `.*` stands for a package with its sub-packages, any other package for its
    own files.

    Raises `ValueError` for a name without any file: its changes would pass unseen.
    """
    state = sha256()
    for package in packages:
        root, _, rest = package.removesuffix(".*").partition(".")
        folder, *inner = rest.split(".")
        base = Path(str(files(f"{root}.{folder}"))).joinpath(*inner)
        if base.with_suffix(".py").is_file():
            found = [base.with_suffix(".py")]
        elif package.endswith(".*"):
            found = _sources(base.rglob("*"))
        else:
            found = _sources(base.glob("*"))
        if not found:
            raise ValueError(f"{package} is no package or module of source files")
        for path in found:
            state.update(path.relative_to(base.parent).as_posix().encode() + b"\0")
            state.update(path.read_bytes() + b"\0")
    return state.hexdigest()


def _sources(paths: Iterable[Path]) -> list[Path]:
    return sorted(path for path in paths if path.suffix in (".py", ".c", ".h"))


@cache
def library_versions() -> Mapping[str, str]:
    """Return the versions of the libraries that decide what bytes come out."""
    return {name: metadata.version(name) for name in _BYTE_DECIDING}
