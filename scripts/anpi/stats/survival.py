"""Survival curves, restricted means and log-rank tests.

The estimates follow R's ``survival`` package, to which the tests hold them. They are written here and not taken
from lifelines because its median differs from R's where S(t) is exactly one half, its restricted mean has no
standard error of the estimate, and it has no stratified log-rank test.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
HALF_TOLERANCE = 1e-10
RANK_TOLERANCE = 1e-9
Z = 1.959963984540054


@dataclass(frozen=True)
class RiskTable:
    """Counts at each distinct time, in ascending order."""

    times: Array
    at_risk: Array
    events: Array
    censored: Array


def risk_table(time: ArrayLike, event: ArrayLike) -> RiskTable:
    """Count who is at risk, has the event and is censored at each distinct time.

    Parameters
    ----------
    time : (n,) array
        Follow-up in days (any unit), none missing.
    event : (n,) array
        1 = event, 0 = censored.
    """
    time_, event_ = np.asarray(time, dtype=float), np.asarray(event, dtype=float)
    times, inverse = np.unique(time_, return_inverse=True)
    everyone = np.bincount(inverse, minlength=len(times)).astype(float)
    events = np.bincount(inverse, weights=event_, minlength=len(times))
    at_risk = len(time_) - np.concatenate([[0.0], np.cumsum(everyone)[:-1]]) if len(times) else everyone
    return RiskTable(times, at_risk, events, everyone - events)


@dataclass(frozen=True)
class SurvivalCurve:
    """A Kaplan-Meier curve with pointwise log-log intervals.

    ``survival``, ``low`` and ``high`` hold the values from each of ``times`` on; as in R the interval is NaN where
    S(t) is 0, and 1 to 1 where S(t) is 1.
    """

    times: Array
    at_risk: Array
    events: Array
    censored: Array
    survival: Array
    low: Array
    high: Array
    greenwood: Array

    def at(self, time: float) -> tuple[float, float, float]:
        """Return S(t) and its interval at a time; before the first time it is 1, beyond the last one it is NaN.

        A rate beyond the follow-up is not extrapolated, unless the curve has reached 0.
        """
        if not len(self.times) or (time > self.times[-1] and self.survival[-1] > 0):
            return np.nan, np.nan, np.nan
        place = int(np.searchsorted(self.times, time, side="right")) - 1
        if place < 0:
            return 1.0, 1.0, 1.0
        return float(self.survival[place]), float(self.low[place]), float(self.high[place])

    def risk_at(self, time: float) -> tuple[int, int, int]:
        """Return the number at risk just before a time, and censored and with the event before it."""
        before = self.times < time
        total = self.at_risk[0] if len(self.times) else 0.0
        censored, events = self.censored[before].sum(), self.events[before].sum()
        return int(total - censored - events), int(censored), int(events)

    def median(self) -> tuple[float, float, float]:
        """Return the median and its interval as R does: the midpoint of a flat stretch at S = 0.5; NaN: not reached."""
        return (
            crossing(self.times, self.survival, 0.5),
            crossing(self.times, self.low, 0.5),
            crossing(self.times, self.high, 0.5),
        )


def kaplan_meier(time: ArrayLike, event: ArrayLike, level: float = 0.95) -> SurvivalCurve:
    """Estimate survival by Kaplan and Meier, with log(-log) intervals (Kalbfleisch & Prentice).

    Parameters
    ----------
    time, event : (n,) array
        Follow-up and event indicator (1 = event).
    level : float
        Coverage of the pointwise intervals.
    """
    from scipy.special import ndtri  # here, for the planning of a run loads this module and needs no scipy

    table = risk_table(time, event)
    with np.errstate(divide="ignore", invalid="ignore"):
        survival = np.cumprod(1 - table.events / table.at_risk)
        greenwood = np.cumsum(table.events / (table.at_risk * (table.at_risk - table.events)))
        log_survival = np.log(survival)
        half_width = ndtri(0.5 + level / 2) * np.sqrt(greenwood) / np.abs(log_survival)
        low = np.exp(log_survival * np.exp(half_width))
        high = np.exp(log_survival * np.exp(-half_width))
    outside = np.where(survival == 1, 1.0, np.nan)
    inside = (survival > 0) & (survival < 1)
    low, high = np.where(inside, low, outside), np.where(inside, high, outside)
    return SurvivalCurve(table.times, table.at_risk, table.events, table.censored, survival, low, high, greenwood)


def crossing(times: Array, curve: Array, level: float) -> float:
    """Return the time at which a falling step curve passes below ``level``; NaN when it never does.

    Where the curve is exactly at the level, the middle of that stretch is taken. An interval that is not defined
    (NaN) has not fallen below anything.
    """
    values = np.where(np.isnan(curve), np.inf, curve)
    below = np.flatnonzero(values < level - HALF_TOLERANCE)
    flat = np.flatnonzero(np.abs(values - level) <= HALF_TOLERANCE)
    if len(flat):
        following = np.flatnonzero(values[flat[0] :] < level - HALF_TOLERANCE)
        return float((times[flat[0]] + times[flat[0] + following[0]]) / 2) if len(following) else float(times[flat[0]])
    return float(times[below[0]]) if len(below) else np.nan


def follow_up(time: ArrayLike, event: ArrayLike) -> tuple[float, float, float]:
    """Return the median follow-up with its interval by the reverse Kaplan-Meier method (Schemper & Smith 1996)."""
    return kaplan_meier(time, 1 - np.asarray(event, dtype=float)).median()


@dataclass(frozen=True)
class RestrictedMean:
    """Mean time within ``tau``, with the standard error of the estimate (Greenwood)."""

    estimate: float
    se: float
    tau: float

    @property
    def limits(self) -> tuple[float, float]:
        """95% limits, between 0 and ``tau``; NaN where no event, or one day of all events, tells of the error."""
        if not self.se > 0:
            return np.nan, np.nan
        half = Z * self.se
        return max(self.estimate - half, 0.0), min(self.estimate + half, self.tau)


def restricted_mean(time: ArrayLike, event: ArrayLike, tau: float) -> RestrictedMean:
    """Return the restricted mean survival time up to ``tau`` (Royston & Parmar 2013), in the unit of ``time``.

    NaN when the curve is not known up to ``tau``, that is when the last time is a censoring before it.
    """
    curve = kaplan_meier(time, event)
    if not len(curve.times) or (curve.times[-1] < tau and curve.survival[-1] > 0):
        return RestrictedMean(np.nan, np.nan, tau)
    inside = curve.times < tau
    edges = np.concatenate([[0.0], curve.times[inside], [tau]])
    heights = np.concatenate([[1.0], curve.survival[inside]])
    areas = heights * np.diff(edges)
    after = areas.sum() - np.cumsum(areas)[:-1]
    at_risk, events = curve.at_risk[inside], curve.events[inside]
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.where(at_risk > events, events / (at_risk * (at_risk - events)), 0.0)
    return RestrictedMean(float(areas.sum()), float(np.sqrt(np.sum(after**2 * hazard))), tau)


@dataclass(frozen=True)
class LogRank:
    """A log-rank test: observed and expected events by group, chi-square, degrees of freedom, asymptotic p."""

    groups: tuple[object, ...]
    observed: Array
    expected: Array
    chi_square: float
    df: int
    p: float


def logrank(
    time: ArrayLike, event: ArrayLike, group: ArrayLike, strata: ArrayLike | None = None, rho: float = 0.0
) -> LogRank:
    """Compute the k-sample log-rank test, stratified when ``strata`` is given (Mantel; Harrington & Fleming G-rho).

    Parameters
    ----------
    time, event : (n,) array
    group, strata : (n,) array
        Labels; groups and strata are taken in sorted order.
    rho : float
        0 = log-rank; 1 = Peto and Peto's modification of Gehan's test, weighted by S(t-).

    Returns
    -------
    LogRank
        ``p`` is NaN when fewer than two groups hold information.
    """
    from scipy.special import chdtrc

    time_, event_ = np.asarray(time, dtype=float), np.asarray(event, dtype=float)
    labels, codes = np.unique(np.asarray(group, dtype=object), return_inverse=True)
    stratum = np.zeros(len(time_)) if strata is None else np.asarray(strata, dtype=object)
    count = len(labels)
    observed, expected, covariance = np.zeros(count), np.zeros(count), np.zeros((count, count))
    for name in np.unique(stratum):
        inside = stratum == name
        terms = logrank_terms(time_[inside], event_[inside], codes[inside], count, rho)
        observed, expected, covariance = observed + terms[0], expected + terms[1], covariance + terms[2]
    chi_square, df = quadratic_form(observed - expected, covariance)
    p = float(chdtrc(df, chi_square)) if df else np.nan
    return LogRank(tuple(labels), observed, expected, chi_square, df, p)


def logrank_terms(time: Array, event: Array, codes: Array, count: int, rho: float) -> tuple[Array, Array, Array]:
    """Return weighted observed and expected events and their covariance within one stratum."""
    died = np.unique(time[event == 1])
    member = codes[:, None] == np.arange(count)
    at_risk = (time[:, None] >= died).astype(float).T @ member
    deaths = ((time[:, None] == died) & (event == 1)[:, None]).astype(float).T @ member
    total, total_deaths = at_risk.sum(axis=1), deaths.sum(axis=1)
    before = np.concatenate([[1.0], np.cumprod(1 - total_deaths / total)[:-1]]) if len(died) else np.ones(0)
    weight = before**rho
    share = at_risk / total[:, None]
    spread = weight**2 * total_deaths * (total - total_deaths) / np.maximum(total - 1, 1)
    covariance = np.diag(spread @ share) - (share * spread[:, None]).T @ share
    return weight @ deaths, weight @ (share * total_deaths[:, None]), covariance


def quadratic_form(difference: Array, covariance: Array) -> tuple[float, int]:
    """Return the chi-square of a difference whose components sum to 0, with its rank as degrees of freedom."""
    df = int(np.linalg.matrix_rank(covariance, hermitian=True, rtol=RANK_TOLERANCE)) if covariance.any() else 0
    if df == 0:
        return np.nan, 0
    return float(difference @ inverse(covariance) @ difference), df


def inverse(covariance: Array) -> Array:
    """Return the generalised inverse of a covariance that lacks full rank by design."""
    return np.linalg.pinv(covariance, hermitian=True, rtol=RANK_TOLERANCE)


def logrank_scores(time: ArrayLike, event: ArrayLike) -> Array:
    """Return the log-rank score of each patient: event minus the Nelson-Aalen cumulative hazard at the patient's time.

    Their sum over a group is its observed minus expected events; they are what a permutation test exchanges
    (Hothorn et al. 2006).
    """
    time_, event_ = np.asarray(time, dtype=float), np.asarray(event, dtype=float)
    table = risk_table(time_, event_)
    hazard = np.cumsum(table.events / table.at_risk)
    return event_ - hazard[np.searchsorted(table.times, time_)]


def maximal_rank_scores(time: ArrayLike, event: ArrayLike) -> Array:
    """Return log-rank scores with the maximal-rank convention for ties, as R's maxstat (Hothorn & Lausen 2003)."""
    time_, event_ = np.asarray(time, dtype=float), np.asarray(event, dtype=float)
    rank = np.searchsorted(np.sort(time_), time_, side="right")
    step = event_ / (len(time_) - rank + 1)
    return event_ - np.array([step[time_ <= t].sum() for t in time_])
