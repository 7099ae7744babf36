"""biomarkers.csv: what cannot be compared or contradicts itself is refused, with its place and a mend."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from anpi.problems import InputError
from anpi.tables.biomarkers import is_numeric, nearly_scale, scale_of, strange_samples
from anpi.tables.clinical import read_clinical
from anpi.tables.reading import read_table

HEADER = "patient_id,sample_id,marker,value,unit,method,date\n"
GOOD = "P1,,LDH,210,U/L,photometry,2024-01-02\nP2,,LDH,480,U/L,photometry,2024-01-05\nP1,,LDH,0,U/L,,2024-02-02\n"
WRONG = {
    "a second unit of a marker": (
        "P2,,LDH,3.5,ukat/L,photometry,2024-03-02",
        "biomarkers.csv, row 5, column unit: found 'ukat/L', expected U/L, as LDH has in row 2. Bring the values to "
        "one unit, or give the marker another name.",
    ),
    "a second method of a marker": (
        "P2,,LDH,350,U/L,strip,2024-03-02",
        "biomarkers.csv, row 5, column method: found 'strip', expected photometry, as LDH has in row 2. Bring the "
        "values to one method, or give the marker another name.",
    ),
    "a word among the numbers of a marker": (
        "P2,,LDH,<5,U/L,photometry,2024-03-02",
        "biomarkers.csv, row 5, column value: found '<5', expected a number, as other values of LDH. Write 0 for what "
        "was looked for and not found; leave out what was not measured.",
    ),
    "a number with a decimal comma": (
        'P2,,NSE,"12,5",,,2024-03-02\nP1,,NSE,18.25,,,2024-03-02\nP2,,NSE,20,,,2024-04-02',
        "biomarkers.csv, row 5, column value: found '12,5', expected a number with a decimal point. Write a point in "
        "place of the comma.",
    ),
    "two values of a marker on one day": (
        "P2,,LDH,481,U/L,photometry,2024-01-05",
        "biomarkers.csv, row 5, column value: found '481', expected 480, as in row 3 of the same patient, marker and "
        "day, or another day",
    ),
    "a number for the name of a marker": (
        "P2,,210,LDH,,,2024-03-02",
        "biomarkers.csv, row 5, column marker: found '210', expected the name of a marker, which has a letter",
    ),
    "a word for not known": (
        "P2,,KRAS,unknown,,,2024-03-02\nP1,,KRAS,mutated,,,2024-03-02",
        "biomarkers.csv, row 5, column value: found 'unknown', expected a result. Leave out what was not measured.",
    ),
    "a word beside the scale of a marker": (
        "".join(f"P{n % 2 + 1},,DLL3,{n % 4}{'+' * (n % 4 > 0)},,,2024-03-{n + 1:02}\n" for n in range(12))
        + "P1,,DLL3,2 plus,,,2024-04-02",
        "biomarkers.csv, row 17, column value: found '2 plus', expected one of 0, 1+, 2+, 3+, as other values of DLL3",
    ),
    "a word of a marker in another case": (
        "P2,,KRAS,mutated,,,2024-03-02\nP1,,KRAS,mutated,,,2024-03-02\nP1,,KRAS,MUTATED,,,2024-04-02",
        "biomarkers.csv, row 7, column value: found 'MUTATED', expected mutated, as other values of KRAS",
    ),
    "a marker in two spellings": (
        "P2,,Ldh,481,U/L,photometry,2024-02-05",
        "biomarkers.csv, row 5, column marker: found 'Ldh', expected the name of row 2, or one unlike it in more than "
        "case and look",
    ),
}


def write(folder: Path, rows: str) -> dict[str, Path]:
    (folder / "patients.csv").write_text(
        "patient_id,arm,sex,age,treatment_start_date\nP1,A,F,60,2024-01-03\nP2,A,M,61,2024-01-06\n"
    )
    (folder / "biomarkers.csv").write_text(HEADER + rows)
    return {table: folder / f"{table}.csv" for table in ("patients", "biomarkers")}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_cannot_be_compared_is_refused(tells, tmp_path: Path, wrong: str):
    row, words = WRONG[wrong]
    with pytest.raises(InputError) as error:
        read_clinical(write(tmp_path, GOOD + row + "\n"))
    (message,) = (str(problem).replace(f"{tmp_path}/", "") for problem in error.value.problems)
    assert message.rstrip(".") == words.rstrip(".")
    tells(f"biomarkers.csv: {wrong}", [message])


def test_digits_of_full_width_are_digits(tmp_path: Path):
    assert (
        read_clinical(write(tmp_path, GOOD + "P2,,LDH,\uff14\uff10,U/L,,2024-03-02\n")).biomarkers["value"][3] == "40"
    )


def test_a_good_table_is_read_by_days_too(tmp_path: Path):
    assert len(read_clinical(write(tmp_path, GOOD)).biomarkers) == 3
    days = write(tmp_path, "")
    days["patients"].write_text("patient_id,arm,sex,age\nP1,A,F,60\n")
    days["biomarkers"].write_text("patient_id,marker,value,day\nP1,LDH,200,-3\n")
    table = read_clinical(days).biomarkers
    assert table["day"].tolist() == [-3]
    assert "date" not in table


def test_a_measurement_of_an_unknown_patient_is_asked_about(tmp_path: Path):
    clinical = read_clinical(write(tmp_path, GOOD + "P9,,LDH,300,U/L,,2024-02-01\n"))
    assert len(clinical.biomarkers) == 3
    assert [(query.patient_id, query.rule) for query in clinical.queries] == [("P9", "subject_without_patient")]


def test_numbers_scales_and_groups_are_told_apart():
    assert is_numeric(pd.Series(["1", "2.5", "0"]))
    assert scale_of(pd.Series(["0", "1+", "3+", None])) == ("0", "1+", "2+", "3+")
    assert not is_numeric(pd.Series(["0", "1+", "0", "0"]))
    assert not is_numeric(pd.Series(["1e400", "nan", "inf"]))
    assert scale_of(pd.Series(["High", "low"])) == ("absent", "low", "intermediate", "high")
    assert scale_of(pd.Series(["mutated", "wild type"])) is None
    assert scale_of(pd.Series(["0", "1", "2"])) is None
    assert nearly_scale(pd.Series(["negative"] * 19 + ["positive"])) is None


def test_samples_of_others_are_refused(tmp_path: Path):
    files = write(tmp_path, "P1,S1,TMB,7,,,2024-01-02\nP1,S2,PD-L1,40,,,2024-01-02\nP2,S9,TMB,8,,,2024-01-02\n")
    samples = pd.DataFrame({"sample_id": ["S1", "S2"], "patient_id": ["P1", "P2"]})
    problems = list(strange_samples(read_table(files["biomarkers"], "biomarkers"), samples, "biomarkers.csv"))
    assert [(problem.row, problem.found) for problem in problems] == [(3, "S2"), (4, "S9")]


def test_a_marker_whose_numbers_all_have_a_decimal_comma_is_no_marker_of_words(tmp_path: Path):
    rows = "".join(f'P{n % 2 + 1},,NSE,"1{n},5",,,2024-03-{n:02}\n' for n in range(1, 9))
    with pytest.raises(InputError) as error:
        read_clinical(write(tmp_path, GOOD + rows))
    assert len(error.value.problems) == 8
    assert all("expected a number with a decimal point" in str(problem) for problem in error.value.problems)
