"""What a benchmark is made of, as far as contamination is concerned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class Item:
    """One question of a benchmark; a part that it lacks is empty.

    `answer` is the answer's text (not its letter), `passage` the text the question is asked of:
    an abstract, a note, a dialogue.
    """

    id: str
    question: str
    options: tuple[str, ...] = ()
    answer: str = ""
    passage: str = ""


ITEMS = pa.schema(
    [
        pa.field("benchmark", pa.string(), nullable=False),
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("question", pa.string(), nullable=False),
        pa.field(
            "options", pa.list_(pa.field("element", pa.string(), nullable=False)), nullable=False
        ),
        pa.field("answer", pa.string(), nullable=False),
        pa.field("passage", pa.string(), nullable=False),
    ]
)


def items_table(benchmark: str, items: Iterable[Item]) -> pa.Table:
    """Return `items` as a table (`ITEMS`) under the name `benchmark`, in the order given."""
    columns = list(
        zip(*((i.id, i.question, i.options, i.answer, i.passage) for i in items), strict=True)
    )
    ids, questions, options, answers, passages = columns or [()] * 5
    return pa.table(
        [
            pa.array([benchmark] * len(ids), pa.string()),
            pa.array(ids, pa.string()),
            pa.array(questions, pa.string()),
            pa.array([list(each) for each in options], ITEMS.field("options").type),
            pa.array(answers, pa.string()),
            pa.array(passages, pa.string()),
        ],
        schema=ITEMS,
    )
