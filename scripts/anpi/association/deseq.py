"""DESeq2 on cohorts of any size: pydeseq2 in blocks of genes.

Given size factors, the trend of dispersions and its spread, a gene is fitted without the others. pydeseq2 keeps some
eighteen copies of the counts it is given; here it is given a block at a time, and what all genes tell together is
computed from one number a gene.
"""

from __future__ import annotations

from collections.abc import Sequence

import anndata
import numpy as np
import pandas as pd
from pydeseq2.dds import DeseqDataSet
from pydeseq2.ds import DeseqStats
from pydeseq2.preprocessing import deseq2_norm_fit

from anpi.association.inference import BlockInference

CELLS = 2_000_000  # counts of a block
SAMPLES = 256  # whose ratios to the mean sample are held at a time
LARGEST_PRIOR_SCALE, WIDE_SCALE = 1, 15  # those of pydeseq2
COLUMNS = {
    "baseMean": "base_mean",
    "log2FoldChange": "log2_fold_change",
    "lfcSE": "standard_error",
    "stat": "statistic",
    "pvalue": "p",
}


class Block(DeseqDataSet):
    """Some genes of a cohort."""

    def __init__(self, counts: pd.DataFrame, design: pd.DataFrame):
        super().__init__(counts=counts.T, metadata=design, design=design, quiet=True, inference=BlockInference())

    def fit_alone(self, size_factors: np.ndarray | None) -> None:
        """Fit what needs no other gene, and keep counts and means."""
        if size_factors is None:
            self.fit_size_factors()
        else:
            self.obs["size_factors"] = size_factors
            self.scale()
            self.var["_normed_means"] = self.layers["normed_counts"].mean(axis=0)
        self.fit_genewise_dispersions()
        del self.layers["normed_counts"]
        self.low_memory = True  # from here on; iterative size factors would miss what it takes away

    def scale(self) -> None:
        self.layers["normed_counts"] = self.X / self.obs["size_factors"].values[:, None]

    def fit_with(self, genes: AllGenes, contrast: np.ndarray) -> pd.DataFrame:
        """Fit and test the genes by the trend of all; keep counts and dispersions."""
        self.uns.update(genes.uns)
        self.var["fitted_dispersions"] = genes.var.loc[self.var_names, "fitted_dispersions"]
        self.scale()
        self.fit_MAP_dispersions()
        self.fit_LFC()
        self.calculate_cooks()
        self.refit()
        self.cooks_outlier()
        del self.layers["normed_counts"]
        test = DeseqStats(self, contrast=contrast, independent_filter=False, inference=self.inference, quiet=True)
        test.summary()
        return test.results_df[list(COLUMNS)].rename(columns=COLUMNS)


class AllGenes(DeseqDataSet):
    """What all genes tell together; their counts stay in the blocks."""

    def __init__(self, blocks: Sequence[Block]):
        first = blocks[0]
        var = pd.concat([block.var for block in blocks])
        anndata.AnnData.__init__(self, obs=first.obs, var=var)
        self.obsm["design_matrix"] = first.obsm["design_matrix"]
        self.non_zero_genes = self.var_names[self.var["non_zero"]]
        for name in ("inference", "fit_type", "min_disp", "max_disp", "refit_cooks", "quiet"):
            setattr(self, name, getattr(first, name))


def compare(counts: pd.DataFrame, design: pd.DataFrame, coefficient: str, cells: int = CELLS) -> pd.DataFrame:
    """Test a coefficient of the design on each gene, and shrink its fold change by apeglm.

    Parameters
    ----------
    counts : (genes, samples) DataFrame
        Whole numbers, no gene of zeros alone.
    design : (samples, columns) DataFrame
        Of full rank.
    cells : int
        Counts that are fitted at a time.

    Returns
    -------
    DataFrame
        Those of `COLUMNS`, ``p_adjusted`` and ``shrunken_log2_fold_change``.
    """
    step = genes_at_a_time(counts, cells)
    blocks = [Block(counts.iloc[start : start + step].astype(int), design) for start in range(0, len(counts), step)]
    size_factors = median_of_ratios(blocks) if len(blocks) > 1 else None
    for block in blocks:
        block.fit_alone(size_factors)
    genes = AllGenes(blocks)
    genes.fit_dispersion_trend()
    genes.fit_dispersion_prior()
    place = list(design.columns).index(coefficient)
    contrast = np.zeros(design.shape[1])
    contrast[place] = 1.0
    results = pd.concat([block.fit_with(genes, contrast) for block in blocks])
    test = test_of(blocks, results, contrast)
    test._independent_filtering()
    scale = np.minimum(np.sqrt(test._fit_prior_var(coeff_idx=place)), LARGEST_PRIOR_SCALE)
    fitted = np.concatenate([shrunken_of(block, scale, place) for block in blocks]) / np.log(2)
    results["p_adjusted"] = test.padj
    results["shrunken_log2_fold_change"] = np.where(np.isfinite(fitted), fitted, results["log2_fold_change"])
    return results


def genes_at_a_time(counts: pd.DataFrame, cells: int) -> int:
    """Return how many genes make a block: all, where no gene is seen in every sample to tell size factors by."""
    return max(1, cells // counts.shape[1]) if (counts > 0).all(axis=1).any() else len(counts)


def median_of_ratios(blocks: Sequence[Block]) -> np.ndarray:
    """Return the size factor of each sample: its median ratio to the mean sample, over genes seen in all samples."""
    means = [deseq2_norm_fit(block.X) for block in blocks]
    seen = [(block.X[:, kept], mean[kept]) for block, (mean, kept) in zip(blocks, means, strict=True)]
    medians = []
    for start in range(0, len(blocks[0].X), SAMPLES):
        ratios = [np.log(counts[start : start + SAMPLES]) - mean for counts, mean in seen]
        medians.append(np.median(np.hstack(ratios), axis=1))
    return np.exp(np.concatenate(medians))


def test_of(blocks: Sequence[Block], results: pd.DataFrame, contrast: np.ndarray) -> DeseqStats:
    """Return the test of all genes, of which each was tested in its block."""
    genes = AllGenes(blocks)
    genes.varm["LFC"] = pd.concat([block.varm["LFC"] for block in blocks])
    test = DeseqStats(genes, contrast=contrast, inference=genes.inference, quiet=True)
    test.p_values, test.SE = results["p"], results["standard_error"] * np.log(2)
    return test


def shrunken_of(block: Block, scale: float, place: int) -> np.ndarray:
    """Return the coefficient of the genes of a block, shrunken by apeglm (Zhu 2019)."""
    design, offset = block.obsm["design_matrix"].values, np.log(block.obs["size_factors"]).values
    sizes = 1.0 / block.var["dispersions"].values
    fits = block.inference.lfc_shrink_nbinom_glm(design, block.X, sizes, offset, WIDE_SCALE, scale, "L-BFGS-B", place)
    return fits[0][:, place]
