"""The page of a patient: the verdict in a line."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from unit.report.made import make_tables, read_made, write_run

from anpi.report.patient import verdict_line
from anpi.report.patient_record import all_patients


def test_a_patient_is_told_in_a_line_with_what_speaks_against_the_sample(tmp_path: Path):
    tables = make_tables(6)
    samples = tables["verdicts"]["sample_id"]
    tables["verdicts"] = tables["verdicts"].assign(sex_clinical="F", sex_expression=["F", "M", "F", "F", "F"])
    tables["verdicts"]["viruses"] = [None, None, "merkel", None, None]
    tables["tissues"] = pd.DataFrame({"sample_id": samples, "sclc": ["yes", "yes", "no", "doubt", "unknown"]})
    write_run(tmp_path, tables)
    lines = [verdict_line(own) for own in all_patients(read_made(tmp_path))]
    assert lines[0] == "SCLC-A, confident call, probability 0.91; quality pass; sex agrees; SCLC by its genes."
    assert "SEX BY GENES DIFFERS: maybe another person's sample" in lines[1]
    assert "NOT SCLC by its genes" in lines[2]
    assert "MERKEL CELL POLYOMAVIRUS IS IN THE READS: a Merkel cell carcinoma resembles SCLC" in lines[2]
    assert "TISSUE IN DOUBT" in lines[3]
    assert lines[4] == "No call: QC failed; quality fail; sex agrees."
    assert lines[5] == "No subtype: no sample of this patient was called."
