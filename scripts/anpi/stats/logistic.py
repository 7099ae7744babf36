"""Logistic regression with profile-likelihood intervals, plain or with Firth's penalty (firthmodels)."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
from firthmodels import FirthLogisticRegression, detect_separation
from numpy.typing import ArrayLike, NDArray

from anpi.stats.cox import GRADIENT_TOLERANCE, RegressionFit, full_rank
from anpi.stats.profile import maximum_over, mend_limits

Array = NDArray[np.float64]


def fit_logistic(y: ArrayLike, x: pd.DataFrame, firth: bool = False, level: float = 0.95) -> RegressionFit | None:
    """Fit a logistic model with intercept; intervals and p from the (penalised) profile likelihood.

    Parameters
    ----------
    y : (n,) array of 0 and 1
    x : (n, k) DataFrame
        Numeric covariates without the intercept.
    firth : bool
        Firth's penalty (Heinze & Schemper 2002): finite also when the outcome is separated.

    Returns
    -------
    RegressionFit or None
        Coefficients of ``x``, without the intercept. None when the outcome has one value, covariates are collinear,
        or (without Firth) the likelihood has no finite maximum.
    """
    outcome, values = np.asarray(y, dtype=float), x.to_numpy(dtype=float)
    if len(np.unique(outcome)) < 2 or not full_rank(values):
        return None
    if not firth and separable(outcome, values):
        return None
    columns = list(range(values.shape[1]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = FirthLogisticRegression(
            backend="numpy", gtol=GRADIENT_TOLERANCE, max_iter=200, penalty_weight=0.5 if firth else 0.0
        )
        try:
            model.fit(values, outcome)
            model.lrt(columns)
            limits = model.conf_int(alpha=1 - level, method="pl", features=columns)
        except (ValueError, np.linalg.LinAlgError, RuntimeError):
            return None
    if not model.converged_ or not np.isfinite(model.coef_).all():
        return None
    whole = np.concatenate([[float(model.intercept_)], model.coef_])
    design = with_intercept(values)

    def likelihood(beta: Array) -> float:
        return log_likelihood(beta, design, outcome, firth)

    count = values.shape[1]
    found = limits[:count, 0], limits[:count, 1], model.lrt_pvalues_[:count]
    low, high, p = mend_limits(likelihood, whole, found, level, offset=1)
    intercept_alone = np.arange(design.shape[1]) == 0
    return RegressionFit(
        tuple(map(str, x.columns)),
        model.coef_,
        model.bse_[:count],
        low,
        high,
        p,
        likelihood(whole),
        maximum_over(intercept_alone, likelihood),
        "Firth logistic" if firth else "logistic",
    )


def separable(outcome: Array, values: Array) -> bool:
    """Tell whether a plane separates the outcomes at least in part (firthmodels' linear programme)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bool(detect_separation(values, outcome).separation)


def with_intercept(values: Array) -> Array:
    return np.column_stack([np.ones(len(values)), values])


def log_likelihood(beta: Array, design: Array, outcome: Array, firth: bool) -> float:
    """Log-likelihood, with half the log determinant of the information when penalised."""
    eta = design @ beta
    plain = float(outcome @ eta - np.logaddexp(0, eta).sum())
    if not firth:
        return plain
    mean = 1 / (1 + np.exp(-eta))
    information = (design * (mean * (1 - mean))[:, None]).T @ design
    sign, log_determinant = np.linalg.slogdet(information)
    return plain + 0.5 * float(log_determinant) if sign > 0 else -np.inf


def logistic_restricted(y: ArrayLike, x: pd.DataFrame, tested: Sequence[str], firth: bool) -> float:
    """Give the largest log-likelihood with the coefficients of ``tested`` held at 0 (the whole model's penalty)."""
    outcome, design = np.asarray(y, dtype=float), with_intercept(x.to_numpy(dtype=float))
    free = np.array([True, *(column not in set(tested) for column in x.columns)])
    return maximum_over(free, lambda beta: log_likelihood(beta, design, outcome, firth))
