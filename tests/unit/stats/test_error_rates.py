"""Error rates, coverage and power in simulated trials: what the tests promise, they keep."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from anpi.stats.cox import fit_firth_cox
from anpi.stats.multiplicity import adjust
from anpi.stats.permutation import permute_groups, permute_logrank
from anpi.stats.power import detectable_by_simulation, detectable_hazard_ratio, logrank_power
from anpi.stats.survival import kaplan_meier, logrank, logrank_scores, restricted_mean

SIZES = (13, 7, 5, 5)
NULL_TRIALS = 2000


def groups(sizes=SIZES):
    return np.repeat(list("ABCD")[: len(sizes)], sizes)


def trial(rng, group, hazards=None, censoring=4.0):
    """Exponential times, patients censored evenly between 0.5 and ``censoring``."""
    rate = np.array([(hazards or {}).get(g, 1.0) for g in group])
    time = rng.exponential(1 / rate)
    end = rng.uniform(0.5, censoring, len(group)) if censoring else np.full(len(group), np.inf)
    return np.minimum(time, end), (time <= end).astype(float)


def test_type_one_error_of_the_primary_test():
    """30 patients in four unequal groups and two arms of different prognosis: 5% of 2,000 null trials, no more."""
    rng = np.random.default_rng(20240101)
    group, arm = groups(), np.arange(30) % 2
    permuted = asymptotic = 0
    for number in range(NULL_TRIALS):
        time, event = trial(rng, group)
        time = np.where(arm == 1, time / 2, time)
        permuted += permute_logrank(time, event, group, arm, permutations=199, seed=number).p <= 0.05
        asymptotic += logrank(time, event, group, arm).p <= 0.05
    low, high = binom.interval(0.99, NULL_TRIALS, 0.05)
    assert low <= permuted <= high, f"{permuted} of {NULL_TRIALS}"
    assert asymptotic > high, "the chi-square distribution is too liberal here, which is why it is not used"


def test_type_one_error_when_censoring_differs_between_groups():
    """The largest group is followed for a fifth of the others' time: fixed scores fail, the test in use does not."""
    rng = np.random.default_rng(0)
    group, trials, permuted, fixed = groups(), 1000, 0, 0
    for number in range(trials):
        end = np.where(group == "A", rng.uniform(0.1, 1, 30), rng.uniform(1, 5, 30))
        whole = rng.exponential(1, 30)
        time, event = np.minimum(whole, end), (whole <= end).astype(float)
        permuted += permute_logrank(time, event, group, permutations=199, seed=number).p <= 0.05
        fixed += permute_groups(logrank_scores(time, event), group, permutations=199, seed=number).p <= 0.05
    high = binom.ppf(0.99, trials, 0.05)
    assert permuted <= high, f"{permuted} of {trials}"
    assert fixed > high


def test_family_wise_error_of_correlated_secondary_tests():
    """Overall survival, response and disease control of the same patients under Holm: any error in at most 5%."""
    rng = np.random.default_rng(7)
    group, trials, wrong = groups(), 600, 0
    for number in range(trials):
        frailty = rng.normal(size=30)
        time = rng.exponential(np.exp(frailty))
        response, control = frailty + rng.normal(size=30) > 0.8, frailty + rng.normal(size=30) > -0.5
        p = [
            permute_logrank(time, np.ones(30), group, permutations=199, seed=number).p,
            permute_groups(response.astype(float), group, permutations=199, seed=number).p,
            permute_groups(control.astype(float), group, permutations=199, seed=number).p,
        ]
        wrong += np.nanmin(adjust(p, "holm")) <= 0.05
    assert wrong <= binom.ppf(0.99, trials, 0.05), f"{wrong} of {trials}"


def test_coverage_of_survival_intervals():
    """Log-log intervals of S(t) and intervals of the restricted mean hold the truth in about 95% of trials of 40."""
    rng = np.random.default_rng(11)
    trials, rate, mean, median = 1500, 0, 0, 0
    for _ in range(trials):
        time, event = trial(rng, np.repeat("A", 40))
        curve = kaplan_meier(time, event)
        _, low, high = curve.at(0.8)
        rate += low <= np.exp(-0.8) <= high
        _, low, high = curve.median()
        median += low <= np.log(2) and not high < np.log(2)
        estimate = restricted_mean(time, event, 1.5)
        mean += abs(estimate.estimate - (1 - np.exp(-1.5))) <= 1.96 * estimate.se
    assert 0.93 <= rate / trials <= 0.98
    assert 0.93 <= median / trials <= 0.98
    assert 0.92 <= mean / trials <= 0.97


def test_coverage_of_firth_profile_intervals():
    """Profile intervals of a hazard ratio of 2 with 20 patients a group, few events and none in some trials."""
    rng = np.random.default_rng(12)
    trials, inside = 300, 0
    group = np.repeat(["A", "B"], 20)
    x = pd.DataFrame({"B": (group == "B").astype(float)})
    for _ in range(trials):
        time, event = trial(rng, group, {"A": 0.25, "B": 0.5}, censoring=1.5)
        if not event.any():
            inside += 1
            continue
        fit = fit_firth_cox(time, event, x)
        inside += fit.low[0] <= np.log(2) <= fit.high[0]
    assert binom.ppf(0.005, trials, 0.95) <= inside, f"{inside} of {trials}"


@pytest.mark.parametrize(("count", "share", "ratio"), [(30, 0.3, 0.4), (36, 0.5, 1.0), (45, 0.25, 2.0)])
def test_coverage_in_small_trials(count, share, ratio):
    """A third of the patients and more censored; at a ratio of 1 what is missing to 95% is the type I error."""
    rng = np.random.default_rng([16, count])
    trials, inside = 400, 0
    group = np.where(np.arange(count) < share * count, "B", "A")
    x = pd.DataFrame({"B": (group == "B").astype(float)})
    for _ in range(trials):
        fit = fit_firth_cox(*trial(rng, group, {"B": ratio}, censoring=2.0), x)
        inside += fit.low[0] <= np.log(ratio) <= fit.high[0]
        assert (fit.p[0] < 0.05) == (fit.low[0] > 0 or fit.high[0] < 0)
    low, high = binom.interval(0.99, trials, 0.95)
    assert low <= inside <= high, f"{inside} of {trials}"


@pytest.mark.parametrize(("group_name", "above"), [("A", True), ("A", False), ("C", True), ("C", False)])
def test_power_is_as_printed_in_a_small_trial(group_name, above):
    """Fresh trials at the printed hazard ratio are shown in 4 of 5, within simulation error."""
    rng = np.random.default_rng(13)
    group = groups((16, 10, 8, 6))
    time, event = trial(rng, group, censoring=None)
    ratio = detectable_by_simulation(time, event, group, trials=1000, seed=1)[group_name][int(above)]
    assert (ratio > 1) == above
    trials, shown = 300, 0
    for number in range(trials):
        time, event = trial(rng, group, {group_name: ratio}, censoring=None)
        shown += permute_logrank(time, event, group, permutations=199, seed=number).p <= 0.05
    assert shown / trials == pytest.approx(0.8, abs=0.09)


def test_formula_of_power_holds_in_a_large_trial():
    rng = np.random.default_rng(14)
    group = groups((160, 100, 80, 60))
    ratio = detectable_hazard_ratio(400, 0.2, df=3)
    assert logrank_power(400, [160, 100, 80, 60], [1, 1, ratio, 1]) == pytest.approx(0.8, abs=1e-6)
    trials, shown = 200, 0
    for _ in range(trials):
        time, event = trial(rng, group, {"C": ratio}, censoring=None)
        shown += logrank(time, event, group).p <= 0.05
    assert shown / trials == pytest.approx(0.8, abs=0.09)


@pytest.mark.parametrize(("events", "half", "fifth"), [(25, 3.1, 4.1), (40, 2.4, 3.0), (60, 2.1, 2.5), (80, 1.9, 2.2)])
def test_published_detectable_ratios(events, half, fifth):
    """Schoenfeld's formula: two-sided 5%, 80% power, groups of 50:50 and 20:80."""
    assert detectable_hazard_ratio(events, 0.5) == pytest.approx(half, abs=0.05)
    assert detectable_hazard_ratio(events, 0.2) == pytest.approx(fifth, abs=0.06)


def test_nothing_is_detectable_in_two_patients():
    found = detectable_by_simulation([1.0, 2.0], [1, 1], ["A", "B"], trials=200)
    assert np.isnan(list(found.values())).all()
    assert np.isnan(detectable_hazard_ratio(0, 0.5))
