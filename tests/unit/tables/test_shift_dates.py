"""Tables without calendar dates give the endpoints of the tables with them; no date and no secret gets out."""

from __future__ import annotations

import re
import stat
import subprocess
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from warm import python

from anpi.adverse_events.table import adverse_event_table, safety_set
from anpi.endpoints.derive import derive_endpoints
from anpi.endpoints.observations import observe
from anpi.endpoints.queries import find_queries, query_table
from anpi.endpoints.rates import rate_table
from anpi.endpoints.rules import DEFAULT, read_rules
from anpi.endpoints.timepoints import timepoint_table
from anpi.files.writing import write_table
from anpi.tables.clinical import read_clinical
from anpi.tables.reading import read_text_table
from anpi.tables.shifting import date_problems, random_offsets
from demo.clinical import simulate_clinical

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"
SECRET = "correct horse battery staple"
TABLES = ("patients", "assessments", "lesions", "therapies", "adverse_events")
ROW = re.compile(r"\brow \d+")
DATE = re.compile(r"(?:19|20)\d\d-\d\d-\d\d")


def program(folder: Path, name: str, *words: str | Path, code: int = 0) -> str:
    command = [python(), str(SCRIPTS / f"{name}.py"), *map(str, words)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def options(folder: Path) -> list[str]:
    files = {table: folder / f"{table}.csv" for table in TABLES}
    return [part for t, path in files.items() if path.is_file() for part in (f"--{t.replace('_', '-')}", str(path))]


def simulated(folder: Path) -> Path:
    """Write a simulated trial of 40; one patient was never treated, a column and a row are more than the contract."""
    hazard = pd.Series(np.linspace(-0.5, 0.5, 40), index=[f"P{number:03d}" for number in range(40)])
    clinical = simulate_clinical(hazard, seed=3)
    for table in TABLES:
        frame = getattr(clinical, table)
        if table == "patients":
            frame = frame.assign(biopsy_date=frame["treatment_start_date"])
            frame.loc[frame.index[5], "treatment_start_date"] = None
        write_table(folder / "old" / f"{table}.csv", frame)
    return folder / "old"


def converted(folder: Path, external_data: Path) -> Path:
    source = external_data / "clinical" / "pharmaverse"
    files = {"adsl": "subjects", "adrs": "assessments_investigator", "adtr": "lesions_investigator"}
    words = [
        part
        for key, name in (files | {"adae": "adverse_events"}).items()
        for part in (f"--{key}", source / f"{name}.csv")
    ]
    program(folder, "convert_adam", *words, "--out-dir", folder / "old")
    return folder / "old"


def derive(tables: Path, rules_file: Path) -> dict[str, pd.DataFrame]:
    """Derive everything that the clinical programs write; without dates, and without the numbers of rows."""
    rules = read_rules(rules_file)
    settings = rules.settings["adverse_events"]
    clinical = read_clinical({t: tables / f"{t}.csv" for t in TABLES if (tables / f"{t}.csv").is_file()})
    seen = observe(clinical, rules)
    endpoints = derive_endpoints(clinical, seen, rules)
    queries = find_queries(clinical, seen, endpoints, rules)
    made = {
        "endpoints": endpoints,
        "timepoints": timepoint_table(seen, queries),
        "rates": rate_table(endpoints, rules),
        "queries": query_table(queries),
        "events": adverse_event_table(safety_set(clinical, settings, rules.cutoff), settings),
    }
    return {
        name: frame[[c for c in frame if "_date" not in c]].replace(ROW, "row", regex=True)
        for name, frame in made.items()
    }


def assert_same_endpoints(folder: Path, old: Path, cutoff: str) -> None:
    (folder / "rules.yaml").write_text(
        f"reference: treatment_start\ndata_cutoff: {cutoff}\nscans: {{window_days: 6}}\n"
    )
    (folder / "secret.txt").write_text(SECRET + "\n")
    given = [*options(old), "--rules", folder / "rules.yaml"]
    program(folder, "shift_dates", *given, "--secret-file", "secret.txt", "--key", "kept/key.csv", "--out-dir", "moved")
    program(folder, "shift_dates", *given, "--days", "--out-dir", "days")
    truth, uncut = derive(old, folder / "rules.yaml"), derive(old, DEFAULT)
    assert not truth["endpoints"].equals(uncut["endpoints"]), "the cut-off cuts nothing"
    for way in ("moved", "days"):
        found = derive(folder / way, folder / way / "endpoints.yaml")
        for table, frame in truth.items():
            pd.testing.assert_frame_equal(found[table], frame, obj=f"{way} {table}")
    for path in (folder / "days").iterdir():
        assert not DATE.search(path.read_text()), path
    key = read_text_table(folder / "kept" / "key.csv").set_index("patient_id")["offset_days"].astype(int)
    before, after = (pd.read_csv(f / "assessments.csv") for f in (old, folder / "moved"))
    moved = pd.to_datetime(after["assessment_date"]) - pd.to_datetime(before["assessment_date"])
    assert (moved.dt.days.to_numpy() == key.reindex(before["patient_id"]).to_numpy()).all()
    assert key.abs().between(1, 365).all()
    assert key.nunique() > 0.7 * min(len(key), 365)
    assert stat.S_IMODE((folder / "kept" / "key.csv").stat().st_mode) == 0o600


def test_endpoints_of_a_simulated_trial_are_the_same(tmp_path):
    old = simulated(tmp_path)
    assert_same_endpoints(tmp_path, old, "2024-06-01")
    patients = pd.read_csv(tmp_path / "days" / "patients.csv")
    assert patients["treatment_start_day"].dropna().unique().tolist() == [1]
    assert patients["biopsy_day"].dropna().unique().tolist() == [1]  # an extra column of dates goes along


@pytest.mark.external
def test_endpoints_of_254_subjects_are_the_same(tmp_path, external_data):
    assert_same_endpoints(tmp_path, converted(tmp_path, external_data), "2014-01-01")


def test_rows_that_have_no_study_day_are_counted(tmp_path):
    old = simulated(tmp_path)
    said = program(
        tmp_path,
        "shift_dates",
        *options(old),
        "--rules",
        DEFAULT,
        "--days",
        "--out-dir",
        "days",
    )
    scans = pd.read_csv(old / "assessments.csv")["patient_id"].eq("P005").sum()
    assert scans > 0
    assert f"assessments assessment_date: {scans} rows of patients without a start of treatment left out" in said
    assert "P005" not in set(pd.read_csv(tmp_path / "days" / "assessments.csv")["patient_id"])


def test_offsets_depend_on_secret_and_patient_alone():
    few, many = random_offsets(["P1", "P2"], SECRET), random_offsets(["P3", "P2", "P1"], SECRET)
    assert few.items() <= many.items()
    assert random_offsets(["P1"], SECRET + "!") != random_offsets(["P1"], SECRET)
    drawn = np.array(list(random_offsets([f"P{n}" for n in range(5000)], SECRET, 10).values()))
    assert set(drawn) == {*range(-10, 0), *range(1, 11)}
    assert abs(drawn.mean()) < 4 * np.sqrt(38.5 / 5000)


PATIENTS = "patient_id,arm,treatment_start_date,remark\nP1,A,2024-01-01,{}\nP2,A,2024-02-01,none\n"


TEXTS = ["seen 3 March 2023 no", "died 2024-05-06", "on 6.5.2024", "in 2023-11", "2023年5月", "May 12, 2023"]
TEXTS += ["scan 01FEB2024", "1-Feb-24", "seit 2. März 2024", "am 6.5.24", "Feb-2024", "le 2 décembre 2023", "20240506"]


@pytest.mark.parametrize("text", TEXTS)
def test_dates_within_a_text_are_told(tmp_path, text):
    (tmp_path / "patients.csv").write_text(PATIENTS.format(f'"{text}"'))
    tables = {"patients": read_text_table(tmp_path / "patients.csv")}
    (told,) = map(str, date_problems(tables, {"patients": Path("patients.csv")}))
    assert told.startswith("patients.csv, row 1, column remark: dates within a text (1 rows, the first is 2)")
    assert text not in told


@pytest.mark.parametrize(
    "text",
    ["grade 3/5/2", "CTCAE v5.1.22", "1.2.345", "3 marked lesions 20 mm", "12 Gy", "q3w", "SRR20191105", "20241345"],
)
def test_other_numbers_in_a_text_are_no_dates(tmp_path, text):
    (tmp_path / "patients.csv").write_text(PATIENTS.format(text))
    tables = {"patients": read_text_table(tmp_path / "patients.csv")}
    assert date_problems(tables, {"patients": Path("patients.csv")}) == []


def test_a_column_with_dates_within_its_texts_is_left_out_when_told_so(tmp_path):
    (tmp_path / "patients.csv").write_text(PATIENTS.format(TEXTS[0]))
    (tmp_path / "secret.txt").write_text(SECRET)
    words = ["--patients", "patients.csv", "--rules", DEFAULT, "--secret-file", "secret.txt", "--out-dir", "new"]
    assert "--drop patients.remark" in program(tmp_path, "shift_dates", *words, code=2)
    assert not (tmp_path / "new").exists()
    program(tmp_path, "shift_dates", *words, "--drop", "patients.remark")
    new = read_text_table(tmp_path / "new" / "patients.csv")
    assert new.columns.tolist() == ["patient_id", "arm", "treatment_start_date"]
    start = date.fromisoformat(new.at[0, "treatment_start_date"])
    assert (start - date(2024, 1, 1)).days == random_offsets(["P1"], SECRET)["P1"]


def test_a_key_beside_the_tables_and_a_short_secret_are_refused(tmp_path):
    (tmp_path / "patients.csv").write_text(PATIENTS.format("none"))
    (tmp_path / "secret.txt").write_text("1234")
    words = [
        "--patients",
        "patients.csv",
        "--rules",
        DEFAULT,
        "--secret-file",
        "secret.txt",
    ]
    assert "keep the key apart" in program(
        tmp_path, "shift_dates", *words, "--key", "new/key.csv", "--out-dir", "new", code=2
    )
    said = program(tmp_path, "shift_dates", *words, "--out-dir", "new", code=2)
    assert "too short, expected a secret of 16 characters or more" in said
    assert "1234" not in said
    assert "holds the tables themselves" in program(tmp_path, "shift_dates", *words, "--out-dir", ".", code=2)


@pytest.mark.parametrize("days", [0, 3654, 100_000, 10_000_000])
def test_dates_are_moved_by_ten_years_at_most(tmp_path, days):
    (tmp_path / "patients.csv").write_text(PATIENTS.format("none"))
    (tmp_path / "secret.txt").write_text(SECRET)
    words = ["--patients", "patients.csv", "--rules", DEFAULT, "--secret-file", "secret.txt", "--out-dir", "new"]
    said = program(tmp_path, "shift_dates", *words, "--most-days", str(days), code=2)
    assert "--most-days takes a number of 1 to 3653 (ten years)" in said
    assert not (tmp_path / "new").exists()
    program(tmp_path, "shift_dates", *words, "--most-days", "3653")
    start = date.fromisoformat(read_text_table(tmp_path / "new" / "patients.csv").at[0, "treatment_start_date"])
    assert 0 < abs((start - date(2024, 1, 1)).days) <= 3653


def test_a_date_that_would_leave_the_years_of_tables_is_told(tmp_path):
    """The offset of P1 is forward or back: one of the two ends of the calendar is left."""
    forward = random_offsets(["P1"], SECRET)["P1"] > 0
    text = f"patient_id,arm,treatment_start_date\nP0,A,2024-01-01\nP1,A,{'2100-12-31' if forward else '1900-01-01'}\n"
    (tmp_path / "patients.csv").write_text(text)
    (tmp_path / "secret.txt").write_text(SECRET)
    words = ["--patients", "patients.csv", "--rules", DEFAULT, "--secret-file", "secret.txt", "--out-dir", "new"]
    said = program(tmp_path, "shift_dates", *words, code=2)
    assert "patients.csv, row 3, column treatment_start_date: found" in said
    assert not (tmp_path / "new").exists()


def test_a_secret_that_is_no_text_and_one_that_is_not_there_are_refused(tmp_path):
    (tmp_path / "patients.csv").write_text(PATIENTS.format("none"))
    (tmp_path / "secret.bin").write_bytes(b"\xff\xfe\x00" * 20)
    words = ["--patients", "patients.csv", "--rules", DEFAULT, "--out-dir", "new", "--secret-file"]
    said = program(tmp_path, "shift_dates", *words, "secret.bin", code=2)
    assert "secret.bin: not a text in UTF-8" in said
    assert "openssl rand -hex 32" in said
    assert "file not found" in program(tmp_path, "shift_dates", *words, "secret.txt", code=2)
    assert not (tmp_path / "new").exists()


def test_randomised_and_never_treated_has_no_study_day(tmp_path):
    text = "patient_id,arm,treatment_start_date,randomisation_date\nP1,A,2024-01-01,2023-12-30\nP2,A,,2024-02-01\n"
    (tmp_path / "patients.csv").write_text(text)
    (tmp_path / "rules.yaml").write_text("reference: randomisation\n")
    said = program(
        tmp_path,
        "shift_dates",
        "--patients",
        "patients.csv",
        "--rules",
        "rules.yaml",
        "--days",
        "--out-dir",
        "new",
        code=2,
    )
    assert "1 patients were randomised and never treated" in said
    assert "Use --secret-file" in said
