"""Subjects that patients.csv does not have."""

from __future__ import annotations

import pytest

from anpi.tables.clinical import read_clinical


@pytest.mark.parametrize("stranger", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_an_id_that_a_spreadsheet_would_calculate_is_a_text_in_the_queries(tmp_path, stranger):
    (tmp_path / "patients.csv").write_text("patient_id,arm,treatment_start_date\nP1,A,2024-01-01\n")
    rows = f"patient_id,start_date,name,kind\nP1,2024-05-01,X,chemotherapy\n{stranger},2024-05-01,X,chemotherapy\n"
    (tmp_path / "therapies.csv").write_text(rows)
    found = read_clinical({name: tmp_path / f"{name}.csv" for name in ("patients", "therapies")}).queries
    strangers = [query.patient_id for query in found if query.rule == "subject_without_patient"]
    assert strangers == [f"'{stranger}"]
