"""Patients whose data contradict themselves or lie on the edge of a rule, each judged by hand."""

from __future__ import annotations

import pandas as pd
import pytest
from unit.endpoints.small_trial import Trial, scans_of

from anpi.recist.best_response import ResponseRules, confirmed_response_day


@pytest.mark.parametrize(
    ("scans", "day"),
    [
        ("42:CR 84:PR 126:PR", 42),
        ("42:PR 84:PR", 42),
        ("42:CR 63:NE 84:PR 126:PR", 42),
        ("42:CR 84:PR", None),  # a PR after a CR confirms neither
        ("42:CR 84:SD 126:PR 168:PR", 126),
        ("42:PR 60:NE 63:NE 84:PR 126:PR", 84),
        ("42:PR 60:NE 63:PR 80:NE 100:PR", 63),
        ("42:CR 84:PR 126:SD 168:PR 210:PR", 168),  # the response that is confirmed began after the SD
        ("42:PR 84:CR 126:CR", 42),
        ("42:CR 84:PR 126:CR", 42),
        ("35:CR 42:PR 70:PR", 35),
    ],
)
def test_a_response_begins_at_the_first_cr_or_pr_that_its_confirmation_rests_on(scans, day):
    assert confirmed_response_day(scans_of(scans), ResponseRules()) == day


def test_duration_and_time_to_response_after_cr_pr_pr(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=168)
    trial.scans("P", scans_of("42:CR 84:PR 126:PR 168:PD"))
    found = trial.derive()["P"]
    assert (found["cbor"], found["response"]) == ("PR", "Y")
    assert (found["ttr_days"], found["dor_days"], found["dor_event"]) == (43, 127, 1)


def reported(trial: Trial, scans: str) -> None:
    trial.scans("P", scans_of(scans))


def measured(trial: Trial, scans: str) -> None:
    """The same responses by one target lesion, which a baseline scan (day -7) would give 100 mm."""
    sizes = {"CR": 0, "PR": 50, "SD": 90, "PD": 160}
    for scan in scans_of(scans):
        size, place = sizes[str(scan.response)], {"patient_id": "P", "assessment_at": scan.day}
        trial.add("lesions", lesion_id="T", kind="target", node="N", diameter_mm=size, status="", **place)


@pytest.mark.parametrize("told", [reported, measured])
@pytest.mark.parametrize("scans", ["42:PR 84:PR", "42:SD 84:SD", "42:CR 84:CR", "42:SD 84:PD"])
def test_without_a_baseline_scan_no_response_can_be_judged(told, scans, tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", baseline_assessed="N", last_alive_at=84)
    told(trial, scans)
    found = trial.derive()
    row = found["P"]
    assert [row[name] for name in ("bor", "cbor", "cbor_strict")] == ["NE"] * 3
    names = ("response", "response_unconfirmed", "response_strict", "disease_control", "disease_control_unconfirmed")
    assert [row[name] for name in names] == ["N"] * 5
    assert pd.isna(row["dor_days"])
    assert (row["response_evaluable"], row["pfs_days"], row["pfs_event"], row["pfs_event_ema"]) == ("no", 1, 0, 0)
    assert "no_baseline" in found.rules_asked("P")


def test_a_new_lesion_is_progression_without_a_baseline_too(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", baseline_assessed="N", last_alive_at=84)
    trial.add("assessments", patient_id="P", assessment_at=42, overall_response="PR", new_lesion="N")
    trial.add("assessments", patient_id="P", assessment_at=84, overall_response="PD", new_lesion="Y")
    row = trial.derive()["P"]
    assert (row["bor"], row["pfs_event"], row["pfs_event_ema"], row["pfs_days_ema"]) == ("PD", 0, 1, 85)


@pytest.mark.parametrize("told", [reported, measured])
def test_a_scan_after_death_counts_for_nothing_but_a_query(told, tmp_path):
    """Death on day 61: the PR of day 85 confirms nothing, the PD of day 127 is no progression."""
    trial = Trial(tmp_path)
    trial.patient("P", death_at=60, last_alive_at=60)
    if told is measured:
        trial.add("lesions", patient_id="P", assessment_at=-7, lesion_id="T", kind="target", node="N", diameter_mm=100)
    told(trial, "42:PR 84:PR 126:PD")
    found = trial.derive()
    row = found["P"]
    assert (row["bor"], row["cbor"], row["response"]) == ("PR", "SD", "N")
    assert (row["pfs_days"], row["pfs_event"], row["os_days"], row["os_event"]) == (61, 1, 61, 1)
    assert "scan_after_death" in found.rules_asked("P")


def test_scan_on_the_day_of_death_counts(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", death_at=84, last_alive_at=84)
    trial.scans("P", scans_of("42:PR 84:PR"))
    found = trial.derive()
    assert (found["P"]["cbor"], found["P"]["pfs_days"], found["P"]["dor_days"]) == ("PR", 85, 43)
    assert "scan_after_death" not in found.rules_asked("P")


def test_a_therapy_after_death_censors_nothing(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", death_at=60, last_alive_at=60)
    trial.scans("P", scans_of("42:SD"))
    trial.add("therapies", patient_id="P", start_at=70, name="topotecan")
    found = trial.derive()
    assert (found["P"]["pfs_days"], found["P"]["pfs_event"]) == (61, 1)
    assert "therapy_after_death" in found.rules_asked("P")


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("assessments", {"assessment_at": 84, "overall_response": "SD"}),
        ("assessments", {"assessment_at": 84, "overall_response": "NE"}),
        ("lesions", {"assessment_at": 84, "lesion_id": "T", "kind": "target", "diameter_mm": 20}),
        ("therapies", {"start_at": 84, "name": "topotecan"}),
        ("adverse_events", {"term": "Rash", "soc": "Skin", "grade": 1, "start_at": 84}),
        ("adverse_events", {"term": "Rash", "soc": "Skin", "grade": 1, "start_at": 10, "end_at": 84}),
    ],
)
def test_last_known_alive_is_the_latest_of_all_dated_contacts(table, row, tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=59, treatment_end_at=50)
    trial.scans("P", scans_of("42:SD"))
    trial.add(table, patient_id="P", **row)
    found = trial.derive()
    assert (found["P"]["os_days"], found["P"]["os_event"]) == (85, 0)
    assert found["P"]["os_days"] >= found["P"]["pfs_days"]
    asked = {"last_alive_before_scan"} if table in ("assessments", "lesions") else {"last_alive_before_contact"}
    assert asked <= found.rules_asked("P")
    cut = trial.derive(data_cutoff="2024-03-11")["P"]  # day 71: what is later is not known
    assert (cut["os_days"], cut["os_event"]) == (60, 0)


def test_end_of_treatment_and_withdrawal_are_contacts(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=59, treatment_end_at=90)
    trial.patient("Q", last_alive_at=59, withdrawal_at=91)
    trial.patient("R", treatment_end_at=30)
    trial.scans("P", scans_of("42:SD"))
    found = trial.derive()
    assert [found[name]["os_days"] for name in "PQR"] == [91, 92, 31]
