"""Exposure and shifts of grade, by a trial of six patients made by hand."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from anpi.adverse_events.exposure import exposure_table
from anpi.adverse_events.shifts import shift_table
from anpi.adverse_events.table import Safety, safety_set
from anpi.endpoints.rules import make_rules
from anpi.tables.clinical import read_clinical

# P1: 21 days, one cycle. P2: 22 days, two. P3: died on day 10 on treatment. P4: on treatment, alive on day 50.
# P5: never treated. P6: treated after the cut-off of 2024-06-01. P7: nobody knows until when.
PATIENTS = """patient_id,arm,treatment_start_date,treatment_end_date,death_date,last_alive_date
P1,A,2024-01-01,2024-01-21,,2024-07-01
P2,A,2024-01-01,2024-01-22,,2024-07-01
P3,B,2024-01-01,,2024-01-10,
P4,B,2024-01-01,,,2024-02-19
P5,B,,,,
P6,A,2024-06-02,,,2024-07-01
P7,A,2024-01-01,,,
"""
HEADER = "patient_id,term,soc,grade,start_date,end_date,initial_grade\n"
BEFORE = """P1,Rash,Skin,2,2023-12-01,,1
P1,Rash,Skin,3,2024-01-10,,
P2,Rash,Skin,1,2023-12-01,2023-12-20,
P2,Nausea,Gut,1,2023-12-01,,
P2,Rash,Skin,2,2024-01-05,,
P3,Nausea,Gut,2,2024-01-05,,
P3,Rash,Skin,4,2024-01-11,,
P4,Rash,Skin,1,2024-01-05,,
"""


def safety_of(folder, events: str, cutoff: date | None = None) -> Safety:
    (folder / "patients.csv").write_text(PATIENTS)
    (folder / "events.csv").write_text(HEADER + events)
    clinical = read_clinical({"patients": folder / "patients.csv", "adverse_events": folder / "events.csv"})
    return safety_set(clinical, make_rules({}).settings["adverse_events"], cutoff)


def test_exposure_by_hand(tmp_path):
    table = exposure_table(safety_of(tmp_path, BEFORE, None), 21).set_index(["measure", "arm"])
    names = ["N", "n", "on_treatment", "least", "median", "most"]
    assert table.loc[("duration", "B"), names].tolist() == [2, 2, 1, 10, 30, 50]
    assert table.loc[("cycles", "B"), names].tolist() == [2, 2, 1, 1, 2, 3]
    assert table.loc[("duration", "A"), names].tolist() == [4, 3, 2, 21, 22, 30]
    assert table.loc[("cycles", "A"), names].tolist() == [4, 3, 2, 1, 2, 2]
    assert table.loc[("duration", "B"), "patient_years"] == pytest.approx(60 / 365.25)


def test_who_was_last_known_alive_before_the_first_dose_had_one_day_of_exposure(tmp_path):
    (tmp_path / "patients.csv").write_text(PATIENTS.replace("2024-02-19", "2023-12-20"))
    (tmp_path / "events.csv").write_text(HEADER + BEFORE)
    clinical = read_clinical({"patients": tmp_path / "patients.csv", "adverse_events": tmp_path / "events.csv"})
    table = exposure_table(safety_set(clinical, make_rules({}).settings["adverse_events"], None), 21)
    assert table.set_index(["measure", "arm"]).loc[("duration", "B"), ["least", "most"]].tolist() == [1, 10]


def test_exposure_up_to_the_cut_off(tmp_path):
    """On 2024-06-01 P6 is not treated, and P7 is on treatment; on 2024-01-15 P1 and P2 are too."""
    table = exposure_table(safety_of(tmp_path, BEFORE, date(2024, 6, 1)), 21).set_index(["measure", "arm"])
    assert table.loc[("duration", "A"), ["N", "n", "on_treatment", "most"]].tolist() == [3, 3, 1, 153]
    early = exposure_table(safety_of(tmp_path, BEFORE, date(2024, 1, 15)), 21).set_index(["measure", "arm"])
    assert early.loc[("duration", "A"), ["N", "on_treatment", "least", "most"]].tolist() == [3, 3, 15, 15]


def test_shifts_by_hand(tmp_path):
    """P1: 1 to 3. P2: the rash was over, 0 to 2; nausea went on at 1. P3: the rash came after death. P4: 0 to 1."""
    table = shift_table(safety_of(tmp_path, BEFORE))
    found = table[table["arm"] == "all"].set_index(["term", "baseline_grade", "worst_grade"])["n"].to_dict()
    assert found == {("Rash", 0, 1): 1, ("Rash", 0, 2): 1, ("Rash", 1, 3): 1, ("Nausea", 0, 2): 1, ("Nausea", 1, 1): 1}
    assert table[["term", "arm"]].drop_duplicates().to_numpy().tolist()[:3] == [["Rash", a] for a in ("all", "A", "B")]
    assert table.set_index("arm")["N"].to_dict() == {"all": 6, "A": 4, "B": 2}


def test_no_event_before_treatment_is_no_grade_of_zero(tmp_path):
    events = "P1,Rash,Skin,3,2024-01-10,,1\n"
    assert shift_table(safety_of(tmp_path, events)).empty


def test_an_event_after_death_is_not_counted(tmp_path):
    safety = safety_of(tmp_path, BEFORE)
    assert safety.dropped["after death"] == 1
    assert not (safety.events["patient_id"].eq("P3") & safety.events["term"].eq("Rash")).any()


def test_treatment_after_the_cut_off_is_none(tmp_path):
    safety = safety_of(tmp_path, BEFORE, date(2024, 6, 1))
    assert list(safety.arms.index) == ["P1", "P2", "P3", "P4", "P7"]
    assert isinstance(safety.exposure, pd.DataFrame)
