"""Folds texts under norm-v1 piece by piece, so that places in the folded text lead back."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache

import numpy as np
from medsmith.dedup.kernels import _native
from medsmith.dedup.kernels.generate_tables import JOINS, MAPPING_BITS, ORDERED, UNKNOWN

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
    start = 0
    for group in _groups().finditer(text):
        for place in range(start, group.start()):
            yield place, place + 1, _fold_one(text[place])
        start = group.end()
        alone = [_fold_one(char) for char in group[0]]
        whole = fold(group[0])
        if "".join(alone) == whole:
            for place, folded in enumerate(alone, group.start()):
                yield place, place + 1, folded
        else:
            yield group.start(), start, whole
    for place in range(start, len(text)):
        yield place, place + 1, _fold_one(text[place])


@cache
def _groups() -> re.Pattern[str]:
    """Match a character and those after it that may compose with it or change places.

    All others are stable (UAX #15, section 9): a text can be cut before each of them.
    """
    entries = np.frombuffer(properties(), np.uint8)
    moving = np.flatnonzero((entries & JOINS != 0) | (entries & MAPPING_BITS == ORDERED))
    return re.compile(f".?[{''.join(map(chr, moving))}]+", re.DOTALL)


def fold_row(row: bytes) -> tuple[bytes, bytes]:
    """Return the folded text of `row` (UTF-8), and nothing of where it comes from.

    Called by the kernels for the few texts in which characters join their neighbours.
    """
    return fold(row.decode(errors="replace")).encode(), b""


def fold_row_with_places(row: bytes) -> tuple[bytes, bytes]:
    """Return the folded text of `row` (UTF-8), and where each of its bytes comes from.

    The places are u32 pairs (start, end), in bytes of `row`.
    """
    folded: list[bytes] = []
    places: list[tuple[int, int, int]] = []
    end = 0
    for start, stop, text in pieces(source := row.decode(errors="replace")):
        begin, end = end, end + len(source[start:stop].encode())
        folded.append(text.encode())
        places.append((begin, end, len(folded[-1])))
    spans = np.array(places, dtype=np.uint32).reshape(-1, 3)
    return b"".join(folded), np.repeat(spans[:, :2], spans[:, 2], axis=0).tobytes()
