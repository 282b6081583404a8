"""The benchmark of the kernels runs, and tells a speed for each kernel and script."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
SCRIPT = Path(__file__).parents[2] / "benchmarks" / "kernels.py"


def test_kernels_are_measured_in_three_scripts() -> None:
    # A user's shell: nothing of the test-suite's own paths.
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONSAFEPATH")}
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--megabytes", "1", "--pairs", "1000"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split(",")[0] for line in lines[:3]] == ["latin", "cyrillic", "han"]
    assert all(
        kernel in line for line in lines[:3] for kernel in ("tokenise", "sketch", "shingle_sets")
    )
    assert lines[3].startswith("pairs of sets")
