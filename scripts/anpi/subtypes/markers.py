"""Marker genes of groups of samples: Wilcoxon's test of each group against the others.

By numpy alone: what scanpy would compile for it takes longer than all else that the first start of an installation
compiles. The numbers are scanpy's.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from anpi.stats.multiplicity import adjust
from anpi.stats.ranks import midranks

LITTLE = 1e-9  # added to means, so that genes without expression have a ratio


def find_markers(
    logs: pd.DataFrame, subtype: pd.Series, groups: list[str], genes: pd.DataFrame, most: int = 25
) -> pd.DataFrame:
    """Rank the genes of each group against the other called samples by Wilcoxon's test (Benjamini-Hochberg).

    Parameters
    ----------
    logs : DataFrame
        Samples x genes, log2 of TPM + 1.
    subtype : Series
        Of each sample; samples of no group are left out.
    groups : list of str
        At least two.
    genes : DataFrame
        ``gene_id`` and ``symbol``.
    """
    called = subtype.isin(groups).to_numpy()
    values = logs.to_numpy(float)[called] * np.log(2)  # natural logarithms, of which the ratios of means are made
    members = subtype[called].to_numpy()[None, :] == np.array(groups)[:, None]
    scores = rank_scores(values, members)
    symbols = genes.drop_duplicates("gene_id").set_index("gene_id")["symbol"]
    parts = []
    for group, inside, score in zip(groups, members, scores, strict=True):
        within, without = (np.expm1(values[rows].mean(axis=0)) + LITTLE for rows in (inside, ~inside))
        adjusted = adjust(2 * norm.sf(np.abs(score)), "bh")
        ratio = np.log2(within / without)
        first = np.lexsort((-ratio, -score))[:most]  # of equal scores the larger ratio, of equal ratios in order
        names = logs.columns[first]
        parts.append(
            pd.DataFrame(
                {
                    "group": group,
                    "gene_id": names,
                    "symbol": names.map(symbols),
                    "score": score[first].astype("float32"),
                    "log2_fold_change": ratio[first].astype("float32"),
                    "p_adjusted": adjusted[first],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def rank_scores(values: NDArray[np.float64], members: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the sum of ranks of each group in standard deviations from its mean, with ties (Hollander and Wolfe).

    Parameters
    ----------
    values : array
        Samples x genes.
    members : array
        Groups x samples.

    Returns
    -------
    array
        Groups x genes; 0 where a gene is the same in all samples.
    """
    count, sizes = len(values), members.sum(axis=1)
    sums = np.empty((len(members), values.shape[1]))
    ties = np.empty(values.shape[1])
    for gene, column in enumerate(values.T):
        ranks = midranks(column)
        sums[:, gene] = members @ ranks
        times = np.unique(ranks, return_counts=True)[1].astype(float)
        ties[gene] = 1 - (times**3 - times).sum() / (float(count) ** 3 - count)
    spread = np.sqrt(ties * (sizes * (count - sizes))[:, None] * (count + 1) / 12)
    distance = sums - (sizes * (count + 1) / 2)[:, None]
    return np.divide(distance, spread, out=np.zeros_like(sums), where=spread > 0)
