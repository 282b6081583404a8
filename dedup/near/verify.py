"""Exact similarity of candidate pairs, and the rules that a similar pair must also keep.

Inputs compare by Jaccard over their shingles without boilerplate. That leaves little of a text
that follows a template, and little of a short one: there a word or number decides, so that two
patients in the same sentence are told apart. Such pairs must also be *compatible*:

- Numbers must agree, as multisets, in texts of `FEW` shingles, in texts that are `MOSTLY`
  boilerplate, and in forms. Longer prose may differ in a number, as in any other word.
- In texts of `FEW` shingles, or `PARTLY` boilerplate, no boilerplate is exchanged for other
  boilerplate: where each text has some that the other lacks, common values differ (`male` and
  `female` in the same place). Where but `FEW` shingles are left of texts that are `PARTLY`
  boilerplate, none of those is exchanged either.
- Forms compare by their (key, value) elements instead: one may lack elements, but none differs.
- Codes and lines agree where `medsmith.dedup.near.details` asks for them.

Source of resemblance and containment: Broder 1997.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from medsmith.dedup import kernels
from medsmith.dedup.kernels import ShingleSets, _lsh
from medsmith.dedup.near.bands import pair_rows
from medsmith.dedup.near.details import codes_agree, lines_agree
from medsmith.dedup.near.edges import Edges
from medsmith.dedup.near.forms import find_forms
from medsmith.dedup.near.params import NearParams
from medsmith.dedup.near.scopes import Scopes
from medsmith.dedup.near.sketches import Texts, is_short

Numbers = np.ndarray[Any, Any]

FEW = 24  # shingles; a text of 200 letters has more
PARTLY, MOSTLY = 0.25, 0.5  # shares of boilerplate
LEAST = 0.3  # less is similar under no parameters


@dataclass(frozen=True)
class Candidates:
    """The rows of some pairs, with what verification needs of them.

    `rows` (uint32, ascending) number them; `input_digests` and `output_digests` come from their
    sketches; `tasks` gives the number of each row's task.
    """

    rows: Numbers
    texts: Texts
    input_digests: Numbers
    output_digests: Numbers
    tasks: Numbers


def verify(
    candidates: Candidates,
    pairs: Numbers,
    boilerplate: Sequence[Numbers],
    scopes: Scopes,
    params: NearParams,
) -> Edges:
    """Return one edge for each of `pairs` (packed row numbers), in their order.

    `boilerplate` holds the shingles (uint64, sorted) of each task, `scopes` its scope: pairs beyond
    that are not compatible. Raises `ValueError` for a pair whose rows are not among the candidates.
    """
    first, second = pair_rows(pairs)
    a, b = _places(candidates.rows, first), _places(candidates.rows, second)
    inputs = _prepare(candidates, boilerplate, params)
    similar, contained, compatible = _compare_inputs(inputs, a, b)
    answers = _prepare_outputs(candidates, params)
    outputs = _compare_outputs(answers, a, b)
    compatible &= scopes.meet(candidates.tasks[a], candidates.tasks[b])
    compatible &= (contained >= LEAST) & (outputs >= LEAST)
    # To read the texts once more costs most: only where the pair may still be similar.
    left = np.flatnonzero(compatible)
    compatible[left] = _texts_agree(candidates.texts, inputs, answers, a[left], b[left], params)
    return Edges(first, second, similar, outputs, contained, compatible)


def _places(rows: Numbers, wanted: Numbers) -> Numbers:
    places = np.searchsorted(rows, wanted)
    if len(wanted) and (places.max() >= len(rows) or (rows[places] != wanted).any()):
        raise ValueError("a pair names a row that is not among the candidates")
    return places


@dataclass(frozen=True)
class _Inputs:
    """Shingles of inputs: all (`sizes`), without boilerplate (`kept`), and the boilerplate.

    `forms` marks forms; `elements[places[row]]` are the elements of one.
    """

    digests: Numbers
    sizes: Numbers
    kept: ShingleSets
    dropped: ShingleSets
    forms: Numbers
    places: Numbers
    elements: ShingleSets


def _prepare(candidates: Candidates, boilerplate: Sequence[Numbers], params: NearParams) -> _Inputs:
    column = candidates.texts.inputs
    full = kernels.shingle_sets(column, window=params.window, short=params.short)
    kept, dropped = _without(full, candidates.tasks, boilerplate)
    rows, elements = find_forms(column)
    forms, places = np.zeros(len(column), np.bool_), np.zeros(len(column), np.int64)
    forms[rows], places[rows] = True, np.arange(len(rows))
    return _Inputs(candidates.input_digests, full.sizes, kept, dropped, forms, places, elements)


def _compare_inputs(inputs: _Inputs, a: Numbers, b: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Return Jaccard similarity and containment of inputs, and where no value is exchanged."""
    jaccard, contained = _similar(inputs.kept, a, b)
    equal = inputs.digests[a] == inputs.digests[b]
    empty = (inputs.kept.sizes[a] == 0) | (inputs.kept.sizes[b] == 0)
    jaccard[empty], contained[empty] = equal[empty], equal[empty]
    fine = _no_exchange(inputs, a, b)
    pairs = np.flatnonzero(inputs.forms[a] & inputs.forms[b])
    places = inputs.places
    jaccard[pairs], contained[pairs] = _similar(inputs.elements, places[a[pairs]], places[b[pairs]])
    fine[pairs] = contained[pairs] >= 1
    return jaccard, contained, fine


def _no_exchange(inputs: _Inputs, a: Numbers, b: Numbers) -> Numbers:
    """Return which pairs, where they follow a template, have no value exchanged for another."""
    kept, dropped, sizes = inputs.kept, inputs.dropped, inputs.sizes
    left, gone = kept.sizes, dropped.sizes
    templated = (gone >= PARTLY * sizes) & (gone > 0)
    fine = np.ones(len(a), np.bool_)
    some = (gone[a] > 0) & (gone[b] > 0)
    pairs = np.flatnonzero((templated[a] | templated[b] | _few(sizes, a, b)) & some)
    fine[pairs] = _similar(dropped, a[pairs], b[pairs])[1] >= 1
    some = (left[a] > 0) & (left[b] > 0)
    pairs = np.flatnonzero((templated[a] | templated[b]) & _few(left, a, b) & some)
    fine[pairs] &= _similar(kept, a[pairs], b[pairs])[1] >= 1
    return fine


def _few(sizes: Numbers, a: Numbers, b: Numbers) -> Numbers:
    return np.asarray(np.maximum(sizes[a], sizes[b]) < FEW)


def _without(
    sets: ShingleSets, tasks: Numbers, boilerplate: Sequence[Numbers]
) -> tuple[ShingleSets, ShingleSets]:
    """Return the sets without their tasks' boilerplate, and the boilerplate in them."""
    values, offsets = np.asarray(sets.values), np.asarray(sets.offsets)
    marks = np.zeros(len(values), np.bool_)
    for task in np.unique(tasks):
        if not len(boilerplate[task]):
            continue
        here = np.repeat(tasks == task, np.diff(offsets))
        found = np.empty(int(here.sum()), np.bool_)
        _lsh.members(np.ascontiguousarray(values[here]), boilerplate[task], found)
        marks[here] = found
    if not marks.any():
        return sets, ShingleSets(values[:0], np.zeros_like(offsets))
    return _subset(values, offsets, ~marks), _subset(values, offsets, marks)


def _subset(values: Numbers, offsets: Numbers, wanted: Numbers) -> ShingleSets:
    before = np.concatenate([[0], np.cumsum(wanted)])
    return ShingleSets(values[wanted], before[offsets].astype(np.int64))


def _similar(sets: ShingleSets, a: Numbers, b: Numbers) -> tuple[Numbers, Numbers]:
    jaccard, contained = kernels.similarities(sets, a, sets, b)
    return np.array(jaccard, np.float64), np.array(contained, np.float64)


@dataclass(frozen=True)
class _Outputs:
    """Outputs: `exact` ones are the same or not; `few`: of few shingles."""

    digests: Numbers
    exact: Numbers
    few: Numbers
    sets: ShingleSets


def _prepare_outputs(candidates: Candidates, params: NearParams) -> _Outputs:
    texts = candidates.texts
    exact = texts.closed | is_short(texts.outputs, params.window)
    sets = kernels.shingle_sets(texts.outputs, window=params.window, short=params.short)
    return _Outputs(candidates.output_digests, exact, exact | (sets.sizes < FEW), sets)


def _compare_outputs(outputs: _Outputs, a: Numbers, b: Numbers) -> Numbers:
    """Return the similarity of outputs; labels, choices and short ones are the same (1) or not."""
    similar = np.asarray(outputs.digests[a] == outputs.digests[b]).astype(np.float64)
    pairs = np.flatnonzero(~(outputs.exact[a] | outputs.exact[b]))
    similar[pairs] = _similar(outputs.sets, a[pairs], b[pairs])[0]
    return similar


def _texts_agree(
    texts: Texts,
    inputs: _Inputs,
    outputs: _Outputs,
    a: Numbers,
    b: Numbers,
    params: NearParams,
) -> Numbers:
    """Return which pairs agree in the details that their kind of text asks for."""
    few = inputs.sizes < FEW
    careful = few | inputs.forms | (inputs.dropped.sizes >= MOSTLY * inputs.sizes)
    agree = _numbers_agree(texts.inputs, a, b, careful[a] | careful[b])
    agree &= _numbers_agree(texts.outputs, a, b, outputs.few[a] | outputs.few[b])
    differ = inputs.digests[a] != inputs.digests[b]
    differ &= ~(inputs.forms[a] & inputs.forms[b])  # their elements have decided
    agree &= codes_agree(texts.inputs, a, b, differ & (few[a] | few[b]))
    labels = outputs.exact & (outputs.sets.sizes > 0)
    asked = differ & labels[a] & labels[b]
    return np.asarray(agree & lines_agree(texts.inputs, a, b, asked, params))


def _numbers_agree(column: pa.Array, a: Numbers, b: Numbers, asked: Numbers) -> Numbers:
    """Return which pairs have the same numbers, or are not asked."""
    agree = np.ones(len(a), np.bool_)
    pairs = np.flatnonzero(asked)
    if len(pairs):
        rows, places = np.unique(np.concatenate([a[pairs], b[pairs]]), return_inverse=True)
        sets = kernels.numeric_values(column.take(pa.array(rows)))
        agree[pairs] = _similar(sets, places[: len(pairs)], places[len(pairs) :])[0] >= 1
    return agree
