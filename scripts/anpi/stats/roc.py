"""Area under the ROC curve with DeLong's interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit, ndtri
from scipy.stats import rankdata


@dataclass(frozen=True)
class Auc:
    """Area under the curve, its standard error and interval (on the logit scale)."""

    estimate: float
    se: float
    low: float
    high: float


def area_under_curve(score: ArrayLike, positive: ArrayLike, level: float = 0.95) -> Auc:
    """Area under the ROC curve; error by DeLong (1988), interval on the logit scale so that it stays within 0 and 1.

    The interval is NaN when the area is 0 or 1 (the groups do not overlap) or a group has fewer than two.
    """
    values, case = np.asarray(score, dtype=float), np.asarray(positive, dtype=bool)
    cases, controls = values[case], values[~case]
    m, n = len(cases), len(controls)
    if not m or not n:
        return Auc(np.nan, np.nan, np.nan, np.nan)
    together = rankdata(np.concatenate([cases, controls]))
    above = (together[:m] - rankdata(cases)) / n
    below = 1 - (together[m:] - rankdata(controls)) / m
    area = float(above.mean())
    if m < 2 or n < 2:
        return Auc(area, np.nan, np.nan, np.nan)
    se = float(np.sqrt(above.var(ddof=1) / m + below.var(ddof=1) / n))
    if not 0 < area < 1 or se == 0:
        return Auc(area, se, np.nan, np.nan)
    half = ndtri(0.5 + level / 2) * se / (area * (1 - area))
    return Auc(area, se, float(expit(logit(area) - half)), float(expit(logit(area) + half)))
