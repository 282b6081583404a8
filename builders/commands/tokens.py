"""`medsmith tokens`: how many tokens anybody's files, or a release, come to."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import click
from medsmith.builders.commands import options
from medsmith.builders.engine import Engine, EngineKind, make_engine
from medsmith.builders.parquet import settle_process
from medsmith.builders.progress import Reporter
from medsmith.builders.release.manifest import NAME as MANIFEST
from medsmith.builders.release.notes import size
from medsmith.builders.release.tokens import kind_of
from medsmith.builders.release.verify import Release, open_release
from medsmith.builders.stage_dir import write_json
from medsmith.builders.standalone import Fields, Foreign, open_files, result_folder, spread
from medsmith.builders.standalone.results import MADE_BY
from medsmith.builders.tokens.files import (
    SUMMARY,
    TABLE,
    Counting,
    Device,
    count_shard,
    join_tables,
    pick_device,
    summary,
)
from medsmith.builders.tokens.inputs import find_tokenizers
from medsmith.builders.tokens.summary import Kind
from medsmith.builders.unit import TokenizerInput

_SHOWN_SOURCES = 20


@click.command("tokens")
@click.argument("files", nargs=-1, required=True, metavar="FILES...")
@options.tokenizers
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help=f"Folder for {TABLE} (every row's counts) and {SUMMARY} (the summary).",
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where byte-level BPE is counted; the counts are the same.",
)
@options.foreign_fields
@options.workers
@options.engine
@options.as_json
def command(
    files: tuple[str, ...],
    tokenizers: tuple[str, ...],
    out: Path,
    device: Literal["auto", "cpu", "cuda"],
    fields: Fields,
    workers: int,
    engine: EngineKind,
    as_json: bool,
) -> None:
    """Count the tokens of FILES exactly: Parquet, JSON Lines, folders, globs, or one release.

    Rows are Alpaca's (instruction, input, output), chats (messages), or as the options name them.
    Counted are the question (instruction, blank line, input) and the answer, without special
    tokens. Tokenizers are files or folders (tokenizer.json, tokenizer.model, tekken.json, GPT-2's
    vocabulary and merges, SentencePiece, WordPiece), names under $MEDSMITH_TOKENIZERS, or names on
    the Hub; several are counted side by side.

    \b
    medsmith tokens 'data/*.jsonl' --tokenizer ~/models/llama3 --out counts
    medsmith tokens chats.parquet --tokenizer gpt2 --tokenizer ./tokenizer.json --out counts
    medsmith tokens build/pubmedqa --tokenizer gpt2 --out counts
    """
    if not tokenizers:
        raise click.UsageError("Name at least one --tokenizer: a file, a folder or a name.")
    found = find_tokenizers(tokenizers)
    reporter = Reporter()
    chosen, said = pick_device(device)
    if said and device == "auto" and not as_json:
        reporter.say(said)
    # A GPU is one: processes would only fight for it.
    runner = make_engine(1 if chosen == "cuda" else workers, engine)
    started = time.perf_counter()
    settle_process()
    try:
        with result_folder(out, SUMMARY) as folder:
            told = _count(files, fields, found, chosen, folder, out, runner, reporter)
    finally:
        runner.close()
    seconds = time.perf_counter() - started
    if as_json:
        options.print_json({"out": str(out), "device": chosen, "seconds": seconds, **told})
        return
    _print(told)
    rate = told["bytes"] * len(found) / seconds / 1e6
    device_name = {"cpu": "CPU", "cuda": "GPU"}[chosen]
    click.echo(
        f"\n{size(told['bytes'])} of text, {len(found)} tokenizer{'s' if len(found) > 1 else ''}, "
        f"{seconds:,.1f} s ({rate:,.1f} MB/s on the {device_name}): {out / TABLE}, {out / SUMMARY}"
    )


def _count(
    files: tuple[str, ...],
    fields: Fields,
    tokenizers: tuple[TokenizerInput, ...],
    device: Device,
    folder: Path,
    out: Path,
    engine: Engine,
    reporter: Reporter,
) -> dict[str, Any]:
    parts = folder / "parts"
    parts.mkdir()
    with _opened(files, fields, parts / "unpacked", out, engine) as (foreign, kinds):
        tasks = [
            Counting(
                shard,
                kinds.get(shard.path, Kind(shard.name)),
                tokenizers,
                device,
                parts / f"part-{shard.number:05d}.parquet",
            )
            for shard in foreign.shards
        ]
        counted = spread(engine, reporter, "counting tokens", count_shard, tasks, "bytes")
    join_tables([task.out for task in tasks], folder / TABLE)
    parts.rmdir()
    told = summary(tokenizers, counted)
    write_json(folder / SUMMARY, {MADE_BY: "medsmith tokens", **told})
    return told


@contextmanager
def _opened(
    files: tuple[str, ...], fields: Fields, aside: Path, out: Path, engine: Engine
) -> Iterator[tuple[Foreign, dict[Path, Kind]]]:
    """Open the files; for those of a release, also tell their source, task and so on."""
    kinds: dict[Path, Kind] = {}
    named: list[str | Path] = []
    for file in files:
        release = _release(Path(file))
        if release is None:
            named.append(file)
            continue
        for name in release.shards():
            _, source, task, _ = name.split("/")
            path = (release.home / name).absolute()
            kinds[path] = kind_of(release.manifest, source, task)
            named.append(path)
    with open_files(named, fields, aside=aside, besides=out, engine=engine) as foreign:
        yield foreign, kinds


def _release(path: Path) -> Release | None:
    is_one = any((home / MANIFEST).is_file() for home in (path, path / "release"))
    return open_release(path) if is_one else None


_LINES = (("samples", "n"), ("tokens an epoch", "tokens"), ("mean", "mean"), ("median", "p50"))
_MORE = (("90 %", "p90"), ("95 %", "p95"), ("99 %", "p99"), ("longest", "max"))


def _print(told: dict[str, Any]) -> None:
    figures = list(told["figures"].values())
    names = list(told["figures"])
    rows: list[list[object]] = [
        [label, *(found["all"][key] for found in figures)] for label, key in (*_LINES, *_MORE)
    ]
    per_token = [f"{told['bytes'] / max(found['all']['tokens'], 1):.2f}" for found in figures]
    rows.append(["bytes a token", *per_token])
    if any("tokens_in_chat" in found["all"] for found in figures):
        in_chat = [found["all"].get("tokens_in_chat", "-") for found in figures]
        rows.append(["tokens an epoch, as chats", *in_chat])
    for context in told["contexts"]:
        key = str(context)
        wholes = [found["all"] for found in figures]
        longer = [f"{w['longer'][key]:,} ({w['share_longer'][key]:.2%})" for w in wholes]
        rows.append([f"longer than {context:,}", *longer])
    for context in told["contexts"]:
        packed = [found["all"]["packed"][str(context)] for found in figures]
        rows.append([f"sequences of {context:,}", *packed])
    options.print_table("Tokens", ["", *names], rows)
    _print_sources(names, figures)


def _print_sources(names: list[str], figures: list[dict[str, Any]]) -> None:
    sources = figures[0].get("source", {})
    if not 1 < len(sources) <= _SHOWN_SOURCES:
        return
    rows: list[list[object]] = [
        [key, sources[key]["n"], *(found["source"][key]["tokens"] for found in figures)]
        for key in sources
    ]
    options.print_table("\nTokens an epoch by source", ["", "samples", *names], rows)
