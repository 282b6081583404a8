from __future__ import annotations

from pathlib import Path

import pytest
from medsmith.builders.benchmarks import BenchmarkHome


@pytest.fixture
def home(tmp_path: Path) -> BenchmarkHome:
    """A benchmarks folder and a raw folder, both empty."""
    for name in ("benchmarks", "raw"):
        (tmp_path / name).mkdir()
    return BenchmarkHome(tmp_path / "benchmarks", named=True, raw=tmp_path / "raw")
