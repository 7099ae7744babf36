"""Two measurements of each patient: exact signed ranks, moderated paired t, sign flips over a family."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import digamma, polygamma, stdtr, stdtrit

from anpi.stats.ranks import midranks

Array = NDArray[np.float64]
TIE = 1e-9
MOST_FLIPPED = 16  # patients whose signs are all turned; beyond it random ones
VARIES = 1e-10  # of the size of the values; what varies less does not vary


@dataclass(frozen=True)
class SignedRank:
    """Exact signed-rank test with the Hodges-Lehmann shift; ``level`` is what its interval truly covers."""

    p: float
    shift: float
    low: float
    high: float
    level: float


def signed_rank(differences: ArrayLike, level: float = 0.95) -> SignedRank:
    """Test whether differences lie about zero, exactly by all signs of their ranks.

    Differences of zero are dropped (Wilcoxon), ties share their rank. The shift is the median of the Walsh averages of
    all differences; its interval is that of order statistics, without regard to ties. With five pairs no interval
    reaches 95%: the widest is given, with its level.

    Parameters
    ----------
    differences : array_like
        NaN is left out.

    Source: Hollander, Wolfe & Chicken 2014, chapter 3.
    """
    d = np.asarray(differences, dtype=float)
    d = d[np.isfinite(d)]
    if not len(d):
        return SignedRank(np.nan, np.nan, np.nan, np.nan, np.nan)
    walsh = np.sort(((d[:, None] + d[None, :]) / 2)[np.tril_indices(len(d))])
    below = np.cumsum(rank_sums(np.arange(1, len(d) + 1) * 2)[::2])
    place = max(int(np.searchsorted(below, (1 - level) / 2 - TIE)), 1)
    reached = 1 - 2 * float(below[place - 1])
    return SignedRank(
        signed_rank_p(d[d != 0]), float(np.median(walsh)), float(walsh[place - 1]), float(walsh[-place]), reached
    )


def signed_rank_p(d: Array) -> float:
    """Return the share of all signs whose rank sum is as far from its mean; 1 without a difference."""
    if not len(d):
        return 1.0
    doubled = np.rint(2 * midranks(np.abs(d))).astype(int)
    share = rank_sums(doubled)
    seen = abs(2 * int(doubled[d > 0].sum()) - int(doubled.sum()))
    far = np.abs(2 * np.arange(len(share)) - int(doubled.sum())) >= seen
    return float(min(1.0, share[far].sum()))


def rank_sums(doubled: NDArray[np.int64]) -> Array:
    """Return the probability of each sum of positive ranks (doubled, to be whole), each sign by chance."""
    share = np.zeros(int(doubled.sum()) + 1)
    share[0] = 1.0
    for rank in doubled:
        moved = np.zeros_like(share)
        moved[rank:] = share[: len(share) - rank]
        share = (share + moved) / 2
    return share


@dataclass(frozen=True)
class ModeratedT:
    """Moderated paired t by feature (arrays), NaN where a feature does not vary or has fewer than two pairs.

    ``prior_df`` and ``prior_variance`` are what the features lend each other; infinite when they vary alike.
    """

    mean: Array
    low: Array
    high: Array
    t: Array
    p: Array
    pairs: NDArray[np.int64]
    prior_df: float
    prior_variance: float


def moderated_t(differences: ArrayLike, covariate: ArrayLike | None = None, level: float = 0.95) -> ModeratedT:
    """Compute the paired t whose variances are shrunken towards each other (limma's empirical Bayes).

    Features that do not vary are left out before the prior is estimated: one of them would spoil it for all others.

    Parameters
    ----------
    differences : (pairs, features) array_like
        NaN where a pair lacks the feature.
    covariate : (pairs) array_like, optional
        Such as the change of purity: the mean is then that at a covariate of zero.

    Source: Smyth 2004, doi:10.2202/1544-6115.1027; as limma 3.54.
    """
    d = np.asarray(differences, dtype=float)
    x = np.ones((len(d), 1)) if covariate is None else np.column_stack([np.ones(len(d)), np.asarray(covariate)])
    mean, variance, leverage, df, pairs = (np.full(d.shape[1], np.nan) for _ in range(5))
    for j in range(d.shape[1]):
        mean[j], variance[j], leverage[j], df[j], pairs[j] = least_squares(d[:, j], x)
    varies = np.isfinite(variance)
    prior_df, prior_variance = variance_prior(variance[varies], df[varies])
    if np.isinf(prior_df):
        posterior = np.full(len(variance), prior_variance)
    else:
        posterior = (prior_df * prior_variance + df * variance) / (prior_df + df)
    total = np.minimum(df + prior_df, df[varies].sum())
    error = np.sqrt(np.where(varies, posterior, np.nan) * leverage)
    t = mean / error
    half = stdtrit(total, (1 + level) / 2) * error
    p = 2 * stdtr(total, -np.abs(t))
    return ModeratedT(mean, mean - half, mean + half, t, p, pairs.astype(int), prior_df, prior_variance)


def least_squares(y: Array, x: Array) -> tuple[float, float, float, float, float]:
    """Return intercept, residual variance, leverage of the intercept, residual df and rows, of known rows."""
    there = np.isfinite(y) & np.isfinite(x).all(axis=1)
    y, x = y[there], x[there]
    df = len(y) - x.shape[1]
    if not len(y):
        return np.nan, np.nan, np.nan, 0.0, 0.0
    if df < 1 or np.linalg.matrix_rank(x) < x.shape[1]:
        return float(y.mean()), np.nan, np.nan, 0.0, float(len(y))
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ (x.T @ y)
    residual = y - x @ beta
    flat = float(np.abs(residual).max()) <= VARIES * max(1.0, float(np.abs(y).max()))
    variance = np.nan if flat else float(residual @ residual) / df
    return float(beta[0]), variance, float(inverse[0, 0]), float(df), float(len(y))


def variance_prior(variance: Array, df: Array) -> tuple[float, float]:
    """Return degrees of freedom and variance of the prior, by moments of log variances; (0, 1) below two features."""
    if len(variance) < 2:
        return 0.0, 1.0
    floored = np.maximum(variance, 1e-5 * np.median(variance))
    e = np.log(floored) - digamma(df / 2) + np.log(df / 2)
    spread = float(e.var(ddof=1) - polygamma(1, df / 2).mean())
    if spread <= 0:
        return np.inf, float(np.exp(e.mean()))
    prior = 2 * trigamma_inverse(spread)
    return prior, float(np.exp(e.mean() + digamma(prior / 2) - np.log(prior / 2)))


def trigamma_inverse(x: float) -> float:
    """Solve trigamma(y) = x by Newton's steps on 1/trigamma."""
    if x > 1e7:
        return float(1 / np.sqrt(x))
    if x < 1e-6:
        return 1 / x
    y = 0.5 + 1 / x
    for _ in range(50):
        trigamma = polygamma(1, y)
        step = float(trigamma * (1 - trigamma / x) / polygamma(2, y))
        y += step
        if -step / y < 1e-10:
            break
    return float(y)


@dataclass(frozen=True)
class SignFlips:
    """By feature: |t|, its own p and p over the whole family (step-down maximum); how many ``flips`` stand behind."""

    t: Array
    p: Array
    p_family: Array
    flips: int
    exact: bool


def sign_flips(differences: ArrayLike, flips: int = 10_000, seed: int = 0) -> SignFlips:
    """Turn the sign of a patient's whole row of differences: exact where differences are symmetric about zero.

    All 2^n flips up to 16 patients, beyond that seeded ones; no flip counts as one, so no p is 0. The family's p keeps
    the family-wise error whatever the features have to do with each other.

    Parameters
    ----------
    differences : (pairs, features) array_like
        NaN where a pair lacks a feature; each feature has its own number of pairs.

    Source: Westfall & Young 1993; Nichols & Holmes 2002, doi:10.1002/hbm.1058.
    """
    d = np.asarray(differences, dtype=float)
    d = d[np.isfinite(d).any(axis=1)]
    if not len(d):
        nothing = np.full(d.shape[1], np.nan)
        return SignFlips(nothing, nothing, nothing, 0, False)
    exact = len(d) <= MOST_FLIPPED
    signs = all_signs(len(d)) if exact else drawn_signs(len(d), flips, seed)
    t = flipped_t(d, signs)
    seen = t[0]
    least = seen - TIE * np.maximum(1, np.where(np.isfinite(seen), seen, 1))
    count = len(signs)
    raw = (t >= least).sum(axis=0) / count
    family, before = np.ones(d.shape[1]), 0.0
    order = np.argsort(-seen, kind="stable")
    greatest = np.maximum.accumulate(t[:, order[::-1]], axis=1)[:, ::-1]
    for place, j in enumerate(order):
        before = max(before, float((greatest[:, place] >= least[j]).sum() / count))
        family[j] = before
    measured = np.isfinite(d).any(axis=0)
    return SignFlips(seen, np.where(measured, raw, np.nan), np.where(measured, family, np.nan), count, exact)


def all_signs(count: int) -> Array:
    """Return every choice of signs but the mirrored ones, the seen one first."""
    bits = np.arange(2 ** (count - 1))[:, None] >> np.arange(count)[None, :] & 1
    return np.asarray(1 - 2 * bits, dtype=np.float64)


def drawn_signs(count: int, flips: int, seed: int) -> Array:
    """Return random signs behind the seen ones."""
    drawn = np.random.default_rng(seed).integers(0, 2, (flips, count)) * 2.0 - 1
    return np.vstack([np.ones(count), drawn])


def flipped_t(d: Array, signs: Array) -> Array:
    """Return |t| of every feature under every choice of signs; 0 where there is nothing to see."""
    there = np.isfinite(d)
    filled = np.where(there, d, 0.0)
    pairs, squares = there.sum(axis=0), (filled**2).sum(axis=0)
    mean = signs @ filled / np.maximum(pairs, 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = np.maximum(squares - pairs * mean**2, 0) / (pairs - 1)
        t = np.abs(mean) / np.sqrt(variance / pairs)
    return np.asarray(np.where(np.isnan(t), 0.0, t), dtype=np.float64)
