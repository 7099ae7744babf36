"""The digest of a program changes when, and only when, what stands behind its results changes."""

from __future__ import annotations

import ast
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from anpi import provenance

PROGRAM = """\
from anpi.middle.direct import answer
from anpi.tables import reading
import json
"""


@pytest.fixture
def house(tmp_path, monkeypatch) -> Path:
    """A small program with the modules that it imports, directly and through others."""
    scripts = tmp_path / "scripts"
    files = {
        "program.py": PROGRAM,
        "other.py": "import anpi.unused\n",
        "anpi/__init__.py": "",
        "anpi/middle/direct.py": "def answer():\n    from anpi.middle import deep\n    return deep.VALUE\n",
        "anpi/middle/deep.py": "VALUE = 1\n",
        "anpi/middle/__init__.py": "",
        "anpi/tables/__init__.py": "",
        "anpi/tables/reading.py": "import anpi.tables.base as base\n",
        "anpi/tables/base.py": "",
        "anpi/unused.py": "",
    }
    for name, text in files.items():
        (scripts / name).parent.mkdir(parents=True, exist_ok=True)
        (scripts / name).write_text(text)
    resource = tmp_path / "resources"
    (resource / "deep").mkdir(parents=True)
    (resource / "weights.tsv").write_text("a\t1\n")
    (resource / "deep" / "list.tsv").write_text("b\n")
    monkeypatch.setattr(provenance, "SCRIPTS", scripts)
    return tmp_path


def digest(house: Path, *resources: Path) -> str:
    """Digest as a new process does, with nothing remembered."""
    for function in vars(provenance).values():
        if hasattr(function, "cache_clear"):
            function.cache_clear()
    return provenance.code_digest("program.py", *resources)


def append(name: str) -> Callable[[Path], object]:
    def change(house: Path) -> None:
        path = house / name
        path.write_text(path.read_text() + "# changed\n")

    return change


@pytest.mark.parametrize(
    "name",
    ["program.py", "anpi/middle/direct.py", "anpi/middle/deep.py", "anpi/tables/reading.py", "anpi/tables/base.py"],
)
def test_an_edit_of_what_is_imported_changes_the_digest(house, name):
    before = digest(house)
    append(f"scripts/{name}")(house)
    assert digest(house) != before


@pytest.mark.parametrize("name", ["other.py", "anpi/unused.py"])
def test_an_edit_of_what_is_not_imported_changes_nothing(house, name):
    before = digest(house)
    append(f"scripts/{name}")(house)
    assert digest(house) == before


def test_times_and_places_do_not_matter(house, tmp_path, monkeypatch):
    before = digest(house, house / "resources")
    for file in house.rglob("*"):
        os.utime(file, (1, 1))
    assert digest(house, house / "resources") == before
    moved = tmp_path.parent / f"{tmp_path.name}_moved"
    shutil.copytree(house, moved)
    monkeypatch.setattr(provenance, "SCRIPTS", moved / "scripts")
    assert digest(moved, moved / "resources") == before


def test_a_module_that_a_module_begins_to_import_counts(house):
    before = digest(house)
    append("scripts/anpi/unused.py")(house)
    assert digest(house) == before
    (house / "scripts/anpi/tables/base.py").write_text("from anpi import unused\n")
    imported = digest(house)
    assert imported != before
    append("scripts/anpi/unused.py")(house)
    assert digest(house) != imported


def test_a_package_that_is_imported_from_counts(house):
    (house / "scripts/program.py").write_text("from anpi import __version__\n")
    before = digest(house)
    (house / "scripts/anpi/__init__.py").write_text("__version__ = '2'\n")
    assert digest(house) != before


@pytest.mark.parametrize("name", ["weights.tsv", "deep/list.tsv"])
def test_an_edit_of_a_resource_changes_the_digest(house, name):
    before = digest(house, house / "resources")
    append(f"resources/{name}")(house)
    assert digest(house, house / "resources") != before


def test_a_resource_that_comes_goes_or_is_renamed_changes_the_digest(house):
    folder = house / "resources"
    found = {digest(house), digest(house, folder)}
    (folder / "new.tsv").write_text("")
    found.add(digest(house, folder))
    (folder / "new.tsv").rename(folder / "newer.tsv")
    found.add(digest(house, folder))
    (folder / "newer.tsv").rename(folder / "deep" / "newer.tsv")
    found.add(digest(house, folder))
    assert len(found) == 5


def test_a_schema_that_is_read_counts_and_no_other():
    """Schemas hold defaults, so they decide results: those that the real programs name stand behind them."""
    scripts = provenance.SCRIPTS

    def behind(program: str) -> set[str]:
        modules = provenance.modules_behind(scripts / program)
        return {path.name for path in provenance.schemas_behind(modules)}

    assert behind("derive_endpoints.py") >= {"endpoints.schema.yaml", "patients.schema.yaml", "lesions.schema.yaml"}
    assert "plan.schema.yaml" in behind("test_associations.py")
    assert "plan.schema.yaml" not in behind("derive_endpoints.py")
    assert behind("quantify_sample.py") == set()


def imported_by_the_parser(file: Path) -> set[Path]:
    """List the anpi modules that a file imports, as Python's own parser reads it."""
    names = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module] + [f"{node.module}.{alias.name}" for alias in node.names]
    homes = {"anpi": provenance.SCRIPTS, "demo": provenance.SCRIPTS.parent}
    places = [homes[top] / name.replace(".", "/") for name in names if (top := name.split(".")[0]) in homes]
    files = {file for place in places for file in (place.with_suffix(".py"), place / "__init__.py")}
    return {file for file in files if file.is_file()}


def test_imports_and_schemas_found_by_text_are_those_that_the_parser_finds():
    names = provenance.schema_names()
    assert names
    for file in sorted(provenance.SCRIPTS.rglob("*.py")):
        nodes = ast.walk(ast.parse(file.read_text()))
        strings = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        assert set(provenance.imported_modules(file)) == imported_by_the_parser(file), file
        assert provenance.schemas_named_in(file) >= names & strings, file  # an example in a text counts too


@pytest.mark.parametrize(
    "text",
    [
        "import json, anpi.unused",
        "import json; import anpi.unused as other",
        "from anpi import (\n    __version__,\n    unused,\n)",
        "from anpi import __version__, \\\n    unused",
        "if True:\n    from anpi.unused import name",
        "from anpi.unused \\\n    import name",
    ],
)
def test_every_way_to_import_counts(house, text):
    (house / "scripts/program.py").write_text(text + "\n")
    before = digest(house)
    append("scripts/anpi/unused.py")(house)
    assert digest(house) != before
