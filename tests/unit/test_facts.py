"""Facts that several rooms share stand in one place."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from anpi.quantification.align import CALLS
from anpi.tables.clinical import REFERENCES
from anpi.tables.schema import load_schema
from anpi.tools import ALIGNERS, TOOLS
from anpi.trial.endpoints import BY_NAME

ROOT = Path(__file__).resolve().parents[2]
CODE = [
    file
    for folder in ("scripts", "demo", "workflow")
    for file in sorted((ROOT / folder).rglob("*"))
    if file.suffix in (".py", ".smk", ".j2") or file.name == "Snakefile"
]
# What stands in one file alone, and where.
HOMES = {
    r"30\.4375": "scripts/anpi/trial/times.py",
    r"""\(["']A["'], ["']N["'], ["']P["'], ["']I["']\)""": "scripts/anpi/trial/subtypes.py",
    r"registry\.tsv[\"']": "scripts/anpi/files/shipped.py",
    r"def plural\(": "scripts/anpi/words/lists.py",
    r"def listed\(": "scripts/anpi/words/lists.py",
    r"def written_p\(": "scripts/anpi/words/p_values.py",
    r"def p_words\(": "scripts/anpi/words/p_values.py",
    r"def read_json\(": "scripts/anpi/files/intact.py",
    r"def threshold\(": "scripts/anpi/cohort/facts.py",
    r"exploration/components\.tsv": "scripts/anpi/report/inputs.py",
    r"PACKAGE\.parents\[1\]|parents\[3\]": "scripts/anpi/files/shipped.py",
}


@pytest.mark.parametrize("pattern", HOMES)
def test_a_shared_fact_stands_in_one_place(pattern: str):
    found = {file.relative_to(ROOT).as_posix() for file in CODE if re.search(pattern, file.read_text(encoding="utf-8"))}
    assert found == {HOMES[pattern]}


# Where values are made, endpoint by endpoint, and what others call their columns; all other modules read the list.
KNOW_ENDPOINTS = {
    "scripts/anpi/trial/endpoints.py",
    "scripts/anpi/endpoints/derive.py",
    "scripts/anpi/delivery/chinese.py",
    "scripts/anpi/delivery/columns.py",
}
ENDPOINT = re.compile(
    rf"({'|'.join(sorted(BY_NAME, key=len, reverse=True))})(?:_(?:days|event|date|reason|months)\w*)?"
)


SET = re.compile("all_treated|(?:rna|subtype|response)_evaluable")
KNOW_SETS = {"scripts/anpi/trial/sets.py", "scripts/anpi/cohort/sets.py"}


def lists_of(names: re.Pattern[str], code: str) -> Iterator[int]:
    """Yield the lines of lists, tuples, sets and mappings by key that hold two names."""
    for node in ast.walk(ast.parse(code)):
        items = node.elts if isinstance(node, (ast.Tuple, ast.List, ast.Set)) else getattr(node, "keys", [])
        inner = [one for item in items for one in (item.elts if isinstance(item, ast.Tuple) else [item])]
        texts = [one.value for one in inner if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        if len({found[names.groups] for text in texts if (found := names.fullmatch(text))}) > 1:
            yield node.lineno


LISTS = ['TIMES = ("pfs", "os")', 'WORDS = {"bor": 1, "cbor": 2}', 'for a, b in (("pfs_days", 1), ("os_days", 2)): 0']


@pytest.mark.parametrize("code", LISTS)
def test_a_second_list_of_endpoints_is_found(code: str):
    assert list(lists_of(ENDPOINT, code)) == [1]


@pytest.mark.parametrize(("names", "homes"), [(ENDPOINT, KNOW_ENDPOINTS), (SET, KNOW_SETS)])
def test_endpoints_and_sets_are_one_list_each(names: re.Pattern[str], homes: set[str]):
    """Further lists of names drift apart from the first; see docs/extending.md for what an endpoint needs."""
    code = {file.relative_to(ROOT).as_posix(): file for file in sorted((ROOT / "scripts").rglob("*.py"))}
    lists = {name: list(lists_of(names, file.read_text(encoding="utf-8"))) for name, file in code.items()}
    assert {name for name, lines in lists.items() if lines} <= homes


def test_a_percentage_is_written_in_one_way():
    """``95%``, never with a space: in messages, tables and documents alike."""
    texts = [file for file in CODE if file.suffix == ".py"] + sorted((ROOT / "config").rglob("*.*"))
    texts += [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    apart = [
        f"{file.relative_to(ROOT)}: {line.strip()}"
        for file in texts
        for line in file.read_text(encoding="utf-8").splitlines()
        if re.search(r"[0-9}] %", line)
    ]
    assert apart == []


def test_times_count_from_what_the_protocol_may_name():
    rule = load_schema("endpoints")["properties"]["reference"]
    assert (rule["enum"], rule["default"]) == (list(REFERENCES), REFERENCES[0])


def test_every_aligner_has_its_index_its_call_and_its_place_in_the_config():
    rules = (ROOT / "workflow" / "rules" / "align.smk").read_text(encoding="utf-8")
    assert set(re.findall(r"^rule index_(\w+):", rules, flags=re.M)) == set(ALIGNERS)
    assert set(CALLS) == set(ALIGNERS)
    assert load_schema("config")["properties"]["alignment"]["properties"]["tool"]["enum"] == [*ALIGNERS, None]
    assert all(TOOLS[aligner.program].environment == "align" for aligner in ALIGNERS.values())


def test_programs_of_others_are_one_list():
    """What is known of a program stands in `anpi.tools.TOOLS`: its versions, its package, the page of its project."""
    lists = {
        file.relative_to(ROOT).as_posix()
        for file in CODE
        if file.suffix == ".py" and len({tool for tool in TOOLS if f'"{tool}"' in file.read_text(encoding="utf-8")}) > 3
    }
    assert lists == {"scripts/anpi/tools.py"}
