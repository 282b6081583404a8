"""Exact similarity of candidate pairs, and the rules that a similar pair must also keep.

Inputs compare by Jaccard over their shingles; where one of the two is `PARTLY` boilerplate, by
those without it. (Common phrases are boilerplate too, and many where characters are words: texts
with a few of them keep their plain similarity.) That leaves little of a text that follows a
template, and little of a short one: there a word or number decides, so that two patients in the
same sentence are told apart. Such pairs must also be *compatible*:

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
    return compare(prepare(candidates, boilerplate, params), pairs, scopes, params)


def prepare(candidates: Candidates, boilerplate: Sequence[Numbers], params: NearParams) -> Prepared:
    """Read the texts once, for any number of calls of `compare` (see `verify`)."""
    inputs = _prepare(candidates, boilerplate, params)
    return Prepared(candidates, inputs, _prepare_outputs(candidates, params))


def compare(prepared: Prepared, pairs: Numbers, scopes: Scopes, params: NearParams) -> Edges:
    """Return one edge for each of `pairs` (see `verify`)."""
    candidates, inputs, answers = prepared.candidates, prepared.inputs, prepared.outputs
    first, second = pair_rows(pairs)
    a, b = _places(candidates.rows, first), _places(candidates.rows, second)
    similar, contained, compatible = _compare_inputs(inputs, a, b)
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
    """Shingles of inputs: all (`full`), without boilerplate (`kept`), and the boilerplate.

    `templated` marks rows that are `PARTLY` boilerplate, `forms` forms; `elements[places[row]]` are
    the elements of one.
    """

    digests: Numbers
    full: ShingleSets
    kept: ShingleSets
    dropped: ShingleSets
    templated: Numbers
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
    templated = (dropped.sizes > 0) & (dropped.sizes >= PARTLY * full.sizes)
    digests = candidates.input_digests
    return _Inputs(digests, full, kept, dropped, templated, forms, places, elements)


def _compare_inputs(inputs: _Inputs, a: Numbers, b: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Return Jaccard similarity and containment of inputs, and where no value is exchanged."""
    jaccard, contained = _similar(inputs.full, a, b)
    pairs = np.flatnonzero(inputs.templated[a] | inputs.templated[b])
    jaccard[pairs], contained[pairs] = _similar(inputs.kept, a[pairs], b[pairs])
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
    kept, dropped = inputs.kept, inputs.dropped
    left, gone = kept.sizes, dropped.sizes
    templated = inputs.templated[a] | inputs.templated[b]
    fine = np.ones(len(a), np.bool_)
    some = (gone[a] > 0) & (gone[b] > 0)
    pairs = np.flatnonzero((templated | _few(inputs.full.sizes, a, b)) & some)
    fine[pairs] = _similar(dropped, a[pairs], b[pairs])[1] >= 1
    some = (left[a] > 0) & (left[b] > 0)
    pairs = np.flatnonzero(templated & _few(left, a, b) & some)
    fine[pairs] &= _similar(kept, a[pairs], b[pairs])[1] >= 1
    return fine


def _few(sizes: Numbers, a: Numbers, b: Numbers) -> Numbers:
    return np.asarray(np.maximum(sizes[a], sizes[b]) < FEW)


def _without(
    sets: ShingleSets, tasks: Numbers, boilerplate: Sequence[Numbers]
) -> tuple[ShingleSets, ShingleSets]:
    """Return the sets without their tasks' boilerplate, and the boilerplate in them."""
    values, offsets = np.ascontiguousarray(sets.values), np.ascontiguousarray(sets.offsets)
    bounds = np.cumsum([0, *(len(shingles) for shingles in boilerplate)])
    if not bounds[-1]:
        return sets, ShingleSets(values[:0], np.zeros_like(offsets))
    kept, dropped = (ShingleSets(np.empty_like(values), np.empty_like(offsets)) for _ in range(2))
    _lsh.split_sets(
        *(values, offsets, np.ascontiguousarray(tasks, np.int64)),
        *(np.concatenate(boilerplate), bounds),
        *(kept.values, kept.offsets, dropped.values, dropped.offsets),
    )
    return _trimmed(kept), _trimmed(dropped)


def _trimmed(sets: ShingleSets) -> ShingleSets:
    return ShingleSets(sets.values[: sets.offsets[-1]], sets.offsets)


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


@dataclass(frozen=True)
class Prepared:
    """Candidates with their shingles, as `prepare` makes it and `compare` takes it."""

    candidates: Candidates
    inputs: _Inputs
    outputs: _Outputs


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
    sizes = inputs.full.sizes
    few = sizes < FEW
    careful = few | inputs.forms | (inputs.dropped.sizes >= MOSTLY * sizes)
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
