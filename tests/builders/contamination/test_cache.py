"""Of the indices kept for later runs, the last used stay; nobody is disturbed by what goes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from medsmith.builders.contamination import cache
from medsmith.dedup.contamination import Item, items_table, load_index, scan

HOUR = 3_600


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    folder = tmp_path / "cache"
    folder.mkdir()
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    folder.mkdir()
    return folder


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the items of every index that is built."""
    found: list[int] = []
    work = cache.build_index
    monkeypatch.setattr(
        cache, "build_index", lambda items: (found.append(len(items)), work(items))[1]
    )
    return found


def items(*names: str) -> pa.Table:
    question = "How many steps lead up to the lighthouse of {} at the end of the long pier?"
    return items_table("exam", [Item(name, question.format(name)) for name in names])


def used(kept: Path, **hours_ago: float) -> None:
    for name, hours in hours_ago.items():
        path = kept / f"{name}.idx"
        path.write_bytes(name.encode())
        os.utime(path, (path.stat().st_mtime - hours * HOUR,) * 2)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_last_used_stay_and_other_files_are_left_alone(kept: Path) -> None:
    used(kept, old=3, older=4, new=1, newer=0)
    (kept / "exam.items.parquet").touch()
    cache.prune(kept, most=2)
    assert names(kept) == {"new.idx", "newer.idx", "exam.items.parquet"}


def test_taking_an_index_counts_as_use(kept: Path, own: Path) -> None:
    used(kept, old=3, new=1)
    assert cache.take(kept / "old.idx", own / "mine.idx")
    cache.prune(kept, most=1)
    assert names(kept) == {"old.idx"}


def test_what_was_taken_outlives_its_removal(kept: Path, own: Path) -> None:
    used(kept, old=3)
    assert cache.take(kept / "old.idx", own / "mine.idx")
    cache.prune(kept, most=0)
    assert names(kept) == set()
    assert (own / "mine.idx").read_bytes() == b"old"


def test_what_is_gone_cannot_be_taken(kept: Path, own: Path) -> None:
    assert not cache.take(kept / "old.idx", own / "mine.idx")
    assert names(own) == set()


def test_without_hard_links_the_index_is_copied(
    kept: Path, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    used(kept, old=3)
    assert cache.take(kept / "old.idx", own / "mine.idx")
    assert (own / "mine.idx").read_bytes() == b"old"
    assert not cache.take(kept / "gone.idx", own / "other.idx")
    assert names(own) == {"mine.idx"}


def test_an_index_is_built_once_and_again_when_it_was_removed(
    kept: Path, own: Path, built: list[int]
) -> None:
    first = cache.cached_index(items("a", "b"), kept, own)
    again = cache.cached_index(items("a", "b"), kept, own)
    assert first == again and built == [2]
    bytes_before = first.path.read_bytes()
    cache.prune(kept, most=0)
    assert cache.cached_index(items("a", "b"), kept, own) == first and built == [2, 2]
    assert first.path.read_bytes() == bytes_before
    assert len(names(kept)) == 1


def test_a_new_index_takes_the_place_of_the_one_unused_longest(
    kept: Path, own: Path, built: list[int]
) -> None:
    used(kept, **{f"old{n}": n for n in range(1, cache.KEPT + 1)})
    index = cache.cached_index(items("a"), kept, own)
    assert built == [1]
    assert names(kept) == {index.path.name, *(f"old{n}.idx" for n in range(1, cache.KEPT))}


def test_an_open_index_stays_readable_when_it_goes(kept: Path) -> None:
    index = cache.open_cached_index(items("lamp"), kept)
    assert len(names(kept)) == 1  # nothing is left aside
    cache.prune(kept, most=0)
    question = items("lamp")["question"].cast(pa.string())
    texts = pa.table({"id": ["1"], "input": question, "output": [""]})
    assert scan(index, texts).rows.tolist() == [0]


def test_another_build_s_removal_between_building_and_searching_is_made_good(
    kept: Path, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name in the cache is gone as soon as it was found."""
    take: Callable[[Path, Path], bool] = cache.take
    cache.cached_index(items("a"), kept, own)

    def removed_first(path: Path, name: Path) -> bool:
        path.unlink()
        return take(path, name)

    monkeypatch.setattr(cache, "take", removed_first)
    assert load_index(cache.cached_index(items("a"), kept, own).path).items == 1
