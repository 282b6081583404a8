"""What the documentation names exists, and what follows from the code is up to date."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import click
import pyarrow as pa
import pytest
from medsmith.builders.cli import COMMANDS, main
from medsmith.manifests.policies import ContaminationPolicy, NearDuplicatePolicy, TokenPolicy
from medsmith.schema import ContaminationKind, arrow
from pydantic import BaseModel

Blocks = Callable[[Path, str], list[str]]

_LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")
_ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| .* \|$", re.MULTILINE)


def generator(root: Path) -> Any:
    spec = spec_from_file_location("docs_generate", root / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_parts_are_what_make_docs_would_write(root: Path) -> None:
    generate = generator(root)
    stale = [
        page.name
        for page in generate.PAGES
        if generate.updated(page.read_text("utf-8")) != page.read_text("utf-8")
    ]
    assert stale == [], "run `make docs`"


def test_readme_lists_every_command(root: Path) -> None:
    text = (root / "README.md").read_text("utf-8")
    listed = re.findall(r"^\| `medsmith ([\w-]+)` \|", text, re.MULTILINE)
    assert listed == list(COMMANDS)


def test_links_lead_somewhere(page: Path) -> None:
    links = _LINK.findall(page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_shell_examples_name_commands_and_options_that_exist(page: Path, blocks: Blocks) -> None:
    lines = "\n".join(blocks(page, "sh")).splitlines()
    words = [shlex.split(line, comments=True) for line in lines]
    for name, *rest in (parts[1:] for parts in words if parts[:1] == ["medsmith"]):
        command = main.get_command(click.Context(main), name)
        assert command is not None, name
        known = {option for param in command.params for option in param.opts}
        assert {word for word in rest if word.startswith("--")} <= known, (name, rest)


def test_make_targets_in_the_examples_exist(root: Path, page: Path, blocks: Blocks) -> None:
    makefile = (root / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    lines = [line.split("#")[0] for line in "\n".join(blocks(page, "sh")).splitlines()]
    named = {
        word
        for line in lines
        if line.startswith("make ")
        for word in line.split()[1:]
        if "=" not in word
    }
    assert named <= targets


def kind(field: pa.Field) -> str:
    """Return how the tables of docs/releases.md put a column's type."""
    if pa.types.is_list(field.type):
        return f"list of {field.type.value_type}"
    if pa.types.is_struct(field.type):
        return "struct of " + ", ".join(part.name for part in field.type) + "; may be null"
    return f"{field.type}, may be null" if field.nullable else str(field.type)


@pytest.mark.parametrize(
    ("heading", "schema"),
    [
        ("data/", arrow.SAMPLE),
        ("evidence/rejects", arrow.REJECTS.remove(arrow.REJECTS.get_field_index("raw"))),
        ("evidence/removals", arrow.REMOVALS),
        ("evidence/duplicates", arrow.DUPLICATES),
        ("evidence/contamination.", arrow.CONTAMINATION),
        ("evidence/contamination_self_test", arrow.CONTAMINATION_SELF_TEST),
        ("evidence/cross_split", arrow.CROSS_SPLIT),
        ("evidence/conflicts", arrow.CONFLICTS),
        ("evidence/tokens", arrow.TOKENS),
        ("evidence/withheld_ids", arrow.WITHHELD),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_release_reference_has_every_column_and_its_type(
    root: Path, heading: str, schema: pa.Schema
) -> None:
    text = (root / "docs" / "releases.md").read_text("utf-8")
    _, _, rest = text.partition(f"\n### `{heading}")
    section = re.split(r"\n##+ ", rest)[0]
    assert _ROW.findall(section) == [(field.name, kind(field)) for field in schema]


@pytest.mark.parametrize(
    ("name", "policy"),
    [
        ("near-duplicates", NearDuplicatePolicy),
        ("contamination", ContaminationPolicy),
        ("tokens", TokenPolicy),
    ],
)
def test_each_field_of_a_recipes_policies_is_explained(
    root: Path, name: str, policy: type[BaseModel]
) -> None:
    text = (root / "docs" / f"{name}.md").read_text("utf-8")
    assert [field for field in policy.model_fields if not re.search(rf"\b{field}\b", text)] == []
    recipe = (root / "docs" / "releases.md").read_text("utf-8")
    assert f"| `{name.replace('-', '_')}` |" in recipe


def test_each_kind_of_hit_is_explained(root: Path) -> None:
    text = (root / "docs" / "contamination.md").read_text("utf-8")
    named = re.findall(r"^\| `(\w+)` \| .* \| (removes|flags) \|$", text, re.MULTILINE)
    removing = ContaminationPolicy().remove
    fates = {kind.value: "removes" if kind in removing else "flags" for kind in ContaminationKind}
    assert dict(named) == fates
