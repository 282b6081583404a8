"""Documents of real sentences with planted copies whose true Jaccard similarity is known.

The truth is computed here, by other means than Medsmith's: sets of five consecutive lower-cased
`\\w+` words of the NFKC form, where each Chinese or Japanese character is a word.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

WINDOW = 5
LEVELS = (0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.6, 0.5)
_WORD = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff々]|[^\W_\u3040-\u30ff\u4e00-\u9fff々]+")


@dataclass(frozen=True)
class Document:
    """A document; a planted copy names the document it was made from, and how."""

    id: str
    text: str
    origin: str = ""
    kind: str = ""


def jaccard(a: str, b: str) -> float:
    """Return the true similarity of two texts."""
    first, second = shingles(a), shingles(b)
    return len(first & second) / len(first | second) if first or second else 1.0


def shingles(text: str) -> set[tuple[str, ...]]:
    """Return what `text` has of five consecutive words."""
    words = _WORD.findall(unicodedata.normalize("NFKC", text).lower())
    return {tuple(words[i : i + WINDOW]) for i in range(len(words) - WINDOW + 1)}


def documents(
    sentences: list[str], rows: int, *, cjk: bool = False, seed: int = 0, spread: int = 1500
) -> Iterator[Document]:
    """Yield `rows` documents of 200–2,000 characters, a fifth of them planted copies.

    15 % are copies at the similarities `LEVELS`, 2 % differ in case, punctuation, width or white
    space, 3 % are equal letter by letter. Lengths lie between 200 and about 200 + `spread`
    characters, most of them short.
    """
    chance = random.Random(seed)
    number = 0
    while number < rows:
        text = _document(chance, sentences, cjk, spread)
        base = Document(f"d{number:08d}", text)
        yield base
        number += 1
        draw = chance.random()
        if number < rows and draw < 0.25:
            copied, kind = _copy(chance, text, draw / 0.25, sentences, cjk)
            yield Document(f"d{number:08d}", copied, base.id, kind)
            number += 1


def _document(chance: random.Random, sentences: list[str], cjk: bool, spread: int = 1500) -> str:
    # Skewed to short, as instruction data is: the mean is near 750 characters.
    wanted = 200 + int(spread * chance.random() ** 2)
    parts: list[str] = []
    size = 0
    while size < wanted:
        sentence = chance.choice(sentences)
        if sentence not in parts:
            parts.append(sentence)
            size += len(sentence) + 1
    return ("" if cjk else " ").join(parts)[:2000]


def _copy(
    chance: random.Random, text: str, share: float, sentences: list[str], cjk: bool
) -> tuple[str, str]:
    if share < 0.15:
        return text, "exact"
    if share < 0.25:
        name = chance.choice(sorted(_VARIANTS))
        return _VARIANTS[name](text, chance), name
    words = list(text) if cjk else text.split()
    level = chance.choice(LEVELS)
    name = chance.choice(("substitute", "block", "append", "truncate"))
    other = _document(chance, sentences, cjk)
    spare = list(other) if cjk else other.split()
    return ("" if cjk else " ").join(_edited(chance, words, spare, level, name)), name


def _edited(
    chance: random.Random, words: list[str], spare: list[str], level: float, name: str
) -> list[str]:
    """Return `words` edited so that about `level` of the shingles' union is shared."""
    n = max(len(words) - WINDOW + 1, 1)
    lost = max(round(n * (1 - level) / (1 + level)), 1)  # of n on either side
    if name == "substitute":
        copied = list(words)
        for position in chance.sample(range(len(words)), max(round(lost / WINDOW), 1)):
            copied[position] = chance.choice(spare)
        return copied
    if name == "block":
        length = max(lost - WINDOW + 1, 1)
        start = chance.randrange(max(len(words) - length, 1))
        return [*words[:start], *chance.choices(spare, k=length), *words[start + length :]]
    if name == "append":
        return [*words, *chance.choices(spare, k=max(round(n * (1 / level - 1)), 1))]
    return words[: max(round(n * level) + WINDOW - 1, WINDOW)]


def _full_width(text: str, chance: random.Random) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def _decomposed(text: str, chance: random.Random) -> str:
    return unicodedata.normalize("NFD", text)


def _punctuated(text: str, chance: random.Random) -> str:
    return "".join(
        c + chance.choice((",", ";", " -", ""))
        if c == " "
        else chance.choice(" ,;")
        if c in ".,;:"
        else c
        for c in text
    )


def _spaced(text: str, chance: random.Random) -> str:
    return re.sub(r"\s", lambda _: chance.choice(("  ", "\n", "\t", "\u00a0", " ")), text)


_VARIANTS: dict[str, Callable[[str, random.Random], str]] = {
    "upper case": lambda text, chance: text.upper(),
    "full width": _full_width,
    "decomposed": _decomposed,
    "punctuation": _punctuated,
    "white space": _spaced,
}
VARIANTS = tuple(sorted(_VARIANTS))
