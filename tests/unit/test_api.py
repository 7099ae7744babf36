"""The public interface: what is named otherwise, or of another kind, is told and not passed over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import anpi
from anpi.problems import InputError

GENES = ["ASCL1", "INSM1", "DLL3", "NEUROD1", "POU2F3", "YAP1"]
TPM = pd.DataFrame({"S1": [500.0, 300.0, 70.0, 2.0, 0.1, 3.0], "S2": [2.0, 30.0, 7.0, 200.0, 0.1, 3.0]}, GENES)


@pytest.fixture
def patients(tmp_path: Path) -> Path:
    path = tmp_path / "patients.csv"
    path.write_text("patient_id,arm,treatment_start_date,death_date\nP1,drug,2024-01-01,2024-03-01\n")
    return path


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"assesments": Path("a.csv")}, "found 'assesments', expected one of patients, assessments, lesions"),
        ({"assesments": Path("a.csv")}, "Is it assessments?"),
        ({"patients": None}, "tables, patients: the table is missing"),
        ({"assessments": pd.DataFrame()}, "tables, assessments: found 'DataFrame', expected the path of a file"),
    ],
)
def test_a_table_that_would_be_passed_over_is_refused(patients: Path, given: dict[str, Any], words: str):
    with pytest.raises(InputError) as fault:
        anpi.derive_endpoints({"patients": patients, **given})
    assert words in str(fault.value)


def test_a_table_that_was_not_given_is_none(patients: Path):
    found = anpi.derive_endpoints({"patients": str(patients), "assessments": None})
    assert found["os_days"].tolist() == [61]  # 2024-01-01 to 2024-03-01, both counted


def test_a_data_frame_without_its_unit_is_refused():
    for function in (anpi.call_subtypes, anpi.score_signatures):
        with pytest.raises(InputError, match=r"expression: found 'DataFrame'.*as_expression\(table, 'tpm'\)"):
            function(TPM)  # type: ignore[operator]


def test_counts_that_are_none_are_refused():
    expression = anpi.as_expression(TPM, "tpm")
    with pytest.raises(InputError, match="counts, unit: found 'tpm', expected counts"):
        anpi.call_subtypes(expression, counts=expression)
    counts = anpi.as_expression((TPM * 10).round(), "counts")
    assert list(anpi.call_subtypes(expression, counts=counts)["sample_id"]) == ["S1", "S2"]


def test_a_sample_without_a_name_and_a_unit_that_is_none_are_refused():
    with pytest.raises(InputError, match="row 1: column 2 has no name"):
        anpi.as_expression(TPM.set_axis(["S1", None], axis=1), "tpm")
    with pytest.raises(InputError, match="unit: found 'None', expected counts"):
        anpi.as_expression(TPM, None)  # type: ignore[arg-type]
    assert list(anpi.as_expression(TPM.set_axis([1, 2], axis=1), "tpm").values) == [1, 2]
