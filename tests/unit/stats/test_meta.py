"""Random-effects meta-analysis against metafor 3.8.1 and by what must hold."""

from __future__ import annotations

import json

import numpy as np
import pytest

from anpi.stats.meta import pool, spread

ESTIMATES = [-0.5045, -0.4319, 0.1381, -0.1324, -0.0152, -0.3492, -0.8451, -0.4498]
ERRORS = [0.2928, 0.2476, 0.1228, 0.2258, 0.2869, 0.2206, 0.2396, 0.2051]
FIELDS = {
    "estimate": "estimate",
    "se": "se",
    "low": "low",
    "high": "high",
    "p": "p",
    "tau2": "tau2",
    "q": "Q",
    "q_p": "Q_p",
    "prediction_low": "prediction_low",
    "prediction_high": "prediction_high",
}


def test_eight_cohorts_in_r():
    """R: rma(yi, sei = se, method = "REML", test = "knha"), and method = "DL", test = "z"."""
    found = pool(ESTIMATES, ERRORS, "reml", "hartung_knapp")
    assert (found.estimate, found.low, found.high) == pytest.approx(
        (-0.297970139660653, -0.567597926252913, -0.0283423530683924), abs=1e-7
    )
    assert (found.p, found.tau2, found.i2) == pytest.approx(
        (0.0347519166880262, 0.0660822239638817, 0.590146114765458), abs=1e-7
    )
    simple = pool(ESTIMATES, ERRORS, "dl", "normal")
    assert (simple.estimate, simple.low, simple.tau2) == pytest.approx(
        (-0.301709792130815, -0.553464592518266, 0.0801185699129809), abs=1e-12
    )


def test_ten_sets_in_r(external_data):
    sets = json.loads((external_data / "reference_cases" / "meta_reference.json").read_text())["datasets"]
    for item in sets:
        for method, intervals in item["results"].items():
            for interval, expected in intervals.items():
                if not expected:
                    continue
                found = pool(item["log_hr"], item["se"], method, interval)
                for name, key in FIELDS.items():
                    if expected[key] is not None:
                        assert getattr(found, name) == pytest.approx(expected[key], rel=1e-6, abs=2e-7), name
                assert 100 * found.i2 == pytest.approx(expected["I2"], abs=1e-4)


def test_paule_and_mandel_make_the_spread_what_is_expected():
    found = pool(ESTIMATES, ERRORS, "pm")
    assert found.tau2 > 0
    assert spread(np.array(ESTIMATES), np.array(ERRORS) ** 2, found.tau2) == pytest.approx(7, abs=1e-9)


def test_studies_that_agree_by_chance_have_no_narrow_interval():
    data = [-0.4] * 4, [0.27, 0.23, 0.15, 0.26]
    plain, adhoc = pool(*data, interval="hartung_knapp"), pool(*data)
    assert plain.high - plain.low == pytest.approx(0, abs=1e-12)
    assert adhoc.low < -0.6
    assert (adhoc.tau2, adhoc.i2) == (0, 0)


def test_one_study_is_itself():
    found = pool([-0.3], [0.2])
    assert (found.estimate, found.tau2, found.i2) == (pytest.approx(-0.3), 0, 0)
    assert (found.low, found.high) == pytest.approx((-0.3 - 1.959964 * 0.2, -0.3 + 1.959964 * 0.2), abs=1e-6)
    assert np.isnan(found.q_p)


@pytest.mark.parametrize("errors", [[0.2, 0.0], [0.2, np.nan], [0.2, -0.1]])
def test_an_error_that_is_none_is_refused(errors):
    with pytest.raises(ValueError, match="errors above 0"):
        pool([-0.3, 0.1], errors)
    with pytest.raises(ValueError, match="errors above 0"):
        pool([], [])
    with pytest.raises(ValueError, match="known method"):
        pool([-0.3], [0.2], "bayes")
