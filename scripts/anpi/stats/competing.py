"""Cumulative incidence where other events compete: Aalen and Johansen's estimate, Gray's test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, ndtri

from anpi.stats.survival import quadratic_form

Array = NDArray[np.float64]


@dataclass(frozen=True)
class CumulativeIncidence:
    """Incidence of one cause from each of ``times`` on, with standard error and pointwise log-log interval.

    ``free`` is the share without an event of any cause.
    """

    times: Array
    at_risk: Array
    events: Array
    free: Array
    incidence: Array
    se: Array
    low: Array
    high: Array

    def at(self, time: float) -> tuple[float, float, float]:
        """Return the incidence and its interval at a time; 0 before the first.

        Beyond the last one it is NaN, unless everybody had had an event by then: nothing more can happen.
        """
        if not len(self.times) or (time > self.times[-1] and self.free[-1] > 0):
            return np.nan, np.nan, np.nan
        place = int(np.searchsorted(self.times, time, side="right")) - 1
        if place < 0:
            return 0.0, 0.0, 0.0
        return float(self.incidence[place]), float(self.low[place]), float(self.high[place])


def cumulative_incidence(time: ArrayLike, cause: ArrayLike, of: int = 1, level: float = 0.95) -> CumulativeIncidence:
    """Estimate the incidence of one cause beside competing ones (Aalen & Johansen 1978).

    Parameters
    ----------
    time : (n,) array
    cause : (n,) array
        0 = censored; any other number is an event of that cause.
    of : int
        The cause that is counted.

    Notes
    -----
    The standard error is that of the infinitesimal jackknife, as R's ``survfit`` gives it: the root of the summed
    squares of each patient's influence. (That of cmprsk is a little larger.) The interval is on the scale of
    log(-log(1 - incidence)), NaN where the incidence is 0 or 1.
    """
    time_, cause_ = np.asarray(time, dtype=float), np.asarray(cause, dtype=int)
    times = np.unique(time_)
    count = len(time_)
    incidence, survival = 0.0, 1.0
    influence, influence_survival = np.zeros(count), np.zeros(count)
    rows = []
    for moment in times:
        risk = (time_ >= moment).astype(float)
        now = (time_ == moment) & (cause_ != 0)
        mine = now & (cause_ == of)
        total = risk.sum()
        hazard, hazard_mine = now.sum() / total, mine.sum() / total
        residual, residual_mine = now - risk * hazard, mine - risk * hazard_mine
        influence = influence + influence_survival * hazard_mine + survival * residual_mine / total
        influence_survival = influence_survival * (1 - hazard) - survival * residual / total
        incidence += survival * hazard_mine
        survival *= 1 - hazard
        rows.append((total, mine.sum(), survival, incidence, np.sqrt((influence**2).sum())))
    at_risk, events, free, curve, se = np.array(rows, dtype=float).reshape(-1, 5).T
    inside = (curve > 0) & (curve < 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.log(1 - curve)
        half = ndtri(0.5 + level / 2) * se / ((1 - curve) * np.abs(left))
        low = np.where(inside, 1 - np.exp(left * np.exp(-half)), np.nan)
        high = np.where(inside, 1 - np.exp(left * np.exp(half)), np.nan)
    return CumulativeIncidence(times, at_risk, events, free, curve, se, low, high)


@dataclass(frozen=True)
class GrayTest:
    """Chi-square of Gray's test, degrees of freedom, p (NaN when nothing can be compared)."""

    statistic: float
    df: int
    p: float


def gray_test(time: ArrayLike, cause: ArrayLike, group: ArrayLike, of: int = 1) -> GrayTest:
    """Test whether the incidence of one cause is alike in groups (Gray 1988), as cmprsk's ``cuminc`` with rho = 0."""
    time_, cause_ = np.asarray(time, dtype=float), np.asarray(cause, dtype=int)
    labels, codes = np.unique(np.asarray(group, dtype=object), return_inverse=True)
    if len(labels) < 2 or not (cause_ == of).any():
        return GrayTest(np.nan, 0, np.nan)
    walk = GrayWalk(len(labels))
    for moment in np.unique(time_[cause_ != 0]):
        sizes = np.bincount(codes[time_ >= moment], minlength=len(labels)).astype(float)
        now = time_ == moment
        mine = np.bincount(codes[now & (cause_ == of)], minlength=len(labels)).astype(float)
        others = np.bincount(codes[now & (cause_ != 0) & (cause_ != of)], minlength=len(labels)).astype(float)
        walk.step(sizes, mine, others)
    statistic, df = quadratic_form(walk.score, walk.covariance())
    return GrayTest(statistic, df, float(chdtrc(df, statistic)) if df else np.nan)


class GrayWalk:
    """Score and covariance of Gray's test, carried from event time to event time; names as in Gray (1988)."""

    def __init__(self, groups: int):
        self.score, self.variance = np.zeros(groups), np.zeros((groups, groups))
        self.survival, self.group_incidence, self.incidence = np.ones(groups), np.zeros(groups), 0.0
        self.c, self.cross = np.zeros((groups, groups)), np.zeros((groups, groups))
        self.square = np.zeros(groups)

    def step(self, sizes: Array, mine: Array, others: Array) -> None:
        """Take up one event time: numbers at risk, events of the cause, of the others, by group."""
        at = sizes > 0
        before, incidence = self.survival.copy(), self.group_incidence.copy()
        safe = np.where(at, sizes, 1.0)
        self.survival = np.where(at, before * (sizes - mine - others) / safe, before)
        self.group_incidence = np.where(at, incidence + before * mine / safe, incidence)
        weighted = np.where(at, sizes / np.where(before > 0, before, 1.0), 0.0)
        total, deaths = weighted.sum(), mine.sum()
        after = self.incidence + deaths / total
        a = np.diag(weighted) - np.outer(weighted, weighted) / total
        self.c += a * deaths / (total * (1 - self.incidence))
        if deaths:
            expected = weighted * (1 - incidence)
            self.score += mine - deaths * expected / expected.sum()
        for k in map(int, np.flatnonzero(at)):
            left = 1 - after
            if deaths:
                share = 1 - left / self.survival[k] if self.survival[k] > 0 else 1.0
                tied = 1 - (deaths - 1) / (total * before[k] - 1) if deaths > 1 else 1.0
                self.add(k, a[:, k] - share * self.c[:, k], share, tied * before[k] * deaths / (total * sizes[k]))
            if others[k] and self.survival[k] > 0:
                share = left / self.survival[k]
                tied = 1 - (others[k] - 1) / (sizes[k] - 1) if others[k] > 1 else 1.0
                self.add(k, -share * self.c[:, k], share, tied * others[k] * (before[k] / sizes[k]) ** 2)
        self.incidence = after

    def add(self, k: int, direction: Array, share: float, amount: float) -> None:
        self.square[k] += share**2 * amount
        self.cross[:, k] += direction * share * amount
        self.variance += np.outer(direction, direction) * amount

    def covariance(self) -> Array:
        """Return the covariance of the scores at the end."""
        mixed = self.c @ self.cross.T
        return self.variance + (self.c * self.square) @ self.c.T + mixed + mixed.T
