"""Firth's penalised Cox model against R, where coxphf has no answer: strata, ties by Efron, covariates over time.

The R code stands in tests/data/parity/penalised_cox.R (R 4.2.2, survival 3.5.3).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from anpi.stats.cox import fit_cox, fit_firth_cox

R = {
    "veteran, efron": {
        "coef": (0.23290253, -0.03573513),
        "low": (-0.16027245, -0.04660466),
        "high": (0.62660145, -0.02496047),
        "p": (0.24508264, 0.0),
        "lrt": 42.41579005,
    },
    "veteran, breslow": {
        "coef": (0.22760482, -0.03549776),
        "low": (-0.16500511, -0.04635594),
        "high": (0.62071835, -0.02473439),
        "p": (0.25528217, 0.0),
        "lrt": 41.92948432,
    },
    "ovarian": {
        "coef": (0.10950957, 0.70594268),
        "low": (0.03457262, -0.69699244),
        "high": (0.21248072, 2.29185423),
        "p": (0.00251339, 0.32809298),
        "lrt": 12.62008821,
    },
    "jasa1": {
        "coef": (-0.01333886, 0.02963134),
        "low": (-0.61321660, 0.00257405),
        "high": (0.60652508, 0.05928636),
        "p": (0.96575181, 0.03104638),
        "lrt": 4.79213629,
    },
    "jasa1, monotone": {
        "coef": (-4.54928327, 0.01132834),
        "low": (-9.41682745, -0.02227273),
        "high": (-2.46174204, 0.05049325),
        "p": (0.00000001, 0.52931266),
        "lrt": 33.83482468,
    },
}


@pytest.fixture(scope="module")
def jasa(data):
    return pd.read_csv(data / "jasa1.csv")


def check(fit, name):
    for key in ("coef", "low", "high", "p"):
        assert getattr(fit, key) == pytest.approx(R[name][key], abs=2e-7, rel=1e-6), key
    assert 2 * (fit.log_likelihood - fit.null_log_likelihood) == pytest.approx(R[name]["lrt"], rel=1e-8)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_strata(veteran, ties):
    fit = fit_firth_cox(veteran["time"], veteran["status"], veteran[["trt", "karno"]], veteran["celltype"], ties=ties)
    check(fit, f"veteran, {ties}")
    assert fit.method == "Firth Cox, stratified"


def test_strata_without_ties(ovarian):
    fit = fit_firth_cox(ovarian["futime"], ovarian["fustat"], ovarian[["age", "resid.ds"]], ovarian["rx"])
    check(fit, "ovarian")


def test_covariate_over_time(jasa):
    fit = fit_firth_cox(jasa["stop"], jasa["event"], jasa[["transplant", "age"]], start=jasa["start"])
    check(fit, "jasa1")
    assert fit.method == "Firth Cox, time-dependent"


def test_nobody_dies_after_the_change(jasa):
    """The plain likelihood has no maximum, the penalised one has, with a finite interval."""
    alive = jasa["event"].where(jasa["transplant"] == 0, 0)
    assert fit_cox(jasa["stop"], alive, jasa[["transplant", "age"]], start=jasa["start"]) is None
    check(fit_firth_cox(jasa["stop"], alive, jasa[["transplant", "age"]], start=jasa["start"]), "jasa1, monotone")


def test_intervals_cut_in_pieces_change_nothing(veteran):
    """A row (0, t] and its pieces (0, t/3], (t/3, t] are the same patient."""
    x = veteran[["trt", "karno"]]
    whole = fit_firth_cox(veteran["time"], veteran["status"], x, veteran["celltype"])
    third = veteran["time"] / 3
    pieces = fit_firth_cox(
        np.concatenate([third, veteran["time"]]),
        np.concatenate([np.zeros(len(x)), veteran["status"]]),
        pd.concat([x, x]),
        np.concatenate([veteran["celltype"]] * 2),
        start=np.concatenate([np.zeros(len(x)), third]),
    )
    for key in ("coef", "se", "low", "high", "p"):
        assert getattr(pieces, key) == pytest.approx(getattr(whole, key), rel=1e-7), key
