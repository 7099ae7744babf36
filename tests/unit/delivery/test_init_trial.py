"""A delivery becomes a trial: what is asked, what is converted, what the next delivery needs not ask."""

from __future__ import annotations

import csv
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pyreadstat
import pytest
import yaml
from unit.delivery.delivery_files import PATIENTS, SHEETS, write_csv, write_reads, write_workbook
from warm import python

from anpi.check import check_run
from anpi.delivery.decisions import Decisions, read_answers
from anpi.delivery.trial import Proposal, propose, settle, write_trial
from anpi.problems import InputError

ROOT = Path(__file__).resolve().parents[3]
HEADER = ["patient_id", "arm", "sex", "age", "treatment_start_date"]
P1, P2 = ["P001", "Arm A", "F", "61", "2024-01-15"], ["P002", "Arm B", "M", "70", "2024-01-20"]
CUTOFF = {"endpoints: data cut-off": "2024-06-30"}


def proposed(clinical: Sequence[Path], answers: Mapping[str, str] | None = None, reads: Path | None = None) -> Proposal:
    return propose(reads, clinical, Decisions(dict(answers or {})))


def asked(proposal: Proposal) -> set[str]:
    """Return the questions that are open, but the one that every delivery with dates has."""
    return set(proposal.decisions.open) - set(CUTOFF)


def rows(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ","))


def patients(folder: Path, *changes: tuple[str, Sequence[object]], name: str = "patients.csv") -> Path:
    """Write patients with columns put in place of others, or added."""
    header, body = list(HEADER), [list(P1), list(P2)]
    for column, values in changes:
        old, _, new = column.partition(" as ")
        place = header.index(old) if old in header else len(header)
        header[place : place + 1] = [new or old]
        for row, value in zip(body, values, strict=True):
            row[place : place + 1] = [value]  # type: ignore[list-item]
    return write_csv(folder / name, [header, *body])


def column(proposal: Proposal, table: str, name: str) -> list[object]:
    return list(proposal.tables[table].frame[name])


# What is open, for each kind of mess: the input, the questions, an answer to each, and what then stands in the table.
MESSES = {
    "order of day and month": (
        ("treatment_start_date as Start of treatment", ["01/02/2024", "05/03/2024"]),
        {"patients.csv, Start of treatment: order of day and month": "month_first"},
        ("treatment_start_date", ["2024-01-02", "2024-05-03"]),
    ),
    "arms that differ in case": (
        ("arm", ["Arm A", "arm a"]),
        {"patients.csv, arm: Arm A or arm a": "Arm A"},
        ("arm", ["Arm A", "Arm A"]),
    ),
    "a unit of survival": (
        ("OS", ["10.5", "3"]),
        {"patients.csv, OS: unit": "weeks"},
        ("os_days", ["73.5", "21"]),
    ),
    "a comma before three digits": (
        ("LDH", ['"1,250"', '"2,300"']),
        {"patients.csv, LDH: decimal sign": "point"},
        ("ldh", ["1250", "2300"]),
    ),
    "codes of a sex": (
        ("sex as Gender", ["1", "2"]),
        {"patients.csv, Gender: values, 1": "M", "patients.csv, Gender: values, 2": "F"},
        ("sex", ["M", "F"]),
    ),
    "a partial date": (
        ("Date of last contact", ["2024-05", "2024-06-01"]),
        {"patients.csv, Date of last contact: partial dates": "first_day"},
        ("last_alive_date", ["2024-05-01", "2024-06-01"]),
    ),
    "the number of a day as Excel counts": (
        ("treatment_start_date as First dose", ["45306", "45311"]),
        {"patients.csv, First dose: serials": "excel_1900"},
        ("treatment_start_date", ["2024-01-15", "2024-01-20"]),
    ),
    "a death without a date": (
        ("Date of death", ["unknown", "n/a"]),
        {"patients.csv, Date of death: values, unknown": "2024-05-31"},
        ("death_date", ["2024-05-31", None]),
    ),
    "months in place of dates": (
        ("Last contact (months)", ["1.5", "3"]),
        {},
        ("last_alive_day", ["47", "92"]),
    ),
    "dates that a spreadsheet turned": (
        ("Date of last contact", ["2024-05-03", "14/03/2024"]),
        {"patients.csv, Date of last contact: dates of a spreadsheet": "day_and_month_exchanged"},
        ("last_alive_date", ["2024-03-05", "2024-03-14"]),
    ),
    "a start under a name that no table has": (
        ("treatment_start_date as Begin", ["2024-01-15", "2024-01-20"]),
        {"patients.csv, Begin: column of patients": "treatment_start_date"},
        ("treatment_start_date", ["2024-01-15", "2024-01-20"]),
    ),
    "a misspelt column": (
        ("liver_mets as Liver_metz", ["Y", "N"]),
        {"patients.csv, Liver_metz: column of patients": "liver_mets"},
        ("liver_mets", ["Y", "N"]),
    ),
}


@pytest.mark.parametrize("mess", MESSES)
def test_what_is_open_is_asked_and_the_answer_taken(mess: str, tmp_path: Path):
    change, answers, (name, values) = MESSES[mess]
    file = patients(tmp_path, change)
    assert asked(proposed([file])) == set(answers)
    done = proposed([file], answers | CUTOFF)
    assert asked(done) == set()
    assert column(done, "patients", name) == values


def test_a_status_of_two_codes_is_asked_about(tmp_path: Path):
    file = patients(tmp_path, ("os_days", ["100", "200"]), ("OS status", ["0", "1"]))
    question = "patients.csv, OS status: coding"
    assert asked(proposed([file])) == {question}
    done = proposed([file], CUTOFF | {question: "1_is_censored"})
    assert column(done, "patients", "os_event") == ["1", "0"]


def test_a_column_that_may_be_two_things_is_asked_about(tmp_path: Path):
    extra = (("Start of treatment", ["2024-01-15", "2024-01-20"]), ("First dose", ["2024-01-16", "2024-01-21"]))
    file = patients(tmp_path, ("treatment_start_date as Start of treatment", extra[0][1]), extra[1])
    question = "patients.csv: treatment_start_date of patients"
    assert asked(proposed([file])) == {question}
    done = proposed([file], {question: "First dose"} | CUTOFF)
    assert column(done, "patients", "treatment_start_date") == extra[1][1]
    assert any("First dose is taken" in line for line in done.said)


def test_days_after_the_twelfth_tell_the_order(tmp_path: Path):
    start = ("treatment_start_date", ["01/02/2024", "13/02/2024"])
    assert asked(proposed([patients(tmp_path, start)])) == set()
    other = ("Last contact", ["01/03/2024", "02/03/2024"])  # told by the column beside it
    done = proposed([patients(tmp_path, start, other)])
    assert asked(done) == set()
    assert column(done, "patients", "last_alive_date") == ["2024-03-01", "2024-03-02"]


def test_both_orders_in_one_column_are_refused(tmp_path: Path, tells):
    file = patients(tmp_path, ("treatment_start_date", ["13/02/2024", "02/13/2024"]))
    with pytest.raises(InputError) as refused:
        proposed([file])
    assert "row 2, column treatment_start_date" in str(refused.value)
    tells("dates with the day first and with the month first in one column", map(str, refused.value.problems))


def test_an_answer_that_the_files_contradict_is_refused(tmp_path: Path, tells):
    file = patients(tmp_path, ("treatment_start_date", ["01/02/2024", "13/02/2024"]))
    question = "patients.csv, treatment_start_date: order of day and month"
    with pytest.raises(InputError) as refused:
        proposed([file], {question: "month_first"})
    assert "contradicts the files" in str(refused.value)
    tells("an answer that the dates contradict", map(str, refused.value.problems))


def test_an_answer_that_is_no_choice_is_refused(tmp_path: Path, tells):
    file = patients(tmp_path, ("OS", ["10.5", "3"]))
    with pytest.raises(InputError) as refused:
        proposed([file], {"patients.csv, OS: unit": "month"})
    assert "Did you mean months?" in str(refused.value)
    tells("an answer that is none of the choices", map(str, refused.value.problems))


def test_columns_that_identify_a_person_are_left_out_and_not_shown(tmp_path: Path):
    file = patients(tmp_path, ("Surname", ["Featherstonehaugh", "Okonkwo"]), ("DOB", ["1960-01-01", "1955-02-03"]))
    done = proposed([file])
    assert not {"Surname", "DOB"} & set(done.tables["patients"].frame)
    told = "\n".join([*done.said, *(str(row) for row in done.conversions.rows)])
    assert "left out: looks like a direct identifier" in told
    assert not any(value in told for value in ("Featherstonehaugh", "Okonkwo", "1960", "1955"))


def test_ids_that_lost_their_zeros_are_asked_about(tmp_path: Path):
    people = write_csv(tmp_path / "patients.csv", [HEADER, ["001", *P1[1:]], ["002", *P2[1:]]])
    scans = write_csv(tmp_path / "scans.csv", [["Patient", "Scan date", "Response"], [1, "2024-02-20", "SD"]])
    question = "scans.csv, Patient: ids"
    assert asked(proposed([people, scans])) == {question}
    assert column(proposed([people, scans], {question: "yes"}), "assessments", "patient_id") == ["001"]
    assert column(proposed([people, scans], {question: "no"}), "assessments", "patient_id") == ["1"]


def test_answers_are_read_as_they_were_typed(tmp_path: Path):
    (tmp_path / "answers.yaml").write_text("answers:\n  a: yes\n  b: 2024-06-30\n  c: {x: no, y: 1}\n  d:\n")
    answers = read_answers([tmp_path / "answers.yaml"])
    assert {name: answers.decide(name, "?") for name in "ab"} == {"a": "yes", "b": "2024-06-30"}
    assert answers.decide_each("c", "?", ["x", "y"]) == {"x": "no", "y": "1"}
    assert answers.decide("d", "?") is None


def test_a_file_that_holds_no_answers_is_refused(tmp_path: Path, tells):
    (tmp_path / "config.yaml").write_text("clinical: {patients: p.csv}\n")
    with pytest.raises(InputError) as refused:
        read_answers([tmp_path / "config.yaml"])
    assert "no block answers" in str(refused.value)
    tells("--answers with another file of YAML", map(str, refused.value.problems))


def test_sheets_of_patients_are_joined_and_differences_asked_about(tmp_path: Path):
    one = patients(tmp_path)
    two = write_csv(tmp_path / "age.csv", [["Patient", "Age", "ECOG"], ["P002", "71", "1"], ["P001", "61", "0"]])
    question = "patients: age of two sheets"
    assert asked(proposed([one, two])) == {question}
    done = proposed([one, two], {question: "second"})
    assert column(done, "patients", "age") == ["61", "71"]
    assert column(done, "patients", "ecog") == ["0", "1"]


def test_diameters_without_a_unit_are_asked_about(tmp_path: Path):
    header = ["Patient", "Date", "Lesion", "Type", "Size"]
    small = write_csv(tmp_path / "lesions.csv", [header, ["P001", "2024-01-10", "T1", "target", "3.5"]])
    question = "lesions.csv, Size: unit"
    assert asked(proposed([patients(tmp_path), small])) == {question}
    done = proposed([patients(tmp_path), small], {question: "cm"})
    assert column(done, "lesions", "diameter_mm") == ["35"]
    large = write_csv(tmp_path / "lesions.csv", [header, ["P001", "2024-01-10", "T1", "target", "35"]])
    assert asked(proposed([patients(tmp_path), large])) == set()


def test_a_sheet_that_is_no_known_table_is_asked_about(tmp_path: Path):
    legend = write_csv(tmp_path / "legend.csv", [["Code", "Meaning"], ["1", "one"]])
    assert asked(proposed([patients(tmp_path), legend])) == {"legend.csv: table"}
    done = proposed([patients(tmp_path), legend], {"legend.csv: table": "leave_out"})
    assert asked(done) == set()
    assert [row.why for row in done.conversions.rows] == ["left out: so answered"]


def test_at_a_terminal_questions_are_asked_one_by_one(tmp_path: Path):
    file = patients(tmp_path, ("treatment_start_date", ["01/02/2024", "05/03/2024"]), ("arm", ["A", "a"]))
    # What is no choice is asked again, a number picks a choice; the cut-off is asked when the dates are known.
    typed = iter(["neither", "2", "month_first", "2024-06-30"])
    proposal = settle(None, [file], Decisions(), lambda prompt: next(typed))
    assert proposal.decisions.open == {}
    assert column(proposal, "patients", "treatment_start_date") == ["2024-01-02", "2024-05-03"]
    assert proposal.cutoff == "2024-06-30"
    assert next(typed, None) is None


def test_an_empty_line_leaves_a_question_open(tmp_path: Path):
    file = patients(tmp_path, ("arm", ["A", "a"]))
    proposal = settle(None, [file], Decisions(), lambda prompt: "")
    assert asked(proposal) == {"patients.csv, arm: A or a"}


def test_a_unit_that_changed_since_the_last_delivery_is_told(tmp_path: Path):
    def delivered(unit: str) -> Path:
        return patients(tmp_path, ("OS", ["10.5", "3"]), ("time unit", [unit, unit]))

    first = proposed([delivered("months")])
    assert column(first, "patients", "os_months") == ["10.5", "3"]
    with pytest.raises(InputError, match="the answer 'months' contradicts the files"):
        proposed([delivered("days")], first.decisions.made)


def test_a_decimal_sign_that_changed_since_the_last_delivery_is_told(tmp_path: Path):
    first = proposed([patients(tmp_path, ("LDH", ['"210,5"', '"190,0"']))])
    assert column(first, "patients", "ldh") == ["210.5", "190.0"]
    with pytest.raises(InputError, match="the answer 'comma' contradicts the files"):
        proposed([patients(tmp_path, ("LDH", ['"1,210.5"', '"190"']))], first.decisions.made)


@pytest.mark.parametrize(
    ("values", "asked_about"), [(["0.8", "0.5"], True), (["80", "50"], False), (["80%", "50%"], False)]
)
def test_shares_below_one_are_asked_about(tmp_path: Path, values: list[str], asked_about: bool):
    header = ["sample_id", "patient_id", "timepoint", "tumour content"]
    body = [[f"S{n}", f"P00{n}", "baseline", value] for n, value in enumerate(values, start=1)]
    clinical = [patients(tmp_path), write_csv(tmp_path / "samples.csv", [header, *body])]
    reads = write_reads(tmp_path / "reads", ["S1", "S2"])
    question = "samples.csv, tumour content: unit"
    assert (question in asked(proposed(clinical, reads=reads))) is asked_about
    answers = {question: "fraction"} if asked_about else {}
    assert [float(str(v)) for v in column(proposed(clinical, answers, reads), "samples", "tumour_content")] == [80, 50]


def test_one_arm_is_asked_for(tmp_path: Path):
    file = write_csv(tmp_path / "patients.csv", [["patient_id", "sex", "age"], ["P001", "F", "61"]])
    assert asked(proposed([file])) == {"patients: arm"}
    assert column(proposed([file], {"patients: arm": "cadonilimab"}), "patients", "arm") == ["cadonilimab"]


def test_text_with_semicolons_of_windows(tmp_path: Path):
    """As a German Excel saves it: semicolons, decimal commas, days first, bytes that are no UTF-8."""
    text = "Patientennummer;Arm;Geschlecht;Alter;Therapiebeginn;LDH\nP001;Prüfarm;weiblich;61,5;15/01/2024;1.210,5\n"
    (tmp_path / "Patienten.csv").write_bytes(text.encode("cp1252"))
    done = proposed([tmp_path / "Patienten.csv"])
    assert asked(done) == set()
    (row,) = done.tables["patients"].frame.to_dict("records")
    assert list(row.values()) == ["P001", "Prüfarm", "F", "61.5", "2024-01-15", "1210.5"]
    assert list(row) == [*HEADER, "ldh"]
    told = {change.why for change in done.conversions.rows}
    assert {"the bytes are no UTF-8", "the separator of the file"} <= told


def write_datasets(folder: Path) -> list[Path]:
    """Write ADaM as XPT: dates that SAS counts, responses in long form, times in months with CNSR."""
    day = float((datetime(2024, 1, 15) - datetime(1960, 1, 1)).days)
    frames: dict[str, dict[str, list[object]]] = {
        "adsl": {"USUBJID": ["P1", "P2"], "TRT01P": ["A", "B"], "SEX": ["F", "U"], "TRTSDT": [day, day + 5]},
        "adrs": {
            "USUBJID": ["P1", "P1", "P2"],
            "PARAMCD": ["OVRLRESP", "NTRGRESP", "OVRLRESP"],
            "AVALC": ["PR", "NN", "NON-CR/NON-PD"],
            "ADT": [day + 42, day + 42, day + 50],
        },
        "adtte": {"USUBJID": ["P1", "P2"], "PARAMCD": ["PFS"] * 2, "AVAL": [2.0, 3.0], "CNSR": [0.0, 1.0]},
    }
    frames["adtte"]["AVALU"] = ["MONTHS"] * 2
    for name, frame in frames.items():
        pyreadstat.write_xport(pd.DataFrame(frame), str(folder / f"{name}.xpt"))
    return [folder / f"{name}.xpt" for name in frames]


def test_datasets_in_transport_files(tmp_path: Path):
    done = proposed(write_datasets(tmp_path))
    assert asked(done) == set()
    assert column(done, "patients", "treatment_start_date") == ["2024-01-15", "2024-01-20"]
    assert column(done, "patients", "sex") == ["F", None]
    assert column(done, "patients", "pfs_days") == ["60.875", "91.3125"]  # months of 30.4375 days
    assert column(done, "patients", "pfs_event") == ["1", "0"]
    assert column(done, "assessments", "nontarget_response") == ["NON-CR/NON-PD", None]
    changes = {(Path(row.file).name, row.row, row.column): (row.was, row.became) for row in done.conversions.rows}
    assert changes["adsl.xpt", 3, "SEX"] == ("U", "")
    assert changes["adrs.xpt", 3, "AVALC"] == ("NN", "NON-CR/NON-PD")
    assert changes["adtte.xpt", 2, "CNSR"] == ("0", "1")
    assert changes["adtte.xpt", 3, "AVAL"] == ("3", "91.3125")
    assert done.tables["assessments"].origins == [(str(tmp_path / "adrs.xpt"), row) for row in (2, 4)]


def test_a_hidden_sheet_is_asked_about(tmp_path: Path):
    book = write_workbook(tmp_path / "book.xlsx", {"Patients": [HEADER, P1], "Old": [HEADER, P2]})
    sheets = openpyxl.load_workbook(book)
    sheets["Old"].sheet_state = "hidden"
    sheets.save(book)
    assert asked(proposed([book])) == {"book.xlsx#Old: table"}
    done = proposed([book], {"book.xlsx#Old: table": "leave_out"})
    assert column(done, "patients", "patient_id") == ["P001"]


def test_remarks_below_a_table_are_asked_about_and_a_repeated_header_is_left_out(tmp_path: Path):
    book = write_workbook(
        tmp_path / "book.xlsx", {"Patients": [HEADER, P1, HEADER, P2, ["Data as of June", *[None] * 4]]}
    )
    question = "book.xlsx#Patients: rows of one cell"
    assert asked(proposed([book])) == {question}
    done = proposed([book], {question: "leave_out"})
    assert column(done, "patients", "patient_id") == ["P001", "P002"]
    assert [(row.row, row.why) for row in done.conversions.rows] == [
        (3, "left out: the header once more"),
        (5, "left out: a remark, as answered"),
    ]


def test_ids_with_blanks_become_the_same_in_all_tables(tmp_path: Path):
    people = write_csv(tmp_path / "patients.csv", [HEADER, ["P 001", *P1[1:]], ["P/002", *P2[1:]]])
    scans = write_csv(tmp_path / "scans.csv", [["Patient", "Scan date", "Response"], ["P 001", "2024-02-20", "SD"]])
    done = proposed([people, scans])
    assert asked(done) == set()
    assert column(done, "patients", "patient_id") == ["P-001", "P-002"]
    assert column(done, "assessments", "patient_id") == ["P-001"]


def test_two_ids_that_would_become_one_are_refused(tmp_path: Path, tells):
    people = write_csv(tmp_path / "patients.csv", [HEADER, ["P 1", *P1[1:]], ["P/1", *P2[1:]]])
    with pytest.raises(InputError) as refused:
        proposed([people])
    assert "found 'P 1'" in str(refused.value)
    tells("two ids of patients that differ in signs that no id can hold", map(str, refused.value.problems))


def test_mates_without_the_first_are_refused(tmp_path: Path, tells):
    reads = write_reads(tmp_path / "reads", ["P001"])
    (reads / "P001_R1.fastq").unlink()
    with pytest.raises(InputError) as refused:
        proposed([patients(tmp_path)], reads=reads)
    assert "the second mates without the first" in str(refused.value)
    tells("second mates alone in a folder of reads", map(str, refused.value.problems))


def test_a_value_of_a_person_stands_in_no_output(tmp_path: Path):
    file = patients(tmp_path, ("Contact", ["jane.roe@example.org", "john.doe@example.org"]))
    done = proposed([file])
    shown = "\n".join([*done.said, *(question.text for question in done.decisions.open.values())])
    assert "example.org" not in shown + str(done.mapping) + str(done.conversions.rows)
    assert "Contact" not in done.tables["patients"].frame


ANSWERS = {
    "export_*.xlsx#Scans, Subject: rows without a patient": "as_above",
    "export_*.xlsx#Patients, Arm: Arm A or arm A": "Arm A",
    "export_*.xlsx#Patients, OS status: coding": "1_is_event",
    "export_*.xlsx#Patients, Date of death: values, UNK": "missing",
    "samples: patient, X9": "leave_out",
    "samples: timepoint, P003": "baseline",
    **CUTOFF,
}


def run(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    command = [python(), ROOT / "scripts" / "init_trial.py", *words]
    return subprocess.run(
        list(map(str, command)), cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a workbook of four sheets and reads of four samples."""
    folder = tmp_path_factory.mktemp("hospital")
    write_workbook(folder / "export_2024-06.xlsx")
    write_reads(folder / "fastq", ["P001_baseline", "P002_pre", "P003_S3_L001", "X9"])
    (folder / "transcripts.fa").write_text(">ENST00000456328.2|ENSG00000290825.1|-|-|A-1|A|12|lncRNA|\nACGTACGTACGT\n")
    return folder


WORKBOOK = ("--reads", "fastq", "--clinical", "export_2024-06.xlsx", "--out", "config")
TRANSCRIPTS = "reference: transcripts"


@pytest.fixture(scope="module")
def converted(hospital: Path) -> Path:
    """Return that folder after a run whose questions were answered; tests only read it."""
    (hospital / "filled.yaml").write_text(yaml.safe_dump({"answers": ANSWERS | {TRANSCRIPTS: "transcripts.fa"}}))
    done = run(hospital, *WORKBOOK, "--answers", "filled.yaml")
    assert done.returncode == 0, done.stderr
    return hospital


def test_a_workbook_of_several_sheets_asks_what_it_leaves_open(hospital: Path, tmp_path: Path):
    first = run(hospital, *WORKBOOK[:-1], tmp_path / "asked")
    assert first.returncode == 2, first.stderr
    assert {path.name for path in (tmp_path / "asked").iterdir()} == {"answers.yaml"}
    questions = yaml.safe_load((tmp_path / "asked" / "answers.yaml").read_text())["answers"]
    assert set(questions) == {*ANSWERS, TRANSCRIPTS, "samples: timepoint, X9"}
    assert set(questions.values()) == {None}


def test_a_workbook_of_several_sheets_becomes_a_trial_that_passes_all_checks(converted: Path):
    config = yaml.safe_load((converted / "config" / "config.yaml").read_text())
    checked = check_run(config, str(converted / "config" / "config.yaml"))
    assert checked.used == ["P001_baseline", "P002_pre", "P003"]
    assert yaml.safe_load(Path(config["endpoints"]).read_text())["data_cutoff"].isoformat() == "2024-06-30"
    assert Path(config["plan"]).is_file()
    people = rows(Path(config["clinical"]["patients"]))
    told = [(row["arm"], row["sex"], row["ldh"], row["death_date"], row["os_months"]) for row in people]
    assert told == [
        ("Arm A", "F", "210.5", "NA", "3.5"),
        ("Arm B", "M", "1250.0", "2024-06-05", "4.6"),
        ("Arm A", "F", "305", "NA", "2.9"),
    ]
    assert [row["treatment_start_date"] for row in people] == ["2024-01-15", "2024-01-20", "2024-02-01"]
    scans = rows(Path(config["clinical"]["assessments"]))
    assert [(row["patient_id"], row["assessment_date"], row["overall_response"]) for row in scans] == [
        ("P001", "2024-02-14", "SD"),
        ("P001", "2024-03-27", "PR"),
        ("P002", "2024-03-01", "PD"),
        ("P003", "2024-04-03", "SD"),
    ]
    assert [row["diameter_mm"] for row in rows(Path(config["clinical"]["lesions"]))] == ["32", "30"]
    events = rows(Path(config["clinical"]["adverse_events"]))
    assert [(row["grade"], row["start_date"], row["end_date"]) for row in events] == [
        ("2", "2024-02-03", "NA"),
        ("1", "2024-02-12", "2024-02-20"),
    ]


def test_each_change_is_a_row_with_its_place(converted: Path):
    changes = rows(converted / "config" / "conversion.tsv")
    assert list(changes[0]) == ["file", "sheet", "row", "column", "from", "to", "why"]
    cells = {(row["sheet"], row["row"], row["column"]): (row["from"], row["to"]) for row in changes}
    # What stands in a table otherwise than in the workbook has its row, and says what stood there.
    for (sheet, row, name), (was, _) in cells.items():
        if sheet and name and was:
            header = next(number for number, line in enumerate(SHEETS[sheet]) if None not in line)
            assert str(SHEETS[sheet][int(row) - 1][list(SHEETS[sheet][header]).index(name)]) == was
    assert cells["Patients", "5", "LDH"] == ("1.250,0", "1250.0")
    assert cells["Scans", "3", "Subject"] == ("", "P001")
    assert cells["Lesions", "2", "Size (cm)"] == ("3,2", "32")
    assert cells["AE", "2", "End"] == ("ongoing", "")


def test_the_next_delivery_converts_without_questions_and_asks_about_what_is_new(converted: Path, tmp_path: Path):
    hospital = shutil.copytree(converted, tmp_path / "hospital")
    grown = [*PATIENTS, ["P004", "Arm B", "f", 66, datetime(2024, 5, 2), "190,0", None, "1,5", 0]]
    write_workbook(hospital / "export_2024-09.xlsx", SHEETS | {"Patients": grown})
    words = ("--reads", "fastq", "--out", "config", "--clinical")
    done = run(hospital, *words, "export_2024-09.xlsx")
    assert done.returncode == 0, done.stderr
    assert len(rows(hospital / "config" / "clinical" / "patients.csv")) == 4
    grown = [*PATIENTS, ["P004", "ARM B", "f", 66, datetime(2024, 5, 2), "190,0", None, "1,5", 0]]
    write_workbook(hospital / "data.xlsx", SHEETS | {"Patients": grown})  # under another name, with another spelling
    done = run(hospital, *words, "data.xlsx")
    assert done.returncode == 2, done.stderr
    assert "1 question, in" in done.stderr
    assert "export_*.xlsx#Patients, Arm: ARM B or Arm B: data.xlsx#Patients" in done.stderr
    assert "taken for export_*.xlsx#Patients of the earlier delivery" in done.stdout


def test_a_fault_names_the_place_in_the_delivery_and_leaves_nothing(tmp_path: Path, tells):
    file = write_csv(
        tmp_path / "people.csv", [["Title"], ["Subject", "Arm", "Age"], ["P001", "A", "61"], ["P001", "A", "70"]]
    )
    proposal = proposed([file], {"people.csv: table": "patients"})
    with pytest.raises(InputError) as refused:
        write_trial(tmp_path / "config", proposal, check_run)
    assert "people.csv, row 4, column Subject: found 'P001', expected each once; it stands in row 3" in str(
        refused.value
    )
    assert {path.name for path in tmp_path.iterdir()} == {"people.csv"}
    tells("a patient twice in a file of init_trial", map(str, refused.value.problems))


def test_settings_that_a_person_added_stay(tmp_path: Path):
    proposal = proposed([patients(tmp_path)], CUTOFF)
    write_trial(tmp_path / "config", proposal, check_run)
    config = tmp_path / "config" / "config.yaml"
    config.write_text(config.read_text() + "seed: 7\n")
    plan = tmp_path / "config" / "plan.yaml"
    plan.write_text(plan.read_text() + "# ours\n")
    write_trial(tmp_path / "config", proposal, check_run)
    assert yaml.safe_load(config.read_text())["seed"] == 7
    assert plan.read_text().endswith("# ours\n")


def test_a_sheet_of_a_workbook_is_the_matrix(tmp_path: Path):
    genes = [["gene", "P001", "P002"], *([f"G{number}", 1000.5 * number, 3] for number in range(1, 9))]
    book = write_workbook(tmp_path / "expression" / "book.xlsx", {"Notes": [["a", "b"], ["c", "d"]], "TPM": genes})
    question = "expression: unit"
    answers = CUTOFF | {question: "counts", "samples: timepoint": "baseline"}
    for reads in (book.parent, book, Path(f"{book}#TPM")):
        proposal = proposed([patients(tmp_path)], answers, reads)
        assert asked(proposal) == set()
        assert proposal.settings["expression"]["matrix"] == f"{book}#TPM"


def test_a_sheet_of_the_clinical_workbook_is_the_matrix_alone(tmp_path: Path):
    genes = [["gene", "P001", "P002"], *([f"G{number}", 1000.5 * number, 3] for number in range(1, 9))]
    book = write_workbook(tmp_path / "book.xlsx", {"Patients": [HEADER, P1, P2], "TPM": genes})
    assert asked(proposed([book], reads=Path(f"{book}#TPM"))) == {
        *("expression: unit", "samples: timepoint, P001", "samples: timepoint, P002")
    }


def test_the_guide_shows_each_mess_with_its_questions():
    text = (ROOT / "docs" / "init.md").read_text(encoding="utf-8").split("## Twelve messy columns", 1)[1]
    rows = text.split("\n## ", 1)[0].splitlines()
    shown = {line[1 : line.index("|", 1)].strip(): line for line in rows if line.startswith("| ")}
    assert set(shown) - {"mess"} == set(MESSES)
    for mess, ((_, delivered), answers, (_, values)) in MESSES.items():
        for name, answer in answers.items():
            assert f"`{name.removeprefix('patients.csv, ')}`: `{answer}`" in shown[mess]
        for value in [*(str(value).strip('"') for value in delivered), *(value for value in values if value)]:
            assert f"`{value}`" in shown[mess]


GERMAN = "Pat.-Nr.;Behandlungsarm;Geschlecht;Alter (Jahre);Lebermetastasen;LDH (U/l);Therapiebeginn (TT.MM.JJJJ)"
GERMAN_SCANS = "Pat.-Nr.;Datum der Untersuchung (TT.MM.JJJJ);Gesamtbeurteilung"
GERMAN_LESIONS = "Pat.-Nr.;Untersuchungsdatum (TT.MM.JJJJ);Läsion;Typ;Durchmesser (mm)"


def test_a_german_export_is_understood(tmp_path: Path):
    tables = {
        "Patienten": [GERMAN, "001;Arm A;w;61;ja;210,5;15.01.2024", "002;Arm B;m;70;nein;240,0;20.01.2024"],
        "Bildgebung": [GERMAN_SCANS, "001;13.03.2024;SD", "002;14.03.2024;PD"],
        "Läsionen": [GERMAN_LESIONS, "001;13.03.2024;1;Zielläsion;31,5", "002;14.03.2024;1;Zielläsion;28,0"],
    }
    for name, lines in tables.items():
        (tmp_path / f"{name}.csv").write_bytes("\r\n".join(lines).encode("cp1252"))
    found = proposed(sorted(tmp_path.iterdir()))
    assert asked(found) == set()
    assert column(found, "patients", "ldh") == ["210.5", "240.0"]
    assert column(found, "patients", "liver_mets") == ["Y", "N"]
    assert column(found, "patients", "treatment_start_date") == ["2024-01-15", "2024-01-20"]
    assert column(found, "assessments", "overall_response") == ["SD", "PD"]
    assert column(found, "lesions", "diameter_mm") == ["31.5", "28.0"]
    assert column(found, "lesions", "kind") == ["target", "target"]


def test_which_column_names_the_patients_is_asked(tmp_path: Path):
    file = patients(tmp_path, ("patient_id as ID", ["P001", "P002"]), ("Remark", ["a", "a"]))
    answers = {"patients.csv: table": "patients"}
    found = proposed([file], answers)
    assert asked(found) == {"patients.csv: patient_id of patients"}
    assert "ID" in found.decisions.open["patients.csv: patient_id of patients"].choices
    assert "Remark" not in found.decisions.open["patients.csv: patient_id of patients"].choices
    found = proposed([file], answers | {"patients.csv: patient_id of patients": "ID"})
    assert column(found, "patients", "patient_id") == ["P001", "P002"]


def test_samples_are_asked_about_when_the_patients_are_known(tmp_path: Path):
    file = patients(tmp_path, ("patient_id as ID", ["P001", "P002"]))
    reads = write_reads(tmp_path / "reads", ["S1_baseline"])
    assert not [name for name in asked(proposed([file], reads=reads)) if name.startswith("samples: patient")]
    answers = {"patients.csv: table": "patients", "patients.csv: patient_id of patients": "ID"}
    found = proposed([file], answers, reads)
    question = found.decisions.open["samples: patient, S1_baseline"]
    assert question.text == "Which patient (or leave_out) has the sample 'S1_baseline'?"


def test_a_column_that_a_table_needs_is_named_with_what_can_be_done(tmp_path: Path):
    book = write_workbook(
        tmp_path / "export.xlsx",
        {
            "Patients": [HEADER, P1, P2],
            "AE": [["Adverse events"], ["Patient", "Term", "Grade"], ["P001", "Fatigue", 2]],
        },
    )
    with pytest.raises(InputError) as error:
        write_trial(tmp_path / "trial", proposed([book], CUTOFF), lambda config, file: check_run(config, file))
    said = str(error.value)
    assert f"{book}#AE, soc: the column is missing" in said
    assert "'<table>, <column>: column of adverse_events': soc, or '<table>: table': leave_out" in said
