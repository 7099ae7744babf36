"""Maximum likelihood by Newton's steps, Firth's penalty, profile intervals: one rule for every regression.

Every decision (an estimate or none, which limit) is made with room: steps end when the next one would move the
estimate by far less than a millionth of its standard error, and a maximum is refused when the information has fallen
to a millionth of what it is at the start. The last bits of a processor decide neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, fdtrc, ndtri, stdtrit

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
SMALLEST_STEP = 1e-6
CERTAIN_STEP = 1e-4
LONGEST_STEP = 4.0
MOST_STEPS = 100
MOST_HALVINGS = 30
COLLINEAR = 1e-8
FLAT = 1e-6
DIFFERENCE = 1e-4
FARTHEST = 64.0
LIMIT_TOLERANCE = 1e-5


@dataclass(frozen=True)
class Point:
    """A log-likelihood at one place: value, score (k) and information (k x k).

    ``slope`` gives for a matrix (k x k) the trace of its product with the derivative of the information by each
    coefficient (k).
    """

    value: float
    score: Array
    information: Array
    slope: Callable[[Array], Array] | None = None


class Likelihood(Protocol):
    """A log-likelihood of k coefficients."""

    @property
    def spread(self) -> Array:
        """Information that each coefficient would have at best (k): the measure of what counts as none."""

    def at(self, beta: Array) -> Point:
        """Evaluate it."""

    def curvature(self, beta: Array, point: Point, free: Mask) -> Array:
        """Return negative second derivatives over the free coefficients."""


@dataclass(frozen=True)
class Penalised:
    """A likelihood with Firth's penalty, half the log determinant of its information (Firth 1993)."""

    plain: Likelihood

    @property
    def spread(self) -> Array:
        return self.plain.spread

    def at(self, beta: Array) -> Point:
        point = self.plain.at(beta)
        sign, log_determinant = np.linalg.slogdet(point.information)
        if sign <= 0 or not np.isfinite(log_determinant) or point.slope is None:
            return Point(-np.inf, point.score, point.information)
        inverse = np.asarray(np.linalg.inv(point.information), dtype=np.float64)
        pull = 0.5 * point.slope(inverse)
        return Point(point.value + 0.5 * float(log_determinant), point.score + pull, point.information)

    def curvature(self, beta: Array, point: Point, free: Mask) -> Array:
        """Return differences of the score, a ten-thousandth of a standard error apart."""
        steps = DIFFERENCE / np.sqrt(np.diag(point.information))
        places = np.flatnonzero(free)
        columns = []
        for place in places:
            moved = beta.copy()
            moved[place] += steps[place]
            columns.append((point.score - self.at(moved).score)[places] / steps[place])
        found = np.column_stack(columns)
        return (found + found.T) / 2


def scaled(information: Array) -> Array:
    """Return the information in units of its own diagonal, like a correlation matrix."""
    size = np.sqrt(np.diag(information))
    return information / np.outer(size, size)


def estimable(information: Array, spread: Array) -> bool:
    """Return whether every coefficient has information of its own, none being a combination of others."""
    if not (np.diag(information) > COLLINEAR * spread).all():
        return False
    return positive_definite(information)


def information_kept(information: Array, first: Array) -> float:
    """Return the smallest share of the first information, over all directions, that is still there."""
    root = np.linalg.inv(np.linalg.cholesky(first))
    return float(np.linalg.eigvalsh(root @ information @ root.T)[0])


def positive_definite(matrix: Array) -> bool:
    if not np.isfinite(matrix).all() or (np.diag(matrix) <= 0).any():
        return False
    return bool(np.linalg.eigvalsh(scaled(matrix))[0] > COLLINEAR)


def climb(likelihood: Likelihood, start: Array, free: Mask) -> tuple[Array, Point] | None:
    """Maximise over the free coefficients, the others held; None when a hundred steps end nowhere or on a saddle."""
    beta, point = start.astype(float).copy(), likelihood.at(start)
    if not free.any():
        return beta, point
    part = np.ix_(free, free)
    for _ in range(MOST_STEPS):
        curvature = likelihood.curvature(beta, point, free)
        hill = positive_definite(curvature)
        if not hill:
            curvature = point.information[part]
            if not positive_definite(curvature):
                return None
        step = np.zeros(len(beta))
        step[free] = np.linalg.solve(curvature, point.score[free])
        length = float(np.sqrt(max(0.0, float(step[free] @ point.score[free]))))
        if length > LONGEST_STEP:
            step *= LONGEST_STEP / length
        found = shortened(likelihood, beta, point, step, certain=length < CERTAIN_STEP)
        if found is None:
            return None
        beta, point = found
        if length < SMALLEST_STEP:
            return (beta, point) if hill else None
    return None


def shortened(
    likelihood: Likelihood, beta: Array, point: Point, step: Array, certain: bool
) -> tuple[Array, Point] | None:
    """Take a step, halved until the likelihood rises; a certain step is so short that its rise cannot be seen."""
    for _ in range(MOST_HALVINGS):
        found = likelihood.at(beta + step)
        if found.value > point.value or (certain and np.isfinite(found.value)):
            return beta + step, found
        step = step / 2
    return None


def maximum(likelihood: Likelihood) -> tuple[Array, Point] | None:
    """Maximise over all coefficients; None where there is no finite maximum.

    That is so when coefficients cannot be told apart, and when the likelihood rises without end (separation,
    monotone likelihood): then the information falls towards nothing on the way.
    """
    start = np.zeros(len(likelihood.spread))
    first = likelihood.at(start).information
    if not estimable(first, likelihood.spread):
        return None
    found = climb(likelihood, start, np.ones(len(start), dtype=bool))
    if found is None or not positive_definite(found[1].information):
        return None
    return found if information_kept(found[1].information, first) > FLAT else None


def conditional(likelihood: Likelihood, near: Array, place: int, value: float) -> tuple[Array, Point] | None:
    """Maximise with one coefficient held at a value, from a maximum nearby."""
    free = np.ones(len(near), dtype=bool)
    free[place] = False
    start = near.copy()
    start[place] = value
    if free.any():
        information = likelihood.at(near).information
        start[free] -= np.linalg.solve(information[np.ix_(free, free)], information[free, place]) * (
            value - near[place]
        )
        if not np.isfinite(likelihood.at(start).value):
            start[free] = near[free]
    return climb(likelihood, start, free) or climb(likelihood, np.where(free, 0.0, value), free)


def profile_limit(likelihood: Likelihood, best: tuple[Array, Point], place: int, sign: float, goal: float) -> float:
    """Find where the signed root of the deviance reaches a goal (of 95%: 1.96); infinite where it never does.

    That root is nearly a straight line in the coefficient, so Newton's steps find the place,
    held between a point inside and one outside.
    """
    beta, top = best
    error = float(np.sqrt(np.linalg.inv(top.information)[place, place]))
    inside, outside, near = 0.0, np.inf, beta
    distance = goal * error
    for _ in range(MOST_STEPS):
        found = conditional(likelihood, near, place, beta[place] + sign * distance)
        if found is None:
            outside, distance = distance, (inside + distance) / 2
            if outside - inside < error * LIMIT_TOLERANCE:
                return sign * np.inf
            continue
        near = found[0]
        root = float(np.sqrt(max(0.0, 2 * (top.value - found[1].value))))
        inside, outside = (distance, outside) if root < goal else (inside, distance)
        steepness = -sign * float(found[1].score[place]) / root if root > 0 else 0.0
        step = (goal - root) / steepness if steepness > 0 else np.inf
        if abs(root - goal) < LIMIT_TOLERANCE:
            return float(beta[place] + sign * (distance + step))
        distance = next_distance(distance, step, inside, outside)
        if distance > FARTHEST * error:
            return sign * np.inf
    return float(beta[place] + sign * distance)


def next_distance(distance: float, step: float, inside: float, outside: float) -> float:
    """Take Newton's step where it stays between the bounds, and at most doubles the distance; else go half way."""
    wanted = distance + step
    if np.isinf(outside):
        return min(wanted, 2 * distance) if wanted > inside else 2 * distance
    return wanted if inside < wanted < outside else (inside + outside) / 2


def profile_chi_square(likelihood: Likelihood, best: tuple[Array, Point], places: Sequence[int]) -> float:
    """Return the likelihood-ratio chi-square of some coefficients being 0; NaN when it cannot be found."""
    beta, top = best
    free = np.ones(len(beta), dtype=bool)
    free[list(places)] = False
    found = climb(likelihood, np.where(free, beta, 0.0), free) or climb(likelihood, np.zeros(len(beta)), free)
    if found is None:
        return np.nan
    return max(0.0, 2 * (top.value - found[1].value))


@dataclass(frozen=True)
class RegressionFit:
    """Coefficients on the log scale with their standard errors; arrays in the order of ``terms``.

    Intervals and p are those of the profile likelihood (penalised with Firth), so the two agree: the interval holds 0
    just when p is at least 1 - level. They are searched when they are asked for. ``log_likelihood`` and
    ``null_log_likelihood`` are comparable within one method alone; under Firth the null keeps the whole model's
    penalty. With ``df`` the signed root of the deviance is held against Student's t, and that of several terms against
    F, of so many degrees of freedom; else against the normal and chi-square distributions.
    """

    terms: tuple[str, ...]
    coef: Array
    se: Array
    log_likelihood: float
    method: str
    level: float
    likelihood: Likelihood = field(repr=False, compare=False)
    best: tuple[Array, Point] = field(repr=False, compare=False)
    df: float = np.inf

    @property
    def goal(self) -> float:
        """Return the signed root of the deviance at the limits."""
        tail = 0.5 + self.level / 2
        return float(ndtri(tail) if np.isinf(self.df) else stdtrit(self.df, tail))

    def places(self, terms: Iterable[object]) -> list[int]:
        """Return where terms stand among all coefficients, of which the first may be of no interest."""
        before = len(self.best[0]) - len(self.terms)
        return [before + self.terms.index(str(term)) for term in terms]

    def limits(self, sign: float) -> Array:
        """Return the lower (-1) or upper (1) limits of all terms."""
        places = self.places(self.terms)
        return np.array([profile_limit(self.likelihood, self.best, place, sign, self.goal) for place in places])

    @cached_property
    def low(self) -> Array:
        """Lower limits of the intervals."""
        return self.limits(-1.0)

    @cached_property
    def high(self) -> Array:
        """Upper limits of the intervals."""
        return self.limits(1.0)

    @cached_property
    def p(self) -> Array:
        """p of each coefficient being 0."""
        return np.array([self.joint_test([term])[1] for term in self.terms])

    @cached_property
    def null_log_likelihood(self) -> float:
        """Log-likelihood with all coefficients of ``terms`` at 0."""
        return self.log_likelihood - self.joint_test(self.terms)[0] / 2

    def ratio(self, term: str) -> tuple[float, float, float, float]:
        """Return exp(coef), its interval and p of one term."""
        (place,) = self.places([term])
        limits = [profile_limit(self.likelihood, self.best, place, sign, self.goal) for sign in (-1.0, 1.0)]
        with np.errstate(over="ignore"):
            estimate, low, high = np.exp([self.coef[self.terms.index(term)], *limits])
        return float(estimate), float(low), float(high), self.joint_test([term])[1]

    def joint_test(self, tested: Iterable[object]) -> tuple[float, float]:
        """Return the likelihood-ratio chi-square and p of all ``tested`` coefficients being 0.

        Under Firth the penalty stays that of the whole model, as in logistf's joint test.
        """
        places = self.places(tested)
        chi_square = profile_chi_square(self.likelihood, self.best, places)
        if np.isinf(self.df):
            return chi_square, float(chdtrc(len(places), chi_square))
        return chi_square, float(fdtrc(len(places), self.df, chi_square / len(places)))

    def wald(self) -> tuple[Array, Array]:
        """Return the interval of estimate and standard error, for comparison with programs that give no other."""
        half = ndtri(0.5 + self.level / 2) * self.se
        return self.coef - half, self.coef + half


def fit_regression(
    likelihood: Likelihood, terms: Iterable[object], method: str, level: float, before: int = 0, df: float = np.inf
) -> RegressionFit | None:
    """Maximise a likelihood and describe its coefficients, of which the first ``before`` are of no interest."""
    best = maximum(likelihood)
    if best is None:
        return None
    beta, top = best
    se = np.sqrt(np.diag(np.linalg.inv(top.information)))[before:]
    return RegressionFit(tuple(map(str, terms)), beta[before:], se, top.value, method, level, likelihood, best, df)
