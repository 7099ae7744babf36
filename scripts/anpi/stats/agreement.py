"""Agreement of two readers beyond chance."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm


def cohen_kappa(first: ArrayLike, second: ArrayLike, confidence: float = 0.95) -> tuple[float, float, float]:
    """Return Cohen's kappa of two readings of the same things, with its interval.

    Parameters
    ----------
    first, second : array_like of str, shape (n,)
        The category that each reader gave.

    Returns
    -------
    tuple of float
        Kappa, lower and upper bound (at most 1); NaN where it is not defined: nobody was read, or both readers used
        one and the same category alone.

    Notes
    -----
    The interval is the large-sample one, of Fleiss, Cohen and Everitt, Psychol Bull 1969;72:323-327, equation 13.
    """
    names, codes = np.unique(np.concatenate([np.asarray(first), np.asarray(second)]), return_inverse=True)
    n = len(np.asarray(first))
    if n == 0 or len(names) < 2:
        return np.nan, np.nan, np.nan
    table = np.zeros((len(names), len(names)))
    np.add.at(table, (codes[:n], codes[n:]), 1 / n)
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    seen, chance = float(np.trace(table)), float(rows @ columns)
    kappa = (seen - chance) / (1 - chance)
    diagonal = np.diag(table) @ (1 - (rows + columns) * (1 - kappa)) ** 2
    outside = (table - np.diag(np.diag(table))) * (columns[:, None] + rows[None, :]) ** 2
    square = diagonal + (1 - kappa) ** 2 * outside.sum() - (kappa - chance * (1 - kappa)) ** 2
    error = float(np.sqrt(max(square, 0.0) / n) / (1 - chance))
    width = float(norm.ppf(0.5 + confidence / 2)) * error
    return kappa, max(kappa - width, -1.0), min(kappa + width, 1.0)
