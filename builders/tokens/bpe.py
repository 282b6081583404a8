"""Byte-level BPE vocabularies, read from each format they come in."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from medsmith.builders.tokens.patterns import GPT2, Family, family_of
from medsmith.schema.errors import UserError


@dataclass(frozen=True, eq=False)
class Bpe:
    """A byte-level BPE vocabulary whose counts follow from bytes alone.

    `merges` holds the pairs that merge, lowest rank first, as rows (left, right, result) of
    positions in `tokens`. Where it is None, any two neighbours merge that join to a token, and
    the rank is that token's position (tiktoken). `whole`: a pre-token that is a token is never
    cut. `nfc`: text is put in NFC first. A text that holds one of `added` is cut there by the
    library, so kernels leave it alone.
    """

    family: Family
    tokens: tuple[bytes, ...]
    merges: np.ndarray[Any, np.dtype[np.uint32]] | None
    whole: bool
    nfc: bool = False
    added: tuple[str, ...] = ()


def byte_letters() -> dict[str, int]:
    """Return GPT-2's printable letter for each byte: letters stand for themselves, or from U+0100.

    Radford et al., "Language Models are Unsupervised Multitask Learners" (2019), `encoder.py`.
    """
    own = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in own]
    letters = {chr(byte): byte for byte in own}
    return letters | {chr(0x100 + index): byte for index, byte in enumerate(others)}


def read_ranks(data: bytes, name: str) -> dict[bytes, int]:
    """Read tiktoken's ranks: lines of a token in base64, a blank and its rank."""
    ranks: dict[bytes, int] = {}
    for number, line in enumerate(data.splitlines(), 1):
        if not line.strip():
            continue
        try:
            token, rank = line.split()
            ranks[binascii.a2b_base64(token, strict_mode=True)] = int(rank)
        except (ValueError, binascii.Error):
            raise UserError(
                f"{name}, line {number}: not a token in base64 and its rank.",
                "Download the file anew.",
            ) from None
    return ranks


def from_ranks(pattern: str, ranks: dict[bytes, int]) -> Bpe | None:
    """Return tiktoken's BPE of these ranks; None where the kernels cannot count with it."""
    family = family_of(pattern)
    tokens = tuple(sorted(ranks, key=ranks.__getitem__))
    if family is Family.OTHER or not _has_all_bytes(tokens):
        return None
    return Bpe(family, tokens, None, whole=True)


def _has_all_bytes(tokens: Sequence[bytes]) -> bool:
    return {bytes([byte]) for byte in range(256)} <= set(tokens)


def from_tokenizer_json(spec: dict[str, Any]) -> Bpe | None:
    """Return the BPE that a `tokenizer.json` describes; None where the kernels cannot count it."""
    model = spec.get("model") or {}
    family = _family_of_pre_tokenizer(spec.get("pre_tokenizer"))
    normalizer = (spec.get("normalizer") or {}).get("type")
    plain = not any(
        model.get(key) for key in ("dropout", "continuing_subword_prefix", "end_of_word_suffix")
    )
    if model.get("type") != "BPE" or family is Family.OTHER or not plain:
        return None
    if normalizer not in (None, "NFC"):
        return None
    pairs = [
        tuple(pair.split(" ")) if isinstance(pair, str) else tuple(pair)
        for pair in model.get("merges", [])
    ]
    added = tuple(str(token["content"]) for token in spec.get("added_tokens") or ())
    nfc = normalizer == "NFC"
    # Names of added tokens may be put in NFC, too.
    if nfc and not all(name.isascii() for name in added):
        return None
    if any(len(pair) != 2 for pair in pairs) or "" in added:
        return None
    whole = bool(model.get("ignore_merges"))
    return from_merges(family, model["vocab"], pairs, whole, nfc, added)


def from_merges(
    family: Family,
    vocabulary: dict[str, int],
    pairs: Sequence[tuple[str, ...]],
    whole: bool = False,
    nfc: bool = False,
    added: tuple[str, ...] = (),
) -> Bpe | None:
    """Return the BPE of a vocabulary and its merges, both in GPT-2's letters for bytes.

    None where a byte or a part of a merge is missing from the vocabulary.
    """
    letters = byte_letters()
    index: dict[str, int] = {}
    tokens: list[bytes] = []
    for token in vocabulary:
        if token and all(letter in letters for letter in token):
            index[token] = len(tokens)
            tokens.append(bytes(letters[letter] for letter in token))
    if not _has_all_bytes(tokens):
        return None
    # A later merge of the same pair replaces an earlier one.
    ranks = {pair: rank for rank, pair in enumerate(pairs)}
    try:
        rows = [
            (index[left], index[right], index[left + right])
            for left, right in sorted(ranks, key=ranks.__getitem__)
        ]
    except KeyError:
        return None
    merges = np.array(rows, dtype=np.uint32).reshape(-1, 3)
    return Bpe(family, tuple(tokens), merges, whole, nfc, added)


def _family_of_pre_tokenizer(spec: dict[str, Any] | None) -> Family:
    """Return the family of a pre-tokenizer: byte-level, its pattern its own or split before."""
    steps = [spec or {}]
    if steps[0].get("type") == "Sequence":
        steps = steps[0].get("pretokenizers") or [{}]
    *splits, last = steps
    if last.get("type") != "ByteLevel" or last.get("add_prefix_space", True):
        return Family.OTHER
    own_pattern = last.get("use_regex", True)
    if own_pattern and not splits:
        return family_of(GPT2)
    if own_pattern or len(splits) != 1 or splits[0].get("type") != "Split":
        return Family.OTHER
    split = splits[0]
    isolated = (split.get("behavior"), bool(split.get("invert"))) in {
        ("Isolated", False),
        ("Removed", True),
    }
    pattern = (split.get("pattern") or {}).get("Regex", "")
    return family_of(pattern) if isolated else Family.OTHER


def to_ranks(spec: dict[str, Any], name: str) -> tuple[str, dict[bytes, int], dict[str, int]]:
    """Read a `tekken.json`: its pattern, ranks and special tokens.

    The vocabulary is cut to the size that the file's own configuration gives, less the special
    tokens, which come first in the numbering.
    """
    try:
        config = spec["config"]
        reserved = int(config["default_num_special_tokens"])
        size = int(config["default_vocab_size"]) - reserved
        ranks = {
            base64.b64decode(entry["token_bytes"]): int(entry["rank"])
            for entry in spec["vocab"][:size]
        }
        special = {
            str(entry["token_str"]): size + int(entry["rank"])
            for entry in spec.get("special_tokens") or ()
        }
        return str(config["pattern"]), ranks, special
    except (KeyError, TypeError, ValueError):
        raise UserError(
            f"{name} is not a tekken vocabulary: it lacks `config` or `vocab`.",
            "Download the file anew.",
        ) from None


def read_json(data: bytes, name: str) -> dict[str, Any]:
    """Read a JSON object; raises `UserError` where it is none."""
    try:
        value = json.loads(data)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise UserError(f"{name} is not a JSON object.", "Download the file anew.")
    return value
