"""Release notes in Markdown: what a user of the last release should know of the next one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from medsmith.builders.release.diff import ReleaseDiff, compare
from medsmith.builders.release.verify import open_release

_SHOWN_RAW_DIGITS = 12


def release_notes(old: Path | None, new: Path) -> str:
    """Return Markdown notes of the release in `new` against the one in `old` (None: the first).

    Holds counts, reasons and names, never text of the data.
    Raises `UserError` where a folder holds no release.
    """
    if old is None:
        return _first(open_release(new).manifest)
    return render_notes(compare(old, new, estimate=False))


def _first(manifest: dict[str, Any]) -> str:
    totals = manifest["totals"]
    withheld = manifest.get("withheld", {})
    lines = [
        f"# {manifest['title']} {manifest['version']}",
        "",
        f"First release: {totals['samples']:,} samples of {totals['released_instances']:,} "
        f"instances from {', '.join(f'`{key}`' for key in manifest['sources'])}.",
    ]
    if withheld:
        names = ", ".join(f"`{key}`" for key in withheld)
        lines += ["", f"Withheld, for licence holders to rebuild: {names}."]
    return "\n".join(lines) + "\n"


def render_notes(diff: ReleaseDiff) -> str:
    """Return a comparison of two releases as Markdown."""
    blocks = [
        f"# {diff.new['name']} {diff.new['version']}",
        f"Changes since {diff.old['name']} {diff.old['version']}: "
        f"{_delta(diff, 'samples')} samples, {_delta(diff, 'released_instances')} instances. "
        f"Files: {len(diff.files['new']):,} new ({size(diff.files['upload_bytes'])}), "
        f"{len(diff.files['gone']):,} gone, {diff.files['same']['files']:,} the same.",
        *_sources(diff),
        *_rows(diff),
    ]
    return "\n\n".join(blocks) + "\n"


def _delta(diff: ReleaseDiff, name: str) -> str:
    old, new = diff.old["totals"][name], diff.new["totals"][name]
    return f"{new:,} ({new - old:+,})"


def _sources(diff: ReleaseDiff) -> list[str]:
    lines = [f"- {line}" for line in source_lines(diff)]
    return ["## Sources", "\n".join(lines)] if lines else []


def source_lines(diff: ReleaseDiff) -> list[str]:
    """Return one sentence for each source that came, went, or has other terms or raw files."""
    lines = []
    for key, about in diff.sources.items():
        if about["old"] != about["new"]:
            lines.append(f"`{key}`: {about['old']} before, now {about['new']}")
        for name, (old, new) in about["changes"].items():
            lines.append(f"`{key}`: {name} {_short(name, old)} → {_short(name, new)}")
        before, now = about["tokens"]
        if before is not None and now is not None and before != now:
            lines.append(f"`{key}`: tokens {before:,} → {now:,} ({now - before:+,})")
    return [*lines, *_method_lines(diff)]


def _method_lines(diff: ReleaseDiff) -> list[str]:
    """Return one sentence for each thing that is counted or looked for in another way."""
    lines = []
    counted = diff.old["tokenizer"], diff.new["tokenizer"]
    if counted[0] != counted[1]:
        old, new = (name or "nothing" for name in counted)
        lines.append(f"tokens are counted with {new}, before with {old}")
    thresholds = diff.old["near_threshold"], diff.new["near_threshold"]
    if thresholds[0] != thresholds[1]:
        old, new = (f"from {t} on" if t is not None else "not sought" for t in thresholds)
        lines.append(f"near-duplicates: {new}, before {old}")
    before, now = (set(about["benchmarks"]) for about in (diff.old, diff.new))
    for words, names in (
        ("looked for as well", now - before),
        ("no longer looked for", before - now),
    ):
        if names:
            listed = ", ".join(f"`{name}`" for name in sorted(names))
            lines.append(f"benchmarks {words}: {listed}")
    return lines


def _short(name: str, value: Any) -> str:
    if value is None:
        return "absent"
    return str(value)[:_SHOWN_RAW_DIGITS] if name.startswith("raw file") else str(value)


def _rows(diff: ReleaseDiff) -> list[str]:
    touched = [part for part in diff.splits if part.touched]
    if not touched:
        return ["No sample was added, removed or changed."]
    header = "| source | task | split | added | removed | changed | unchanged |\n"
    header += "| --- | --- | --- | ---: | ---: | ---: | ---: |"
    lines = [header]
    for part in touched:
        changed = part.changed_text + part.changed_instruction
        counts = (sum(part.added.values()), sum(part.removed.values()), changed, part.unchanged)
        cells = " | ".join(f"{count:,}" for count in counts)
        lines.append(f"| `{part.source}` | `{part.task}` | {part.split} | {cells} |")
    reasons = [f"- {line}" for line in reason_lines(diff)]
    return ["## Instances", "\n".join(lines), *(["\n".join(reasons)] if reasons else [])]


def reason_lines(diff: ReleaseDiff) -> list[str]:
    """Return one line for each reason for which instances of a split came, went or changed."""
    lines = []
    for part in diff.splits:
        where = f"`{part.task}` {part.split}"
        lines += [f"{where}: {n:,} added ({why})" for why, n in part.added.items()]
        lines += [f"{where}: {n:,} removed ({why})" for why, n in part.removed.items()]
        if part.changed_text:
            lines.append(f"{where}: {part.changed_text:,} with another text")
        if part.changed_instruction:
            lines.append(f"{where}: {part.changed_instruction:,} with other instructions")
        if part.old_tokens != part.new_tokens:
            old, new = (f"{n:,}" if n is not None else "uncounted" for n in _tokens(part))
            lines.append(f"{where}: tokens {old} → {new}")
    return lines


def _tokens(part: Any) -> tuple[int | None, int | None]:
    return part.old_tokens, part.new_tokens


def size(count: int) -> str:
    """Return a number of bytes as people read it."""
    value = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{count:,} bytes" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"
