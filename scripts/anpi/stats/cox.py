"""Cox regression, plain and with Firth's penalty, and the score test of proportional hazards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from anpi.stats.newton import Penalised, RegressionFit, fit_regression, maximum
from anpi.stats.partial_likelihood import PartialLikelihood
from anpi.stats.survival import kaplan_meier

Array = NDArray[np.float64]


def fit_cox(
    time: ArrayLike,
    event: ArrayLike,
    x: pd.DataFrame,
    strata: ArrayLike | None = None,
    start: ArrayLike | None = None,
    level: float = 0.95,
) -> RegressionFit | None:
    """Fit Cox's model by maximum partial likelihood, ties by Efron, with profile-likelihood intervals and p.

    Parameters
    ----------
    time, event : (n,) array
    x : (n, k) DataFrame
        Numeric covariates.
    strata : (n,) array, optional
        Each stratum has its own baseline hazard.
    start : (n,) array, optional
        Rows are at risk in (start, time], for covariates that change over time.

    Returns
    -------
    RegressionFit or None
        None when the likelihood has no finite maximum (monotone likelihood, collinear covariates, no event).
    """
    if not np.asarray(event, dtype=bool).any() or x.shape[1] == 0:
        return None
    likelihood = PartialLikelihood(time, event, x.to_numpy(dtype=float), strata, start)
    return fit_regression(likelihood, x.columns, named("Cox (Efron)", strata, start), level)


def fit_firth_cox(
    time: ArrayLike,
    event: ArrayLike,
    x: pd.DataFrame,
    strata: ArrayLike | None = None,
    start: ArrayLike | None = None,
    level: float = 0.95,
    ties: str = "efron",
    patients: int | None = None,
) -> RegressionFit | None:
    """Fit Cox's model with Firth's penalty; profile penalised-likelihood intervals and p (Heinze & Schemper 2001).

    Finite also under monotone likelihood. Parameters as of `fit_cox`; ``ties`` by Breslow as in R's coxphf. With the
    number of ``patients`` limits and p are Student's, as of a linear model of so many: in 30 patients those of R, by
    chi-square, are too narrow. None when there is no event or covariates are collinear.
    """
    if not np.asarray(event, dtype=bool).any() or x.shape[1] == 0:
        return None
    likelihood = Penalised(PartialLikelihood(time, event, x.to_numpy(dtype=float), strata, start, ties))
    method, df = "Firth Cox", np.inf
    if patients is not None:
        df = max(1, patients - x.shape[1] - 1)
        method += f" (t, {df} df)"
    return fit_regression(likelihood, x.columns, named(method, strata, start), level, df=df)


def named(method: str, strata: ArrayLike | None, start: ArrayLike | None) -> str:
    stratified = ", stratified" if strata is not None else ""
    return method + stratified + (", time-dependent" if start is not None else "")


def martingale_residuals(time: ArrayLike, event: ArrayLike, eta: ArrayLike, strata: ArrayLike | None = None) -> Array:
    """Return the events of each patient less those expected at a linear predictor ``eta``, ties by Breslow.

    Without covariates they are log-rank scores; their sum in each stratum is 0 (Therneau, Grambsch & Fleming 1990).
    """
    time_, event_, weight = np.asarray(time, dtype=float), np.asarray(event, dtype=float), np.exp(np.asarray(eta))
    codes = np.zeros(len(time_)) if strata is None else np.unique(np.asarray(strata), return_inverse=True)[1]
    residuals = event_.copy()
    for code in np.unique(codes):
        inside = codes == code
        order = np.argsort(time_[inside])
        times, w, died = time_[inside][order], weight[inside][order], event_[inside][order]
        moments, first, place = np.unique(times, return_index=True, return_inverse=True)
        at_risk = np.cumsum(w[::-1])[::-1][first]
        hazard = np.cumsum(np.bincount(place, died, len(moments)) / at_risk)
        residuals[np.flatnonzero(inside)[order]] -= hazard[place] * w
    return residuals


@dataclass(frozen=True)
class ProportionalHazards:
    """Score test of proportional hazards by term, and over all terms (last)."""

    terms: tuple[str, ...]
    chi_square: Array
    df: NDArray[np.int64]
    p: Array


def proportional_hazards(
    time: ArrayLike,
    event: ArrayLike,
    x: pd.DataFrame,
    strata: ArrayLike | None = None,
    terms: dict[str, list[str]] | None = None,
    transform: str = "km",
) -> ProportionalHazards | None:
    """Test whether coefficients change with time, by the score test of Therneau (cox.zph of survival 3).

    Parameters
    ----------
    terms : dict, optional
        Columns that form a term, such as the dummies of one factor; each column alone when absent.
    transform : {'km', 'rank', 'identity'}
        Scale of time; ``km`` is 1 - S(t-).

    Returns
    -------
    ProportionalHazards or None
        None when the plain likelihood has no finite maximum, at which the test is made.
    """
    time_, event_ = np.asarray(time, dtype=float), np.asarray(event, dtype=bool)
    likelihood = PartialLikelihood(time_, event_, x.to_numpy(dtype=float), strata)
    best = maximum(likelihood) if event_.any() else None
    if best is None:
        return None
    moments = [stratum.moments(best[0]) for stratum in likelihood.strata]
    scale = time_scale(np.concatenate([m.times for m in moments]), time_, event_, transform)
    scale = scale - scale.mean()
    variance = np.concatenate([m.variance for m in moments])
    score = scale @ np.concatenate([m.score for m in moments])
    base, cross, square = (np.einsum("d,dij->ij", scale**power, variance) for power in (0, 1, 2))
    remaining = square - cross @ np.linalg.pinv(base, hermitian=True) @ cross
    groups = terms or {str(column): [str(column)] for column in x.columns}
    names = list(map(str, x.columns))
    blocks = [[names.index(column) for column in columns] for columns in groups.values()]
    blocks.append(list(range(len(names))))
    chi_square = np.array([score_chi_square(score[b], remaining[np.ix_(b, b)]) for b in blocks])
    df = np.array([len(block) for block in blocks])
    return ProportionalHazards((*groups, "GLOBAL"), chi_square, df, np.asarray(chdtrc(df, chi_square)))


def score_chi_square(score: Array, variance: Array) -> float:
    return float(score @ np.linalg.pinv(variance, hermitian=True) @ score)


def time_scale(moments: Array, time: Array, event: NDArray[np.bool_], transform: str) -> Array:
    if transform == "identity":
        return moments
    if transform == "rank":
        ordered = np.sort(time)
        first, last = np.searchsorted(ordered, moments), np.searchsorted(ordered, moments, side="right")
        return (first + last + 1) / 2
    if transform == "km":
        curve = kaplan_meier(time, event)
        before = np.searchsorted(curve.times, moments, side="left")
        return 1 - np.concatenate([[1.0], curve.survival])[before]
    raise ValueError(transform)
