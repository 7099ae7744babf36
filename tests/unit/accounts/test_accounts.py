"""Accounts close when nothing vanished, and say so when something did."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pandas as pd
import pytest
from warm import python

from anpi.accounts.account import COLUMNS, Account, account_table, refuse_open
from anpi.accounts.of_people import patient_accounts, sample_account
from anpi.accounts.of_sample import sample_accounts
from anpi.files.writing import table_text
from anpi.problems import InputError
from anpi.tables.reading import read_facts, read_facts_below

ROOT = Path(__file__).resolve().parents[3]
SCRIPTS = ROOT / "scripts"
TRANSCRIPTS = pd.DataFrame(
    {"transcript_id": ["T1", "T2", "T3"], "gene_id": ["G1", "G1", "G2"], "same_as": [None, "T1", None]}
)
QUANT = pd.DataFrame({"Name": ["T1", "T2", "T3"], "NumReads": [60.5, 0.0, 19.5]})
GENES = pd.DataFrame({"gene_id": ["G1", "G2"], "counts": [60.5, 19.5]})
READS = {"layout": "paired", "units": [], "fragments": 100, "fragments_passed": 90, "fragments_mapped": 80}
FASTP = {"filtering_result": {"passed_filter_reads": 180, "low_quality_reads": 14, "too_short_reads": 6}}


def accounts(**changes) -> pd.DataFrame:
    parts = {"quant": QUANT, "transcripts": TRANSCRIPTS, "genes": GENES, "reads": READS, "fastp": FASTP} | changes
    return account_table(sample_accounts("S1", **parts))


def test_a_sample_is_accounted_for():
    table = accounts()
    assert list(table.columns) == COLUMNS
    assert table.set_index("account").loc["reads", ["given", "used", "left_out", "difference"]].tolist() == [
        *(100, 80, 20, 0)
    ]
    assert table["reason"].iloc[0] == "7 low quality (fastp); 3 too short (fastp); 10 unmapped"
    refuse_open(table)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reads": READS | {"fragments": 101}}, "the account of reads of S1 does not close, found '101 given, 80 used"),
        ({"fastp": {"filtering_result": {"low_quality_reads": 12}}}, "reads of S1 does not close"),
        ({"genes": GENES.assign(counts=[60.5, 18.5])}, "genes of S1 does not close, found '80 given, 79 used"),
        ({"quant": QUANT.iloc[[0]].assign(NumReads=80.0)}, "transcripts of S1 does not close, found '3 given, 1 used"),
    ],
)
def test_what_vanished_from_a_sample_ends_the_run(changes, words):
    with pytest.raises(InputError, match=words):
        refuse_open(accounts(**changes))


def test_a_twin_that_salmon_left_out_is_told():
    row = accounts(quant=QUANT.iloc[[0, 2]]).set_index("account").loc["transcripts"]
    assert (row["used"], row["left_out"], row["difference"]) == (2, 1, 0)
    assert row["reason"] == "1 of the sequence of another"


def test_copies_of_a_molecule_are_left_out_by_name():
    row = accounts(reads=READS | {"molecules": 30}).set_index("account").loc["reads"]
    assert row["used"] == 30
    assert "50 further copies of a molecule" in row["reason"]


def test_samples_that_failed_or_of_which_nothing_maps_close_too():
    empty, none = QUANT.iloc[:0], GENES.assign(counts=0.0)
    for table in (
        accounts(quant=empty, genes=none, reads={"failure": "cut short", "units": []}, fastp=None),
        accounts(quant=empty, genes=none, reads=READS | {"fragments_mapped": 0}),
        accounts(reads={"fragments_passed": 90, "fragments_mapped": 80}, fastp=None),
        accounts(reads={}, fastp=None),
        accounts(reads=READS | {"molecules": 30}),
        accounts(reads=READS | {"fragments_passed": None, "fragments": None, "molecules": 30}),
    ):
        refuse_open(table)
        assert len(table) > 0
        assert (table["difference"] == 0).all()


def test_alignments_are_accounted_for_by_their_records():
    kinds = {"primary_records": 200, "qc_fail_records": 10, "pairs": 90, "mates_left_out": 7, "unpaired_left_out": 3}
    table = accounts(reads=READS | {"units": [{"unit_id": "L1", "reads": 90, "alignment": kinds}]})
    assert table.iloc[0].tolist()[:7] == ["records", "S1/L1", 200, 180, 0, 20, 0]
    with pytest.raises(InputError, match="records of S1/L1 does not close"):
        refuse_open(accounts(reads=READS | {"units": [{"unit_id": "L1", "alignment": kinds | {"pairs": 89}}]}))


def test_samples_and_patients_are_followed_through_verdicts_and_sets():
    samples = pd.DataFrame({"sample_id": list("abcd"), "use": ["yes", "yes", None, "no"]})
    verdicts = pd.DataFrame({"sample_id": list("abc"), "verdict": ["pass", "fail", "warn"]})
    account = sample_account(samples, verdicts)
    assert (account.given, account.used, account.difference) == (4, 2, 0)
    assert sample_account(samples, verdicts.iloc[:2]).difference == 1
    patients = pd.DataFrame({"patient_id": ["P1", "P2", "P3"]})
    sets = patients.assign(
        sample_id=["a", None, "b"],
        all_treated=["yes", "yes", "no"],
        rna_evaluable=["yes", "no", "no"],
        reason_out=[None, "no tissue", "not treated"],
    )
    found = {a.scope: (a.used, dict(a.left_out), a.difference) for a in patient_accounts(patients, patients, sets)}
    assert found == {
        "endpoints": (3, {}, 0),
        "all_treated": (2, {"not treated": 1}, 0),
        "rna_evaluable": (1, {"no tissue": 1, "not treated": 1}, 0),
    }
    lost = {a.scope: a.difference for a in patient_accounts(patients, patients.iloc[:2], sets.iloc[:2])}
    assert lost == {"endpoints": 1, "all_treated": 1, "rna_evaluable": 1}


def test_an_account_is_the_sum_of_its_parts():
    assert Account("reads", "S1", 10, 5, 1, {"unmapped": 3}).difference == 1
    assert Account("reads", "S1", 10, 5, 2, {"unmapped": 3, "short": 0}, "seen").reason == "3 unmapped; seen"
    assert Account("reads", "S1", 1, 1).reason is None


PATIENTS = (
    "patient_id,arm,sex,age,treatment_start_date,death_date,last_alive_date\n"
    "P1,mono,F,60,2024-01-01,2024-12-01,2024-12-01\nP2,mono,M,61,2024-01-05,,2024-12-30\nP3,mono,F,62,,,\n"
)
ASSESSMENTS = (
    "patient_id,assessment_date,overall_response\nP1,2023-12-28,NE\nP1,2024-02-12,SD\nP1,2024-02-12,PR\n"
    "P1,2024-04-01,PD\nP1,2025-01-15,PD\nP2,2024-02-16,PR\nP9,2024-02-16,PR\nP3,2024-02-20,SD\n"
)
EVENTS = (
    "patient_id,term,soc,grade,start_date\nP1,Nausea,Gut,1,2024-01-09\nP1,Rash,Skin,3,2024-02-01\n"
    "P2,Nausea,Gut,2,2023-12-01\nP3,Rash,Skin,1,2024-01-02\nP9,Rash,Skin,1,2024-01-02\n"
)
THERAPIES = "patient_id,start_date,name,kind\nP1,2024-05-01,topotecan,chemotherapy\nP1,2024-08-01,x,chemotherapy\n"


@pytest.fixture(scope="module")
def trial(tmp_path_factory) -> tuple[Path, list[str]]:
    """Derive endpoints, sets and events of a small trial; return its folder and the words that close its accounts."""
    folder = tmp_path_factory.mktemp("trial")
    given = {"patients": PATIENTS, "assessments": ASSESSMENTS, "adverse_events": EVENTS, "therapies": THERAPIES}
    for name, text in given.items():
        (folder / f"{name}.csv").write_text(text)
    tables = [word for name in given for word in (f"--{name.replace('_', '-')}", str(folder / f"{name}.csv"))]
    run("derive_endpoints.py", *tables, "--out-dir", folder)
    events = ["--patients", folder / "patients.csv", "--adverse-events", folder / "adverse_events.csv"]
    run("tabulate_adverse_events.py", *events, "--out", folder / "events.tsv")
    sets = ["--out-sets", folder / "sets.tsv", "--out-attrition", folder / "attrition.tsv"]
    run("build_sets.py", *events[:2], "--endpoints", folder / "endpoints.tsv", *sets)
    made = [word for name in ("endpoints", "timepoints", "events", "sets") for word in (f"--{name}", f"{name}.tsv")]
    return folder, [*tables, *made, "--out", "accounts.tsv"]


def run(program: str, *words: object, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [python(), str(SCRIPTS / program), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert folder is not None or done.returncode == 0, done.stderr
    return done


def test_every_row_of_the_clinical_tables_is_accounted_for(trial):
    folder, words = trial
    done = run("close_accounts.py", *words, folder=folder)
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(folder / "accounts.tsv", sep="\t").set_index("scope")
    assert (table["difference"] == 0).all()
    columns = ["given", "used", "asked", "left_out"]
    assert table.loc["patients", columns].tolist() == [3, 3, 0, 0]
    # of P9, who is no patient, and of P1 after death: asked; of P3, who has no start, no day; of two of a day one
    assert table.loc["assessments", columns].tolist() == [8, 4, 2, 2]
    assert table.loc["therapies", columns].tolist() == [2, 1, 0, 1]
    assert table.loc["adverse_events", columns].tolist() == [5, 2, 1, 2]
    assert "1 of patients who were not treated; 1 not treatment-emergent" in table.loc["adverse_events", "reason"]


@pytest.mark.parametrize(
    ("file", "cut", "words"),
    [
        ("timepoints.tsv", -1, "rows of assessments of assessments does not close"),
        ("endpoints.tsv", -1, "patients of endpoints does not close"),
        ("sets.tsv", -1, "patients of all_treated does not close"),
        ("events.tsv", 1, "rows of adverse events of adverse_events does not close"),
    ],
)
def test_a_result_that_lost_a_row_is_found(trial, file, cut, words):
    folder, arguments = trial
    whole = (folder / file).read_text()
    header, *rows = whole.splitlines(keepends=True)
    (folder / file).write_text(header + "".join(rows[:-1] if cut < 0 else rows[1:]))
    try:
        done = run("close_accounts.py", *arguments, folder=folder)
    finally:
        (folder / file).write_text(whole)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("place", "value"), [(0, None), (1, None), (2, "many"), (2, None), (3, 8), (4, 1), (5, None), (6, 1)]
)
def test_an_account_closes_by_its_numbers_whatever_it_says(place, value):
    row = ["reads", "S1", 10, 9, 0, 1, 0, "1 short"]
    other = ["reads", "S2", 5, 5, 0, 0, 0, None]
    refuse_open(pd.DataFrame([row, other], columns=COLUMNS))
    row[place] = value
    with pytest.raises(InputError, match=r"1 problem in the inputs:\n.* does not close"):
        refuse_open(pd.DataFrame([row, other], columns=COLUMNS))


def test_accounts_of_samples_are_read_at_once_as_one_by_one(tmp_path):
    rows = [
        ("reads", "007", 10, 9, 0, 1, 0, "1 short"),
        ("reads", "S2", 5, 5, 0, 0, 0, "NA"),
        ("x", "S3", "NA", 5, 0, 0, 0, "NA"),
    ]
    files = []
    for name, *more in [(str(i), row) for i, row in enumerate(rows)] + [("both", *rows[:2]), ("none",)]:
        files.append(tmp_path / f"{name}.tsv")
        lines = ["\t".join(map(str, row)) for row in (COLUMNS, *more)]
        files[-1].write_text("\n".join(lines) + "\n")
    for some in (files[:2], files[:1], files, files[3:], files[4:]):
        expected = pd.concat([read_facts(file) for file in some], ignore_index=True)
        assert table_text(read_facts_below(some)) == table_text(expected)
        assert "007" in list(read_facts_below(some)["scope"]) or some == files[4:]
    files[1].write_text("\t".join(COLUMNS) + "\nreads\tS2\t5\t5\t0\t0\t0\tNA\tmore\n")
    with pytest.raises(InputError, match=r"1\.tsv: the result is damaged"):
        read_facts_below(files)
    files[1].write_text("\t".join(COLUMNS) + "\nreads")
    with pytest.raises(InputError, match=r"1\.tsv: the result is damaged"):
        read_facts_below(files)
