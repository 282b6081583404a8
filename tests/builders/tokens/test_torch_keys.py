"""Keys tell pre-tokens apart by all their bytes, and counts are kept or forgotten, never mixed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from medsmith.builders.tokens.torch_keys import LONGEST, Hashes, Known, distinct

torch = pytest.importorskip("torch")
torch.set_num_threads(1)  # tests run side by side

pieces = st.lists(
    st.one_of(st.binary(min_size=1, max_size=3), st.binary(min_size=1, max_size=LONGEST)),
    min_size=1,
    max_size=30,
)


def keys(parts: list[bytes]) -> tuple[torch.Tensor, torch.Tensor]:
    lengths = np.array([len(part) for part in parts], np.int32)
    starts = (np.cumsum(lengths) - lengths).astype(np.int32)
    data = torch.tensor(np.frombuffer(b"".join(parts), np.uint8))
    return Hashes("cpu").keys(data, torch.tensor(starts), torch.tensor(lengths))


@settings(max_examples=60, deadline=None)
@given(pieces)
@example([b"\x00", b"\x00\x00", b"\x00" * 7, b"\x00"])
@example([b"ab", b"ba", b"ab\x00", b"\xff" * LONGEST, b"\xff" * (LONGEST - 1)])
def test_keys_are_equal_where_the_bytes_are(parts: list[bytes]) -> None:
    for half in keys(parts):
        by_key = {}
        for part, key in zip(parts, half.tolist(), strict=True):
            assert by_key.setdefault(key, part) == part
        assert len(by_key) == len(set(parts))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), max_size=40))
def test_keys_that_share_one_part_are_told_apart_by_the_other(
    rows: list[tuple[int, int]],
) -> None:
    first, second = torch.tensor(rows, dtype=torch.int64).reshape(-1, 2).T
    found = distinct(first, second)
    chosen = [rows[index] for index in found.chosen.tolist()]
    assert sorted(chosen) == sorted(set(rows))
    assert [chosen[group] for group in found.group.tolist()] == rows


def test_what_is_known_is_what_was_put_or_nothing() -> None:
    known = Known("cpu")
    chance = torch.Generator().manual_seed(1)
    first, second = torch.randint(-(2**63), 2**63 - 1, (2, 400_000), generator=chance)
    counts = torch.arange(1, 400_001, dtype=torch.int32)
    assert not known.get(first, second).any()
    known.put(first, second, counts)
    found = known.get(first, second)
    assert torch.equal(found[found != 0], counts[found != 0])
    assert 0.7 < (found != 0).float().mean() < 1  # some share a slot, of which one is kept
    assert not known.get(first, second + 1).any()
    known.put(first[:9], second[:9], counts[:9] + 5)
    assert torch.equal(known.get(first[:9], second[:9]), counts[:9] + 5)
