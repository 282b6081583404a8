"""What token counts come to: exact figures of any number of samples, from a table of lengths.

Lengths are small integers, so a table of how many samples have which length holds all that means,
quantiles, shares and packings need; it is small however many samples there are.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

# Context lengths that trainers cut samples to or pack them into, in tokens.
CONTEXTS = (2_048, 4_096, 8_192, 32_768)
PERCENTILES = (50, 90, 95, 99)
PARTS = ("instruction", "input", "output")
Int64s = np.ndarray[Any, np.dtype[np.int64]]


class Kind(NamedTuple):
    """What samples are told apart by; "" where it is not known."""

    source: str
    task: str = ""
    category: str = ""
    language: str = ""


@dataclass
class Lengths:
    """How many samples have which length in tokens, and the tokens of each part of them all."""

    samples: Counter[int] = field(default_factory=Counter)
    parts: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, instruction: Int64s, input: Int64s, output: Int64s) -> Lengths:
        """Return the lengths of samples whose parts have these counts."""
        values, counts = np.unique(instruction + input + output, return_counts=True)
        samples = Counter(dict(zip(values.tolist(), counts.tolist(), strict=True)))
        sums = [int(part.sum()) for part in (instruction, input, output)]
        return cls(samples, Counter(dict(zip(PARTS, sums, strict=True))))

    def add(self, other: Lengths) -> None:
        """Take in further samples."""
        self.samples.update(other.samples)
        self.parts.update(other.parts)


def summarise(
    found: Iterable[tuple[Kind, Lengths]], chat_constant: int | None = None
) -> dict[str, Any]:
    """Return the figures of all samples and of those of each source, task, category and language.

    `chat_constant`: tokens that a chat template adds to every sample, where that is known.
    """
    axes: dict[str, dict[str, Lengths]] = {"all": {"": Lengths()}}
    for kind, lengths in found:
        axes["all"][""].add(lengths)
        for axis, value in zip(Kind._fields, kind, strict=True):
            if value:
                axes.setdefault(axis, {}).setdefault(value, Lengths()).add(lengths)
    whole = axes.pop("all")[""]
    told = {
        axis: {key: figures(axes[axis][key], chat_constant) for key in sorted(axes[axis])}
        for axis in Kind._fields
        if axis in axes
    }
    return {"all": figures(whole, chat_constant), **told}


def figures(lengths: Lengths, chat_constant: int | None = None) -> dict[str, Any]:
    """Return what a manifest and a card tell of some samples; lengths are in tokens.

    `mean` is to a tenth, `p50` … `p99` are the smallest lengths that this share of the samples
    does not exceed, `octaves` counts those of at least 2^i and below 2^(i+1) tokens, `tokens` are
    those of one epoch. By context length: `longer` and `share_longer`, the samples that do not fit;
    `packed`, the sequences that hold the samples unsplit (see `packed_sequences`); `concatenated`,
    those of one stream of all tokens, cut wherever one is full.
    """
    ordered = sorted(lengths.samples.items())
    n = lengths.samples.total()
    tokens = sum(length * count for length, count in ordered)
    longer = {size: sum(count for length, count in ordered if length > size) for size in CONTEXTS}
    told: dict[str, Any] = {
        "n": n,
        "mean": round(tokens / n, 1) if n else 0.0,
        **{f"p{p}": _percentile(ordered, n, p) for p in PERCENTILES},
        "max": ordered[-1][0] if ordered else 0,
        "tokens": tokens,
        "tokens_by_part": {part: lengths.parts[part] for part in PARTS},
        "octaves": _octaves(ordered),
        "longer": {str(size): count for size, count in longer.items()},
        "share_longer": {
            str(size): round(count / n, 6) if n else 0.0 for size, count in longer.items()
        },
        "packed": {str(size): packed_sequences(lengths.samples, size) for size in CONTEXTS},
        "concatenated": {str(size): -(-tokens // size) for size in CONTEXTS},
    }
    if chat_constant is not None:
        told["tokens_in_chat"] = tokens + chat_constant * n
    return told


def _percentile(ordered: list[tuple[int, int]], n: int, percent: int) -> int:
    # Whole numbers, so that no rounding moves it: -(-a // b) is a / b, rounded up.
    wanted = -(-n * percent // 100)
    upto = 0
    for length, count in ordered:
        upto += count
        if upto >= wanted:
            return length
    return 0


def _octaves(ordered: list[tuple[int, int]]) -> list[int]:
    octaves = [0] * (max(ordered[-1][0].bit_length(), 1) if ordered else 0)
    for length, count in ordered:
        octaves[max(length.bit_length() - 1, 0)] += count
    return octaves


def packed_sequences(samples: Mapping[int, int], size: int) -> int:
    """Return how many sequences of `size` tokens hold all samples, none of them split.

    Best-fit decreasing (Johnson, "Near-optimal bin packing algorithms", 1973): the longest first,
    each into the fullest sequence that still has room; what is longer than `size` is cut to it.
    """
    cut: Counter[int] = Counter()
    for length, count in samples.items():
        cut[min(length, size)] += count
    room: Counter[int] = Counter()  # sequences by the room left in them
    rooms: list[int] = []  # the keys of `room`, in order
    opened = 0
    for length in sorted((value for value in cut if value > 0), reverse=True):
        left = cut[length]
        while left:
            place = bisect_left(rooms, length)
            if place == len(rooms):
                opened += _leave(room, rooms, size, length, left, -(-left // (size // length)))
                break
            free = rooms[place]
            used = min(room[free], -(-left // (free // length)))
            room[free] -= used
            if not room[free]:
                rooms.pop(place)
            taken = min(left, used * (free // length))
            _leave(room, rooms, free, length, taken, used)
            left -= taken
    return opened


def _leave(
    room: Counter[int], rooms: list[int], free: int, length: int, count: int, used: int
) -> int:
    """Put `count` samples into `used` sequences with `free` room, and note what is left in each.

    All are filled but the last one, which takes the rest.
    """
    each = free // length
    last = count - (used - 1) * each
    for left, sequences in ((free - each * length, used - 1), (free - last * length, 1)):
        if left and sequences:
            if left not in room or not room[left]:
                insort(rooms, left)
            room[left] += sequences
    return used
