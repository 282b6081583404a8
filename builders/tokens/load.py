"""Loading tokenizers from any of the files they come in, or from the Hub by name."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from medsmith.builders.tokens import bpe, chat
from medsmith.builders.tokens.patterns import LLAMA3, Family, pattern_for_ranks
from medsmith.builders.tokens.reference import (
    Reference,
    SentencePiece,
    Tiktoken,
    Tokenizers,
    Transformers,
    library,
)
from medsmith.builders.tokens.tokenizer import Tokenizer
from medsmith.schema.errors import UserError

HOME_VARIABLE = "MEDSMITH_TOKENIZERS"

# Files that say what a tokenizer is, the most telling first; a vocabulary needs its merges.
_LEADS = (
    "tokenizer.json",
    "tekken.json",
    "tokenizer.model",
    "tokenizer.model.v*",
    "*.tiktoken",
    "encoder.json",
    "vocab.json",
    "*.model",
    "vocab.txt",
)
_SIDE_FILES = ("tokenizer_config.json", "chat_template.jinja", "chat_template.json")
_MERGES = {"encoder.json": ("vocab.bpe", "merges.txt"), "vocab.json": ("merges.txt", "vocab.bpe")}
_RANK_LINE = re.compile(rb"[A-Za-z0-9+/]+=* \d+\s")
_LLAMA3_RANKS = 128_000


def load_tokenizer(name: str | Path, called: str = "") -> Tokenizer:
    """Load a tokenizer by its file, its folder, a name under $MEDSMITH_TOKENIZERS or on the Hub.

    It is `called` so in results; else by `name`, or for a path by the last part that tells. Files:
    `tokenizer.json`, `tekken.json`, tiktoken ranks (`tokenizer.model`, `*.tiktoken`), GPT-2's
    vocabulary and merges, a SentencePiece model or a WordPiece `vocab.txt`. Raises `UserError`
    where there is no such tokenizer, it cannot be read, or an optional library is missing.
    """
    path = _locate(str(name))
    if path is None:
        return _from_hub(str(name), called)
    lead = _lead_file(path)
    return _from_files(lead, called or _name_of(str(name), lead))


def _locate(name: str) -> Path | None:
    """Return the file or folder that `name` means, or None: then it is a name on the Hub."""
    home = os.environ.get(HOME_VARIABLE)
    candidates = [Path(name).expanduser(), *([Path(home).expanduser() / name] if home else [])]
    for candidate in candidates:
        if name and candidate.exists():
            return candidate
    if name.count("/") > 1 or name.startswith((".", "/", "~")) or Path(name).suffix == ".json":
        raise UserError(
            f"There is no tokenizer {name}.", f"Names are also looked up under ${HOME_VARIABLE}."
        )
    return None


def _name_of(name: str, lead: Path) -> str:
    """Return a name that is the same on every machine: no folder above the telling one."""
    given = Path(name)
    if not given.exists():  # found under $MEDSMITH_TOKENIZERS
        return name
    if given.is_dir():
        return given.resolve().name
    generic = any(lead.match(pattern) for pattern in _LEADS if not pattern.startswith("*"))
    return lead.resolve().parent.name if generic else lead.stem


def _lead_file(path: Path) -> Path:
    """Return the file that says what the tokenizer is, in `path` or the one folder below it."""
    if path.is_file():
        return path
    here = _lead_in(path)
    if here:
        return here
    below = [lead for folder in sorted(path.rglob("*/")) if (lead := _lead_in(folder))]
    if len(below) == 1:
        return below[0]
    if below:
        found = ", ".join(str(lead.parent.relative_to(path)) for lead in below)
        raise UserError(f"{path} holds several tokenizers: {found}.", "Name one of them.")
    raise UserError(
        f"{path} holds no tokenizer.",
        "It needs a tokenizer.json, tekken.json, tokenizer.model, *.tiktoken, encoder.json with "
        "vocab.bpe, vocab.json with merges.txt, or vocab.txt.",
    )


def _lead_in(folder: Path) -> Path | None:
    for pattern in _LEADS:
        for found in sorted(folder.glob(pattern)):
            if found.is_file() and (found.name not in _MERGES or _merges_of(found)):
                return found
    return None


def _merges_of(vocabulary: Path) -> Path | None:
    beside = (vocabulary.with_name(name) for name in _MERGES[vocabulary.name])
    return next((path for path in beside if path.is_file()), None)


def _digest(files: list[Path]) -> str:
    """Return the sha256 of the one file, or of the list of several files' digests and names."""
    digests = [(path.name, sha256(path.read_bytes()).hexdigest()) for path in files]
    if len(digests) == 1:
        return digests[0][1]
    listing = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests))
    return sha256(listing.encode()).hexdigest()


def _from_files(lead: Path, name: str) -> Tokenizer:
    files, read = [lead], _reader(lead)
    if lead.name in _MERGES:
        merges = _merges_of(lead)
        if merges is None:
            raise UserError(
                f"{lead} has no merges beside it.", f"Put {_MERGES[lead.name][0]} in its folder."
            )
        files.append(merges)
    sides = [lead.with_name(side) for side in _SIDE_FILES if lead.with_name(side).is_file()]
    reference, vocabulary, template = read(files)
    if lead.suffix == ".json" and lead.name not in _MERGES:
        template = _chat_beside(lead)  # the others know no special tokens by name
    return Tokenizer(
        name=name,
        digest=_digest([*files, *sides]),
        reference=reference,
        bpe=vocabulary,
        chat=template,
        origin=str(lead.resolve()),
    )


_Read = tuple[Reference, bpe.Bpe | None, chat.Chat | None]


def _reader(lead: Path) -> Callable[[list[Path]], _Read]:
    """Return what reads a tokenizer of this kind, by its lead file's name and first line."""
    if lead.name in _MERGES:
        return _read_gpt2
    if lead.suffix == ".txt":
        return _read_wordpiece
    with lead.open("rb") as stream:
        start = stream.read(4096)
    if _RANK_LINE.match(start):
        return _read_ranks
    if lead.suffix == ".json" or start.lstrip()[:1] == b"{":
        return _read_json
    return _read_sentencepiece


def _read_ranks(files: list[Path]) -> _Read:
    ranks = bpe.read_ranks(files[0].read_bytes(), str(files[0]))
    pattern = pattern_for_ranks(len(ranks))
    reference = Tiktoken.build(pattern, ranks, {})
    llama3 = pattern == LLAMA3 and len(ranks) == _LLAMA3_RANKS
    return reference, bpe.from_ranks(pattern, ranks), chat.Llama3Chat() if llama3 else None


def _read_json(files: list[Path]) -> _Read:
    data = files[0].read_bytes()
    spec = bpe.read_json(data, str(files[0]))
    if "model" not in spec:
        pattern, ranks, special = bpe.to_ranks(spec, str(files[0]))
        return Tiktoken.build(pattern, ranks, special), bpe.from_ranks(pattern, ranks), None
    tokenizers = library("tokenizers")
    try:
        tokenizer = tokenizers.Tokenizer.from_buffer(data)
    except Exception as error:  # the library raises nothing narrower
        raise UserError(
            f"{files[0]} cannot be read by tokenizers: {error}",
            "It may need a newer version: pip install --upgrade tokenizers",
        ) from None
    return Tokenizers.build(tokenizer), bpe.from_tokenizer_json(spec), None


def _read_gpt2(files: list[Path]) -> _Read:
    tokenizers = library("tokenizers")
    vocabulary = bpe.read_json(files[0].read_bytes(), str(files[0]))
    pairs = []
    for number, line in enumerate(files[1].read_text(encoding="utf-8").split("\n"), 1):
        if not line.strip() or (number == 1 and line.startswith("#version")):
            continue
        pairs.append(tuple(line.split()))
        if len(pairs[-1]) != 2:
            raise UserError(f"{files[1]}, line {number}: not two tokens.", "Download it anew.")
    model = tokenizers.models.BPE(vocab=vocabulary, merges=pairs)
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    kernel = bpe.from_merges(Family.GPT2, vocabulary, pairs)
    return Tokenizers.build(tokenizer), kernel, None


def _read_sentencepiece(files: list[Path]) -> _Read:
    return SentencePiece.build(files[0]), None, None


def _read_wordpiece(files: list[Path]) -> _Read:
    """Read a BERT vocabulary: lower-cased where it has no token with a capital letter."""
    tokenizers = library("tokenizers")
    lines = files[0].read_text(encoding="utf-8").split("\n")
    vocabulary = {token: index for index, token in enumerate(line.rstrip("\r") for line in lines)}
    if "[UNK]" not in vocabulary:
        raise UserError(f"{files[0]} is no WordPiece vocabulary: it has no [UNK].", "")
    cased = any(token != token.lower() for token in vocabulary if not token.startswith("["))
    config = _side_json(files[0], "tokenizer_config.json")
    lowercase = bool(config.get("do_lower_case", not cased))
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = tokenizers.normalizers.BertNormalizer(
        handle_chinese_chars=bool(config.get("tokenize_chinese_chars", True)),
        strip_accents=config.get("strip_accents"),
        lowercase=lowercase,
    )
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    return Tokenizers.build(tokenizer), None, None


def _side_json(lead: Path, name: str) -> dict[str, Any]:
    path = lead.with_name(name)
    return bpe.read_json(path.read_bytes(), str(path)) if path.is_file() else {}


def _chat_beside(lead: Path) -> chat.Chat | None:
    config = _side_json(lead, "tokenizer_config.json")
    template = lead.with_name("chat_template.jinja")
    text = template.read_text(encoding="utf-8") if template.is_file() else None
    return chat.from_config(config | _side_json(lead, "chat_template.json"), text)


def _hub_answers() -> bool:
    """Ask once, and briefly: transformers would ask for a minute where there is no network."""
    hub = library("huggingface_hub")
    try:
        hub.utils.get_session().head(hub.constants.ENDPOINT, timeout=5)
    except Exception:  # whatever the HTTP library in use raises: it did not answer
        return False
    return True


def _from_hub(name: str, called: str) -> Tokenizer:
    """Load by transformers, from the Hub or the copy that is kept of an earlier download."""
    transformers = library("transformers")
    try:
        loaded = transformers.AutoTokenizer.from_pretrained(
            name, local_files_only=not _hub_answers()
        )
    except Exception as error:
        raise UserError(
            f"There is no tokenizer {name} here, and none came from the Hub "
            f"({type(error).__name__}).",
            f"Give a file or folder, or a name under ${HOME_VARIABLE}; for the Hub: check the "
            "name, the network and, for a gated model, your token.",
        ) from None
    special = {key: str(value) for key, value in loaded.special_tokens_map.items()}
    template = chat.from_config({"chat_template": loaded.chat_template, **special})
    backend = getattr(loaded, "backend_tokenizer", None)
    if backend is None:
        digest = sha256(repr(sorted(loaded.get_vocab().items())).encode()).hexdigest()
        return Tokenizer(called or name, digest, Transformers(loaded), None, template, name)
    text = backend.to_str()
    digest = sha256((text + str(loaded.chat_template or "")).encode()).hexdigest()
    spec = bpe.read_json(text.encode(), name)
    vocabulary = bpe.from_tokenizer_json(spec)
    reference = Tokenizers.build(backend)
    return Tokenizer(called or name, digest, reference, vocabulary, template, name)
