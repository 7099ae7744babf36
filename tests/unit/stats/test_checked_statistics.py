"""Statistics of the public interface: arguments that would count as something else are refused, right ones are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import anpi
from anpi.problems import InputError
from anpi.stats import cox, survival

TIME = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
EVENT = [1, 0, 1, 1, 0, 1, 0, 1]
X = pd.DataFrame({"age": [61.0, 58, 70, 49, 66, 72, 55, 63]})
LABELS = [f"P{place}" for place in range(8)]


def changed(values: list[Any], place: int, value: Any) -> list[Any]:
    return [value if at == place else one for at, one in enumerate(values)]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"event": changed(EVENT, 2, float("nan"))}, "event: value 3 of 8, found 'nan', expected 1 for an event"),
        ({"event": pd.Series(changed(EVENT, 1, None), dtype="Int64")}, "event: value 2 of 8, found '<NA>'"),
        ({"event": [one + 1 for one in EVENT]}, "event: value 1 of 8, and 4 more, found '2'"),
        ({"time": changed(TIME, 0, float("nan"))}, "time: value 1 of 8, found 'nan'"),
        ({"time": changed(TIME, 7, -1.0)}, "time: value 8 of 8, found '-1.0', expected a number, 0 or above"),
        ({"time": pd.to_timedelta(TIME, unit="D")}, "time: value 1 of 8"),
        ({"event": EVENT[:-1]}, "time of 8, event of 7"),
        ({"time": [], "event": []}, "time of 0, event of 0"),
        ({"event": 1}, "event of 0"),
        ({"level": 95}, "level: found '95', expected a share"),
        (
            {"time": pd.Series(TIME, LABELS), "event": pd.Series(EVENT, LABELS)[::-1]},
            "event: the rows of time in another order. Bring it into that order: event.loc[time.index].",
        ),
    ],
)
def test_what_would_count_as_something_else_is_refused(given: dict[str, Any], words: str):
    with pytest.raises(InputError) as fault:
        anpi.kaplan_meier(**{"time": TIME, "event": EVENT, **given})
    assert words in str(fault.value)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"x": X.assign(age=changed(list(X["age"]), 3, None))}, "x, age: value 4 of 8, found 'nan'"),
        ({"x": X.assign(sex="F")}, "x, sex: value 1 of 8, and 7 more, found 'F', expected a finite number"),
        ({"x": X.to_numpy()}, "x: found 'ndarray', expected a data frame"),
        ({"x": X.iloc[:5]}, "x of 5"),
        ({"strata": ["a", None] * 4}, "strata: value 2 of 8, and 3 more, found 'None'"),
        ({"start": TIME}, "start: value 1 of 8, and 7 more, found '1.0', expected a start before the time"),
    ],
)
def test_covariates_that_are_none_are_refused(given: dict[str, Any], words: str):
    with pytest.raises(InputError) as fault:
        anpi.fit_cox(**{"time": TIME, "event": EVENT, "x": X, **given})
    assert words in str(fault.value)


def test_an_outcome_coded_1_and_2_is_refused():
    with pytest.raises(InputError, match=r"fit_logistic, y: value 1 of 8, and 4 more, found '2', expected 1 for the"):
        anpi.fit_logistic([one + 1 for one in EVENT], X)


@pytest.mark.parametrize(
    "given",
    [
        {"event": np.array(EVENT, dtype=bool)},
        {"event": pd.Series(EVENT, dtype="Int64")},
        {"event": pd.Series(EVENT).astype(str).astype("category")},
        {"time": np.array(TIME, dtype=int)},
        {"time": pd.Series(TIME, LABELS), "event": pd.Series(EVENT)},  # labels of which nothing is known
        {"time": pd.Series(TIME, LABELS), "event": pd.Series(EVENT, LABELS)},
    ],
)
def test_other_types_of_the_same_values_give_the_same(given: dict[str, Any]):
    usual = {"time": TIME, "event": EVENT}
    found, expected = anpi.kaplan_meier(**usual | given), survival.kaplan_meier(TIME, EVENT)
    np.testing.assert_array_equal(found.survival, expected.survival)
    fit, wanted = anpi.fit_cox(**usual | given, x=X.astype("float32")), cox.fit_cox(TIME, EVENT, X)
    assert fit is not None
    assert wanted is not None
    np.testing.assert_array_equal(fit.coef, wanted.coef)


def test_a_patient_of_day_0_is_one():
    assert anpi.kaplan_meier([0.0, 2.0], [0, 1]).at_risk[0] == 2
