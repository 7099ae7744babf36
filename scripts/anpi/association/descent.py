"""Many small minimisations side by side, each of which goes as scipy's L-BFGS-B goes alone."""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat

import numpy as np
from scipy.optimize._lbfgsb import setulb  # one step of what `minimize` runs; scipy has no public name for it

CORRECTIONS, LINE_SEARCH, MOST_EVALUATIONS = 10, 20, 15_000  # those of `minimize`
MOVED, ASKS, CONVERGED = 1, 3, 4  # what a search says after a step
Curves = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def descend(
    curves: Curves, start: np.ndarray, relative: float, steepness: float, bounds: tuple[float, float] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the point at which each curve is least, and whether its search converged.

    Parameters
    ----------
    curves : callable
        Takes the numbers of some curves and a point of each; returns their values and gradients there.
    start : (curves, variables) array
        Within the bounds.
    relative, steepness : float
        ``ftol`` and ``gtol`` of `scipy.optimize.minimize`.
    bounds : (float, float), optional
        Of every variable.
    """
    count, size = start.shape
    points, gradients, values = np.array(start, dtype=float), np.zeros(start.shape), [0.0] * count
    low, high = (np.full(size, bound) for bound in bounds or (0.0, 0.0))
    kind = np.full(size, 2 if bounds else 0, dtype=np.int32)
    room = 2 * CORRECTIONS * size + 5 * size + 11 * CORRECTIONS**2 + 8 * CORRECTIONS
    task, *whole = (np.zeros((count, length), dtype=np.int32) for length in (2, 3 * size, 4, 44, 2))
    point, slope = list(points), list(gradients)
    reals = np.zeros((count, room)), np.zeros((count, 29))
    memory = list(zip(reals[0], whole[0], task, whole[1], whole[2], reals[1], repeat(LINE_SEARCH), whole[3]))
    factor, said = relative / np.finfo(float).eps, task.data
    asking = list(range(count))
    for _ in range(MOST_EVALUATIONS + 1):
        for i in asking:
            setulb(CORRECTIONS, point[i], low, high, kind, values[i], slope[i], factor, steepness, *memory[i])
            while said[i, 0] == MOVED:
                setulb(CORRECTIONS, point[i], low, high, kind, values[i], slope[i], factor, steepness, *memory[i])
        asking = [i for i in asking if said[i, 0] == ASKS]
        if not asking:
            break
        found, gradients[asking] = curves(np.array(asking), points[asking])
        for i, value in zip(asking, found.tolist(), strict=True):
            values[i] = value
    return points, task[:, 0] == CONVERGED
