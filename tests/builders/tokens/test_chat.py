"""Whole conversations are counted under the tokenizer's chat template."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tiny_tokenizers as tiny
from medsmith.builders.tokens import chat
from medsmith.builders.tokens.load import load_tokenizer
from medsmith.builders.tokens.patterns import LLAMA3, Family
from medsmith.builders.tokens.reference import Tiktoken
from medsmith.schema.errors import UserError

SAID = [{"role": "user", "content": " Is it?\n"}, {"role": "assistant", "content": "Yes."}]
TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>{{ m.content | trim }}<|end|>"
    "{% endfor %}"
)


def _library() -> Tiktoken:
    names = ("begin_of_text", "start_header_id", "end_header_id", "eot_id")
    special = {f"<|{name}|>": 1000 + index for index, name in enumerate(names)}
    return Tiktoken.build(LLAMA3, tiny.ranks() | {b"\n\n": 900}, special)


def test_llama_3_counts_as_the_rendered_dialogue() -> None:
    library = _library()
    rendered = "<|begin_of_text|>" + "".join(
        f"<|start_header_id|>{said['role']}<|end_header_id|>\n\n{said['content'].strip()}<|eot_id|>"
        for said in SAID
    )
    assert chat.Llama3Chat().count(SAID, library) == library.count_special(rendered)


def test_llama_3_adds_the_same_around_every_content() -> None:
    library = _library()
    constant = chat.Llama3Chat().constant(["user", "assistant"], library)
    parts = library.count([said["content"].strip() for said in SAID])
    assert chat.Llama3Chat().count(SAID, library) == constant + sum(parts)


def _folder(folder: Path, config: dict[str, object]) -> Path:
    spec = tiny.tokenizer_json(Family.GPT2)
    names = ("<s>", "<|user|>", "<|assistant|>", "<|end|>")
    spec["added_tokens"] = [tiny.added_token(name, 5000 + n) for n, name in enumerate(names)]
    (folder / "tokenizer.json").write_text(json.dumps(spec))
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return folder


@pytest.mark.parametrize(
    "config",
    [
        {"chat_template": TEMPLATE, "bos_token": "<s>"},
        {"chat_template": TEMPLATE, "bos_token": {"content": "<s>", "lstrip": False}},
        {
            "chat_template": [
                {"name": "tools", "template": "x"},
                {"name": "default", "template": TEMPLATE},
            ],
            "bos_token": "<s>",
        },
    ],
)
def test_a_jinja_template_is_rendered_and_counted(
    tmp_path: Path, config: dict[str, object]
) -> None:
    tokenizer = load_tokenizer(_folder(tmp_path, config))
    parts = tokenizer.reference_count(["Is it?", "Yes."])
    assert tokenizer.chat_count(SAID) == sum(parts) + 5
    assert tokenizer.template_cost(["user"]) is None


def test_a_template_in_a_file_of_its_own_goes_first(tmp_path: Path) -> None:
    folder = _folder(tmp_path, {"chat_template": "none of this", "bos_token": "<s>"})
    (folder / "chat_template.jinja").write_text("{{ bos_token }}")
    assert load_tokenizer(folder).chat_count(SAID) == 1


def test_without_a_template_there_is_no_count(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(_folder(tmp_path, {}))
    assert tokenizer.chat_count(SAID) is None
    assert tokenizer.template_cost(["user"]) is None


def test_a_template_that_refuses_is_one_sentence(tmp_path: Path) -> None:
    refusing = {"chat_template": "{{ raise_exception('no system role') }}"}
    tokenizer = load_tokenizer(_folder(tmp_path, refusing))
    with pytest.raises(UserError, match="refuses a conversation of user, assistant: no system"):
        tokenizer.chat_count(SAID)
