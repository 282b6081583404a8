"""A build stops before near-duplicates empty a source or a task."""

from __future__ import annotations

import pytest
from medsmith.dedup.near.guard import Tally, stop_wipe_out
from medsmith.schema import DataError


def test_what_is_within_its_limit_goes_on() -> None:
    stop_wipe_out([Tally("source", "s", 30, 100, 0.3), Tally("task", "t", 0, 0, 0.3)])


def test_beyond_it_the_message_names_what_where_and_what_to_do() -> None:
    tallies = [
        Tally("source", "s", 31, 100, 0.3),
        Tally("task", "t", 60, 100, 0.5, (("s-1", 40), ("s-2", 20))),
        Tally("task", "fine", 1, 100, 0.5),
    ]
    with pytest.raises(DataError) as stopped:
        stop_wipe_out(tallies)
    message = stopped.value.message
    assert message.index("60% of task t (60 of 100") < message.index("31% of source s")
    assert "s-1 (40), s-2 (20)" in message
    assert "fine" not in message
    assert "max_removed" in stopped.value.cure
