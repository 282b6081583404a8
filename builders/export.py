"""Writes a release in a trainer's format: streaming, atomic, the same bytes every time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from medsmith.builders.formats import ROW_FORMATS, sni
from medsmith.builders.formats.exchange import ALWAYS, METADATA, SYNTHETIC
from medsmith.builders.parquet import readable, settle_process
from medsmith.builders.release.licences import licences_page
from medsmith.builders.release.verify import Release
from medsmith.builders.stage_dir import stage_directory, write_json
from medsmith.schema import AccessTier, DataError, Split, UserError

README = "README.md"
_MARK = "<!-- written by medsmith export -->"
_WARNING = "DO NOT PASS THIS EXPORT ON."
_BATCH_ROWS = 1_000
_SNI_ROW = ("id", "input", "output", "references")
_SNI_METADATA = ("group", "metadata")


@dataclass(frozen=True)
class Shard:
    """One data file of a release."""

    path: Path
    rows: int
    source: str
    task: str
    split: str
    synthetic: bool


@dataclass
class Export:
    """What an export came to: samples (or, for `sni`, instances) by file, and who may have it."""

    format: str
    files: dict[str, int] = field(default_factory=dict)
    withheld: dict[str, str] = field(default_factory=dict)  # source: why it must stay here

    @property
    def rows(self) -> int:
        """How many records were written."""
        return sum(self.files.values())


def shards_of(release: Release, splits: Sequence[str], sources: Sequence[str]) -> list[Shard]:
    """Return the data files of the given splits and sources, in order; all where none is given.

    Raises `UserError` for a source that the release has not, or where nothing is left.
    """
    there = release.manifest["sources"]
    for name in sources:
        if name not in there:
            raise UserError(
                f"{release.home} has no source called `{name}`.", f"It has {', '.join(there)}."
            )
    found = []
    for name in release.shards():
        _, source, task, base = name.split("/")
        split = base.split("-")[0]
        if (not splits or split in splits) and (not sources or source in sources):
            rows = release.manifest["files"][name]["rows"]
            synthetic = bool(there[source]["synthetic"])
            found.append(Shard(release.home / name, rows, source, task, split, synthetic))
    if not found:
        raise UserError(
            f"Nothing in {release.home} is of these splits and sources.",
            "`medsmith verify` and the card say what is there.",
        )
    return found


def withheld(release: Release, sources: Iterable[str]) -> dict[str, str]:
    """Return why the given sources of a release must not be passed on, where they must not."""
    found = {}
    for name in sorted(set(sources)):
        about = release.manifest["sources"][name]
        tier = AccessTier(about["access"]["tier"])
        if about["synthetic"]:
            found[name] = "synthetic: invented records, good for trying things only"
        elif not tier.text_may_leave:
            found[name] = f"access {tier}, licence {about['license']}"
    return found


def export(
    release: Release,
    format: str,
    out: Path,
    *,
    splits: Sequence[str] = (),
    sources: Sequence[str] = (),
    with_metadata: bool = False,
    system: bool = False,
) -> Export:
    """Write the release into the folder `out`, which must be new, empty or an earlier export.

    Raises `UserError` where something else stands in `out`, `DataError` where a shard is damaged.
    """
    _check_free(out)
    settle_process()
    shards = shards_of(release, splits, sources)
    done = Export(format, withheld=withheld(release, (shard.source for shard in shards)))
    with stage_directory(out.absolute()) as home:
        if format == "sni":
            _write_tasks(release, shards, home, done, _SNI_METADATA if with_metadata else ())
        else:
            columns = (*ALWAYS, *METADATA) if with_metadata else ALWAYS
            _write_rows(release, shards, home, done, columns, system)
        names = {shard.source for shard in shards}
        kept = {n: about for n, about in release.manifest["sources"].items() if n in names}
        (home / "LICENSES.md").write_text(
            licences_page({**release.manifest, "sources": kept}), "utf-8"
        )
        (home / README).write_text(_readme(release, done), "utf-8")
    return done


def _check_free(out: Path) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise UserError(f"{out} is a file.", "Name a folder.")
    readme = out / README
    ours = readme.is_file() and readme.read_text("utf-8", "replace").startswith(_MARK)
    if any(out.iterdir()) and not ours:
        raise UserError(
            f"{out} is not empty, and is no earlier export.", "Name a new folder with --out."
        )


def _write_rows(
    release: Release,
    shards: list[Shard],
    home: Path,
    done: Export,
    columns: Sequence[str],
    system: bool,
) -> None:
    form = ROW_FORMATS[done.format]
    info = {}
    for split in Split:
        mine = [shard for shard in shards if shard.split == split]
        if mine:
            name = f"{split}.jsonl"
            lines = form.encode(_batches(mine), (*columns, SYNTHETIC), system=system)
            _write(home / name, lines)
            done.files[name] = sum(shard.rows for shard in mine)
            info[f"{release.manifest['name']}_{split}"] = form.llama_factory(name)
    write_json(home / "dataset_info.json", info)


def _write_tasks(
    release: Release, shards: list[Shard], home: Path, done: Export, columns: Sequence[str]
) -> None:
    groups: dict[tuple[str, str, str], list[Shard]] = {}
    for shard in shards:
        groups.setdefault((shard.split, shard.source, shard.task), []).append(shard)
    for (split, source, task), mine in sorted(groups.items()):
        about = release.manifest["sources"][source]
        definitions, language = _instructions(mine)
        details = {**about["tasks"][task], "instruction_language": language}
        header = sni.header(task, {**about, "key": source}, details, split, definitions)
        name = f"{split}/{task}.json"
        if name in done.files:  # two sources with a task of the same name
            name = f"{split}/{source}.{task}.json"
        (home / split).mkdir(exist_ok=True)
        counted = _Counted(_batches(mine, [*_SNI_ROW, *columns]))
        _write(home / name, sni.encode(counted, header, columns))
        done.files[name] = counted.instances


class _Counted:
    """Batches that count the instances of the samples that go through."""

    def __init__(self, batches: Iterable[pa.RecordBatch]) -> None:
        self._batches = batches
        self.instances = 0

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        last = None
        for batch in self._batches:
            for id in batch.column("id").to_pylist():
                self.instances += id != last
                last = id
            yield batch


def _instructions(shards: list[Shard]) -> tuple[list[str], str]:
    """Return the distinct instructions of a task, sorted, and the language of most of them."""
    found: dict[str, str] = {}
    for batch in _batches(shards, ["instruction", "instruction_language"]):
        distinct = pa.table(batch).group_by(batch.schema.names).aggregate([])
        for row in distinct.to_pylist():
            found[row["instruction"]] = row["instruction_language"]
    languages = sorted(found.values())
    return sorted(found), max(languages, key=languages.count)


def _batches(shards: list[Shard], columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Yield the rows of shards; those of invented records with a column that says so."""
    for shard in shards:
        rows = 0
        with readable(shard.path):
            file = pq.ParquetFile(shard.path)
            for batch in file.iter_batches(_BATCH_ROWS, columns=columns, use_threads=False):
                rows += len(batch)
                if shard.synthetic:
                    mark = pa.array([True] * len(batch))
                    batch = batch.append_column(SYNTHETIC, mark)  # noqa: PLW2901
                yield batch
        if rows != shard.rows:
            raise DataError(
                f"{shard.path} has {rows:,} rows, not the {shard.rows:,} of the manifest.",
                "`medsmith verify` shows what is wrong; get the release again.",
            )


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    with path.open("wb") as stream:
        for piece in pieces:
            stream.write(piece)


def note(withheld: dict[str, str]) -> str:
    """Return the warning over sources that must not be passed on ("" where there are none)."""
    if not withheld:
        return ""
    told = "\n".join(f"  {name}: {why}" for name, why in withheld.items())
    return (
        f"{_WARNING} It is for use on this machine by whoever holds the licences; "
        f"do not publish, upload or send it:\n{told}"
    )


def must_stay(folder: Path) -> bool:
    """Tell whether `folder` is an export that must not be passed on."""
    try:
        text = (folder / README).read_text("utf-8", "replace")
    except OSError:
        return False
    return text.startswith(_MARK) and f"\n**{_WARNING}" in text


def _readme(release: Release, done: Export) -> str:
    manifest = release.manifest
    counted = "instances" if done.format == "sni" else "samples"
    lines = [_MARK, f"# {manifest['title']}: {done.format}", ""]
    if done.withheld:
        warning, *told = note(done.withheld).split("\n")
        lines += [f"**{warning}**", "", *(f"- {line.strip()}" for line in told), ""]
    lines += [
        f"Release `{manifest['name']}` {manifest['version']}, build key "
        f"`{manifest['build_key']}`. Licences stand in `LICENSES.md`, and beside every row.",
        "",
        f"| file | {counted} |",
        "| --- | --- |",
        *(f"| `{name}` | {rows:,} |" for name, rows in done.files.items()),
        "",
        *_HOW_TO_LOAD[done.format](next(iter(done.files))),
    ]
    return "\n".join(lines) + "\n"


def _code(*lines: str) -> list[str]:
    return ["```python", "from datasets import load_dataset", *lines, "```"]


def _rows(file: str) -> list[str]:
    return [
        *_code(f'load_dataset("json", data_files={json.dumps(file)})'),
        "",
        "For LLaMA-Factory, give this folder as `dataset_dir`: `dataset_info.json` describes it.",
    ]


_HOW_TO_LOAD: dict[str, Callable[[str], list[str]]] = {
    **dict.fromkeys(ROW_FORMATS, _rows),
    "sni": lambda file: _code(
        f'load_dataset("json", data_files={json.dumps(file)}, field="Instances")'
    ),
}
