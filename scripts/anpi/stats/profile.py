"""Profile likelihood by plain search, slow and sure: for joint restrictions, and where a quick search went astray."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize
from scipy.special import chdtrc, chdtri

Array = NDArray[np.float64]
Likelihood = Callable[[Array], float]
UNLIKELY = 1e10
FARTHEST = 50.0


def maximum_over(free: NDArray[np.bool_], likelihood: Likelihood, start: Array | None = None) -> float:
    """Maximise a log-likelihood over the free coefficients; the others stay as in ``start`` (0 when absent)."""
    held = np.zeros(len(free)) if start is None else start.astype(float)

    def negative(part: Array) -> float:
        beta = held.copy()
        beta[free] = part
        return min(-likelihood(beta), UNLIKELY)

    if not free.any():
        return -negative(np.zeros(0))
    found = minimize(negative, held[free], method="BFGS", options={"gtol": 1e-7})
    return -float(found.fun)


def plausible(coef: Array, low: Array, high: Array, p: Array, level: float) -> NDArray[np.bool_]:
    """Tell for each coefficient whether interval, estimate and p agree with one another."""
    ordered = (low < coef) & (coef < high)
    excludes = (low > 0) | (high < 0)
    borderline = np.abs(p - (1 - level)) < 1e-4
    return ordered & np.isfinite(p) & (borderline | (excludes == (p < 1 - level)))


def profile(likelihood: Likelihood, coef: Array, place: int, level: float) -> tuple[float, float, float]:
    """Give the profile-likelihood interval of one coefficient and the p of its being 0.

    A limit is infinite where the likelihood stays flat up to 50 on the log scale.
    """
    best = likelihood(coef)
    critical = float(chdtri(1, 1 - level))
    free = np.ones(len(coef), dtype=bool)
    free[place] = False

    def deviance(value: float) -> float:
        start = coef.copy()
        start[place] = value
        return 2 * (best - maximum_over(free, likelihood, start))

    limits = []
    for sign in (-1.0, 1.0):
        inner, step = float(coef[place]), 0.5
        while deviance(inner + sign * step) < critical and step < FARTHEST:
            step *= 2
        outer = inner + sign * step
        reached = deviance(outer) >= critical
        limits.append(
            float(brentq(lambda b: deviance(b) - critical, inner, outer, xtol=1e-6)) if reached else sign * np.inf
        )
    return limits[0], limits[1], float(chdtrc(1, max(0.0, deviance(0.0))))


def mend_limits(
    likelihood: Likelihood, coef: Array, found: tuple[Array, Array, Array], level: float, offset: int = 0
) -> tuple[Array, Array, Array]:
    """Replace limits and p that cannot be right by those of the slow search.

    Parameters
    ----------
    coef : array
        All coefficients of the likelihood, of which the first ``offset`` are not of interest.
    found : low, high, p of the coefficients of interest
    """
    low, high, p = (np.array(values, dtype=float) for values in found)
    for place in np.flatnonzero(~plausible(coef[offset:], low, high, p, level)):
        low[place], high[place], p[place] = profile(likelihood, coef, int(place) + offset, level)
    return low, high, p
