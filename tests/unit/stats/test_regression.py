"""Maxima, refusals and profile intervals of Cox and logistic regression, against other optimisers and by logic."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.stats import chi2, f, t

from anpi.stats.cox import fit_cox, fit_firth_cox, martingale_residuals
from anpi.stats.logistic import LogisticLikelihood, fit_logistic, with_intercept
from anpi.stats.newton import Penalised, Point, profile_limit
from anpi.stats.partial_likelihood import PartialLikelihood

ASTRAY = {
    "first": ([-0.58, -0.62, 0.08, 1.25, -0.32, -1.1, -0.8], 2),
    "second": ([-0.44, 0.71, -1.69, 0.48, 1.1, 0.36, 1.24], 1),
    "third": ([0.13, -0.13, 0.64, 0.1, -0.54, 0.36, 1.3], 6),
    "fourth": ([0.24, -0.99, -0.25, 0.49, 0.1, -1.8, 1.09], 5),
}
SEARCH = {"xatol": 1e-10, "fatol": 1e-12, "maxiter": 4000, "maxfev": 4000}


def counts_table(*counts):
    """Outcomes and dummies of groups given as (with the outcome, all)."""
    y = np.concatenate([[1] * yes + [0] * (total - yes) for yes, total in counts])
    group = np.repeat(range(len(counts)), [total for _, total in counts])
    return y, pd.DataFrame({f"g{i}": (group == i).astype(float) for i in range(1, len(counts))})


def survival(rng, count=30, columns=2):
    time, event = rng.exponential(size=count), rng.random(count) < 0.6
    return time, event, pd.DataFrame(rng.normal(size=(count, columns)), columns=list("abcd")[:columns])


@pytest.mark.parametrize("name", ASTRAY)
def test_one_event_in_seven_patients(name):
    """At each limit twice the loss of penalised likelihood is the 95% point of chi-square, by another optimiser."""
    score, event = ASTRAY[name]
    x = pd.DataFrame({"score": score, "arm": np.arange(7) % 2.0})
    y = (np.arange(7) == event).astype(float)
    fit = fit_logistic(y, x, firth=True)
    assert fit.low[0] < fit.coef[0] < fit.high[0]
    likelihood = Penalised(LogisticLikelihood(y, with_intercept(x.to_numpy())))
    for limit in (fit.low[0], fit.high[0]):
        held = minimize(
            lambda b, limit=limit: -likelihood.at(np.array([b[0], limit, b[1]])).value,
            [0.0, 0.0],
            method="Nelder-Mead",
            options=SEARCH,
        )
        assert 2 * (fit.log_likelihood + held.fun) == pytest.approx(chi2.ppf(0.95, 1), abs=1e-4)


def test_an_ordinary_table_of_four_groups_has_an_answer():
    y, x = counts_table((7, 18), (2, 8), (10, 17), (9, 23))
    fit = fit_logistic(y, x, firth=True)
    likelihood = Penalised(LogisticLikelihood(y.astype(float), with_intercept(x.to_numpy())))
    found = minimize(lambda b: -likelihood.at(b).value, np.zeros(4), method="Nelder-Mead", options=SEARCH)
    assert fit.coef == pytest.approx(found.x[1:], abs=1e-6)
    assert -found.fun <= fit.log_likelihood + 1e-10


def test_firth_of_a_saturated_table_adds_half_to_each_cell():
    """Known in closed form: with one parameter a group the penalised log odds are log((yes + 1/2) / (no + 1/2))."""
    rng = np.random.default_rng(3)
    for _ in range(40):
        totals = rng.integers(2, 25, size=int(rng.integers(2, 5)))
        counts = [(int(rng.integers(0, total + 1)), int(total)) for total in totals]
        y, x = counts_table(*counts)
        if len(set(y)) < 2:
            continue
        fit = fit_logistic(y, x, firth=True)
        logits = np.array([np.log((yes + 0.5) / (total - yes + 0.5)) for yes, total in counts])
        assert fit.coef == pytest.approx(logits[1:] - logits[0], abs=1e-8), counts
        assert (fit.low < fit.coef).all()
        assert (fit.coef < fit.high).all()


def test_interval_and_p_say_the_same():
    rng = np.random.default_rng(4)
    for _ in range(40):
        time, event, x = survival(rng, 20)
        for fit in (fit_firth_cox(time, event, x), fit_firth_cox(time, event, x, patients=20), fit_cox(time, event, x)):
            if fit is not None:
                assert ((fit.p < 0.05) == ((fit.low > 0) | (fit.high < 0))).all()


def test_few_patients_are_held_against_student():
    """The root of the deviance against t, that of two terms against F, of patients - terms - 1 degrees of freedom."""
    time, event, x = survival(np.random.default_rng(5), 30)
    plain, few = fit_firth_cox(time, event, x), fit_firth_cox(time, event, x, patients=30)
    chi_square, p = few.joint_test(["a"])
    assert plain.joint_test(["a"]) == pytest.approx((chi_square, chi2.sf(chi_square, 1)))
    assert p == pytest.approx(2 * t.sf(np.sqrt(chi_square), 27))
    both = few.joint_test(["a", "b"])
    assert both[1] == pytest.approx(f.sf(both[0] / 2, 2, 27))
    assert few.ratio("a")[0] == plain.ratio("a")[0]
    likelihood = Penalised(PartialLikelihood(time, event, x.to_numpy()))
    for limit in (few.low[0], few.high[0]):
        held = minimize(lambda b, at=limit: -likelihood.at(np.array([at, b[0]])).value, [0.0], tol=1e-12)
        root = np.sqrt(2 * (few.log_likelihood + held.fun))
        assert root == pytest.approx(t.ppf(0.975, 27), abs=1e-4)


@pytest.mark.parametrize("penalised", [False, True])
def test_likelihood_has_the_derivatives_it_names(penalised):
    """Score, information and its derivative against differences, with ties, strata and late entries."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(40, 3))
    start = rng.integers(0, 3, 40).astype(float)
    plain = PartialLikelihood(start + rng.integers(1, 6, 40), rng.random(40) < 0.7, x, np.arange(40) % 2, start)
    likelihood = Penalised(plain) if penalised else plain
    beta, step, matrix = np.array([0.3, -0.8, 0.5]), 1e-5, np.cov(rng.normal(size=(3, 9)))
    for place in range(3):
        move = np.eye(3)[place] * step
        above, below = likelihood.at(beta + move), likelihood.at(beta - move)
        at = likelihood.at(beta)
        assert (above.value - below.value) / (2 * step) == pytest.approx(at.score[place], abs=1e-7)
        if not penalised:
            assert (below.score - above.score) / (2 * step) == pytest.approx(at.information[place], abs=1e-7)
            change = (above.information - below.information) / (2 * step)
            assert np.trace(matrix @ change) == pytest.approx(at.slope(matrix)[place], abs=1e-6)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_likelihood_by_its_definition(ties):
    """A loop over the risk sets, written from the formula, gives the same value."""
    rng = np.random.default_rng(6)
    x, time = rng.normal(size=(25, 2)), rng.integers(1, 8, 25).astype(float)
    event, strata, start = rng.random(25) < 0.7, np.arange(25) % 2, np.where(np.arange(25) % 3 == 0, 0.5, 0.0)
    beta, value = np.array([0.7, -1.1]), 0.0
    risk = np.exp(x @ beta)
    for stratum in (0, 1):
        for moment in np.unique(time[event & (strata == stratum)]):
            at_risk = (strata == stratum) & (time >= moment) & (start < moment)
            dead = at_risk & event & (time == moment)
            for place in range(dead.sum()):
                share = place / dead.sum() if ties == "efron" else 0.0
                value -= np.log(risk[at_risk].sum() - share * risk[dead].sum())
            value += (x[dead] @ beta).sum()
    found = PartialLikelihood(time, event, x, strata, start, ties).at(beta).value
    assert found == pytest.approx(value, abs=1e-10)


def test_a_likelihood_without_a_maximum_is_refused():
    """No event in one group; a score that orders the deaths; a combination of two columns that does."""
    rng = np.random.default_rng(7)
    time, group = rng.exponential(size=40), np.arange(40) % 2.0
    assert fit_cox(time, group == 0, pd.DataFrame({"g": group})) is None
    rank = pd.DataFrame({"r": -np.argsort(np.argsort(time)).astype(float)})
    assert fit_cox(time, np.ones(40), rank) is None
    other = rng.normal(size=40)
    assert fit_cox(time, np.ones(40), pd.DataFrame({"a": other, "b": rank["r"] - other})) is None
    for x in (pd.DataFrame({"g": group}), rank):
        assert np.isfinite(fit_firth_cox(time, group == 0, x).coef).all()
    assert fit_logistic(group, pd.DataFrame({"g": group})) is None
    few = (np.arange(40) < 2).astype(
        float
    )  # a rare column, whose coefficient could run far before the information falls
    assert fit_cox(np.arange(40, 0, -1.0), np.arange(40) >= 2, pd.DataFrame({"few": few})) is None


def test_a_strong_but_finite_effect_is_not_refused():
    """One early death in the other group bounds the coefficient, though it is 5 on the log scale and more."""
    time = np.concatenate([np.arange(1, 51), np.arange(101, 151)]).astype(float)
    group = np.repeat([1.0, 0.0], 50)
    time[60] = 49.5
    fit = fit_cox(time, np.ones(100), pd.DataFrame({"g": group}))
    assert 4 < fit.coef[0] < fit.high[0] < 9


@pytest.mark.parametrize("fitted", [fit_cox, fit_firth_cox])
def test_columns_that_cannot_be_told_apart_are_refused(fitted):
    rng = np.random.default_rng(8)
    time, event, x = survival(rng)
    assert fitted(time, event, x.assign(c=x["a"] - 2 * x["b"])) is None
    assert fitted(time, event, x.assign(c=1.0)) is None
    arm = np.arange(30) % 2
    assert fitted(time, event, x.assign(c=arm.astype(float)), arm) is None, "constant within each stratum"
    assert fitted(time, np.zeros(30), x) is None
    assert fitted(time, event, x[[]]) is None


def test_units_and_origin_of_a_covariate_do_not_matter():
    rng = np.random.default_rng(9)
    time, event, x = survival(rng)
    plain, scaled = fit_firth_cox(time, event, x), fit_firth_cox(time, event, 1e6 + 1e4 * x)
    for key in ("coef", "low", "high"):
        assert 1e4 * getattr(scaled, key) == pytest.approx(getattr(plain, key), rel=1e-6)
    assert scaled.p == pytest.approx(plain.p, rel=1e-6)


def test_hard_sets_have_the_answer_of_another_optimiser():
    """Few events, unequal groups, many ties: wherever there is a maximum, it is found."""
    rng = np.random.default_rng(10)
    for _ in range(60):
        count = int(rng.integers(15, 30))
        time = np.ceil(rng.exponential(4, count))
        event = rng.random(count) < 0.4
        x = pd.DataFrame({"g": (rng.random(count) < 0.2).astype(float), "s": rng.normal(size=count)})
        fit = fit_firth_cox(time, event, x)
        if fit is None:
            seen = time >= time[event].min() if event.any() else event
            assert x["g"][seen].nunique() < 2, "never two groups at risk at an event"
            continue
        likelihood = Penalised(PartialLikelihood(time, event, x.to_numpy()))
        found = minimize(lambda b, at=likelihood.at: -at(b).value, np.zeros(2), method="Nelder-Mead", options=SEARCH)
        assert fit.log_likelihood >= -found.fun - 1e-9
        assert fit.coef == pytest.approx(found.x, abs=1e-4)


class Bounded:
    """A likelihood that stays flat above 0."""

    spread = np.ones(1)

    def at(self, beta):
        below = np.minimum(beta, 0)
        return Point(-0.5 * float(below[0] ** 2), -below, np.eye(1))

    def curvature(self, beta, point, free):
        return point.information


def test_flat_likelihood_has_no_limit():
    best = np.zeros(1), Bounded().at(np.zeros(1))
    assert profile_limit(Bounded(), best, 0, -1.0, 1.96) == pytest.approx(-1.96, abs=1e-8)
    assert profile_limit(Bounded(), best, 0, 1.0, 1.96) == np.inf


def test_martingale_residuals_are_those_of_r():
    """R 4.5, survival: coxph with init 0.7, ties by Breslow, no iteration; two strata, ties, censoring at an event."""
    time, event = [5, 5, 8, 12, 12, 20, 3, 8, 8, 15], [1, 1, 0, 1, 1, 0, 1, 1, 0, 1]
    x, strata = [0.5, -1, 0, 2, 1, -0.5, 0, 1, -2, 0.3], ["a"] * 6 + ["b"] * 4
    expected = [0.7070854481717, 0.8974981410513, -0.2064133959787, -1.0343948158789, -0.0102505676749]
    expected += [-0.3535248096904, 0.7774824589933, -0.0244366643526, -0.1254488548880, -0.6275969397527]
    order = [3, 9, 0, 6, 8, 1, 5, 2, 7, 4]
    mixed = (np.array(values)[order] for values in (time, event, 0.7 * np.array(x), strata))
    assert martingale_residuals(*mixed) == pytest.approx(np.array(expected)[order], abs=1e-10)
