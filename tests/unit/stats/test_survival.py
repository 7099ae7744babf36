"""Properties of the survival functions that hold whatever the data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter

from anpi.stats.survival import (
    follow_up,
    kaplan_meier,
    logrank,
    logrank_scores,
    restricted_mean,
    risk_table,
)

people = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 1)), min_size=2, max_size=60)


@settings(max_examples=60, deadline=None)
@given(people)
def test_curve_equals_lifelines(people):
    time, event = map(np.array, zip(*people, strict=True))
    curve = kaplan_meier(time, event)
    expected = KaplanMeierFitter().fit(time, event).survival_function_["KM_estimate"]
    assert curve.survival == pytest.approx(expected.reindex(curve.times).to_numpy(), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(people)
def test_scores_sum_to_nought_and_give_observed_minus_expected(people):
    time, event = map(np.array, zip(*people, strict=True))
    group = np.arange(len(time)) % 3
    scores = logrank_scores(time, event)
    result = logrank(time, event, group)
    sums = [scores[group == g].sum() for g in result.groups]
    assert scores.sum() == pytest.approx(0, abs=1e-9)
    assert sums == pytest.approx(result.observed - result.expected, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(people)
def test_order_of_patients_does_not_matter(people):
    time, event = map(np.array, zip(*people, strict=True))
    group = np.arange(len(time)) % 2
    shuffle = np.random.default_rng(0).permutation(len(time))
    a = logrank(time, event, group)
    b = logrank(time[shuffle], event[shuffle], group[shuffle])
    assert (a.chi_square, a.p) == pytest.approx((b.chi_square, b.p), nan_ok=True, abs=1e-9)


def test_nobody():
    curve = kaplan_meier([], [])
    assert np.isnan(curve.median()).all()
    assert np.isnan(curve.at(10)[0])
    assert curve.risk_at(10) == (0, 0, 0)
    assert np.isnan(restricted_mean([], [], 100).estimate)
    assert np.isnan(logrank([], [], []).p)


def test_no_event_has_no_median_and_no_test():
    assert np.isnan(kaplan_meier([3, 5, 8], [0, 0, 0]).median()).all()
    assert np.isnan(logrank([3, 5, 8], [0, 0, 0], ["a", "a", "b"]).p)
    assert np.isnan(logrank([3, 5, 8], [1, 1, 1], ["a", "a", "a"]).p)


def test_rate_beyond_follow_up_is_unknown_unless_all_had_the_event():
    assert np.isnan(kaplan_meier([3, 5], [1, 0]).at(6)[0])
    assert kaplan_meier([3, 5], [1, 1]).at(6)[0] == 0


def test_numbers_at_risk_account_for_everyone():
    curve = kaplan_meier([2, 2, 4, 6, 6, 9], [1, 0, 1, 0, 1, 0])
    assert curve.risk_at(0) == (6, 0, 0)
    assert curve.risk_at(2) == (6, 0, 0)
    assert curve.risk_at(2.5) == (4, 1, 1)
    assert curve.risk_at(100) == (0, 3, 3)
    table = risk_table([2, 2, 4], [1, 0, 1])
    assert list(table.at_risk) == [3, 1]


def test_restricted_mean_without_censoring_is_the_mean_of_the_cut_times():
    time = np.array([1.0, 4.0, 7.0, 12.0])
    found = restricted_mean(time, np.ones(4), 10)
    assert found.estimate == pytest.approx(np.minimum(time, 10).mean())
    assert found.se == pytest.approx(np.minimum(time, 10).std(ddof=0) / 2)


def test_restricted_mean_has_no_interval_where_nothing_tells_of_its_error():
    """No event before tau, or all on one day: Greenwood's error is 0, which is no certainty."""
    assert np.isnan(restricted_mean([200, 210, 250], [1, 0, 1], 180).limits).all()
    assert np.isnan(restricted_mean([100, 100, 100], [1, 1, 1], 180).limits).all()


def test_limits_of_a_restricted_mean_lie_within_its_time():
    """One of ten has the event on day 170: 179 - 1.96 x 0.9487 (S = 0.9 with variance 0.009) to tau, not beyond."""
    found = restricted_mean([170] + [300] * 9, [1] + [0] * 9, 180)
    assert found.estimate == pytest.approx(179)
    low, high = found.limits
    assert low == pytest.approx(179 - 1.959964 * 10 * 0.009**0.5)
    assert high == 180


def test_restricted_mean_is_unknown_beyond_the_last_censoring():
    assert np.isnan(restricted_mean([3, 5], [1, 0], 10).estimate)


def test_follow_up_counts_events_as_censored():
    assert follow_up([10, 20, 30], [1, 0, 0])[0] == 25, "half remain from day 20 to 30: the middle is taken"
    assert np.isnan(follow_up([10, 20], [1, 1])[0])


def test_stratified_test_of_one_stratum_is_the_plain_one():
    time, event, group = [3, 5, 6, 8, 9, 11], [1, 1, 0, 1, 1, 0], list("ababab")
    assert logrank(time, event, group, ["x"] * 6).p == logrank(time, event, group).p


def test_stratification_removes_a_difference_between_strata():
    """Within strata the groups are equal; pooled, the larger share of one group in the bad stratum shows."""
    rng = np.random.default_rng(5)
    stratum = np.repeat([0, 1], 200)
    group = np.where(rng.random(400) < np.where(stratum == 0, 0.2, 0.8), "b", "a")
    time = rng.exponential(np.where(stratum == 0, 1.0, 0.2))
    assert logrank(time, np.ones(400), group).p < 1e-6
    assert logrank(time, np.ones(400), group, stratum).p > 0.05
