"""What stands beside the declared answer: estimands as a range, subgroups, incidence, published cohorts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from anpi.api import as_expression, score_signatures
from anpi.association.engine import run_plan
from anpi.association.estimands import estimand_table
from anpi.association.incidence import incidence_table
from anpi.association.published import published_table, read_cohorts
from anpi.association.question import Row
from anpi.association.sensitivity import sensitivity_table
from anpi.association.subgroups import subgroup_levels, subgroup_table
from anpi.stats.cox import fit_firth_cox
from anpi.tables.reading import read_facts
from anpi.tables.schema import ROOT
from anpi.trial.endpoints import declared_endpoint, endpoint_columns, endpoint_kind, endpoint_variants, is_endpoint

COLUMNS = [
    *(
        "pfs_days",
        "pfs_event",
        "pfs_reason",
        "pfs_days_ema",
        "pfs_event_ema",
        "pfs_days_fda",
        "ipfs_days",
        "ipfs_event",
    ),
    *("pfs_days_by_reader_2", "pfs_event_by_reader_2", "ipfs_days_by_reader_2", "ipfs_event_by_reader_2"),
    *("response", "response_evaluable", "response_evaluable_reason", "response_unconfirmed", "response_strict"),
    *("response_confirmed_days", "iresponse", "iresponse_confirmed", "response_by_reader_2", "bor", "bor_day", "ibor"),
]


def test_variants_are_read_off_the_table_of_endpoints():
    assert endpoint_variants("pfs", COLUMNS) == ["pfs_ema", "ipfs", "pfs_by_reader_2", "ipfs_by_reader_2"]
    responses = ["response_unconfirmed", "response_strict", "iresponse", "iresponse_confirmed", "response_by_reader_2"]
    assert endpoint_variants("response", COLUMNS) == responses
    assert endpoint_variants("bor", COLUMNS) == ["ibor"]
    for variant in [*endpoint_variants("pfs", COLUMNS), *responses]:
        assert is_endpoint(variant)
        assert declared_endpoint(variant) in ("pfs", "response")
    assert endpoint_kind("iresponse_confirmed") == "binary"
    assert endpoint_columns("ipfs_by_reader_2") == ("ipfs_days_by_reader_2", "ipfs_event_by_reader_2")
    assert not is_endpoint("pfs_by_")


def test_answers_under_every_estimand_are_a_range(plan_of, trial_of):
    trial, plan = trial_of(count=60, seed=2), plan_of()
    rng = np.random.default_rng(1)
    ends = trial.endpoints.assign(ipfs_days=trial.endpoints["pfs_days"] + 40, ipfs_event=trial.endpoints["pfs_event"])
    ends = ends.assign(pfs_days_by_b=rng.integers(20, 400, 60), pfs_event_by_b=rng.integers(0, 2, 60))
    changed = replace(trial, endpoints=ends)
    rows = run_plan(plan, changed)
    sensitivity = sensitivity_table(plan, changed, rows, None)
    table = estimand_table(plan, sensitivity)
    test = table[table["level"].isna()].iloc[0]
    assert (test["answers"], test["tested"]) == (3, 3)
    assert test["variants"] == "pfs; ipfs; pfs_by_b"
    single = {v: run_plan(plan_of(endpoints=[v]), changed) for v in ("pfs", "ipfs", "pfs_by_b")}
    assert test["p_low"] == min(found[0].p for found in single.values())
    assert test["p_high"] == max(found[0].p for found in single.values())
    assert test["p"] == rows[0].p
    assert (table["level"] != table["reference"]).all()
    ratios = [next(r for r in found if r.level == "N").estimate for found in single.values()]
    group = table.set_index("level").loc["N"]
    assert (group["estimate_low"], group["estimate_high"]) == pytest.approx((min(ratios), max(ratios)))


def unconfirmed_too(trial):
    """Add two estimands that agree with the declared one."""
    ends = trial.endpoints
    same = {"response_unconfirmed": ends["response"], "ipfs_days": ends["pfs_days"], "ipfs_event": ends["pfs_event"]}
    return replace(trial, endpoints=ends.assign(**same))


def ranges(plan, trial):
    rows = run_plan(plan, trial)
    return rows, estimand_table(plan, sensitivity_table(plan, trial, rows, None))


@pytest.mark.parametrize("adjusted", [[], ["age"]])
def test_an_area_and_an_odds_ratio_have_ranges_of_their_own(plan_of, trial_of, adjusted):
    score = {"endpoints": ["response"], "biomarker": "columns", "columns": ["teff"], "adjust_for": adjusted}
    rows, table = ranges(plan_of(set="all_treated", **score), unconfirmed_too(trial_of(count=60, seed=2)))
    assert [row.effect for row in rows] == (["OR per SD", "AUC"] if adjusted else ["AUC", "OR per SD"])
    assert table["effect"].tolist() == [row.effect for row in rows]
    assert table["answers"].tolist() == [2, 2]
    assert table["estimate_low"].tolist() == table["estimate_high"].tolist() == [row.estimate for row in rows]


def test_whether_arms_differ_is_another_question_under_every_estimand(plan_of, trial_of):
    plan = plan_of(set="all_treated", interaction_with_arm=True)
    rows, table = ranges(plan, unconfirmed_too(trial_of(count=60, seed=2)))
    tests = table[table["level"].isna()].reset_index(drop=True)
    assert tests["effect"].tolist() == ["chi-square", "interaction with arm"]
    assert tests["answers"].tolist() == [2, 2]
    assert tests["p_low"].tolist() == tests["p_high"].tolist() == [row.p for row in rows if row.role == "test"]


def test_ratios_against_another_reference_are_not_joined(plan_of, trial_of):
    """Under one estimand so many of the largest group have no response that another is the reference."""
    trial = trial_of(count=80, seed=2)
    sizes = trial.calls["subtype"].value_counts()
    first, second = sizes.index[:2]
    loose = trial.endpoints["response"].mask(trial.calls["subtype"].eq(first).cumsum().gt(sizes[second] - 2))
    changed = replace(trial, endpoints=trial.endpoints.assign(response_unconfirmed=loose))
    rows, table = ranges(plan_of(endpoints=["response"]), changed)
    assert {row.reference for row in rows} == {first}
    pairs = table.dropna(subset=["level"]).set_index(["level", "reference"])
    assert pairs.loc[(second, first), "answers"] == pairs.loc[(first, second), "answers"] == 1
    assert table.iloc[0]["answers"] == 2


def test_an_effect_in_one_subgroup_alone_is_seen_there(plan_of, trial_of):
    trial = trial_of(count=400, seed=3)
    marker = trial.patients["teff"].astype(float)
    women = trial.patients["sex"].eq("F")
    rng = np.random.default_rng(2)
    days = rng.exponential(100 / np.exp(np.where(women, marker, 0.0)))
    trial = replace(trial, endpoints=trial.endpoints.assign(pfs_days=days, pfs_event=1))
    plan = plan_of(biomarker="columns", columns=["teff"], set="all_treated", stratify_by_arm=False)
    table = subgroup_table(plan, trial, None).set_index(["variable", "subgroup"])
    assert table.loc[("sex", "F"), "ci_low"] > 1.5
    assert table.loc[("sex", "M"), "ci_low"] < 1 < table.loc[("sex", "M"), "ci_high"]
    assert table.loc[("sex", "F"), "interaction_p"] == 1 / 1000, "no arrangement of 999 goes as far"
    assert table.loc[("ecog", "0"), "interaction_p"] > 0.001
    inside = trial.patients.index[women]
    z = ((marker - marker.mean()) / marker.std())[inside].rename("score").to_frame()
    expected = fit_firth_cox(days[women], np.ones(len(inside)), z, patients=len(inside)).ratio("score")[:3]
    assert tuple(table.loc[("sex", "F"), ["estimate", "ci_low", "ci_high"]]) == pytest.approx(expected)
    assert set(table.index.get_level_values("variable")) == {"arm", "sex", "ecog"}


def test_arms_that_are_strata_have_an_interaction_too(plan_of, trial_of):
    trial = trial_of(count=120, seed=3)
    table = subgroup_table(plan_of(), trial, None)
    assert table["interaction_p"].between(0, 1).all()
    within = table[table["variable"].eq("arm") & table["level"].eq("N")].set_index("subgroup")
    frame = trial.outcome("pfs").loc[trial.members("subtype_evaluable")]
    frame = frame.assign(subtype=trial.calls["subtype"], arm=trial.arms())
    part = frame[frame["arm"].eq("AK104")]
    x = pd.DataFrame({level: part["subtype"].eq(level).astype(float) for level in ("N", "I", "P")})
    expected = fit_firth_cox(part["time"], part["event"], x, patients=len(part)).ratio("N")[:3]
    assert tuple(within.loc["AK104", ["estimate", "ci_low", "ci_high"]]) == pytest.approx(expected)


def test_subgroups_too_small_say_so(plan_of, trial_of):
    trial = trial_of(count=40)
    rare = trial.patients.assign(sex=["F"] * 3 + ["M"] * 37)
    table = subgroup_table(plan_of(set="all_treated"), replace(trial, patients=rare), None)
    women = table[table["variable"].eq("sex") & table["subgroup"].eq("F")]
    assert women["estimate"].isna().all()
    assert women["warning"].str.contains("fewer than 5: not estimated|too little").all()
    assert subgroup_levels(pd.Series(range(10))).unique().tolist() == ["at most 4.5", "above 4.5"]


def test_subgroups_say_what_they_are_not_adjusted_for(plan_of, trial_of):
    trial = trial_of(count=60)
    table = subgroup_table(plan_of(set="all_treated", adjust_for=["age", "ecog"]), trial, None)
    estimated = table[table["estimate"].notna()]
    assert len(estimated)
    assert estimated["warning"].eq("not adjusted for age and ecog").all()
    plain = subgroup_table(plan_of(set="all_treated"), trial, None)
    assert plain.loc[plain["estimate"].notna(), "warning"].isna().all()


def test_incidence_counts_the_other_event(plan_of, trial_of):
    trial = trial_of(count=80, seed=4, arms=("AK104",))
    day = pd.Series(np.nan, index=trial.patients.index)
    day.iloc[:20] = 30.0
    trial = replace(trial, first_immune_event=day, undated_immune_event=frozenset(trial.patients.index[20:22]))
    table = incidence_table(plan_of(), trial).set_index(["event", "level", "months"])
    row = table.loc[("immune-related event", "all", 3)]
    still = (trial.endpoints["os_days"].iloc[:20] >= 30).sum()
    assert (row["events"], row["left_out"], row["n"]) == (still, 2, 78)
    assert 0 < row["ci_low"] < row["incidence"] < row["ci_high"] < 1
    response = table.loc[("confirmed response", "all", 12)]
    had = trial.endpoints["response"].eq("Y") & (trial.endpoints["ttr_days"] <= trial.endpoints["pfs_days"])
    assert response["events"] == had.sum()
    assert response["incidence"] <= had.mean() + 0.05


def test_responses_without_a_day_are_no_incidence_of_zero(plan_of, trial_of):
    """As where the sponsor supplied best responses: who responded is known, and not when."""
    trial = trial_of(count=80, seed=4)
    assert trial.endpoints["response"].eq("Y").sum() > 5
    unknown = replace(trial, endpoints=trial.endpoints.assign(ttr_days=np.nan))
    table = incidence_table(plan_of(), unknown).query("event == 'confirmed response' and level == 'all'")
    assert table["incidence"].isna().all()
    assert table["left_out"].eq(trial.endpoints["response"].eq("Y").sum()).all()
    nobody = replace(trial, endpoints=trial.endpoints.assign(ttr_days=np.nan, response="N"))
    table = incidence_table(plan_of(), nobody).query("event == 'confirmed response' and level == 'all'")
    assert table["incidence"].iloc[0] == 0


def test_published_cohorts_stand_beside_the_trial(plan_of, trial_of, registry):
    cohorts = read_cohorts()
    registered = set(read_facts(ROOT / "resources" / "signatures" / "registry.tsv")["id"])
    assert set(cohorts["signature"]) <= registered
    assert (cohorts["se"] > 0).all()
    assert cohorts["source"].str.contains(r"doi:10\.\d{4}|GEO GSE\d+").all()
    assert not cohorts.duplicated(["cohort", "signature", "endpoint"]).any()
    assert cohorts["events"].le(cohorts["n"]).all()
    trial = trial_of(count=60, seed=5)
    plan = plan_of(biomarker="signatures", signatures=["gep18", "t_effector"], set="rna_evaluable")
    rows = run_plan(plan, trial, registry)
    table = published_table(rows, cohorts)
    single, several = (table[table["biomarker"].eq(name)] for name in ("gep18", "t_effector"))
    assert single["kind"].tolist() == ["cohort", "trial"]
    known = cohorts["signature"].eq("t_effector") & cohorts["endpoint"].eq("pfs")
    assert known.sum() >= 5
    assert several["kind"].tolist() == ["cohort"] * known.sum() + ["trial", "pooled", "together", "posterior"]
    own = next(row for row in rows if row.biomarker == "t_effector")
    by_kind = several.drop_duplicates("kind", keep="last").set_index("kind")
    assert by_kind.loc["trial", "estimate"] == own.estimate
    assert by_kind.loc["together", "cohorts"] == known.sum() + 1
    assert by_kind.loc["pooled", "predicted_low"] < by_kind.loc["pooled", "ci_low"]
    assert 0 <= by_kind.loc["posterior", "prior_weight"] <= 1
    assert published_table(rows, cohorts.iloc[:0]).empty


def test_the_ratio_of_one_arm_does_not_stand_for_the_trial():
    cohorts = read_cohorts()
    whole = Row(effect="HR per SD", endpoint="pfs", biomarker="gep18")
    of_arm = replace(whole, level="arm A", estimate=0.5, ci_low=0.2, ci_high=0.9, warnings=[])
    assert published_table([whole, of_arm], cohorts).empty
    known = replace(whole, estimate=0.7, ci_low=0.4, ci_high=1.2)
    assert published_table([known, of_arm], cohorts).query("kind == 'trial'")["estimate"].tolist() == [0.7]


def test_derived_ratios_follow_from_the_data_of_patients(external_data):
    """Gide 2019, scored and fitted anew from the published matrix: each row of the cohort to the digit."""
    source = external_data / "data" / "expression" / "gide2019_melanoma"
    clinical = pd.read_csv(source / "clinical.tsv", sep="\t", index_col="sample_id")
    expression = pd.read_csv(source / "expression_log2tpm.tsv.gz", sep="\t", index_col="gene")
    table = score_signatures(as_expression((2**expression - 0.001).clip(lower=0), "tpm"))
    scores, units = table.pivot(index="sample_id", columns="signature", values="score"), table.groupby("signature")
    cohorts = read_cohorts().query("cohort == 'Gide 2019'")
    assert len(cohorts) == 24
    for row in cohorts.itertuples():
        score = scores[row.signature].reindex(clinical.index)
        if units["unit"].first()[row.signature].lower() == "tpm":
            score = np.log2(score + 1)
        x = ((score - score.mean()) / score.std()).to_frame("score")
        time, event = clinical[f"survival_time_{row.endpoint}"], clinical[f"event_occurred_{row.endpoint}"]
        fit = fit_firth_cox(time, event, x)
        assert (fit.coef[0], fit.se[0]) == pytest.approx((row.log_hr, row.se), abs=6e-5), row
        assert (len(x), event.sum()) == (row.n, row.events)
