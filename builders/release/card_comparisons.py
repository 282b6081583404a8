"""The card's blocks on near-duplicates, benchmarks and splits: made from the manifest."""

from __future__ import annotations

from typing import Any

from medsmith.builders.release.card_table import table
from medsmith.builders.release.comparisons import by_benchmark, removed_of
from medsmith.builders.release.manifest import splits
from medsmith.schema import ContaminationKind

_MEANINGS = {
    "exact": "the instance is the item's question, with or without its options or passage",
    "near": "the question stands in it reworded, or in part",
    "question": "the question stands in it",
    "context": "only the item's passage stands in it (an abstract, a note)",
    "answer": "only a long answer stands in it",
}
_GUISES = {
    "verbatim": "word for word",
    "case_and_punctuation": "other case and punctuation",
    "rewrapped": "other line breaks and spaces",
    "options_shuffled": "options in another order",
    "stem_only": "the question without options and answer",
    "subject_line": "a subject line in front",
    "inside_note": "quoted inside a long note",
    "first_part": "the first 60 % of the question",
    "sentence_changed": "one sentence changed",
    "paraphrase": "synonyms and other word order",
    "cjk_spacing": "other spaces between Chinese or Japanese characters",
}


def comparison_blocks(manifest: dict[str, Any]) -> list[str]:
    """Return headings, texts and tables on what instances were compared with."""
    return [
        *_near_duplicates(manifest),
        *_contamination(manifest),
        *_cross_split(manifest),
    ]


def _near_duplicates(manifest: dict[str, Any]) -> list[str]:
    told = manifest.get("near_duplicates")
    if told is None:
        return ["## Near-duplicates", "The recipe does not ask for them: none were looked for."]
    removed = removed_of(ledger for *_, ledger in splits(manifest)).get("near_duplicate", 0)
    contained = (
        ""
        if told["containment"] is None
        else f" Inputs also match where {told['containment']:.0%} of the shorter one's runs stand "
        "in the other."
    )
    alone = ", ".join(f"`{task}`" for task in told["not_compared"])
    text = (
        f"**{_were_removed(removed)}** because another one says the same in nearly the same words. "
        "Two instances do where their inputs share at least "
        f"{told['threshold']:.0%} of their runs of five words (Jaccard similarity) and their "
        f"outputs at least {told['output_threshold']:.0%}; labels and short answers must be equal, "
        f"and so must numbers and codes in forms (rules `{told['rules']}`).{contained} Runs of "
        f"words in more than {told['boilerplate_share']:.0%} of a task's inputs are its template "
        "and do not count. Compared are the instances of one task, and those of other sources in "
        "its category, unless the source's manifest says otherwise"
        f"{f'; not those of {alone}, whose texts differ in a few words only' if alone else ''}.\n\n"
        f"MinHash signatures in {told['bands']} bands of {told['rows_per_band']} proposed "
        f"{told['compared_pairs']:,} pairs; each was compared in full, and "
        f"{told['similar_pairs']:,} were similar. Of similar instances the one in test stays, then "
        "that in validation, then the one under the freer licence. None went because of a chain: "
        "each is similar to the copy that stays, named with both similarities in "
        "`evidence/duplicates.parquet`."
    )
    return ["## Near-duplicates", text]


def _contamination(manifest: dict[str, Any]) -> list[str]:
    told = manifest.get("contamination")
    blocks = ["## Benchmarks that were kept out"]
    if told is None:
        return [*blocks, "The recipe does not ask for it: no benchmark was looked for."]
    if not any(each["items"] for each in told["benchmarks"]):
        return [*blocks, "No benchmark was looked for: the files of none were there.", *_gaps(told)]
    removed, flagged = sum(told["removed"].values()), sum(told["flagged"].values())
    return [
        *blocks,
        f"**{_were_removed(removed)}** from train and validation for holding an item of a "
        f"benchmark, and {flagged:,} stay although part of one stands in them (rules "
        f"`{told['rules']}`). Inputs and outputs were searched, instructions not. The test splits "
        "of the release's own sources are benchmarks, too.",
        _kind_table(told),
        _benchmark_table(told),
        "An instance that holds items of several benchmarks counts in each row. Each hit, with "
        "item, score and place, stands in `evidence/contamination.parquet`.",
        *_gaps(told),
        *_self_test(told),
    ]


def _were_removed(count: int) -> str:
    return f"{count:,} instance{'s were' if count != 1 else ' was'} removed"


def _kind_table(told: dict[str, Any]) -> str:
    rows: list[list[object]] = []
    for kind in ContaminationKind:
        fate = "removed" if kind in told["remove"] else "stays"
        count = told["removed" if kind in told["remove"] else "flagged"].get(kind.value, 0)
        rows.append([kind.value, _MEANINGS[kind.value], fate, count])
    return table(["kind", "what was found", "such an instance", "instances"], rows)


def _benchmark_table(told: dict[str, Any]) -> str:
    found = by_benchmark(told)
    rows: list[list[object]] = []
    for each in told["benchmarks"]:
        if each["items"]:
            kinds = found.get(each["benchmark"], {})
            counts = [kinds.get(kind.value, 0) for kind in ContaminationKind]
            rows.append([f"`{each['benchmark']}`", each["title"], each["items"], *counts])
    header = ["benchmark", "what it is", "items", *(kind.value for kind in ContaminationKind)]
    return table(header, rows)


def _gaps(told: dict[str, Any]) -> list[str]:
    """Return what was not looked for: a reader must not take silence for proof."""
    blocks = []
    empty = [each["benchmark"] for each in told["benchmarks"] if not each["items"]]
    if told["absent"]:
        blocks.append(
            "**Not looked for**, as the files with their questions were not there: "
            f"{', '.join(f'`{name}`' for name in told['absent'])}."
        )
    if empty:
        blocks.append(
            f"Without an item, as the raw files had no test split: "
            f"{', '.join(f'`{name}`' for name in empty)}."
        )
    return blocks


def _self_test(told: dict[str, Any]) -> list[str]:
    test = told["self_test"]
    if not test["recall"]:
        return []
    rows: list[list[object]] = []
    for guise, found in test["recall"].items():
        short = test["recall_short"].get(guise)
        rows.append(
            [
                _GUISES[guise],
                found["items"],
                found["found"],
                f"{found['recall']:.1%}",
                f"{short['recall']:.1%}" if short else "–",
            ]
        )
    header = ["items hidden", "number", "found", "share found", "of short questions"]
    return [
        "### How much of it such a search finds",
        "Measured with this release's own index: up to a hundred items of each benchmark were "
        "hidden in invented texts, in eleven guises, and looked for in the same way. Short "
        "questions have at most twelve words.",
        table(header, rows),
        f"False alarms: {test['false_alarms']:,} of {test['clean_rows']:,} invented texts that "
        "hold no item. The same by benchmark stands in `manifest.json` and "
        "`evidence/contamination_self_test.parquet`.",
    ]


def _cross_split(manifest: dict[str, Any]) -> list[str]:
    told = manifest.get("cross_split")
    if told is None:
        return []
    removed = removed_of(ledger for *_, ledger in splits(manifest)).get("cross_split", 0)
    removing = told["policy"] == "remove"
    text = (
        "Train instances whose document, patient or question (`group`), or whose input word for "
        "word, also stands in test "
        f"{'were removed' if removing else 'are reported'}"
        f"{f': {removed:,}' if removing else ''}."
    )
    if not told["meetings"]:
        return ["## Train against test", f"{text} No instance meets one of another split."]
    rows: list[list[object]] = [
        [
            f"`{cell['source']}`",
            cell["split"],
            cell["other_split"],
            "document, patient or question" if cell["kind"] == "group" else "input",
            cell["instances"],
        ]
        for cell in told["meetings"]
    ]
    header = ["source", "split", "also stands in", "what they share", "instances"]
    return [
        "## Train against test",
        f"{text} Every meeting of two splits is reported; `evidence/cross_split.parquet` has them.",
        table(header, rows),
    ]
