"""What is left of other cohorts when the trial agrees with them, and when it contradicts them."""

from __future__ import annotations

import pytest

from anpi.stats.meta import pool
from anpi.stats.robust_prior import robust_posterior

COHORTS = pool([-0.7, -0.65, -0.75, -0.7], [0.1] * 4)


def test_a_trial_that_agrees_gains_precision():
    found = robust_posterior(-0.6, 0.4, COHORTS)
    assert found.weight > 0.8
    assert found.high - found.low < 2 * 1.96 * 0.4
    assert found.below > 0.95


def test_a_trial_that_contradicts_leaves_the_cohorts():
    found = robust_posterior(1.5, 0.3, COHORTS)
    assert found.weight < 0.01
    assert found.estimate == pytest.approx(1.5, abs=0.1)
    assert found.below < 0.05


def test_the_vague_part_alone_is_the_normal_posterior():
    found = robust_posterior(-0.6, 0.4, COHORTS, vague=1 - 1e-12)
    precision = 1 / 2**2 + 1 / 0.4**2
    assert found.estimate == pytest.approx(-0.6 / 0.4**2 / precision, abs=1e-6)
    assert (found.high - found.low) / 2 == pytest.approx(1.959964 / precision**0.5, abs=1e-5)


def test_the_cohorts_alone_are_the_normal_posterior_of_their_prediction():
    """Prediction of four alike cohorts: t with 3 degrees of freedom at an error of 0.05."""
    found = robust_posterior(-0.2, 0.05, COHORTS, vague=1e-12)
    assert COHORTS.tau2 == 0
    assert found.estimate == pytest.approx((-0.7 - 0.2) / 2, abs=1e-3)
