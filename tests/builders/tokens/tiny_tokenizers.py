"""Small invented byte-level vocabularies, as each library keeps them."""

from __future__ import annotations

import base64
import json
import random
from pathlib import Path
from typing import Any

import tiktoken
from hypothesis import strategies as st
from medsmith.builders.tokens import bpe
from medsmith.builders.tokens.kernel import Kernel
from medsmith.builders.tokens.patterns import (
    CL100K,
    GPT2,
    LLAMA3,
    O200K,
    QWEN2,
    TEKKEN,
    Family,
)

PATTERNS = {
    Family.GPT2: GPT2,
    Family.LLAMA3: LLAMA3,
    Family.CL100K: CL100K,
    Family.QWEN2: QWEN2,
    Family.O200K: O200K,
    Family.TEKKEN: TEKKEN,
}
# What patterns tell apart, and what folds, joins or looks alike.
TELLING = [
    *" \t\n\r\v\f\x85\xa0\u2028\u3000'/.,!-",
    *"stdmrevlSTDMREVLabZ0189",
    *("'s", "'S", "'ll", "'LL", "'Re", "'ſ", "ſ", "\u212a", "\r\n", "\n\n", "   ", "//"),
    *("ǅ", "ʰ", "ª", "中", "日本", "ア", "Й", "ж", "é", "e\u0301", "\u0301", "\u0300\u0327"),
    *("٣", "Ⅷ", "½", "²", "😀", "👩\u200d⚕\ufe0f", "\u200d", "\ufeff", "ש", "ا", "\u0378"),
    *("ß", "ŉ", "ﬃ", "\u0345", "ᾳ", "한", "\u1100", "\u1161", "\u180e", "\u200b", "\x00", "\x1f"),
]
texts = st.lists(
    st.one_of(
        st.sampled_from(TELLING),
        st.builds(lambda part, times: part * times, st.sampled_from(TELLING), st.integers(2, 40)),
        st.text(max_size=4),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=40,
).map("".join)


def ranks(seed: int = 0, size: int = 800) -> dict[bytes, int]:
    """Return an invented vocabulary: the bytes in some order, then what joins from others."""
    chance = random.Random(seed)
    tokens = [bytes([byte]) for byte in range(256)]
    chance.shuffle(tokens)
    words = [word.encode() for word in ("the", " of", " pain", "日本", " ёж", "\n\n", "   ", "10")]
    known = set(tokens)
    while len(tokens) < size:
        made = chance.choice(
            [
                chance.choice(tokens) + chance.choice(tokens[-300:]),
                "".join(chance.choices(TELLING, k=chance.randint(1, 3))).encode(),
                chance.choice(words),
            ]
        )
        if made not in known and len(made) < 30:
            known.add(made)
            tokens.append(made)
    return {token: rank for rank, token in enumerate(tokens)}


def encoding(pattern: str, vocabulary: dict[bytes, int]) -> tiktoken.Encoding:
    """Return tiktoken's own encoding of these ranks."""
    return tiktoken.Encoding("tiny", pat_str=pattern, mergeable_ranks=vocabulary, special_tokens={})


def kernel(family: Family, seed: int = 0, cache_bytes: int = 1 << 20) -> Kernel:
    """Return the kernel of an invented vocabulary of this family, in tiktoken's way."""
    found = bpe.from_ranks(PATTERNS[family], ranks(seed))
    assert found is not None
    return Kernel(found, cache_bytes)


_LETTERS = {byte: letter for letter, byte in bpe.byte_letters().items()}


def letters(token: bytes) -> str:
    """Return a token in GPT-2's letters for bytes."""
    return "".join(_LETTERS[byte] for byte in token)


def merges(vocabulary: dict[bytes, int], seed: int = 0) -> list[tuple[str, str]]:
    """Return all merges that a vocabulary allows, in an invented order."""
    found = [
        (letters(token[:cut]), letters(token[cut:]))
        for token in vocabulary
        for cut in range(1, len(token))
        if token[:cut] in vocabulary and token[cut:] in vocabulary
    ]
    random.Random(seed).shuffle(found)
    return found


def tokenizer_json(family: Family, seed: int = 0, **model: Any) -> dict[str, Any]:
    """Return a `tokenizer.json` of this family; `model` adds to the model's settings."""
    own = family is Family.GPT2
    level = {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": True,
        "use_regex": own,
    }
    split = {
        "type": "Split",
        "pattern": {"Regex": PATTERNS[family]},
        "behavior": "Isolated",
        "invert": False,
    }
    vocabulary = ranks(seed)
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": level if own else {"type": "Sequence", "pretokenizers": [split, level]},
        "post_processor": None,
        "decoder": None,
        "model": {
            "type": "BPE",
            "vocab": {letters(token): rank for token, rank in vocabulary.items()},
            "merges": merges(vocabulary, seed),
            **model,
        },
    }


def added_token(content: str, id: int = 5000) -> dict[str, Any]:
    """Return an entry of `added_tokens`."""
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"id": id, "content": content, "special": True, **flags}


def write_ranks(path: Path, vocabulary: dict[bytes, int]) -> Path:
    """Write ranks as tiktoken does."""
    lines = [f"{base64.b64encode(token).decode()} {rank}\n" for token, rank in vocabulary.items()]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines))
    return path


def write_gpt2(folder: Path, names: tuple[str, str], seed: int = 0) -> Path:
    """Write a vocabulary and its merges, under either pair of names."""
    vocabulary = ranks(seed)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / names[0]).write_text(json.dumps({letters(t): r for t, r in vocabulary.items()}))
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges(vocabulary, seed)), ""]
    (folder / names[1]).write_text("\n".join(lines), encoding="utf-8")
    return folder


def write_tekken(path: Path, seed: int = 0) -> Path:
    """Write a `tekken.json` with two special tokens and more ranks than it uses."""
    vocabulary = ranks(seed)
    entries = [
        {"rank": rank, "token_bytes": base64.b64encode(token).decode(), "token_str": None}
        for token, rank in vocabulary.items()
    ]
    special = [{"rank": rank, "token_str": name} for rank, name in enumerate(("<s>", "</s>"))]
    config = {
        "pattern": TEKKEN,
        "default_vocab_size": 702,
        "default_num_special_tokens": 2,
    }
    path.write_text(json.dumps({"config": config, "vocab": entries, "special_tokens": special}))
    return path
