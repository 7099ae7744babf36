"""Pooling and competing risks by values that follow from arithmetic alone."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student

from anpi.stats.competing_risks import cumulative_incidence
from anpi.stats.meta_analysis import pool, robust_posterior
from anpi.stats.survival import kaplan_meier


def test_alike_cohorts_are_pooled_as_one_and_keep_a_width():
    found = pool([-0.5] * 4, [0.2] * 4)
    assert (found.estimate, found.tau2, found.i2) == pytest.approx((-0.5, 0, 0))
    assert found.high - found.low == pytest.approx(2 * student.ppf(0.975, 3) * 0.1)


def test_hartung_knapp_holds_its_coverage_with_few_cohorts():
    """Five cohorts that differ (tau 0.3): the normal interval covers less often than this one."""
    rng, inside, plain, trials = np.random.default_rng(3), 0, 0, 600
    for _ in range(trials):
        errors = rng.uniform(0.15, 0.4, 5)
        found = pool(rng.normal(rng.normal(-0.4, 0.3, 5), errors), errors)
        inside += found.low <= -0.4 <= found.high
        weight = 1 / (errors**2 + found.tau2)
        plain += abs(found.estimate + 0.4) <= 1.96 / np.sqrt(weight.sum())
    assert inside / trials >= 0.93
    assert plain < inside


def test_a_trial_that_contradicts_the_cohorts_leaves_them():
    cohorts = pool([-0.7, -0.65, -0.75, -0.7], [0.1] * 4)
    agreeing, contradicting = robust_posterior(-0.6, 0.4, cohorts), robust_posterior(1.5, 0.3, cohorts)
    assert agreeing.weight > 0.8
    assert agreeing.high - agreeing.low < 2 * 1.96 * 0.4
    assert contradicting.weight < 0.01
    assert contradicting.estimate == pytest.approx(1.5, abs=0.1)
    assert agreeing.below > 0.95 > 0.05 > contradicting.below
    ignored = robust_posterior(-0.6, 0.4, cohorts, vague=1 - 1e-12)
    precision = 1 / 4 + 1 / 0.16
    assert ignored.estimate == pytest.approx(-0.6 / 0.16 / precision, abs=1e-6)


def test_causes_sum_to_one_less_the_free_and_one_cause_is_kaplan_meier():
    rng = np.random.default_rng(1)
    time, status = rng.integers(1, 30, 80).astype(float), rng.integers(0, 3, 80)
    both = [cumulative_incidence(time, status, cause).incidence for cause in (1, 2)]
    free = kaplan_meier(time, status > 0)
    assert (both[0] + both[1])[-1] == pytest.approx(1 - free.survival[-1])
    single = cumulative_incidence(time, (status == 1).astype(int))
    curve = kaplan_meier(time, status == 1)
    assert [single.at(t)[0] for t in (5, 12, 20)] == pytest.approx([1 - curve.at(t)[0] for t in (5, 12, 20)])
    wrong = 1 - kaplan_meier(time, status == 1).survival[-1]
    assert both[0][-1] < wrong, "censoring at the other event promises more"


def test_three_patients_by_hand():
    found = cumulative_incidence([1, 2, 3], [1, 2, 0])
    assert found.incidence.tolist() == pytest.approx([1 / 3, 1 / 3])
    assert found.at(0.5) == pytest.approx((0, np.nan, np.nan), nan_ok=True)
