"""The recipes of docs/extending.md, done as they are written on a copy of the tree."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from warm import python

from anpi.files.shipped import ROOT

PAGE = ROOT / "docs" / "extending.md"
CHANGED = ("scripts", "workflow", "config", "docs", "tests")
READ = ("pyproject.toml", "README.md", "demo", "resources", "envs", "results/README.md", "requirements.lock", ".ci")
STEP = re.compile(
    r"In\s+`(?P<file>[^`]+)`,\s+(?:(?P<where>behind|before|in\s+place\s+of)\s+the\s+line\s+with\s+`(?P<line>[^`]+)`"
    r"|(?P<end>at\sits\send|new)):\n(?P<indent> *)```\n(?P<code>.*?)\n *```\n",
    flags=re.S,
)
# How many files a recipe may need, its test among them.
MOST_FILES = {"An endpoint": 4, "An endpoint rule": 5, "A QC metric": 4, "A section of the report": 2}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Copy what a recipe may change, and link the rest."""
    (tmp_path / "results").mkdir()
    for name in CHANGED:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "data", "*.png"))
    (tmp_path / "tests" / "data").symlink_to(ROOT / "tests" / "data")
    for name in READ:
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def steps(recipe: str) -> list[re.Match[str]]:
    """Return the steps below a heading."""
    section = re.search(rf"^## {recipe}\n(.*?)(?=^## |\Z)", PAGE.read_text(encoding="utf-8"), flags=re.M | re.S)
    assert section is not None
    return list(STEP.finditer(section[1]))


def follow(recipe: str, tree: Path) -> None:
    for step in steps(recipe):
        file = tree / step["file"]
        code = [line.removeprefix(step["indent"]) for line in step["code"].split("\n")]
        if step["end"]:
            before = [] if step["end"] == "new" else file.read_text(encoding="utf-8").rstrip("\n").split("\n")
            file.write_text("\n".join([*before, *code, ""]), encoding="utf-8")
            continue
        lines = file.read_text(encoding="utf-8").split("\n")
        (place,) = [n for n, line in enumerate(lines) if step["line"] in line]
        kept = [] if step["where"].startswith("in") else [lines[place]]
        new = [*code, *kept] if step["where"] == "before" else [*kept, *code]
        file.write_text("\n".join([*lines[:place], *new, *lines[place + 1 :]]), encoding="utf-8")


def run(tree: Path, *command: str) -> None:
    done = subprocess.run([python(), *command], cwd=tree, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def run_tests(tree: Path, *names: str) -> None:
    run(tree, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *names)


ENDPOINT = """
import pandas as pd
from anpi.association.plan import read_plan
from anpi.endpoints.rates import order
from anpi.endpoints.adam_shape import RESPONSES
from anpi.report.sentences import unit
from anpi.trial.endpoints import endpoint_kind, endpoint_words, is_endpoint
assert is_endpoint("complete_response") and endpoint_kind("complete_response") == "binary"
assert "CRR" in order() and "CRFL" in [one.code for one in RESPONSES]
assert endpoint_words("complete_response") == "confirmed complete response"
assert unit("complete_response")[1] == "patients with confirmed complete response"
"""
METRIC = """
import pandas as pd
from anpi.cohort.facts import FACTS
from anpi.cohort.verdicts import judge_samples
limits = {"genes_of_half": {"warn": 100, "fail": 20}}
table = judge_samples(pd.DataFrame([{"sample_id": "S", "genes_of_half": 50}]), limits)
assert table.at[0, "verdict"] == "warn" and "50 genes hold half of the counts" in table.at[0, "reasons"], table
"""
SECTION = """
import sys
from pathlib import Path
sys.path.insert(0, "tests")
from unit.report.made import make_tables, read_made, write_run
from anpi.report.page import write_report
folder = Path("made")
write_run(folder, make_tables(6))
write_report(read_made(folder), folder / "report")
assert "This trial has 6 patients." in (folder / "report" / "details.html").read_text(encoding="utf-8")
"""


def check_endpoint(tree: Path) -> None:
    run_tests(tree, "tests/unit/endpoints/test_best_response.py", "tests/unit/test_facts.py")
    run(tree, "-c", "import sys; sys.path.insert(0, 'scripts')" + ENDPOINT)


def check_rule(tree: Path) -> None:
    run_tests(tree, "tests/unit/endpoints/test_best_response.py")


def check_metric(tree: Path) -> None:
    run_tests(tree, "tests/unit/expression/test_summary.py")
    run(tree, "-c", "import sys; sys.path.insert(0, 'scripts')" + METRIC)


def check_section(tree: Path) -> None:
    run(tree, "-c", "import sys; sys.path.insert(0, 'scripts')" + SECTION)


CHECKS = {
    "An endpoint": check_endpoint,
    "An endpoint rule": check_rule,
    "A QC metric": check_metric,
    "A section of the report": check_section,
}


@pytest.mark.parametrize(("recipe", "check"), CHECKS.items())
def test_a_recipe_does_what_it_says(recipe: str, check: Callable[[Path], None], tree: Path):
    follow(recipe, tree)
    check(tree)


@pytest.mark.parametrize(("recipe", "most"), MOST_FILES.items())
def test_a_recipe_needs_few_files(recipe: str, most: int):
    assert 1 < len({step["file"] for step in steps(recipe)}) <= most
