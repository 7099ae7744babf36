"""A trial under a robust meta-analytic-predictive prior: what other cohorts predict, mixed with a vague part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtrit

from anpi.stats.meta import Pooled

Array = NDArray[np.float64]
VAGUE_SE = 2.0  # of a log hazard ratio: from about 0.02 to 50


@dataclass(frozen=True)
class Posterior:
    """What the trial and the prior say together: median, interval, probability below 0, weight of the prior cohorts."""

    estimate: float
    low: float
    high: float
    below: float
    weight: float


def robust_posterior(
    estimate: float, error: float, prior: Pooled, vague: float = 0.5, level: float = 0.95
) -> Posterior:
    """Combine the trial's estimate with a robust prior: what other cohorts predict, mixed with a vague part.

    Where the trial contradicts the cohorts, the vague part takes over: ``weight`` is what is left of the cohorts. The
    predictive part is taken as normal with the variance of the prediction interval.

    Parameters
    ----------
    vague : float
        Weight of the vague part before the trial is seen.
    prior : Pooled
        Of two cohorts or more, with intervals at 95%.

    Source: Schmidli 2014, doi:10.1111/biom.12242.
    """
    spread = (prior.prediction_high - prior.prediction_low) / 2 / float(stdtrit(prior.studies - 1, 0.975))
    means, variances = np.array([prior.estimate, 0.0]), np.array([spread, VAGUE_SE]) ** 2
    total = variances + error**2
    log_weight = np.log([1 - vague, vague]) - 0.5 * np.log(total) - (estimate - means) ** 2 / total / 2
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    precision = 1 / variances + 1 / error**2
    centre, width = (means / variances + estimate / error**2) / precision, np.sqrt(1 / precision)
    middle, low, high = (mixture_quantile(q, weight, centre, width) for q in (0.5, 0.5 - level / 2, 0.5 + level / 2))
    return Posterior(middle, low, high, mixture_below(0.0, weight, centre, width), float(weight[0]))


def mixture_below(value: float, weight: Array, centre: Array, width: Array) -> float:
    return float(weight @ ndtr((value - centre) / width))


def mixture_quantile(share: float, weight: Array, centre: Array, width: Array) -> float:
    """Return the quantile of a mixture of normal distributions, by halving."""
    low, high = float((centre + ndtri(1e-9) * width).min()), float((centre - ndtri(1e-9) * width).max())
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if mixture_below(middle, weight, centre, width) < share else (low, middle)
    return (low + high) / 2
