"""The dataset card: the page that people read, under the YAML of `card_yaml`."""

from __future__ import annotations

from typing import Any

from medsmith.builders.release.card_comparisons import comparison_blocks
from medsmith.builders.release.card_pictures import length_blocks, source_picture
from medsmith.builders.release.card_table import table
from medsmith.builders.release.card_tokens import token_blocks
from medsmith.builders.release.card_yaml import DEFAULT_CONFIG, configs, front_matter
from medsmith.builders.release.comparisons import removed_of
from medsmith.builders.release.compatibility import of_manifest, terms
from medsmith.builders.release.datasheet import datasheet, not_in_here
from medsmith.builders.release.licences import in_short
from medsmith.builders.release.manifest import splits
from medsmith.builders.release.tokens import tokens_of


def render(manifest: dict[str, Any]) -> str:
    """Return the card (`README.md`) of the release that `manifest` describes."""
    blocks = [
        f"---\n{front_matter(manifest)}\n---",
        f"# {manifest['title']}",
        *(_SYNTHETIC if manifest["synthetic"] else ()),
        manifest["description"],
        _summary(manifest),
        "## How to load it",
        _loading(manifest),
        "## What a row holds",
        _columns(),
        "## Sources",
        _source_table(manifest),
        *source_picture(manifest),
        "## Tasks",
        _task_table(manifest),
        *length_blocks(manifest),
        *token_blocks(manifest),
        "## What was left out, and why",
        _ledger_table(manifest),
        *_left_out(manifest),
        *comparison_blocks(manifest),
        *not_in_here(manifest),
        "## How it was made",
        _making(manifest),
        "## Licences, access and duties",
        _duties(manifest),
        *datasheet(manifest),
    ]
    return "\n\n".join(blocks) + "\n"


_SYNTHETIC = (
    "> **Synthetic.** This was built from the invented records that come with Medsmith, not from "
    "a real corpus. It shows the format; it must not be used to train or to evaluate, and it "
    "cannot be published.",
)


def _summary(manifest: dict[str, Any]) -> str:
    totals = manifest["totals"]
    tasks = {task for _, task, _, ledger in splits(manifest) if ledger["released"]}
    per_instance = manifest["recipe"]["instructions_per_instance"]
    bound = "every instruction of its task" if per_instance == "all" else f"{per_instance}"
    return (
        f"**{totals['samples']:,} samples** from **{totals['released_instances']:,} instances** "
        f"(question and answer), {len(tasks)} tasks, {len(manifest['sources'])} "
        f"source{'s' if len(manifest['sources']) > 1 else ''}. A sample is an instance joined with "
        f"an instruction; instructions per instance: {bound}. With all instructions of their tasks "
        f"the instances would give {totals['pairs']:,} samples. Version {manifest['version']}."
    )


def _loading(manifest: dict[str, Any]) -> str:
    names = list(configs(manifest))
    split = next(iter(configs(manifest)[DEFAULT_CONFIG]), "train")
    other = names[1] if len(names) > 1 else DEFAULT_CONFIG
    listed = ", ".join(f"`{name}`" for name in names)
    return (
        "```python\nimport datasets\n\n"
        f'everything = datasets.load_dataset("PATH_OR_REPOSITORY", split="{split}")\n'
        f'one_part = datasets.load_dataset("PATH_OR_REPOSITORY", "{other}")\n```\n\n'
        f"Configurations: {listed}. The splits are the upstreams' own: test items stay test."
    )


_COLUMNS: tuple[tuple[str, str], ...] = (
    ("id", "stable id of the instance"),
    ("instruction", "what the model is asked to do"),
    ("input", "what it is asked about"),
    ("output", "the answer"),
    ("references", "further right answers"),
    ("source, task", "where it comes from, and which kind of question it is"),
    ("category, domain", "one of 19 task categories, one of 5 text domains"),
    ("split", "train, validation or test, as upstream"),
    ("input_language, output_language, instruction_language", "ISO 639-1 codes"),
    ("license", "licence of the row's source"),
    ("instruction_id", "which instruction of the task's pool it met"),
    ("group", "document, patient or question that several rows share: split by it, not by row"),
    ("n_tokens", "token counts; null where they have not been counted"),
    ("metadata", "a JSON object with whatever else the upstream says"),
)


def _columns() -> str:
    return table(["column", "meaning"], [[f"`{name}`", text] for name, text in _COLUMNS])


# The reasons that compare an instance with others, in the order of the stages.
_COMPARED = {
    "exact_duplicate": "exact duplicates",
    "near_duplicate": "near-duplicates",
    "contamination": "held a benchmark item",
    "cross_split": "also in test",
}


def _source_table(manifest: dict[str, Any]) -> str:
    rows: list[list[Any]] = []
    counted = manifest.get("tokens") is not None
    for key, source in manifest["sources"].items():
        ledgers = [ledger for name, *_, ledger in splits(manifest) if name == key]
        removed = removed_of(ledgers)
        rows.append(
            [
                f"[{source['title']}]({source['homepage']}) (`{key}`)",
                source["license"],
                source["access"]["tier"],
                ", ".join(source["languages"]),
                sum(ledger["released"] for ledger in ledgers),
                sum(ledger["samples"] for ledger in ledgers),
                *(removed.get(reason, 0) for reason in _COMPARED),
                *([tokens_of(manifest, key)] if counted else []),
            ]
        )
    if len(rows) > 1:
        rows.append(["all", "", "", "", *_sums(rows, 4)])
    header = ["source", "licence", "access", "languages", "instances", "samples"]
    found = table([*header, *_COMPARED.values(), *(["tokens"] if counted else [])], rows)
    return (
        f"{found}\n\nInstances and samples are those in the release. The four columns after them "
        "count what was removed, each instance under its first reason."
        f"{' Tokens are those of one epoch.' if counted else ''}"
    )


def _sums(rows: list[list[Any]], first: int) -> list[int]:
    """Return the sums of the columns from `first` on."""
    return [sum(column) for column in list(zip(*rows, strict=True))[first:]]


def _task_table(manifest: dict[str, Any]) -> str:
    rows: list[list[object]] = []
    for about in manifest["sources"].values():
        for task, details in about["tasks"].items():
            by_split = details["splits"]
            if any(ledger["released"] for ledger in by_split.values()):
                rows.append(
                    [
                        f"`{task}`",
                        details["category"],
                        details["description"],
                        *(by_split.get(s, {}).get("released", 0) for s in _SPLITS),
                    ]
                )
    return table(["task", "category", "what is asked", *_SPLITS], rows)


_SPLITS = ("train", "validation", "test")


def _ledger_table(manifest: dict[str, Any]) -> str:
    rows: list[list[Any]] = []
    for key, source in manifest["sources"].items():
        records = source["records"]
        ledgers = [ledger for name, *_, ledger in splits(manifest) if name == key]
        rows.append(
            [
                f"`{key}`",
                records["read"],
                records["converted"],
                sum(records["rejected"].values()),
                sum(records["skipped"].values()),
                sum(ledger["converted"] for ledger in ledgers),
                sum(sum(ledger["removed"].values()) for ledger in ledgers),
                sum(ledger["released"] for ledger in ledgers),
            ]
        )
    if len(rows) > 1:
        rows.append(["all", *_sums(rows, 1)])
    header = ["source", "raw records", "converted", "rejected", "skipped"]
    ledger_table = table([*header, "instances", "removed", "released"], rows)
    return (
        f"{ledger_table}\n\nRaw records = converted + rejected + skipped; instances = released + "
        "removed. A record may give several instances. `medsmith verify` proves these numbers "
        "again from the files."
    )


_WHY = {
    "cap": ": train instances beyond the recipe's share for the source, chosen by a seeded hash",
    "contamination": ": they hold an item of a benchmark",
    "cross_split": ": their document, question or input also stands in test",
    "near_duplicate": ": another instance says the same in nearly the same words",
    "takedown": ": taken out for good, at somebody's request",
}


def _left_out(manifest: dict[str, Any]) -> list[str]:
    lines = []
    for key, source in manifest["sources"].items():
        records = source["records"]
        for kind in ("skipped", "rejected"):
            for reason, count in records[kind].items():
                why = source["skips"].get(reason, "") if kind == "skipped" else ""
                lines.append(
                    f"- `{key}`: {count:,} {kind} as `{reason}`{': ' + why if why else ''}"
                )
        removed = removed_of(ledger for name, *_, ledger in splits(manifest) if name == key)
        lines += [
            f"- `{key}`: {count:,} removed as `{reason}`{_WHY.get(reason, '')}"
            for reason, count in removed.items()
        ]
    return ["\n".join(lines)] if lines else []


def _making(manifest: dict[str, Any]) -> str:
    notes = [
        f"- `{key}`: {' '.join(source['notes'].split())}"
        for key, source in manifest["sources"].items()
        if source["notes"]
    ]
    text = (
        f"Made with Medsmith {manifest['medsmith_version']}: one converter for each source, "
        "validation of every instance, removal of exact duplicates within a task (texts equal "
        "under NFKC, case folding and single spaces; copies in test and validation are kept before "
        f"those in train){_compared_with(manifest)}, and instructions written for Medsmith, bound "
        "by a seeded hash of the instance's id. `manifest.json` holds the recipe, the digests of "
        "the raw files and of every file here; `croissant.json` says the same to machines, in "
        "Croissant with its responsible-AI terms; `evidence/` holds what was rejected and removed, "
        "and why."
    )
    return "\n\n".join([text, *(["Decisions by source:\n\n" + "\n".join(notes)] if notes else [])])


def _compared_with(manifest: dict[str, Any]) -> str:
    said = ", of near-duplicates" if manifest.get("near_duplicates") else ""
    if manifest.get("contamination"):
        said += ", of what holds items of benchmarks, of train instances that stand in test"
    return said


def _duties(manifest: dict[str, Any]) -> str:
    restricted = [
        f"`{key}` ({source['access']['tier']})"
        for key, source in manifest["sources"].items()
        if source["access"]["tier"] not in ("open", "noncommercial")
    ]
    text = (
        "Each row names its licence; `LICENSES.md` lists duties, terms and citations. "
        f"{in_short(terms(*of_manifest(manifest)))} The texts are for "
        "research on language models, not for advice to patients; they hold the errors and biases "
        "of their upstreams and the medical knowledge of their time."
    )
    if restricted:
        text += (
            f"\n\n**Not to be passed on:** {', '.join(restricted)}. Whoever wants these rows must "
            "get the raw files under the upstream's own terms and build them at home."
        )
    return text
