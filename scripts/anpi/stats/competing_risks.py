"""Cumulative incidence where another event may come first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Incidence:
    """Cumulative incidence of one cause from each of ``times`` on, with standard errors."""

    times: Array
    incidence: Array
    se: Array

    def at(self, time: float, level: float = 0.95) -> tuple[float, float, float]:
        """Return the incidence at a time with its interval on the log(-log) scale; no interval at 0."""
        place = int(np.searchsorted(self.times, time, side="right")) - 1
        if place < 0 or self.incidence[place] == 0:
            return 0.0, np.nan, np.nan
        value, se = float(self.incidence[place]), float(self.se[place])
        if value >= 1:
            return value, np.nan, np.nan
        half = float(ndtri(0.5 + level / 2)) * se / abs(value * np.log(value))
        return value, float(value ** np.exp(half)), float(value ** np.exp(-half))


def cumulative_incidence(time: ArrayLike, status: ArrayLike, cause: int = 1) -> Incidence:
    """Estimate cumulative incidence by Aalen and Johansen; standard errors as of R's ``survfit``.

    One minus Kaplan-Meier, which censors at the other event, would say what happens if nobody had the other event.

    Parameters
    ----------
    time : (n,) array
    status : (n,) array
        0 = censored, else the number of the cause.

    Source: Aalen & Johansen 1978, Scand J Stat 5:141-150; the errors are the infinitesimal jackknife, each patient's
    influence on the curve.
    """
    time_, status_ = np.asarray(time, dtype=float), np.asarray(status, dtype=int)
    moments = np.unique(time_[status_ > 0])
    at_risk = (time_[:, None] >= moments).astype(float)
    now = time_[:, None] == moments
    any_event = (now & (status_ > 0)[:, None]).astype(float)
    of_cause = (now & (status_ == cause)[:, None]).astype(float)
    count = at_risk.sum(axis=0)
    all_hazard, hazard = any_event.sum(axis=0) / count, of_cause.sum(axis=0) / count
    free = np.concatenate([[1.0], np.cumprod(1 - all_hazard)[:-1]])
    incidence = np.cumsum(free * hazard)
    return Incidence(moments, incidence, influence_error(at_risk, any_event, of_cause, all_hazard, hazard))


def influence_error(at_risk: Array, any_event: Array, of_cause: Array, all_hazard: Array, hazard: Array) -> Array:
    """Root of the summed squares of each patient's influence on the incidence (patients x event times)."""
    count = at_risk.sum(axis=0)
    d_all = (any_event - at_risk * all_hazard) / count
    d_cause = (of_cause - at_risk * hazard) / count
    free, d_free = 1.0, np.zeros(len(at_risk))
    total, errors = np.zeros(len(at_risk)), []
    for moment in range(len(hazard)):
        total = total + d_free * hazard[moment] + free * d_cause[:, moment]
        d_free = d_free * (1 - all_hazard[moment]) - free * d_all[:, moment]
        free = free * (1 - all_hazard[moment])
        errors.append(np.sqrt((total**2).sum()))
    return np.array(errors)
