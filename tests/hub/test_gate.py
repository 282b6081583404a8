"""What may not leave this machine is refused before the first request."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_hub import Hub
from medsmith.builders.engine import InlineEngine
from medsmith.builders.hub import publish
from medsmith.builders.pipeline import build
from medsmith.builders.progress import Reporter
from medsmith.builders.resolve import RawHome, source_input, source_unit
from medsmith.schema import AccessTier, UserError

REPO = "nobody/toys"


@pytest.fixture
def refused(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], str]]:
    monkeypatch.setenv("HF_ENDPOINT", hub.url)

    def attempt(release: Path) -> str:
        with pytest.raises(UserError) as error:
            publish.prepare(release, REPO)
        return str(error.value)

    yield attempt
    assert not hub.requests and not hub.repos


@pytest.mark.parametrize("key", ["mimic_summarization", "pubmedqa"])
def test_synthetic_samples_stay_here(
    key: str, tmp_path: Path, refused: Callable[[Path], str]
) -> None:
    source = source_input(key, RawHome.find(tmp_path), sample=True)
    unit = source_unit(source, tmp_path / "build", per_instance=1, seed=0)
    build([unit], InlineEngine(), Reporter(enabled=False))
    said = refused(unit.stage("release"))
    assert key in said and "synthetic" in said
    assert ("credentialed" in said) == (key == "mimic_summarization")


@pytest.mark.parametrize(
    "tier", [AccessTier.CREDENTIALED, AccessTier.LICENSED, AccessTier.REGISTRATION]
)
def test_restricted_sources_stay_here(
    tier: AccessTier, make_release: Callable[..., Path], refused: Callable[[Path], str]
) -> None:
    said = refused(make_release({"kept": {"tier": tier}}, access=(AccessTier.OPEN, tier)))
    assert "kept" in said and tier in said


def test_a_mix_of_conflicting_licences_stays_here(
    make_release: Callable[..., Path], refused: Callable[[Path], str]
) -> None:
    said = refused(
        make_release({"shared": {"licence": "CC-BY-SA-4.0"}, "closed": {"licence": "CC-BY-ND-4.0"}})
    )
    assert "closed" in said


def test_a_damaged_release_stays_here(
    releases: dict[str, Path], tmp_path: Path, refused: Callable[[Path], str]
) -> None:
    damaged = Path(shutil.copytree(releases["old"], tmp_path / "damaged"))
    (damaged / "LICENSES.md").write_text("None.")
    assert "LICENSES.md" in refused(damaged)
