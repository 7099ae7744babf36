"""Profile intervals where the quick search of the library goes astray."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.stats import chi2

from anpi.stats.cox import fit_firth_cox, penalised_cox_likelihood
from anpi.stats.logistic import fit_logistic, log_likelihood, with_intercept
from anpi.stats.profile import plausible, profile

ASTRAY = {
    "wrong root above": ([-0.58, -0.62, 0.08, 1.25, -0.32, -1.1, -0.8], 2),
    "wrong root below": ([-0.44, 0.71, -1.69, 0.48, 1.1, 0.36, 1.24], 1),
    "no upper limit found": ([0.13, -0.13, 0.64, 0.1, -0.54, 0.36, 1.3], 6),
    "no lower limit found": ([0.24, -0.99, -0.25, 0.49, 0.1, -1.8, 1.09], 5),
}


@pytest.mark.parametrize("name", ASTRAY)
def test_one_event_in_seven_patients(name):
    """At each limit twice the loss of penalised likelihood is the 95 % point of chi-square, by another optimiser."""
    score, event = ASTRAY[name]
    x = pd.DataFrame({"score": score, "arm": np.arange(7) % 2.0})
    y = (np.arange(7) == event).astype(float)
    fit = fit_logistic(y, x, firth=True)
    assert fit.low[0] < fit.coef[0] < fit.high[0]
    design = with_intercept(x.to_numpy())
    for limit in (fit.low[0], fit.high[0]):
        held = minimize(
            lambda b, limit=limit: -log_likelihood(np.array([b[0], limit, b[1]]), design, y, True),
            [0.0, 0.0],
            method="Nelder-Mead",
            options={"xatol": 1e-10, "fatol": 1e-12, "maxiter": 4000, "maxfev": 4000},
        )
        assert 2 * (fit.log_likelihood + held.fun) == pytest.approx(chi2.ppf(0.95, 1), abs=1e-4)


def test_slow_search_equals_the_quick_one_where_that_is_right():
    rng = np.random.default_rng(1)
    time, event = rng.exponential(size=30), (rng.random(30) < 0.6).astype(float)
    x = pd.DataFrame({"a": rng.normal(size=30), "b": np.arange(30) % 2.0})
    fit = fit_firth_cox(time, event, x)
    values, events = x.to_numpy(), event.astype(bool)
    for place in (0, 1):
        found = profile(lambda b: penalised_cox_likelihood(b, values, time, events), fit.coef, place, 0.95)
        assert found == pytest.approx((fit.low[place], fit.high[place], fit.p[place]), abs=1e-4)


def test_what_is_plausible():
    coef, p = np.array([1.0, 1.0, 1.0, 1.0, 1.0]), np.array([0.01, 0.01, 0.2, 0.2, np.nan])
    low, high = np.array([0.2, -0.2, -0.5, 2.0, -0.5]), np.array([2.0, 2.0, 2.0, 2.0, 2.0])
    assert plausible(coef, low, high, p, 0.95).tolist() == [True, False, True, False, False]
    assert not plausible(coef[:1], np.array([0.2]), np.array([np.nan]), p[:1], 0.95)[0]


def test_flat_likelihood_has_no_limit():
    low, high, p = profile(lambda b: -0.5 * float(np.minimum(b[0], 0) ** 2), np.array([0.0]), 0, 0.95)
    assert low == pytest.approx(-np.sqrt(chi2.ppf(0.95, 1)), abs=1e-5)
    assert high == np.inf
    assert p == 1
