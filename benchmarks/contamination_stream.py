"""Rows of real medical sentences, with benchmark items in guises among them."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from medical_texts import sentences
from medsmith.builders.benchmarks import BenchmarkHome, ItemSet, present_items
from medsmith.builders.contamination.passes import TEXTS
from medsmith.builders.contamination.self_test import Case, cases
from medsmith.builders.resolve import RawHome
from medsmith.dedup.contamination.tokens import tokenise

BATCH = 50_000
# Raw folders that hold items of benchmarks (`contamination_matrix.py`): no clean rows are made of
# their sentences.
HOLD_ITEMS = (
    *("anatem", "bioasq", "frenchmedmcqa", "head_qa", "healthver", "igakuqa", "liveqa", "medec"),
    *("medical_meadow", "medmcqa", "medqa_dev_mediq", "mediqa2019_qa", "mediqa2019_rqe", "anem"),
    *("mediqa2021", "medquad", "meqsum", "mts_dialog", "ncbi_disease", "pubmedqa", "rumedbench"),
)
# Items of questions that are equal token by token are one item under several names.
Groups = dict[tuple[str, str], bytes]


def item_sets(raw: Path, benchmarks: Path | None) -> list[ItemSet]:
    """Return the items of every registered benchmark whose files are there."""
    return list(present_items(BenchmarkHome.find(benchmarks, RawHome(raw, named=True))))


def clean_sentences(raw: Path, leave_out: Sequence[str] = HOLD_ITEMS) -> list[str]:
    """Return the sentences of the raw folders, but for those named."""
    folders = sorted(path for path in raw.iterdir() if path.is_dir())
    return sentences([path for path in folders if path.name not in leave_out])


def groups(items: pa.Table) -> Groups:
    """Return, for each (benchmark, item id), what its text twins share."""
    parts = (items["question"], items["passage"])
    asked = pc.if_else(pc.equal(items["question"], ""), *reversed(parts))
    tokens = tokenise(asked)
    data, cuts = tokens.hashes.tobytes(), (8 * tokens.offsets).tolist()
    keys = zip(items["benchmark"].to_pylist(), items["item_id"].to_pylist(), strict=True)
    return {key: data[cuts[i] : cuts[i + 1]] for i, key in enumerate(keys)}


def injected_cases(sets: Iterable[ItemSet], known: Groups, most: int) -> list[Case]:
    """Return each question of up to `most` items a benchmark in one of its guises, shuffled."""
    by_question: dict[bytes, list[Case]] = defaultdict(list)
    for each in sets:
        for case in cases(each.table, each.manifest.languages if each.manifest else (), most):
            if case.item is not None:
                by_question[known[case.benchmark, case.item.id]].append(case)
    chance = random.Random(0)
    drawn = []
    for _, dressed in sorted(by_question.items()):
        guise = chance.choice(sorted({case.guise for case in dressed}))
        drawn.append(chance.choice([case for case in dressed if case.guise == guise]))
    chance.shuffle(drawn)
    return drawn


def stream(pool: Sequence[str], rows: int, injected: Sequence[Case] = ()) -> Iterator[pa.Table]:
    """Yield `rows` clean rows in batches (`TEXTS`), the injected cases spread among them.

    Clean rows have ids `c…`, injected ones the number of their case.
    """
    count = -(-rows // BATCH)
    for number in range(count):
        first, last = (len(injected) * n // count for n in (number, number + 1))
        clean = min(BATCH, rows - number * BATCH)
        yield _batch(pool, number, clean, injected[first:last], first)


def _batch(
    pool: Sequence[str], number: int, clean: int, injected: Sequence[Case], first: int
) -> pa.Table:
    chance = random.Random(number)
    made = [
        (
            f"c{number * BATCH + row}",
            " ".join(chance.choices(pool, k=chance.randint(1, 8))),
            chance.choice(pool),
        )
        for row in range(clean)
    ]
    made += [(str(first + i), case.row.input, case.row.output) for i, case in enumerate(injected)]
    chance.shuffle(made)
    columns = [pa.array(column, pa.string()) for column in zip(*made, strict=True)]
    return pa.table(columns, schema=TEXTS)


def text_bytes(table: pa.Table) -> int:
    """Return the bytes of the texts of `table`."""
    lengths = (pc.sum(pc.binary_length(table[name])).as_py() for name in ("input", "output"))
    return sum(length or 0 for length in lengths)
