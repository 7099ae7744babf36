"""What effect a number of events or patients could have shown."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import chdtri, chndtr


def required_noncentrality(df: int, alpha: float = 0.05, power: float = 0.8) -> float:
    """Noncentrality at which a chi-square test of ``df`` degrees of freedom reaches ``power``."""
    critical = chdtri(df, alpha)
    return float(brentq(lambda ncp: 1 - chndtr(critical, df, ncp) - power, 1e-6, 1e4))


def detectable_hazard_ratio(events: int, share: float, df: int = 1, alpha: float = 0.05, power: float = 0.8) -> float:
    """Hazard ratio of one group (a ``share`` of the events) against the rest that a log-rank test would show.

    Schoenfeld (1981): noncentrality = events x share x (1 - share) x log(HR)^2. NaN without events or groups.
    """
    spread = events * share * (1 - share)
    if spread <= 0 or df < 1:
        return np.nan
    return float(np.exp(np.sqrt(required_noncentrality(df, alpha, power) / spread)))


def detectable_hazard_ratio_per_sd(events: int, alpha: float = 0.05, power: float = 0.8) -> float:
    """Hazard ratio a standard deviation of a marker that a Cox model would show (Hsieh & Lavori 2000)."""
    if events <= 0:
        return np.nan
    return float(np.exp(np.sqrt(required_noncentrality(1, alpha, power) / events)))


def logrank_power(events: int, shares: ArrayLike, hazard_ratios: ArrayLike, alpha: float = 0.05) -> float:
    """Power of a k-sample log-rank test for groups' shares of the events and hazard ratios (Schoenfeld)."""
    weight, effect = np.asarray(shares, dtype=float), np.log(np.asarray(hazard_ratios, dtype=float))
    weight = weight / weight.sum()
    ncp = events * float(weight @ (effect - weight @ effect) ** 2)
    df = len(weight) - 1
    return float(1 - chndtr(chdtri(df, alpha), df, ncp))
