"""Likelihoods of allele counts, against scipy and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import gammaln
from scipy.stats import betabinom

from anpi.identity.alleles import (
    AlleleReads,
    Imbalance,
    call_genotypes,
    genotype_log_likelihoods,
    genotype_posteriors,
    genotype_shares,
)


@pytest.mark.parametrize(("mean", "concentration"), [(0.5, 20.0), (0.004, 100.0), (0.9, 1.0)])
def test_beta_binomial_is_that_of_scipy(mean: float, concentration: float):
    alt = np.array([0, 1, 5, 40, 2000])
    ref = np.array([0, 0, 7, 160, 0])
    orders = gammaln(ref + alt + 1) - gammaln(ref + 1) - gammaln(alt + 1)
    expected = betabinom.logpmf(alt, ref + alt, mean * concentration, (1 - mean) * concentration) - orders
    assert AlleleReads(ref, alt).log_probability(mean, concentration) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_genotypes_follow_hardy_and_weinberg():
    assert genotype_shares(np.array([0.3]))[:, 0] == pytest.approx([0.49, 0.42, 0.09])
    assert genotype_shares(np.array([0.0]))[0, 0] < 1  # a rare allele is never impossible


def test_calls_need_reads():
    ref, alt = np.array([0, 2, 30, 15, 0, 29]), np.array([0, 0, 0, 15, 30, 1])
    calls = call_genotypes(AlleleReads(ref, alt), np.full(6, 0.5))
    # 29 to 1 may be an error, or a heterozygous site of which the tumour lost an allele
    assert calls.tolist() == [-1, -1, 0, 1, 2, -1]


def test_no_reads_leave_the_population():
    logs = genotype_log_likelihoods(AlleleReads(np.array([0]), np.array([0])), np.array([0.3]), 0.2)
    posteriors, evidence = genotype_posteriors(logs, genotype_shares(np.array([0.3])))
    assert posteriors[:, 0] == pytest.approx([0.49, 0.42, 0.09])
    assert evidence[0] == pytest.approx(0.0, abs=1e-12)


def test_the_two_alleles_are_treated_alike():
    """Exchanging the alleles, and the frequency with them, exchanges the homozygous genotypes."""
    ref, alt, p = np.array([3, 40, 11]), np.array([9, 2, 12]), np.array([0.2, 0.5, 0.7])
    forth = genotype_log_likelihoods(AlleleReads(ref, alt), p, 0.15, Imbalance(0.3, 0.08))
    back = genotype_log_likelihoods(AlleleReads(alt, ref), 1 - p, 0.15, Imbalance(0.3, 0.08))
    assert forth == pytest.approx(back[::-1])


def test_probabilities_of_all_outcomes_sum_to_one():
    depth = 12
    alt = np.arange(depth + 1)
    orders = np.exp(gammaln(depth + 1) - gammaln(alt + 1) - gammaln(depth - alt + 1))
    logs = genotype_log_likelihoods(AlleleReads(depth - alt, alt), np.full(depth + 1, 0.4), 0.1, Imbalance(0.4, 0.15))
    assert (np.exp(logs) * orders).sum(axis=1) == pytest.approx([1, 1, 1])
