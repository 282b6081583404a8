"""Ray runs the same tasks as the local engines, and says what went wrong in the same words."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from medsmith.builders.digests import file_sha256, raw_sha256
from medsmith.builders.engine import Engine, make_engine
from medsmith.schema import RawFileError, UserError


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    pytest.importorskip("ray")
    engine = make_engine(2, "ray")
    yield engine
    engine.close()


def test_a_missing_ray_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    there = builtins.__import__

    def missing(name: str, *args: Any) -> Any:
        if name == "ray":
            raise ImportError(name)
        return there(name, *args)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(UserError, match=r"medsmith\[ray\]"):
        make_engine(2, "ray")


@pytest.mark.slow
def test_results_keep_the_order_of_the_tasks(engine: Engine) -> None:
    told: list[int] = []
    found = engine.map(abs, [-3, 1, -2], lambda done, rows: told.append(done))
    assert found == [3, 1, 2]
    assert sum(told) == 3


@pytest.mark.slow
def test_errors_are_those_of_the_local_engines(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "here").write_bytes(b"")
    work = partial(raw_sha256, name="the file")
    first, error, last = engine.map(work, [tmp_path / n for n in ("here", "gone", "here")])
    assert first == last == file_sha256(tmp_path / "here")
    assert isinstance(error, RawFileError)
    with pytest.raises(ValueError, match="invalid literal"):
        engine.map(int, ["1", "x"])
