"""Invented benchmark items and texts for the tests of contamination."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from medsmith.dedup.contamination import (
    Item,
    build_index,
    items_table,
    reduce_df,
    scan,
    score,
)

VIGNETTE = (
    "A 47-year-old beekeeper comes to the clinic with six days of burning pain under the left "
    "scapula. Three weeks ago he moved forty hives to a mountain orchard and slept in a damp tent. "
    "He takes no medicine and drinks two glasses of cider each evening. On examination there is a "
    "band of grouped blisters from the spine to the axilla, and light touch is painful. The lungs "
    "are clear and the heart sounds are regular. Which drug should be started today?"
)
SHORT_STEM = "Which nerve supplies brachioradialis?"
PASSAGE = (
    "We followed two hundred and twelve lighthouse keepers for nine winters. Blood was drawn each "
    "spring and autumn, and the level of calcidiol was measured in one laboratory. Keepers who ate "
    "herring on five days of the week had higher levels in every season than those who did not. "
    "Falls were rarer among them, but the difference vanished when age was taken into account. No "
    "keeper left the study, and none took tablets of any kind during the nine winters of follow-up."
)
LONG_ANSWER = (
    "Herring on most days keeps calcidiol high through dark winters, yet among lighthouse keepers "
    "it did not prevent falls once their age was taken into account."
)

ITEMS = (
    Item(
        "v1", VIGNETTE, ("Valaciclovir", "Prednisone", "Colchicine", "Amoxicillin"), "Valaciclovir"
    ),
    Item("s1", SHORT_STEM, ("Radial nerve", "Ulnar nerve", "Median nerve"), "Radial nerve"),
    Item(
        "p1",
        "Does frequent herring protect ageing lighthouse keepers from falls in winter?",
        ("yes", "no", "maybe"),
        LONG_ANSWER,
        PASSAGE,
    ),
    Item(
        "z1",
        "患者長期在燈塔工作後出現夜間視力下降，最可能缺乏的維生素是哪一種？",
        ("維生素甲", "維生素丙"),
        "維生素甲",
    ),
    Item(
        "g1", "Which statement is true?", ("Bees hear with their knees", "Moths sing at dawn"), ""
    ),
)
NOTE = (
    "The surgery was quiet on Monday and the roads were dry. Mr Quill brought the wood he had "
    "promised, and we spoke of his daughter's wedding at some length before lunch was served. "
)


def table(*inputs: str, outputs: Sequence[str] = ()) -> pa.Table:
    """Return rows r0, r1, … with these inputs, and outputs where given."""
    answers = [*outputs, *[""] * (len(inputs) - len(outputs))]
    return pa.table(
        {
            "id": pa.array([f"r{i}" for i in range(len(inputs))], pa.string()),
            "input": pa.array(inputs, pa.string()),
            "output": pa.array(answers, pa.string()),
        }
    )


def find(rows: pa.Table, items: Sequence[Item] = ITEMS, benchmark: str = "lamp") -> list[dict]:
    """Return the hits of `items` in `rows`, by both passes."""
    index = build_index(items_table(benchmark, items))
    first = scan(index, rows)
    telling = reduce_df(index, [first.counts], first.texts)
    return score(index, telling, rows.take(pa.array(first.rows))).to_pylist()


def kinds(rows: pa.Table, items: Sequence[Item] = ITEMS) -> list[tuple[str, str, str]]:
    """Return (row, item, kind) of each hit."""
    return [(hit["id"], hit["item_id"], hit["kind"]) for hit in find(rows, items)]


def with_options(item: Item, order: Sequence[int] = ()) -> str:
    """Return an item as an exam prints it."""
    options = [item.options[i] for i in order] if order else item.options
    lines = [f"{'ABCDEFG'[at]}. {option}" for at, option in enumerate(options)]
    return "\n".join([item.question, *lines])
