"""The card's blocks on tokens: made from the manifest, like the rest of it."""

from __future__ import annotations

from typing import Any

from medsmith.builders.release.card_table import table

_FIGURES = ("n", "tokens", "mean", "p50", "p90", "p95", "p99", "max")


def token_blocks(manifest: dict[str, Any]) -> list[str]:
    """Return heading, text and tables; nothing where no tokens were counted."""
    told = manifest.get("tokens")
    if told is None:
        return []
    return [
        "## How many tokens",
        _reading(told),
        _lengths(told),
        "How many samples are longer than a model's context, and how many sequences of that length "
        "hold all of them in one epoch:",
        _contexts(told),
        _packing(),
    ]


def _reading(told: dict[str, Any]) -> str:
    first, *others = told["tokenizers"]
    counted = ", ".join(
        f"`{item['name']}` (SHA-256 `{item['sha256'][:12]}…`)" for item in told["tokenizers"]
    )
    column = f"The column `n_tokens` holds the counts of `{first['name']}`. " if others else ""
    chats = "; ".join(
        f"`{item['name']}`'s chat template adds {item['chat_template_adds']} tokens to each sample"
        for item in told["tokenizers"]
        if item["chat_template_adds"] is not None
    )
    return (
        f"Counted with {counted}. {column}A sample is one question (instruction, blank line, "
        "input) and its answer (output), counted without special tokens; `instruction` in "
        "`n_tokens` is what the instruction and the blank line add to the input's own tokens, so "
        f"that the parts sum to `total`.{f' {chats}.' if chats else ''} `tokens.json` has the same "
        "by task, category and language, with histograms; `evidence/tokens.parquet` has the counts "
        "of each instance and instruction."
    )


def _lengths(told: dict[str, Any]) -> str:
    header = ["tokenizer", "source", "samples", "tokens an epoch", "mean", "median"]
    rows = []
    for name, figures in told["figures"].items():
        groups = {f"`{key}`": found for key, found in figures["source"].items()}
        if len(groups) != 1:
            groups["all"] = figures["all"]
        rows += [
            [f"`{name}`", key, *(f"{found[figure]:,}" for figure in _FIGURES)]
            for key, found in groups.items()
        ]
    return table([*header, "90 %", "95 %", "99 %", "longest"], rows)


def _contexts(told: dict[str, Any]) -> str:
    rows = []
    for name, figures in told["figures"].items():
        found = figures["all"]
        for size in map(str, told["contexts"]):
            rows.append(
                [
                    f"`{name}`",
                    f"{int(size):,}",
                    f"{found['longer'][size]:,}",
                    f"{found['share_longer'][size]:.2%}",
                    f"{found['packed'][size]:,}",
                    f"{found['concatenated'][size]:,}",
                ]
            )
    header = ["tokenizer", "context", "longer samples", "share", "packed whole", "concatenated"]
    return table(header, rows)


def _packing() -> str:
    return (
        "Packed whole: best-fit decreasing, no sample split, longer ones cut to the context. "
        "Concatenated: one stream of all tokens, cut wherever a context is full."
    )
