"""Folds texts under norm-v1 piece by piece, so that places in the folded text lead back."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache

import numpy as np
from medsmith.dedup.kernels import _native
from medsmith.dedup.kernels.generate_tables import JOINS, MAPPING_BITS, ORDERED, UNKNOWN
from numpy.typing import NDArray

# Neither a letter nor a mark in any version of Unicode, nor changed by folding.
_INERT = "\uffff"


@cache
def properties() -> bytes:
    """Return what norm-v1 knows of each code point: see `generate_tables`."""
    return _native.properties()


def fold(text: str) -> str:
    """Return NFKC(casefold(NFKC(text))), characters that the tables do not know made inert.

    This Python may know more characters than the tables do; of those that both know, Unicode
    promises never to change the normalisation.
    """
    if unicodedata.unidata_version != _native.UNICODE_VERSION:
        known = properties()
        text = "".join(_INERT if known[ord(char)] & UNKNOWN else char for char in text)
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded)


@lru_cache(maxsize=4096)
def _fold_one(char: str) -> str:
    return fold(char)


def pieces(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, folded) of pieces of `text` that fold independently of each other.

    A piece is one character, or several that compose or change places. Joined, they are
    `fold(text)`.
    """
    done = 0
    for start, end in _groups(text):
        for place in range(done, start):
            yield place, place + 1, _fold_one(text[place])
        done = end
        group = text[start:end]
        alone = [_fold_one(char) for char in group]
        whole = fold(group)
        if "".join(alone) == whole:
            for place, folded in enumerate(alone, start):
                yield place, place + 1, folded
        else:
            yield start, end, whole
    for place in range(done, len(text)):
        yield place, place + 1, _fold_one(text[place])


def _groups(text: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each run of characters that may compose with those before them or
    change places with them, the one before the run included.

    All others are stable (UAX #15, section 9): a text can be cut before each of them.
    """
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    entries = np.frombuffer(properties(), np.uint8)[codes]
    moving = (entries & JOINS != 0) | (entries & MAPPING_BITS == ORDERED)
    edges = np.flatnonzero(np.diff(moving, prepend=False, append=False)).tolist()
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        yield max(start - 1, 0), end


def fold_row(row: bytes) -> tuple[bytes, bytes]:
    """Return the folded text of `row` (UTF-8), and nothing of where it comes from.

    Called by the kernels for the few texts in which characters join their neighbours.
    """
    return fold(row.decode(errors="replace")).encode(), b""


# A text can be cut before each ASCII character; one that only ASCII follows becomes lower case.
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]+")


def fold_row_with_places(row: bytes) -> tuple[bytes, bytes]:
    """Return the folded text of `row` (UTF-8), and where each of its bytes comes from.

    The places are u32 pairs (start, end), in bytes of `row`.
    """
    folded, places, done = [], [], 0
    lower = row.lower()
    for run in _BEYOND_ASCII.finditer(lower):
        start, end = max(run.start() - 1, 0), run.end()
        whole, spans = _fold_with_places(lower[start:end])
        folded += [lower[done:start], whole]
        places += [_each_byte(done, start), spans + np.uint32(start)]
        done = end
    places.append(_each_byte(done, len(row)))
    return b"".join([*folded, lower[done:]]), np.concatenate(places).tobytes()


def _each_byte(start: int, end: int) -> NDArray[np.uint32]:
    """Return the places of bytes that stay where they are."""
    starts = np.arange(start, end, dtype=np.uint32)
    return np.stack([starts, starts + np.uint32(1)], axis=1)


@lru_cache(maxsize=4096)
def _fold_with_places(piece: bytes) -> tuple[bytes, NDArray[np.uint32]]:
    folded: list[bytes] = []
    places: list[tuple[int, int, int]] = []
    end = 0
    for start, stop, text in pieces(source := piece.decode(errors="replace")):
        begin, end = end, end + len(source[start:stop].encode())
        folded.append(text.encode())
        places.append((begin, end, len(folded[-1])))
    spans = np.array(places, dtype=np.uint32).reshape(-1, 3)
    return b"".join(folded), np.repeat(spans[:, :2], spans[:, 2], axis=0)
