"""Who was treated, with what and since when, where that is not what was planned: in every format that says so."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copytree

import pandas as pd
import pytest
from export_results import FORMATS
from unit.exports.made_run import make_run, read, write_manifest

from anpi.exports.finished_run import FinishedRun
from anpi.exports.folder import export
from anpi.files.writing import write_json, write_table


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """0001 got the other arm, 0002 was never treated; the days of the results count from randomisation."""
    folder = tmp_path_factory.mktemp("given")
    results = make_run(folder)
    patients = pd.read_csv(folder / "config/patients.csv", dtype={"patient_id": str})
    arms = sorted(set(patients["arm"]))
    other = arms[0] if patients["arm"][0] == arms[1] else arms[1]
    patients = patients.assign(
        arm_received=[other, *[None] * (len(patients) - 1)],
        randomisation_date="2023-01-01",
        treatment_start_date=["2023-01-11", None, *["2023-01-11"] * (len(patients) - 2)],
        treatment_end_date=["2023-02-10", *[None] * (len(patients) - 1)],
    )
    patients.to_csv(folder / "config/patients.csv", index=False)
    endpoints = read(results / "clinical/endpoints.tsv")
    endpoints["treated"] = ["yes" if patient != "0002" else "no" for patient in endpoints["patient_id"]]
    write_table(results / "clinical/endpoints.tsv", endpoints)
    write_manifest(folder / "plan.yaml", folder / "config", results, True)
    manifest = json.loads((results / "manifest.json").read_text())
    write_json(results / "manifest.json", manifest | {"rules": {"reference": "randomisation"}})
    return results


@pytest.fixture
def received(run: Path) -> str:
    return str(FinishedRun(run).patients.set_index("patient_id").loc["0001", "arm_received"])


def written(run: Path, name: str, folder: Path) -> Path:
    export(FinishedRun(run), name, FORMATS[name], folder)
    return folder


def test_a_timeline_counts_from_the_start_of_treatment(run: Path, received: str, tmp_path: Path):
    folder = written(run, "cbioportal", tmp_path)
    given = pd.read_csv(folder / "data_timeline_treatment.txt", sep="\t", dtype={"PATIENT_ID": str}, index_col=0)
    assert "0002" not in given.index
    assert given.loc["0001", ["START_DATE", "STOP_DATE", "AGENT"]].tolist() == [0, 30, received]
    scans = pd.read_csv(folder / "data_timeline_scans.txt", sep="\t", dtype={"PATIENT_ID": str}, index_col=0)
    # Day 43 from randomisation is 42 days after it, 32 after the treatment that began ten days later.
    assert set(scans["START_DATE"]) == {32}
    assert "0002" not in scans.index
    notes = json.loads((folder / "export_cbioportal.json").read_text())["notes"]
    assert "timeline of scans: 1 event of unknown day left out" in notes


def test_who_was_never_treated_has_no_treatment_in_a_phenopacket(run: Path, received: str, tmp_path: Path):
    folder = written(run, "phenopackets", tmp_path)
    actions = [json.loads((folder / f"{name}.json").read_text())["medicalActions"] for name in ("0001", "0002")]
    assert actions[0][0]["treatment"]["agent"]["label"] == received
    assert actions[1] == []


def test_adam_tells_the_planned_treatment_from_the_actual_one(run: Path, received: str, tmp_path: Path):
    folder = written(run, "definexml", tmp_path)
    adsl = pd.read_csv(folder / "adsl.csv", dtype={"USUBJID": str}).set_index("USUBJID")
    planned = FinishedRun(run).endpoints.set_index("patient_id")["arm"]
    assert adsl["TRT01P"].tolist() == planned.reindex(adsl.index).tolist()
    assert adsl.loc["0001", "TRT01A"] == received != adsl.loc["0001", "TRT01P"]
    assert pd.isna(adsl.loc["0002", "TRT01A"])
    assert adsl.loc["0003", "TRT01A"] == adsl.loc["0003", "TRT01P"]


def test_the_planned_treatment_is_not_the_actual_one_where_the_patients_are_not_found(run: Path, tmp_path: Path):
    trial = tmp_path / "trial"
    copytree(run.parent, trial)
    (trial / "config/patients.csv").unlink()
    folder = written(trial / run.name, "definexml", tmp_path / "adam")
    adsl = pd.read_csv(folder / "adsl.csv", dtype={"USUBJID": str})
    assert adsl["TRT01P"].notna().all()
    assert "TRT01A" not in adsl or adsl["TRT01A"].isna().all()
    notes = json.loads((folder / "export_definexml.json").read_text())["notes"]
    assert any("clinical.patients" in note and "was not found" in note for note in notes)
