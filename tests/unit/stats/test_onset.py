"""A state that begins during follow-up against survival: the statistic by hand, the level by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom
from unit.association.null_trials import null_trial

from anpi.stats.partial_likelihood import PartialLikelihood
from anpi.stats.permutation import permute_logrank, permute_onset

ARMS = ("AK104", "AK104 + chemotherapy")


def split(time, event, onset):
    """Rows (start, stop] of each patient before and in the state."""
    change = np.where(onset < time, onset, np.nan)
    had = ~np.isnan(change)
    start = np.concatenate([np.zeros(len(time)), change[had]])
    stop = np.concatenate([np.where(had, change, time), time[had]])
    died = np.concatenate([np.where(had, 0, event), event[had]])
    marker = np.concatenate([np.zeros(len(time)), np.ones(had.sum())])
    return start, stop, died, marker, np.concatenate([np.arange(len(time)), np.flatnonzero(had)])


def drawn(seed, count=40):
    rng = np.random.default_rng(seed)
    time, end = rng.permutation(np.arange(1.0, count + 1)) * 7, rng.uniform(20, 400, count)
    onset = np.where(rng.random(count) < 0.6, rng.choice([10.5, 31.5, 63.0, 100.0], count), np.nan)
    return np.minimum(time, end), (time <= end).astype(float), onset


@pytest.mark.parametrize("strata", [False, True])
def test_the_statistic_is_the_score_test_of_the_time_dependent_model(strata):
    """Without ties the score test of Cox's model and the log-rank chi-square are the same."""
    time, event, onset = drawn(1)
    start, stop, died, marker, who = split(time, event, onset)
    arm = np.arange(len(time)) % 2 if strata else np.zeros(len(time))
    point = PartialLikelihood(stop, died, marker[:, None], arm[who], start).at(np.zeros(1))
    found = permute_onset(time, event, onset, arm, permutations=9)
    assert found.statistic == pytest.approx(float(point.score[0] ** 2 / point.information[0, 0]), rel=1e-10)


def test_a_state_from_the_start_is_the_logrank_test():
    """All enter on the first day: groups as they are randomised; both p are of the same distribution."""
    time, event, _ = drawn(2, 30)
    group = np.arange(30) < 8
    onset = np.where(group, 0.0, np.nan)
    found, known = permute_onset(time, event, onset, permutations=20_000), permute_logrank(time, event, group)
    assert found.statistic == pytest.approx(known.statistic, rel=1e-10)
    assert found.p == pytest.approx(known.p, abs=0.02)


def test_neither_the_order_of_patients_nor_the_unit_of_time_matters():
    time, event, onset = drawn(3)
    order = np.random.default_rng(0).permutation(len(time))
    first = permute_onset(time, event, onset, permutations=499, seed=4)
    assert permute_onset(time[order], event[order], onset[order], permutations=499, seed=4).p == first.p
    assert permute_onset(time / 7, event, onset / 7, permutations=499, seed=4).p == first.p


@pytest.mark.parametrize("case", ["nobody", "all from the start", "after the end", "no event"])
def test_without_information_there_is_no_p(case):
    time, event, onset = drawn(5)
    onset = {"nobody": np.full(40, np.nan), "all from the start": np.zeros(40), "after the end": time}.get(case, onset)
    found = permute_onset(time, event * (case != "no event"), onset, permutations=99)
    assert np.isnan(found.p)


def test_an_effect_is_seen():
    """The state divides the hazard by four: shown in most of 100 trials of 45."""
    shown = 0
    for seed in range(100):
        rng = np.random.default_rng([6, seed])
        onset = np.where(rng.random(45) < 0.6, rng.choice([0.3, 0.6], 45), 99.0)
        time = rng.exponential(1, 45)
        time = np.where(time > onset, onset + 4 * (time - onset), time)
        shown += permute_onset(time, np.ones(45), onset, permutations=199, seed=seed).p <= 0.05
    assert shown >= 75


@pytest.mark.parametrize(("count", "trials"), [(30, 2000), (45, 800)])
def test_type_one_error_of_response_against_survival(count, trials):
    """Five responders or more, two arms, responses at scans: 5% of null trials, where the likelihood ratio has 7."""
    made = {"after it": 0, "by day 50": 0, "by day 99": 0}
    low = dict.fromkeys(made, 0)
    for seed in range(trials):
        trial = null_trial(1_000_000 * count + seed, count, ARMS)
        ends, arm = trial.endpoints, trial.patients["arm"].to_numpy()
        time, event = ends["os_days"].to_numpy(), ends["os_event"].to_numpy()
        onset, seen = (ends[name].to_numpy(float) for name in ("response_confirmed_days", "ttr_days_unconfirmed"))
        if (onset <= time).sum() >= 5:
            made["after it"] += 1
            low["after it"] += permute_onset(time, event, onset, arm, permutations=199, seed=seed).p <= 0.05
        for day in (50, 99):
            still, had = time > day, seen <= day
            if min(had[still].sum(), (~had[still]).sum()) >= 5:
                made[f"by day {day}"] += 1
                data = time[still] - day, event[still], had[still], arm[still]
                low[f"by day {day}"] += permute_logrank(*data, permutations=199, seed=seed).p <= 0.05
    for name, total in made.items():
        least, most = binom.interval(0.998, total, 0.05)
        assert least <= low[name] <= most, f"{name}: {low[name]} of {total}"
