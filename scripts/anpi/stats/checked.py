"""Statistics as other programs call them: what is no number, no event or no pair of rows is refused before it counts.

The library's own callers hand over what was checked with its table, and call the functions themselves.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ParamSpec, TypeVar

import numpy as np
import pandas as pd

from anpi.problems import Problem, refuse

P = ParamSpec("P")
T = TypeVar("T")
OF_PATIENTS = ("time", "event", "y", "start", "x", "strata")
EXPECTED = {
    "time": "a number, 0 or above",
    "start": "a number, 0 or above",
    "event": "1 for an event, 0 for none",
    "y": "1 for the outcome, 0 for none",
    "x": "a finite number",
    "strata": "the name of a stratum",
}
MEND = "Leave out rows with missing values, and code what is there so."


def checked(function: Callable[P, T]) -> Callable[P, T]:
    """Return a function of statistics that checks its arguments by their names.

    ``time``, ``event``, ``y``, ``start``, ``strata`` and the data frame ``x`` have a row per patient each.

    Raises
    ------
    InputError
        An argument that holds something else, is of another length, or has the rows of another in another order.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        bound = signature.bind(*args, **kwargs)
        given = {name: bound.arguments[name] for name in OF_PATIENTS if bound.arguments.get(name) is not None}
        whole = given | ({"level": bound.arguments["level"]} if "level" in bound.arguments else {})
        refuse([*faults(function.__name__, whole)])
        bound.arguments |= {name: values_of(name, value) for name, value in given.items()}
        return function(*bound.args, **bound.kwargs)

    return call


def faults(function: str, given: Mapping[str, Any]) -> Iterator[Problem]:
    """Find what is wrong with the arguments of one call: each by itself first, then together."""
    if "level" in given and not 0 < given["level"] < 1:
        yield Problem(function, column="level", found=str(given["level"]), expected="a share, such as 0.95")
    rows = {name: value for name, value in given.items() if name != "level"}
    if "x" in rows and not isinstance(rows["x"], pd.DataFrame):
        yield Problem(function, column="x", found=type(rows.pop("x")).__name__, expected="a data frame of covariates")
    lengths = {name: len(value) if np.ndim(value) else 0 for name, value in rows.items()}
    if len(set(lengths.values())) > 1 or 0 in lengths.values():
        found = ", ".join(f"{name} of {count}" for name, count in lengths.items())
        yield Problem(function, "a row per patient in each argument", found=found, expected="the same number, above 0")
        return
    for name, value in rows.items():
        yield from bad_values(function, name, value)
    yield from other_order(function, rows)
    if {"time", "start"} <= set(rows):
        late = ~(values_of("start", rows["start"]) < values_of("time", rows["time"]))
        yield from first(function, "start", rows["start"], late, "a start before the time of its row")


def bad_values(function: str, name: str, value: Any) -> Iterator[Problem]:
    """Find the first value of an argument, or of each of its columns, that is not of its kind."""
    columns = [(f"x, {column}", cells) for column, cells in value.items()] if name == "x" else [(name, value)]
    for column, cells in columns:
        if name == "strata":
            wrong = pd.isna(pd.Series(np.asarray(cells, dtype=object))).to_numpy()
        else:
            numbers = as_numbers(cells)
            wrong = ~np.isfinite(numbers)
            wrong |= ~np.isin(numbers, (0, 1)) if name in ("event", "y") else (numbers < 0) & (name != "x")
        yield from first(function, column, cells, wrong, EXPECTED[name])


def first(function: str, column: str, cells: Any, wrong: np.ndarray, expected: str) -> Iterator[Problem]:
    """Tell of the first of the rows that are wrong, and how many there are."""
    places = np.flatnonzero(wrong)
    if len(places):
        found = str(np.asarray(cells, dtype=object)[places[0]])
        message = f"value {places[0] + 1} of {len(wrong)}" + (f", and {len(places) - 1} more" * (len(places) > 1))
        yield Problem(function, message, column=column, found=found, expected=expected, mend=MEND)


def other_order(function: str, rows: Mapping[str, Any]) -> Iterator[Problem]:
    """Find arguments whose labels are those of another in another order: rows are paired by place, not by label."""
    labelled = [(name, value.index) for name, value in rows.items() if isinstance(value, (pd.Series, pd.DataFrame))]
    for name, index in labelled[1:]:
        first_name, usual = labelled[0]
        if not index.equals(usual) and index.is_unique and usual.is_unique and not len(index.difference(usual)):
            mend = f"Bring it into that order: {name}.loc[{first_name}.index]."
            yield Problem(function, f"the rows of {first_name} in another order", column=name, mend=mend)


def as_numbers(cells: Any) -> np.ndarray:
    """Return values as numbers, NaN for what is none: dates and spans of time are none."""
    values = np.asarray(cells)
    if values.dtype.kind in "mM":
        return np.full(len(values), np.nan)
    values = values.astype(object)
    kinds = (str, int, float, bool, np.number, np.bool_)
    return np.array([number(value) if isinstance(value, kinds) else np.nan for value in values], dtype=float)


def number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def values_of(name: str, value: Any) -> Any:
    """Return a checked argument as the functions take it."""
    if name == "strata":
        return np.asarray(value)
    return value.apply(as_numbers) if name == "x" else as_numbers(value)
