"""The torch path counts what the library counts, on the CPU by the code that a GPU runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import tiny_tokenizers as tiny
from hypothesis import example, given, settings
from hypothesis import strategies as st
from medsmith.builders.tokens import bpe, torch_count
from medsmith.builders.tokens.load import load_tokenizer
from medsmith.builders.tokens.patterns import Family
from medsmith.builders.tokens.torch_count import BYTES_A_BYTE, TorchCounter, count
from medsmith.schema.errors import DataError, UserError

torch = pytest.importorskip("torch")
torch.set_num_threads(1)  # tests run side by side
FAMILIES = list(tiny.PATTERNS)
BUDGET = 1 << 26
kernel = cache(tiny.kernel)


def vocabulary(family: Family) -> bpe.Bpe:
    found = bpe.from_ranks(tiny.PATTERNS[family], tiny.ranks())
    assert found is not None
    return found


@cache
def counter(family: Family, budget: int = BUDGET) -> TorchCounter:
    return TorchCounter(vocabulary(family), "cpu", budget)


def counted(counter: TorchCounter, column: pa.Array) -> list[int | None]:
    """Return the counts, None where they are left to the CPU."""
    counts, left = counter.count(column)
    return [None if no else int(n) for n, no in zip(counts, left, strict=True)]


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=40, deadline=None)
@given(st.lists(tiny.texts, max_size=4))
@example(["", "It's 12345 mg/day — naïve, Боль в груди, 日本語, 한국어 😀\r\n\n  \tend  ", ""])
def test_counts_are_those_of_the_kernel(family: Family, texts: list[str]) -> None:
    column = pa.array(texts, pa.string())
    expected, unproven = kernel(family).count(column)
    for row, found in enumerate(counted(counter(family), column)):
        long = max(np.diff(kernel(family).cut(texts[row]), prepend=0), default=0) > 256
        if found is None:
            assert unproven[row] or long or "ſ" in texts[row]
        else:
            assert not unproven[row] and not long and found == expected[row]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.one_of(st.none(), tiny.texts), max_size=12),
    st.integers(0, 3),
    st.sampled_from([pa.string(), pa.large_string()]),
    st.sampled_from([BUDGET, BYTES_A_BYTE * 40]),
)
def test_slices_chunks_and_nulls_are_rows(
    rows: list[str | None], cut: int, kind: pa.DataType, budget: int
) -> None:
    counter_ = counter(Family.LLAMA3, budget)
    one_by_one = [counted(counter_, pa.array([text or ""], kind))[0] for text in rows]
    whole = pa.array(rows, kind)
    chunked = pa.chunked_array([whole[:cut], whole[cut:]], kind)
    assert counted(counter_, whole[cut:]) == one_by_one[cut:]
    assert counted(counter_, chunked) == one_by_one


def test_batches_change_no_count_and_larger_texts_are_left_out() -> None:
    texts = ["pain of the ab" * (number % 7) for number in range(200)]
    column = pa.array(texts)
    in_one = counted(counter(Family.GPT2), column)
    in_many = counted(counter(Family.GPT2, BYTES_A_BYTE * 60), column)
    assert None not in in_one
    assert in_many == [None if len(text) > 60 else n for text, n in zip(texts, in_one, strict=True)]


def test_a_word_too_long_to_merge_in_a_table_is_left_out() -> None:
    texts = ["a" * 256, "a" * 257, "ok " * 2000, "日" * 86, "a" * (1 << 20)]
    found = counted(counter(Family.GPT2), pa.array(texts))
    assert [n is None for n in found] == [False, True, False, True, True]


def test_texts_with_an_added_token_or_that_nfc_may_change_are_left_out() -> None:
    spec = tiny.tokenizer_json(Family.QWEN2)
    spec["added_tokens"] = [tiny.added_token("<|end|>"), tiny.added_token("[X]", 5001)]
    spec["normalizer"] = {"type": "NFC"}
    found = bpe.from_tokenizer_json(spec)
    assert found is not None
    texts = ["a < b", "a <|end|>", "see [X]", "[Y] é", "e\u0301", "\u1100\u1161", "", "<"]
    left = [n is None for n in counted(TorchCounter(found, "cpu", BUDGET), pa.array(texts))]
    assert left == [False, True, True, False, True, True, False, False]


@pytest.mark.parametrize("broken", [b"\x80", b"a\xc3", b"\xed\xa0\x80", b"\xff"])
def test_bytes_that_are_no_utf8_are_refused(broken: bytes) -> None:
    with pytest.raises(ValueError, match="UTF8"):
        counter(Family.GPT2).count(pa.array([b"fine", broken]).view(pa.string()))


def test_every_tensor_is_made_on_the_device_that_was_asked_for() -> None:
    texts = ["It's 12 mg", "1" * 300 + " ab", "日本 pain " * 9]
    with torch.device("meta"):  # what names no device lies where nothing can be read
        found = counted(TorchCounter(vocabulary(Family.O200K), "cpu", BUDGET), pa.array(texts))
    assert found == counted(counter(Family.O200K), pa.array(texts))
    assert None not in found


TEXTS = [
    "It's a 12 mg dose of the pain",
    "",
    None,
    "Боль в груди: 日本語 \u0378",  # unassigned
    "<|end|> of all",
    "the " * 300 + "x" * 5000,
    "it'ſ",
]


@pytest.mark.parametrize("family", [Family.GPT2, Family.LLAMA3, Family.QWEN2, Family.O200K])
def test_all_texts_count_as_the_library_counts_them(family: Family, tmp_path: Path) -> None:
    spec = tiny.tokenizer_json(family)
    spec["added_tokens"] = [tiny.added_token("<|end|>")]
    (tmp_path / "tokenizer.json").write_text(json.dumps(spec))
    tokenizer = load_tokenizer(tmp_path)
    assert tokenizer.family is family
    expected = tokenizer.reference_count(TEXTS)
    for budget in (None, BYTES_A_BYTE * 1000, 1):
        assert count(pa.array(TEXTS), tokenizer, "cpu", budget).tolist() == expected
    chunked = pa.chunked_array([TEXTS[:2], TEXTS[2:]], pa.string())
    assert count(chunked, tokenizer).tolist() == expected


def test_a_wrong_count_names_the_row_and_not_its_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.write_ranks(tmp_path / "tokenizer.model", tiny.ranks())
    tokenizer = load_tokenizer(tmp_path)

    def wrong(self: TorchCounter, column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        return np.full(len(column), 7), np.zeros(len(column), np.bool_)

    monkeypatch.setattr(TorchCounter, "count", wrong)
    with pytest.raises(DataError, match=r"s:1 has \d+ tokens") as told:
        count(pa.array(["pain"]), tokenizer, ids=pa.array(["s:1"]))
    assert "pain" not in str(told.value)


def test_without_torch_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.write_ranks(tmp_path / "tokenizer.model", tiny.ranks())
    tokenizer = load_tokenizer(tmp_path)
    torch_count._counter.cache_clear()
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(UserError, match="torch") as told:
        count(pa.array(["pain"]), tokenizer)
    assert "medsmith[tokens]" in told.value.cure


@pytest.mark.real
@pytest.mark.parametrize("name", ["llama3", "gpt2"])
def test_real_texts_count_as_the_library_counts_them(
    real_raw: Callable[[str], Path], real_tokenizer: Callable[[str], Path], name: str
) -> None:
    texts = [
        text
        for source in ("rumedbench", "igakuqa", "remedi", "medquad", "frenchmedmcqa")
        for text in _texts(real_raw(source))
    ]
    tokenizer = load_tokenizer(real_tokenizer(name))
    expected, unproven = tokenizer.fast_count(pa.array(texts))
    assert not unproven.any()
    assert counted(TorchCounter(tokenizer.bpe, "cpu", BUDGET), pa.array(texts)) == expected.tolist()
    assert count(pa.array(texts[::9]), tokenizer).tolist() == expected[::9].tolist()


def _texts(folder: Path) -> list[str]:
    files = [path for path in sorted(folder.rglob("*")) if path.suffix in _TEXT_FILES]
    data = b"\n\n".join(path.read_bytes()[:60_000] for path in files[:20])
    return data.decode("utf-8", "ignore").split("\n\n")[:300]


_TEXT_FILES = {".json", ".jsonl", ".txt", ".csv", ".tsv", ".xml", ".md"}
