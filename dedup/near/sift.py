"""Candidate pairs that cannot be similar, told from two bits of each of their minima.

Most candidates of a low threshold, and of many rows, are far below it, and reading their texts
costs most. Two minima that differ agree in two bits by chance in one of four cases (b-bit minwise
hashing: Li & Koenig 2010), so of two texts of similarity J, a share of (1 - J) 3/4 of the minima
shows a difference. A pair is let go where one at the threshold would show so many with a
probability of `CHANCE` only.
"""

from __future__ import annotations

from functools import cache
from math import comb
from typing import Any

import numpy as np
from medsmith.dedup.kernels import GIST_MINIMA, _lsh
from medsmith.dedup.near.params import NearParams

Numbers = np.ndarray[Any, Any]

CHANCE = 1e-6
# Signatures leave boilerplate out, which is similar beyond what they tell. From a quarter of it on,
# verification leaves it out, too; it counts distinct shingles, so that the shares differ a little.
_MOST_BOILERPLATE = 0.35


def alike(pairs: Numbers, gists: Numbers, boilerplate: Numbers, params: NearParams) -> Numbers:
    """Return which of `pairs` (uint64, packed row numbers) may be similar (bool).

    `gists` (uint32, 8 a row) and `boilerplate` (shares) are those columns of all sketches.
    Containment says nothing of what signatures share: where it decides, all pairs may be similar.
    """
    found = np.ones(len(pairs), np.bool_)
    if params.containment is None:
        shares = np.ceil(np.minimum(boilerplate, _MOST_BOILERPLATE) * 255).astype(np.uint8)
        # An empty input leaves the comparison to the outputs.
        limits = _limits(min(params.threshold, params.outputs_from))
        _lsh.alike(np.ascontiguousarray(pairs), np.ascontiguousarray(gists), shares, limits, found)
    return found


@cache
def _limits(threshold: float) -> Numbers:
    """Return for each share of boilerplate (in 255ths) how many minima may differ (uint8)."""
    limits = [_limit(_without(share / 255, threshold)) for share in range(256)]
    return np.array(limits, np.uint8)


def _without(share: float, threshold: float) -> float:
    """Return the least similarity, without the boilerplate, of two texts at the threshold.

    They are of one length, and share all of their boilerplate.
    """
    shared = 2 * threshold / (1 + threshold)
    kept = shared - share
    return max(kept / (2 - 2 * share - kept), 0.0) if share < 1 else 0.0


def _limit(similarity: float) -> int:
    differing = 0.75 * (1 - similarity)
    more = 1.0
    for count in range(GIST_MINIMA + 1):
        ways = comb(GIST_MINIMA, count)
        more -= ways * differing**count * (1 - differing) ** (GIST_MINIMA - count)
        if more <= CHANCE:
            return count
    return GIST_MINIMA
