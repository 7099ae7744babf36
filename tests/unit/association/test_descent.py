"""Minimisations side by side against scipy's own, one by one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize, rosen, rosen_der

from anpi.association.descent import descend


def valleys(shift: np.ndarray):
    """Return Rosenbrock's valley, moved for each curve."""

    def curves(rows, points):
        moved = points - shift[rows]
        return np.array([rosen(point) for point in moved]), np.array([rosen_der(point) for point in moved])

    return curves


@pytest.mark.parametrize("bounds", [None, (-1.5, 0.7)])
def test_each_search_ends_where_scipy_ends_to_the_bit(bounds):
    rng = np.random.default_rng(1)
    start, shift = rng.uniform(-1.4, 0.6, (40, 3)), rng.normal(0, 0.3, (40, 3))
    curves = valleys(shift)
    found, converged = descend(curves, start, 1e-9, 1e-6, bounds)
    for i in range(40):
        expected = minimize(
            lambda point, i=i: rosen(point - shift[i]),
            start[i],
            jac=lambda point, i=i: rosen_der(point - shift[i]),
            method="L-BFGS-B",
            bounds=bounds and [bounds] * 3,
            options={"ftol": 1e-9, "gtol": 1e-6},
        )
        assert (found[i] == expected.x).all()
        assert converged[i] == expected.success


def test_a_search_that_cannot_go_on_is_not_called_converged():
    """The slope says down where the curve goes up."""

    def curves(rows, points):
        return (points**2).sum(axis=1), np.where(rows == 1, -1.0, 1.0)[:, None] * 2 * points

    found, converged = descend(curves, np.array([[1.0], [1.0]]), 1e-9, 1e-6)
    assert converged.tolist() == [True, False]
    assert abs(found[0, 0]) < 1e-6
