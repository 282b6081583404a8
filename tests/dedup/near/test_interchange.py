"""datasketch agrees: on estimates, on candidate pairs, and after a journey there and back."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from medsmith.dedup.kernels import sketch as minhash
from medsmith.dedup.near.find import candidates
from medsmith.dedup.near.interchange import from_datasketch, signatures, to_datasketch
from medsmith.dedup.near.params import NearParams, Shape
from medsmith.dedup.near.scopes import TaskScope, scopes_of
from medsmith.dedup.near.sketches import Texts, sketch
from medsmith.schema import UserError

datasketch = pytest.importorskip("datasketch", minversion="2.0")
SHAPE = Shape(16, 4)


def _texts(invented: Any) -> list[str]:
    draw = random.Random(2)
    texts: list[str] = []
    for n in range(150):
        copy = texts and draw.random() < 0.7
        texts.append(
            invented.edited(draw.choice(texts), draw.randrange(1, 7), n, f"e{n}x")
            if copy
            else invented.text(n, 80)
        )
    return texts


def _sketches(texts: list[str]) -> pa.Table:
    rows = Texts(pa.array(texts), pa.array(["yes"] * len(texts)), np.zeros(len(texts), np.bool_))
    return sketch(rows, np.empty(0, np.uint64), SHAPE, NearParams())


def test_signatures_survive_the_journey(invented: Any) -> None:
    minima = signatures(_sketches(_texts(invented)), SHAPE)
    assert (minima.shape, minima.dtype) == ((150, 64), np.uint16)
    lean = to_datasketch(minima)
    assert np.array_equal(from_datasketch(lean), minima)
    assert lean[0].jaccard(lean[1]) == np.mean(minima[0] == minima[1])


def test_foreign_signatures_are_refused() -> None:
    foreign = datasketch.LeanMinHash(datasketch.MinHash(num_perm=64))
    with pytest.raises(UserError, match="not made by Medsmith"):
        from_datasketch([foreign])


def test_candidates_are_those_of_datasketch(invented: Any) -> None:
    sketches = _sketches(_texts(invented))
    index = datasketch.MinHashLSH(num_perm=64, params=(SHAPE.bands, SHAPE.rows))
    lean = to_datasketch(signatures(sketches, SHAPE))
    for number, one in enumerate(lean):
        index.insert(str(number), one)
    wanted = {
        (number, int(other))
        for number, one in enumerate(lean)
        for other in index.query(one)
        if int(other) > number
    }
    scopes = scopes_of([TaskScope("s", "t", "c")])
    pairs = candidates(sketches, scopes, np.zeros(len(sketches), int), SHAPE)
    ours = {(int(pair) >> 32, int(pair) & 0xFFFFFFFF) for pair in pairs}
    assert len(wanted) > 100
    assert ours == wanted


def test_estimates_are_within_the_binomial_error(invented: Any) -> None:
    texts = [invented.text(n, 80) for n in range(100)]
    others = [invented.edited(text, 1 + n % 6, n) for n, text in enumerate(texts)]
    a, b = (minhash(pa.array(some), 256).signatures for some in (texts, others))
    truth = np.array([invented.jaccard(*pair) for pair in zip(texts, others, strict=True)])
    error = (a == b).mean(axis=1) - truth
    deviation = np.sqrt(truth * (1 - truth) / 256)
    assert np.abs(error / deviation).max() < 4.5
    assert abs((error / deviation).mean()) < 0.35
