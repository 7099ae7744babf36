"""Facts that several rooms share stand in one place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

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
    r"PACKAGE\.parents\[1\]|parents\[3\]": "scripts/anpi/files/shipped.py",
}


@pytest.mark.parametrize("pattern", HOMES)
def test_a_shared_fact_stands_in_one_place(pattern: str):
    found = {file.relative_to(ROOT).as_posix() for file in CODE if re.search(pattern, file.read_text(encoding="utf-8"))}
    assert found == {HOMES[pattern]}
