"""What `pyproject.toml` packs is what the folders hold: nothing that is read is left behind."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
with (ROOT / "pyproject.toml").open("rb") as stream:
    PROJECT: dict[str, Any] = tomllib.load(stream)
SETUPTOOLS = PROJECT["tool"]["setuptools"]
FOLDERS: dict[str, Path] = {
    package: ROOT / folder for package, folder in SETUPTOOLS["package-dir"].items()
}


def _folder(package: str) -> Path:
    """Return the folder of a package, by way of the package that has one of its own."""
    top = ".".join(package.split(".")[:2])
    return FOLDERS[top].joinpath(*package.split(".")[2:])


def _files(folder: Path) -> list[Path]:
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and "__pycache__" not in path.parts
        and not path.name.startswith(".")
        and path.suffix != ".so"  # compiled at installation
    ]


def test_the_list_of_packages_is_complete() -> None:
    found = {
        ".".join([package, *path.parent.relative_to(folder).parts])
        for package, folder in FOLDERS.items()
        for path in _files(folder)
        if path.suffix == ".py"
    }
    listed = SETUPTOOLS["packages"]
    assert sorted(listed) == sorted(found)
    assert len(set(listed)) == len(listed)


def test_every_package_has_its_init() -> None:
    for package in SETUPTOOLS["packages"]:
        assert (_folder(package) / "__init__.py").is_file(), package


@pytest.mark.parametrize("top", sorted(FOLDERS))
def test_every_file_that_is_not_code_is_package_data(top: str) -> None:
    packed = {
        path
        for package, patterns in SETUPTOOLS["package-data"].items()
        for pattern in patterns
        for path in _folder(package).glob(pattern)
    }
    data = {path for path in _files(FOLDERS[top]) if path.suffix != ".py"}
    assert sorted(path.relative_to(ROOT).as_posix() for path in data - packed) == []


def test_every_c_file_is_compiled_and_every_header_makes_it_compile_anew() -> None:
    compiled: set[str] = set()
    for extension in SETUPTOOLS["ext-modules"]:
        reached = [ROOT / name for name in extension["sources"]]
        for path in reached:
            names = re.findall(r'^#include "([^"]+)"', path.read_text("utf-8"), re.MULTILINE)
            reached += [path.parent / n for n in names if path.parent / n not in reached]
        headers = {path.relative_to(ROOT).as_posix() for path in reached if path.suffix == ".h"}
        assert headers == set(extension["depends"]), extension["name"]
        compiled |= {path.relative_to(ROOT).as_posix() for path in reached}
    folders = {(ROOT / name).parent for name in compiled}
    found = {p.relative_to(ROOT).as_posix() for f in folders for p in f.glob("*.[ch]")}
    assert found == compiled


def test_typed_packages_say_so() -> None:
    for package, folder in FOLDERS.items():
        if package != "medsmith.fixtures":
            assert (folder / "py.typed").is_file(), package


def test_files_that_the_project_names_exist() -> None:
    project = PROJECT["project"]
    for name in (project["readme"], *project["license-files"]):
        assert (ROOT / name).is_file(), name


def test_the_command_leads_to_a_function() -> None:
    from importlib import import_module

    for target in PROJECT["project"]["scripts"].values():
        module, _, name = target.partition(":")
        assert callable(getattr(import_module(module), name))


def test_the_installed_distribution_is_this_one() -> None:
    from importlib.metadata import version

    assert version("medsmith") == PROJECT["project"]["version"]
