"""The real benchmarks, where they are present, give the items that their upstreams promise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from medsmith.builders.benchmarks import BenchmarkHome, load_benchmark
from medsmith.manifests import Catalogue

# Items, records that are no item, answers that name no option. What differs from the number of an
# upstream's questions is explained in the manifest's notes.
COUNTS = {
    "aci_bench": (40, 0, 0),
    "agentclinic": (107, 0, 0),
    "bioasq": (486, 0, 0),
    "cmexam": (6607, 0, 0),
    "frenchmedmcqa_test": (622, 0, 0),
    "head_qa_test": (2675, 2675, 0),
    "healthver": (1823, 0, 0),
    "igakuqa_test": (2400, 0, 15),
    "liveqa_test": (897, 211, 0),
    "medcalc_bench": (1047, 0, 0),
    "medec_test": (597, 311, 0),
    "mediqa2019_rqe": (230, 0, 0),
    "mediqa2021": (100, 0, 0),
    "medqa_us_4options": (1273, 0, 0),
    "medquad_liveqa_qrels": (1935, 544, 0),
    "medrect_en": (458, 0, 0),
    "medsss": (2504, 0, 0),
    "medxpertqa": (4427, 0, 0),
    "mirage": (8707, 0, 0),
    "mts_dialog": (200, 0, 0),
    "pubmedqa_test": (500, 5064, 0),
    "rumedbench_test": (256, 0, 0),
}


@pytest.fixture
def real_home(real_raw: Callable[[str], Path]) -> BenchmarkHome:
    raw = real_raw("pubmedqa").parent
    home = BenchmarkHome(raw.parent / "benchmarks", named=True, raw=raw)
    if not home.path.is_dir():
        pytest.skip("no real benchmarks beside the real raw files")
    return home


@pytest.mark.real
@pytest.mark.parametrize("name", COUNTS)
def test_the_count_of_items(name: str, real_home: BenchmarkHome) -> None:
    if not real_home.look(Catalogue.bundled().benchmark(name)).readable:
        pytest.skip(f"no real files of {name}")
    found = load_benchmark(name, real_home)
    ledger = found.ledger
    left = ledger.rejected.total() + ledger.skipped.total()
    assert ledger.adds_up
    assert (ledger.items, left, ledger.unresolved) == COUNTS[name]
    assert found.table.num_rows == ledger.items


@pytest.mark.real
def test_the_answer_key_alone_is_no_benchmark(real_home: BenchmarkHome) -> None:
    if not (real_home.path / "cmb").is_dir():
        pytest.skip("no real files of cmb")
    assert real_home.look(Catalogue.bundled().benchmark("cmb")).word == "incomplete"
