"""Random effects against metafor 3.8.1, cumulative incidence against survival 3.5.3 and cmprsk 2.2.11 (R 4.2.2)."""

from __future__ import annotations

import json

import numpy as np
import pytest

from anpi.stats.competing_risks import cumulative_incidence
from anpi.stats.meta_analysis import pool

# rma(yi, sei, method = "REML", test = "adhoc") of five and of three cohorts.
FIVE = {
    "log_hr": [0.0715, -0.3831, -0.6219, -0.3229, -0.1270],
    "se": [0.2193, 0.1501, 0.2777, 0.1535, 0.1662],
    "values": (-0.266154465, 0.094979101, -0.529858725, -0.002450206, 0.048700128, 8.594165460),
    "prediction": (-0.572078976, 0.039770045),
}


def test_five_cohorts_as_metafor():
    found = pool(FIVE["log_hr"], FIVE["se"])
    values = found.estimate, found.se, found.low, found.high, found.p, found.i2
    assert values == pytest.approx(FIVE["values"], abs=1e-6)
    assert (found.predicted_low, found.predicted_high) == pytest.approx(FIVE["prediction"], abs=1e-6)
    assert found.q == pytest.approx(5.456280462, abs=1e-8)


def test_pooling_of_all_reference_sets(external_data):
    path = external_data / "reference_cases" / "meta_reference.json"
    if not path.is_file():
        pytest.skip("no reference cases")
    sets = json.loads(path.read_text())["datasets"]
    assert len(sets) >= 7
    for case in sets:
        expected, found = case["results"]["reml"]["hartung_knapp_adhoc"], pool(case["log_hr"], case["se"])
        for name, value in {"estimate": found.estimate, "se": found.se, "low": found.low, "high": found.high}.items():
            assert value == pytest.approx(expected[name], abs=1e-6), (case["id"], name)
        assert found.tau2 == pytest.approx(expected["tau2"], abs=1e-6)
        assert found.i2 == pytest.approx(expected["I2"], abs=1e-4)


def test_incidence_of_all_reference_sets(external_data):
    path = external_data / "reference_cases" / "competing_risks_reference.json"
    if not path.is_file():
        pytest.skip("no reference cases")
    compared = 0
    for case in json.loads(path.read_text())["datasets"]:
        time, status, group = (np.array(case[name]) for name in ("time", "status", "group"))
        for curve in case["curves"]:
            inside = group == curve["group"]
            found = cumulative_incidence(time[inside], status[inside], curve["cause"])
            for moment, expected, error in zip(curve["time"], curve["cif_survfit"], curve["se_survfit"], strict=True):
                place = int(np.searchsorted(found.times, moment, side="right")) - 1
                value = (0.0, 0.0) if place < 0 else (found.incidence[place], found.se[place])
                if expected is not None and error is not None:
                    compared += 1
                    assert value == pytest.approx((expected, error), abs=1e-10), case["id"]
    assert compared > 500
