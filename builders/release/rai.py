"""The responsible-AI terms of Croissant, answered from what the release manifest knows."""

from __future__ import annotations

from typing import Any

from medsmith.builders.release.manifest import splits
from medsmith.schema.enums import AccessTier


def fields(manifest: dict[str, Any]) -> dict[str, str | list[str]]:
    """Return the terms (without their prefix `rai:`) and their texts; nothing unknown is told."""
    return {
        "dataCollection": (
            "Nothing was collected for this release: it is converted from datasets that others "
            "published, named with their versions and pages in `manifest.json`."
        ),
        "dataCollectionType": ["Secondary data analysis"],
        "dataCollectionRawData": _raw_data(manifest),
        "dataCollectionMissingData": _missing(manifest),
        "dataManipulationProtocol": _converters(manifest),
        "dataPreprocessingProtocol": _stages(manifest),
        "dataAnnotationProtocol": [
            "Answers, labels and references are the upstreams' own; each source's citation says "
            "who made them and how. Instructions were written for Medsmith and are bound to "
            "instances by a seeded hash."
        ],
        "dataUseCases": [
            "Instruction tuning of language models on medical text, and research on it.",
            "Not for advice to patients, diagnosis or treatment.",
            "Splits are the upstreams' own: items of test and validation stay out of training.",
        ],
        "dataLimitations": _limitations(manifest),
        "dataBiases": _biases(manifest),
        "dataSocialImpact": (
            "Models trained on it may be taken for medical authorities. What they say has to be "
            "judged by people who are trained to, before anyone acts on it."
        ),
        "personalSensitiveInformation": _sensitive(manifest),
        "dataReleaseMaintenancePlan": (
            "A version never changes once it is published: corrections come as a new version, "
            "with its difference to the last. Whoever wants records taken down names them by id "
            "to the publisher; a list of take-downs then keeps them out of every later version. "
            "Who holds the raw files can rebuild the same bytes from the recipe in "
            "`manifest.json`."
        ),
    }


def _raw_data(manifest: dict[str, Any]) -> str:
    said = [
        f"{source['title']} (version: {source['version']}; {source['homepage']})"
        for source in manifest["sources"].values()
    ]
    return "; ".join(said) + "."


def _missing(manifest: dict[str, Any]) -> str:
    totals = manifest["totals"]
    return (
        f"Of {totals['records']:,} raw records {totals['rejected_records']:,} were rejected as "
        f"broken and {totals['skipped_records']:,} skipped on purpose; of "
        f"{totals['instances']:,} instances {totals['removed_instances']:,} were removed. "
        "`evidence/` names each rejected record and removed instance with its reason."
    )


def _converters(manifest: dict[str, Any]) -> str:
    said = ["One converter for each source turns a raw record into input and output."]
    for key, source in manifest["sources"].items():
        notes = " ".join((source["notes"] or "").split())
        skips = [f"Skipped as {reason}: {why}" for reason, why in source["skips"].items()]
        if notes or skips:
            said.append(f"{key}: {' '.join([notes, *skips]).strip()}")
    return "\n".join(said)


def _stages(manifest: dict[str, Any]) -> list[str]:
    removed: dict[str, int] = {}
    for *_, ledger in splits(manifest):
        for reason, count in ledger["removed"].items():
            removed[reason] = removed.get(reason, 0) + count
    recipe = manifest["recipe"]
    return [
        "Every instance is validated against its task: texts that are not blank, labels of the "
        "task, known languages.",
        "Instances are compared with one another; copies in test and validation are kept before "
        "those in train.",
        *_comparisons(manifest),
        *(
            f"Removed as {reason.replace('_', ' ')}: {count:,} instances."
            for reason, count in sorted(removed.items())
        ),
        f"Instructions per instance: {recipe['instructions_per_instance']}; "
        f"seed: {recipe['seed']}.",
    ]


def _comparisons(manifest: dict[str, Any]) -> list[str]:
    """Return how near-duplicates, benchmarks' items and shared splits were looked for."""
    said = []
    if near := manifest.get("near_duplicates"):
        said.append(
            f"Near-duplicates ({near['rules']}): Jaccard similarity of five-word runs of at least "
            f"{near['threshold']} in inputs and {near['output_threshold']} in outputs; MinHash in "
            f"{near['bands']} bands of {near['rows_per_band']}, each pair compared in full."
        )
    if found := manifest.get("contamination"):
        names = [each["benchmark"] for each in found["benchmarks"] if each["items"]]
        items = sum(each["items"] for each in found["benchmarks"])
        said.append(
            f"Benchmark contamination ({found['rules']}): {items:,} items of "
            f"{', '.join(names) or 'no benchmark'} were looked for in inputs and outputs of train "
            f"and validation. Hits of kind {', '.join(found['remove']) or 'none'} remove an "
            "instance, the others are reported."
        )
        if recall := found["self_test"]["recall"]:
            shares = ", ".join(
                f"{name.replace('_', ' ')} {cell['recall']:.1%}" for name, cell in recall.items()
            )
            said.append(f"Items hidden in invented texts and found again: {shares}.")
    if shared := manifest.get("cross_split"):
        said.append(
            "Train instances that share a document, patient, question or input with test: "
            f"{shared['policy']}."
        )
    return said


def _limitations(manifest: dict[str, Any]) -> list[str]:
    said = [
        "Texts hold the errors of their upstreams and the medical knowledge of their time; no "
        "step of Medsmith is a review by clinicians.",
    ]
    flagged = (manifest.get("contamination") or {}).get("flagged", {})
    if count := sum(flagged.values()):
        said.append(
            f"{count:,} instances hold part of a benchmark item ({', '.join(flagged)}) and stay: "
            "`evidence/contamination.parquet` names them."
        )
    if absent := (manifest.get("contamination") or {}).get("absent"):
        said.append(f"Benchmarks that were not looked for: {', '.join(absent)}.")
    if manifest["synthetic"]:
        said.append("Made from invented records: it shows the format and teaches nothing.")
    unstated = [k for k, s in manifest["sources"].items() if s["license"].endswith("not-stated")]
    if unstated:
        said.append(f"The upstream states no licence: {', '.join(unstated)}.")
    if withheld := manifest.get("withheld"):
        said.append(
            f"Described, but not in here, as their terms forbid passing them on: "
            f"{', '.join(withheld)}. Who holds their raw files can build them at home."
        )
    return said


def _biases(manifest: dict[str, Any]) -> list[str]:
    """Return how unevenly the release is spread, as shares of its instances."""
    return [
        f"Languages of the answers: {_shares(manifest, 'output_language')}.",
        f"Domains: {_shares(manifest, 'domain')}.",
        f"Categories: {_shares(manifest, 'category')}.",
        "The populations, specialities and health systems of the upstreams are over-represented; "
        "their documentation says which those are.",
    ]


def _shares(manifest: dict[str, Any], name: str) -> str:
    found: dict[str, int] = {}
    for source, task, _, ledger in splits(manifest):
        value = manifest["sources"][source]["tasks"][task][name]
        found[value] = found.get(value, 0) + ledger["released"]
    whole = sum(found.values())
    ordered = sorted(((-count, value) for value, count in found.items() if count))
    return ", ".join(f"{value} {-count / whole:.1%}" for count, value in ordered) or "none"


_TIERS = {
    AccessTier.OPEN: "anybody may fetch the raw files",
    AccessTier.NONCOMMERCIAL: "anybody may fetch the raw files, for non-commercial use",
    AccessTier.REGISTRATION: "upstream gives the raw files to registered users only",
    AccessTier.LICENSED: "upstream gives the raw files to licence holders only",
    AccessTier.CREDENTIALED: "notes of patients, de-identified upstream, for credentialed users "
    "under a data use agreement; they must not be passed on",
}


def _sensitive(manifest: dict[str, Any]) -> list[str]:
    tiers: dict[str, list[str]] = {}
    clinical = []
    for key, source in manifest["sources"].items():
        tiers.setdefault(source["access"]["tier"], []).append(key)
        if any(task["domain"] == "clinical_text" for task in source["tasks"].values()):
            clinical.append(key)
    said = []
    if invented := [key for key, source in manifest["sources"].items() if source["synthetic"]]:
        said.append(
            f"Invented records, which tell of nobody: {', '.join(invented)}. What follows is about "
            "the real corpora."
        )
    said += [
        f"{tier.value}: {', '.join(tiers[tier.value])} ({about})."
        for tier, about in _TIERS.items()
        if tier.value in tiers
    ]
    if clinical:
        said.append(
            f"Text from the care of patients, real or written in its manner: {', '.join(clinical)}."
            " De-identification is the upstream's; do not try to find anyone in it."
        )
    return said
