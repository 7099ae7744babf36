"""Meta-analysis of estimates on a log scale with random effects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import chdtrc, ndtr, ndtri, stdtr, stdtrit

Array = NDArray[np.float64]
METHODS = ("reml", "dl", "pm", "fixed")
INTERVALS = ("hartung_knapp", "hartung_knapp_adhoc", "normal")


@dataclass(frozen=True)
class Pooled:
    """The pooled estimate with interval and p, and how far the studies lie apart.

    ``tau2`` is the variance between studies, ``i2`` its share of the total variance (0 to 1), ``q`` Cochran's Q with
    ``q_p``; a further study is expected between ``prediction_low`` and ``prediction_high``.
    """

    studies: int
    estimate: float
    se: float
    low: float
    high: float
    p: float
    tau2: float
    i2: float
    q: float
    q_p: float
    prediction_low: float
    prediction_high: float


def pool(
    estimates: ArrayLike,
    errors: ArrayLike,
    method: str = "reml",
    interval: str = "hartung_knapp_adhoc",
    level: float = 0.95,
) -> Pooled:
    """Pool estimates, such as log hazard ratios of cohorts, as metafor's ``rma`` does.

    Parameters
    ----------
    estimates, errors : (k,) array
        On the log scale, errors above 0.
    method : {'reml', 'dl', 'pm', 'fixed'}
        Variance between studies: restricted likelihood, DerSimonian & Laird (1986), Paule & Mandel (1982), none.
    interval : {'hartung_knapp_adhoc', 'hartung_knapp', 'normal'}
        Hartung & Knapp (2001) on k - 1 degrees of freedom. Plain, it is too narrow where the studies agree by chance;
        adhoc, its factor is at least 1 (Knapp & Hartung 2003).

    Raises
    ------
    ValueError
        No study, an error that is not above 0, an unknown method or interval.
    """
    y, error = np.asarray(estimates, dtype=float), np.asarray(errors, dtype=float)
    usable = len(y) > 0 and bool(np.isfinite(y).all() and (error > 0).all())
    if not usable or method not in METHODS or interval not in INTERVALS:
        raise ValueError("finite estimates with errors above 0, a known method and interval are needed")
    v, df = error**2, len(y) - 1
    q = spread(y, v, 0.0)
    between = variance_between(y, v, method)
    weight = 1 / (v + between)
    mean = float(weight @ y / weight.sum())
    factor = 1.0
    if interval != "normal" and method != "fixed" and df:
        factor = float(weight @ (y - mean) ** 2) / df
        factor = max(1.0, factor) if interval == "hartung_knapp_adhoc" else factor
    by_t = interval != "normal" and df > 0 and method != "fixed"
    se = float(np.sqrt(factor / weight.sum()))
    point = float(stdtrit(df, 0.5 + level / 2) if by_t else ndtri(0.5 + level / 2))
    ratio = -abs(mean) / se if se > 0 else -np.inf
    p = 2 * float(stdtr(df, ratio) if by_t else ndtr(ratio))
    wide = point * float(np.sqrt(se**2 + between)) if method != "fixed" else np.nan
    return Pooled(
        studies=len(y),
        estimate=mean,
        se=se,
        low=mean - point * se,
        high=mean + point * se,
        p=p,
        tau2=between,
        i2=share_between(v, q, between, method),
        q=q,
        q_p=float(chdtrc(df, q)) if df else np.nan,
        prediction_low=mean - wide,
        prediction_high=mean + wide,
    )


def spread(y: Array, v: Array, between: float) -> float:
    """Sum of squared distances from the weighted mean: Cochran's Q where ``between`` is 0."""
    weight = 1 / (v + between)
    return float(weight @ (y - weight @ y / weight.sum()) ** 2)


def share_between(v: Array, q: float, between: float, method: str) -> float:
    """Return I², from the variance between studies and the typical variance within (Higgins & Thompson 2002)."""
    df, weight = len(v) - 1, 1 / v
    if not df:
        return 0.0
    if method == "fixed":
        return max(0.0, (q - df) / q) if q > 0 else 0.0
    typical = df * weight.sum() / (weight.sum() ** 2 - (weight**2).sum())
    return float(between / (between + typical))


def variance_between(y: Array, v: Array, method: str) -> float:
    df = len(y) - 1
    if method == "fixed" or not df:
        return 0.0
    if method == "dl":
        weight = 1 / v
        return max(0.0, (spread(y, v, 0.0) - df) / float(weight.sum() - (weight**2).sum() / weight.sum()))

    def excess(between: float) -> float:
        """Return what falls through 0 at the estimate: the score of the restricted likelihood, or Q less its mean."""
        if method == "pm":
            return spread(y, v, between) - df
        weight = 1 / (v + between)
        mean = weight @ y / weight.sum()
        trace = weight.sum() - (weight**2).sum() / weight.sum()
        return float((weight**2) @ (y - mean) ** 2 - trace)

    if excess(0.0) <= 0:
        return 0.0
    high = float(v.max() + y.var())
    while excess(high) > 0:
        high *= 2
    return float(brentq(excess, 0.0, high, xtol=1e-14, rtol=1e-14))
