"""What the first screen says of the patients behind the answer."""

from __future__ import annotations

from pathlib import Path

from unit.report.made import make_tables, read_made, write_run

from anpi.report.summary import doubtful_members, limits


def test_patients_of_the_primary_test_whose_sample_is_in_doubt_are_named(tmp_path: Path):
    tables = make_tables(12)
    tables["verdicts"] = tables["verdicts"].assign(sex_clinical="F", sex_expression=["F", "M", "unclear"] + ["F"] * 8)
    tables["calls"].loc[[3, 10], "call"] = "lean"
    tables["sets"].loc[10, "subtype_evaluable"] = "no"
    write_run(tmp_path, tables, {"limits": []})
    run = read_made(tmp_path)
    lean, sex = doubtful_members(run)
    assert lean == "In the primary analysis on a lean call of the subtype: P0004."
    assert sex.endswith("the sample may be another person's: P0002.")
    assert {lean, sex} <= set(limits(run))


def test_where_nobody_is_in_doubt_nothing_is_said(tmp_path: Path):
    write_run(tmp_path, make_tables(12))
    assert doubtful_members(read_made(tmp_path)) == []
