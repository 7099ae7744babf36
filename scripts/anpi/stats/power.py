"""What effect a number of events or patients could have shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import chdtri, chndtr

from anpi.stats.permutation import TIE, chi_squares, stratum_codes
from anpi.stats.survival import kaplan_meier, risk_table

Array = NDArray[np.float64]
LARGEST_LOG_RATIO = float(np.log(50))
HALVINGS = 7


def required_noncentrality(df: int, alpha: float = 0.05, power: float = 0.8) -> float:
    """Return the noncentrality at which a chi-square test of ``df`` degrees of freedom reaches ``power``."""
    critical = chdtri(df, alpha)
    return float(brentq(lambda ncp: 1 - chndtr(critical, df, ncp) - power, 1e-6, 1e4))


def detectable_hazard_ratio(events: int, share: float, df: int = 1, alpha: float = 0.05, power: float = 0.8) -> float:
    """Return the hazard ratio of a group (a ``share`` of the events) against the rest that log-rank would show.

    Schoenfeld (1981): noncentrality = events x share x (1 - share) x log(HR)^2. NaN without events or groups.
    """
    spread = events * share * (1 - share)
    if spread <= 0 or df < 1:
        return np.nan
    return float(np.exp(np.sqrt(required_noncentrality(df, alpha, power) / spread)))


def detectable_hazard_ratio_per_sd(events: int, alpha: float = 0.05, power: float = 0.8) -> float:
    """Return the hazard ratio a standard deviation of a marker that a Cox model would show (Hsieh & Lavori 2000)."""
    if events <= 0:
        return np.nan
    return float(np.exp(np.sqrt(required_noncentrality(1, alpha, power) / events)))


def logrank_power(events: int, shares: ArrayLike, hazard_ratios: ArrayLike, alpha: float = 0.05) -> float:
    """Return the power of a k-sample log-rank test for groups' shares of the events and hazard ratios (Schoenfeld)."""
    weight, effect = np.asarray(shares, dtype=float), np.log(np.asarray(hazard_ratios, dtype=float))
    weight = weight / weight.sum()
    ncp = events * float(weight @ (effect - weight @ effect) ** 2)
    df = len(weight) - 1
    return float(1 - chndtr(chdtri(df, alpha), df, ncp))


def detectable_by_simulation(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    strata: ArrayLike | None = None,
    alpha: float = 0.05,
    power: float = 0.8,
    trials: int = 1000,
    seed: int = 0,
    score: bool = False,
) -> dict[object, tuple[float, float]]:
    """Find each group's hazard ratio against the rest that a log-rank test of the right level shows with ``power``.

    With ``score``, ``group`` holds numbers, and the ratio is that of a standard deviation of them, by the score test of
    Cox's model; the one label is None.

    Trials are drawn with the group sizes, hazards and follow-up at hand: the hazard is that of Nelson and Aalen within
    each stratum, times the ratio in the group; follow-up is drawn from the reverse Kaplan-Meier curve. So a group
    that fares better has fewer events, and shows less than a formula given the number of events promises. The critical
    value is the quantile of the trials without an effect, as by permutation. Holds in small and unequal groups.

    Returns
    -------
    dict
        Group: (largest ratio below 1, smallest ratio above 1); NaN where no effect, however large, reaches ``power``.
    """
    draw = (ScoreDrawer if score else Drawer)(time, event, group, strata, trials, seed)
    critical = draw.critical(alpha)
    if not np.isfinite(critical):
        return dict.fromkeys(draw.labels, (np.nan, np.nan))
    return {
        label: (search(draw, label, -1.0, critical, power), search(draw, label, 1.0, critical, power))
        for label in draw.labels
    }


def simulated_power(
    data: tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike | None],
    ratios: Mapping[object, Sequence[float]],
    alpha: float = 0.05,
    trials: int = 1000,
    seed: int = 0,
    score: bool = False,
) -> dict[object, tuple[float, ...]]:
    """Return the power of log-rank for stated hazard ratios of each group against the rest, in trials drawn afresh.

    Parameters
    ----------
    data : time, event, group, strata
        As for `detectable_by_simulation`; another seed than there gives the power apart from the search.
    """
    draw = (ScoreDrawer if score else Drawer)(*data, trials, seed)
    critical = draw.critical(alpha)
    return {
        label: tuple(draw.power(label, float(np.log(r)), critical) if np.isfinite(r) else np.nan for r in values)
        for label, values in ratios.items()
    }


class Drawer:
    """Draws trials with the hazards, follow-up and group sizes at hand, always from the same random numbers."""

    def __init__(
        self, time: ArrayLike, event: ArrayLike, group: ArrayLike, strata: ArrayLike | None, trials: int, seed: int
    ):
        time_, event_ = np.asarray(time, dtype=float), np.asarray(event, dtype=float)
        self.labels, codes = np.unique(np.asarray(group, dtype=object), return_inverse=True)
        blocks = stratum_codes(strata, len(time_))
        order = np.lexsort((codes, -event_, time_, blocks))
        time_, event_, self.codes, self.blocks = time_[order], event_[order], codes[order], blocks[order]
        rng = np.random.default_rng(seed)
        self.exponential = rng.exponential(size=(trials, len(time_)))
        self.follow_up = follow_up_times(time_, event_, rng.random((trials, len(time_))))
        self.hazards = [cumulative_hazard(time_[self.blocks == b], event_[self.blocks == b]) for b in self.strata()]

    def strata(self) -> NDArray[np.int64]:
        return np.unique(self.blocks)

    def chi_squares(self, log_ratios: Array) -> Array:
        """Draw times to the event by the groups' log hazard ratios, and give the log-rank chi-square of each trial."""
        groups, trials = len(self.labels), len(self.exponential)
        difference, covariance = np.zeros((trials, groups)), np.zeros((trials, groups, groups))
        for inside, died in self.deaths(log_ratios[self.codes]):
            terms = drawn_terms(died, self.follow_up[:, inside], self.codes[inside], groups)
            difference, covariance = difference + terms[0], covariance + terms[1]
        return chi_squares(difference[:, :-1], covariance[:, :-1, :-1])

    def deaths(self, log_hazard: Array) -> Iterator[tuple[NDArray[np.bool_], Array]]:
        """Yield of each stratum who is in it, and their times to the event by the log hazard ratio of each patient."""
        scaled = self.exponential / np.exp(log_hazard)
        for block, (hazard, moments) in zip(self.strata(), self.hazards, strict=True):
            inside = self.blocks == block
            yield inside, np.interp(scaled[:, inside], hazard, moments, right=np.inf)

    def critical(self, alpha: float) -> float:
        """Return the value that a share ``alpha`` of the trials without an effect reach; NaN without information."""
        null = self.chi_squares(np.zeros(len(self.labels)))
        return critical_value(null, alpha) if np.isfinite(null).all() and null.max() > 0 else np.nan

    def power(self, label: object, log_ratio: float, critical: float) -> float:
        """Return the share of trials that reach the critical value when a group has this log hazard ratio."""
        return float((self.chi_squares(log_ratio * (self.labels == label)) >= critical - TIE).mean())


class ScoreDrawer(Drawer):
    """Draws trials in which a score has an effect, with its values at hand; the one label is None."""

    def __init__(
        self, time: ArrayLike, event: ArrayLike, score: ArrayLike, strata: ArrayLike | None, trials: int, seed: int
    ):
        super().__init__(time, event, score, strata, trials, seed)
        values = self.labels.astype(float)[self.codes]
        self.score = (values - values.mean()) / values.std(ddof=1)
        self.labels = np.array([None], dtype=object)

    def chi_squares(self, log_ratios: Array) -> Array:
        """Draw times to the event by the log hazard ratio a standard deviation, and give Cox's score chi-square."""
        difference, variance = np.zeros(len(self.exponential)), np.zeros(len(self.exponential))
        for inside, died in self.deaths(log_ratios[0] * self.score):
            terms = score_terms(died, self.follow_up[:, inside], self.score[inside])
            difference, variance = difference + terms[0], variance + terms[1]
        return np.divide(difference**2, variance, out=np.zeros(len(variance)), where=variance > 0)


def score_terms(died: Array, followed: Array, score: Array) -> tuple[Array, Array]:
    """Return the score of Cox's model without an effect, and its variance, of times (trials x patients)."""
    time = np.minimum(died, followed)
    order = np.argsort(time, axis=1, kind="stable")
    event = np.take_along_axis((died <= followed).astype(float), order, axis=1)
    values, at_risk = score[order], np.arange(time.shape[1], 0, -1)
    mean, square = (np.cumsum(v[:, ::-1], axis=1)[:, ::-1] / at_risk for v in (values, values**2))
    return (event * (values - mean)).sum(axis=1), (event * np.maximum(square - mean**2, 0)).sum(axis=1)


def cumulative_hazard(time: Array, event: Array) -> tuple[Array, Array]:
    """Return Nelson and Aalen's cumulative hazard and its times, from 0; a line between them, so without ties."""
    table = risk_table(time, event)
    died = table.events > 0
    hazard = np.cumsum(table.events[died] / table.at_risk[died])
    return np.append(0.0, hazard), np.append(0.0, table.times[died])


def follow_up_times(time: Array, event: Array, uniform: Array) -> Array:
    """Draw times to the end of follow-up from the reverse Kaplan-Meier curve; beyond it, the longest time."""
    curve = kaplan_meier(time, 1 - event)
    place = np.searchsorted(-curve.survival, -uniform)
    return np.append(curve.times, time.max())[place]


def drawn_terms(died: Array, followed: Array, codes: NDArray[np.int64], groups: int) -> tuple[Array, Array]:
    """Return observed minus expected events (trials x groups) and their covariance, of times (trials x patients)."""
    time = np.minimum(died, followed)
    order = np.argsort(time, axis=1, kind="stable")
    event = np.take_along_axis((died <= followed).astype(float), order, axis=1)
    member = (codes[order][:, :, None] == np.arange(groups)).astype(float)
    at_risk = np.cumsum(member[:, ::-1], axis=1)[:, ::-1]
    share = at_risk / np.arange(time.shape[1], 0, -1)[:, None]
    difference = np.einsum("tj,tjg->tg", event, member - share)
    covariance = -np.einsum("tj,tjg,tjh->tgh", event, share, share)
    place = np.arange(groups)
    covariance[:, place, place] += np.einsum("tj,tjg->tg", event, share)
    return difference, covariance


def critical_value(null: Array, alpha: float) -> float:
    """Return the least value that at most ``alpha`` of null trials reach; infinite when the largest is too common."""
    ordered = np.sort(null)
    for value in np.append(ordered[int(np.floor(len(ordered) * (1 - alpha))) :], np.inf):
        if (ordered >= value - TIE).mean() <= alpha:
            return float(value)
    return np.inf


def search(draw: Drawer, label: object, direction: float, critical: float, power: float) -> float:
    """Find by halving the hazard ratio of a group at which the power is reached; NaN when it never is."""
    low, high = 0.0, LARGEST_LOG_RATIO
    if draw.power(label, high * direction, critical) < power:
        return np.nan
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if draw.power(label, middle * direction, critical) >= power else (middle, high)
    return float(np.exp(direction * high))
