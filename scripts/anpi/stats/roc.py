"""Area under the ROC curve with DeLong's interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit, ndtri

from anpi.stats.ranks import midranks


@dataclass(frozen=True)
class Auc:
    """Area under the curve, its standard error and interval (on the logit scale)."""

    estimate: float
    se: float
    low: float
    high: float


def area_under_curve(score: ArrayLike, positive: ArrayLike, level: float = 0.95) -> Auc:
    """Compute the area under the ROC curve; error by DeLong (1988), interval on the logit scale, so within 0 and 1.

    The interval is NaN when the area is 0 or 1 (the groups do not overlap) or a group has fewer than two.
    """
    values, case = np.asarray(score, dtype=float), np.asarray(positive, dtype=bool)
    cases, controls = values[case], values[~case]
    m, n = len(cases), len(controls)
    if not m or not n:
        return Auc(np.nan, np.nan, np.nan, np.nan)
    together = midranks(np.concatenate([cases, controls]))
    above = (together[:m] - midranks(cases)) / n
    below = 1 - (together[m:] - midranks(controls)) / m
    area = float(above.mean())
    if m < 2 or n < 2:
        return Auc(area, np.nan, np.nan, np.nan)
    se = float(np.sqrt(above.var(ddof=1) / m + below.var(ddof=1) / n))
    return with_interval(area, se, level)


def with_interval(area: float, se: float, level: float) -> Auc:
    """Add the interval on the logit scale."""
    if not 0 < area < 1 or not se > 0:
        return Auc(area, se, np.nan, np.nan)
    half = ndtri(0.5 + level / 2) * se / (area * (1 - area))
    return Auc(area, se, float(expit(logit(area) - half)), float(expit(logit(area) + half)))


def stratified_area(score: ArrayLike, positive: ArrayLike, strata: ArrayLike, level: float = 0.95) -> Auc:
    """Return the area under the ROC curve within strata, combined with van Elteren's weights (pairs / (n + 1)).

    Strata with fewer than two on either side hold no error and are left out; NaN when none remains.
    """
    values, case, stratum = np.asarray(score, dtype=float), np.asarray(positive, dtype=bool), np.asarray(strata)
    areas, errors, weights = [], [], []
    for name in np.unique(stratum):
        inside = stratum == name
        cases, controls = int(case[inside].sum()), int((~case[inside]).sum())
        if min(cases, controls) >= 2:
            part = area_under_curve(values[inside], case[inside], level)
            areas.append(part.estimate)
            errors.append(part.se)
            weights.append(cases * controls / (cases + controls + 1))
    if not areas:
        return Auc(np.nan, np.nan, np.nan, np.nan)
    share = np.array(weights) / np.sum(weights)
    return with_interval(float(share @ areas), float(np.sqrt(share**2 @ np.square(errors))), level)
