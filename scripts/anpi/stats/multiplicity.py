"""Adjustment of p-values over a family of tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

METHODS = ("holm", "bh", "none", "fixed_sequence")


def adjust(p: ArrayLike, method: str) -> NDArray[np.float64]:
    """Adjust p-values: Holm or a fixed sequence (family-wise error), Benjamini and Hochberg (false discovery rate).

    NaN (a test that could not be made) stays NaN and does not count; in a fixed sequence it ends the sequence, and
    what follows has p 1.
    """
    values = np.asarray(p, dtype=float)
    result = np.full(values.shape, np.nan)
    made = np.isfinite(values)
    if method == "fixed_sequence":
        result[made] = np.maximum.accumulate(np.where(made, values, 1.0))[made]
        return result
    part = values[made]
    count = len(part)
    if method == "none" or not count:
        result[made] = part
        return result
    order = np.argsort(part, kind="stable")
    if method == "holm":
        stepped = np.maximum.accumulate(part[order] * (count - np.arange(count)))
    elif method == "bh":
        stepped = np.minimum.accumulate((part[order] * count / np.arange(1, count + 1))[::-1])[::-1]
    else:
        raise ValueError(method)
    adjusted = np.empty(count)
    adjusted[order] = np.minimum(stepped, 1.0)
    result[made] = adjusted
    return result
