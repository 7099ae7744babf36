"""Cumulative incidence and Gray's test against R (survival 3.5.3, cmprsk 2.2.11) and by what must hold."""

from __future__ import annotations

import json

import numpy as np
import pytest

from anpi.stats.competing import cumulative_incidence, gray_test
from anpi.stats.survival import kaplan_meier

TIME = np.array([6.3, 0.68, 5.22, 0.38, 0.5, 0.66, 10.26])
CAUSE = np.array([1, 1, 2, 1, 1, 1, 1])
GROUP = np.array(list("AAANNNN"))


def test_a_small_set_in_r():
    """R: survfit(Surv(time, factor(status, 0:2)) ~ group), cuminc(time, status, group, cencode = 0)$Tests."""
    found = cumulative_incidence(TIME[:3], CAUSE[:3])
    assert found.times.tolist() == [0.68, 5.22, 6.3]
    assert found.incidence == pytest.approx([1 / 3, 1 / 3, 2 / 3], abs=1e-12)
    assert found.se == pytest.approx([0.272165526975909] * 3, abs=1e-12)
    for cause, expected in ((1, 0.697441997758789), (2, 0.95609756097561)):
        test = gray_test(TIME, CAUSE, GROUP, cause)
        assert (test.statistic, test.df) == (pytest.approx(expected, abs=1e-10), 1)


def test_ten_sets_in_r(external_data):
    sets = json.loads((external_data / "reference_cases" / "competing_risks_reference.json").read_text())["datasets"]
    for item in sets:
        time, cause, group = (np.array(item[key]) for key in ("time", "status", "group"))
        for curve in item["curves"]:
            inside = group == curve["group"]
            found = cumulative_incidence(time[inside], cause[inside], curve["cause"])
            place = np.searchsorted(found.times, curve["time"], side="right") - 1
            for values, key in ((found.incidence, "cif_survfit"), (found.se, "se_survfit")):
                assert np.where(place < 0, 0, values[place]) == pytest.approx(np.array(curve[key]), abs=1e-12)
        for expected in item["gray"]:
            test = gray_test(time, cause, group, expected["cause"])
            assert (test.statistic, test.p) == pytest.approx((expected["statistic"], expected["p"]), abs=1e-9)
            assert test.df == expected["df"]


def test_without_competing_events_it_is_kaplan_meier():
    rng = np.random.default_rng(1)
    time, event = np.ceil(rng.exponential(5, 60)), (rng.random(60) < 0.6).astype(int)
    found, curve = cumulative_incidence(time, event), kaplan_meier(time, event)
    assert found.incidence == pytest.approx(1 - curve.survival, abs=1e-12)
    inside = (curve.survival > 0) & (curve.survival < 1)
    assert found.se[inside] == pytest.approx((curve.survival * np.sqrt(curve.greenwood))[inside], abs=1e-12)
    assert found.low[inside] == pytest.approx(1 - curve.high[inside], abs=1e-12)


def test_causes_and_survival_add_up_to_one():
    rng = np.random.default_rng(2)
    time, cause = np.ceil(rng.exponential(5, 60)), rng.integers(0, 3, 60)
    total = sum(cumulative_incidence(time, cause, of).incidence for of in (1, 2))
    assert total == pytest.approx(1 - kaplan_meier(time, cause > 0).survival, abs=1e-12)


def test_values_at_a_time():
    found = cumulative_incidence([6.3, 0.68, 5.22], [0, 1, 2])
    assert found.at(0.1) == (0.0, 0.0, 0.0)
    estimate, low, high = found.at(3)
    assert low < estimate < high
    assert np.isnan(found.at(7)).all()
    assert np.isnan(cumulative_incidence([], []).at(1)).all()


def test_coverage_and_type_one_error():
    """40 patients, censored evenly: 95% intervals at one time, 5% tests of two groups alike."""
    rng, inside, rejected = np.random.default_rng(3), 0, 0
    truth = 0.6 * (1 - np.exp(-1.0))
    for _ in range(600):
        whole, of = rng.exponential(1, 40), np.where(rng.random(40) < 0.6, 1, 2)
        end = rng.uniform(0.8, 3, 40)
        time, cause = np.minimum(whole, end), np.where(whole <= end, of, 0)
        _, low, high = cumulative_incidence(time, cause).at(1.0)
        inside += low <= truth <= high
        rejected += gray_test(time, cause, np.arange(40) % 2).p <= 0.05
    assert 0.92 <= inside / 600 <= 0.98
    assert 0.03 <= rejected / 600 <= 0.08


def test_nothing_to_compare():
    assert np.isnan(gray_test(TIME, CAUSE, np.repeat("A", 7)).p)
    assert np.isnan(gray_test(TIME, CAUSE, GROUP, of=3).p)


def test_nothing_more_can_happen_once_everybody_had_an_event():
    """R: summary(survfit(Surv(c(1, 2, 3, 4), factor(c(1, 2, 1, 2), 0:2)) ~ 1), times = 5, extend = TRUE)$pstate."""
    ended = cumulative_incidence([1, 2, 3, 4], [1, 2, 1, 2])
    assert ended.at(5)[0] == ended.at(4)[0] == pytest.approx(0.5, abs=1e-12)
    assert cumulative_incidence([1, 2], [1, 1]).at(90)[0] == 1.0
    assert np.isnan(cumulative_incidence([1, 2, 3, 4], [1, 2, 1, 0]).at(5)).all()
    assert np.isnan(cumulative_incidence([1, 2, 4, 4], [1, 2, 1, 0]).at(5)).all()
