"""Columns and levels of the patients table in words, the same in every table of the report."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from unit.report.made import make_tables, read_made, write_run

from anpi.association.representativeness import compare
from anpi.report.baseline import level_words, variable_words
from anpi.report.page import write_report


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [("sex", "M", "male"), ("ecog", 0.0, "0"), ("liver_mets", "Y", "yes"), ("stage", "Y", "Y"), ("sex", None, "–")],
)
def test_levels_are_words(variable: str, value: object, words: str):
    assert level_words(variable, value) == words


def test_a_column_of_the_trial_alone_keeps_its_name():
    assert variable_words("smoking_history") == "smoking history"


def test_whole_numbers_stay_whole_beside_a_missing_one():
    """ECOG is read as a float where one is missing; its levels are 0 and 1 all the same."""
    values = pd.Series([0.0, 1.0, 1.0, None])
    rows = compare("ecog", values, pd.Series([True, True, False, False]), True)
    assert [row["level"] for row in rows] == ["0", "1"]


def test_no_table_of_the_report_shows_codes_or_decimals_of_a_level(tmp_path: Path):
    tables = make_tables(8)
    row = {"evaluable": "3 (50%)", "not_evaluable": "1 (50%)", "all_treated": "4 (50%)", "smd": 0.1, "warning": None}
    rows = [{"variable": "sex", "level": "M"} | row, {"variable": "ecog", "level": "1"} | row]
    tables["representativeness"] = pd.DataFrame(rows)
    write_run(tmp_path, tables)
    write_report(read_made(tmp_path), tmp_path / "report")
    details = (tmp_path / "report" / "details.html").read_text(encoding="utf-8")
    cells = [cell.strip() for cell in re.findall(r"<t[dh][^>]*>([^<]*)</t[dh]>", details)]
    assert {"male", "female"} <= set(cells)
    assert not {"M", "F", "0.0", "1.0"} & set(cells)
