"""Tables that are sheets of a workbook give the results that the same tables of text give."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from unit.delivery.delivery_files import write_workbook

from workflow.running import ROOT, attempt

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("cohorts")]

PATIENTS = [["patient_id", "arm", "sex", "age", "treatment_start_date", "last_alive_date"]] + [
    [f"P{number:02}", "AB"[number % 2], "FM"[number % 3 > 0], 50 + number, f"2024-01-{number + 1:02}", "2024-06-01"]
    for number in range(1, 13)
]
SCANS = [["patient_id", "assessment_date", "overall_response"]] + [
    [f"P{number:02}", f"2024-0{month}-1{number % 9}", response]
    for number in range(1, 13)
    for month, response in ((2, "SD"), (4, "PR" if number % 2 else "PD"))
]
TARGETS = [f"results/{table}.tsv" for table in ("clinical/endpoints", "clinical/queries", "analysis/sets")]


def trial(folder: Path, patients: str, assessments: str) -> Path:
    (folder / "config").mkdir(parents=True)
    text = f"clinical:\n  patients: {patients}\n  assessments: {assessments}\n"
    (folder / "config" / "config.yaml").write_text(text)
    return folder


@pytest.fixture(scope="module")
def of_sheets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = trial(tmp_path_factory.mktemp("sheets"), "the data.xlsx#All patients", "the data.xlsx#Scans")
    write_workbook(folder / "the data.xlsx", {"All patients": PATIENTS, "Scans": SCANS})
    code, said = attempt(ROOT, folder, *TARGETS)
    assert code == 0, said
    return folder


def test_results_are_those_of_the_same_text(of_sheets: Path, tmp_path: Path):
    other = trial(tmp_path / "text", "patients.csv", "scans.csv")
    for name, rows in (("patients", PATIENTS), ("scans", SCANS)):
        (other / f"{name}.csv").write_text("\n".join(",".join(map(str, row)) for row in rows) + "\n")
    code, said = attempt(ROOT, other, *TARGETS)
    assert code == 0, said
    for target in TARGETS:
        assert (of_sheets / target).read_bytes() == (other / target).read_bytes()


def test_no_copy_of_the_tables_stays_and_only_an_edit_of_the_workbook_runs_again(of_sheets: Path):
    assert not list((of_sheets / "results").rglob("inputs/*.csv"))
    book = of_sheets / "the data.xlsx"
    book.touch()
    assert "Nothing to be done" in attempt(ROOT, of_sheets, "-n", *TARGETS)[1]
    sheets = openpyxl.load_workbook(book)
    sheets["Scans"]["C2"] = "PD"
    sheets.save(book)
    said = attempt(ROOT, of_sheets, "-n", *TARGETS)[1]
    assert "derive_endpoints" in said
    assert "read_sheet" in said


def test_a_fault_of_a_sheet_is_told_at_planning_with_its_place(tmp_path: Path):
    folder = trial(tmp_path / "wrong", "book.xlsx#Patients", "book.xlsx#Scan")
    write_workbook(folder / "book.xlsx", {"Patients": [*PATIENTS, ["P13", "A", "X", 60, None, None]], "Scans": SCANS})
    code, said = attempt(ROOT, folder, "-n")
    assert code == 1
    assert "book.xlsx#Patients, row 14, column sex: found 'X'" in said
    assert "found '#Scan', expected a sheet of the workbook. Did you mean Scans?" in said


GENES = [["gene", *(row[0] for row in PATIENTS[1:])]] + [
    [symbol, *(round(1e5 / (place + number), 3) for number in range(1, 13))]
    for place, symbol in enumerate(("ASCL1", "NEUROD1", "POU2F3", "CD8A", "GAPDH"), start=1)
]
SAMPLES = [["sample_id", "patient_id", "timepoint"], *([row[0], row[0], "baseline"] for row in PATIENTS[1:])]
EXPRESSED = "results/cohort/tpm.tsv.gz"


def with_matrix(folder: Path, samples: str, matrix: str) -> Path:
    trial(folder, "book.xlsx#Patients", "book.xlsx#Scans")
    with open(folder / "config" / "config.yaml", "a", encoding="utf-8") as config:
        config.write(f"samples: {samples}\nexpression: {{matrix: {matrix}, unit: tpm}}\n")
    other = [GENES[0], *([row[0], *row[:0:-1]] for row in GENES[1:])]
    sheets = {"Patients": PATIENTS, "Scans": SCANS, "Samples": SAMPLES, "TPM": GENES, "Other": other}
    write_workbook(folder / "book.xlsx", sheets)
    return folder


def test_a_matrix_that_is_a_sheet_gives_the_cohort_of_the_same_text(tmp_path: Path):
    sheet = with_matrix(tmp_path / "sheet", "book.xlsx#Samples", "book.xlsx#TPM")
    text = with_matrix(tmp_path / "text", "book.xlsx#Samples", "matrix.csv")
    (text / "matrix.csv").write_text("\n".join(",".join(map(str, row)) for row in GENES) + "\n")
    for folder in (sheet, text):
        code, said = attempt(ROOT, folder, EXPRESSED)
        assert code == 0, said
    assert (sheet / EXPRESSED).read_bytes() == (text / EXPRESSED).read_bytes()
    config = sheet / "config" / "config.yaml"
    config.write_text(config.read_text().replace("#TPM", "#Other"))
    assert "assemble_cohort" in attempt(ROOT, sheet, "-n", EXPRESSED)[1]
    config.write_text(config.read_text().replace("#Other", "#Tpm"))
    code, said = attempt(ROOT, sheet, "-n", EXPRESSED)
    assert code == 1
    assert "found '#Tpm', expected a sheet of the workbook. Did you mean TPM?" in said
