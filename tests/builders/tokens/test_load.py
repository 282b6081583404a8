"""Every format a tokenizer comes in is found, read and named; what is none is refused."""

from __future__ import annotations

import json
import pickle
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pytest
import sentencepiece
import tiny_tokenizers as tiny
import tokenizers
from medsmith.builders.tokens import load
from medsmith.builders.tokens.load import HOME_VARIABLE, load_tokenizer
from medsmith.builders.tokens.patterns import LLAMA3, TEKKEN, Family
from medsmith.schema.errors import UserError

TEXTS = ["It's the pain of 12345 days.\r\n\n  ok", "Боль в груди", "日本語", "", "x\u0378"]


def test_ranks_are_llama_3_like_where_their_number_says_nothing(tmp_path: Path) -> None:
    path = tiny.write_ranks(tmp_path / "tiny" / "tokenizer.model", tiny.ranks())
    tokenizer = load_tokenizer(path)
    library = tiny.encoding(LLAMA3, tiny.ranks())
    assert tokenizer.name == "tiny"
    assert tokenizer.family == Family.LLAMA3
    assert tokenizer.digest == sha256(path.read_bytes()).hexdigest()
    assert tokenizer.reference.library.startswith("tiktoken ")
    expected = [len(library.encode_ordinary(text)) for text in TEXTS]
    assert tokenizer.count(pa.array(TEXTS)).tolist() == expected
    assert tokenizer.template_cost(("user",)) is None


@pytest.mark.parametrize("names", [("encoder.json", "vocab.bpe"), ("vocab.json", "merges.txt")])
def test_gpt2_is_read_from_vocabulary_and_merges(tmp_path: Path, names: tuple[str, str]) -> None:
    tokenizer = load_tokenizer(tiny.write_gpt2(tmp_path / "old", names))
    library = tokenizers.Tokenizer.from_str(json.dumps(tiny.tokenizer_json(Family.GPT2)))
    assert (tokenizer.name, tokenizer.family) == ("old", Family.GPT2)
    assert tokenizer.bpe is not None
    expected = [len(library.encode(text)) for text in TEXTS]
    assert tokenizer.count(pa.array(TEXTS)).tolist() == expected


def test_a_tekken_vocabulary_is_cut_to_its_size(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(tiny.write_tekken(tmp_path / "tekken.json"))
    used = {token: rank for token, rank in tiny.ranks().items() if rank < 700}
    library = tiny.encoding(TEKKEN, used)
    assert tokenizer.family == Family.TEKKEN
    expected = [len(library.encode_ordinary(text)) for text in TEXTS]
    assert tokenizer.count(pa.array(TEXTS)).tolist() == expected
    assert tokenizer.reference.count_special("<s></s>") == 2


@pytest.mark.parametrize("family", [f for f in tiny.PATTERNS if f is not Family.CL100K])
def test_a_tokenizer_json_is_counted_by_the_kernel(tmp_path: Path, family: Family) -> None:
    spec = tiny.tokenizer_json(family)
    spec["added_tokens"] = [tiny.added_token("<|end|>")]
    spec["truncation"] = {"max_length": 3, "stride": 0, "strategy": "LongestFirst"}
    spec["truncation"]["direction"] = "Right"
    (tmp_path / "tokenizer.json").write_text(json.dumps(spec))
    tokenizer = load_tokenizer(tmp_path)
    assert tokenizer.family == family
    library = tokenizers.Tokenizer.from_str(json.dumps({**spec, "truncation": None}))
    texts = [*TEXTS, "of<|end|>the"]
    expected = [len(library.encode(text, add_special_tokens=False)) for text in texts]
    assert tokenizer.count(pa.array(texts)).tolist() == expected


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("normalizer", {"type": "Lowercase"}),
        ("normalizer", {"type": "NFKC"}),
        ("pre_tokenizer", {"type": "Whitespace"}),
        ("pre_tokenizer", None),
        (
            "pre_tokenizer",
            {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True},
        ),
    ],
)
def test_what_no_kernel_knows_is_counted_by_its_library(
    tmp_path: Path, place: str, value: object
) -> None:
    spec = {**tiny.tokenizer_json(Family.GPT2), place: value}
    (tmp_path / "tokenizer.json").write_text(json.dumps(spec))
    tokenizer = load_tokenizer(tmp_path)
    library = tokenizers.Tokenizer.from_str(json.dumps(spec))
    assert (tokenizer.bpe, tokenizer.kernel, tokenizer.family) == (None, None, Family.OTHER)
    expected = [len(library.encode(text)) for text in TEXTS]
    assert tokenizer.count(pa.array([*TEXTS, None])).tolist() == [*expected, 0]


def test_a_sentencepiece_model_is_read_whatever_its_name(tmp_path: Path) -> None:
    sentences = [f"the pain of {number} days and nights" for number in range(200)]
    stream = tmp_path / "tokenizer.model.v1"
    with stream.open("wb") as model:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(sentences),
            model_writer=model,
            vocab_size=60,
            hard_vocab_limit=False,
            minloglevel=2,
        )
    tokenizer = load_tokenizer(tmp_path)
    processor = sentencepiece.SentencePieceProcessor(model_file=str(stream))
    assert tokenizer.family == Family.OTHER
    assert tokenizer.reference.library.startswith("sentencepiece ")
    expected = [len(ids) for ids in processor.encode(TEXTS)]
    assert tokenizer.count(pa.array(TEXTS)).tolist() == expected


@pytest.mark.parametrize(
    ("vocabulary", "config", "count"),
    [
        (["[UNK]", "Boy", "boy", "##s", "."], {}, 3),
        (["[UNK]", "boy", "##s", "."], {}, 3),
        (["[UNK]", "boy", "##s", "."], {"do_lower_case": False}, 2),
    ],
    ids=["cased", "uncased", "said to be cased"],
)
def test_wordpiece_lowers_case_as_its_vocabulary_does(
    tmp_path: Path, vocabulary: list[str], config: dict[str, bool], count: int
) -> None:
    (tmp_path / "vocab.txt").write_text("\n".join([*vocabulary, ""]))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    assert load_tokenizer(tmp_path).reference_count(["Boys."]) == [count]


def test_a_name_is_looked_up_in_its_home_and_below(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.write_ranks(tmp_path / "home" / "tiny" / "a" / "b" / "tokenizer.model", tiny.ranks())
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    named = load_tokenizer("tiny")
    assert named.name == "tiny"
    by_path = load_tokenizer(tmp_path / "home" / "tiny")
    assert (by_path.name, by_path.digest) == (named.name, named.digest)
    assert load_tokenizer(tmp_path / "home/tiny/a/b/tokenizer.model").name == "b"


def test_a_folder_of_several_asks_which(tmp_path: Path) -> None:
    for name in ("one", "two"):
        tiny.write_ranks(tmp_path / name / "tokenizer.model", tiny.ranks())
    with pytest.raises(UserError, match="holds several tokenizers: one, two"):
        load_tokenizer(tmp_path)


def test_side_files_are_part_of_the_digest(tmp_path: Path) -> None:
    tiny.write_gpt2(tmp_path, ("vocab.json", "merges.txt"))
    plain = load_tokenizer(tmp_path).digest
    (tmp_path / "tokenizer_config.json").write_text('{"chat_template": "x"}')
    assert load_tokenizer(tmp_path).digest != plain
    assert load_tokenizer(tmp_path).digest == load_tokenizer(tmp_path / "vocab.json").digest


def test_a_tokenizer_goes_to_workers_by_its_path(tmp_path: Path) -> None:
    path = tiny.write_ranks(tmp_path / "tokenizer.model", tiny.ranks())
    tokenizer = load_tokenizer(path, "mine")
    counts = tokenizer.count(pa.array(TEXTS)).tolist()
    sent = pickle.dumps(tokenizer)
    assert len(sent) < 1000
    received = pickle.loads(sent)
    assert (received.name, received.digest) == ("mine", tokenizer.digest)
    assert received.count(pa.array(TEXTS)).tolist() == counts


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("tokenizer.json", "[1]", "not a JSON object"),
        ("tokenizer.json", '{"model": {"type": "Nothing"}}', "cannot be read by tokenizers"),
        ("tekken.json", "{}", "not a tekken vocabulary"),
        ("tokenizer.model", "version https://example.org\n", "neither a SentencePiece model"),
        ("tokenizer.model", "IQ== 0\nIg==\n", "line 2: not a token"),
        ("vocab.txt", "a\nb\n", r"no \[UNK\]"),
        ("vocab.json", "{}", "no merges beside it"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match=message) as caught:
        load_tokenizer(tmp_path / name)
    assert str(tmp_path / name) in caught.value.message


def test_an_empty_folder_says_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"holds no tokenizer\. It needs a tokenizer\.json"):
        load_tokenizer(tmp_path)


def test_a_path_that_is_not_there_is_no_name_on_the_hub(tmp_path: Path) -> None:
    for name in (str(tmp_path / "none"), "./none", "a/b/c", "none.json"):
        with pytest.raises(UserError, match="There is no tokenizer"):
            load_tokenizer(name)


def test_the_hub_out_of_reach_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "_hub_answers", lambda: False)
    with pytest.raises(UserError, match="none came from the Hub"):
        load_tokenizer("nobody-here/no-such-tokenizer")


def test_a_name_that_is_no_file_comes_by_way_of_transformers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = tiny.tokenizer_json(Family.GPT2)
    spec["added_tokens"] = [tiny.added_token("<|end|>", 800)]
    (tmp_path / "tokenizer.json").write_text(json.dumps(spec))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|end|>"}
    config["chat_template"] = "{{ messages[0]['content'] }}{{ eos_token }}"
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    here = load_tokenizer(tmp_path)
    monkeypatch.setattr(load, "_locate", lambda name: None)
    monkeypatch.setattr(load, "_hub_answers", lambda: False)
    loaded = load_tokenizer(str(tmp_path), "hub/name")
    assert (loaded.name, loaded.family) == ("hub/name", Family.GPT2)
    assert loaded.count(pa.array(TEXTS)).tolist() == here.count(pa.array(TEXTS)).tolist()
    said = [{"role": "user", "content": "the pain"}]
    assert (
        loaded.chat_count(said)
        == here.chat_count(said)
        == here.reference_count(["the pain"])[0] + 1
    )


def test_a_tokenizer_json_may_be_written_in_older_ways(tmp_path: Path) -> None:
    spec = tiny.tokenizer_json(Family.LLAMA3)
    spec["pre_tokenizer"]["pretokenizers"][0] |= {"behavior": "Removed", "invert": True}
    spec["model"]["merges"] = [" ".join(pair) for pair in spec["model"]["merges"]]
    (tmp_path / "tokenizer.json").write_text(json.dumps(spec))
    tokenizer = load_tokenizer(tmp_path)
    library = tokenizers.Tokenizer.from_str(json.dumps(spec))
    assert tokenizer.family == Family.LLAMA3
    expected = [len(library.encode(text)) for text in TEXTS]
    assert tokenizer.count(pa.array(TEXTS)).tolist() == expected
