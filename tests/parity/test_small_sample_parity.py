"""Exact, permutation and penalised methods against R (stats, coin, maxstat, logistf, coxphf)."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.special import comb

from anpi.stats.cox import fit_cox, fit_firth_cox
from anpi.stats.exact import clopper_pearson, fisher_exact, wilcoxon
from anpi.stats.logistic import fit_logistic
from anpi.stats.multiplicity import adjust
from anpi.stats.permutation import maximally_selected, permute_groups, permute_trend
from anpi.stats.roc import area_under_curve, stratified_area
from anpi.stats.survival import crossing, kaplan_meier, logrank_scores


@pytest.fixture(scope="module")
def response(data):
    return pd.read_csv(data / "subtype_response.csv")


@pytest.fixture(scope="module")
def subtype_columns(response):
    return pd.DataFrame({level: (response["subtype"] == level).astype(float) for level in "INP"})


def test_clopper_pearson(r):
    for name, expected in r["exact"]["clopper_pearson"].items():
        low, high = clopper_pearson(*map(int, name.split("/")))
        assert (low, high) == pytest.approx((expected["lower"], expected["upper"]), abs=1e-9)


@pytest.mark.parametrize("name", ["t22", "t22_zero", "t24", "t43"])
def test_fisher(r, name):
    expected = r["exact"]["fisher"][name]
    found = fisher_exact(expected["table"])
    assert found.exact
    assert found.p == pytest.approx(expected["p"], rel=1e-9)
    assert fisher_exact(np.array(expected["table"]).T).p == pytest.approx(expected["p"], rel=1e-9)


def test_wilcoxon(r, ovarian):
    values = r["exact"]["wilcoxon"]
    plain = wilcoxon(values["data"]["x"], values["data"]["y"])
    assert (plain.w, plain.p) == pytest.approx((values["exact"]["W"], values["exact"]["p"]), rel=1e-9)
    age = ovarian["age"].round()
    tied = wilcoxon(age[ovarian["ecog.ps"] == 1], age[ovarian["ecog.ps"] == 2])
    assert tied.w == values["ties_approx_ovarian_age_ecog"]["W"]
    assert tied.p == pytest.approx(values["ties_exact_coin"], rel=1e-9)


def test_kruskal_wallis(r, response):
    expected = r["exact"]["kruskal"]
    found = permute_groups(response["score"].rank(), response["subtype"], permutations=20_000)
    assert (found.statistic, found.df) == (pytest.approx(expected["stat"], rel=1e-9), expected["df"])
    assert found.p == pytest.approx(expected["p"], abs=0.02)


def test_trend_in_proportions(r):
    """R: prop.trend.test(c(2, 4, 7), c(15, 14, 13)); its variance divides by n, the permutation's by n - 1."""
    expected, totals = r["exact"]["chisq_trend"], (15, 14, 13)
    step = np.repeat([1, 2, 3], totals)
    yes = np.concatenate([[1] * x + [0] * (n - x) for x, n in zip((2, 4, 7), totals, strict=True)])
    found = permute_trend(yes, step, permutations=20_000)
    assert found.statistic**2 * 42 / 41 == pytest.approx(expected["stat"], rel=1e-9)
    assert found.p == pytest.approx(expected["p"], abs=0.02)


def test_cochran_mantel_haenszel_within_strata(r, veteran):
    """R: mantelhaen.test(trt, status, celltype, exact = TRUE)."""
    found = permute_groups(veteran["status"], veteran["trt"], veteran["celltype"], permutations=20_000, seed=1)
    assert found.df == 1
    assert found.p == pytest.approx(r["exact"]["cmh_exact"]["p"], abs=0.02)


@pytest.mark.parametrize("method", ["holm", "BH"])
def test_adjustment(r, method):
    expected = r["exact"]["padjust"]
    assert adjust(expected["p"], method.lower()) == pytest.approx(expected[method], abs=1e-12)


def test_permutation_logrank_statistic(r, ovarian, veteran):
    expected = r["exact"]["perm_logrank"]
    scores = logrank_scores(ovarian["futime"], ovarian["fustat"])
    found = permute_groups(scores, ovarian["rx"], permutations=40_000)
    assert found.statistic == pytest.approx(expected["ovarian_asym"]["stat"] ** 2, rel=1e-9)
    assert found.p == pytest.approx(expected["ovarian_exact"]["p"], abs=4 * np.sqrt(0.3 * 0.7 / 40_000))
    scores = logrank_scores(veteran["time"], veteran["status"])
    two = permute_groups(scores, veteran["trt"], permutations=999)
    assert two.statistic == pytest.approx(expected["veteran_asym"]["stat"] ** 2, rel=1e-9)
    four = permute_groups(scores, veteran["celltype"], permutations=20_000)
    assert (four.statistic, four.df) == (pytest.approx(expected["veteran_celltype_approx"]["stat"], rel=1e-9), 3)
    assert four.p < 5e-4


def test_enumerated_permutations_are_complete(ovarian):
    part = ovarian.sort_values("futime").iloc[:12]
    scores = logrank_scores(part["futime"], part["fustat"])
    found = permute_groups(scores, part["rx"])
    size = int((part["rx"] == 1).sum())
    observed = abs(scores[(part["rx"] == 1).to_numpy()].sum() - size * scores.mean())
    sums = [abs(sum(pick) - size * scores.mean()) for pick in itertools.combinations(scores, size)]
    assert found.exact
    assert found.arrangements == comb(12, size)
    assert found.p == pytest.approx(np.mean(np.array(sums) >= observed - 1e-9), abs=1e-12)


def test_maximally_selected(r, ovarian, veteran):
    expected = r["other"]["maxstat_ovarian_age"]
    found = maximally_selected(ovarian["futime"], ovarian["fustat"], ovarian["age"], permutations=20_000)
    assert found.cuts == pytest.approx(expected["path"]["cuts"])
    assert found.statistics == pytest.approx(expected["path"]["stats"], rel=1e-9)
    assert found.cut == pytest.approx(expected["condMC"]["cut"])
    assert found.p == pytest.approx(expected["condMC"]["p"], abs=4 * np.sqrt(0.00712 / 20_000))
    tied = maximally_selected(veteran["time"], veteran["status"], veteran["karno"], permutations=999)
    expected = r["other"]["maxstat_veteran_karno"]["Lau94"]
    assert (tied.statistic, tied.cut) == pytest.approx((expected["M"], expected["cut"]), rel=1e-9)


@pytest.mark.parametrize(("name", "terms"), [("subtype", "INP"), ("score", ""), ("both", "INP")])
def test_firth_logistic(r, response, subtype_columns, name, terms):
    x = subtype_columns if terms else pd.DataFrame(index=response.index)
    if name != "subtype":
        x = x.assign(score=response["score"])
    fit = fit_logistic(response["resp"], x, firth=True)
    expected = r["other"][f"logistf_{name}"]
    names = [term if term == "score" else f"subtype{term}" for term in fit.terms]
    for found, key, rel in (
        (fit.coef, "coef", 5e-6),
        (fit.se, "se", 5e-6),
        (fit.low, "lower", 5e-6),
        (fit.high, "upper", 5e-6),
        (fit.p, "p", 5e-6),
    ):
        assert found == pytest.approx([expected[key][n] for n in names], rel=rel, abs=1e-6), key
    assert fit.log_likelihood == pytest.approx(expected["loglik"][0], abs=1e-7)
    assert fit.null_log_likelihood == pytest.approx(expected["loglik"][1], abs=1e-7)


def test_joint_firth_likelihood_ratio(r, response, subtype_columns):
    x = subtype_columns.assign(score=response["score"])
    fit = fit_logistic(response["resp"], x, firth=True)
    chi_square, p = fit.joint_test(["I", "N", "P"])
    expected = r["other"]["logistf_lrt_subtype"]
    assert fit.log_likelihood - chi_square / 2 == pytest.approx(expected["loglik"][1], abs=1e-7)
    assert p == pytest.approx(expected["p"], rel=1e-6)


def test_separated_outcome_has_no_plain_fit(response, subtype_columns):
    assert fit_logistic(response["resp"], subtype_columns) is None


def test_plain_logistic_equals_statsmodels(response):
    import statsmodels.api as sm

    model = sm.Logit(response["resp"], sm.add_constant(response[["score"]])).fit(disp=0, tol=1e-12)
    fit = fit_logistic(response["resp"], response[["score"]])
    assert fit.coef[0] == pytest.approx(model.params["score"], rel=1e-6)
    assert fit.se[0] == pytest.approx(model.bse["score"], rel=1e-5)
    assert (fit.log_likelihood, fit.null_log_likelihood) == pytest.approx((model.llf, model.llnull), abs=1e-8)
    assert fit.p[0] == pytest.approx(model.llr_pvalue, rel=1e-5)


@pytest.mark.parametrize("name", ["ovarian", "veteran_trt2", "monotone"])
def test_firth_cox(r, data, ovarian, name):
    if name == "ovarian":
        time, event, x = ovarian["futime"], ovarian["fustat"], ovarian[["rx", "age", "resid.ds"]]
    elif name == "monotone":
        frame = pd.read_csv(data / "monotone.csv")
        time, event, x = frame["time"], frame["event"], frame[["x"]]
        assert fit_cox(time, event, x) is None, "the plain likelihood has no maximum"
    else:
        frame = pd.read_csv(data / "veteran_trt2.csv")
        levels = ["adeno", "large", "smallcell"]
        time, event = frame["time"], frame["status"]
        x = pd.DataFrame({level: (frame["celltype"] == level).astype(float) for level in levels})
    fit = fit_firth_cox(time, event, x, ties="breslow")
    expected = r["other"][f"coxphf_{name}"]
    names = [f"celltype{term}" if name == "veteran_trt2" else term for term in fit.terms]
    for found, key in ((fit.coef, "coef"), (fit.se, "se"), (fit.p, "p")):
        assert found == pytest.approx([expected[key][n] for n in names], rel=1e-5, abs=1e-6), key
    # coxphf stops its search for an interval at 1e-4 or so; a flat likelihood shows it most
    assert np.exp(fit.low) == pytest.approx([expected["lower"][n] for n in names], rel=1e-4)
    assert np.exp(fit.high) == pytest.approx([expected["upper"][n] for n in names], rel=1e-4)
    chi_square = 2 * (fit.log_likelihood - fit.null_log_likelihood)
    assert chi_square == pytest.approx(2 * (expected["loglik"][1] - expected["loglik"][0]), rel=1e-6)


def test_joint_firth_cox_test_agrees_with_single_term(ovarian):
    fit = fit_firth_cox(ovarian["futime"], ovarian["fustat"], ovarian[["rx", "age", "resid.ds"]])
    assert fit.joint_test(["rx"])[1] == pytest.approx(fit.p[0], rel=1e-9)


def test_area_under_curve_equals_wilcoxon_and_delong(r, response):
    yes = response["resp"] == 1
    found = area_under_curve(response["score"], yes)
    w = r["exact"]["wilcoxon"]["exact"]["W"]
    assert found.estimate == pytest.approx(w / (yes.sum() * (~yes).sum()), abs=1e-12)
    pairs = response["score"][yes].to_numpy()[:, None] > response["score"][~yes].to_numpy()
    variance = pairs.mean(axis=1).var(ddof=1) / yes.sum() + pairs.mean(axis=0).var(ddof=1) / (~yes).sum()
    assert found.se == pytest.approx(np.sqrt(variance), rel=1e-12)
    assert 0 < found.low < found.estimate < found.high < 1


def test_area_within_strata(response):
    yes, score = response["resp"] == 1, response["score"]
    one = stratified_area(score, yes, ["a"] * len(response))
    plain = area_under_curve(score, yes)
    assert (one.estimate, one.se, one.low) == pytest.approx((plain.estimate, plain.se, plain.low), rel=1e-12)
    shifted = np.concatenate([score, score + 50])
    twice = stratified_area(shifted, np.concatenate([yes, yes]), np.repeat(["a", "b"], len(response)))
    assert (twice.estimate, twice.se) == pytest.approx((plain.estimate, plain.se / np.sqrt(2)), rel=1e-12)


def test_median_of_ten_at_exactly_one_half():
    """R: quantile(survfit(Surv(1:10, rep(1, 10)) ~ 1), 0.5) is 5.5."""
    assert kaplan_meier(np.arange(1, 11), np.ones(10)).median()[0] == 5.5


def test_median_of_one_patient_has_no_interval():
    """R: survfit(Surv(5, 1) ~ 1) has median 5 and NA limits."""
    median, low, high = kaplan_meier([5], [1]).median()
    assert median == 5
    assert np.isnan(low)
    assert np.isnan(high)


def test_crossing_of_a_curve_that_stays_above():
    assert np.isnan(crossing(np.array([1.0, 2.0]), np.array([0.9, 0.6]), 0.5))
