"""Sheets of lesions with a column a visit become a row a lesion and scan; what they leave open is asked."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from unit.delivery.delivery_files import write_csv, write_workbook
from unit.delivery.test_init_trial import CUTOFF, HEADER, P1, P2, asked, column, proposed

from anpi.check import check_run
from anpi.delivery.trial import Proposal, write_trial
from anpi.problems import InputError

Rows = Sequence[Sequence[object]]
COLUMNS = ("patient_id", "lesion_id", "kind", "location", "assessment_date", "visit", "diameter_mm", "status")
FIXED = ["Patient", "Lesion", "Type", "Organ"]
# The truth of all layouts below, in the order of the sheet's rows and visits.
LONG = [
    ("P001", "T1", "target", "liver", "2024-01-10", "Baseline", "32", None),
    ("P001", "T1", "target", "liver", "2024-02-21", "Week 6", "30", None),
    ("P001", "N1", "nontarget", "lung", "2024-01-10", "Baseline", None, "present"),
    ("P001", "N1", "nontarget", "lung", "2024-02-21", "Week 6", None, "absent"),
    ("P002", "T1", "target", "node", "2024-01-16", "Baseline", "41", None),
]
BY_PATIENT = [
    [*FIXED, "Baseline", "Week 6"],
    ["P001", "Date", None, None, "10/01/2024", "21/02/2024"],
    [None, "T1", "Target", "liver", 32, 30],
    [None, "N1", "Non-target", "lung", "present", "absent"],
    ["P002", "Scan date", None, None, "16/01/2024", None],
    [None, "T1", "Target", "node", 41, None],
]
PAIRED = [
    [*FIXED, "Baseline date", "Baseline (mm)", "Week 6 date", "Week 6 (mm)"],
    ["P001", "T1", "Target", "liver", "2024-01-10", 32, "2024-02-21", 30],
    ["P001", "N1", "Non-target", "lung", "2024-01-10", "present", "2024-02-21", "absent"],
    ["P002", "T1", "Target", "node", "2024-01-16", 41, None, None],
]
ABOVE = "book.xlsx#RECIST, Patient: rows without a patient"


def delivered(folder: Path, rows: Rows) -> list[Path]:
    return [write_workbook(folder / "book.xlsx", {"Patients": [HEADER, P1, P2], "RECIST": rows})]


def lesions(proposal: Proposal, columns: Sequence[str] = COLUMNS) -> list[tuple[object, ...]]:
    frame = proposal.tables["lesions"].frame
    return list(zip(*(frame[c] if c in frame else [None] * len(frame) for c in columns), strict=True))


def test_dates_of_each_patient_above_its_lesions(tmp_path: Path):
    files = delivered(tmp_path, BY_PATIENT)
    assert asked(proposed(files)) == {ABOVE}
    done = proposed(files, {ABOVE: "as_above"} | CUTOFF)
    assert asked(done) == set()
    assert lesions(done) == LONG
    write_trial(tmp_path / "config", done, check_run)


def test_dates_beside_the_sizes(tmp_path: Path):
    done = proposed(delivered(tmp_path, PAIRED))
    assert asked(done) == set()
    assert lesions(done) == LONG


def test_one_row_of_dates_below_the_header_is_of_all_patients(tmp_path: Path):
    body = [[None, None, None, None, datetime(2024, 1, 10), datetime(2024, 2, 21)], *BY_PATIENT[2:4]]
    body[1] = ["P001", *body[1][1:]]
    body[2] = ["P001", *body[2][1:]]
    done = proposed(delivered(tmp_path, [BY_PATIENT[0], *body]))
    assert asked(done) == set()
    assert lesions(done) == LONG[:4]


def test_dates_as_headers(tmp_path: Path):
    rows = [[*FIXED, "10/01/2024", "09/02/2024"], ["P001", "T1", "Target", "liver", 32, 30]]
    files = delivered(tmp_path, rows)
    question = "book.xlsx#RECIST, visits: order of day and month"
    assert asked(proposed(files)) == {question}
    done = proposed(files, {question: "day_first"})
    assert column(done, "lesions", "assessment_date") == ["2024-01-10", "2024-02-09"]
    assert "visit" not in done.tables["lesions"].frame
    told = {(row.row, row.column): (row.was, row.became) for row in done.conversions.rows if row.became[:4] == "2024"}
    assert told == {(None, n): (n, d) for n, d in (("10/01/2024", "2024-01-10"), ("09/02/2024", "2024-02-09"))}


def test_each_change_has_the_place_of_its_cell(tmp_path: Path):
    done = proposed(delivered(tmp_path, BY_PATIENT), {ABOVE: "as_above"})
    cells = {(row.row, row.column): (row.was, row.became) for row in done.conversions.rows if row.sheet == "RECIST"}
    assert cells[2, "Baseline"] == ("10/01/2024", "2024-01-10")
    assert cells[4, "Type"] == ("Non-target", "nontarget")
    assert cells[None, "Week 6"] == ("column", "rows")
    assert done.tables["lesions"].origins == [(f"{tmp_path}/book.xlsx#RECIST", row) for row in (3, 3, 4, 4, 6)]


def test_sizes_without_a_date_are_asked_about(tmp_path: Path):
    rows = [[*FIXED, "Baseline", "Week 6"], ["P001", "T1", "Target", "liver", 32, 30]]
    files = delivered(tmp_path, rows)
    names = [f"book.xlsx#RECIST, visits: dates, P001, {visit}" for visit in ("Baseline", "Week 6")]
    assert asked(proposed(files)) == set(names)
    done = proposed(files, dict(zip(names, ("2024-01-10", "leave_out"), strict=True)))
    assert asked(done) == set()
    assert lesions(done) == LONG[:1]
    assert (2, "Week 6", "30", "") in {(row.row, row.column, row.was, row.became) for row in done.conversions.rows}


def test_a_date_that_is_none_among_the_answers_is_refused(tmp_path: Path, tells):
    rows = [[*FIXED, "Baseline"], ["P001", "T1", "Target", "liver", 32]]
    question = "book.xlsx#RECIST, visits: dates, P001, Baseline"
    with pytest.raises(InputError) as refused:
        proposed(delivered(tmp_path, rows), {question: "10/01/2024"})
    assert "expected a date as YYYY-MM-DD, or leave_out" in str(refused.value)
    tells("an answer that is no date, of a visit without one", map(str, refused.value.problems))


def test_a_column_of_numbers_under_another_name_is_asked_about(tmp_path: Path):
    rows = [[*PAIRED[0], "Nadir"], [*PAIRED[1], 30], [*PAIRED[2], None], [*PAIRED[3], 41]]
    question = "book.xlsx#RECIST, Nadir: a visit"
    assert asked(proposed(delivered(tmp_path, rows))) == {question}
    done = proposed(delivered(tmp_path, rows), {question: "extra"})
    assert lesions(done) == LONG
    assert column(done, "lesions", "Nadir") == ["30", "30", None, None, "41"]


def test_rows_of_sums_are_asked_about(tmp_path: Path):
    rows = [*BY_PATIENT, ["P002", "Sum of diameters", None, None, 41, None]]
    question = "book.xlsx#RECIST: rows of sums and responses"
    assert asked(proposed(delivered(tmp_path, rows))) == {ABOVE, question}
    done = proposed(delivered(tmp_path, rows), {ABOVE: "as_above", question: "leave_out"})
    assert lesions(done) == LONG
    assert "left out: no lesion, as answered" in {row.why for row in done.conversions.rows if row.row == 7}


def test_words_of_no_state_are_asked_about_once(tmp_path: Path):
    rows = [*PAIRED[:1], [*PAIRED[1][:-1], "<5"], PAIRED[2], PAIRED[3]]
    question = "book.xlsx#RECIST, visits: values, <5"
    assert asked(proposed(delivered(tmp_path, rows))) == {question}
    for answer, told in (("5", ("5", None)), ("too small", (None, "too small"))):
        done = proposed(delivered(tmp_path, rows), {question: answer})
        assert lesions(done, ("diameter_mm", "status"))[1] == told


def test_centimetres_and_decimal_commas(tmp_path: Path):
    rows = [[*FIXED, "Baseline date", "Baseline (cm)"], ["P001", "T1", "Target", "liver", "2024-01-10", "3,2"]]
    assert column(proposed(delivered(tmp_path, rows)), "lesions", "diameter_mm") == ["32"]
    rows[0][-1] = "Baseline"
    question = "book.xlsx#RECIST, visits: unit"
    assert asked(proposed(delivered(tmp_path, rows))) == {question}
    assert column(proposed(delivered(tmp_path, rows), {question: "cm"}), "lesions", "diameter_mm") == ["32"]


def test_lesions_without_a_kind_are_asked_about(tmp_path: Path):
    rows = [[cell for place, cell in enumerate(row) if place != 2] for row in PAIRED]
    rows[2][1] = "NT1"
    question = "lesions: kind"
    files = delivered(tmp_path, rows)
    assert asked(proposed(files)) == {question}
    assert proposed(files).decisions.open[question].choices == ("target", "nontarget", "by_id")
    kinds = column(proposed(files, {question: "by_id"}), "lesions", "kind")
    assert kinds == ["target", "target", "nontarget", "nontarget", "target"]


def test_a_share_is_no_diameter(tmp_path: Path):
    people = write_csv(tmp_path / "patients.csv", [HEADER, P1])
    sizes = [["Patient", "Date", "Lesion", "Type", "Size (mm)"], ["P001", "2024-01-10", "T1", "target", "-12%"]]
    assert asked(proposed([people, write_csv(tmp_path / "l.csv", sizes)])) == {"l.csv, Size (mm): values, -12%"}


def test_a_long_sheet_stays_one(tmp_path: Path):
    """A size at baseline beside the size of the scan is no visit."""
    rows = [[*FIXED, "Date", "Size (mm)", "Baseline"], ["P001", "T1", "Target", "liver", "2024-02-21", 30, 32]]
    done = proposed(delivered(tmp_path, rows))
    assert lesions(done, ("assessment_date", "diameter_mm", "Baseline")) == [("2024-02-21", "30", "32")]


def test_two_rows_of_dates_of_a_patient_are_refused(tmp_path: Path, tells):
    rows = [*BY_PATIENT, ["P001", "Date", None, None, "11/01/2024", None]]
    with pytest.raises(InputError) as refused:
        proposed(delivered(tmp_path, rows), {ABOVE: "as_above"})
    assert "row 7, column Baseline: found '11/01/2024'" in str(refused.value)
    tells("two rows of dates of a patient on a sheet with a column a visit", map(str, refused.value.problems))


def test_columns_in_two_units_also_in_the_next_delivery(tmp_path: Path):
    rows: list[list[object]] = [
        [*FIXED, "Baseline date", "Baseline (mm)", "Week 6 date", "Week 6 (cm)"],
        ["P001", "T1", "Target", "liver", "2024-01-10", 32, "2024-02-21", "3.0"],
    ]
    first = proposed(delivered(tmp_path, rows))
    assert column(first, "lesions", "diameter_mm") == ["32", "30"]
    grown = [[*rows[0], "Week 12 date", "Week 12"], [*rows[1], "2024-04-03", 28]]
    answers = first.decisions.made
    question = "book.xlsx#RECIST, visits: unit"
    assert asked(proposed(delivered(tmp_path, grown), answers)) == {question}
    assert column(proposed(delivered(tmp_path, grown), answers | {question: "mm"}), "lesions", "diameter_mm") == [
        *("32", "30", "28")
    ]


Size = tuple[str, str, str, str, str | None, str | None]  # patient, lesion, date, visit, diameter, state


def drawn(rng: random.Random) -> list[Size]:
    """Draw the sizes of two patients, with lesions and scans that lack."""
    sizes: list[Size] = []
    for patient in ("P001", "P002"):
        days = [date(2024, 1, 1) + timedelta(rng.randrange(10) + 42 * n) for n in range(rng.randrange(1, 5))]
        for lesion in range(1, rng.randrange(2, 5)):
            for number, day in enumerate(days):
                if rng.random() < 0.8:
                    told = (str(rng.randrange(31, 90)), None) if rng.random() < 0.7 else (None, "too small")
                    visit = "Baseline" if number == 0 else f"Week {6 * number}"
                    sizes.append((patient, f"T{lesion}", day.isoformat(), visit, *told))
    return sizes


def wide_rows(sizes: Sequence[Size], paired: bool) -> Rows:
    """Write sizes in a column a visit, with dates beside them or in a row above those of a patient."""
    visits = [visit for visit in ("Baseline", *(f"Week {n}" for n in (6, 12, 18))) if visit in {s[3] for s in sizes}]
    day_of = {(size[0], size[3]): size[2] for size in sizes}
    cell_of = {(size[0], size[1], size[3]): size[4] or size[5] for size in sizes}
    rows: list[list[object]] = [["Patient", "Lesion", "Type"]]
    rows[0] += [name for visit in visits for name in ([f"{visit} date", visit] if paired else [visit])]
    for patient in dict.fromkeys(size[0] for size in sizes):
        if not paired:
            rows.append([patient, "Date", None, *(day_of.get((patient, visit)) for visit in visits)])
        for lesion in dict.fromkeys(size[1] for size in sizes if size[0] == patient):
            cells = [(day_of.get((patient, visit)), cell_of.get((patient, lesion, visit))) for visit in visits]
            rows.append([patient, lesion, "target", *(c for pair in cells for c in (pair if paired else pair[1:]))])
    return rows


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("paired", [True, False], ids=["dates beside", "dates above"])
def test_any_sizes_come_back(seed: int, paired: bool, tmp_path: Path):
    sizes = drawn(random.Random(seed))
    people = write_csv(tmp_path / "patients.csv", [HEADER, P1, P2])
    files = [people, write_csv(tmp_path / "lesions.csv", wide_rows(sizes, paired))]
    done = proposed(files)
    assert asked(done) == set()
    columns = ("patient_id", "lesion_id", "assessment_date", "visit", "diameter_mm", "status")
    assert lesions(done, columns) == sizes
