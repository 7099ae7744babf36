"""What effect a number of events or patients could have shown."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import chdtri, chndtr

from anpi.stats.permutation import TIE, arranged_terms, chi_squares, event_times, stratum_codes

Array = NDArray[np.float64]
LARGEST_LOG_RATIO = float(np.log(50))
HALVINGS = 7


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


def detectable_by_simulation(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    strata: ArrayLike | None = None,
    alpha: float = 0.05,
    power: float = 0.8,
    trials: int = 1000,
    seed: int = 0,
) -> dict[object, tuple[float, float]]:
    """Hazard ratios of each group against the rest that the permutation log-rank test would show with ``power``.

    Trials are drawn given the times, censorings and group sizes at hand: at each event the patient who has it is drawn
    among those at risk in proportion to the hazards, at each censoring evenly. Without an effect this is the
    permutation distribution, whose quantile is the critical value. Unlike formulas that rest on many events, this
    holds in small and unequal groups.

    Returns
    -------
    dict
        Group: (largest ratio below 1, smallest ratio above 1); NaN where no effect, however large, reaches ``power``.
    """
    time_, event_ = np.asarray(time, dtype=float), np.asarray(event, dtype=float)
    labels, codes = np.unique(np.asarray(group, dtype=object), return_inverse=True)
    blocks = stratum_codes(strata, len(time_))
    order = np.lexsort((codes, -event_, time_, blocks))
    time_, event_, codes, blocks = time_[order], event_[order], codes[order], blocks[order]
    draw = Drawer(time_, event_, codes, blocks, len(labels), trials, seed)
    null = draw.chi_squares(np.zeros(len(labels)))
    if not np.isfinite(null).all() or null.max() <= 0:
        return dict.fromkeys(labels, (np.nan, np.nan))
    critical = critical_value(null, alpha)
    found: dict[object, tuple[float, float]] = {}
    for place, label in enumerate(labels):
        direction = np.eye(len(labels))[place]
        found[label] = (search(draw, -direction, critical, power), search(draw, direction, critical, power))
    return found


class Drawer:
    """Draws trials with the times and group sizes at hand, always from the same random numbers."""

    def __init__(
        self,
        time: Array,
        event: Array,
        codes: NDArray[np.int64],
        blocks: NDArray[np.int64],
        groups: int,
        trials: int,
        seed: int,
    ):
        self.event, self.blocks, self.groups = event, blocks, groups
        self.uniform = np.random.default_rng(seed).random((len(time), trials))
        self.stratum_events = [event_times(time[blocks == b], event[blocks == b]) for b in np.unique(blocks)]
        self.sizes = [np.bincount(codes[blocks == b], minlength=groups) for b in np.unique(blocks)]

    def chi_squares(self, log_ratios: Array) -> Array:
        """Draw who has each event or censoring, and give the log-rank chi-square of each trial."""
        hazards = np.exp(log_ratios)
        drawn = np.empty(self.uniform.shape, dtype=np.int64)
        for block, sizes in zip(np.unique(self.blocks), self.sizes, strict=True):
            left = np.tile(sizes.astype(float), (self.uniform.shape[1], 1))
            for place in np.flatnonzero(self.blocks == block):
                weight = np.cumsum(left * hazards if self.event[place] else left, axis=1)
                choice = (self.uniform[place][:, None] * weight[:, -1:] >= weight[:, :-1]).sum(axis=1)
                drawn[place] = choice
                left[np.arange(len(choice)), choice] -= 1
        return chi_squares(*arranged_terms(drawn.T, self.blocks, self.stratum_events, self.groups))

    def power(self, log_ratios: Array, critical: float) -> float:
        """Share of trials that reach the critical value."""
        return float((self.chi_squares(log_ratios) >= critical - TIE).mean())


def critical_value(null: Array, alpha: float) -> float:
    """Least value that at most ``alpha`` of the null trials reach; infinite when even the largest is too common."""
    ordered = np.sort(null)
    for value in np.append(ordered[int(np.floor(len(ordered) * (1 - alpha))) :], np.inf):
        if (ordered >= value - TIE).mean() <= alpha:
            return float(value)
    return np.inf


def search(draw: Drawer, direction: Array, critical: float, power: float) -> float:
    """Find by halving the hazard ratio along a direction at which the power is reached; NaN when it never is."""
    low, high = 0.0, LARGEST_LOG_RATIO
    if draw.power(high * direction, critical) < power:
        return np.nan
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if draw.power(middle * direction, critical) >= power else (middle, high)
    return float(np.exp(direction.sum() * (low + high) / 2))
