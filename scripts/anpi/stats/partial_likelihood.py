"""Cox's partial likelihood over intervals (start, stop], with strata, ties by Efron or Breslow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from anpi.stats.newton import Mask, Point

Array = NDArray[np.float64]
TIES = ("efron", "breslow")


class PartialLikelihood:
    """Log partial likelihood of Cox's model.

    Parameters
    ----------
    time : (n,) array
        Ends of the intervals in which the rows are at risk.
    event : (n,) array
        Whether the row's event happens at its end.
    x : (n, k) array
        Covariates.
    strata : (n,) array, optional
        Each stratum has its own baseline hazard.
    start : (n,) array, optional
        Beginnings of the intervals, which do not belong to them; from the start of time when absent.
    ties : {'efron', 'breslow'}
    """

    def __init__(
        self,
        time: ArrayLike,
        event: ArrayLike,
        x: ArrayLike,
        strata: ArrayLike | None = None,
        start: ArrayLike | None = None,
        ties: str = "efron",
    ):
        if ties not in TIES:
            raise ValueError(ties)
        stop, died, values = np.asarray(time, dtype=float), np.asarray(event, dtype=bool), np.asarray(x, dtype=float)
        begin = None if start is None else np.asarray(start, dtype=float)
        codes = np.zeros(len(stop)) if strata is None else np.unique(np.asarray(strata), return_inverse=True)[1]
        centred = values - values.mean(axis=0) if len(values) else values
        self.size = values.shape[1]
        self.spread = died.sum() * (centred**2).mean(axis=0)
        self.strata = [
            RiskSets(stop[inside], died[inside], centred[inside], None if begin is None else begin[inside], ties)
            for inside in (codes == code for code in np.unique(codes[died]))
        ]

    def at(self, beta: Array) -> Point:
        """Evaluate; without a number (-inf) where a risk set has lost all weight."""
        value, score, information = 0.0, np.zeros(self.size), np.zeros((self.size,) * 2)
        parts = [(stratum, stratum.moments(beta)) for stratum in self.strata]
        for _, found in parts:
            value += float(found.log_likelihood.sum())
            score += found.score.sum(axis=0)
            information += found.variance.sum(axis=0)

        def slope(matrix: Array) -> Array:
            return np.sum([stratum.skewness(found, matrix) for stratum, found in parts], axis=0)

        return Point(value if np.isfinite(value) else -np.inf, score, information, slope)

    def curvature(self, beta: Array, point: Point, free: Mask) -> Array:
        """Return the information of the free coefficients."""
        return point.information[np.ix_(free, free)]


@dataclass(frozen=True)
class Moments:
    """What each event of a stratum adds: log-likelihood, score, information; weights and means behind them."""

    times: Array
    log_likelihood: Array
    score: Array
    variance: Array
    weight: Array
    total: Array
    mean: Array


class RiskSets:
    """Who is at risk at each event of one stratum; sums over risk sets are differences of running sums."""

    def __init__(self, stop: Array, event: Mask, x: Array, start: Array | None, ties: str):
        order = np.lexsort((~event, -stop))
        self.x, stop, event = x[order], stop[order], event[order]
        self.dead = np.flatnonzero(event)
        self.times = stop[self.dead]
        self.last = np.searchsorted(-stop, -self.times, side="right") - 1
        self.entered, self.later = None, None
        if start is not None:
            begin = start[order]
            self.entered = np.argsort(-begin, kind="stable")
            self.later = np.searchsorted(-begin[self.entered], -self.times, side="right")
        moments, first, deaths = np.unique(-self.times, return_index=True, return_counts=True)
        self.first, self.group = first, np.repeat(np.arange(len(moments)), deaths)
        within = np.arange(len(self.dead)) - first[self.group]
        self.share = within / deaths[self.group] if ties == "efron" else np.zeros(len(self.dead))
        count, size = self.x.shape
        square = (self.x[:, :, None] * self.x[:, None, :]).reshape(count, size * size)
        self.powers = np.column_stack([np.ones(count), self.x, square])

    def sums(self, weight: Array, values: Array) -> Array:
        """Return weighted sums over the risk set of each event (events x columns)."""
        weighted = weight[:, None] * values
        found = np.cumsum(weighted, axis=0)[self.last]
        if self.entered is not None and self.later is not None:
            running = np.cumsum(weighted[self.entered], axis=0)
            found -= np.vstack([np.zeros((1, values.shape[1])), running])[self.later]
        if self.share.any():
            tied = np.add.reduceat(weighted[self.dead], self.first, axis=0)[self.group]
            found -= self.share[:, None] * tied
        return found

    def moments(self, beta: Array) -> Moments:
        """Return moments of the covariates over the risk set of each event, at some coefficients."""
        size = self.x.shape[1]
        eta = self.x @ beta
        eta = eta - eta.max()
        weight = np.exp(eta)
        sums = self.sums(weight, self.powers)
        with np.errstate(divide="ignore", invalid="ignore"):
            total = np.where(sums[:, 0] > 0, sums[:, 0], np.nan)
            likelihood = eta[self.dead] - np.log(total)
            mean = sums[:, 1 : 1 + size] / total[:, None]
            square = (sums[:, 1 + size :] / total[:, None]).reshape(-1, size, size)
        variance = square - mean[:, :, None] * mean[:, None, :]
        return Moments(self.times, likelihood, self.x[self.dead] - mean, variance, weight, total, mean)

    def skewness(self, found: Moments, matrix: Array) -> Array:
        """Return third central moments traced with a matrix: E[c'Mc c], c from the mean, over all events."""
        form = np.einsum("ni,ij,nj->n", self.x, matrix, self.x)
        sums = self.sums(found.weight, form[:, None] * np.column_stack([np.ones(len(form)), self.x]))
        raw = sums / found.total[:, None]
        turned = np.einsum("dij,dj->di", found.variance, found.mean @ matrix)
        return np.asarray((raw[:, 1:] - raw[:, :1] * found.mean - 2 * turned).sum(axis=0))
