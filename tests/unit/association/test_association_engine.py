"""The engine against known effects, published cohorts and hard cases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.stats import binom
from threadpoolctl import threadpool_limits
from unit.association.trial_files import make_trial

from anpi.association.confounding import confounding
from anpi.association.describe import survival_table
from anpi.association.engine import results_table, run_plan
from anpi.association.incidence import incidence_table
from anpi.association.plan import read_plan
from anpi.association.question import COLUMNS, Row, ask, entry_markers
from anpi.association.representativeness import difference
from anpi.association.sensitivity import influence_table, sensitivity_table
from anpi.association.trial import read_trial, score_units
from anpi.files.shipped import ROOT
from anpi.problems import InputError
from anpi.stats.cox import fit_cox, fit_firth_cox
from anpi.stats.exact import fisher_exact
from anpi.stats.permutation import permute_jonckheere
from anpi.stats.survival import logrank


def trial_arguments(folder: Path, **options) -> dict[str, str]:
    arguments = make_trial(folder, **options)
    return dict(zip((a.removeprefix("--") for a in arguments[::2]), arguments[1::2], strict=True))


def results(plan, trial, registry=None) -> pd.DataFrame:
    return results_table(run_plan(plan, trial, registry))


def test_table_has_the_declared_columns(plan_of, trial_of):
    assert list(results(plan_of(), trial_of(count=30)).columns) == list(COLUMNS)


def test_an_effect_that_is_there_is_found(plan_of, trial_of):
    table = results(plan_of(), trial_of(count=400, hazard_ratio=0.3, seed=2))
    test, levels = table.iloc[0], table.set_index("level")
    assert test["p"] <= 0.001
    assert test["method"].startswith("log-rank test, stratified by arm, 3 df")
    row = levels.loc["I"]
    assert row["ci_low"] < 0.3 < row["ci_high"]
    assert row["reference"] == "A"
    assert row["p_adjusted"] >= test["p_adjusted"]
    assert levels.loc["N", "ci_low"] < 1 < levels.loc["N", "ci_high"]


def test_rows_are_what_the_functions_give(plan_of, trial_of):
    trial = trial_of(count=300, seed=3)
    plan = plan_of(stratify_by_arm=True)
    table = results(plan, trial).set_index("level")
    members = trial.members("subtype_evaluable")
    outcome, subtype = trial.outcome("pfs").loc[members], trial.calls["subtype"].loc[members]
    arm = trial.arms().loc[members]
    expected = logrank(outcome["time"], outcome["event"], subtype, arm)
    assert table["estimate"].iloc[0] == pytest.approx(expected.chi_square)
    x = pd.DataFrame({level: (subtype == level).astype(float) for level in "NPI"})
    fit = fit_firth_cox(outcome["time"], outcome["event"], x, arm, patients=len(members))
    for level in "NPI":
        assert tuple(table.loc[level, ["estimate", "ci_low", "ci_high", "p"]]) == pytest.approx(fit.ratio(level))
    assert table["n"].iloc[0] == len(members)
    assert table.loc[["A", "N", "P", "I"], "n"].sum() == len(members)


def test_response_by_subtype_in_one_arm_is_fishers_test(plan_of, trial_of):
    trial = trial_of(count=60, arms=("AK104",), seed=4)
    table = results(plan_of(endpoints=["response"]), trial)
    members = trial.members("subtype_evaluable")
    counts = pd.crosstab(trial.calls["subtype"].loc[members], trial.outcome("response")["y"].loc[members])
    counts = counts[counts.sum(axis=1) >= 5]
    assert table["p"].iloc[0] == pytest.approx(fisher_exact(counts).p)
    assert "Fisher" in table["method"].iloc[0]


def test_arms_that_are_not_in_the_area_are_named(plan_of, trial_of):
    trial = trial_of(count=60, arms=("one", "two", "three"))
    endpoints = trial.endpoints.copy()
    endpoints.loc[trial.arms().eq("two"), "response"] = "N"
    plan = plan_of(biomarker="columns", columns=["teff"], set="all_treated", endpoints=["response"])
    warning = results(plan, replace(trial, endpoints=endpoints))["warning"].iloc[0]
    assert warning == "the area is without arms of fewer than two patients with either outcome: two"
    assert pd.isna(results(plan, trial)["warning"].iloc[0])


def test_small_groups_are_described_and_not_tested(plan_of, trial_of):
    trial = trial_of(count=40, seed=6)
    calls = trial.calls.copy()
    calls.loc[calls.index[calls["subtype"].eq("P")][3:], "subtype"] = "A"
    assert 0 < calls["subtype"].eq("P").sum() < 5
    table = results(plan_of(), replace(trial, calls=calls)).set_index("level")
    assert np.isnan(table.loc["P", "estimate"])
    assert np.isnan(table.loc["P", "p"])
    assert "described, not tested" in table.loc["P", "warning"]
    assert "2 df" in table["method"].iloc[0] or "1 df" in table["method"].iloc[0]
    assert "not in the test, fewer than 5 patients: " in table["warning"].iloc[0]
    ordered = results(plan_of(endpoints=["bor"]), replace(trial, calls=calls)).iloc[0]
    assert "not in the test, fewer than 5 patients: P" in ordered["warning"]
    assert "within arms" in ordered["method"]


@pytest.mark.parametrize("count", [1, 2, 3, 9])
def test_few_patients_give_rows_with_reasons(plan_of, trial_of, count):
    for endpoint in ("pfs", "response", "bor"):
        table = results(plan_of(endpoints=[endpoint]), trial_of(count=count))
        assert table["p"].isna().all()
        assert table["warning"].iloc[0]


def test_no_expression_data_is_said(plan_of, trial_of, registry):
    trial = trial_of(count=30, rna=False)
    table = results(plan_of(), trial)
    assert list(table["warning"]) == ["no expression data, so no subtypes"]
    table = results(plan_of(biomarker="signatures", categories=["T cell"], set="rna_evaluable"), trial, registry)
    assert list(table["biomarker"]) == ["gep18", "t_effector", "cytolytic"]
    assert set(table["warning"]) == {"no expression data, so no score"}
    table = results(plan_of(biomarker="genes", genes=["CD8A"], set="rna_evaluable"), trial)
    assert list(table["warning"]) == ["no expression data, so no gene values"]


def test_no_event_and_all_events_do_not_crash(plan_of, trial_of):
    trial = trial_of(count=30)
    for value in (0, 1):
        endpoints = trial.endpoints.assign(pfs_event=value)
        table = results(plan_of(), replace(trial, endpoints=endpoints))
        assert np.isnan(table["p"].iloc[0]) == (value == 0)
    same = trial.endpoints.assign(response="Y")
    assert "same outcome" in results(plan_of(endpoints=["response"]), replace(trial, endpoints=same))["warning"].iloc[0]


def test_group_without_events_gets_a_finite_estimate(plan_of, trial_of):
    trial = trial_of(count=60, seed=8)
    inside = trial.calls["subtype"].eq("I")
    endpoints = trial.endpoints.copy()
    endpoints.loc[inside[inside].index, "pfs_event"] = 0
    row = results(plan_of(), replace(trial, endpoints=endpoints)).set_index("level").loc["I"]
    assert row["method"].startswith("Firth Cox")
    assert 0 < row["estimate"] < 1
    assert 0 < row["ci_low"] < row["ci_high"] < np.inf
    assert "no event in this group" in row["warning"]


def test_everyone_left_out_is_counted(plan_of, trial_of):
    trial = trial_of(count=40)
    endpoints = trial.endpoints.copy()
    endpoints.iloc[:3, endpoints.columns.get_indexer(["pfs_days", "pfs_event"])] = np.nan
    calls = trial.calls.copy()
    calls.iloc[5:7, calls.columns.get_loc("subtype")] = None
    changed = replace(trial, endpoints=endpoints, calls=calls)
    members = changed.members("subtype_evaluable")
    without = int(endpoints.loc[members, "pfs_days"].isna().sum())
    uncalled = int(calls.loc[members, "subtype"].isna().sum())
    warning = results(plan_of(), changed)["warning"].iloc[0]
    assert f"{without} of {len(members)} patients of the set left out: without pfs" in warning
    assert f"{uncalled} of {len(members)} patients of the set left out: without subtype" in warning


def test_covariates_are_adjusted_for(plan_of, trial_of):
    trial = trial_of(count=200, seed=9)
    table = results(plan_of(adjust_for=["age", "sex"]), trial)
    assert table["method"].iloc[0].endswith("adjusted for age, sex: M")
    members = trial.members("subtype_evaluable")
    outcome = trial.outcome("pfs").loc[members]
    subtype, people = trial.calls["subtype"].loc[members], trial.patients.loc[members]
    covariates = pd.DataFrame({"age": people["age"], "sex": (people["sex"] == "M").astype(float)})
    x = pd.concat([pd.DataFrame({level: (subtype == level).astype(float) for level in "NPI"}), covariates], axis=1)
    arm = trial.arms().loc[members]
    fit = fit_firth_cox(outcome["time"], outcome["event"], x, arm, patients=len(members))
    assert tuple(table[["estimate", "p"]].iloc[0]) == pytest.approx(fit.joint_test(["N", "P", "I"]))


def test_codes_of_arms_are_levels_and_not_amounts(plan_of, trial_of):
    """Three arms called 1, 2 and 3 in place of words change no number."""
    words = trial_of(count=150, arms=("a", "b", "c"))
    codes = replace(
        words, patients=words.patients.assign(arm=words.patients["arm"].map({"a": "1", "b": "2", "c": "3"}))
    )
    plan = plan_of(adjust_for=["arm"], stratify_by_arm=False)
    named, coded = results(plan, words), results(plan, codes)
    assert named["method"].iloc[0].endswith("adjusted for arm: b, arm: c")
    assert coded["method"].iloc[0].endswith("adjusted for arm: 2, arm: 3")
    pd.testing.assert_frame_equal(named.drop(columns="method"), coded.drop(columns="method"))


def test_sites_in_the_patients_table_are_levels_too(plan_of, trial_of):
    trial = trial_of(count=60)
    plan = plan_of(adjust_for=["site"])
    told = []
    for names in ("abc", "123"):
        patients = trial.patients.assign(site=list(names) * 20)
        told.append(results(plan, replace(trial, patients=patients)).drop(columns="method"))
    pd.testing.assert_frame_equal(*told)


def test_columns_of_the_patients_can_be_tested(plan_of, trial_of):
    trial = trial_of(count=60)
    plan = plan_of(biomarker="columns", columns=["teff", "sex"], set="all_treated", endpoints=["pfs", "response"])
    table = results(plan, trial)
    assert set(table["biomarker"]) == {"teff", "sex"}
    assert list(table.loc[table["biomarker"] == "teff", "effect"]) == ["HR per SD", "AUC", "OR per SD"]
    assert table.loc[table["biomarker"] == "sex", "level"].dropna().isin(["F", "M"]).all()


def test_genes_are_tested_on_the_log_scale(plan_of, trial_of):
    trial = trial_of(count=60)
    rng = np.random.default_rng(0)
    tpm = pd.DataFrame({"ENSG1": rng.lognormal(3, 1, 60)}, index=trial.patients.index)
    trial = replace(trial, tpm=tpm, symbols={"CD8A": "ENSG1"})
    plan = plan_of(biomarker="genes", genes=["CD8A", "NOGENE"], set="rna_evaluable")
    marker = entry_markers(plan.entries[0], trial, None)[0]
    assert marker.values.tolist() == pytest.approx(np.log2(tpm["ENSG1"] + 1).tolist())
    table = results(plan, trial)
    assert np.isfinite(table["p"].iloc[0])
    assert table["warning"].iloc[1] == "the gene is not in the expression matrix"
    cut = results(plan_of(biomarker="genes", genes=["CD8A"], set="rna_evaluable", cut=4.5), trial)
    above = int((tpm.loc[trial.members("rna_evaluable"), "ENSG1"] > 2**4.5 - 1).sum())
    assert cut.set_index("level").loc["above 4.5", "n"] == above
    assert "expression in TPM is taken as log2(x + 1); the cut 4.5 stands on that scale" in cut["warning"].iloc[0]


def test_scores_in_tpm_are_taken_as_logarithms(plan_of, trial_of):
    trial = trial_of(count=60)
    raw = replace(trial, scores=trial.scores.assign(cytolytic=2 ** (trial.scores["gep18"] + 5) - 1))
    plan = plan_of(biomarker="signatures", signatures=["gep18", "cytolytic"], set="rna_evaluable")
    table = results(plan, replace(raw, units={"cytolytic": "TPM"}))
    assert table["estimate"].iloc[0] == pytest.approx(table["estimate"].iloc[1])
    assert "log2(x + 1)" in table["warning"].iloc[1]
    assert results(plan, raw)["estimate"].iloc[1] != pytest.approx(table["estimate"].iloc[0])


@pytest.mark.parametrize("unit", ["TPM", "log2(TPM + 1)"])
def test_a_published_cut_of_scores_of_a_panel_is_told(plan_of, trial_of, unit: str):
    """Their TPM stand above those of a whole transcriptome, for which cuts are published."""
    trial = trial_of(count=60)

    def warnings(cut: object, unit: str) -> str:
        plan = plan_of(biomarker="signatures", signatures=["gep18"], set="rna_evaluable", cut=cut)
        return " ".join(results(plan, replace(trial, units={"gep18": unit}))["warning"].dropna())

    of_panel = unit.replace("TPM", "TPM of a panel")
    assert "TPM of a panel stand above those of a whole transcriptome" in warnings(0.5, of_panel)
    for cut, other in (("median", of_panel), ("none", of_panel), (0.5, unit)):
        assert "panel" not in warnings(cut, other)
    assert f"scores of patients are in {unit} and {of_panel}: their levels differ" in warnings(
        "none", f"{unit} and {of_panel}"
    )
    assert ("log2(x + 1)" in warnings("none", of_panel)) == (unit == "TPM")


def test_units_of_scores_are_those_of_what_was_scored():
    rows = [
        ("S1", "a", 1.0, "TPM"),
        ("S2", "a", 2.0, "TPM of a panel"),
        ("S3", "b", np.nan, "TPM"),
        ("S4", "b", 1.0, "x"),
    ]
    table = pd.DataFrame(rows, columns=["sample_id", "signature", "score", "unit"])
    assert score_units(table) == {"a": "TPM and TPM of a panel", "b": "x"}


def test_median_cut_and_maximally_selected_cut(plan_of, trial_of):
    trial = trial_of(count=80)
    settings = {"biomarker": "columns", "columns": ["teff"], "set": "all_treated"}
    table = results(plan_of(cut="median", **settings), trial)
    assert sorted(table["n"].iloc[1:]) == [40, 40]
    table = results(plan_of(cut="maximally_selected", **settings), trial)
    assert table["effect"].tolist() == ["maximally selected statistic"]
    assert "no hazard ratio is given" in table["warning"].iloc[0]
    number = results(plan_of(cut=0.5, **settings), trial)
    above = int((trial.patients["teff"].astype(float) > 0.5).sum())
    assert above in number["n"].tolist()


def test_response_against_survival_is_never_naive(plan_of, trial_of):
    """Response at day 42 has no effect on survival here, but responders must live to respond."""
    trial = trial_of(count=400, seed=10)
    table = results(plan_of(biomarker="response", endpoints=["os"], set="all_treated"), trial)
    assert list(table["level"]) == ["after it", "by day 50", "by day 99"]
    first = table.iloc[0]
    assert first["ci_low"] < 1 < first["ci_high"]
    assert "time-dependent covariate" in first["method"]
    assert table["warning"].iloc[1].startswith("landmark: ")
    assert table["n"].iloc[2] <= table["n"].iloc[1] <= table["n"].iloc[0]


def test_time_dependent_model_removes_immortal_time(plan_of, trial_of):
    """An event that comes late by luck looks protective when taken as known from the start."""
    trial = trial_of(count=400, seed=11)
    rng = np.random.default_rng(1)
    os = rng.exponential(200, 400)
    day = rng.exponential(150, 400)
    endpoints = trial.endpoints.assign(os_days=os, os_event=1, ttr_days=np.where(day < os, day, np.nan))
    trial = replace(trial, endpoints=endpoints)
    naive = fit_cox(os, np.ones(400), pd.DataFrame({"x": (day < os).astype(float)}))
    assert naive.ratio("x")[2] < 0.8, "the naive comparison claims a benefit"
    row = results(plan_of(biomarker="response", endpoints=["os"], set="all_treated"), trial).iloc[0]
    assert row["ci_low"] < 1 < row["ci_high"]


def test_a_response_without_a_day_is_not_taken_for_none(plan_of, trial_of):
    """A response that the sponsor supplied has no day."""
    trial = trial_of(count=60)
    responders = trial.endpoints.index[trial.endpoints["response"].eq("Y")]
    endpoints = trial.endpoints.copy()
    endpoints.loc[responders[:3], "ttr_days"] = np.nan
    plan = plan_of(biomarker="response", endpoints=["os"], set="all_treated", adjust_for=["age"])
    table = results(plan, replace(trial, endpoints=endpoints))
    warnings = table.loc[table["p"].notna(), "warning"]
    assert warnings.str.contains("p is that of the likelihood ratio, not of a permutation").all()
    row = table.iloc[0]
    assert row["n"] == 57
    assert "3 of 60 patients of the set left out: with a response of unknown day" in row["warning"]
    assert row["method"].endswith("adjusted for age")


def test_a_landmark_needs_the_events_that_the_plan_asks_for(plan_of, trial_of):
    trial = trial_of(count=80)
    late = trial.endpoints["os_days"] > 99
    few = trial.endpoints.assign(os_event=trial.endpoints["os_event"].where(~late | (late.cumsum() <= 4), 0))
    assert few.loc[late, "os_event"].sum() <= 4
    table = results(
        plan_of(biomarker="response", endpoints=["os"], set="all_treated"), replace(trial, endpoints=few)
    ).set_index("level")
    assert np.isnan(table.loc["by day 99", "p"])
    assert "fewer than the 5 that the plan asks for: not tested" in table.loc["by day 99", "warning"]


def test_immune_related_events_need_their_days(plan_of, trial_of):
    plan = plan_of(biomarker="immune_related", endpoints=["os"], set="all_treated")
    trial = trial_of(count=60)
    assert "is not known" in results(plan, trial)["warning"].iloc[0]
    day = pd.Series(np.where(np.arange(60) % 3 == 0, 30.0, np.nan), index=trial.patients.index)
    assert np.isfinite(results(plan, replace(trial, first_immune_event=day))["p"].iloc[0])


def with_events(folder: Path, rows: str, header: str = "start_date,immune_related", **options):
    """Read a trial with adverse events: after the patient stand the columns of ``header``."""
    arguments = trial_arguments(folder / "trial", **options)
    path = folder / "adverse_events.csv"
    lines = [line.split(",", 1) for line in rows.split()]
    cells = "".join(f"{patient},Rash,Skin,2,{rest}\n" for patient, rest in lines)
    path.write_text(f"patient_id,term,soc,grade,{header}\n{cells}")
    return read_trial(**arguments, adverse_events=path)


def test_first_immune_related_event_of_each_patient(tmp_path):
    rows = "0001,2023-02-10,Y 0001,2023-01-20,Y 0002,2023-01-02,N 0003,2023-01-01,Y"
    found = with_events(tmp_path, rows, count=4).first_immune_event
    assert found.to_dict() == pytest.approx({"0001": 20, "0002": np.nan, "0003": 1, "0004": np.nan}, nan_ok=True)


def test_immune_related_events_from_before_treatment_do_not_count(plan_of, tmp_path):
    """An event of day -40 is no event under treatment, and hides no later one; treatment began on 2023-01-01."""
    earlier = [f"{i:04d},2022-11-22,Y" for i in range(1, 13)]
    later = [f"{i:04d},2023-02-09,Y" for i in range(11, 23)]
    trial = with_events(tmp_path, " ".join(earlier + later), count=60)
    first = trial.first_immune_event.dropna()
    assert first.index.tolist() == [f"{i:04d}" for i in range(11, 23)]
    assert first.unique().tolist() == [40]
    told = results(plan_of(biomarker="immune_related", endpoints=["os"], set="all_treated"), trial)
    assert told["warning"].iloc[0].endswith("12 patients had one before treatment, which does not count")
    assert "(12 patients had it)" in told["method"].iloc[0]
    path = tmp_path / "days.csv"
    rows = "".join(f"{patient},Rash,Skin,2,{day},Y\n" for patient, day in [("0001", -1), ("0001", 9), ("0002", 1)])
    path.write_text(f"patient_id,term,soc,grade,start_day,immune_related\n{rows}")
    by_day = read_trial(**trial_arguments(tmp_path / "trial", count=60), adverse_events=path)
    assert by_day.first_immune_event.dropna().to_dict() == {"0001": 9, "0002": 1}
    assert by_day.earlier_immune_event == ("0001",)


def test_incidence_begins_with_the_first_dose(plan_of, tmp_path):
    """Events of before treatment alone: the incidence under treatment is 0."""
    trial = with_events(tmp_path, " ".join(f"{i:04d},2022-12-30,Y" for i in range(1, 13)), count=40)
    table = incidence_table(plan_of(), trial)
    immune = table[table["event"].eq("immune-related event") & table["level"].eq("all")]
    assert immune["events"].tolist() == [0, 0, 0]
    assert immune["incidence"].tolist() == [0, 0, 0]


def test_an_immune_related_event_without_a_day_is_not_taken_for_none(plan_of, tmp_path):
    """Who had one, but nobody knows when, is left out and counted; one dated event is enough to be in."""
    rows = [f"{i:04d},2023-01-20,Y" for i in range(1, 21)] + [f"{i:04d},,Y" for i in (1, *range(31, 38))]
    trial = with_events(tmp_path, " ".join(rows), count=60)
    table = results(plan_of(biomarker="immune_related", endpoints=["os"], set="all_treated"), trial)
    assert table["n"].iloc[0] == 60 - 7
    told = "7 of 60 patients of the set left out: with an immune-related event of unknown day"
    assert told in table["warning"].iloc[0]
    assert "20 patients had it" in table["method"].iloc[0]


def test_events_that_nobody_judged_are_not_taken_for_unrelated(plan_of, tmp_path):
    trial = with_events(tmp_path, "0001,2023-01-20 0002,2023-01-20", header="start_date", count=60)
    table = results(plan_of(biomarker="immune_related", endpoints=["os"], set="all_treated"), trial)
    assert table["warning"].tolist() == ["the day of the first immune-related event is not known: not tested"]


@pytest.mark.parametrize(("column", "value"), [("start_date", "2023-01-20"), ("start_day", "20")])
def test_immune_related_events_count_from_where_the_endpoints_do(tmp_path, column, value):
    """PFS from randomisation on 2022-12-28, four days before treatment: 2023-01-20 is day 24 and not day 20."""
    arguments = trial_arguments(tmp_path / "trial", count=4)
    endpoints = pd.read_csv(arguments["endpoints"], sep="\t", dtype={"patient_id": str})
    last = pd.Timestamp("2022-12-28") + pd.to_timedelta(endpoints["os_days"] - 1, unit="D")
    endpoints.assign(os_date=last).to_csv(arguments["endpoints"], sep="\t", index=False, na_rep="NA")
    path = tmp_path / "adverse_events.csv"
    path.write_text(f"patient_id,term,soc,grade,{column},immune_related\n0002,Rash,Skin,1,{value},Y\n")
    assert read_trial(**arguments, adverse_events=path).first_immune_event["0002"] == 24


def test_study_days_count_from_where_the_endpoints_do_without_any_date(tmp_path):
    """Randomised four days before treatment (day -4): an event of study day 20 is one of day 24, as with dates."""
    arguments = trial_arguments(tmp_path / "trial", count=4)
    patients = pd.read_csv(arguments["patients"], dtype=str)
    of_days = patients.drop(columns="treatment_start_date").assign(treatment_start_day="1", randomisation_day="-4")
    of_days.to_csv(arguments["patients"], index=False)
    path = tmp_path / "adverse_events.csv"
    path.write_text("patient_id,term,soc,grade,start_day,immune_related\n0002,Rash,Skin,1,20,Y\n")
    markers = tmp_path / "biomarkers.csv"
    markers.write_text("patient_id,marker,value,unit,method,day\n0001,ctDNA,9,x,y,-1\n0001,ctDNA,0,x,y,31\n")
    for reference, ahead in (("randomisation", 4), ("treatment_start", 0)):
        trial = read_trial(**arguments, adverse_events=path, biomarkers=markers, reference=reference)
        assert trial.first_immune_event["0002"] == 20 + ahead
        assert trial.markers["ctDNA"].cleared["0001"] == 31 + ahead
        assert trial.endpoint_days(pd.Series({"0003": 43.0}))["0003"] == 43 + ahead


@pytest.mark.parametrize("biomarker", [{"biomarker": "subtype"}, {"biomarker": "signatures", "signatures": ["gep18"]}])
def test_a_sample_that_cannot_be_used_speaks_in_no_set(plan_of, tmp_path, biomarker):
    """A sample that failed, or was taken under treatment, is named by the sets and stands in no test."""
    arguments = trial_arguments(tmp_path / "trial", count=60, evaluable=1.0)
    sets = pd.read_csv(arguments["sets"], sep="\t", dtype=str, keep_default_na=False)
    sets.loc[:11, ["rna_evaluable", "subtype_evaluable"]] = "no"
    sets.to_csv(arguments["sets"], sep="\t", index=False)
    table = results(plan_of(set="all_treated", **biomarker), read_trial(**arguments))
    assert table["n"].iloc[0] == 60 - 12
    assert "12 of 60 patients of the set left out: without " in table["warning"].iloc[0]


def test_a_mixed_call_is_no_subtype(plan_of, tmp_path):
    arguments = trial_arguments(tmp_path / "trial", count=80, evaluable=1.0)
    calls = pd.read_csv(arguments["calls"], sep="\t", dtype=str)
    mixed = calls.index[calls["subtype"].eq("A")][:6]
    calls.loc[mixed, "call"] = "mixed"
    calls.to_csv(arguments["calls"], sep="\t", index=False)
    table = results(plan_of(set="rna_evaluable"), read_trial(**arguments))
    assert table.set_index("level").loc["A", "n"] == calls["subtype"].eq("A").sum() - 6
    assert "6 of 80 patients of the set left out: without subtype" in table["warning"].iloc[0]


def test_event_before_day_1_of_the_endpoints_counts_from_there(plan_of, trial_of):
    trial = trial_of(count=60)
    plan = plan_of(biomarker="immune_related", endpoints=["os"], set="all_treated")
    had = np.arange(60) % 3 == 0
    tables = []
    for day in (-5.0, 0.0):
        first = pd.Series(np.where(had, day, np.nan), index=trial.patients.index)
        tables.append(results(plan, replace(trial, first_immune_event=first)))
    pd.testing.assert_frame_equal(*tables)
    outcome = trial.outcome("os")
    x = pd.DataFrame({"x": had.astype(float)})
    fit = fit_firth_cox(outcome["time"], outcome["event"], x, trial.arms())
    assert tables[0]["estimate"].iloc[0] == pytest.approx(fit.ratio("x")[0], rel=1e-6)


def test_a_covariate_in_which_the_tested_groups_are_alike_adjusts_nothing_and_is_told(plan_of, trial_of):
    """It varies in a group that is too small to be tested and nowhere else."""
    trial = trial_of(count=80, evaluable=1.0)
    subtype = trial.calls["subtype"].copy()
    small = subtype.index[subtype.eq("P")]
    subtype[small[4:]] = None
    patients = trial.patients.assign(mutation="no")
    patients.loc[small[:4], "mutation"] = "yes"
    changed = replace(trial, patients=patients, calls=trial.calls.assign(subtype=subtype))
    for endpoint in ("pfs", "response"):
        adjusted = results(plan_of(endpoints=[endpoint], adjust_for=["mutation"]), changed)
        told = "not adjusted for mutation: yes: all patients of the tested groups are alike"
        assert told in adjusted["warning"].iloc[0]
        pd.testing.assert_frame_equal(
            adjusted.drop(columns="warning"), results(plan_of(endpoints=[endpoint]), changed).drop(columns="warning")
        )


def test_a_best_cut_says_what_it_leaves_out(plan_of, trial_of):
    trial = trial_of(count=60)
    settings = {"biomarker": "columns", "columns": ["teff"], "set": "all_treated", "cut": "maximally_selected"}
    row = results(plan_of(adjust_for=["age"], **settings), trial).iloc[0]
    assert np.isfinite(row["p"])
    assert "not adjusted: this test takes no covariates" in row["warning"]
    few = replace(trial, patients=trial.patients.assign(teff=["0"] * 56 + ["1", "2", "3", "4"]))
    row = results(plan_of(**settings), few).iloc[0]
    assert row[["level", "method"]].isna().all()
    assert row["warning"] == "no cut leaves a tenth of the patients on either side: not tested"


def test_sensitivity_calls_nothing_untested_or_another_choice_that_is_none(plan_of, trial_of):
    trial = trial_of(count=80)
    plan = plan_of()
    means = sensitivity_table(plan, trial, run_plan(plan, trial), None).query("variant == 'restricted mean'")
    assert means["estimate"].notna().all()
    assert means["warning"].isna().all()
    arms = plan_of(biomarker="arm", set="all_treated")
    assert set(sensitivity_table(arms, trial, run_plan(arms, trial), None)["variant"]) == {
        "as declared",
        "restricted mean",
    }


@pytest.mark.parametrize(("declared", "beside"), [("exact", "mid-p"), ("mid", "exact p")])
@pytest.mark.parametrize("arms", [("one",), ("one", "two")])
def test_the_other_p_of_response_by_groups_stands_beside_the_declared_one(
    plan_of, trial_of, tmp_path, declared, beside, arms
):
    """Where it is another: of response by groups, neither of times and scores nor with covariates."""
    trial = trial_of(count=60, seed=4, arms=arms)
    settings = {"endpoints": ["pfs", "response", "disease_control"]}
    plans = {way: plan_of({"discrete_p": way}, **settings) for way in ("exact", "mid")}
    plan = plans.pop(declared)
    (other,) = plans.values()
    table = sensitivity_table(plan, trial, run_plan(plan, trial), None)
    rows = table[table["variant"].eq(beside)]
    tests = results(other, trial).query("level.isna()").set_index("endpoint")
    assert rows["endpoint"].tolist() == ["response", "disease_control"]
    assert rows["p"].tolist() == tests.loc[rows["endpoint"], "p"].tolist()
    assert rows["method"].str.contains("mid-p").eq(beside == "mid-p").all()
    assert (rows["p"].to_numpy() != results(plan, trial).query("level.isna()")["p"].to_numpy()[1:]).all()
    assert rows["p_adjusted"].isna().all()
    for entry in ({"adjust_for": ["age"]}, {"biomarker": "columns", "columns": ["teff"], "set": "all_treated"}):
        plan = plan_of({"discrete_p": declared}, **{**settings, **entry})
        assert beside not in set(sensitivity_table(plan, trial, run_plan(plan, trial), None)["variant"])


def test_influence_is_that_of_the_test_that_was_made(plan_of, trial_of):
    """Where batch is the subtype nothing was tested; with covariates the adjusted model is fitted again."""
    trial = trial_of(count=26, seed=12, evaluable=1.0)
    refused = replace(trial, samples=pd.DataFrame({"batch": trial.calls["subtype"]}))
    assert influence_table(plan_of(), refused, None).empty
    adjusted = plan_of(adjust_for=["age"])
    table, test = influence_table(adjusted, trial, None), results(adjusted, trial).iloc[0]
    assert tuple(table.loc[0, ["chi_square", "p"]]) == pytest.approx((test["estimate"], test["p"]))
    someone = table["patient_id"].iloc[1]
    sets = trial.sets.copy()
    sets.loc[someone, "subtype_evaluable"] = "no"
    without = results(adjusted, replace(trial, sets=sets)).iloc[0]
    assert tuple(table.loc[1, ["chi_square", "p"]]) == pytest.approx((without["estimate"], without["p"]))


@pytest.mark.parametrize("seed", [5, 42])  # p 0.049 and 0.051
def test_influence_begins_with_the_primary_answer(plan_of, trial_of, seed):
    """With p near 0.05 the answer with all patients is the same in both tables, to the last digit."""
    plan, trial = plan_of({"permutations": 4999}), trial_of(seed=seed)
    test, table = results(plan, trial).iloc[0], influence_table(plan, trial, None)
    assert 0.048 < test["p"] < 0.052
    assert table.loc[0, "p"] == test["p"]
    assert table.loc[0, "changes_conclusion"] == "no"
    turned = (table["p"] < 0.05) != (test["p"] < 0.05)
    assert table["changes_conclusion"].eq("yes").tolist() == turned.tolist()
    place = table["patient_id"].map(trial.calls["subtype"]).eq(test["reference"]).idxmax()
    sets = trial.sets.copy()
    sets.loc[table.loc[place, "patient_id"], "subtype_evaluable"] = "no"
    assert table.loc[place, "p"] == results(plan, replace(trial, sets=sets)).iloc[0]["p"]


def by_region(trial, empty: str):
    """Return the trial with a region that only patients have whose subtype is none of the tested ones."""
    outside = trial.calls["subtype"].isna() | trial.calls["subtype"].eq("I")
    inside = np.random.default_rng(0).choice(["Europe", "USA"], len(outside))
    return replace(trial, patients=trial.patients.assign(region=np.where(outside, empty, inside).astype(object)))


@pytest.mark.parametrize("endpoint", ["pfs", "response"])
def test_the_spelling_of_a_level_decides_nothing(plan_of, trial_of, endpoint):
    """Asia comes before Europe and Zambia after USA; in neither is a tested patient, so both are the same test."""
    trial = trial_of(count=40, seed=3)
    calls = trial.calls.assign(subtype=trial.calls["subtype"].where(trial.calls["subtype"].ne("P"), "A"))
    trial = replace(trial, calls=calls)
    plan = plan_of({"smallest_group": 7}, endpoints=[endpoint], adjust_for=["region"])
    columns = ["level", "n", "estimate", "ci_low", "ci_high", "p", "p_adjusted", "method"]
    first, last = (results(plan, by_region(trial, name)) for name in ("Asia", "Zambia"))
    assert np.isfinite(first["p"].iloc[0])
    pd.testing.assert_frame_equal(first[columns], last[columns])
    assert first["method"].iloc[0].endswith("adjusted for region: USA")


@pytest.mark.parametrize("entry", [{"biomarker": "response", "endpoints": ["os"]}, {"interaction_with_arm": True}])
def test_nor_in_landmarks_and_interactions(plan_of, trial_of, entry):
    trial = trial_of(count=80, seed=3, evaluable=1.0)
    calls = trial.calls.assign(subtype=trial.calls["subtype"].where(trial.calls["subtype"].ne("P"), "A"))
    trial = replace(trial, calls=calls)
    late = trial.outcome("os")["time"] > 50
    tables = []
    for empty in ("Asia", "Zambia"):
        changed = by_region(trial, empty)
        if "biomarker" in entry:
            region = changed.patients["region"].where(changed.patients["region"].ne(empty), "USA").where(late, empty)
            changed = replace(changed, patients=changed.patients.assign(region=region))
        settings = {"landmark_days": [50], "smallest_group": 3 if "biomarker" in entry else 15}
        plan = plan_of(settings, adjust_for=["region"], set="all_treated", **entry)
        tables.append(results(plan, changed)[["level", "estimate", "p"]])
    assert tables[0]["p"].iloc[-1] > 0
    pd.testing.assert_frame_equal(*tables, rtol=1e-5)


def test_best_response_against_a_score_has_its_p_by_permutation(plan_of, trial_of):
    """The few of a group with CR, PR, SD and PD are exchanged, as everywhere else."""
    trial = trial_of(count=24, seed=5)
    entry = {"biomarker": "columns", "columns": ["teff"], "set": "all_treated", "endpoints": ["cbor"]}
    row = results(plan_of(stratify_by_arm=False, **entry), trial).iloc[0]
    expected = permute_jonckheere(trial.patients["teff"], trial.outcome("cbor")["y"], 999, plan_of().seed)
    assert row["method"] == "Jonckheere-Terpstra test, permutation p (999)"
    assert (row["estimate"], row["p"]) == pytest.approx((expected.statistic, expected.p))


def test_influence_is_held_against_the_share_of_alpha(plan_of, trial_of):
    """At half of alpha the level is 0.025: a p of 0.049 is above it, with every patient and without most."""
    plan, trial = plan_of({"permutations": 4999}), trial_of(seed=5)
    half = replace(plan, shares={"primary": 0.5})
    table = influence_table(half, trial, None)
    assert table["changes_conclusion"].eq("yes").tolist() == (table["p"] < 0.025).tolist()


def test_a_difference_of_restricted_means_needs_an_event_in_both_groups(plan_of, trial_of):
    """One arm has no event within six months: its mean is six months, and how sure that is cannot be told."""
    trial = trial_of(count=40, seed=3)
    calm = trial.arms().eq("AK104")
    ends = trial.endpoints.assign(pfs_days=trial.endpoints["pfs_days"].where(~calm, 300), pfs_event=1)
    plan = plan_of(biomarker="arm", set="all_treated")
    trial = replace(trial, endpoints=ends)
    means = sensitivity_table(plan, trial, run_plan(plan, trial), None).query("variant == 'restricted mean'")
    row = means.iloc[0]
    assert np.isfinite(row["estimate"])
    assert np.isnan([row["ci_low"], row["ci_high"]]).all()
    assert row["warning"].startswith("no interval: no event before the restriction tells of the error in AK104")
    survival = survival_table(plan, trial).set_index(["entry", "endpoint", "level"]).loc[("efficacy", "pfs", "AK104")]
    assert survival["rmst_6m"] == pytest.approx(6)
    assert np.isnan([survival["rmst_6m_low"], survival["rmst_6m_high"]]).all()


def test_probabilities_that_are_certain_give_the_groups_answer(plan_of, trial_of):
    trial = trial_of(count=300, seed=3)
    calls = trial.calls.copy()
    for level in "ANPI":
        calls[f"p_{level}"] = calls["subtype"].eq(level).astype(float)
    changed = replace(trial, calls=calls)
    plan = plan_of()
    rows = run_plan(plan, changed)
    table = sensitivity_table(plan, changed, rows, None)
    declared = table[table["variant"].eq("as declared")].set_index("level")
    soft = table[table["variant"].eq("probabilities as weights")].set_index("level")
    for level in "NPI":
        assert soft.loc[level, "estimate"] == pytest.approx(declared.loc[level, "estimate"], rel=1e-6)
        assert soft.loc[level, "ci_low"] == pytest.approx(declared.loc[level, "ci_low"], rel=1e-6)


def test_mixed_calls_stand_in_the_test_by_shares(plan_of, trial_of):
    """Half of the tumours of A are mixed with N: in no group, in the weighted test with the shares that they have."""
    trial = trial_of(count=300, seed=3)
    calls, sets = trial.calls.copy(), trial.sets.copy()
    for level in "ANPI":
        calls[f"p_{level}"] = calls["subtype"].eq(level).astype(float)
    mixed = calls.index[calls["subtype"].eq("A")][::2]
    calls["call"] = "confident"
    calls.loc[mixed, ["call", "subtype", "p_A", "p_N"]] = ["mixed", None, 0.6, 0.4]
    sets["rna_evaluable"] = sets["subtype_evaluable"]
    sets.loc[mixed, "subtype_evaluable"] = "no"
    changed = replace(trial, calls=calls, sets=sets)
    plan = plan_of()
    table = sensitivity_table(plan, changed, run_plan(plan, changed), None)
    soft = table[table["variant"].eq("probabilities as weights")]
    declared = table[table["variant"].eq("as declared")]
    assert set(soft["set"]) == {"rna_evaluable"}
    assert set(declared["set"]) == {"subtype_evaluable"}
    assert soft["n"].iloc[0] == declared["n"].iloc[0] + len(mixed)


def test_a_limit_at_infinity_is_left_out_in_words():
    row = Row(effect="HR", estimate=3.0, ci_low=0.0, ci_high=np.inf)
    row.drop_infinite_limits()
    assert np.isnan([row.ci_low, row.ci_high]).all()
    assert row.warnings == [f"no {side} limit of the interval can be given" for side in ("upper", "lower")]


def test_interaction_with_arm(plan_of, trial_of):
    trial = trial_of(count=400, seed=12)
    rng = np.random.default_rng(2)
    arm, teff = trial.arms(), trial.patients["teff"].astype(float)
    rate = np.exp(np.where(arm == "AK104", -0.9, 0.0) * teff)
    endpoints = trial.endpoints.assign(pfs_days=rng.exponential(100 / rate), pfs_event=1)
    plan = plan_of(biomarker="columns", columns=["teff"], set="all_treated", interaction_with_arm=True)
    table = results(plan, replace(trial, endpoints=endpoints))
    test = table[table["effect"] == "interaction with arm"].iloc[0]
    assert test["p"] == 1 / 1000, "no arrangement of 999 goes as far"
    assert "an association, not a prediction" in test["warning"]
    arms = table[table["level"].notna()].set_index("level")
    assert arms.loc["arm AK104", "ci_low"] < np.exp(-0.9) < arms.loc["arm AK104", "ci_high"]
    inside = arm == "AK104 + chemotherapy"
    z = ((teff - teff.mean()) / teff.std()).rename("z").to_frame()
    part = endpoints[inside]
    alone = fit_firth_cox(part["pfs_days"], part["pfs_event"], z[inside], patients=len(part))
    found = arms.loc["arm AK104 + chemotherapy", ["estimate", "ci_low", "ci_high"]]
    assert list(found) == pytest.approx(alone.ratio("z")[:3])
    plan = plan_of(
        biomarker="columns", columns=["teff"], set="all_treated", interaction_with_arm=True, endpoints=["response"]
    )
    table = results(plan, trial)
    assert table["effect"].tolist() == ["AUC", "OR per SD", "interaction with arm", "OR per SD", "OR per SD"]


def test_events_of_an_ordered_outcome_are_responses_in_every_row(plan_of, trial_of):
    """Best responses count 0 to 3; their sum is no number of patients."""
    trial = trial_of(count=60)
    table = results(
        plan_of(biomarker="columns", columns=["teff"], set="all_treated", interaction_with_arm=True, endpoints=["bor"]),
        trial,
    )
    assert table["events"].tolist() == [trial.endpoints["bor"].eq("PR").sum()] * 2


@pytest.mark.parametrize("endpoint", ["pfs", "response"])
def test_a_constant_score_has_no_interaction_for_that_reason(plan_of, trial_of, endpoint):
    trial = trial_of(count=60)
    alike = replace(trial, scores=trial.scores.assign(gep18=1.5))
    asked = {"biomarker": "signatures", "signatures": ["gep18"], "set": "rna_evaluable", "endpoints": [endpoint]}
    table = results(plan_of(**asked, interaction_with_arm=True), alike)
    assert table["warning"].str.contains("all patients have the same value: not tested").tolist() == [True, True]
    assert table["n"].nunique() == 1


def test_a_score_that_parts_the_outcomes_has_no_interval_and_says_why(plan_of, trial_of):
    trial = trial_of(count=60)
    patients = trial.patients.assign(
        teff=trial.patients["teff"].astype(float) + 99 * trial.endpoints["response"].eq("Y")
    )
    asked = {"biomarker": "columns", "columns": ["teff"], "set": "all_treated", "endpoints": ["response"]}
    area = results(plan_of(**asked), replace(trial, patients=patients)).iloc[0]
    assert area["estimate"] == pytest.approx(1)
    assert np.isnan(area["ci_low"])
    assert area["warning"] == "no interval: the outcomes do not overlap in the score"


def test_levels_of_a_column_of_two_numbers_are_written_as_in_the_table(plan_of, trial_of):
    asked = {"biomarker": "columns", "columns": ["ecog"], "set": "all_treated"}
    assert set(results(plan_of(**asked), trial_of(count=60))["level"].dropna()) == {"0", "1"}
    trial = trial_of(count=60)
    doses = trial.patients.assign(ecog=trial.patients["ecog"].astype(float) + 0.5)
    assert set(results(plan_of(**asked), replace(trial, patients=doses))["level"].dropna()) == {"0.5", "1.5"}


def test_one_arm_has_no_interaction(plan_of, trial_of):
    table = results(plan_of(interaction_with_arm=True), trial_of(count=60, arms=("AK104",)))
    assert "one arm only" in table.loc[table["effect"] == "interaction with arm", "warning"].iloc[0]


@pytest.mark.parametrize("endpoint", ["pfs", "response"])
def test_batch_that_is_the_subtype_is_refused_as_a_cause(plan_of, trial_of, endpoint):
    trial = trial_of(count=60, seed=3)
    batch = trial.calls["subtype"].map({"A": "1", "N": "2", "P": "3", "I": "4"})
    table = results(plan_of(endpoints=[endpoint]), replace(trial, samples=batch.rename("batch").to_frame()))
    assert np.isnan(table["p"].iloc[0])
    assert "every batch holds one subtype only" in table["warning"].iloc[0]


@pytest.mark.parametrize("endpoint", ["pfs", "response"])
def test_arms_that_are_the_groups_are_told_where_arms_are_strata(plan_of, trial_of, endpoint):
    """Pooled they are compared; and where one arm alone holds two groups, within that arm."""
    trial = trial_of(count=60, seed=3)
    whose = trial.arms().map({"AK104": "A", "AK104 + chemotherapy": "N"})
    trial = replace(trial, calls=trial.calls.assign(subtype=whose))
    told = "every arm holds one subtype only, so the two cannot be told apart within arms: not tested"
    assert results(plan_of(endpoints=[endpoint]), trial)["warning"].iloc[0].startswith(told)
    assert np.isfinite(results(plan_of(endpoints=[endpoint], stratify_by_arm=False), trial)["p"].iloc[0])
    some = whose.mask(whose.eq("N") & (np.arange(60) % 3 == 0), "I")
    table = results(plan_of(endpoints=[endpoint]), replace(trial, calls=trial.calls.assign(subtype=some)))
    assert np.isfinite(table["p"].iloc[0])


@pytest.mark.parametrize("stratified", [True, False])
@pytest.mark.parametrize("endpoint", ["pfs", "response"])
def test_groups_that_hardly_share_an_arm_are_told(plan_of, trial_of, endpoint, stratified):
    """A in one arm, I and all N but one in the other: what holds them together is one patient."""
    trial = trial_of(count=60, seed=3)
    own = trial.arms().map({"AK104": "A", "AK104 + chemotherapy": "I"})
    own[own.eq("I") & (np.arange(60) % 3 == 0)] = "N"
    own[own.index[own.eq("A")][0]] = "N"
    plan = plan_of(endpoints=[endpoint], stratify_by_arm=stratified)
    table = results(plan, replace(trial, calls=trial.calls.assign(subtype=own)))
    told = "within arms few patients of a group stand beside as many of A (I 0, N 1): "
    told += "subtype and arm can hardly be told apart"
    assert told in table["warning"].iloc[0]
    even = np.resize(["A", "A", "N", "N", "I", "I"], 60)
    table = results(plan, replace(trial, calls=trial.calls.assign(subtype=even)))
    assert "told apart" not in str(table["warning"].iloc[0])
    assert "told apart" not in str(results(plan_of(biomarker="arm"), trial)["warning"].iloc[0])


def test_site_that_is_the_outcome_is_refused_as_a_cause(plan_of, trial_of):
    trial = trial_of(count=60, seed=3)
    site = trial.endpoints["response"].map({"Y": "s1", "N": "s2"}).rename("site").to_frame()
    table = results(plan_of(endpoints=["response"]), replace(trial, samples=site))
    assert "every site holds one outcome only" in table["warning"].iloc[0]


def test_batch_that_goes_with_a_score_is_warned_of_and_a_harmless_one_is_not(plan_of, trial_of):
    trial = trial_of(count=60, seed=3)
    plan = plan_of(biomarker="signatures", signatures=["gep18"], set="rna_evaluable")
    marker = entry_markers(plan.entries[0], trial, None)[0]
    high = marker.values > marker.values.median()
    for batch, expected in ((high.map({True: "b1", False: "b2"}), True), (pd.Series("b1", index=high.index), False)):
        changed = replace(trial, samples=batch.rename("batch").to_frame())
        question = ask(plan.entries[0], "pfs", marker, changed, plan)
        refusal, notes = confounding(question, changed, plan)
        assert refusal is None
        assert ("gep18 differs between batches: it may stand for batch" in notes) == expected


def test_multiplicity_counts_only_what_was_tested(plan_of, trial_of, registry):
    plan = plan_of(biomarker="signatures", categories=["all"], set="rna_evaluable", endpoints=["pfs", "response"])
    table = results(plan, trial_of(count=80), registry)
    tests = table[table["effect"].isin(["HR per SD", "AUC"]) & table["p"].notna()]
    assert len(tests) == 8, "hypoxia was not scored"
    smallest = tests.loc[tests["p"].idxmin()]
    assert smallest["p_adjusted"] == pytest.approx(min(1, 8 * smallest["p"]))
    odds = table[table["effect"] == "OR per SD"]
    assert (odds["p_adjusted"].to_numpy() >= table[table["effect"] == "AUC"]["p_adjusted"].dropna().to_numpy()).all()


def test_unwarned_rows_and_rows_without_p(plan_of, trial_of, registry):
    """Every test that was not made says why."""
    plan = plan_of(biomarker="signatures", categories=["all"], set="rna_evaluable")
    for count in (4, 12, 40):
        table = results(plan, trial_of(count=count), registry)
        assert table.loc[table["p"].isna(), "warning"].notna().all()


def test_order_of_rows_does_not_matter(plan_of, tmp_path):
    files = trial_arguments(tmp_path / "a", count=50)
    first = results(plan_of(), read_trial(**files))
    for path in files.values():
        lines = Path(path).read_text().splitlines()
        Path(path).write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    pd.testing.assert_frame_equal(first, results(plan_of(), read_trial(**files)))


def test_strangers_and_wrong_values_are_refused(tmp_path):
    files = trial_arguments(tmp_path / "a", count=10)
    endpoints = pd.read_csv(files["endpoints"], sep="\t", dtype=str, keep_default_na=False)
    endpoints.loc[0, "patient_id"] = "00O1"
    endpoints.loc[1, "pfs_event"] = "2"
    endpoints.loc[2, "os_days"] = "-4"
    endpoints.to_csv(files["endpoints"], sep="\t", index=False)
    with pytest.raises(InputError) as caught:
        read_trial(**files)
    text = str(caught.value)
    assert "3 problems" in text
    assert "'00O1'" in text
    assert "Did you mean" in text
    assert "1 (event) or 0 (censored)" in text


def test_standardised_difference_of_known_values():
    """Austin (2009): (mean difference) / sqrt of the mean variance; 0.2 and 0.4 give 0.447."""
    a, b = pd.Series([1.0] * 4 + [0.0] * 6), pd.Series([1.0] * 2 + [0.0] * 8)
    assert difference(a, b, True)["smd"] == pytest.approx(0.2 / np.sqrt((0.24 + 0.16) / 2))
    x, y = pd.Series([1.0, 2, 3, 4, 5, 7]), pd.Series([2.0, 3, 4, 5, 6, 8])
    assert difference(x, y, True)["smd"] == pytest.approx(-1 / x.std())
    assert np.isnan(difference(x, y, False)["smd"])


def test_a_difference_without_any_spread_is_notable():
    """All of the one side have it and none of the other: the denominator is 0."""
    a, b = pd.Series([1.0] * 6), pd.Series([0.0] * 6)
    found = difference(a, b, True)
    assert np.isnan(found["smd"])
    assert found["warning"] == "notable difference"
    assert difference(a, a, True) == {"smd": 0.0, "warning": None}


def test_family_wise_error_of_the_shipped_plan(tmp_path):
    """No test or contrast of a family is claimed in more than about 5% of trials in which nothing has an effect."""
    whole = read_plan(ROOT / "config" / "plan.yaml")
    kept = tuple(entry for entry in whole.entries if entry.tier != "exploratory")
    plan = replace(
        whole,
        settings=whole.settings | {"permutations": 499},
        entries=kept,
        multiplicity={name: method for name, method in whole.multiplicity.items() if name in ("primary", "secondary")},
    )
    trials, wrong = 60, {"primary": 0, "secondary": 0}
    with threadpool_limits(1):
        for seed in range(trials):
            files = trial_arguments(tmp_path, count=40, seed=1000 + seed, arms=("AK104",))
            rows = run_plan(plan, read_trial(**files))
            for family in wrong:
                wrong[family] += any(row.p_adjusted <= 0.05 for row in rows if row.family == family)
    for family, count in wrong.items():
        assert count <= binom.ppf(0.99, trials, 0.05), f"{family}: {count} of {trials}"


EVERYTHING = [
    {"entry": "a", "endpoints": ["pfs", "response", "bor"], "biomarker": "subtype", "interaction_with_arm": True},
    {"entry": "b", "endpoints": ["os", "response"], "biomarker": "subtype", "adjust_for": ["age", "sex"]},
    {"entry": "c", "endpoints": ["pfs", "response", "bor"], "biomarker": "signatures", "categories": ["all"]},
    {"entry": "d", "endpoints": ["pfs"], "biomarker": "columns", "columns": ["teff", "sex"], "cut": "median"},
    {"entry": "e", "endpoints": ["pfs"], "biomarker": "columns", "columns": ["teff"], "cut": "maximally_selected"},
    {"entry": "f", "endpoints": ["os", "dor"], "biomarker": "response", "adjust_for": ["age"]},
    {"entry": "g", "endpoints": ["os"], "biomarker": "immune_related"},
    {"entry": "h", "endpoints": ["dor", "disease_control"], "biomarker": "arm"},
]


@pytest.mark.parametrize("seed", range(8))
def test_any_trial_ends_with_rows_that_explain_themselves(write_plan, tmp_path, registry, seed):
    """Few patients, one to three arms, gaps, ties, no events: no crash, no p without meaning, no gap without words."""
    rng = np.random.default_rng(seed)
    count = int(rng.choice([1, 3, 8, 14, 25]))
    files = trial_arguments(tmp_path / "t", count=count, seed=seed, arms=("x", "y", "z")[: rng.integers(1, 4)])
    trial = read_trial(**files)
    endpoints = trial.endpoints.copy()
    for column in endpoints.columns:
        if rng.random() < 0.3:
            endpoints[column] = endpoints[column].where(rng.random(count) < rng.choice([0, 0.5, 0.9]))
    if rng.random() < 0.3:
        endpoints["pfs_days"] = rng.integers(0, 4, count)
    if rng.random() < 0.3:
        endpoints["os_event"] = 0
    day = pd.Series(np.where(rng.random(count) < 0.5, rng.integers(-3, 200, count).astype(float), np.nan))
    trial = replace(trial, endpoints=endpoints, first_immune_event=day.set_axis(trial.patients.index))
    content = yaml.safe_load(write_plan().read_text())
    least = {"set": "all_treated", "minimum_n": 2, "minimum_events": 1}
    content["families"][0]["entries"] = [entry | least for entry in EVERYTHING]
    (tmp_path / "all.yaml").write_text(yaml.safe_dump(content))
    with threadpool_limits(1):
        table = results(read_plan(tmp_path / "all.yaml"), trial, registry)
    untold = table["p"].isna() & table["warning"].isna() & table["method"].ne("reference group")
    assert not untold.any(), table[untold].to_string()
    assert table["p"].dropna().between(0, 1).all()
    assert (table["p_adjusted"].isna() | (table["p_adjusted"] >= table["p"] - 1e-12)).all()
    inside = ~(table["estimate"] < table["ci_low"] - 1e-9) & ~(table["estimate"] > table["ci_high"] + 1e-9)
    assert inside.all(), table[~inside].to_string()


def test_responders_without_a_death_have_an_estimate(plan_of, trial_of):
    """The plain likelihood has no maximum: the penalised one has, with an interval and a p that agree."""
    trial = trial_of(count=45)
    endpoints = trial.endpoints.copy()
    responders = endpoints.index[:8]
    endpoints["response"] = np.where(endpoints.index.isin(responders), "Y", "N")
    endpoints["ttr_days"] = np.where(endpoints.index.isin(responders), 42.0, np.nan)
    endpoints["os_days"], endpoints["os_event"] = np.arange(100, 145), 1
    endpoints.loc[responders, ["os_days", "os_event"]] = [400, 0]
    plan = plan_of(biomarker="response", endpoints=["os"], set="all_treated", stratify_by_arm=False)
    row = results(plan, replace(trial, endpoints=endpoints)).iloc[0]
    assert 0 < row["ci_low"] < row["estimate"] < row["ci_high"] < 1
    assert row["p"] < 0.01
    assert "no event after it: the estimate rests on the penalty" in row["warning"]
    assert row["method"].startswith("Firth Cox (t, 43 df), time-dependent")
