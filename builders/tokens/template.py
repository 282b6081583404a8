"""How a sample stands before a model, and what all of it costs in tokens.

A sample is two messages: the question, which is its instruction, a blank line and its input (as
the chat formats of `medsmith export` have it), and the answer, which is its output. Each is counted
without special tokens; special tokens set them apart in every chat template, so none joins both.

The question's count is the sum of two: what the input counts alone, and what the instruction with
the blank line counts before some other word. That the sum is exact follows from a known pattern of
pre-tokens (`patterns`). All of them look at most one character ahead, and only to tell white space
from the rest. None has a pre-token that goes on from a line end to what is no white space, but for
`/` in some. So before an input that begins with neither, a pre-token ends with the blank line,
those before it are the same for every such input, and those after it are the input's own.
Where this is not known, of a tokenizer or of an input, the whole question is counted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from medsmith.builders.formats.exchange import SEPARATOR
from medsmith.builders.tokens.patterns import Family
from medsmith.builders.tokens.summary import Int64s
from medsmith.builders.tokens.tokenizer import Tokenizer
from medsmith.schema import DataError

RENDERING = "instruction, blank line, input; output apart; without special tokens"
_PROBE = "x"
# White space by any of the engines' reckoning, and control characters: more than need be.
_SPACE = r"[\s\x{0B}\x{180E}\x{200B}\x{FEFF}\p{Z}\p{Cc}]"
_CHECKED_ONE_IN = 1_024


def questions(instructions: pa.Array, inputs: pa.Array) -> pa.Array:
    """Return the text of each question; where one of both is empty, it is the other."""
    joined = pc.binary_join_element_wise(instructions, inputs, SEPARATOR)
    alone = pc.or_(pc.equal(instructions, ""), pc.equal(inputs, ""))
    return pc.if_else(alone, pc.binary_join_element_wise(instructions, inputs, ""), joined)


def adds_up(tokenizer: Tokenizer) -> bool:
    """Tell whether a question's count is known to be the sum of its parts'."""
    crossing = any("\n" in token for token in _added_tokens(tokenizer))
    return tokenizer.family is not Family.OTHER and not crossing


def _added_tokens(tokenizer: Tokenizer) -> tuple[str, ...]:
    return tokenizer.bpe.added if tokenizer.bpe else ()


def begins_anew(inputs: pa.Array, tokenizer: Tokenizer) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Tell for each input whether its tokens after a blank line are surely those it has alone."""
    if not adds_up(tokenizer):
        return np.zeros(len(inputs), np.bool_)
    # An added token may swallow the line ends before it.
    starts = [_SPACE, "/", r"\z", *map(re.escape, _added_tokens(tokenizer))]
    anew = pc.invert(pc.match_substring_regex(inputs, rf"\A(?:{'|'.join(starts)})"))
    found: np.ndarray[Any, np.dtype[np.bool_]] = anew.to_numpy(zero_copy_only=False)
    return found


def count_instructions(texts: Sequence[str], tokenizer: Tokenizer) -> Int64s:
    """Return what each instruction with its blank line counts before an input."""
    probe = [_PROBE, *(f"{text}{SEPARATOR}{_PROBE}" for text in texts)]
    counts: Int64s = tokenizer.count(pa.array(probe, pa.string()))
    known: Int64s = counts[1:] - counts[0]
    return known


def add_instructions(
    samples: pa.Table, before: Int64s, alone: Int64s, tokenizer: Tokenizer
) -> Int64s:
    """Return for each sample the tokens by which its question exceeds its input's.

    Parameters
    ----------
    samples:
        Columns `id`, `instruction`, `input`.
    before, alone:
        For each sample what `count_instructions` says of its instruction, and the input's count.

    So the sum over instruction and input is the question's count, always. One question in 1,024 is
    counted whole by the tokenizer's own library: raises `DataError` with the id where it differs.
    """
    instructions = samples["instruction"].combine_chunks()
    inputs = samples["input"].combine_chunks()
    found = np.where(pc.equal(instructions, "").to_numpy(zero_copy_only=False), 0, before)
    whole = np.flatnonzero(~begins_anew(inputs, tokenizer))
    if len(whole):
        rows = pa.array(whole)
        asked = questions(instructions.take(rows), inputs.take(rows))
        found[whole] = tokenizer.count(asked) - alone[whole]
    _cross_check(samples, found + alone, tokenizer)
    return found


def _cross_check(samples: pa.Table, counts: Int64s, tokenizer: Tokenizer) -> None:
    rows = pa.array(np.arange(0, len(samples), _CHECKED_ONE_IN))
    some = samples.select(["id", "instruction", "input"]).take(rows).combine_chunks()
    asked = questions(*(some[name].combine_chunks() for name in ("instruction", "input")))
    told = tokenizer.reference_count(asked.to_pylist())
    for row, id, count in zip(rows.to_pylist(), some["id"].to_pylist(), told, strict=True):
        if counts[row] != count:
            raise DataError(
                f"{tokenizer.name}: the question of {id} was counted as {counts[row]:,} tokens, "
                f"but its library finds {count:,}.",
                "This is a fault of Medsmith: please report it, with the tokenizer's name.",
            )


# Ends that a template's own text could merge with: if it costs the same around all, it costs that.
_PROBES = ("x", "7", ".", "x.", "é", "中", "я.", "(x)", "«x»", "/x/", "'s", "x:\n- y")


def chat_cost(tokenizer: Tokenizer) -> int | None:
    """Return what the chat template adds to the tokens of a question and its answer.

    None where there is no template, or what it adds is not the same around all probes.
    """
    known = tokenizer.template_cost(("user", "assistant"))
    if known is not None or tokenizer.chat is None:
        return known
    costs = set()
    for probe in _PROBES:
        said = [{"role": role, "content": probe} for role in ("user", "assistant")]
        whole = tokenizer.chat_count(said) or 0
        costs.add(whole - 2 * tokenizer.reference_count([probe])[0])
    return costs.pop() if len(costs) == 1 else None


def describe(tokenizer: Tokenizer) -> dict[str, Any]:
    """Return what a summary tells of a tokenizer."""
    return {
        "name": tokenizer.name,
        "sha256": tokenizer.digest,
        "family": tokenizer.family.value,
        "reference": tokenizer.reference.library,
        "parts_add_up": adds_up(tokenizer),
        "chat_template_adds": chat_cost(tokenizer),
    }
