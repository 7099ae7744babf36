"""Logistic regression with profile-likelihood intervals, plain or with Firth's penalty."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from anpi.stats.newton import Mask, Penalised, Point, RegressionFit, fit_regression

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
    if len(np.unique(outcome)) < 2 or x.shape[1] == 0:
        return None
    plain = LogisticLikelihood(outcome, with_intercept(values - values.mean(axis=0)))
    if not firth:
        return fit_regression(plain, x.columns, "logistic", level, before=1)
    fit = fit_regression(Penalised(plain), x.columns, "Firth logistic", level, before=1)
    return None if fit is None else replace(fit, se=plain.augmented_error(fit.best[0])[1:])


def with_intercept(values: Array) -> Array:
    return np.column_stack([np.ones(len(values)), values])


class LogisticLikelihood:
    """Log-likelihood of 0/1 outcomes (n) for a design (n x k)."""

    def __init__(self, outcome: Array, design: Array):
        self.outcome, self.design, self.spread = outcome, design, (design**2).sum(axis=0) / 4

    def at(self, beta: Array) -> Point:
        eta = self.design @ beta
        mean = expit(eta)
        value = float(self.outcome @ eta - np.logaddexp(0, eta).sum())
        weight = mean * (1 - mean)
        information = (self.design * weight[:, None]).T @ self.design

        def slope(matrix: Array) -> Array:
            form = np.einsum("ni,ij,nj->n", self.design, matrix, self.design)
            return np.asarray((weight * (1 - 2 * mean) * form) @ self.design)

        return Point(value, self.design.T @ (self.outcome - mean), information, slope)

    def augmented_error(self, beta: Array) -> Array:
        """Return standard errors of the data augmented by Firth's penalty (each row as often as 1 + its leverage).

        So logistf gives them.
        """
        mean = expit(self.design @ beta)
        weighted = self.design * (mean * (1 - mean))[:, None]
        leverage = np.einsum("ni,ij,nj->n", weighted, np.linalg.inv(weighted.T @ self.design), self.design)
        augmented = np.linalg.inv((weighted * (1 + leverage)[:, None]).T @ self.design)
        return np.asarray(np.sqrt(np.diag(augmented)))

    def curvature(self, beta: Array, point: Point, free: Mask) -> Array:
        """Return the information of the free coefficients."""
        return point.information[np.ix_(free, free)]
