"""Invented tokenizers, made in the test that needs them."""

from __future__ import annotations

import json
import os
import sys
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))  # `tiny_tokenizers` stands beside the tests that import it

# Merges that would show if a pre-token went on over the blank line, or ended elsewhere.
_MERGED = ("\n\n", ".\n\n", ".\n\n/", "\n\n/", " \n", "ab", "abc", "12", "'s", "  ", "\n\n\n", "é")


def _ranks() -> list[bytes]:
    single = [bytes([byte]) for byte in range(256)]
    longer: list[bytes] = []
    for text in _MERGED:
        data = text.encode()
        longer += [data[:end] for end in range(2, len(data) + 1) if data[:end] not in longer]
    return single + longer


@pytest.fixture(scope="session")
def tekken() -> Callable[[Path, str], Path]:
    """Write a `tekken.json` with bytes, a few merges and this pattern; give its path."""
    pytest.importorskip("tiktoken")

    def write(folder: Path, pattern: str) -> Path:
        vocab = [
            {"rank": rank, "token_bytes": b64encode(token).decode(), "token_str": None}
            for rank, token in enumerate(_ranks())
        ]
        config = {
            "pattern": pattern,
            "default_vocab_size": len(vocab) + 2,
            "default_num_special_tokens": 2,
        }
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "tekken.json"
        path.write_text(json.dumps({"config": config, "vocab": vocab}))
        return path

    return write


@pytest.fixture
def real_tokenizer() -> Callable[[str], Path]:
    """Give the folder of a real tokenizer, or skip the test where it is not present.

    It is looked for under `tokenizers/<name>` in $MEDSMITH_REAL, else in ../shared/real beside the
    repository.
    """

    def find(name: str) -> Path:
        beside = Path(__file__).resolve().parents[4] / "shared" / "real"
        folder = Path(os.environ.get("MEDSMITH_REAL") or beside) / "tokenizers" / name
        if not folder.is_dir():
            pytest.skip(f"no real tokenizer {name}: set MEDSMITH_REAL to a folder with it")
        return folder

    return find
