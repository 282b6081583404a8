"""The pre-tokenisation patterns that the kernels know, each by its exact text.

A tokenizer whose pattern is not written here letter by letter is counted by its own library.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Family(StrEnum):
    """How a byte-level BPE tokenizer cuts text into pre-tokens."""

    GPT2 = "gpt2"
    LLAMA3 = "llama3"
    CL100K = "cl100k"
    QWEN2 = "qwen2"
    O200K = "o200k"
    TEKKEN = "tekken"
    OTHER = "other"


@dataclass(frozen=True)
class Rules:
    """What sets one family apart; the kernels take these, never a pattern's text.

    `cased` words change at a lower-upper border and may hold marks; `contractions` stand alone
    (1), at the end of a word (2) or are not known (0); `digits` is the most in one group, 0 for
    no limit; `prefix`: a word takes any one character before it, not only a blank; `slash`: `/`
    follows punctuation as line ends do; `tail`: white space at the end of a text stays in one
    piece, whatever line ends it holds.
    """

    prefix: bool = True
    cased: bool = False
    contractions: int = 1
    fold_case: bool = True
    digits: int = 3
    newlines: bool = True
    slash: bool = False
    tail: bool = False


RULES: dict[Family, Rules] = {
    Family.GPT2: Rules(prefix=False, fold_case=False, digits=0, newlines=False),
    Family.LLAMA3: Rules(),
    Family.CL100K: Rules(tail=True),
    Family.QWEN2: Rules(digits=1),
    Family.O200K: Rules(cased=True, contractions=2, slash=True),
    Family.TEKKEN: Rules(cased=True, contractions=0, digits=1, slash=True),
}

_SPACES = r"|\s*[\r\n]+|\s+(?!\S)|\s+"
_TITLE = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
_LOWER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_SUFFIX = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_MIXED = rf"[^\r\n\p{{L}}\p{{N}}]?{_TITLE}*{_LOWER}+"
_UPPER = rf"[^\r\n\p{{L}}\p{{N}}]?{_TITLE}+{_LOWER}*"
_SLASH = r"| ?[^\s\p{L}\p{N}]+[\r\n/]*"
_WORDS = r"[^\r\n\p{L}\p{N}]?\p{L}+"
_PUNCTUATION = r"| ?[^\s\p{L}\p{N}]+[\r\n]*"
_GPT2_REST = r" ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"

GPT2 = f"'s|'t|'re|'ve|'m|'ll|'d|{_GPT2_REST}"
LLAMA3 = rf"{_SUFFIX}|{_WORDS}|\p{{N}}{{1,3}}{_PUNCTUATION}{_SPACES}"
CL100K = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+"
    r"| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)
QWEN2 = rf"{_SUFFIX}|{_WORDS}|\p{{N}}{_PUNCTUATION}{_SPACES}"
O200K = rf"{_MIXED}{_SUFFIX}?|{_UPPER}{_SUFFIX}?|\p{{N}}{{1,3}}{_SLASH}{_SPACES}"
TEKKEN = rf"{_MIXED}|{_UPPER}|\p{{N}}{_SLASH}{_SPACES}"

_KNOWN: dict[str, Family] = {
    GPT2: Family.GPT2,
    # The same, as tiktoken writes it.
    f"'(?:[sdmt]|ll|ve|re)|{_GPT2_REST}": Family.GPT2,
    r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s": Family.GPT2,
    LLAMA3: Family.LLAMA3,
    CL100K: Family.CL100K,
    QWEN2: Family.QWEN2,
    O200K: Family.O200K,
    TEKKEN: Family.TEKKEN,
}

# A file of ranks does not say its pattern; its number of ranks does.
_BY_RANKS: dict[int, str] = {
    50_256: GPT2,
    100_256: CL100K,
    128_000: LLAMA3,
    151_643: QWEN2,
    199_998: O200K,
}


def family_of(pattern: str) -> Family:
    """Return the family with exactly this pattern, or `Family.OTHER`."""
    return _KNOWN.get(pattern, Family.OTHER)


def pattern_for_ranks(ranks: int) -> str:
    """Return the pattern that goes with a file of so many ranks: Llama 3's where none is known."""
    return _BY_RANKS.get(ranks, LLAMA3)


def known() -> tuple[str, ...]:
    """Return all patterns that some family has, in the way it is mostly written first."""
    return tuple(_KNOWN)
