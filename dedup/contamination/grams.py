"""Hashes of runs of tokens, the same here and in the kernel that scans the training texts.

A run ends at a token and reaches back over as many tokens as its last one asks for: words need few
to be telling, characters of scripts without spaces need more. The hash is a polynomial over the
tokens' hashes modulo 2^64 (Karp and Rabin 1987), finished by two multiply-xorshift rounds.
"""

from __future__ import annotations

import numpy as np
from medsmith.dedup.contamination.patterns import U8, U64, Bools, Patterns

BASE = 0x9E3779B97F4A7C15
MIX = 0xD6E8FEB86659FD93

# Tokens in a run that ends at a word, or at a character of a script without spaces ("wide").
LONG, LONG_WIDE = 5, 8
SHORT, SHORT_WIDE = 3, 4


def run_lengths(patterns: Patterns) -> U8:
    """Return, for each token of each pattern, the length of the run that ends there; 0 for none."""
    tokens = patterns.tokens
    short = np.repeat(patterns.short, tokens.lengths).astype(bool)
    wide = tokens.wide.astype(bool)
    lengths = np.where(
        short, np.where(wide, SHORT_WIDE, SHORT), np.where(wide, LONG_WIDE, LONG)
    ).astype(np.uint8)
    inside = np.arange(len(wide)) - np.repeat(tokens.offsets[:-1], tokens.lengths)
    lengths[inside + 1 < lengths] = 0
    return lengths


def run_hashes(hashes: U64, lengths: U8) -> U64:
    """Return the hash of the run that ends at each token (meaningless where `lengths` is 0)."""
    total = np.zeros(len(hashes), np.uint64)
    power = 1
    for back in range(LONG_WIDE):
        part = np.zeros(len(hashes), np.uint64)
        part[back:] = hashes[: max(len(hashes) - back, 0)] * np.uint64(power)
        total += np.where(lengths > back, part, np.uint64(0))
        power = power * BASE % 2**64
    return _finish(total)


def covered_by(ends: Bools, lengths: U8) -> Bools:
    """Return which tokens lie within a run that ends at one of `ends` (bool[tokens])."""
    covered = np.zeros(len(ends), np.bool_)
    for back in range(LONG_WIDE):
        covered[: max(len(covered) - back, 0)] |= (ends & (lengths > back))[back:]
    return covered


def _finish(value: U64) -> U64:
    value = (value ^ (value >> np.uint64(32))) * np.uint64(MIX)
    value = (value ^ (value >> np.uint64(32))) * np.uint64(MIX)
    return value ^ (value >> np.uint64(32))
