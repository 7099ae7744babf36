# ruff: noqa: E501
"""What a user reads when a clinical table or the rules are wrong: place, what was found, what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from anpi.endpoints.observations import check_rules, observe
from anpi.endpoints.rules import read_rules
from anpi.problems import InputError
from anpi.tables.clinical import read_clinical

PATIENTS = """patient_id,arm,treatment_start_date,death_date,last_alive_date,pfs_days,pfs_event,bor
P1,A,2024-01-01,,2024-07-19,,,
P2,A,2024-01-08,2024-05-20,,85,1,PR
"""
ASSESSMENTS = """patient_id,assessment_date,overall_response,new_lesion,evaluator
P1,2024-02-12,SD,N,investigator
P2,2024-02-19,PD,Y,investigator
"""
LESIONS = """patient_id,assessment_date,lesion_id,kind,node,location,diameter_mm,status
P1,2023-12-20,T1,target,N,liver,50,
P1,2024-02-12,T1,target,N,liver,9.8,
P1,2024-02-12,NT1,nontarget,N,bone,,present
"""
THERAPIES = "patient_id,start_date,name,kind\nP2,2024-03-01,topotecan,chemotherapy\n"
EVENTS = """patient_id,term,soc,grade,start_date,serious
P1,Nausea,Gastrointestinal disorders,2,2024-01-05,N
"""
RULES = "confirmation:\n  minimum_days: 28\n"
FILES = {
    "patients.csv": PATIENTS,
    "assessments.csv": ASSESSMENTS,
    "lesions.csv": LESIONS,
    "therapies.csv": THERAPIES,
    "adverse_events.csv": EVENTS,
    "endpoints.yaml": RULES,
}

# file, what stands there, what is written in its place, what the user reads
WRONG = [
    (
        "patients.csv",
        "P2,A,2024-01-08",
        "P1,A,2024-01-08",
        "patients.csv, row 3, column patient_id: found 'P1', expected each once; it stands in row 2 already",
    ),
    (
        "patients.csv",
        "P1,A",
        "P 1,A",
        "patients.csv, row 2, column patient_id: found 'P 1', expected an id of letters, digits, '.', '_' and '-' that starts with a letter or digit (at most 64)",
    ),
    (
        "patients.csv",
        "P1,A,2024-01-01",
        "P1,,2024-01-01",
        "patients.csv, row 2, column arm: found '', expected the name of the treatment arm",
    ),
    (
        "patients.csv",
        "2024-01-08,2024-05-20",
        "2024-01-08,20/05/2024",
        "patients.csv, row 3, column death_date: found '20/05/2024', expected a date as YYYY-MM-DD. Dates are year-month-day; an unknown day cannot stand here.",
    ),
    (
        "patients.csv",
        "2024-01-08,2024-05-20",
        "2024-01-08,2024-02-30",
        "patients.csv, row 3, column death_date: found '2024-02-30', expected a date as YYYY-MM-DD. Dates are year-month-day; an unknown day cannot stand here.",
    ),
    (
        "patients.csv",
        "2024-01-08,2024-05-20",
        "2024-01-08,2024-05",
        "patients.csv, row 3, column death_date: found '2024-05', expected a date as YYYY-MM-DD. Dates are year-month-day; an unknown day cannot stand here.",
    ),
    (
        "patients.csv",
        "2024-01-08,2024-05-20",
        "2024-01-08,0024-05-20",
        "patients.csv, row 3, column death_date: found '0024-05-20', expected a date as YYYY-MM-DD. Dates are year-month-day; an unknown day cannot stand here.",
    ),
    (
        "patients.csv",
        "2024-01-08,2024-05-20",
        "2024-01-08,2024-01-07",
        "patients.csv, row 3, column death_date: found '2024-01-07', expected a date from the treatment start 2024-01-08 on",
    ),
    (
        "patients.csv",
        "85,1,PR",
        "85,,PR",
        "patients.csv, row 3, column pfs_event: found '', expected a value, as pfs_days has one",
    ),
    (
        "patients.csv",
        "85,1,PR",
        ",1,PR",
        "patients.csv, row 3, column pfs_days: found '', expected a value, as pfs_event has one",
    ),
    (
        "patients.csv",
        "85,1,PR",
        "85,2,PR",
        "patients.csv, row 3, column pfs_event: found '2', expected one of 0, 1",
    ),
    (
        "patients.csv",
        "85,1,PR",
        "-85,1,PR",
        "patients.csv, row 3, column pfs_days: found '-85', expected a number with a decimal point from 0 to 7305",
    ),
    (
        "patients.csv",
        "85,1,PR",
        "85,1,partial",
        "patients.csv, row 3, column bor: found 'partial', expected one of CR, PR, SD, NON-CR/NON-PD, PD, NE. Did you mean PR?",
    ),
    (
        "patients.csv",
        "death_date",
        "Death Date",
        "patients.csv, row 1, column Death Date: misspelt column. Call it death_date.",
    ),
    (
        "patients.csv",
        "arm,",
        "group,",
        "patients.csv, row 1, column arm: the column is missing. Columns found: patient_id, group, treatment_start_date, death_date, last_alive_date, pfs_days, pfs_event, bor.",
    ),
    (
        "patients.csv",
        "patient_id,arm",
        "arm,arm",
        "patients.csv, row 1, column arm: the column stands twice",
    ),
    (
        "patients.csv",
        "2024-01-01,,2024-07-19,,,",
        "2024-01-01,,2024-07-19,,",
        "patients.csv, row 2: found '7 cells', expected 8 as in the header. Quote a cell that holds the separator; remove or fill the odd cells.",
    ),
    (
        "patients.csv",
        ",",
        ";",
        "patients.csv, row 1: found 'patient_id;arm;treatment_start_date;death_date;last_alive_date;pfs_days;pfs_eve…', expected columns separated by commas. A .csv file holds commas, a .tsv file tabs.",
    ),
    (
        "patients.csv",
        "treatment_start_date",
        "start_of_treatment",
        "patients.csv, row 1, column treatment_start_date: the column is empty or missing, expected dates, since assessments.csv has assessment_date. Give study days (columns *_day) in all tables, or dates in all.",
    ),
    (
        "assessments.csv",
        "2024-02-12,SD",
        "2024-02-12,sd",
        "assessments.csv, row 2, column overall_response: found 'sd', expected one of CR, PR, SD, NON-CR/NON-PD, PD, NE. Did you mean SD?",
    ),
    (
        "assessments.csv",
        "2024-02-12,SD",
        "2024-02-12,NON-CR",
        "assessments.csv, row 2, column overall_response: found 'NON-CR', expected one of CR, PR, SD, NON-CR/NON-PD, PD, NE. Did you mean NON-CR/NON-PD?",
    ),
    (
        "assessments.csv",
        "2024-02-12,SD",
        ",SD",
        "assessments.csv, row 2, column assessment_date: found '', expected a date as YYYY-MM-DD",
    ),
    (
        "assessments.csv",
        "2024-02-12,SD",
        "2024-02-12,",
        "assessments.csv, row 2, column overall_response: found '', expected one of CR, PR, SD, NON-CR/NON-PD, PD, NE",
    ),
    (
        "assessments.csv",
        "SD,N,",
        "SD,yes,",
        "assessments.csv, row 2, column new_lesion: found 'yes', expected one of Y, N, E. Did you mean Y?",
    ),
    (
        "assessments.csv",
        "PD,Y,investigator",
        "PD,Y,central",
        "assessments.csv, evaluator: several evaluators, found 'central, investigator', expected one, or evaluator in endpoints.yaml to name the one that counts",
    ),
    (
        "lesions.csv",
        "liver,9.8,",
        'liver,"9,8",',
        "lesions.csv, row 3, column diameter_mm: found '9,8', expected a number with a decimal point from 0 to 500. Write the decimal sign as a point, and no thousands separator.",
    ),
    (
        "lesions.csv",
        "liver,9.8,",
        "liver,9.8 mm,",
        "lesions.csv, row 3, column diameter_mm: found '9.8 mm', expected a number with a decimal point from 0 to 500",
    ),
    (
        "lesions.csv",
        "liver,9.8,",
        "liver,-1,",
        "lesions.csv, row 3, column diameter_mm: found '-1', expected a number with a decimal point from 0 to 500",
    ),
    (
        "lesions.csv",
        "liver,9.8,",
        "liver,980,",
        "lesions.csv, row 3, column diameter_mm: found '980', expected a number with a decimal point from 0 to 500",
    ),
    (
        "lesions.csv",
        "liver,9.8,",
        "liver,9.8,absent",
        "lesions.csv, row 3, column status: found 'absent with 9.8 mm', expected no size, or 0, for an absent lesion",
    ),
    (
        "lesions.csv",
        "2024-02-12,T1,target",
        "2024-02-12,T1,nontarget",
        "lesions.csv, row 3, column kind: found 'nontarget', expected target, as lesion T1 has in row 2",
    ),
    (
        "lesions.csv",
        "NT1,nontarget",
        "NT1,non-target",
        "lesions.csv, row 4, column kind: found 'non-target', expected one of target, nontarget, new. Did you mean nontarget?",
    ),
    (
        "lesions.csv",
        ",,present",
        ",,bigger",
        "lesions.csv, row 4, column status: found 'bigger', expected for a nontarget lesion one of present, absent, progression, not evaluable, no change since last, increased",
    ),
    (
        "therapies.csv",
        "P2,2024-03-01",
        "P2,March 2024",
        "therapies.csv, row 2, column start_date: found 'March 2024', expected a date as YYYY-MM-DD. Dates are year-month-day; an unknown day cannot stand here.",
    ),
    (
        "adverse_events.csv",
        "disorders,2",
        "disorders,6",
        "adverse_events.csv, row 2, column grade: found '6', expected a whole number from 1 to 5",
    ),
    (
        "adverse_events.csv",
        "disorders,2",
        "disorders,severe",
        "adverse_events.csv, row 2, column grade: found 'severe', expected a whole number from 1 to 5",
    ),
    (
        "adverse_events.csv",
        "grade,",
        "AETOXGR,",
        "adverse_events.csv, row 1, column grade: the column is missing. Columns found: patient_id, term, soc, AETOXGR, start_date, serious.",
    ),
    (
        "adverse_events.csv",
        "start_date",
        "start_date,start_day",
        "adverse_events.csv, row 2: found '6 cells', expected 7 as in the header. Quote a cell that holds the separator; remove or fill the odd cells.",
    ),
    (
        "endpoints.yaml",
        "minimum_days",
        "minimum_day",
        "endpoints.yaml, confirmation.minimum_day: unknown key. Did you mean minimum_days?",
    ),
    (
        "endpoints.yaml",
        "confirmation:",
        "close_assessments: apart\nconfirmation:",
        "endpoints.yaml, close_assessments: unknown key. It stands below scans.",
    ),
    (
        "lesions.csv",
        "assessment_date",
        "Week 6",
        "lesions.csv, row 1, column assessment_date: the column is missing. Columns found: patient_id, Week 6, lesion_id, kind, node, location, diameter_mm, status. With a column a visit (Baseline, Week 6), let scripts/init_trial.py make rows of them: docs/init.md.",
    ),
    (
        "endpoints.yaml",
        "28",
        "four weeks",
        "endpoints.yaml, confirmation.minimum_days: found 'four weeks', expected a whole number from 0 to 3650",
    ),
    (
        "endpoints.yaml",
        "28",
        "-1",
        "endpoints.yaml, confirmation.minimum_days: found '-1', expected a whole number from 0 to 3650",
    ),
    (
        "endpoints.yaml",
        "confirmation:",
        "data_cutoff: 2024-13-01\nconfirmation:",
        "endpoints.yaml: a value cannot be: month must be in 1..12",
    ),
    (
        "endpoints.yaml",
        "confirmation:",
        "data_cutoff: end of May\nconfirmation:",
        "endpoints.yaml, data_cutoff: found 'end of May', expected a date as YYYY-MM-DD or null",
    ),
    (
        "endpoints.yaml",
        "confirmation:",
        "progression: {primary: both}\nconfirmation:",
        "endpoints.yaml, progression.primary: found 'both', expected one of fda, ema",
    ),
    (
        "endpoints.yaml",
        "confirmation:",
        "evaluator: central\nconfirmation:",
        "assessments.csv, evaluator: found 'investigator', expected central, the evaluator of endpoints.yaml",
    ),
    (
        "endpoints.yaml",
        "  minimum_days: 28",
        " - 28",
        "endpoints.yaml, confirmation: found '[28]', expected a block of keys",
    ),
]


def faults(folder: Path, file: str, old: str, new: str) -> list[str]:
    """Write the tables with one change and give what is said about them, file names without their folder."""
    for name, text in FILES.items():
        (folder / name).write_text(
            text.replace(old, new, -1 if old in (",", "death_date") else 1) if name == file else text
        )
    try:
        rules = read_rules(folder / "endpoints.yaml")
        tables = [name.removesuffix(".csv") for name in FILES if name.endswith(".csv")]
        check_rules(read_clinical({table: folder / f"{table}.csv" for table in tables}), rules)
    except InputError as error:
        return [str(problem).replace(f"{folder}/", "") for problem in error.problems]
    return []


@pytest.mark.parametrize(("file", "old", "new", "message"), WRONG, ids=[f"{w[0]}-{w[2]}" for w in WRONG])
def test_message_of_one_fault(file, old, new, message, tmp_path, tells):
    assert old in FILES[file]
    assert faults(tmp_path, file, old, new) == [message]
    tells(f"{old} is written {new}", [message])


@pytest.mark.parametrize("arms", [("Y", "N"), ("yes", "yes")])
@pytest.mark.parametrize("column", ["arm", "arm_received"])
def test_answers_are_no_arms(tmp_path, column, arms, tells):
    """The column was exchanged with one of yes and no; arms X and Y are arms."""
    other = "" if column == "arm" else "arm,"
    text = f"patient_id,{other}{column}\n" + "".join(f"P{n},{other and 'A,'}{{}}\n" for n in (1, 2))
    (tmp_path / "patients.csv").write_text(text.format("X", "Y"))
    read_clinical({"patients": tmp_path / "patients.csv"})
    (tmp_path / "patients.csv").write_text(text.format(*arms))
    with pytest.raises(InputError) as refused:
        read_clinical({"patients": tmp_path / "patients.csv"})
    (problem,) = [str(problem).replace(f"{tmp_path}/", "") for problem in refused.value.problems]
    expected = "names of treatment arms; all of this column are answers of yes or no"
    assert problem == f"patients.csv, row 2, column {column}: found '{arms[0]}', expected {expected}"
    tells(f"the arms of column {column} are {arms[0]} and {arms[1]}", [problem])


def test_right_inputs_have_no_fault(tmp_path):
    assert faults(tmp_path, "patients.csv", "A", "A") == []


def test_all_faults_of_all_files_in_one_go(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "patients.csv").write_text(PATIENTS.replace("PR", "partial").replace("2024-05-20", "2023-05-20"))
    (tmp_path / "assessments.csv").write_text(ASSESSMENTS.replace("SD", "sd").replace("PD", "pd"))
    (tmp_path / "adverse_events.csv").write_text(EVENTS.replace("disorders,2", "disorders,7"))
    with pytest.raises(InputError) as caught:
        read_clinical({name: tmp_path / f"{name}.csv" for name in ("patients", "assessments", "adverse_events")})
    files = [Path(problem.file).name for problem in caught.value.problems]
    # A response that is no word does not hide the death before treatment in the row.
    assert files == ["patients.csv", "assessments.csv", "assessments.csv", "adverse_events.csv", "patients.csv"]
    assert [problem.column for problem in caught.value.problems if "patients" in problem.file] == ["bor", "death_date"]


def test_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="file not found"):
        read_clinical({"patients": tmp_path / "patients.csv"})


def test_cutoff_by_date_does_not_apply_to_study_days(tmp_path):
    (tmp_path / "patients.csv").write_text("patient_id,arm,last_alive_day\nP1,A,200\n")
    (tmp_path / "assessments.csv").write_text("patient_id,assessment_day,overall_response\nP1,43,SD\n")
    (tmp_path / "endpoints.yaml").write_text("data_cutoff: 2024-05-01\n")
    clinical = read_clinical({name: tmp_path / f"{name}.csv" for name in ("patients", "assessments")})
    for use in (check_rules, observe):
        with pytest.raises(InputError, match="cutoff_day"):
            use(clinical, read_rules(tmp_path / "endpoints.yaml"))


def test_table_without_patients(tmp_path):
    (tmp_path / "patients.csv").write_text("patient_id,arm,treatment_start_date\n")
    with pytest.raises(InputError, match="the table has no patient, expected one row per patient"):
        read_clinical({"patients": tmp_path / "patients.csv"})


@pytest.mark.parametrize("column", ["arm", "arm_received"])
def test_truth_values_are_no_arms(tmp_path, column, tells):
    other = "" if column == "arm" else "arm,"
    rows = "".join(f"P{n},{other and 'A,'}{value}\n" for n, value in enumerate(("TRUE", "false"), start=1))
    (tmp_path / "patients.csv").write_text(f"patient_id,{other}{column}\n{rows}")
    with pytest.raises(InputError) as refused:
        read_clinical({"patients": tmp_path / "patients.csv"})
    found = [str(problem).replace(f"{tmp_path}/", "") for problem in refused.value.problems]
    expected = "expected a name, not a truth value of a spreadsheet"
    assert found == [
        f"patients.csv, row {row}, column {column}: found '{value}', {expected}"
        for row, value in ((2, "TRUE"), (3, "false"))
    ]
    tells(f"the arms of column {column} are TRUE and false", found)
