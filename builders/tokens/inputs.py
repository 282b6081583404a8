"""Tokenizers by the names that a user or a recipe gives, found once and loaded once a process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from medsmith.builders.tokens.load import load_tokenizer
from medsmith.builders.tokens.tokenizer import Tokenizer
from medsmith.builders.unit import TokenizerInput, Unit
from medsmith.manifests.policies import TokenPolicy
from medsmith.schema import UserError


def find_tokenizers(names: Sequence[str]) -> tuple[TokenizerInput, ...]:
    """Return the tokenizers of these files, folders or names, in order, each once.

    Raises `UserError` where one cannot be found or read, or two different ones have one name.
    """
    found: dict[str, TokenizerInput] = {}
    for name in names:
        tokenizer = load_tokenizer(name)
        item = TokenizerInput(tokenizer.name, tokenizer.origin, tokenizer.digest)
        other = found.setdefault(item.name, item)
        if other.digest != item.digest:
            raise UserError(
                f"Two different tokenizers are called {item.name}: {other.location} and "
                f"{item.location}.",
                "Rename the folder of one of them.",
            )
    return tuple(found.values())


def with_tokenizers(unit: Unit, given: Sequence[str] = ()) -> Unit:
    """Return the unit with the tokenizers `given`, or else with those that its recipe names.

    Raises `UserError` as `find_tokenizers` does.
    """
    policy = unit.recipe.tokens
    names = given or (policy.tokenizers if policy else ())
    return counted_with(unit, find_tokenizers(names)) if names else unit


def counted_with(unit: Unit, tokenizers: tuple[TokenizerInput, ...]) -> Unit:
    """Return the unit with these tokenizers; its recipe names them as results do, by no path."""
    policy = TokenPolicy(tokenizers=tuple(item.name for item in tokenizers))
    recipe = unit.recipe.model_copy(update={"tokens": policy})
    return replace(unit, recipe=recipe, tokenizers=tokenizers)


@lru_cache(maxsize=4)
def loaded(item: TokenizerInput) -> Tokenizer:
    """Return the tokenizer, kept in this process with what it has already counted.

    Raises `UserError` where its files are no longer those that were found.
    """
    tokenizer = load_tokenizer(item.location, item.name)
    if tokenizer.digest != item.digest:
        raise UserError(
            f"The files of the tokenizer {item.name} changed meanwhile.", "Run it again."
        )
    return tokenizer
