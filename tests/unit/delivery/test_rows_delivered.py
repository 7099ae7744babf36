"""Rows of a delivery: none is left out without an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from unit.delivery.delivery_files import write_csv, write_workbook

from anpi.delivery.decisions import Decisions
from anpi.delivery.trial import Proposal, propose
from anpi.problems import InputError

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


@pytest.mark.parametrize("last", ["Total", "n = 3", "Summe:", "Erstellt am", "* censored", "Mean (SD)"])
def test_a_line_below_the_patients_is_no_patient_more(tmp_path: Path, last: str):
    rows = [*PEOPLE, ["P003", "Arm A", "F"], [last, "Arm A", None]]
    file = write_csv(tmp_path / "patients.csv", rows)
    question = "patients.csv, patient_id: rows of no patient"
    asked = propose(None, [file], Decisions()).decisions.open
    assert set(asked) == {question}
    assert "the first in row 5" in asked[question].text
    done = propose(None, [file], Decisions({question: "leave_out"}))
    assert list(done.tables["patients"].frame["patient_id"]) == ["P001", "P002", "P003"]
    assert [(note.row, note.why) for note in done.conversions.rows] == [(5, "left out: no patient, as answered")]


@pytest.mark.parametrize(
    "ids", [["SD-001", "SD-002", "SD-003"], ["Anna", "Total-1", "Berta"], ["A", "B", "C"], ["1", "2", "3a"]]
)
def test_ids_of_any_one_form_are_taken(tmp_path: Path, ids: list[str]):
    file = write_csv(tmp_path / "patients.csv", [PEOPLE[0], *[[name, "Arm A", "F"] for name in ids]])
    assert not propose(None, [file], Decisions()).decisions.open


DATED = ["Patient", "Arm", "First dose", "Last contact"]
START = ["P001", "A", "2024-01-03", "2024-06-01"]


def test_dates_under_an_unknown_name_are_asked_about_where_no_column_has_the_deaths(tmp_path: Path):
    """A death that no column tells would leave the patient alive."""
    header = [*DATED, "Exitus"]
    file = write_csv(tmp_path / "patients.csv", [header, [*START, "2024-05-01"], ["P002", *START[1:], "alive"]])
    question = "patients.csv, Exitus: column of patients"
    asked = propose(None, [file], Decisions(dict(CUTOFF))).decisions.open
    assert asked[question].choices == ("death_date", "extra", "leave_out")
    answers = CUTOFF | {question: "death_date", "patients.csv, Exitus: values, alive": "missing"}
    done = propose(None, [file], Decisions(answers))
    assert list(done.tables["patients"].frame["death_date"]) == ["2024-05-01", None]
    # No question where the deaths are known, or survival is supplied.
    for more in (["Date of death", "2024-05-01"], ["OS (months)", "3"]):
        other = write_csv(tmp_path / "patients.csv", [[*DATED, "Diagnosis", more[0]], [*START, "2023-12-01", more[1]]])
        assert not propose(None, [other], Decisions(dict(CUTOFF))).decisions.open


def test_the_start_of_an_adverse_event_under_an_unknown_name_is_asked_about(tmp_path: Path):
    people = write_csv(tmp_path / "patients.csv", PEOPLE)
    events = [["Patient", "Event", "Grade", "First seen"], ["P001", "Nausea", 2, "2024-02-03"]]
    asked = propose(None, [people, write_csv(tmp_path / "ae.csv", events)], Decisions(dict(CUTOFF))).decisions.open
    assert asked["ae.csv, First seen: column of adverse_events"].choices == (
        ("start_date", "end_date", "extra", "leave_out")
    )


@pytest.mark.parametrize(
    "written",
    [
        "03.01.2024 00:00:00",
        "03.01.2024 14:30",
        "03.01.2024, 14:30 Uhr",
        "03JAN2024:14:30:00",
        "3 Jan 2024 2:30 pm",
        "2024/01/03 14:30",
        "20240103 14:30",
        "3 janv. 2024",
        "3 gennaio 2024",
        "3 de enero 2024",
    ],
)
def test_days_with_a_time_and_months_of_other_languages(tmp_path: Path, written: str):
    file = write_csv(tmp_path / "patients.csv", [DATED, ["P001", "A", written, "1 juil. 2024"]], ";")
    made = propose(None, [file], Decisions(dict(CUTOFF)))
    if " de " in written:  # not understood: asked, never guessed
        assert set(made.decisions.open) == {f"patients.csv, First dose: values, {written}"}
        return
    assert not made.decisions.open
    assert list(made.tables["patients"].frame.iloc[0]) == ["P001", "A", "2024-01-03", "2024-07-01"]


def test_a_header_of_two_rows_is_refused_in_words(tmp_path: Path):
    top = ["Patient", "Demographics", None, "Arm", "Outcome", None]
    below = [None, "Sex", "Age", None, "Death", "Last contact"]
    row = ["P001", "F", 61, "A", None, "2024-06-01"]
    with pytest.raises(InputError, match="row 1: the header is of two rows: 'Age' of row 2 stands below no name"):
        propose(None, [write_workbook(tmp_path / "book.xlsx", {"Patients": [top, below, row]})], Decisions())
    # A column without a name, and a row of titles above the header, are taken.
    unnamed = [["Patient", None, "Arm", "Sex"], ["P001", "was seen twice", "A", "F"], ["P002", "moved", "A", None]]
    assert not propose(
        None, [write_workbook(tmp_path / "book.xlsx", {"Patients": unnamed})], Decisions()
    ).decisions.open
    titled = [
        ["Trial", None, None, None, "Outcome", None],
        ["Patient", "Sex", "Age", "Arm", "Death", "Last contact"],
        row,
    ]
    made = propose(None, [write_workbook(tmp_path / "book.xlsx", {"Patients": titled})], Decisions(dict(CUTOFF)))
    assert list(made.tables["patients"].frame["patient_id"]) == ["P001"]


def test_patients_of_several_rows_are_named_where_the_table_is_asked_about(tmp_path: Path):
    rows = [["Record ID", "Arm", "Sex", "Event"], ["1", "A", "F", "Baseline"], ["1", None, None, "Week 6"]]
    asked = propose(None, [write_csv(tmp_path / "redcap.csv", rows)], Decisions()).decisions.open
    assert "Record ID 1 stands in rows 2 and 3" in asked["redcap.csv: table"].text


STATUS = ["Subject", "Sex", "Arm", "First dose", "Date of death", "Last contact"]


def of_status(folder: Path, name: str, rows: Sequence[Sequence[object]], *more: str) -> Proposal:
    body = [[*row[:6], *row[6:]] for row in rows]
    file = write_csv(folder / "patients.csv", [[*STATUS, name, *more], *body])
    return propose(None, [file], Decisions(dict(CUTOFF)))


@pytest.mark.parametrize("name", ["Vital status", "Status at last contact", "生存状态", "Zustand"])
@pytest.mark.parametrize(("alive", "dead"), [("Alive", "Dead"), ("lebend", "verstorben"), ("存活", "死亡")])
def test_a_status_of_life_is_held_against_the_dates_of_death(name: str, alive: str, dead: str, tmp_path: Path):
    """A patient who is said to be dead and has no date of death would count as alive."""
    rows = [
        ["P1", "M", "A", "2024-01-15", "", "2024-06-01", alive],
        ["P2", "F", "A", "2024-01-20", "2024-05-01", "", dead],
    ]
    found = of_status(tmp_path, name, rows)
    assert not found.decisions.open
    assert list(found.tables["patients"].frame["death_date"]) == [None, "2024-05-01"]
    assert "os_event" not in found.tables["patients"].frame
    rows.append(["P3", "F", "A", "2024-01-22", "", "2024-05-01", dead])
    with pytest.raises(InputError, match=rf"row 4, column {name}: found '{dead}', expected a date of death"):
        of_status(tmp_path, name, rows)
    rows[2] = ["P3", "F", "A", "2024-01-22", "2024-05-01", "", alive]
    with pytest.raises(InputError, match=rf"row 4, column {name}: found '{alive}', expected no date of death"):
        of_status(tmp_path, name, rows)
    rows[2][-1] = "unknown"
    assert list(of_status(tmp_path, name, rows).tables["patients"].frame["death_date"])[2] == "2024-05-01"


def test_a_status_of_life_beside_times_is_their_event(tmp_path: Path):
    rows = [["P1", "M", "A", "2024-01-15", "", "2024-06-01", "Alive", "4.5"]]
    rows.append(["P2", "F", "A", "2024-01-20", "2024-05-01", "", "Dead", "3.3"])
    found = of_status(tmp_path, "State of the patient", rows, "OS (months)").tables["patients"].frame
    assert list(found["os_event"]) == ["0", "1"]


@pytest.mark.parametrize("values", [("Dead", "Withdrawn"), ("Relapsed", "Stable")])
def test_a_column_of_other_words_is_no_status_of_life(values: tuple[str, str], tmp_path: Path):
    rows = [[f"P{n}", "M", "A", "2024-01-15", "", "2024-06-01", value] for n, value in enumerate(values)]
    assert list(of_status(tmp_path, "Remark", rows).tables["patients"].frame["Remark"]) == list(values)


@pytest.mark.parametrize("first", ["2001-01-01", "1-Jan", "Jan-01", "1. Jan"])
def test_ids_that_a_spreadsheet_turned_into_dates_are_refused(first: str, tmp_path: Path):
    rows = [
        [first, "M", "A", "2024-01-15", "", "2024-06-01", ""],
        ["01-13", "F", "A", "2024-01-20", "", "2024-06-01", ""],
    ]
    with pytest.raises(InputError, match=f"row 2, column Subject: found '{first}', expected an id.* as text"):
        of_status(tmp_path, "Remark", rows)


@pytest.mark.parametrize("first", ["01-02-2003", "01-001", "JAN-1", "2024-001", "MAY-0012"])
def test_ids_that_may_look_like_dates_are_ids(first: str, tmp_path: Path):
    rows = [[first, "M", "A", "2024-01-15", "", "2024-06-01", ""]]
    assert list(of_status(tmp_path, "Remark", rows).tables["patients"].frame["patient_id"]) == [first]
