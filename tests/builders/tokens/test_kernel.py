"""The kernel counts what the libraries count, or says that it cannot prove so."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pyarrow as pa
import pytest
import tiktoken
import tiny_tokenizers as tiny
import tokenizers
from hypothesis import example, given, settings
from hypothesis import strategies as st
from medsmith.builders.tokens import bpe
from medsmith.builders.tokens.kernel import Kernel
from medsmith.builders.tokens.patterns import Family
from medsmith.builders.tokens.reference import Tiktoken

FAMILIES = list(tiny.PATTERNS)
AS_MERGES = [family for family in FAMILIES if family is not Family.CL100K]
kernel = cache(tiny.kernel)


@cache
def encoding(family: Family) -> tiktoken.Encoding:
    return tiny.encoding(tiny.PATTERNS[family], tiny.ranks())


@cache
def by_merges(family: Family, whole: bool) -> tuple[Kernel, tokenizers.Tokenizer]:
    spec = tiny.tokenizer_json(family, ignore_merges=whole)
    found = bpe.from_tokenizer_json(spec)
    assert found is not None
    return Kernel(found, 1 << 20), tokenizers.Tokenizer.from_str(json.dumps(spec))


def counted(kernel: Kernel, *texts: str) -> list[int | None]:
    """Return the counts, None where they are not proven."""
    counts, unproven = kernel.count(pa.array(texts, pa.string()))
    return [None if no else int(count) for count, no in zip(counts, unproven, strict=True)]


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=100, deadline=None)
@given(text=tiny.texts)
@example(text="\n  ")
@example(text="x \n\n  \n\t y  ")
@example(text="日本ABCdef'LLx'sABC日")
@example(text="\u0301ABC \u0301\u0301/\n/\r\n!//x")
@example(text="'s'S's''ll 'LL'r'")
@example(text="1234567 ٣٣٣٣ⅧⅧ½1")
def test_counts_are_those_of_tiktoken(family: Family, text: str) -> None:
    (count,) = counted(kernel(family), text)
    assert count in (None, len(encoding(family).encode_ordinary(text)))


@pytest.mark.parametrize("family", AS_MERGES)
@pytest.mark.parametrize("whole", [False, True])
@settings(max_examples=40, deadline=None)
@given(text=tiny.texts)
def test_counts_are_those_of_tokenizers(family: Family, whole: bool, text: str) -> None:
    kernel, library = by_merges(family, whole)
    (count,) = counted(kernel, text)
    assert count in (None, len(library.encode(text, add_special_tokens=False)))


@pytest.mark.parametrize("family", AS_MERGES)
@settings(max_examples=40, deadline=None)
@given(text=tiny.texts)
def test_texts_are_cut_where_tokenizers_cuts_them(family: Family, text: str) -> None:
    split = tokenizers.pre_tokenizers.Split(
        tokenizers.Regex(tiny.PATTERNS[family]), behavior="isolated"
    )
    (count,) = counted(kernel(family), text)
    if count is not None:
        pieces = [len(piece.encode()) for piece, _ in split.pre_tokenize_str(text)]
        assert kernel(family).cut(text).tolist() == np.cumsum(pieces, dtype=np.int64).tolist()


def test_known_text_is_proven() -> None:
    text = (
        "It's 12345 mg/day — naïve, Боль в груди, 日本語のテキスト, 한국어, שלום 😀\r\n\n  \tend  "
    )
    for family in FAMILIES:
        assert counted(kernel(family), text) == [len(encoding(family).encode_ordinary(text))]


@pytest.mark.parametrize(
    "character",
    ["\u0378", "\U0010ffff", "\U000e0080"],
    ids=["unassigned", "noncharacter", "unassigned tag"],
)
def test_code_points_no_engine_knows_are_left_to_the_reference(character: str) -> None:
    for family in FAMILIES:
        assert counted(kernel(family), f"a {character} b") == [None]


def test_a_long_s_that_may_fold_is_left_to_the_reference() -> None:
    assert counted(kernel(Family.LLAMA3), "it'ſ") == [None]
    assert counted(kernel(Family.O200K), "it'ſ") == [None]
    assert counted(kernel(Family.GPT2), "it'ſ") != [None]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    "word", ["a", "ab", "日本", "!", "\n", "Ab\u0301", "the of ", "-", "ё1"], ids=ascii
)
def test_a_megabyte_without_a_break_is_counted(family: Family, word: str) -> None:
    text = word * ((1 << 20) // len(word.encode()))
    library = Tiktoken.build(tiny.PATTERNS[family], tiny.ranks(), {})
    assert counted(kernel(family), text) == library.count([text])


def test_a_million_blanks_are_counted() -> None:
    blanks = " " * (1 << 20)
    kernel, library = by_merges(Family.GPT2, False)
    expected = [len(library.encode(text)) for text in (blanks, f"{blanks}x")]
    assert counted(kernel, blanks, f"{blanks}x") == expected


@settings(max_examples=60, deadline=None)
@given(st.text("atheofpin ", min_size=60, max_size=400).map(lambda text: text.replace(" ", "")))
def test_long_and_short_words_merge_alike(word: str) -> None:
    # Around 96 bytes an array gives way to a heap, around 1,024 the cache ends.
    for text in (word, word[:95], word[:96], word[:97], word * 6):
        assert counted(kernel(Family.LLAMA3), text) == [
            len(encoding(Family.LLAMA3).encode_ordinary(text))
        ]


def test_a_cache_without_room_changes_no_count() -> None:
    words = [f"w{number:x}{'o' * (number % 40)}" for number in range(30_000)]
    texts = [" ".join(words[at : at + 50]) for at in range(0, len(words), 50)] * 2
    column = pa.array(texts)
    small, _ = tiny.kernel(Family.GPT2, cache_bytes=0).count(column)
    large, _ = tiny.kernel(Family.GPT2, cache_bytes=1 << 26).count(column)
    assert small.tolist() == large.tolist()
    assert large[:600].tolist() == large[600:].tolist()
    library = encoding(Family.GPT2)
    assert large[:20].tolist() == [len(library.encode_ordinary(text)) for text in texts[:20]]


@given(
    st.lists(st.one_of(st.none(), tiny.texts), max_size=12),
    st.integers(0, 3),
    st.sampled_from([pa.string(), pa.large_string(), pa.string_view()]),
)
def test_slices_chunks_and_nulls_are_rows(
    rows: list[str | None], cut: int, kind: pa.DataType
) -> None:
    kernel_ = kernel(Family.LLAMA3)
    one_by_one = [(0, False)] * len(rows)
    for at, text in enumerate(rows):
        counts, unproven = kernel_.count(pa.array([text or ""], kind))
        one_by_one[at] = (int(counts[0]), bool(unproven[0]))
    whole = pa.array(rows, kind)
    chunked = pa.chunked_array([whole[:cut], whole[cut:]], kind)
    for column, expected in ((whole[cut:], one_by_one[cut:]), (chunked, one_by_one)):
        counts, unproven = kernel_.count(column)
        assert list(zip(counts.tolist(), unproven.tolist(), strict=True)) == expected


def test_a_text_with_an_added_token_is_left_to_the_reference() -> None:
    spec = tiny.tokenizer_json(Family.GPT2)
    spec["added_tokens"] = [tiny.added_token("<|end|>"), tiny.added_token("[X]", 5001)]
    found = bpe.from_tokenizer_json(spec)
    assert found is not None
    texts = ["a < b", "<|end|", "<|end|>", "see [X]", "[Y]", "", "<"]
    proven = [count is not None for count in counted(Kernel(found), *texts)]
    assert proven == [True, True, False, False, True, True, True]


def test_text_that_nfc_may_change_is_left_to_the_reference() -> None:
    spec = tiny.tokenizer_json(Family.QWEN2)
    spec["normalizer"] = {"type": "NFC"}
    found = bpe.from_tokenizer_json(spec)
    assert found is not None
    texts = ["naïve Боль 日本 한국 é", "e\u0301", "\u1100\u1161", "\u212b", "\uf900"]
    counts = counted(Kernel(found), *texts)
    assert [count is not None for count in counts] == [True, False, False, False, False]
    library = tokenizers.Tokenizer.from_str(json.dumps(spec))
    assert counts[0] == len(library.encode(texts[0]))


@pytest.mark.parametrize(
    "broken",
    [b"\x80", b"a\xc3", b"\xe6\x97", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xff"],
)
def test_bytes_that_are_no_utf8_are_refused(broken: bytes) -> None:
    column = pa.array([b"fine", broken]).view(pa.string())
    for family in FAMILIES:
        with pytest.raises(ValueError, match="row 1 is not UTF-8"):
            kernel(family).count(column)


def test_buffers_that_do_not_fit_are_refused() -> None:
    counter = kernel(Family.GPT2)._counter
    data, offsets = b"abcdef", np.array([0, 3, 6], np.int32)
    counts, states = np.zeros(2, np.int64), np.zeros(2, np.uint8)
    counter.count(data, offsets, False, 0, counts, states)
    with pytest.raises(ValueError, match="too few"):
        counter.count(data, offsets, False, 1, counts, states)
    with pytest.raises(ValueError, match="too few"):
        counter.count(data, offsets, False, -1, counts, states)
    with pytest.raises(ValueError, match="too few"):
        counter.count(data, offsets, True, 0, counts, states)
    with pytest.raises(ValueError, match="8 bytes a row"):
        counter.count(data, offsets, False, 0, counts[:1], states)
    for wrong in ([0, 3, 7], [0, -1, 2], [3, 2, 1]):
        with pytest.raises(ValueError, match="outside"):
            counter.count(data, np.array(wrong, np.int32), False, 0, counts, states)


def test_the_pairs_are_those_of_the_merges() -> None:
    found = bpe.from_tokenizer_json(tiny.tokenizer_json(Family.GPT2))
    assert found is not None and found.merges is not None
    pairs = Kernel(found).pairs()
    rows = {(left, right): (rank, result) for left, right, rank, result in pairs.tolist()}
    expected = {
        (left, right): (rank, result)
        for rank, (left, right, result) in enumerate(found.merges.tolist())
    }
    assert rows == expected


def test_the_pairs_of_ranks_are_all_that_join_to_a_token() -> None:
    vocabulary = list(tiny.ranks())
    known = set(vocabulary)
    expected = sum(
        token[:cut] in known and token[cut:] in known
        for token in vocabulary
        for cut in range(1, len(token))
    )
    pairs = kernel(Family.LLAMA3).pairs()
    assert len(pairs) == expected
    for left, right, rank, result in pairs.tolist():
        assert vocabulary[left] + vocabulary[right] == vocabulary[result]
        assert rank == result


@pytest.mark.parametrize("tokens", [[b"a"], [bytes([b]) for b in range(256)] + [b"a"]])
def test_a_vocabulary_without_all_bytes_or_with_copies_is_refused(tokens: list[bytes]) -> None:
    with pytest.raises(ValueError, match="token"):
        Kernel(bpe.Bpe(Family.GPT2, tuple(tokens), None, whole=True))


def test_threads_may_share_a_kernel() -> None:
    shared = tiny.kernel(Family.LLAMA3)
    columns = [pa.array([f"w{number} of pain {start}" for number in range(3000)]) for start in "ab"]
    expected = [tiny.kernel(Family.LLAMA3).count(column)[0].tolist() for column in columns]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda column: shared.count(column)[0].tolist(), columns * 8))
    assert found == expected * 8
