"""Rows of a delivery: none is left out without an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from unit.delivery.delivery_files import write_csv, write_workbook

from anpi.delivery.decisions import Decisions
from anpi.delivery.trial import Proposal, propose

PEOPLE = [["patient_id", "arm", "sex"], ["P001", "Arm A", "F"], ["P002", "Arm A", "M"]]
LESIONS = ["Subject", "Scan date", "Lesion", "Kind", "Location", "Diameter (mm)"]
# Subject and date are merged over the three lesions of a scan.
MERGED = [
    ["P001", "2024-01-10", "T1", "target", "liver", 30],
    [None, None, "T2", "target", "lung", 40],
    [None, None, "T3", "target", "node", 20],
    ["P001", "2024-03-10", "T1", "target", "liver", 15],
    [None, None, "T2", "target", "lung", 38],
    [None, None, "T3", "target", "node", 19],
]
CUTOFF = {"endpoints: data cut-off": "2024-06-30"}
SUBJECT, DATE = "book.xlsx#Lesions, Subject: rows without a patient", "book.xlsx#Lesions, Scan date: rows without it"


def proposed(folder: Path, rows: Sequence[Sequence[object]], answers: Mapping[str, str]) -> Proposal:
    book = write_workbook(folder / "book.xlsx", {"Patients": PEOPLE, "Lesions": [LESIONS, *rows]})
    return propose(None, [book], Decisions(CUTOFF | dict(answers)))


def lesions(proposal: Proposal) -> list[tuple[object, ...]]:
    frame = proposal.tables["lesions"].frame
    return list(frame[["patient_id", "assessment_date", "lesion_id"]].itertuples(index=False, name=None))


def test_dates_that_are_merged_over_the_lesions_of_a_scan_are_asked_about(tmp_path: Path):
    asked = proposed(tmp_path, MERGED, {SUBJECT: "as_above"}).decisions.open
    assert set(asked) == {DATE}
    assert asked[DATE].choices == ("as_above", "leave_out")
    done = proposed(tmp_path, MERGED, {SUBJECT: "as_above", DATE: "as_above"})
    assert not done.decisions.open
    assert lesions(done) == [("P001", date, f"T{n}") for date in ("2024-01-10", "2024-03-10") for n in (1, 2, 3)]
    filled = [(row.row, row.became) for row in done.conversions.rows if row.why == "that of the same patient above"]
    assert filled == [(3, "2024-01-10"), (4, "2024-01-10"), (6, "2024-03-10"), (7, "2024-03-10")]


def test_rows_without_a_date_are_left_out_as_answered(tmp_path: Path):
    done = proposed(tmp_path, MERGED, {SUBJECT: "as_above", DATE: "leave_out"})
    assert lesions(done) == [("P001", "2024-01-10", "T1"), ("P001", "2024-03-10", "T1")]
    assert sum(row.why == "left out: no Scan date, as answered" for row in done.conversions.rows) == 4


def test_no_date_is_taken_from_another_patient(tmp_path: Path):
    rows = [*MERGED[:3], ["P002", None, "T1", "target", "liver", 12]]
    left = "lesions: rows without assessment_date"
    answers = {SUBJECT: "as_above", DATE: "as_above"}
    assert set(proposed(tmp_path, rows, answers).decisions.open) == {left}
    done = proposed(tmp_path, rows, answers | {left: "leave_out"})
    assert {patient for patient, _, _ in lesions(done)} == {"P001"}


def test_rows_whose_date_is_not_known_are_asked_about(tmp_path: Path):
    people = write_csv(tmp_path / "patients.csv", PEOPLE)
    scans = [["Patient", "Scan date", "Response"], ["P001", "unknown", "PD"], ["P002", "2024-03-01", "SD"]]
    files = [people, write_csv(tmp_path / "scans.csv", scans)]
    question = "assessments: rows without assessment_date"
    asked = propose(None, files, Decisions(dict(CUTOFF))).decisions.open
    assert set(asked) == {question}
    assert "scans.csv, column Scan date: in 1 row it is not known, the first in row 2" in asked[question].text
    done = propose(None, files, Decisions(CUTOFF | {question: "leave_out"}))
    assert list(done.tables["assessments"].frame["patient_id"]) == ["P002"]
