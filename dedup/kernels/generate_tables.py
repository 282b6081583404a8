"""Writes `norm_tables.h`: what norm-v1 does with every code point, as two-stage tables.

Run once: the tables are the truth of norm-v1 and stay as they are whatever Python's `unicodedata`
comes to know later. To write them again takes a Python of the same Unicode version:

    python -m medsmith.dedup.kernels.generate_tables
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

UNICODE_VERSION = "14.0.0"
CODE_POINTS = 0x110000
BLOCK = 128

# What a character does to the tokens around it.
SEPARATOR, WORD, SINGLE, MARK, SYMBOL = range(5)

# How the low byte of an entry is laid out: three bits of kind, two of mapping, two flags. The upper
# 24 bits are the mapping's payload.
KIND_BITS, MAPPING_BITS = 7, 3 << 3
KEEP, REPLACE, EXPAND, ORDERED = (mapping << 3 for mapping in range(4))
JOINS, UNKNOWN = 1 << 5, 1 << 6

# Letters of scripts written without spaces, by block: `unicodedata` does not tell scripts.
UNSPACED = (
    (0x0E00, 0x0FFF),  # Thai, Lao, Tibetan
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x2FDF),  # Han radicals
    (0x3005, 0x3007),  # Han iteration mark and zero
    (0x3021, 0x3029),  # Hangzhou numerals
    (0x3038, 0x303C),
    (0x3041, 0x312F),  # Hiragana, Katakana, Bopomofo
    (0x31A0, 0x31BF),
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xA9E0, 0xA9FF),  # Myanmar
    (0xAA60, 0xAA7F),
    (0xF900, 0xFAFF),  # Han
    (0x16FE0, 0x16FFF),
    (0x1AFF0, 0x1B16F),  # Kana
    (0x20000, 0x3FFFF),  # Han
)
# Beside the mathematical symbols; and those of them that are typed as punctuation just as often.
MEANINGFUL = "%°"
MEANINGLESS = "|\u2044\u2212"

HANGUL_VOWELS_AND_FINALS = (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))


def fold(text: str) -> str:
    """Return `text` as norm-v1 compares it, before it is cut into tokens."""
    nfkc = unicodedata.normalize("NFKC", text)
    return unicodedata.normalize("NFKC", nfkc.casefold())


def kind(char: str) -> int:
    """Return what `char`, of a folded text, does to the tokens around it."""
    category = unicodedata.category(char)
    if category[0] == "M":
        return MARK
    if category[0] == "L" or category == "Nl":
        code = ord(char)
        return SINGLE if any(first <= code <= last for first, last in UNSPACED) else WORD
    if category[0] == "N":
        return WORD
    if (category == "Sm" or char in MEANINGFUL) and char not in MEANINGLESS:
        return SYMBOL
    return SEPARATOR


def composing() -> frozenset[str]:
    """Return the characters that may compose with one before them (UAX #15, NFC_QC=Maybe)."""
    found = {chr(code) for code in HANGUL_VOWELS_AND_FINALS}
    for code in range(CODE_POINTS):
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == 2 and parts[0][0] != "<":
            pair = "".join(chr(int(part, 16)) for part in parts)
            if unicodedata.normalize("NFC", pair) == chr(code):
                found.add(pair[1])
    return frozenset(found)


def entries() -> tuple[list[int], list[int]]:
    """Return one entry for each code point, and the expansions that some of them point to.

    An expansion is its length and last combining class in one number (class << 8 | length), then
    its code points.
    """
    maybe = composing()
    expansions: list[int] = []
    found = [_entry(code, maybe, expansions) for code in range(CODE_POINTS)]
    return found, expansions


def _entry(code: int, maybe: frozenset[str], expansions: list[int]) -> int:
    char = chr(code)
    if unicodedata.category(char) in ("Cn", "Cs"):
        return UNKNOWN if unicodedata.category(char) == "Cn" else SEPARATOR
    levels = (unicodedata.normalize("NFKC", char), fold(char))
    folded = levels[-1]
    result = kind(folded) if len(folded) == 1 else SEPARATOR
    first = {unicodedata.combining(level[0]) for level in levels}
    last = {unicodedata.combining(level[-1]) for level in levels}
    if any(level[0] in maybe for level in levels):
        return result | JOINS
    if first != {0}:
        plain = folded == char and last == first and len(first) == 1
        return result | (ORDERED | min(first) << 8 if plain else JOINS)
    if last == {0} and folded == char:
        return result | KEEP
    if last == {0} and len(folded) == 1:
        return result | REPLACE | ord(folded) << 8
    expansions += [max(last) << 8 | len(folded), *map(ord, folded)]
    return result | EXPAND | (len(expansions) - len(folded) - 1) << 8


def two_stages(values: Sequence[int]) -> tuple[list[int], list[int]]:
    """Return the number of each block of `values`, and the different blocks one after another."""
    numbers: dict[tuple[int, ...], int] = {}
    blocks = [tuple(values[start : start + BLOCK]) for start in range(0, len(values), BLOCK)]
    index = [numbers.setdefault(block, len(numbers)) for block in blocks]
    return index, [value for block in numbers for value in block]


def header() -> str:
    """Return the text of `norm_tables.h`."""
    values, expansions = entries()
    index, blocks = two_stages(values)
    return "\n".join(
        [
            "/* Written by generate_tables.py: do not edit. */",
            "#ifndef MEDSMITH_NORM_TABLES_H",
            "#define MEDSMITH_NORM_TABLES_H",
            "#include <stdint.h>",
            f'#define NORM_UNICODE_VERSION "{UNICODE_VERSION}"',
            *_array("uint8_t" if max(index) < 256 else "uint16_t", "norm_blocks", index),
            *_array("uint32_t", "norm_entries", blocks),
            *_array("uint32_t", "norm_expansions", expansions),
            "#endif",
            "",
        ]
    )


def _array(c_type: str, name: str, values: Sequence[int]) -> Iterator[str]:
    yield f"static const {c_type} {name}[{len(values)}] = {{"
    line = ""
    for value in values:
        number = f"{value},"
        if len(line) + len(number) > 100:
            yield line
            line = ""
        line += number
    yield f"{line}}};"


def main() -> None:
    """Write the header beside this file, or refuse under another Unicode version."""
    if unicodedata.unidata_version != UNICODE_VERSION:
        raise SystemExit(
            f"norm-v1 is defined by Unicode {UNICODE_VERSION}; this Python has "
            f"{unicodedata.unidata_version}. Run it with Python 3.11."
        )
    Path(__file__).with_name("norm_tables.h").write_text(header(), encoding="ascii")


if __name__ == "__main__":
    main()
