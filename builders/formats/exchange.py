"""What a record of any format says, and the columns that stand beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import orjson
import pyarrow as pa
from medsmith.schema import RejectCode, SkipReason

SEPARATOR = "\n\n"  # between instruction and input, where a format has one text for both
ALWAYS = ("id", "source", "task", "license", "instruction_id")
# Stands beside the rows of invented records, and of them only, so that no way round loses it.
SYNTHETIC = "synthetic"
METADATA = (
    "category",
    "domain",
    "split",
    "input_language",
    "output_language",
    "instruction_language",
    "references",
    "group",
    "metadata",
)


class Exchange(NamedTuple):
    """One question and its answer, as a record of a foreign file tells them.

    `instruction` is None where the record has none beside its question; `beside` holds those of
    our own columns (`ALWAYS`, `METADATA`) that the record carries as text. `synthetic`: it says of
    itself that it is invented.
    """

    instruction: str | None
    input: str
    output: str
    references: Sequence[str] = ()
    id: str | None = None
    beside: Mapping[str, str] = {}
    synthetic: bool = False


class UnfitError(ValueError):
    """A record that is not what its format promises. The message quotes none of it."""

    def __init__(self, code: RejectCode, message: str, field: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.field = field


class LeftOutError(ValueError):
    """A sound record of a kind that has no place here."""

    def __init__(self, reason: SkipReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


Decode: TypeAlias = Callable[[Any], Exchange]


@dataclass(frozen=True)
class Conversation:
    """What a chat format calls its list of turns, the fields of a turn, and who speaks."""

    turns: str
    speaker: str
    words: str
    asks: str
    answers: str

    def llama_factory(self, file_name: str) -> dict[str, Any]:
        """Return how LLaMA-Factory's `dataset_info.json` describes a file of such lines."""
        return {
            "file_name": file_name,
            "formatting": "sharegpt",
            "columns": {"messages": self.turns},
            "tags": {
                "role_tag": self.speaker,
                "content_tag": self.words,
                "user_tag": self.asks,
                "assistant_tag": self.answers,
                "system_tag": "system",
            },
        }


def conversations(
    batches: Iterable[pa.RecordBatch], names: tuple[str, ...], form: Conversation, *, system: bool
) -> Iterator[bytes]:
    """Yield the lines of samples as conversations, with the columns `names` beside them.

    With `system`, the instruction is a turn of its own.
    """

    def row(sample: dict[str, Any]) -> dict[str, Any]:
        instruction, question = sample["instruction"], sample["input"]
        if system:
            said = [("system", instruction), (form.asks, question)]
        else:
            said = [(form.asks, f"{instruction}{SEPARATOR}{question}")]
        return {
            form.turns: [
                {form.speaker: speaker, form.words: words}
                for speaker, words in (*said, (form.answers, sample["output"]))
            ],
            **beside(sample, names),
            "instruction": instruction,
        }

    return lines(batches, row)


def lines(
    batches: Iterable[pa.RecordBatch], row: Callable[[Any], dict[str, Any]]
) -> Iterator[bytes]:
    """Yield the JSON Lines of each batch, `row` telling what a sample becomes."""
    for batch in batches:
        yield b"".join(
            orjson.dumps(row(sample), option=orjson.OPT_APPEND_NEWLINE)
            for sample in batch.to_pylist()
        )


def beside(sample: Mapping[str, Any], names: Iterable[str] = ALWAYS) -> dict[str, Any]:
    """Return the columns of a sample that stand beside its text."""
    return {name: sample[name] for name in names if name in sample}


def mapping(value: Any) -> dict[str, Any]:
    """Return `value` if it is an object; raises `UnfitError`."""
    if not isinstance(value, dict):
        raise UnfitError(RejectCode.MALFORMED_RECORD, f"It is {_kind(value)}, not an object.")
    return value


def text(value: Mapping[str, Any], field: str, *, optional: bool = False) -> str:
    """Return the text in a field ("" where it may be missing and is); raises `UnfitError`."""
    found = value.get(field)
    if found is None:
        if optional:
            return ""
        raise UnfitError(RejectCode.MISSING_FIELD, f"`{field}` is missing.", field)
    if not isinstance(found, str):
        raise UnfitError(RejectCode.BAD_VALUE, f"`{field}` is {_kind(found)}, not text.", field)
    return found


def known(value: Mapping[str, Any]) -> tuple[str | None, dict[str, str], list[str]]:
    """Return the id, our own columns and the references that stand beside a record's text."""
    id = value.get("id")
    if isinstance(id, bool) or not isinstance(id, str | int):
        id = None
    if isinstance(id, str) and not id.strip():
        id = None
    columns = {
        name: value[name]
        for name in (*ALWAYS, *METADATA)
        if name != "id" and isinstance(value.get(name), str) and value[name].strip()
    }
    found = value.get("references")
    references = [r for r in found if isinstance(r, str)] if isinstance(found, list) else []
    return (None if id is None else str(id)), columns, references


def exchange(
    value: Mapping[str, Any], instruction: str | None, input: str, output: str
) -> Exchange:
    """Return what a row says; a blank input leaves the instruction as the question itself.

    Raises `LeftOutError` where there is no question or no answer.
    """
    if instruction is not None and not instruction.strip():
        instruction = None
    if not input.strip():
        instruction, input = None, instruction or ""
    if not input.strip():
        raise LeftOutError(SkipReason.EMPTY_QUESTION)
    if not output.strip():
        raise LeftOutError(SkipReason.EMPTY_ANSWER)
    id, columns, references = known(value)
    return Exchange(
        instruction, input, output, references, id, columns, synthetic=is_synthetic(value)
    )


def is_synthetic(value: Mapping[str, Any]) -> bool:
    """Tell whether a row or a header says of itself that it is invented."""
    said = value.get(SYNTHETIC, value.get(SYNTHETIC.title()))
    return said is True or (isinstance(said, str) and said.strip().lower() == "true")


def turns(
    value: Mapping[str, Any], said: Sequence[tuple[str, str]], system: str | None
) -> Exchange:
    """Return what a conversation of (role, text) says: one question, one answer, no more.

    A column `instruction` beside it (we write one) tells where the instruction in the question
    ends. Raises `UnfitError` for an empty conversation, `LeftOutError` for one of several turns.
    """
    if not said:
        raise UnfitError(RejectCode.MALFORMED_RECORD, "The conversation is empty.")
    if said[0][0] == "system":
        system, said = said[0][1], said[1:]
    if [role for role, _ in said] != ["user", "assistant"]:
        if [role for role, _ in said] == ["user"]:
            raise LeftOutError(SkipReason.EMPTY_ANSWER)
        raise LeftOutError(SkipReason.OUT_OF_SCOPE)
    question, answer = said[0][1], said[1][1]
    told = value.get("instruction")
    if not system and isinstance(told, str) and question.startswith(f"{told}{SEPARATOR}"):
        return exchange(value, told, question[len(told) + len(SEPARATOR) :], answer)
    return exchange(value, system, question, answer)


def _kind(value: object) -> str:
    kinds = {"str": "text", "list": "a list", "dict": "an object", "NoneType": "null"}
    return kinds.get(type(value).__name__, type(value).__name__)
