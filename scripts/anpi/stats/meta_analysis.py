"""Random-effects meta-analysis of a few estimates, and the robust meta-analytic-predictive prior that they give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import chdtrc, ndtr, ndtri, stdtr, stdtrit

Array = NDArray[np.float64]
VAGUE_SE = 2.0  # of a log hazard ratio: from about 0.02 to 50


@dataclass(frozen=True)
class Pooled:
    """Estimates pooled over ``k`` cohorts, on their own (log) scale.

    ``tau2`` is the variance between cohorts by restricted maximum likelihood, ``i2`` its share of all variance in
    percent, ``q`` Cochran's statistic. ``predicted_low`` to ``predicted_high`` is where another cohort's effect would
    lie.
    """

    estimate: float
    se: float
    low: float
    high: float
    p: float
    k: int
    tau2: float
    i2: float
    q: float
    q_p: float
    predicted_low: float
    predicted_high: float


def pool(estimates: ArrayLike, errors: ArrayLike, level: float = 0.95) -> Pooled:
    """Pool estimates with random effects: REML, interval by Hartung and Knapp, never narrower than the plain one.

    The factor q of Hartung and Knapp is held at 1 or more ("ad hoc" of metafor): with few homogeneous cohorts it else
    gives an interval of next to no width.

    Parameters
    ----------
    estimates, errors : (k,) array
        Such as log hazard ratios and their standard errors; k of 2 or more.

    Source: Hartung & Knapp 2001, doi:10.1002/sim.1009; Higgins & Thompson 2002, doi:10.1002/sim.1186; IntHout 2014,
    doi:10.1186/1471-2288-14-25; IntHout 2016 (prediction), doi:10.1136/bmjopen-2015-010247.
    """
    y, v = np.asarray(estimates, dtype=float), np.asarray(errors, dtype=float) ** 2
    k = len(y)
    tau2 = restricted_maximum(y, v)
    weight = 1 / (v + tau2)
    mean = float(weight @ y / weight.sum())
    scale = max(1.0, float(weight @ (y - mean) ** 2) / (k - 1))
    se = float(np.sqrt(scale / weight.sum()))
    half = float(stdtrit(k - 1, 0.5 + level / 2))
    fixed = 1 / v
    q = float(fixed @ (y - fixed @ y / fixed.sum()) ** 2)
    typical = (k - 1) * fixed.sum() / (fixed.sum() ** 2 - fixed @ fixed)
    beyond = half * float(np.sqrt(se**2 + tau2))
    return Pooled(
        estimate=mean,
        se=se,
        low=mean - half * se,
        high=mean + half * se,
        p=2 * float(stdtr(k - 1, -abs(mean) / se)),
        k=k,
        tau2=tau2,
        i2=100 * tau2 / (tau2 + typical),
        q=q,
        q_p=float(chdtrc(k - 1, q)),
        predicted_low=mean - beyond,
        predicted_high=mean + beyond,
    )


def restricted_maximum(y: Array, v: Array) -> float:
    """Variance between cohorts by restricted maximum likelihood, 0 or more."""

    def loss(tau2: float) -> float:
        weight = 1 / (v + tau2)
        mean = weight @ y / weight.sum()
        return float(np.log(v + tau2).sum() + np.log(weight.sum()) + weight @ (y - mean) ** 2) / 2

    most = 10 * float(y.var() + v.max()) + 1e-6
    grid = np.append(0.0, np.geomspace(1e-8, most, 200))
    values = [loss(tau2) for tau2 in grid]
    place = int(np.argmin(values))
    if place == 0:
        return 0.0
    bounds = (grid[place - 1], grid[min(place + 1, len(grid) - 1)])
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-12})
    return float(found.x) if found.fun < values[0] else 0.0


@dataclass(frozen=True)
class Posterior:
    """What the trial and the prior say together: median, interval, probability below 0, weight of the prior cohorts."""

    estimate: float
    low: float
    high: float
    below: float
    weight: float


def robust_posterior(
    estimate: float, error: float, prior: Pooled, vague: float = 0.5, level: float = 0.95
) -> Posterior:
    """Combine the trial's estimate with a robust prior: what other cohorts predict, mixed with a vague part.

    Where the trial contradicts the cohorts, the vague part takes over: ``weight`` is what is left of the cohorts. The
    predictive part is taken as normal with the variance of the prediction interval.

    Parameters
    ----------
    vague : float
        Weight of the vague part before the trial is seen.

    Source: Schmidli 2014, doi:10.1111/biom.12242.
    """
    spread = (prior.predicted_high - prior.predicted_low) / 2 / float(stdtrit(prior.k - 1, 0.5 + level / 2))
    means, variances = np.array([prior.estimate, 0.0]), np.array([spread, VAGUE_SE]) ** 2
    total = variances + error**2
    log_weight = np.log([1 - vague, vague]) - 0.5 * np.log(total) - (estimate - means) ** 2 / total / 2
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    precision = 1 / variances + 1 / error**2
    centre, width = (means / variances + estimate / error**2) / precision, np.sqrt(1 / precision)
    middle, low, high = (mixture_quantile(q, weight, centre, width) for q in (0.5, 0.5 - level / 2, 0.5 + level / 2))
    return Posterior(middle, low, high, mixture_below(0.0, weight, centre, width), float(weight[0]))


def mixture_below(value: float, weight: Array, centre: Array, width: Array) -> float:
    return float(weight @ ndtr((value - centre) / width))


def mixture_quantile(share: float, weight: Array, centre: Array, width: Array) -> float:
    """Quantile of a mixture of normal distributions, by halving."""
    low, high = float((centre + ndtri(1e-9) * width).min()), float((centre - ndtri(1e-9) * width).max())
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if mixture_below(middle, weight, centre, width) < share else (low, middle)
    return (low + high) / 2
