"""A task's template is known from a sample, whatever the order of its rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from medsmith.dedup.near.boilerplate import find_boilerplate, sampled
from medsmith.dedup.near.params import NearParams

PARAMS = NearParams()
TEMPLATE = "please read the following note with care and say what it is about"


def _inputs(invented: Any, count: int) -> pa.Array:
    return pa.array([f"{TEMPLATE} {invented.text(n, 30)}" for n in range(count)])


def test_the_template_is_found_and_shown(invented: Any) -> None:
    found = find_boilerplate(_inputs(invented, 200), PARAMS)
    assert len(found.shingles) == 13 - 4
    assert np.array_equal(found.shingles, np.unique(found.shingles))
    assert 0.15 < found.covered < 0.3
    assert found.texts == 200
    shown = [text for text, share in found.examples if share == 1.0]
    assert shown
    assert all(text in TEMPLATE for text in shown)


def test_a_few_texts_make_no_template(invented: Any) -> None:
    assert len(find_boilerplate(_inputs(invented, 49), PARAMS).shingles) == 0


def test_copies_of_a_text_make_no_template_of_it(invented: Any) -> None:
    texts = [invented.text(n, 30) for n in range(100)] + [invented.text(0, 30).upper()] * 200
    assert len(find_boilerplate(pa.array(texts), PARAMS).shingles) == 0


def test_a_share_of_one_keeps_everything(invented: Any) -> None:
    params = NearParams(boilerplate_share=1.0)
    assert len(find_boilerplate(_inputs(invented, 200), params).shingles) == 0


def test_no_text_has_no_template() -> None:
    assert len(find_boilerplate(pa.array([], pa.string()), PARAMS).shingles) == 0
    assert len(find_boilerplate(pa.array(["", None, "."]), PARAMS).shingles) == 0


def test_the_sample_follows_from_the_ids_alone() -> None:
    ids = pa.array([f"s-{n}" for n in range(5000)])
    chosen = sampled(ids, 5000, limit=1000)
    assert 850 < chosen.sum() < 1150
    turned = sampled(ids.take(pa.array(range(4999, -1, -1))), 5000, limit=1000)
    assert np.array_equal(turned[::-1], chosen)
    assert sampled(ids, 900, limit=1000).all()
