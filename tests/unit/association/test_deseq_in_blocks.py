"""DESeq2 in blocks of genes against pydeseq2 on the whole, on counts with outliers and genes that are hard to fit."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from pydeseq2.dds import DeseqDataSet
from pydeseq2.default_inference import DefaultInference
from pydeseq2.ds import DeseqStats
from threadpoolctl import threadpool_limits

from anpi.association.deseq import compare, genes_at_a_time

GENES, SAMPLES = 80, 24
NAMES = {
    "baseMean": "base_mean",
    "log2FoldChange": "log2_fold_change",
    "lfcSE": "standard_error",
    "stat": "statistic",
    "pvalue": "p",
    "padj": "p_adjusted",
    "shrunken": "shrunken_log2_fold_change",
}


def draw(
    batches: int, amount: bool, samples: int = SAMPLES, log_mean: float = 3.0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw counts of two groups in batches, every twentieth gene with a count forty times too high."""
    rng = np.random.default_rng(3)
    group, batch = np.arange(samples) % 3 == 0, np.arange(samples) % batches
    mean = rng.lognormal(log_mean, 1.6, GENES)[:, None] * rng.lognormal(0, 0.3, samples)
    mean[: GENES // 8] *= np.where(group, 3, 1)
    size = 1 / rng.gamma(2, 0.15, GENES)[:, None]
    counts = rng.negative_binomial(size, size / (size + mean))
    counts[::20, 5] = 40 * (counts[::20, 5] + 20)
    counts[7::20, group] = 0
    names = [f"S{i}" for i in range(samples)]
    design = pd.DataFrame({"Intercept": 1.0}, index=names)
    for level in range(1, batches):
        design[f"c{level}"] = (batch == level).astype(float)
    if amount:
        design["amount"] = np.linspace(-1, 1, samples)
    design["group"] = group.astype(float)
    table = pd.DataFrame(counts, index=[f"G{i}" for i in range(GENES)], columns=names)
    return table[(table >= 10).sum(axis=1) >= samples / 3], design


def on_the_whole(counts: pd.DataFrame, design: pd.DataFrame) -> pd.DataFrame:
    """Run pydeseq2 as it is."""
    inference = DefaultInference(n_cpus=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = DeseqDataSet(counts=counts.T, metadata=design, design=design, quiet=True, inference=inference)
        data.deseq2()
        contrast = (design.columns == "group").astype(float)
        test = DeseqStats(data, contrast=contrast, inference=inference, quiet=True)
        test.summary()
        plain = test.results_df.copy()
        test.lfc_shrink(coeff="group")
    return plain.assign(shrunken=test.results_df["log2FoldChange"])


@pytest.mark.parametrize("cells", [10**9, 40 * SAMPLES])
@pytest.mark.parametrize(("batches", "amount"), [(1, False), (4, False), (4, True)])
def test_blocks_give_what_pydeseq2_gives_on_the_whole(batches, amount, cells):
    counts, design = draw(batches, amount)
    assert_as_pydeseq2(counts, design, cells, 1e-6)


@pytest.mark.parametrize(
    ("samples", "batches", "amount", "log_mean"),
    [(6, 1, False, 3), (40, 8, True, 3), (40, 5, False, 1.5), (200, 4, True, 3)],
)
def test_genes_side_by_side_give_what_pydeseq2_gives_one_by_one(samples, batches, amount, log_mean):
    assert_as_pydeseq2(*draw(batches, amount, samples, log_mean), 10**9, 1e-12)


def assert_as_pydeseq2(counts: pd.DataFrame, design: pd.DataFrame, cells: int, rel: float) -> None:
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected, found = on_the_whole(counts, design), compare(counts, design, "group", cells)
    assert list(found.index) == list(expected.index)
    for theirs, ours in NAMES.items():
        a, b = expected[theirs].to_numpy(), found[ours].to_numpy()
        assert (np.isnan(a) == np.isnan(b)).all(), ours
        known = ~np.isnan(a)
        assert b[known] == pytest.approx(a[known], rel=rel, abs=rel / 1000), ours


def test_without_a_gene_that_every_sample_has_the_genes_stay_together():
    counts, _ = draw(1, False)
    assert genes_at_a_time(counts + 1, 5 * SAMPLES) == 5
    counts.iloc[:, 0] = 0
    assert genes_at_a_time(counts, 5 * SAMPLES) == len(counts)
