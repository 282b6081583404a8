"""What makes two texts the same record, and what makes them two."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from medsmith.dedup.kernels import shingle_sets
from medsmith.dedup.near.bands import pack_pairs
from medsmith.dedup.near.find import find_near_duplicates
from medsmith.dedup.near.params import NearParams, Shape
from medsmith.dedup.near.scopes import TaskScope, scopes_of
from medsmith.dedup.near.sketches import Texts, sketch
from medsmith.dedup.near.verify import Candidates, compare, prepare, verify

FORM = "age: {age}\nsex: {sex}\ntemperature: {temperature}\npulse: {pulse}\ncomplaint: {complaint}"
SENTENCE = (
    "This {sex} of {age} years came {way} with a temperature of {temperature} degrees, a pulse of "
    "{pulse} beats a minute and a pressure of {high} over {low}, telling of {complaint} since "
    "yesterday evening"
)


def _patients(count: int, seed: int = 0) -> list[dict[str, Any]]:
    draw = random.Random(seed)
    return [
        {
            "age": draw.randint(18, 90),
            "sex": draw.choice(["woman", "man"]),
            "way": draw.choice(["by ambulance", "on foot", "by car"]),
            "temperature": draw.randint(960, 410 * 10 // 10 + 600) / 10,
            "pulse": draw.randint(50, 140),
            "high": draw.randint(90, 190),
            "low": draw.randint(50, 110),
            "complaint": draw.choice(["pain", "cough", "fever", "a rash", "a fall"]),
        }
        for _ in range(count)
    ]


@pytest.mark.parametrize("template", [FORM, SENTENCE])
def test_patients_in_one_template_stay_and_their_copies_go(
    template: str, invented: Any, gone: Any
) -> None:
    records = [template.format(**patient) for patient in _patients(400)]
    copies = [record.upper().replace(",", " ;").replace("\n", "  \n") for record in records[:40]]
    found = gone(find_near_duplicates(invented.table(records + copies, ["3"] * 440)))
    assert found == {f"i{400 + n:04}": f"i{n:04}" for n in range(40)}


@pytest.mark.parametrize(
    "change", [{"pulse": 81}, {"sex": "man"}, {"complaint": "cough"}, {"temperature": 36.8}]
)
def test_another_value_is_another_record(change: dict[str, Any], invented: Any, gone: Any) -> None:
    """Even where few rows show what the template is."""
    patient = {"age": 40, "sex": "woman", "way": "on foot", "temperature": 36.9, "pulse": 80}
    patient |= {"high": 120, "low": 80, "complaint": "pain"}
    texts = [FORM.format(**patient), FORM.format(**(patient | change))]
    assert gone(find_near_duplicates(invented.table(texts), threshold=0.3)) == {}


def test_a_common_value_for_another_is_another_record(invented: Any, gone: Any) -> None:
    """Both values are so common that they count as boilerplate, and no number differs."""
    head = " ".join(f"head{n}" for n in range(12))
    tail = " ".join(f"tail{n}" for n in range(12))
    rows = [
        f"{head} {kind} {tail} {invented.text(n // 2, 6)}"
        for n in range(400)
        for kind in [("low", "high")[n % 2]]
    ]
    assert gone(find_near_duplicates(invented.table(rows))) == {}


def test_fields_in_another_order_are_the_same_form(invented: Any, gone: Any) -> None:
    lines = FORM.format(**_patients(1)[0]).split("\n")
    table = invented.table(["\n".join(lines), "\n".join(reversed(lines))])
    assert gone(find_near_duplicates(table)) == {"i0001": "i0000"}


def test_a_number_in_long_prose_is_a_word_like_others(invented: Any, gone: Any) -> None:
    text = invented.text(1, 120) + " 37 " + invented.text(2, 30)
    table = invented.table([text, text.replace(" 37 ", " 41 ")])
    assert gone(find_near_duplicates(table)) == {"i0001": "i0000"}


def test_a_number_in_a_short_text_decides(invented: Any, gone: Any) -> None:
    text = invented.text(1, 24)
    assert gone(find_near_duplicates(invented.table([f"1.5 {text}", f"15 {text}"]))) == {}
    assert gone(find_near_duplicates(invented.table([f"one {text}", f"two {text}"]))) != {}


def test_texts_that_are_all_boilerplate_are_the_same_only_when_equal(
    invented: Any, gone: Any
) -> None:
    texts = [invented.text(n, 30) for n in range(4)]
    rows = [f"{texts[n % 4]} {texts[(n // 4) % 4]} case {n}" for n in range(320)]
    rows += [f"{texts[0]} {texts[1]}", f"{texts[0]} {texts[1]}!", f"{texts[1]} {texts[0]}"]
    found = gone(find_near_duplicates(invented.table(rows)))
    assert found == {"i0321": "i0320"}


def test_labels_and_short_outputs_must_be_equal(invented: Any, gone: Any) -> None:
    question = invented.text(1)
    same = invented.table([question] * 2, ["Not found.", "not found"])
    assert gone(find_near_duplicates(same)) == {"i0001": "i0000"}  # after norm-v1
    other = invented.table([question] * 2, ["positive", "positives"])
    assert gone(find_near_duplicates(other)) == {}
    long = invented.text(2, 40)
    closed = invented.table([question] * 2, [long, f"{long} more"], closed=[True, True])
    assert gone(find_near_duplicates(closed)) == {}


def test_long_outputs_may_be_similar_and_must_be(invented: Any, gone: Any) -> None:
    question, answer = invented.text(1), invented.text(2, 80)
    outputs = [answer, invented.edited(answer, 1), invented.text(3, 80)]
    assert gone(find_near_duplicates(invented.table([question] * 3, outputs))) in (
        {"i0001": "i0000"},
        {"i0000": "i0001"},  # the longer answer stays
    )


def test_without_inputs_outputs_are_compared(invented: Any, gone: Any) -> None:
    answer = invented.text(2, 80) + " x"
    table = invented.table([""] * 3, [answer, answer[:-2] + " y", invented.text(3, 80)])
    assert gone(find_near_duplicates(table)) == {"i0001": "i0000"}


def test_containment_decides_only_when_asked(invented: Any, gone: Any) -> None:
    whole = invented.text(1, 100)
    part = " ".join(whole.split()[:75])
    table = invented.table([whole, part])
    assert gone(find_near_duplicates(table)) == {}
    assert gone(find_near_duplicates(table, containment=0.95, floor=0.6)) == {"i0001": "i0000"}


def test_one_question_with_thousands_of_answers_is_quick(invented: Any, gone: Any) -> None:
    question = invented.text(1)
    answers = [invented.text(n, 40) for n in range(3000)]
    answers += [f"{answer} more" for answer in answers[:100]]
    result = find_near_duplicates(invented.table([question] * 3100, answers))
    assert len(result.edges) < 3100 * 200  # of 4.8 million
    assert len(result) == 100


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 6), st.sampled_from([0.6, 0.7, 0.8, 0.9]))
def test_reported_similarity_is_that_of_the_word_shingles(
    invented: Any, seed: int, edits: int, threshold: float
) -> None:
    text = invented.text(seed, 90)
    other = invented.edited(text, edits, seed)
    result = find_near_duplicates(invented.table([text, other]), threshold=threshold, floor=0.5)
    truth = invented.jaccard(text, other)
    assert len(result) == (truth >= threshold)
    for row in result.duplicates.to_pylist():
        assert row["input_similarity"] == pytest.approx(truth)


def _edges(
    inputs: list[str], outputs: list[str], closed: bool = False, boilerplate: str = ""
) -> Any:
    """Verify the pair of the first two rows, whether or not a band would propose it."""
    texts = Texts(pa.array(inputs), pa.array(outputs), np.full(len(inputs), closed))
    shingles = shingle_sets(pa.array([boilerplate])).values
    facts = sketch(texts, shingles, Shape(2, 2), NearParams())
    candidates = Candidates(
        np.array([3, 8], np.uint32),
        texts,
        facts["input_digest"].to_numpy(),
        facts["output_digest"].to_numpy(),
        np.zeros(2, np.int64),
    )
    scopes = scopes_of([TaskScope("s", "t", "c")])
    pairs = pack_pairs(np.array([8]), np.array([3]))
    return verify(candidates, pairs, [shingles], scopes, NearParams())


def test_a_pair_is_judged_alone_by_its_texts(invented: Any) -> None:
    question, answer = invented.text(1), invented.text(2, 40)
    edges = _edges([question] * 2, [answer, f"{answer} more"])
    assert (edges.a.tolist(), edges.b.tolist()) == ([3], [8])
    assert edges.input_similarity[0] == 1.0
    assert edges.output_similarity[0] == pytest.approx(36 / 37)
    assert edges.similar(NearParams())[0]
    labels = _edges([question] * 2, [answer, f"{answer} more"], closed=True)
    assert labels.output_similarity[0] == 0.0
    assert not labels.similar(NearParams())[0]


def test_what_is_all_boilerplate_is_similar_only_when_equal(invented: Any) -> None:
    template = invented.text(1, 80)
    words = template.split()
    other = _edges([template, " ".join(words[:70])], ["yes"] * 2, boilerplate=template)
    assert other.input_similarity[0] == 0.0
    same = _edges([template, template.upper()], ["yes"] * 2, boilerplate=template)
    assert same.input_similarity[0] == 1.0


@pytest.mark.parametrize(("phrase", "plain"), [(10, True), (60, False)])
def test_boilerplate_counts_like_other_words_unless_a_text_is_full_of_it(
    invented: Any, phrase: int, plain: bool
) -> None:
    common, words = invented.text(1, phrase), invented.text(2, 90)
    texts = [f"{common} {words}", f"{common} {invented.edited(words, 3)}"]
    found = _edges(texts, ["yes"] * 2, boilerplate=common).input_similarity[0]
    assert (found == pytest.approx(invented.jaccard(*texts))) == plain
    if not plain:
        assert found < invented.jaccard(*texts)


def test_a_row_that_is_not_there_is_refused(invented: Any) -> None:
    texts = Texts(pa.array(["x"]), pa.array(["y"]), np.zeros(1, np.bool_))
    none = np.zeros(1, np.uint64)
    candidates = Candidates(np.array([3], np.uint32), texts, none, none, np.zeros(1, np.int64))
    scopes = scopes_of([TaskScope("s", "t", "c")])
    with pytest.raises(ValueError, match="not among"):
        verify(candidates, np.array([3 << 32 | 4], np.uint64), [none[:0]], scopes, NearParams())


def test_candidates_read_once_answer_any_pairs_in_any_order(invented: Any) -> None:
    words = invented.text(1, 60)
    inputs = [words, invented.edited(words, 2), invented.edited(words, 9), invented.text(2, 60)]
    texts = Texts(pa.array(inputs), pa.array(["yes"] * 4), np.zeros(4, np.bool_))
    shingles = shingle_sets(pa.array([""])).values
    facts = sketch(texts, shingles, Shape(2, 2), NearParams())
    rows, digests = np.arange(4, dtype=np.uint32), facts["input_digest"].to_numpy()
    candidates = Candidates(
        rows, texts, digests, facts["output_digest"].to_numpy(), np.zeros(4, np.int64)
    )
    scopes = scopes_of([TaskScope("s", "t", "c")])
    prepared = prepare(candidates, [shingles], NearParams())
    pairs = pack_pairs(np.array([0, 0, 0, 1, 1, 2]), np.array([1, 2, 3, 2, 3, 3]))
    whole = verify(candidates, pairs, [shingles], scopes, NearParams()).table()
    assert len(set(whole["input_similarity"].to_pylist())) > 2
    for some in ([5], [3, 0], [1, 2, 4], range(6)):
        chosen = np.array(some)
        found = compare(prepared, pairs[chosen], scopes, NearParams()).table()
        assert found.equals(whole.take(pa.array(chosen)))


def test_no_rows_with_boilerplate_at_hand_are_no_error() -> None:
    empty = pa.array([], pa.string())
    none = np.empty(0, np.uint64)
    texts = Texts(empty, empty, np.empty(0, np.bool_))
    candidates = Candidates(none.astype(np.uint32), texts, none, none, none.astype(np.int64))
    scopes = scopes_of([TaskScope("source", "task", "")])
    assert not len(verify(candidates, none, [np.array([3, 5], np.uint64)], scopes, NearParams()))
