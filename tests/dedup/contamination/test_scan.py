"""The scan counts the n-grams that stand in a text, wherever its batches of tokens end."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from lamp_items import ITEMS, NOTE, SHORT_STEM, VIGNETTE, table
from medsmith.dedup.contamination import Index, build_index, items_table, scan
from medsmith.dedup.contamination.grams import LONG, LONG_WIDE, SHORT, SHORT_WIDE, run_hashes
from medsmith.dedup.contamination.tokens import tokenise

INDEX = build_index(items_table("lamp", ITEMS))
CHINESE = ITEMS[3].question
PARTS = (VIGNETTE, SHORT_STEM, CHINESE, NOTE, "is", "燈", "½", "< 5 %", "Café", "")


def plainly(index: Index, texts: list[str]) -> list[int]:
    """Return the texts that hold each n-gram, found the slow and simple way."""
    of_pattern = run_hashes(index.tokens, index.run)
    known = {int(of_pattern[at]): int(index.gram[at]) for at in np.flatnonzero(index.gram >= 0)}
    counts = [0] * index.grams
    for text in texts:
        tokens = tokenise(pa.array([text]))
        wide, places = tokens.wide.astype(bool), np.arange(len(tokens.hashes))
        found = set()
        for one, other in ((LONG_WIDE, LONG), (SHORT_WIDE, SHORT)):
            lengths = np.where(wide, one, other).astype(np.uint8)
            hashes = run_hashes(tokens.hashes, lengths)[places + 1 >= lengths]
            found.update(known[value] for value in hashes.tolist() if value in known)
        for gram in found:
            counts[gram] += 1
    return counts


def test_items_are_found_across_the_ends_of_batches() -> None:
    question = ITEMS[2].question
    for words in (*range(118, 132), *range(915, 932), *range(1010, 1026), *range(1850, 1862)):
        before = "so " * words
        found = scan(INDEX, table(f"{before}{question}", f"{before}{CHINESE}"))
        assert found.rows.tolist() == [0, 1]
        assert found.counts.tolist() == plainly(
            INDEX, [f"{before}{question}", f"{before}{CHINESE}"]
        )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from(PARTS), max_size=12), max_size=4))
def test_counts_are_those_of_a_plain_search(rows: list[list[str]]) -> None:
    texts = [" ".join(parts) for parts in rows]
    assert scan(INDEX, table(*texts)).counts.tolist() == plainly(INDEX, texts)


def test_a_text_that_must_be_folded_whole_counts_once() -> None:
    # The accent comes apart from its letter, late in the text.
    text = f"{VIGNETTE} {NOTE} cafe\u0301 {VIGNETTE}"
    assert scan(INDEX, table(text)).counts.tolist() == plainly(INDEX, [text])
