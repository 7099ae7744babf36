"""Markers of biomarkers.csv in the plan: baseline, scales, clearance without immortal time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anpi.association.agreement import agreement_table
from anpi.association.engine import results_table, run_plan
from anpi.association.markers import measure_markers
from anpi.association.plan import Plan, check_plan
from anpi.association.question import entry_markers
from anpi.association.trial import Trial, read_trial
from anpi.problems import InputError

START = pd.Timestamp("2023-01-01")  # of treatment, in `trial_of`


def table_of(rows: list[tuple[str, str, object, int]]) -> pd.DataFrame:
    """Make rows of patient, marker, value and days from the start of treatment."""
    table = pd.DataFrame(rows, columns=["patient_id", "marker", "value", "day"])
    table["date"] = START + pd.to_timedelta(table.pop("day"), unit="D")
    return table.assign(value=table["value"].map(str))


@pytest.fixture
def patients() -> pd.DataFrame:
    return pd.DataFrame({"patient_id": ["a", "b", "c"], "treatment_start_date": START})


def test_the_value_at_baseline_is_the_last_before_treatment(patients: pd.DataFrame):
    rows = [("a", "LDH", 300, -20), ("a", "LDH", 250, 0), ("a", "LDH", 100, 1), ("b", "LDH", 400, 5)]
    baseline = measure_markers(table_of(rows), patients)["LDH"].baseline
    assert baseline["a"] == 250
    assert baseline[["b", "c"]].isna().all()


def test_clearance_is_the_first_zero_under_treatment_of_those_who_had_it(patients: pd.DataFrame):
    rows = [("a", "ctDNA", 12, -1), ("a", "ctDNA", 3, 21), ("a", "ctDNA", 0, 42), ("a", "ctDNA", 0, 63)]
    rows += [("b", "ctDNA", 0, -1), ("b", "ctDNA", 0, 21), ("c", "ctDNA", 5, -1)]
    measured = measure_markers(table_of(rows), patients)["ctDNA"]
    assert measured.positive.tolist() == [True, False, True]
    assert measured.cleared["a"] == 43
    assert measured.cleared[["b", "c"]].isna().all()


def with_markers(trial: Trial, rows: list[tuple[str, str, object, int]]) -> Trial:
    return replace(trial, markers=measure_markers(table_of(rows), trial.patients.reset_index()))


def test_each_kind_of_marker_is_tested_as_what_it_is(plan_of: Callable[..., Plan], trial_of: Callable[..., Trial]):
    trial = trial_of(count=40)
    kinds = {
        "LDH": np.arange(40),
        "IHC": np.resize(["0", "1+", "2+", "3+"], 40),
        "RB1": np.resize(["lost", "kept"], 40),
    }
    rows = [(p, m, v, 0) for m, values in kinds.items() for p, v in zip(trial.patients.index, values, strict=True)]
    trial = with_markers(trial, rows)
    plan = plan_of(biomarker="markers", markers=[*kinds, "TMB"], set="all_treated")
    markers = {marker.name: marker for marker in entry_markers(plan.entries[0], trial, None)}
    assert (markers["LDH"].grouped, markers["IHC"].grouped, markers["RB1"].grouped) == (False, False, True)
    assert markers["IHC"].values.tolist()[:4] == [0, 1, 2, 3]
    assert markers["IHC"].note == "places on the scale 0, 1+, 2+, 3+, counted from 0"
    results = results_table(run_plan(plan, trial, None))
    first = results.drop_duplicates("biomarker").set_index("biomarker")
    assert first.loc["LDH", "effect"] == "HR per SD"
    assert first.loc["LDH", "p"] > 0
    assert "TMB was not measured" in first.loc["TMB", "warning"]


def test_clearance_is_looked_at_in_time_and_by_landmark(plan_of: Callable[..., Plan], trial_of: Callable[..., Trial]):
    """Two in three of those who live long enough clear: a naive look finds a strong effect where there is none."""
    trial = trial_of(count=120, seed=5)
    lived = trial.endpoints["os_days"]
    rows = [(p, "ctDNA", 0 if p.endswith("9") else 9, -1) for p in trial.patients.index]
    rows += [(p, "ctDNA", 0, 90) for p in trial.patients.index if lived[p] > 91 and int(p) % 3]
    trial = with_markers(trial, rows)
    cleared = trial.markers["ctDNA"].cleared.notna()
    assert lived[cleared].median() > 1.2 * lived[~cleared & trial.markers["ctDNA"].positive].median()
    plan = plan_of(endpoints=["os"], biomarker="clearance", markers=["ctDNA"], set="all_treated")
    results = results_table(run_plan(plan, trial, None))
    test = results.iloc[0]
    assert test["biomarker"] == "clearance of ctDNA"
    assert test["n"] == 108
    assert test["ci_low"] < 1 < test["ci_high"]
    assert "12 of 120 patients of the set left out" in test["warning"]
    assert {"by day 50", "by day 99"} <= set(results["level"])


def test_a_marker_that_the_table_lacks_is_refused_by_name(plan_of: Callable[..., Plan]):
    plan = plan_of(biomarker="markers", markers=["LHD"], set="all_treated")
    with pytest.raises(InputError, match="Did you mean LDH"):
        check_plan(plan, markers=["LDH", "ctDNA"])
    with pytest.raises(InputError, match="biomarker clearance without a list"):
        plan_of(biomarker="clearance", endpoints=["os"])
    with pytest.raises(InputError, match="expected a time to event"):
        plan_of(biomarker="clearance", markers=["ctDNA"], endpoints=["response"])


def test_days_of_clearance_count_as_those_of_the_endpoints(trial_of: Callable[..., Trial], tmp_path: Path):
    """Endpoints that count from randomisation, ten days before treatment, move the days of clearance by ten."""
    trial_of(count=40)
    folder = tmp_path / "trial"
    endpoints = pd.read_csv(folder / "endpoints.tsv", sep="\t", dtype={"patient_id": str})
    last = START - pd.Timedelta(days=10) + pd.to_timedelta(endpoints["os_days"] - 1, unit="D")
    endpoints.assign(os_date=last.dt.strftime("%Y-%m-%d")).to_csv(folder / "moved.tsv", sep="\t", index=False)
    table = table_of([("0001", "ctDNA", 9, -1), ("0001", "ctDNA", 0, 30)])
    table.to_csv(folder / "biomarkers.csv", index=False)
    files = {"patients": folder / "patients.csv", "sets": folder / "sets.tsv", "biomarkers": folder / "biomarkers.csv"}
    from_start = read_trial(endpoints=folder / "endpoints.tsv", **files)
    moved = read_trial(endpoints=folder / "moved.tsv", **files)
    assert from_start.markers["ctDNA"].cleared["0001"] == 31
    assert moved.markers["ctDNA"].cleared["0001"] == 41


def test_protein_and_rna_are_compared_by_gene(trial_of: Callable[..., Trial]):
    trial = trial_of(count=12, evaluable=1.0)
    order = [1, 0, 2, 3, 5, 4, 6, 8, 7, 9, 11, 10]
    rho = 1 - 6 * sum((i - j) ** 2 for i, j in enumerate(order)) / (12 * 143)
    rows = [(p, "DLL3 H-score", v, -3) for p, v in zip(trial.patients.index, order, strict=True)]
    rows += [(p, m, v, -3) for m in ("LDH", "ASCL1") for v, p in enumerate(trial.patients.index[:9])]
    trial = with_markers(trial, rows)
    tpm = pd.DataFrame({"G1": range(12), "G2": range(12)}, index=trial.patients.index, dtype=float)
    table = agreement_table(replace(trial, tpm=tpm, symbols={"DLL3": "G1", "ASCL1": "G2"})).set_index("marker")
    assert list(table.index) == ["ASCL1", "DLL3 H-score"]
    assert table.loc["DLL3 H-score", "rho"] == pytest.approx(rho)
    half = 1.959964 * np.sqrt((1 + rho**2 / 2) / 9)
    limits = np.tanh(np.arctanh(rho) + np.array([-half, half]))
    assert table.loc["DLL3 H-score", ["ci_low", "ci_high"]].tolist() == pytest.approx(limits.tolist(), rel=1e-5)
    assert table.loc["ASCL1", "warning"] == "9 patients with both, at least 10 needed"
    assert agreement_table(trial).empty
