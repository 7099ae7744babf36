"""Ranks with ties."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray


def midranks(values: ArrayLike) -> NDArray[np.float64]:
    """Return ranks from 1, equal values at the mean of their ranks.

    By pandas, which every program loads; scipy.stats would take half a second of each start.
    """
    return pd.Series(np.asarray(values, dtype=float)).rank().to_numpy()
