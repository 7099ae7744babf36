"""Survival functions against R's survival package."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr

from anpi.stats.cox import fit_cox, proportional_hazards
from anpi.stats.multiplicity import adjust
from anpi.stats.survival import follow_up, kaplan_meier, logrank, restricted_mean

CLOSE = 1e-6


def number(value):
    return np.nan if value is None else float(value)


def assert_close(found, expected, rel=CLOSE):
    assert found == pytest.approx([number(e) for e in expected], rel=rel, abs=CLOSE, nan_ok=True)


def dummies(values: pd.Series, levels: list[str]) -> pd.DataFrame:
    return pd.DataFrame({level: (values == level).astype(float) for level in levels})


@pytest.fixture(scope="module")
def cox_models(lung, veteran, ovarian, pharmaverse):
    cells = dummies(veteran["celltype"], ["adeno", "large", "smallcell"])
    arms = dummies(pharmaverse["ARM"], ["Xanomeline Low Dose", "Xanomeline High Dose"])
    return {
        "lung_efron": (lung["time"], lung["event"], lung[["age", "sex", "ph.ecog"]], None),
        "veteran_efron": (
            veteran["time"],
            veteran["status"],
            pd.concat([veteran[["trt"]], cells, veteran[["karno"]]], axis=1),
            None,
        ),
        "ovarian_efron": (ovarian["futime"], ovarian["fustat"], ovarian[["rx", "age", "resid.ds"]], None),
        "pharmaverse_efron": (
            pharmaverse["PFS_days"],
            pharmaverse["PFS_event"],
            pd.concat([arms, pharmaverse[["AGE"]]], axis=1),
            None,
        ),
        "veteran_strata": (veteran["time"], veteran["status"], veteran[["trt", "karno"]], veteran["celltype"]),
    }


@pytest.mark.parametrize(
    "name", ["lung_efron", "veteran_efron", "ovarian_efron", "pharmaverse_efron", "veteran_strata"]
)
def test_cox(r, cox_models, name):
    time, event, x, strata = cox_models[name]
    expected = r["survival"]["coxph"][name]
    fit = fit_cox(time, event, x, strata)
    order = matched(list(expected["coef"]), list(fit.terms))
    for found, key in ((fit.coef, "coef"), (fit.se, "se"), (2 * ndtr(-np.abs(fit.coef / fit.se)), "p")):
        assert_close(found, [expected[key][term] for term in order], rel=1e-5 if key == "p" else CLOSE)
    low, high = fit.wald()
    assert_close(np.exp(low), [expected["hr_lower"][term] for term in order])
    assert_close(np.exp(high), [expected["hr_upper"][term] for term in order])
    assert fit.log_likelihood == pytest.approx(expected["loglik"][1], abs=1e-7)
    if strata is None:
        assert fit.null_log_likelihood == pytest.approx(expected["loglik"][0], abs=1e-7)
        chi_square, p = fit.joint_test(fit.terms)
        assert_close([chi_square, p], [expected["lrt"][0], expected["lrt"][2]])


def matched(expected: list[str], terms: list[str]) -> list[str]:
    """R's names of our terms: R prefixes a level with its variable."""
    return [next(name for name in expected if name == term or name.endswith(term)) for term in terms]


def test_interaction_likelihood_ratio(r, veteran):
    cells = dummies(veteran["celltype"], ["adeno", "large", "smallcell"])
    main = pd.concat([veteran[["trt"]], cells], axis=1)
    products = cells.mul(veteran["trt"], axis=0).add_suffix(" x trt")
    fit = fit_cox(veteran["time"], veteran["status"], pd.concat([main, products], axis=1))
    expected = r["survival"]["interaction"]
    assert_close(fit.joint_test(list(products)), [expected["lrt_chisq"], expected["p"]])


LOGRANK = {
    "lung_sex": ("lung", "time", "event", "sex", None, 0),
    "lung_sex_peto": ("lung", "time", "event", "sex", None, 1),
    "veteran_celltype": ("veteran", "time", "status", "celltype", None, 0),
    "veteran_trt": ("veteran", "time", "status", "trt", None, 0),
    "veteran_trt_strat_celltype": ("veteran", "time", "status", "trt", "celltype", 0),
    "lung_sex_strat_ecog": ("lung", "time", "event", "sex", "ph.ecog", 0),
    "ovarian_rx": ("ovarian", "futime", "fustat", "rx", None, 0),
    "ovarian_rx_strat": ("ovarian", "futime", "fustat", "rx", "resid.ds", 0),
    "pharmaverse_arm": ("pharmaverse", "PFS_days", "PFS_event", "ARM", None, 0),
}


@pytest.mark.parametrize("name", LOGRANK)
def test_logrank(r, request, name):
    source, time, event, group, strata, rho = LOGRANK[name]
    frame = request.getfixturevalue(source)
    found = logrank(frame[time], frame[event], frame[group], None if strata is None else frame[strata], rho)
    expected = r["survival"]["logrank"][name]
    assert_close([found.chi_square, found.df, found.p], [expected["chisq"], expected["df"], expected["p"]])


def test_pairwise_logrank(r, veteran):
    expected = r["survival"]["pairwise_logrank"]
    found = []
    for pair in expected["p"]:
        part = veteran[veteran["celltype"].isin(pair.split(" vs "))]
        found.append(logrank(part["time"], part["status"], part["celltype"]).p)
    assert_close(found, expected["p"].values())
    assert_close(adjust(found, "bh"), expected["BH"].values())
    assert_close(adjust(found, "holm"), expected["holm"].values())


CURVES = {
    "lung_sex": ("lung", "time", "event", "sex"),
    "lung_all": ("lung", "time", "event", None),
    "veteran_celltype": ("veteran", "time", "status", "celltype"),
    "ovarian_rx": ("ovarian", "futime", "fustat", "rx"),
    "pharmaverse_arm": ("pharmaverse", "PFS_days", "PFS_event", "ARM"),
}


@pytest.mark.parametrize("name", CURVES)
def test_kaplan_meier(r, request, name):
    source, time, event, group = CURVES[name]
    frame = request.getfixturevalue(source)
    expected = r["survival"]["km"][name]["log-log"]
    strata = expected["strata"] if isinstance(expected["strata"], list) else [expected["strata"]]
    values = {key: np.atleast_1d(np.array(expected[key], dtype=object)) for key in expected}
    for place, stratum in enumerate(strata):
        level = stratum.split("=")[-1]
        part = frame if group is None else frame[frame[group].astype(str) == level]
        curve = kaplan_meier(part[time], part[event])
        assert (len(part), part[event].sum()) == (values["n"][place], values["events"][place])
        assert_close(curve.median(), [values[key][place] for key in ("median", "lower", "upper")])
        rows = [i for i, at in enumerate(values["at"]) if at == stratum]
        for i, moment in zip(rows, expected["times"], strict=True):
            if moment > curve.times[-1] and curve.survival[-1] > 0:
                assert np.isnan(curve.at(moment)[0]), "R carries the last value on; a rate is not extrapolated here"
                continue
            assert_close(curve.at(moment), [values[key][i] for key in ("surv", "s_lower", "s_upper")])
            assert curve.risk_at(moment)[0] == values["n_risk"][i]


@pytest.mark.parametrize(
    ("name", "source", "time", "event"),
    [
        ("pharmaverse_followup_reverseKM", "pharmaverse", "PFS_days", "PFS_event"),
        ("lung_followup_reverseKM", "lung", "time", "event"),
    ],
)
def test_follow_up(r, request, name, source, time, event):
    frame = request.getfixturevalue(source)
    expected = r["survival"]["km"][name]["log-log"]
    values = [np.atleast_1d(np.array(expected[key], dtype=object))[0] for key in ("median", "lower", "upper")]
    assert_close(follow_up(frame[time], frame[event]), values)


@pytest.mark.parametrize("transform", ["km", "rank", "identity"])
def test_proportional_hazards(r, lung, veteran, ovarian, transform):
    cells = dummies(veteran["celltype"], ["adeno", "large", "smallcell"])
    x = pd.concat([veteran[["trt"]], cells, veteran[["karno"]]], axis=1)
    cases = [
        ("lung", lung["time"], lung["event"], lung[["age", "sex", "ph.ecog"]], None),
        ("ovarian", ovarian["futime"], ovarian["fustat"], ovarian[["rx", "age"]], None),
        (
            "veteran_terms",
            veteran["time"],
            veteran["status"],
            x,
            {"trt": ["trt"], "celltype": list(cells), "karno": ["karno"]},
        ),
    ]
    for name, time, event, columns, terms in cases:
        found = proportional_hazards(time, event, columns, terms=terms, transform=transform)
        expected = r["survival"]["zph"][name][transform]
        assert list(found.terms) == expected["term"]
        assert list(found.df) == expected["df"]
        assert_close(found.chi_square, expected["chisq"])
        assert_close(found.p, expected["p"])


@pytest.mark.parametrize("transform", ["km", "rank", "identity"])
def test_proportional_hazards_by_column(r, veteran, transform):
    cells = dummies(veteran["celltype"], ["adeno", "large", "smallcell"])
    x = pd.concat([veteran[["trt"]], cells, veteran[["karno"]]], axis=1)
    found = proportional_hazards(veteran["time"], veteran["status"], x, transform=transform)
    assert_close(found.chi_square, r["survival"]["zph"]["veteran_columns"][transform]["chisq"])


def test_landmark(r, lung):
    later = lung[lung["time"] > 90]
    fit = fit_cox(later["time"] - 90, later["event"], later[["sex"]])
    expected = r["survival"]["landmark"]
    assert_close([fit.coef[0], fit.se[0]], [expected["coef"]["sex"], expected["se"]["sex"]])


def test_time_dependent(r, data):
    jasa = pd.read_csv(data / "jasa1.csv")
    fit = fit_cox(jasa["stop"], jasa["event"], jasa[["transplant", "age"]], start=jasa["start"])
    expected = r["survival"]["timedep_jasa1"]
    assert_close(fit.coef, [expected["coef"][term] for term in fit.terms])
    assert_close(fit.se, [expected["se"][term] for term in fit.terms])
    assert_close(np.exp(fit.wald()[0]), [expected["hr_lower"][term] for term in fit.terms])


def test_restricted_mean(r, lung_all):
    groups = [part for _, part in lung_all.groupby("sex")]
    found = [restricted_mean(part["time"], part["event"], 365) for part in groups]
    assert_close([f.estimate for f in found], r["other"]["rmean_survfit"]["rmean"])
    assert_close([f.se for f in found], r["other"]["rmean_survfit"]["se"])
    difference = found[1].estimate - found[0].estimate
    half = 1.959963984540054 * np.hypot(found[0].se, found[1].se)
    assert_close([difference, difference - half, difference + half], r["other"]["survRM2_lung"]["diff"][:3])
