"""How far two quantifications of a sample agree."""

from __future__ import annotations

import numpy as np
import pandas as pd

from anpi.files.rows import Row

LEAST_COUNT = 5
LEAST_GENES = 10


def count_agreement(quantified: pd.DataFrame, counted: pd.DataFrame) -> Row:
    """Compare salmon's counts with those of the alignments, over genes with 5 fragments or more by either.

    A gene whose count is not known on one side is left out.

    Parameters
    ----------
    quantified, counted : pandas.DataFrame
        ``gene_id``, ``counts``.

    Returns
    -------
    dict
        ``count_agreement_genes``; ``count_agreement_pearson`` (of log2(counts + 1)) and ``count_agreement_spearman``,
        None for fewer than 10 genes or counts that do not differ.
    """
    both = quantified.merge(counted, on="gene_id", suffixes=("_salmon", "_aligned"))
    pair = both[["counts_salmon", "counts_aligned"]].to_numpy(dtype=float)
    pair = pair[np.isfinite(pair).all(axis=1) & (pair >= LEAST_COUNT).any(axis=1)]
    pearson = spearman = None
    if len(pair) >= LEAST_GENES and (np.ptp(pair, axis=0) > 0).all():
        pearson = round(float(np.corrcoef(np.log2(pair + 1).T)[0, 1]), 4)
        spearman = round(float(np.corrcoef(pd.DataFrame(pair).rank().to_numpy().T)[0, 1]), 4)
    return {
        "count_agreement_genes": len(pair),
        "count_agreement_pearson": pearson,
        "count_agreement_spearman": spearman,
    }
