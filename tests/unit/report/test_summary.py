"""What the first screen says of the patients behind the answer."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from unit.report.made import make_tables, read_made, write_run

from anpi.report.limits import FIRST, doubtful_members, lean_members, ranked_limits


def test_patients_of_the_primary_test_whose_sample_is_in_doubt_are_named(tmp_path: Path):
    tables = make_tables(12)
    tables["verdicts"] = tables["verdicts"].assign(sex_clinical="F", sex_expression=["F", "M", "unclear"] + ["F"] * 8)
    tables["calls"].loc[[3, 10], "call"] = "lean"
    tables["sets"].loc[10, "subtype_evaluable"] = "no"
    write_run(tmp_path, tables, {"limits": []})
    run = read_made(tmp_path)
    (sex,) = doubtful_members(run)
    assert sex.endswith(
        "may be another person's: P0002 (SCLC-N, confident call), in the primary analysis all the same."
    )
    assert lean_members(run) == ["In the primary analysis on a lean call of the subtype: P0004 (SCLC-I)."]
    assert ranked_limits(run)[:2] == [sex, *lean_members(run)]


def test_the_gravest_limits_stand_first_and_name_the_patients_on_whom_the_answer_hangs(tmp_path: Path):
    tables = make_tables(12)
    tables["verdicts"] = tables["verdicts"].assign(sex_clinical="F", sex_expression=["F", "M"] + ["F"] * 9)
    tables["influence"] = pd.DataFrame(
        {"patient_id": [None, "P0001", "P0005"], "p": [0.02, 0.03, 0.08], "changes_conclusion": ["no", "no", "yes"]}
    )
    write_run(tmp_path, tables)
    first = ranked_limits(read_made(tmp_path))[:FIRST]
    assert "P0002" in first[0]
    assert "without P0005 the conclusion would change" in first[1]


def test_where_nobody_is_in_doubt_nothing_is_said(tmp_path: Path):
    write_run(tmp_path, make_tables(12))
    assert doubtful_members(read_made(tmp_path)) == []
