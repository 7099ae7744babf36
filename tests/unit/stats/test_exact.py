"""Exact tests against full enumeration, scipy and known cases."""

from __future__ import annotations

import itertools
from math import factorial, prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from anpi.stats.exact import clopper_pearson, fisher_exact, jonckheere, wilcoxon
from anpi.stats.multiplicity import adjust
from anpi.stats.permutation import (
    maximally_selected,
    permute_design,
    permute_groups,
    permute_jonckheere,
    permute_logrank,
    permute_trend,
)
from anpi.stats.ranks import midranks
from anpi.stats.roc import area_under_curve
from anpi.stats.survival import logrank

table22 = st.lists(st.lists(st.integers(0, 9), min_size=2, max_size=2), min_size=2, max_size=2)


@settings(max_examples=80, deadline=None)
@given(table22)
def test_fisher_equals_scipy(table):
    counts = np.array(table)
    found = fisher_exact(counts).p
    if min(counts.sum(axis=0).min(), counts.sum(axis=1).min()) == 0:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(stats.fisher_exact(counts).pvalue, rel=1e-9)


def test_fisher_of_three_by_three_against_brute_force():
    seen = np.array([[2, 0, 1], [1, 2, 0], [0, 1, 2]])
    rows, columns = seen.sum(axis=1), seen.sum(axis=0)
    weights = {}
    for cells in itertools.product(range(4), repeat=9):
        if sum(cells) != rows.sum():
            continue
        table = np.array(cells).reshape(3, 3)
        if (table.sum(axis=1) == rows).all() and (table.sum(axis=0) == columns).all():
            weights[cells] = 1 / prod(factorial(c) for c in cells)
    limit = weights[tuple(seen.ravel())] * (1 + 1e-7)
    expected = sum(w for w in weights.values() if w <= limit) / sum(weights.values())
    assert fisher_exact(seen).p == pytest.approx(expected, rel=1e-9)


def test_large_fisher_is_drawn_and_says_so():
    table = np.array([[300, 200], [150, 150], [80, 60], [90, 70], [60, 40]])
    found = fisher_exact(table, seed=1)
    assert not found.exact
    assert found.p == pytest.approx(stats.chi2_contingency(table).pvalue, abs=0.02)
    assert fisher_exact(table, seed=1) == found


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=2, max_size=6), st.lists(st.integers(0, 6), min_size=2, max_size=6))
def test_wilcoxon_with_ties_against_enumeration(x, y):
    together = stats.rankdata(x + y)
    centre = len(x) * together.mean()
    seen = abs(together[: len(x)].sum() - centre)
    sums = [abs(sum(pick) - centre) for pick in itertools.combinations(together, len(x))]
    found = wilcoxon(x, y)
    if np.ptp(together) == 0:
        assert np.isnan(found.p)
    else:
        assert found.p == pytest.approx(np.mean(np.array(sums) >= seen - 1e-9), abs=1e-12)
        assert wilcoxon(y, x).p == pytest.approx(found.p, abs=1e-12)


def test_wilcoxon_without_ties_equals_scipy():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=14), rng.normal(0.4, 1, 23)
    assert wilcoxon(x, y).p == pytest.approx(stats.mannwhitneyu(x, y, method="exact").pvalue, rel=1e-9)


def test_large_wilcoxon_equals_scipy_approximation():
    rng = np.random.default_rng(2)
    x, y = rng.integers(0, 30, 150), rng.integers(2, 32, 150)
    found = wilcoxon(x, y)
    assert not found.exact
    assert found.p == pytest.approx(stats.mannwhitneyu(x, y, method="asymptotic").pvalue, rel=1e-9)


def test_empty_groups_have_no_p():
    assert np.isnan(wilcoxon([], [1, 2]).p)
    assert np.isnan(fisher_exact([[3, 2]]).p)
    assert np.isnan(clopper_pearson(0, 0)).all()
    assert np.isnan(area_under_curve([1, 2], [1, 1]).estimate)


@pytest.mark.parametrize("total", [5, 12, 40])
def test_clopper_pearson_covers_at_least_its_level(total):
    intervals = [clopper_pearson(x, total) for x in range(total + 1)]
    for share in np.linspace(0.01, 0.99, 33):
        inside = [low <= share <= high for low, high in intervals]
        assert stats.binom.pmf(np.arange(total + 1), total, share) @ inside >= 0.95 - 1e-9


def test_jonckheere_published_example():
    """Hollander, Wolfe and Chicken (2014), example 6.2 (knowledge of performance): J = 79, z = 2.02."""
    none = [40, 35, 38, 43, 44, 41]
    rough = [38, 40, 47, 44, 40, 42]
    accurate = [48, 40, 45, 43, 46, 44]
    values, order = none + rough + accurate, [0] * 6 + [1] * 6 + [2] * 6
    found = jonckheere(values, order)
    assert found.statistic == 79
    assert found.z == pytest.approx(2.02, abs=0.02)
    reversed_order = jonckheere(values, [-o for o in order])
    assert reversed_order.z == pytest.approx(-found.z)


def test_jonckheere_of_two_groups_is_the_rank_sum_test():
    rng = np.random.default_rng(3)
    values, order = rng.integers(0, 12, 30), np.repeat([0, 1], 15)
    expected = stats.mannwhitneyu(values[order == 1], values[order == 0], method="asymptotic", use_continuity=False)
    found = jonckheere(values, order)
    assert found.statistic == expected.statistic
    assert found.p == pytest.approx(expected.pvalue, rel=1e-9)


def every_jonckheere(values: list[float], order: list[int]) -> float:
    """The p of all arrangements: the share whose statistic lies as far from its mean, by counting pairs."""

    def statistic(arranged: tuple[float, ...]) -> float:
        pairs = [(i, j) for i in range(len(order)) for j in range(len(order)) if order[i] < order[j]]
        return sum(float(arranged[j] > arranged[i]) + 0.5 * float(arranged[j] == arranged[i]) for i, j in pairs)

    every = np.array([statistic(arranged) for arranged in itertools.permutations(values)])
    return float(np.mean(np.abs(every - every.mean()) >= abs(statistic(tuple(values)) - every.mean()) - 1e-9))


@pytest.mark.parametrize(
    ("values", "order"),
    [([3, 1, 2, 5, 7, 4, 8], [0, 0, 1, 1, 1, 2, 2]), ([1, 1, 2, 2, 3, 3, 5], [0, 1, 0, 1, 1, 2, 2])],
)
def test_permuted_jonckheere_is_that_of_all_arrangements(values, order):
    found = permute_jonckheere(values, order, 40_000, 1)
    assert found.p == pytest.approx(every_jonckheere(values, order), abs=0.01)
    assert found.statistic == pytest.approx(jonckheere(values, order).z)
    shuffle = np.random.default_rng(2).permutation(7)
    assert permute_jonckheere(np.take(values, shuffle), np.take(order, shuffle), 40_000, 1).p == found.p


def test_permuted_jonckheere_of_two_groups_is_the_exact_rank_sum_test():
    """Five and five, where the normal p (0.047) says more than the exact one (0.056)."""
    lower, upper = [1, 2, 3, 5, 7], [4, 6, 8, 9, 10]
    found = permute_jonckheere(lower + upper, [0] * 5 + [1] * 5, 40_000, 1)
    assert found.p == pytest.approx(wilcoxon(upper, lower).p, abs=0.004)
    assert jonckheere(lower + upper, [0] * 5 + [1] * 5).p < 0.05 < found.p


def test_permuted_jonckheere_without_a_trend_to_see():
    assert np.isnan(permute_jonckheere([1, 1, 1], [0, 1, 2]).p)
    assert np.isnan(permute_jonckheere([1, 2, 3], [1, 1, 1]).p)


def test_permuted_ranks_are_the_kruskal_wallis_test():
    rng = np.random.default_rng(4)
    values, group = rng.integers(0, 20, 40), np.repeat(list("abcd"), [16, 12, 7, 5])
    expected = stats.kruskal(*(values[group == g] for g in "abcd"))
    found = permute_groups(stats.rankdata(values), group, permutations=20_000, seed=1)
    assert (found.statistic, found.df) == (pytest.approx(expected.statistic, rel=1e-9), 3)
    assert found.p == pytest.approx(expected.pvalue, abs=0.02)


def test_permuted_logrank_statistic_is_the_logrank_test():
    rng = np.random.default_rng(4)
    time, event = rng.integers(1, 30, 60), rng.integers(0, 2, 60)
    group, strata = rng.choice(list("abcd"), 60), rng.choice(["x", "y"], 60)
    for blocks in (None, strata):
        plain = logrank(time, event, group, blocks)
        found = permute_logrank(time, event, group, blocks, permutations=4000, seed=1)
        assert (found.statistic, found.df) == (pytest.approx(plain.chi_square, rel=1e-9), plain.df)
        assert found.p == pytest.approx(plain.p, abs=0.05)


def test_permutation_does_not_depend_on_the_order_of_patients():
    rng = np.random.default_rng(6)
    time, event, group = rng.integers(1, 30, 40), rng.integers(0, 2, 40), rng.choice(list("ab"), 40)
    values = rng.normal(size=40)
    order = rng.permutation(40)
    for function, arguments in (
        (permute_logrank, (time, event, group)),
        (permute_groups, (values, group)),
        (permute_trend, (values, time)),
    ):
        whole = function(*arguments, permutations=999, seed=3)
        moved = function(*(np.asarray(a)[order] for a in arguments), permutations=999, seed=3)
        assert (whole.p, whole.statistic) == pytest.approx((moved.p, moved.statistic), rel=1e-9)


def test_exchange_stays_within_strata():
    """Scores that only differ between strata leave nothing to exchange."""
    strata = np.repeat([0, 1], 10)
    group = np.array(list("aaaaaaaabb" + "aabbbbbbbb"))
    assert permute_groups(strata.astype(float), group, permutations=999).p < 0.05
    assert np.isnan(permute_groups(strata.astype(float), group, strata, permutations=999).p)


def test_probabilities_of_nought_and_one_are_groups():
    rng = np.random.default_rng(7)
    scores, group = rng.normal(size=30), rng.choice(list("abc"), 30)
    weights = np.column_stack([group == level for level in "abc"]).astype(float)
    soft = permute_design(scores, weights, permutations=999)
    hard = permute_groups(scores, group, permutations=999)
    assert (soft.statistic, soft.df) == (pytest.approx(hard.statistic, rel=1e-9), hard.df)


def test_permutation_without_information():
    assert np.isnan(permute_groups([1.0, 1.0, 1.0], list("aab")).p)
    assert np.isnan(permute_groups([1.0, 2.0], list("aa")).p)
    assert np.isnan(permute_logrank([1, 2], [0, 0], list("ab")).p)
    assert np.isnan(permute_trend([1.0, 1.0], [1.0, 2.0]).p)
    assert np.isnan(maximally_selected([1, 2, 3], [1, 1, 1], [5, 5, 5]).p)


def test_adjustment_leaves_out_what_was_not_tested():
    found = adjust([0.01, np.nan, 0.04], "holm")
    assert found[[0, 2]] == pytest.approx([0.02, 0.04])
    assert np.isnan(found[1])
    assert adjust([0.2, np.nan], "none")[0] == 0.2


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=20))
def test_adjustment_equals_statsmodels(p):
    from statsmodels.stats.multitest import multipletests

    for method, name in (("holm", "holm"), ("bh", "fdr_bh")):
        assert adjust(p, method) == pytest.approx(multipletests(p, method=name)[1], rel=1e-9)


@pytest.mark.parametrize(
    ("table", "exact", "mid"), [([[3, 1], [1, 3]], 34 / 70, 18 / 70), ([[4, 0], [0, 4]], 2 / 70, 1 / 70)]
)
def test_with_mid_p_ties_count_half(table, exact, mid):
    """Of 70 tables 16 are as probable as 3:1 on either side, 1 is as 4:0."""
    assert fisher_exact(table).p == pytest.approx(exact)
    assert fisher_exact(table, mid=True).p == pytest.approx(mid)
    group = np.repeat(["a", "a", "b", "b"], np.ravel(table))
    response = np.repeat([1.0, 0.0, 1.0, 0.0], np.ravel(table))
    assert permute_groups(response, group).p == pytest.approx(exact)
    assert permute_groups(response, group, mid=True).p == pytest.approx(mid)
    # Two copies of a stratum are drawn at random; half of the ties go.
    drawn = [
        permute_groups(np.tile(response, 2), np.tile(group, 2), np.repeat([1, 2], 8), 9_999, 3, mid=half).p
        for half in (False, True)
    ]
    counts = np.array([stats.hypergeom.pmf(k, 8, 4, 4) for k in range(5)])
    both = np.convolve(counts, counts)
    distance = np.abs(np.arange(9) - 4)
    seen = abs(2 * table[0][0] - 4)
    reached, tied = both[distance >= seen].sum(), both[distance == seen].sum()
    assert drawn == pytest.approx([reached, reached - tied / 2], abs=0.015)


@pytest.mark.parametrize(
    ("table", "exact", "mid"),
    [
        ([[9, 3], [2, 9]], 0.012278137800, 0.007803543878),
        ([[7, 10], [2, 7], [0, 5], [5, 2]], 0.06013728968, 0.05861677613),
    ],
)
def test_mid_p_of_r(table, exact, mid):
    """R: products of ``dhyper`` over all tables of these margins (397 of the second, of which 2 tie with it).

    Less probable ones whole, and half of those as probable; the exact p is also that of ``fisher.test``.
    """
    assert fisher_exact(table).p == pytest.approx(exact, rel=1e-9)
    assert fisher_exact(table, mid=True).p == pytest.approx(mid, rel=1e-9)


@given(st.lists(st.sampled_from([-1.5, 0.0, 2.0, 2.5, 1e300]), max_size=30))
def test_ranks_with_ties_are_those_of_scipy(values):
    assert midranks(values).tolist() == stats.rankdata(values).tolist()
