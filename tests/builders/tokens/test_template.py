"""A question's count is the sum of its parts' where that is known, and counted whole elsewhere."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from medsmith.builders.formats.exchange import SEPARATOR
from medsmith.builders.tokens import patterns
from medsmith.builders.tokens.load import load_tokenizer
from medsmith.builders.tokens.template import (
    add_instructions,
    adds_up,
    begins_anew,
    chat_cost,
    count_instructions,
    questions,
)
from medsmith.builders.tokens.tokenizer import Tokenizer
from medsmith.converters.core import registry
from medsmith.converters.core.run import ConversionRun
from medsmith.schema import DataError, Reject

pytest.importorskip("tokenizers")
pytest.importorskip("tiktoken")

_PATTERNS = {
    name: getattr(patterns, name) for name in ("GPT2", "LLAMA3", "CL100K", "QWEN2", "O200K")
} | {"TEKKEN": patterns.TEKKEN}


@pytest.fixture(scope="module")
def known(tekken: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tokenizer]:
    home = tmp_path_factory.mktemp("known")
    return {
        name: load_tokenizer(tekken(home / name, pattern)) for name, pattern in _PATTERNS.items()
    }


def wordpiece(folder: Path) -> Tokenizer:
    folder.mkdir(exist_ok=True)
    words = ["[UNK]", *"abcx.", "ab", "##c", "##b", "##x"]
    (folder / "vocab.txt").write_text("\n".join(words))
    return load_tokenizer(folder)


def _samples(*pairs: tuple[str, str]) -> pa.Table:
    return pa.table(
        {
            "id": pa.array([f"row-{n}" for n in range(len(pairs))]),
            "instruction": pa.array([a for a, _ in pairs], pa.string()),
            "input": pa.array([b for _, b in pairs], pa.string()),
        }
    )


def _questions_counted(samples: pa.Table, tokenizer: Tokenizer) -> list[int]:
    before = count_instructions(samples["instruction"].to_pylist(), tokenizer)
    alone = tokenizer.count(samples["input"].combine_chunks())
    return (add_instructions(samples, before, alone, tokenizer) + alone).tolist()


PIECES = st.sampled_from(
    [*"ab cé1.'/?\n\r\t,«(中я-", "'s", "  ", "\n\n", "/x", "́", "\xa0", "💊", "x."]
)
TEXTS = st.lists(PIECES, max_size=9).map("".join)


@pytest.mark.parametrize("name", _PATTERNS)
@given(pairs=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_the_parts_sum_to_what_the_library_counts_of_the_question(
    known: dict[str, Tokenizer], name: str, pairs: list[tuple[str, str]]
) -> None:
    samples = _samples(*pairs)
    asked = questions(*(samples[c].combine_chunks() for c in ("instruction", "input")))
    assert adds_up(known[name])
    assert _questions_counted(samples, known[name]) == known[name].reference_count(
        asked.to_pylist()
    )


@pytest.mark.parametrize("name", _PATTERNS)
def test_before_any_ordinary_character_an_instruction_counts_the_same(
    known: dict[str, Tokenizer], name: str
) -> None:
    """Every first character there is, after instructions that end in every way."""
    tokenizer = known[name]
    characters = [chr(c) for c in range(0x3000) if not 0xD800 <= c < 0xE000]
    characters += ["中", "한", "Ａ", "＂", "\ufeff", "𝐀", "𝟏", "💊", "\U000e0101"]
    inputs = pa.array([f"{c}b" for c in characters])
    anew = begins_anew(inputs, tokenizer)
    assert anew.sum() > len(characters) - 150
    alone = np.array(tokenizer.reference_count(inputs.to_pylist()))
    for ending in ("a", "1", ".", "a ", ".\n", "'", "é", "中", "/"):
        (before,) = count_instructions([f"ab{ending}"], tokenizer)
        whole = tokenizer.reference_count([f"ab{ending}{SEPARATOR}{i.as_py()}" for i in inputs])
        assert (np.array(whole) == alone + before)[anew].all()


def test_a_slash_that_follows_the_line_ends_before_it_is_counted_whole(
    known: dict[str, Tokenizer],
) -> None:
    samples = _samples(("Say it.", "/x"), ("Say it.", "x"), ("Say it.", " x"))
    for name in ("O200K", "TEKKEN"):
        before = count_instructions(["Say it."] * 3, known[name])
        alone = known[name].count(samples["input"].combine_chunks())
        found = add_instructions(samples, before, alone, known[name])
        assert begins_anew(samples["input"].combine_chunks(), known[name]).tolist() == [
            False,
            True,
            False,
        ]
        assert found[0] == before[0] - 1  # ".\n\n/" is one token


def test_where_nothing_is_known_questions_are_counted_whole(tmp_path: Path) -> None:
    tokenizer = wordpiece(tmp_path / "pieces")
    samples = _samples(("abc.", "ab"), ("x", "x x"), ("", "a"), ("b", ""))
    assert not adds_up(tokenizer)
    assert _questions_counted(samples, tokenizer) == [4, 3, 1, 1]


def test_an_added_token_that_may_swallow_the_line_ends_is_counted_whole(tmp_path: Path) -> None:
    import tokenizers as library

    letters = sorted(library.pre_tokenizers.ByteLevel.alphabet())
    model = library.models.BPE(vocab={c: n for n, c in enumerate(letters)}, merges=[])
    made: Any = library.Tokenizer(model)
    made.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.add_tokens(
        [library.AddedToken(token, lstrip=True) for token in ("<mask>", "|(^ -#", "é*")]
    )
    made.save(str(tmp_path / "tokenizer.json"))
    tokenizer = load_tokenizer(tmp_path)
    samples = _samples(
        ("a", "<mask>b"), ("a", "b<mask>"), ("a", "b"), ("a", "|(^ -#b"), ("a", "é*"), ("a", "éé")
    )
    assert adds_up(tokenizer)
    anew = begins_anew(samples["input"].combine_chunks(), tokenizer)
    assert anew.tolist() == [False, True, True, False, False, True]
    # The blank line before such a token is part of it.
    assert _questions_counted(samples, tokenizer) == [3, 5, 4, 3, 2, 7]


def test_a_wrong_count_is_an_error_that_names_the_row_and_no_text(
    known: dict[str, Tokenizer],
) -> None:
    samples = _samples(("Tell me.", "secret"))
    alone = known["LLAMA3"].count(samples["input"].combine_chunks())
    with pytest.raises(DataError, match="row-0") as caught:
        add_instructions(samples, np.array([99]), alone, known["LLAMA3"])
    assert "secret" not in str(caught.value)


def test_what_a_chat_template_adds_is_told_where_it_is_the_same_around_all(
    tekken: Any, tmp_path: Path
) -> None:
    pytest.importorskip("transformers")
    folder = tmp_path / "chat"
    tekken(folder, patterns.LLAMA3)

    def told(template: str) -> int | None:
        config = {"chat_template": "{% for m in messages %}" + template + "{% endfor %}"}
        (folder / "tokenizer_config.json").write_text(json.dumps(config))
        return chat_cost(load_tokenizer(folder))

    assert told("Q\n\n{{ m['content'] }}") == 4  # of each message Q and the blank line
    assert told("{{ m['content'] }}\n\n") is None  # ".\n\n" is one token, "x\n\n" is two
    (folder / "tokenizer_config.json").unlink()
    assert chat_cost(load_tokenizer(folder)) is None


@pytest.mark.real
@pytest.mark.parametrize("name", ["llama3", "gpt2"])
@pytest.mark.parametrize("source", ["head_qa", "frenchmedmcqa", "igakuqa", "rumedbench", "medec"])
def test_the_parts_of_real_samples_sum_to_what_the_library_counts(
    real_raw: Any, real_tokenizer: Any, source: str, name: str
) -> None:
    tokenizer = load_tokenizer(real_tokenizer(name))
    registered = registry.load(source)
    run = ConversionRun(registered, real_raw(source), None)
    some = [row for row in islice(run, 3_000) if not isinstance(row, Reject)][::7]
    pools = {task.name: registered.catalogue.pool(task.name) for task in registered.manifest.tasks}
    pairs = [
        (
            pools[row["task"]].instructions[n % len(pools[row["task"]].instructions)].text,
            row["input"],
        )
        for n, row in enumerate(some)
    ]
    samples = _samples(*pairs)
    asked = questions(*(samples[c].combine_chunks() for c in ("instruction", "input")))
    assert len(pairs) > 50
    assert begins_anew(samples["input"].combine_chunks(), tokenizer).all()
    assert _questions_counted(samples, tokenizer) == tokenizer.reference_count(asked.to_pylist())
