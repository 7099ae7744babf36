"""Methods held against R and against values worked out by hand."""

from __future__ import annotations

import gseapy
import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata

from anpi.signatures.methods import geometric_mean, rank_genes, singscore, ssgsea_raw, weighted_mean, weighted_sum

# R 4.2.2, GSVA 1.46.0:
#   n <- 500
#   x <- sapply(1:3, function(j) (((1:n) * (37 + 14 * j)) %% 1009) + j / 10)
#   rownames(x) <- sprintf("g%03d", 1:n); colnames(x) <- c("a", "b", "c")
#   sets <- list(every7 = rownames(x)[seq(1, n, 7)], first40 = rownames(x)[1:40], three = rownames(x)[c(5, 250, 499)])
#   print(gsva(x, sets, method = "ssgsea", ssgsea.norm = FALSE), digits = 15)
FROM_R = {
    "every7": [22.9452936831697, 23.2256688998825, 25.6619290026700],
    "first40": [23.9491402987055, 10.0741709993537, 18.6578675293999],
    "three": [-51.1074999935263, -148.8965488299463, -55.8258054394608],
}
SETS = {"every7": np.arange(0, 500, 7), "first40": np.arange(40), "three": np.array([4, 249, 498])}


@pytest.fixture(scope="module")
def matrix() -> np.ndarray:
    gene = np.arange(1, 501)
    return np.array([(gene * (37 + 14 * j)) % 1009 + j / 10 for j in (1, 2, 3)])


@pytest.mark.parametrize("name", SETS)
def test_raw_ssgsea_is_that_of_r_gsva(matrix: np.ndarray, name: str) -> None:
    np.testing.assert_allclose(ssgsea_raw(rank_genes(matrix), SETS[name]), FROM_R[name], rtol=0, atol=1e-6)


def test_raw_ssgsea_is_that_of_gseapy(matrix: np.ndarray) -> None:
    genes = [f"g{i}" for i in range(500)]
    frame = pd.DataFrame(matrix.T, index=genes, columns=list("abc"))
    sets = {name: [genes[i] for i in members] for name, members in SETS.items()}
    found = gseapy.ssgsea(frame, sets, outdir=None, sample_norm_method="rank", min_size=1, max_size=500, threads=1)
    table = found.res2d.pivot(index="Term", columns="Name", values="ES")
    for name, members in SETS.items():
        np.testing.assert_allclose(
            ssgsea_raw(rank_genes(matrix), members), table.loc[name, list("abc")].astype(float), rtol=0, atol=1e-6
        )


def walk(values: np.ndarray, ranks: np.ndarray, members: np.ndarray, order: np.ndarray) -> float:
    """Sum the random walk of single-sample GSEA step by step, for one order of the genes."""
    inside = np.isin(order, members)
    weight = np.floor(ranks[order]) ** 0.25
    hits = np.cumsum(np.where(inside, weight, 0.0))
    misses = np.cumsum(~inside)
    return float((hits / hits[-1] - misses / misses[-1]).sum())


def test_tied_genes_score_the_mean_over_their_orders(matrix: np.ndarray) -> None:
    values = np.where(matrix[0] < 300, 0.0, matrix[0])
    ranks = rank_genes(values[None, :])
    rng = np.random.default_rng(0)
    orders = []
    for _ in range(4000):
        shuffled = rng.permutation(500)
        orders.append(shuffled[np.argsort(-values[shuffled], kind="stable")])
    simulated = [walk(values, ranks[0], SETS["every7"], order) for order in orders]
    error = np.std(simulated) / np.sqrt(len(simulated))
    assert abs(ssgsea_raw(ranks, SETS["every7"])[0] - np.mean(simulated)) < 4 * error


def test_singscore_of_extreme_sets_is_one() -> None:
    values = np.arange(1.0, 101.0)[None, :]
    top, bottom = np.arange(90, 100), np.arange(10)
    none = np.array([], dtype=int)
    ranks = rank_genes(values)
    assert singscore(ranks, top, bottom)[0] == pytest.approx(1.0)
    assert singscore(ranks, bottom, top)[0] == pytest.approx(-1.0)
    assert singscore(ranks, top, none)[0] == pytest.approx(0.5)


def test_ranks_are_those_of_another_library_with_ties_and_gaps():
    values = np.random.default_rng(2).poisson(3.0, (5, 200)).astype(float)
    expected = np.array([rankdata(row, method="average") for row in values])
    assert (rank_genes(values) == expected).all()
    gaps = np.insert(values, [0, 100, 200], np.nan, axis=1)
    assert np.array_equal(rank_genes(gaps), np.insert(expected, [0, 100, 200], np.nan, axis=1), equal_nan=True)
    assert rank_genes(np.empty((2, 0))).shape == (2, 0)


def test_singscore_by_hand() -> None:
    # Ranks of 10 genes are 1 to 10. Genes 2, 5, 8: mean rank 5, least possible 2, greatest 9: (5 - 2) / 7 - 0.5.
    ranks = rank_genes(np.arange(10.0)[None, :])
    none = np.array([], dtype=int)
    assert singscore(ranks, np.array([1, 4, 7]), none)[0] == pytest.approx(3 / 7 - 0.5)
    # As genes expected down: ranks turned round are 9, 6, 3, mean 6: (6 - 2) / 7 - 0.5.
    assert singscore(ranks, none, np.array([1, 4, 7]))[0] == pytest.approx(4 / 7 - 0.5)


def test_cytolytic_activity_is_the_geometric_mean_of_two_genes() -> None:
    found = geometric_mean(np.array([[7.99, 31.99], [0.0, 0.0]]))
    np.testing.assert_allclose(found, [16.0, 0.01])


def test_missing_genes_take_no_part() -> None:
    values = np.array([[1.0, np.nan, 3.0], [np.nan, np.nan, np.nan]])
    weights = np.array([1.0, 5.0, 3.0])
    np.testing.assert_allclose(weighted_mean(values, weights), [2.5, np.nan])
    np.testing.assert_allclose(weighted_sum(values, weights), [10.0, np.nan])


def test_a_missing_gene_has_no_rank() -> None:
    full = rank_genes(np.array([[5.0, 1.0, 3.0, 2.0]]))
    gap = rank_genes(np.array([[5.0, 1.0, np.nan, 3.0, 2.0]]))
    assert ssgsea_raw(full, np.array([0, 3]))[0] == ssgsea_raw(gap, np.array([0, 4]))[0]
