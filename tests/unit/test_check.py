"""What is said when a run is planned: contradictions of the sample sheet, dates yet to come."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from anpi.check import check_run, planning_notes
from anpi.files.shipped import PACKAGE
from anpi.problems import InputError
from anpi.tables.clinical import Timeline, read_clinical
from anpi.tables.sheets import read_samples, timepoint_problems

PATIENTS = (
    "patient_id,arm,treatment_start_date,last_alive_date,sex_x\n"
    "P1,A,2024-01-10,2024-09-01,F\nP2,A,2024-01-10,2042-09-01,M\n"
)
SAMPLES = "sample_id\tpatient_id\ttimepoint\tsite\tcollection_date\n"


def write(folder: Path, rows: str) -> Path:
    (folder / "patients.csv").write_text(PATIENTS)
    (folder / "samples.tsv").write_text(SAMPLES + rows)
    return folder / "samples.tsv"


@pytest.mark.parametrize(
    ("timepoint", "collected", "told"),
    [
        ("baseline", "2024-01-09", False),
        ("baseline", "2024-01-10", False),
        ("baseline", "2024-01-11", True),
        ("on_treatment", "2024-01-09", True),
        ("on_treatment", "2024-02-09", False),
        ("progression", "2023-02-09", True),
    ],
)
def test_a_sample_collected_on_the_other_side_of_the_first_dose_is_refused(tmp_path, timepoint, collected, told):
    samples = read_samples(write(tmp_path, f"S1\tP1\t{timepoint}\tlung\t{collected}\n"))
    clinical = read_clinical({"patients": tmp_path / "patients.csv"})
    problems = timepoint_problems(samples, Timeline(clinical.patients))
    assert [str(problem).split("samples.tsv, ")[1] for problem in problems] == (
        [
            f"row 2, column collection_date: found '{collected}', expected a day "
            + (
                "before treatment, or its first, for a baseline"
                if timepoint == "baseline"
                else "of treatment, or after it, for a"
            )
            + (" sample" if timepoint == "baseline" else " sample that is no baseline")
            + ". Mend the date, or the time point."
        ]
        if told
        else []
    )


def test_dates_after_the_day_of_planning_and_sites_of_one_sample_are_said(tmp_path):
    rows = "S1\tP1\tbaseline\tlung\t2024-01-01\nS2\tP2\tbaseline\tlung\t2022-01-01\nS3\tP2\tbaseline\tlnug\t2024-01-01"
    samples = read_samples(write(tmp_path, rows))
    clinical = read_clinical({"patients": tmp_path / "patients.csv"})
    told = [note.removeprefix(f"{tmp_path}/") for note in planning_notes(clinical, samples, date(2024, 10, 1))]
    extra = "patients.csv: columns that are kept, and read where the plan names them: sex_x"
    assert told == [
        extra,
        "patients.csv, row 3, column last_alive_date: a date after today, 2024-10-01",
        "samples.tsv: the last row has no line end; was the file cut short?",
        "samples.tsv, row 3: collected 739 days before treatment",
        "samples.tsv, row 4, column site: no other sample has 'lnug'; is it another name?",
    ]
    assert planning_notes(clinical, None, date(2042, 9, 1)) == [f"{tmp_path}/{extra}"]


def test_a_column_that_is_empty_throughout_is_said(tmp_path):
    """An export that lost a column's values looks like a trial in which nothing was recorded."""
    file = tmp_path / "patients.csv"
    file.write_text("patient_id,arm,treatment_start_date,death_date\nP1,A,2024-01-01,NA\nP2,A,2024-01-01,\n")
    told = planning_notes(read_clinical({"patients": file}), None, date(2024, 10, 1))
    assert told == [f"{file}: columns without any value: death_date"]


def test_faults_of_plan_and_tables_are_told_together(tmp_path):
    write(tmp_path, "")
    (tmp_path / "patients.csv").write_text(PATIENTS.replace("2024-09-01", "soon"))
    (tmp_path / "plan.yaml").write_text(
        "families: [{family: a, tier: primary, entries: [{entry: b, endpoints: [x]}]}]\n"
    )
    config = {"clinical": {"patients": str(tmp_path / "patients.csv")}, "plan": str(tmp_path / "plan.yaml")}
    with pytest.raises(InputError) as caught:
        check_run(config)
    assert [Path(problem.file).name for problem in caught.value.problems] == ["patients.csv", "plan.yaml", "plan.yaml"]


@pytest.mark.parametrize(("sampled", "told"), [(20, False), (18, False), (14, True)])
def test_a_sheet_that_lacks_the_last_patients_is_asked_about(tmp_path, sampled, told):
    """Of twenty patients the last six without a sample; two may lack by chance, and so may any in between."""
    rows = "".join(f"P{n:02},A,2024-01-10,2024-09-01,F\n" for n in range(1, 21))
    (tmp_path / "patients.csv").write_text(PATIENTS.splitlines(keepends=True)[0] + rows)
    lines = [f"S{n}\tP{n:02}\tbaseline\tlung\t2024-01-01\n" for n in range(1, sampled + 1) if n != 3]
    (tmp_path / "samples.tsv").write_text(SAMPLES + "".join(lines))
    clinical = read_clinical({"patients": tmp_path / "patients.csv"})
    notes = planning_notes(clinical, read_samples(tmp_path / "samples.tsv"), date(2024, 10, 1))
    expected = f"{tmp_path}/samples.tsv: no sample of the last 6 patient(s), from P15 on; was the file cut short"
    assert any(note.startswith(expected) for note in notes) == told
    assert any("of the last" in note for note in notes) == told


def test_the_checks_of_a_plan_load_no_library_of_statistics():
    """Each start of the workflow pays for what it loads."""
    code = (
        f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r}); import anpi.check, anpi.subtypes.model; "
        "print([name for name in ('scipy', 'sklearn', 'statsmodels', 'anndata') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
