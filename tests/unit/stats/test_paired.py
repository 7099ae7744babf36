"""Paired tests: error rates by simulation, power against the unpaired test, exact values by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_ind

from anpi.stats.paired import moderated_t, sign_flips, signed_rank

PAIRS, FEATURES, TRIALS = 8, 20, 600


def null_trials() -> list[np.ndarray]:
    """Differences without any effect: features of unequal variance that go together, 8 pairs."""
    rng = np.random.default_rng(11)
    spread = np.sqrt(0.3 * 6 / rng.chisquare(6, FEATURES))
    return [(rng.standard_normal((PAIRS, FEATURES)) + rng.standard_normal((PAIRS, 1))) * spread for _ in range(TRIALS)]


def most(count: int) -> float:
    """Return what a rate of 5% stays below by chance: three standard errors, of trials."""
    return 0.05 + 3 * np.sqrt(0.05 * 0.95 / count)


def test_at_eight_pairs_no_default_test_errs_more_than_it_says():
    rates = {"moderated": [], "ranks": [], "flips": [], "family": []}
    for d in null_trials():
        rates["moderated"].append(np.mean(moderated_t(d).p < 0.05))
        rates["ranks"].append(np.mean([signed_rank(d[:, j]).p < 0.05 for j in range(3)]))
        flips = sign_flips(d)
        rates["flips"].append(np.mean(flips.p < 0.05))
        rates["family"].append(flips.p_family.min() < 0.05)
    assert {
        name: round(float(np.mean(values)), 3) for name, values in rates.items() if np.mean(values) > most(TRIALS)
    } == {}
    assert np.mean(rates["moderated"]) > 0.03  # nor far less, which would cost power


def test_pairs_find_what_the_unpaired_test_does_not():
    rng = np.random.default_rng(3)
    paired = unpaired = 0
    for _ in range(200):
        before = rng.standard_normal((PAIRS, FEATURES)) + 2 * rng.standard_normal((PAIRS, 1))
        after = before + 1.0 + 0.6 * rng.standard_normal((PAIRS, FEATURES))
        paired += np.mean(moderated_t(after - before).p < 0.05)
        unpaired += np.mean(ttest_ind(after, before).pvalue < 0.05)
    assert paired / 200 > 0.9
    assert unpaired / 200 < 0.3


def test_exact_values_by_hand():
    """Five differences of one sign: 2 of 32 signs are as far out. Zeros are dropped, nothing is left of all zeros."""
    assert signed_rank([1, 2, 3, 4, 5]).p == 2 / 32
    assert signed_rank([1, 2, 3, 4, 0]).p == 2 / 16
    assert signed_rank([0, 0, 0]).p == 1
    assert signed_rank([1, 2, 3, 4, 5]).level == pytest.approx(0.9375)
    flips = sign_flips(np.array([[1.0], [2], [3], [4], [5]]))
    assert flips.p[0] == 2 / 32


def test_a_covariate_takes_out_what_it_explains():
    """A change that follows purity alone is none at equal purity."""
    rng = np.random.default_rng(8)
    purity = rng.uniform(0.1, 0.5, 12)
    d = 4 * purity[:, None] + 0.1 * rng.standard_normal((12, 6))
    assert moderated_t(d).p.max() < 0.001
    adjusted = moderated_t(d, purity)
    assert adjusted.p.min() > 0.01
    assert np.abs(adjusted.mean).max() < 0.3


def test_many_pairs_are_flipped_at_random_and_give_the_same_again():
    d = np.random.default_rng(2).standard_normal((20, 3)) + 1
    first, second = sign_flips(d, 999, seed=4), sign_flips(d, 999, seed=4)
    assert not first.exact
    assert (first.p == second.p).all()
    assert first.p.min() >= 1 / 1000


def test_one_feature_alone_has_the_ordinary_paired_t():
    """By hand: mean 3.4, variance 5.3."""
    found = moderated_t(np.array([[1.0], [2], [4], [3], [7]]))
    assert found.t[0] == pytest.approx(3.4 / np.sqrt(5.3 / 5))
    assert found.prior_df == 0
