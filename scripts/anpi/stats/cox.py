"""Cox regression: Efron's by lifelines, Firth's by firthmodels, and the score test of proportional hazards."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from firthmodels import FirthCoxPH
from lifelines import CoxPHFitter, CoxTimeVaryingFitter
from lifelines.exceptions import ConvergenceError, ConvergenceWarning
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, ndtri

from anpi.stats.profile import maximum_over, mend_limits
from anpi.stats.survival import kaplan_meier

Array = NDArray[np.float64]
GRADIENT_TOLERANCE = 1e-8
LARGEST_LOG_HAZARD_RATIO = 10.0
NOT_CONVERGED = ".*(failed to converge|still high)"
PRECISE = {"precision": 1e-12, "r_precision": 1e-14}


@dataclass(frozen=True)
class RegressionFit:
    """Coefficients on the log scale with intervals; arrays in the order of ``terms``.

    ``log_likelihood`` and ``null_log_likelihood`` are comparable within one method alone (penalised for Firth).
    """

    terms: tuple[str, ...]
    coef: Array
    se: Array
    low: Array
    high: Array
    p: Array
    log_likelihood: float
    null_log_likelihood: float
    method: str

    def ratio(self, term: str) -> tuple[float, float, float, float]:
        """Give exp(coef), its interval and p of one term."""
        place = self.terms.index(term)
        with np.errstate(over="ignore"):
            values = np.exp([self.coef[place], self.low[place], self.high[place]])
        return float(values[0]), float(values[1]), float(values[2]), float(self.p[place])


def fit_cox(
    time: ArrayLike,
    event: ArrayLike,
    x: pd.DataFrame,
    strata: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> RegressionFit | None:
    """Fit Cox's model by maximum partial likelihood, ties by Efron, with Wald intervals.

    Parameters
    ----------
    time, event : (n,) array
    x : (n, k) DataFrame
        Numeric covariates.
    strata : (n,) array, optional
        Each stratum has its own baseline hazard.
    weights : (n,) array, optional
        Case weights; the errors are then robust.

    Returns
    -------
    RegressionFit or None
        None when the likelihood has no finite maximum (monotone likelihood, collinear covariates, no event).
    """
    if not np.asarray(event).any() or x.shape[1] == 0:
        return None
    frame = x.set_axis([f"x{i}" for i in range(x.shape[1])], axis=1).astype(float).reset_index(drop=True)
    names = list(frame.columns)
    frame["time"], frame["event"] = np.asarray(time, dtype=float), np.asarray(event, dtype=float)
    options: dict[str, object] = {}
    if strata is not None:
        frame["stratum"] = np.asarray(strata, dtype=object)
        options["strata"] = ["stratum"]
    if weights is not None:
        frame["weight"] = np.asarray(weights, dtype=float)
        options |= {"weights_col": "weight", "robust": True}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.filterwarnings("error", message=NOT_CONVERGED, category=ConvergenceWarning)
            model = CoxPHFitter(alpha=1 - level).fit(frame, "time", "event", fit_options=PRECISE, **options)
    except (ConvergenceError, ConvergenceWarning, np.linalg.LinAlgError, ValueError, ZeroDivisionError):
        return None
    coef = model.params_[names].to_numpy()
    if not np.isfinite(coef).all() or (np.abs(coef) * frame[names].std().to_numpy() > LARGEST_LOG_HAZARD_RATIO).any():
        return None
    limits = model.confidence_intervals_.loc[names].to_numpy()
    null = model.log_likelihood_ratio_test() if weights is None else None
    likelihood = float(model.log_likelihood_)
    return RegressionFit(
        tuple(map(str, x.columns)),
        coef,
        model.standard_errors_[names].to_numpy(),
        limits[:, 0],
        limits[:, 1],
        model.summary["p"].loc[names].to_numpy(),
        likelihood,
        likelihood - float(null.test_statistic) / 2 if null is not None else np.nan,
        "Cox (Efron)" + (", stratified" if strata is not None else "") + (", weighted" if weights is not None else ""),
    )


def fit_firth_cox(time: ArrayLike, event: ArrayLike, x: pd.DataFrame, level: float = 0.95) -> RegressionFit | None:
    """Fit Cox's model with Firth's penalty; profile penalised-likelihood intervals and p (Heinze & Schemper 2001).

    Finite also under monotone likelihood. Ties by Breslow. None when there is no event or covariates are collinear.
    """
    event_ = np.asarray(event, dtype=bool)
    values = x.to_numpy(dtype=float)
    if not event_.any() or not full_rank(values):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = FirthCoxPH(backend="numpy", gtol=GRADIENT_TOLERANCE, max_iter=200, max_halfstep=25)
        try:
            model.fit(values, (event_, np.asarray(time, dtype=float)))
            model.lrt()
            limits = model.conf_int(alpha=1 - level, method="pl")
        except (ValueError, np.linalg.LinAlgError, RuntimeError):
            return None
    if not model.converged_:
        return None
    time_ = np.asarray(time, dtype=float)

    def likelihood(beta: Array) -> float:
        return penalised_cox_likelihood(beta, values, time_, event_)

    found = limits[:, 0], limits[:, 1], model.lrt_pvalues_
    low, high, p = mend_limits(likelihood, model.coef_, found, level)
    best, null = likelihood(model.coef_), likelihood(np.zeros(values.shape[1]))
    return RegressionFit(tuple(map(str, x.columns)), model.coef_, model.bse_, low, high, p, best, null, "Firth Cox")


def full_rank(values: Array) -> bool:
    """Tell whether no column is constant or a combination of others."""
    centred = values - values.mean(axis=0) if len(values) else values
    return values.shape[1] > 0 and int(np.linalg.matrix_rank(centred)) == values.shape[1]


def separated(event: ArrayLike, x: pd.DataFrame) -> bool:
    """Tell whether some column of two values has no event on one side, so that its coefficient has no finite value."""
    event_ = np.asarray(event, dtype=bool)
    for column in x.columns:
        values = x[column].to_numpy()
        levels = np.unique(values)
        if len(levels) == 2 and any(not event_[values == value].any() for value in levels):
            return True
    return False


def likelihood_ratio(larger: RegressionFit, smaller_log_likelihood: float, df: int) -> tuple[float, float]:
    """Likelihood-ratio chi-square of ``df`` restrictions and its p."""
    chi_square = max(0.0, 2 * (larger.log_likelihood - smaller_log_likelihood))
    return chi_square, float(chdtrc(df, chi_square))


def firth_cox_restricted(time: ArrayLike, event: ArrayLike, x: pd.DataFrame, tested: Sequence[str]) -> float:
    """Give the largest penalised log-likelihood with the coefficients of ``tested`` held at 0.

    The penalty stays that of the whole model, as in logistf's joint test.
    """
    values, time_, event_ = x.to_numpy(dtype=float), np.asarray(time, dtype=float), np.asarray(event, dtype=bool)
    free = np.array([column not in set(tested) for column in x.columns])
    return maximum_over(free, lambda beta: penalised_cox_likelihood(beta, values, time_, event_))


def penalised_cox_likelihood(beta: Array, x: Array, time: Array, event: NDArray[np.bool_]) -> float:
    """Log partial likelihood (Breslow) plus half the log determinant of its information."""
    likelihood, information = 0.0, np.zeros((len(beta), len(beta)))
    for moment in event_moments(beta, x, time, event, np.zeros(len(time)), efron=False):
        likelihood += moment.log_likelihood
        information += moment.variance
    sign, log_determinant = np.linalg.slogdet(information)
    return likelihood + 0.5 * float(log_determinant) if sign > 0 else -np.inf


@dataclass(frozen=True)
class EventMoment:
    """What one event time of one stratum adds: log-likelihood, score (k), information (k x k)."""

    time: float
    deaths: int
    log_likelihood: float
    score: Array
    variance: Array


def event_moments(
    beta: Array, x: Array, time: Array, event: NDArray[np.bool_], strata: NDArray[np.generic], efron: bool = True
) -> Iterator[EventMoment]:
    """Walk over the event times of a Cox model, ties by Efron or Breslow."""
    for stratum in np.unique(strata):
        inside = strata == stratum
        xs, ts, es = x[inside], time[inside], event[inside]
        eta = xs @ beta
        eta = eta - eta.max()
        risk = np.exp(eta)
        for moment in np.unique(ts[es]):
            at_risk, dead = ts >= moment, (ts == moment) & es
            deaths = int(dead.sum())
            score = xs[dead].sum(axis=0)
            variance = np.zeros((x.shape[1], x.shape[1]))
            likelihood = float(eta[dead].sum())
            for step in range(deaths):
                weight = risk * at_risk
                if efron:
                    weight = weight - (step / deaths) * risk * dead
                total = weight.sum()
                mean = weight @ xs / total
                centred = xs - mean
                variance += (centred * weight[:, None]).T @ centred / total
                score = score - mean
                likelihood -= float(np.log(total))
            yield EventMoment(float(moment), deaths, likelihood, score, variance)


@dataclass(frozen=True)
class ProportionalHazards:
    """Score test of proportional hazards by term, and over all terms (last)."""

    terms: tuple[str, ...]
    chi_square: Array
    df: NDArray[np.int64]
    p: Array


def proportional_hazards(
    time: ArrayLike,
    event: ArrayLike,
    x: pd.DataFrame,
    coef: Array,
    strata: ArrayLike | None = None,
    terms: dict[str, list[str]] | None = None,
    transform: str = "km",
) -> ProportionalHazards:
    """Test whether coefficients change with time, by the score test of Therneau (cox.zph of survival 3).

    Parameters
    ----------
    coef : (k,) array
        Coefficients of the fitted model (Efron), in the order of ``x``.
    terms : dict, optional
        Columns that form a term, such as the dummies of one factor; each column alone when absent.
    transform : {'km', 'rank', 'identity'}
        Scale of time; ``km`` is 1 - S(t-).
    """
    values, time_ = x.to_numpy(dtype=float), np.asarray(time, dtype=float)
    event_ = np.asarray(event, dtype=bool)
    stratum = np.zeros(len(time_)) if strata is None else np.asarray(strata, dtype=object)
    moments = list(event_moments(coef, values, time_, event_, stratum))
    scale = time_scale(np.array([m.time for m in moments]), time_, event_, transform)
    deaths = np.array([m.deaths for m in moments])
    scale = scale - (scale * deaths).sum() / deaths.sum()
    score = sum(g * m.score for g, m in zip(scale, moments, strict=True))
    base = sum(m.variance for m in moments)
    cross = sum(g * m.variance for g, m in zip(scale, moments, strict=True))
    square = sum(g**2 * m.variance for g, m in zip(scale, moments, strict=True))
    remaining = np.asarray(square - cross @ np.linalg.pinv(np.asarray(base)) @ cross)
    groups = terms or {str(column): [str(column)] for column in x.columns}
    names = list(map(str, x.columns))
    blocks = [[names.index(column) for column in columns] for columns in groups.values()]
    blocks.append(list(range(len(names))))
    chi_square = np.array([score_chi_square(np.asarray(score)[b], remaining[np.ix_(b, b)]) for b in blocks])
    df = np.array([len(block) for block in blocks])
    return ProportionalHazards((*groups, "GLOBAL"), chi_square, df, np.asarray(chdtrc(df, chi_square)))


def score_chi_square(score: Array, variance: Array) -> float:
    return float(score @ np.linalg.pinv(variance, hermitian=True) @ score)


def time_scale(moments: Array, time: Array, event: NDArray[np.bool_], transform: str) -> Array:
    if transform == "identity":
        return moments
    if transform == "rank":
        ordered = np.sort(time)
        first, last = np.searchsorted(ordered, moments), np.searchsorted(ordered, moments, side="right")
        return (first + last + 1) / 2
    if transform == "km":
        curve = kaplan_meier(time, event)
        before = np.searchsorted(curve.times, moments, side="left")
        return 1 - np.concatenate([[1.0], curve.survival])[before]
    raise ValueError(transform)


def fit_time_dependent(
    subject: ArrayLike, start: ArrayLike, stop: ArrayLike, event: ArrayLike, x: pd.DataFrame, level: float = 0.95
) -> RegressionFit | None:
    """Fit Cox's model to intervals (start, stop] with covariates that change over time.

    Returns
    -------
    RegressionFit or None
        Wald intervals; None when the likelihood has no finite maximum.
    """
    frame = x.set_axis([f"x{i}" for i in range(x.shape[1])], axis=1).astype(float).reset_index(drop=True)
    names = list(frame.columns)
    frame = frame.assign(subject=np.asarray(subject), start=np.asarray(start, dtype=float))
    frame = frame.assign(stop=np.asarray(stop, dtype=float), event=np.asarray(event, dtype=bool))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.filterwarnings("error", message=NOT_CONVERGED, category=ConvergenceWarning)
            model = CoxTimeVaryingFitter(alpha=1 - level).fit(
                frame, id_col="subject", event_col="event", start_col="start", stop_col="stop", fit_options=PRECISE
            )
    except (ConvergenceError, ConvergenceWarning, np.linalg.LinAlgError, ValueError, ZeroDivisionError):
        return None
    coef, se = model.params_[names].to_numpy(), model.standard_errors_[names].to_numpy()
    half = ndtri(0.5 + level / 2) * se
    return RegressionFit(
        tuple(map(str, x.columns)),
        coef,
        se,
        coef - half,
        coef + half,
        model.summary["p"].loc[names].to_numpy(),
        float(model.log_likelihood_),
        np.nan,
        "Cox (Efron), time-dependent",
    )
