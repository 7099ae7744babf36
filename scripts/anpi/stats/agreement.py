"""Agreement of two readers beyond chance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def cohen_kappa(
    first: ArrayLike,
    second: ArrayLike,
    confidence: float = 0.95,
    weights: str | None = None,
    order: Sequence[str] | None = None,
) -> tuple[float, float, float]:
    """Return Cohen's kappa of two readings of the same things, with its interval.

    Parameters
    ----------
    first, second : array_like of str, shape (n,)
        The category that each reader gave.
    weights : {'linear', 'quadratic'}, optional
        Readings that lie near one another on a scale agree in part (Cohen 1968).
    order : sequence of str, optional
        The categories of the scale, in order; needed for weights.

    Returns
    -------
    tuple of float
        Kappa, lower and upper bound (at most 1); NaN where it is not defined: nobody was read, or both readers used
        one and the same category alone.

    Raises
    ------
    ValueError
        Weights without an order, or a reading that is not in it.

    Notes
    -----
    The interval is the large-sample one, of Fleiss, Cohen and Everitt, Psychol Bull 1969;72:323-327.
    """
    a, b = np.asarray(first), np.asarray(second)
    names = np.unique(np.concatenate([a, b])) if order is None else np.asarray(list(order))
    if weights is not None and order is None:
        raise ValueError("weights need the order of the categories")
    if not np.isin(np.concatenate([a, b]), names).all():
        raise ValueError("a reading is not in the order of the categories")
    n = len(a)
    if n == 0 or len(np.unique(np.concatenate([a, b]))) < 2:
        return np.nan, np.nan, np.nan
    place = {name: i for i, name in enumerate(names.tolist())}
    table = np.zeros((len(names), len(names)))
    np.add.at(table, ([place[name] for name in a.tolist()], [place[name] for name in b.tolist()]), 1 / n)
    weight = agreement_weights(len(names), weights)
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    seen, chance = float((weight * table).sum()), float(rows @ weight @ columns)
    kappa = (seen - chance) / (1 - chance)
    expected = (weight @ columns)[:, None] + (rows @ weight)[None, :]
    square = float((table * (weight - expected * (1 - kappa)) ** 2).sum()) - (kappa - chance * (1 - kappa)) ** 2
    error = float(np.sqrt(max(square, 0.0) / n) / (1 - chance))
    from scipy.special import ndtri  # here, for the planning of a run loads this module and needs no scipy

    width = float(ndtri(0.5 + confidence / 2)) * error
    return kappa, max(kappa - width, -1.0), min(kappa + width, 1.0)


def agreement_weights(count: int, weights: str | None) -> Array:
    """Return how far two categories agree: 1 on the diagonal, falling with distance where weights are asked for."""
    if weights is None:
        return np.eye(count)
    distance = np.abs(np.subtract.outer(np.arange(count), np.arange(count))) / (count - 1)
    if weights == "linear":
        return np.asarray(1 - distance)
    if weights == "quadratic":
        return np.asarray(1 - distance**2)
    raise ValueError(weights)
