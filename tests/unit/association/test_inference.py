"""Fits of many genes at once against pydeseq2's, gene by gene."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from pydeseq2 import utils
from pydeseq2.default_inference import DefaultInference
from threadpoolctl import threadpool_limits

from anpi.association import inference
from anpi.association.inference import BlockInference

GENES = 48
ALONE, TOGETHER = DefaultInference(n_cpus=1), BlockInference()
RIDGE = 1e-6
# name: samples, batches, an amount such as age, dispersion, logarithm of the mean count
COHORTS = {
    "six": (6, 1, False, 0.3, 4),
    "two groups": (40, 1, False, 0.3, 4),
    "batches": (40, 3, False, 0.3, 4),
    "age": (40, 8, True, 0.3, 4),
    "low": (40, 3, False, 0.5, 0.5),
    "Poisson": (24, 2, False, 1e-9, 4),
    "many": (300, 4, False, 0.3, 4),
}


class Cohort:
    """Counts with outliers and genes that one group lacks, and what a fit of them goes by."""

    def __init__(self, samples, batches, amount, dispersion, log_mean):
        rng = np.random.default_rng(samples + batches)
        group, batch = np.arange(samples) % 3 == 0, np.arange(samples) // 2 % batches
        self.size_factors = rng.lognormal(0, 0.3, samples)
        mean = rng.lognormal(log_mean, 1.5, GENES) * self.size_factors[:, None]
        size = 1 / (dispersion * rng.gamma(2, 0.5, GENES))
        counts = rng.negative_binomial(size, size / (size + mean))
        counts[5, ::12] = 50 * (counts[5, ::12] + 20)
        counts[group, 1::12] = 0
        self.counts = np.ascontiguousarray(counts[:, (counts > 0).sum(axis=0) > 1])
        columns = [np.ones(samples), *(batch == level for level in range(1, batches))]
        columns += [rng.normal(62, 8, samples)] if amount else []
        self.design = np.column_stack([*columns, group]).astype(float)
        normed = self.counts / self.size_factors[:, None]
        rough = (
            utils.fit_rough_dispersions(normed, self.design),
            utils.fit_moments_dispersions(normed, self.size_factors),
        )
        self.dispersion = np.clip(np.minimum(*rough), 1e-8, max(10, samples))
        self.trend = 0.1 + 3 / normed.mean(axis=0)
        self.given = {"counts": self.counts, "design_matrix": self.design}
        self.regression = {**self.given, "size_factors": self.size_factors, "min_mu": 0.5}
        self.limits = {**self.given, "min_disp": 1e-8, "max_disp": max(10, samples)}


@pytest.fixture(autouse=True)
def quiet():
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.fixture(params=COHORTS)
def cohort(request):
    return Cohort(*COHORTS[request.param])


def both(method, **given):
    """Return what pydeseq2 gets and what is got at once."""
    return getattr(ALONE, method)(**given), getattr(TOGETHER, method)(**given)


def assert_same(expected, found):
    for theirs, ours in zip(expected, found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=0)


def test_each_fit_is_that_of_the_gene_alone(cohort):
    """What follows is fitted to what pydeseq2 got before, so that no difference is carried on."""
    expected, found = both("lin_reg_mu", **cohort.regression)
    assert_same([expected], [found])
    expected, found = both("irls", **cohort.regression, disp=cohort.dispersion, beta_tol=1e-8)
    assert_same(expected, found)
    beta, mu = expected[:2]
    expected, found = both("alpha_mle", **cohort.limits, mu=mu, alpha_hat=cohort.dispersion)
    assert_same(expected, found)
    assert_same(*both("alpha_mle", **cohort.limits, mu=mu, alpha_hat=cohort.dispersion, cr_reg=False))
    prior = {"prior_disp_var": 0.7, "prior_reg": True}
    expected, found = both("alpha_mle", **cohort.limits, mu=mu, alpha_hat=cohort.trend, **prior)
    assert_same(expected, found)
    dispersion = expected[0]
    columns = cohort.design.shape[1]
    contrast = (np.arange(columns) == columns - 1).astype(float)
    tested = {"design_matrix": cohort.design, "disp": dispersion, "lfc": beta, "mu": mu, "contrast": contrast}
    tested |= {"ridge_factor": np.diag(np.repeat(RIDGE, columns)), "lfc_null": 0.0}
    assert_same(*both("wald_test", **tested))
    assert_same(*both("wald_test", **tested, alt_hypothesis="greaterAbs"))
    prior = {"prior_no_shrink_scale": 15, "prior_scale": np.float64(0.37), "shrink_index": columns - 1}
    given = {**cohort.given, "size": 1 / dispersion, "offset": np.log(cohort.size_factors), "optimizer": "L-BFGS-B"}
    assert_same(*both("lfc_shrink_nbinom_glm", **given, **prior))


def test_dispersions_at_their_floor_are_among_them():
    """There the path of the optimiser follows rounding: they agree only if the arithmetic is the same."""
    cohort = Cohort(*COHORTS["Poisson"])
    mu = ALONE.lin_reg_mu(**cohort.regression)
    found, _ = TOGETHER.alpha_mle(**cohort.limits, mu=mu, alpha_hat=cohort.dispersion)
    assert (found < 1e-7).sum() > 5


def test_a_gene_that_diverges_is_left_to_pydeseq2(monkeypatch):
    cohort = Cohort(*COHORTS["batches"])
    whole = cohort.regression | {"disp": cohort.dispersion, "beta_tol": 1e-8}
    asked = []
    solver = utils.irls_solver

    def counting(**given):
        asked.append(given["counts"])
        return solver(**given)

    expected = ALONE.irls(**whole, maxiter=4)
    monkeypatch.setattr(inference.utils, "irls_solver", counting)
    assert_same(expected, TOGETHER.irls(**whole, maxiter=4))
    assert 0 < len(asked) < cohort.counts.shape[1]


def test_parts_of_genes_are_the_whole(monkeypatch):
    cohort = Cohort(*COHORTS["batches"])
    whole = cohort.regression | {"disp": cohort.dispersion, "beta_tol": 1e-8}
    expected = TOGETHER.irls(**whole)
    monkeypatch.setattr(inference, "NUMBERS", 7 * 40)
    for ours, theirs in zip(TOGETHER.irls(**whole), expected, strict=True):
        assert (ours == theirs).all()
