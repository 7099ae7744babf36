"""Exact tests and intervals for counts and ranks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, gammaln, ndtr

from anpi.stats.ranks import midranks

Array = NDArray[np.float64]
RELATIVE_TIE = 1e-7
MOST_TABLES = 4_000_000
MOST_RANKED = 200


def clopper_pearson(successes: int, total: int, level: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a proportion (Clopper & Pearson 1934); NaN for an empty group."""
    if total == 0:
        return np.nan, np.nan
    tail = (1 - level) / 2
    low = 0.0 if successes == 0 else float(betaincinv(successes, total - successes + 1, tail))
    high = 1.0 if successes == total else float(betaincinv(successes + 1, total - successes, 1 - tail))
    return low, high


@dataclass(frozen=True)
class FisherTest:
    """p of Fisher's test, and whether it stands on all tables or on ``tables`` random ones."""

    p: float
    tables: int
    exact: bool


def fisher_exact(table: ArrayLike, seed: int = 0, draws: int = 100_000, mid: bool = False) -> FisherTest:
    """Compute Fisher's exact test of an r x c table by enumeration (Freeman & Halton 1951).

    p is the share of all tables with the same margins that are no more probable than the one seen. Empty rows and
    columns are passed over; p is NaN when fewer than two rows or columns remain. Beyond four million candidates it is
    drawn from ``draws`` seeded random tables. With ``mid`` tables as probable as the one seen count half (mid-p,
    Lancaster 1961).
    """
    counts = np.asarray(table, dtype=int)
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    if min(counts.shape, default=0) < 2:
        return FisherTest(np.nan, 0, True)
    if counts.shape[0] < counts.shape[1]:
        counts = counts.T
    counts = counts[np.argsort(-counts.sum(axis=1), kind="stable")]
    rows, columns = counts.sum(axis=1), counts.sum(axis=0)
    seen = -gammaln(counts + 1).sum()
    logs = all_table_logs(rows, columns)
    if logs is not None:
        return FisherTest(share_as_extreme(logs, seen, mid), len(logs), True)
    return drawn_tables(rows, columns, seen, seed, draws, mid)


def share_as_extreme(logs: Array, seen: float, mid: bool) -> float:
    weights = np.exp(logs - logs.max())
    tied = weights[np.abs(logs - seen) <= RELATIVE_TIE].sum() if mid else 0.0
    extreme = np.sort(weights[logs <= seen + RELATIVE_TIE]).sum() - tied / 2
    return float(min(1.0, extreme / np.sort(weights).sum()))


def all_table_logs(rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Array | None:
    """Log weight of every table with these margins; None when there are too many to hold.

    Row by row, every way to fill it is joined to every state of what remains of the columns; the first row is what
    remains in the end.
    """
    left, logs = columns[None, :], np.zeros(1)
    for row in rows[1:]:
        cells = compositions(int(row), columns)
        if len(cells) * len(left) > MOST_TABLES:
            return None
        weights = -gammaln(cells + 1.0).sum(axis=1)
        left = (left[:, None, :] - cells[None, :, :]).reshape(-1, len(columns))
        logs = (logs[:, None] + weights[None, :]).ravel()
        possible = (left >= 0).all(axis=1)
        left, logs = left[possible], logs[possible]
    return logs - gammaln(left + 1.0).sum(axis=1)


def compositions(total: int, limits: NDArray[np.int64]) -> NDArray[np.int64]:
    """List every way to share ``total`` over cells, none above its limit (ways x cells)."""
    ways = np.zeros((1, 0), dtype=np.int64)
    for limit in limits[:-1]:
        choice = np.arange(min(int(limit), total) + 1)
        ways = np.column_stack([np.repeat(ways, len(choice), axis=0), np.tile(choice, len(ways))])
        ways = ways[ways.sum(axis=1) <= total]
    last = total - ways.sum(axis=1)
    return np.column_stack([ways, last])[last <= limits[-1]]


def drawn_tables(
    rows: NDArray[np.int64], columns: NDArray[np.int64], seen: float, seed: int, draws: int, mid: bool
) -> FisherTest:
    rng = np.random.default_rng(seed)
    left = np.tile(columns, (draws, 1))
    logs = np.zeros(draws)
    for row in rows[1:]:
        cells = draw_row(left, int(row), rng)
        left = left - cells
        logs -= gammaln(cells + 1.0).sum(axis=1)
    logs -= gammaln(left + 1.0).sum(axis=1)
    extreme = 1.0 + (logs <= seen + RELATIVE_TIE).sum()
    if mid:
        extreme -= (1 + (np.abs(logs - seen) <= RELATIVE_TIE).sum()) / 2
    return FisherTest(float(extreme / (1 + draws)), draws, False)


def draw_row(left: NDArray[np.int64], total: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw one row for each table: ``total`` of what is left in the columns, without replacement."""
    cells = np.zeros_like(left)
    wanted = np.full(len(left), total)
    for column in range(left.shape[1]):
        others = left[:, column + 1 :].sum(axis=1)
        cells[:, column] = rng.hypergeometric(left[:, column], others, wanted) if others.any() else wanted
        wanted = wanted - cells[:, column]
    return cells


@dataclass(frozen=True)
class RankTest:
    """Rank-sum test: W as R gives it, two-sided p, and how p was found."""

    w: float
    p: float
    exact: bool


def wilcoxon(x: ArrayLike, y: ArrayLike) -> RankTest:
    """Compute Wilcoxon's rank-sum test, exact also with ties, by counting over midranks (Streitberg & Roehmel 1986).

    p is the share of all allocations whose rank sum lies at least as far from its mean. Beyond 200 values the
    normal approximation with ties and continuity correction is taken, as in R.
    """
    a, b = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if not len(a) or not len(b):
        return RankTest(np.nan, np.nan, True)
    ranks = midranks(np.concatenate([a, b]))
    w = float(ranks[: len(a)].sum() - len(a) * (len(a) + 1) / 2)
    if np.ptp(ranks) == 0:
        return RankTest(w, np.nan, True)
    if len(ranks) > MOST_RANKED:
        return RankTest(w, normal_rank_p(ranks, len(a), w), False)
    doubled = np.rint(2 * np.sort(ranks)).astype(int)
    if len(b) < len(a):
        size, target = len(b), int(np.rint(2 * ranks[len(a) :].sum()))
    else:
        size, target = len(a), int(np.rint(2 * ranks[: len(a)].sum()))
    ways = np.zeros((size + 1, int(doubled.sum()) + 1))
    ways[0, 0] = 1.0
    for rank in doubled:
        ways[1:, rank:] += ways[:-1, : ways.shape[1] - rank].copy()
    counts = ways[size] / ways[size].sum()
    centre = size * doubled.sum() / len(doubled)
    far = np.abs(np.arange(len(counts)) - centre) >= abs(target - centre) - 1e-6
    return RankTest(w, float(min(1.0, counts[far].sum())), True)


def normal_rank_p(ranks: Array, size: int, w: float) -> float:
    """Return the two-sided p of W by the normal approximation, corrected for ties and continuity."""
    other = len(ranks) - size
    ties = np.unique(ranks, return_counts=True)[1]
    total = len(ranks)
    spread = np.sqrt(size * other / 12 * ((total + 1) - (ties**3 - ties).sum() / (total * (total - 1))))
    distance = w - size * other / 2
    z = (distance - np.sign(distance) * 0.5) / spread
    return float(min(1.0, 2 * ndtr(-abs(z))))


@dataclass(frozen=True)
class TrendTest:
    """Jonckheere-Terpstra statistic, its standardised value and two-sided p."""

    statistic: float
    z: float
    p: float


def jonckheere(values: ArrayLike, order: ArrayLike) -> TrendTest:
    """Compute the Jonckheere-Terpstra test for a trend over ordered groups, variance corrected for ties in both.

    Parameters
    ----------
    values : (n,) array
    order : (n,) array
        Rank of each patient's group (such as PD 0, SD 1, PR 2, CR 3).

    Notes
    -----
    Mean and variance by Hollander, Wolfe & Chicken (2014), section 6.2, with the terms for ties; normal p without
    continuity correction.
    """
    x, g = np.asarray(values, dtype=float), np.asarray(order, dtype=float)
    groups = np.unique(g)
    if len(groups) < 2 or np.ptp(x) == 0:
        return TrendTest(np.nan, np.nan, np.nan)
    statistic = 0.0
    for place, low in enumerate(groups):
        for high in groups[place + 1 :]:
            step = x[g == high][None, :] - x[g == low][:, None]
            statistic += float((step > 0).sum() + 0.5 * (step == 0).sum())
    n = float(len(x))
    sizes = np.unique(g, return_counts=True)[1].astype(float)
    ties = np.unique(x, return_counts=True)[1].astype(float)
    mean = (n**2 - (sizes**2).sum()) / 4
    first = n * (n - 1) * (2 * n + 5)
    first -= (sizes * (sizes - 1) * (2 * sizes + 5)).sum() + (ties * (ties - 1) * (2 * ties + 5)).sum()
    variance = first / 72
    if n > 2:
        cubic = (sizes * (sizes - 1) * (sizes - 2)).sum() * (ties * (ties - 1) * (ties - 2)).sum()
        variance += cubic / (36 * n * (n - 1) * (n - 2))
    variance += (sizes * (sizes - 1)).sum() * (ties * (ties - 1)).sum() / (8 * n * (n - 1))
    z = (statistic - mean) / np.sqrt(variance)
    return TrendTest(statistic, float(z), float(2 * ndtr(-abs(z))))
