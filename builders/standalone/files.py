"""Finds the files that a user means by names, globs and folders, and what they are."""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, cast

import pyarrow as pa
from medsmith.converters import RawFile
from medsmith.schema import RawFileError, UserError

Kind = Literal["parquet", "jsonl"]
_PARQUET = (".parquet", ".pq")
_LINES = (".jsonl", ".ndjson", ".json")
_PACKED = (".gz", ".bz2", ".xz", ".zst")
_KINDS = "Parquet (.parquet) and JSON Lines (.jsonl, also .gz, .bz2, .xz, .zst) are read."


@dataclass(frozen=True)
class Found:
    """A file: `name` is relative to the folder that all files share; messages and ids use it."""

    name: str
    path: Path
    kind: Kind

    @property
    def packed(self) -> bool:
        """Whether its bytes are compressed as a whole."""
        return self.path.suffix in _PACKED


def find(patterns: Sequence[str | Path], besides: Path | None = None) -> list[Found]:
    """Return the files that names, globs and folders mean, each once, sorted by name.

    Of a folder (searched with all below it) only files of known endings are taken, none of them
    hidden, and nothing under `besides`, where the results go.

    Raises `UserError` where a pattern means nothing, or a file of a kind that is not read.
    """
    paths: dict[Path, None] = {}
    for pattern in patterns:
        paths |= dict.fromkeys(_meant(pattern, besides))
    if not paths:
        raise UserError("No files were named.", _KINDS)
    shared = Path(os.path.commonpath([path.parent for path in paths]))
    found = []
    for path in paths:
        name = os.fsencode(path.relative_to(shared).as_posix()).decode("utf-8", "backslashreplace")
        found.append(Found(name, path, _kind(path, name)))
    return sorted(found, key=lambda file: file.name)


def _meant(pattern: str | Path, besides: Path | None) -> list[Path]:
    path = Path(pattern)
    if path.is_dir():
        inside = [file.absolute() for file in sorted(path.rglob("*")) if _is_data(file, path)]
        aside = None if besides is None else besides.absolute()
        inside = [file for file in inside if aside is None or not file.is_relative_to(aside)]
        if not inside:
            raise UserError(f"{path} holds no files of rows.", _KINDS)
        return inside
    if path.exists():
        return [path.absolute()]
    matches = sorted(glob.glob(str(pattern), recursive=True))  # noqa: PTH207 - absolute ones too
    files = [Path(match).absolute() for match in matches if Path(match).is_file()]
    if not files:
        raise UserError(f"{pattern} does not exist.", "Correct the name; globs may need quotes.")
    return files


def _is_data(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return path.is_file() and not hidden and _kind_by_name(path) is not None


def _kind_by_name(path: Path) -> Kind | None:
    if path.suffix in _PARQUET:
        return "parquet"
    plain = path.with_suffix("") if path.suffix in _PACKED else path
    return "jsonl" if plain.suffix in _LINES else None


def _kind(path: Path, name: str) -> Kind:
    kind = _kind_by_name(path)
    if kind is None:
        with path.open("rb") as stream:
            if stream.read(4) == b"PAR1":
                return "parquet"
        raise UserError(f"{name} is no kind of file that is read.", _KINDS)
    return kind


def unpack(file: Found, folder: Path) -> Path:
    """Write the decompressed bytes of a packed file into `folder`; return where they stand.

    Raises `RawFileError` where it is truncated or damaged.
    """
    target = folder / f"{file.name.replace('/', '__')}.unpacked"
    with _open_packed(file) as stream, target.open("wb") as out:
        shutil.copyfileobj(stream, out, 2**20)
    return target


@contextmanager
def _open_packed(file: Found) -> Iterator[IO[bytes]]:
    if file.path.suffix != ".zst":
        with RawFile(file.name, file.path).open_binary() as stream:
            yield stream
        return
    try:
        with pa.OSFile(str(file.path)) as raw, pa.CompressedInputStream(raw, "zstd") as packed:
            yield cast("IO[bytes]", packed)
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise RawFileError(
            f"{file.name} is truncated or damaged ({' '.join(str(error).split())}).",
            "Fetch it again and compare its checksum with the upstream's.",
        ) from None
