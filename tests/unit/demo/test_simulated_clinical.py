"""Simulated clinical tables agree with themselves and carry the effect that was built in."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter

from anpi.files.writing import write_table
from anpi.tables.reading import read_table
from demo.clinical import (
    LOG_HAZARD_RATIO_OF_INFLAMMATION,
    LOG_HAZARD_RATIOS,
    ClinicalTables,
    TrialDesign,
    log_hazards,
    simulate_clinical,
)
from demo.expression import draw_tumours

COHORT = 800
TABLES = ("patients", "assessments", "lesions", "therapies", "adverse_events")


@pytest.fixture(scope="module")
def tumours() -> pd.DataFrame:
    return draw_tumours(pd.Series({f"P{i:04d}": "ANAIPAIANA"[i % 10] for i in range(COHORT)}))


@pytest.fixture(scope="module")
def tables(tumours: pd.DataFrame) -> ClinicalTables:
    return simulate_clinical(log_hazards(tumours), seed=1)


def recorded_pfs(tables: ClinicalTables) -> pd.DataFrame:
    """Time to the first recorded PD or death; further therapy or the last scan censors."""
    patients = tables.patients.set_index("patient_id")
    scans = tables.assessments
    first_pd = scans[scans["overall_response"] == "PD"].groupby("patient_id")["assessment_date"].min()
    last_scan = scans.groupby("patient_id")["assessment_date"].max()
    therapy = tables.therapies.groupby("patient_id")["start_date"].min()
    rows = {}
    for name, facts in patients.iterrows():
        start = facts["treatment_start_date"]
        ends = [day for day in (first_pd.get(name), facts["death_date"]) if day is not None]
        event = bool(ends) and not (name in therapy.index and therapy[name] < min(ends))
        end = min(ends) if event else max(last_scan.get(name, start), start)
        rows[name] = {"days": (end - start).days + 1, "event": int(event)}
    return pd.DataFrame.from_dict(rows, orient="index")


def test_built_in_effects_are_recovered(tables: ClinicalTables, tumours: pd.DataFrame) -> None:
    frame = recorded_pfs(tables)
    truth = {subtype: LOG_HAZARD_RATIOS[subtype] for subtype in "NPI"}
    for subtype in truth:
        frame[subtype] = (tumours["subtype"] == subtype).astype(float)
    frame["inflammation"] = tumours["inflammation"]
    facts = tables.patients.set_index("patient_id")
    frame["male"] = (facts["sex"] == "M").astype(float)
    frame["second_arm"] = (facts["arm"] != "cadonilimab").astype(float)
    frame["age"] = (facts["age"] - facts["age"].mean()) / facts["age"].std()
    truth |= {"inflammation": LOG_HAZARD_RATIO_OF_INFLAMMATION, "male": 0, "second_arm": 0, "age": 0}
    summary = CoxPHFitter(alpha=0.01).fit(frame, "days", "event").summary
    assert frame["event"].sum() > 0.6 * COHORT
    for name, value in truth.items():
        low, high = summary.loc[name, ["coef lower 99%", "coef upper 99%"]]
        assert low < value < high, name
    assert summary.loc["P", "coef"] > 0.3
    assert summary.loc["I", "coef"] < -0.5


def test_latent_times_follow_the_stated_law() -> None:
    design = TrialDesign()
    tables = simulate_clinical(pd.Series(0.0, index=[f"P{i}" for i in range(1500)]), seed=3)
    times = tables.truth["progression_days"]
    assert times.median() == pytest.approx(design.median, rel=0.06)
    # Weibull: the ratio of two quantiles gives the shape.
    ratio = np.log(np.log(4) / np.log(4 / 3)) / np.log(times.quantile(0.75) / times.quantile(0.25))
    assert ratio == pytest.approx(design.shape, rel=0.08)


def test_tables_pass_their_schemas(tables: ClinicalTables, tmp_path: Path) -> None:
    for name in TABLES:
        frame = getattr(tables, name)
        write_table(tmp_path / f"{name}.csv", frame)
        read = read_table(tmp_path / f"{name}.csv", name)
        assert len(read) == len(frame) > 0
        assert list(read.columns[: len(frame.columns)]) == list(frame.columns)


def test_dates_are_in_order(tables: ClinicalTables) -> None:
    design = TrialDesign()
    patients = tables.patients.set_index("patient_id")
    starts, deaths = patients["treatment_start_date"], patients["death_date"].dropna()
    scans = tables.assessments
    assert (scans["assessment_date"] > scans["patient_id"].map(starts)).all()
    assert scans["assessment_date"].max() <= design.cut_off
    assert deaths.max() <= design.cut_off
    assert (patients["last_alive_date"] <= design.cut_off).all()
    dead = scans[scans["patient_id"].isin(deaths.index)]
    assert (dead["assessment_date"] <= dead["patient_id"].map(deaths)).all()
    withdrawn = patients["withdrawal_date"].dropna()
    assert len(withdrawn) > 10
    assert patients.loc[withdrawn.index, "death_date"].isna().all()
    events = tables.adverse_events
    assert (events["start_date"] >= events["patient_id"].map(starts)).all()
    ended = events.dropna(subset=["end_date"])
    assert (ended["end_date"] >= ended["start_date"]).all()
    therapies = tables.therapies
    assert (therapies["start_date"] > therapies["patient_id"].map(starts)).all()
    gaps = scans.groupby("patient_id")["assessment_date"].diff().dropna()
    assert gaps.min() >= timedelta(days=design.scan_interval - design.scan_jitter)
    assert (gaps <= timedelta(days=design.scan_interval + design.scan_jitter)).mean() > 0.9


def test_reported_responses_are_those_of_the_diameters(tables: ClinicalTables) -> None:
    lesions = tables.lesions[tables.lesions["kind"] == "target"].copy()
    lesions["diameter_mm"] = lesions["diameter_mm"].map(int)
    new = tables.lesions[tables.lesions["kind"] == "new"].groupby("patient_id")["assessment_date"].min()
    reported = tables.assessments.set_index(["patient_id", "assessment_date"])
    seen = {"CR": 0, "PR": 0, "SD": 0, "PD": 0}
    for patient, rows in lesions.groupby("patient_id"):
        sums: list[int] = []
        for day, scan in rows.groupby("assessment_date"):
            total = int(scan["diameter_mm"].sum())
            if sums:
                nodes = scan["node"] == "Y"
                gone = (scan.loc[~nodes, "diameter_mm"] == 0).all() and (scan.loc[nodes, "diameter_mm"] < 10).all()
                grown = total - min(sums) >= 5 and total >= 1.2 * min(sums)
                target = "CR" if gone else "PD" if grown else "PR" if total <= 0.7 * sums[0] else "SD"
                row = reported.loc[(patient, day)]
                assert row["target_response"] == target
                fresh = patient in new.index and new[patient] == day
                assert (row["new_lesion"] == "Y") == fresh
                worse = fresh or target == "PD" or row["nontarget_response"] == "PD"
                assert row["overall_response"] == ("PD" if worse else target)
                seen[row["overall_response"]] += 1
            sums.append(total)
    assert min(seen.values()) > 30


def test_progression_is_seen_at_the_next_scan_and_ends_the_scans(tables: ClinicalTables) -> None:
    scans = tables.assessments
    first = scans[scans["overall_response"] == "PD"].groupby("patient_id")["assessment_date"].min()
    assert (first == scans.groupby("patient_id")["assessment_date"].max().reindex(first.index)).all()
    starts = tables.patients.set_index("patient_id")["treatment_start_date"].reindex(first.index)
    latent = tables.truth.set_index("patient_id")["progression_days"].reindex(first.index)
    delay = pd.Series([day.days for day in first - starts], index=first.index) - latent
    assert delay.min() >= -1
    assert delay.max() <= 2 * 46 + 1
    assert delay.median() < 46


def test_a_patient_does_not_depend_on_others(tables: ClinicalTables, tumours: pd.DataFrame) -> None:
    few = simulate_clinical(log_hazards(tumours.iloc[[41, 7]]), seed=1)
    for name in TABLES:
        mine, all_rows = getattr(few, name), getattr(tables, name)
        for patient in few.patients["patient_id"]:
            left = mine[mine["patient_id"] == patient].reset_index(drop=True)
            right = all_rows[all_rows["patient_id"] == patient].reset_index(drop=True)
            assert left.astype(str).equals(right.astype(str))


def test_grades_and_flags_of_adverse_events(tables: ClinicalTables) -> None:
    events = tables.adverse_events
    assert set(events["grade"]) == {1, 2, 3, 4}
    assert (events.loc[events["serious"] == "Y", "grade"] >= 3).all()
    immune = events[events["immune_related"] == "Y"]
    assert (immune["related"] == "Y").all()
    assert 0.1 < len(immune) / len(events) < 0.4
