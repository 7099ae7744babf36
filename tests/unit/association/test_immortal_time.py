"""Whoever has a confirmed response has lived to the scan that confirms it: those days are no gift of the response."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom
from threadpoolctl import threadpool_limits
from unit.association.null_trials import RULES, null_trial

from anpi.association.engine import results_table, run_plan
from anpi.recist.best_response import Scan, confirmed_response_day, confirming_day

TRIALS = 100


def scans(words: str) -> list[Scan]:
    return [Scan(42 * place, response) for place, response in enumerate(words.split(), 1)]


@pytest.mark.parametrize(
    ("words", "first", "confirming"),
    [
        ("PR PR PR", 42, 84),
        ("SD PR SD", None, None),
        ("PR NE PR", 42, 126),
        ("SD CR CR", 84, 126),
        ("PR SD PR PR", 126, 168),
        ("PR", None, None),
    ],
)
def test_the_confirming_scan(words, first, confirming):
    assert confirmed_response_day(scans(words), RULES) == first
    assert confirming_day(scans(words), RULES) == confirming


@pytest.fixture
def plan(plan_of):
    return plan_of({"landmark_days": [50]}, biomarker="response", endpoints=["os"], set="all_treated")


def simulate(plan, columns_lost: list[str]) -> pd.DataFrame:
    """Hazard ratio and p after a response in trials without any effect of it."""
    found = []
    plan = replace(plan, settings=plan.settings | {"landmark_days": []})
    with threadpool_limits(1):
        for seed in range(TRIALS):
            trial = null_trial(seed, count=60)
            trial = replace(trial, endpoints=trial.endpoints.drop(columns=columns_lost))
            found.append(results_table(run_plan(plan, trial)).iloc[0])
    return pd.DataFrame(found)


def test_no_effect_of_response_is_no_effect(plan):
    """From its first scan, a confirmed response seems to lower the hazard of death by a quarter or more."""
    for lost in ([], ["response_confirmed_days"]):
        table = simulate(plan, lost)
        assert np.exp(np.log(table["estimate"]).mean()) == pytest.approx(1, abs=0.1)
        assert (table["p"] < 0.05).sum() <= binom.ppf(0.99, TRIALS, 0.05)
        assert not table["warning"].str.contains("confirming scan", na=False).any()
    naive = simulate(plan, ["response_confirmed_days", "ttr_days_unconfirmed"])
    assert np.exp(np.log(naive["estimate"]).mean()) < 0.8
    assert naive["warning"].str.contains("the day of the confirming scan is not known").all()


def test_a_landmark_takes_what_was_seen_by_then(plan):
    """On day 50 one scan was made: responses are seen and none is confirmed."""
    trial = null_trial(1, count=300)
    table = results_table(run_plan(plan, trial)).set_index("level")
    alive = trial.endpoints["os_days"] > 50
    had = (trial.endpoints["ttr_days_unconfirmed"] <= 50) & alive
    assert had.sum() > 30
    assert not (trial.endpoints["response_confirmed_days"] <= 50).any()
    assert table.loc["by day 50", "n"] == alive.sum()
    assert np.isfinite(table.loc["by day 50", "p"])


def test_responders_without_a_death_have_an_estimate(plan):
    """Eight responders, none of whom dies, among forty: the likelihood has no maximum, the penalised one has."""
    trial = null_trial(3, count=40)
    ends = trial.endpoints.assign(response="N", response_confirmed_days=np.nan, os_event=1)
    ends["os_days"] = np.arange(100, 140) * 2.0
    ends.loc[ends.index[:8], ["response", "response_confirmed_days", "os_days", "os_event"]] = ["Y", 85.0, 500.0, 0]
    row = results_table(run_plan(plan, replace(trial, endpoints=ends))).iloc[0]
    assert 0 < row["estimate"] < 0.3
    assert row["ci_high"] < 1
    assert row["p"] < 0.005
    assert "no event after it: the estimate rests on the penalty" in row["warning"]


@pytest.mark.parametrize("unconfirmed", [True, False])
def test_who_has_no_response_is_known_to_have_none(plan, unconfirmed):
    """No response is confirmed: that is no lack of its day, and those that were not confirmed do not take its place."""
    trial = null_trial(4, count=60)
    ends = trial.endpoints.assign(response="N", response_confirmed_days=np.nan, ttr_days=np.nan)
    assert ends["ttr_days_unconfirmed"].notna().sum() >= 10
    if not unconfirmed:
        ends["ttr_days_unconfirmed"] = np.nan
    row = results_table(run_plan(plan, replace(trial, endpoints=ends))).iloc[0]
    assert np.isnan(row["p"])
    assert row["warning"] == "0 of 60 patients had it: described, not tested"


def test_a_response_whose_day_nobody_wrote_down_is_not_tested(plan):
    days = ["response_confirmed_days", "ttr_days_unconfirmed", "ttr_days"]
    trial = null_trial(4, count=60)
    assert trial.endpoints["response"].eq("Y").any()
    row = results_table(run_plan(plan, replace(trial, endpoints=trial.endpoints.drop(columns=days)))).iloc[0]
    assert row["warning"] == "the day of the response is not known: not tested"
