"""How signatures are scored. Each function takes samples x genes and gives a number a sample, row by row.

Arrays are C-contiguous and reduced along the genes, so that a sample's number does not depend on its neighbours.
A gene that a sample lacks is NaN and takes no part.
"""

from __future__ import annotations

import numpy as np

from anpi.stats.ranks import midranks


def weighted_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Average over the genes that are present: the mean of log expression when values are logs."""
    weight = np.where(np.isnan(values), 0.0, weights)
    total = weight.sum(axis=1)
    summed = (np.where(np.isnan(values), 0.0, values) * weight).sum(axis=1)
    return np.divide(summed, total, out=np.full(len(total), np.nan), where=total != 0)


def weighted_sum(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sum of weight times log expression over the genes that are present (Ayers 2017, doi:10.1172/JCI91190)."""
    present = ~np.isnan(values)
    summed = (np.where(present, values, 0.0) * weights).sum(axis=1)
    return np.where(present.any(axis=1), summed, np.nan)


def geometric_mean(tpm: np.ndarray, offset: float = 0.01) -> np.ndarray:
    """Return the geometric mean of TPM + 0.01, cytolytic activity (Rooney 2015, doi:10.1016/j.cell.2014.12.033)."""
    return np.exp(weighted_mean(np.log(tpm + offset), np.ones(tpm.shape[1])))


def rank_genes(values: np.ndarray) -> np.ndarray:
    """Rank a sample's genes from 1 (lowest), ties averaged; NaN keeps NaN."""
    return np.array([midranks(row) for row in values]).reshape(values.shape)


def ssgsea_raw(ranks: np.ndarray, members: np.ndarray, alpha: float = 0.25) -> np.ndarray:
    """Compute the enrichment score of single-sample GSEA (Barbie 2009, doi:10.1038/nature08460), not normalised.

    The random walk summed over all positions has a closed form: with ``p`` a gene's position from the bottom, the
    score is the mean of ``p`` over the set, weighted by ``rank ** alpha``, less the mean of ``p`` outside the set.
    Genes with equal expression share the mean of their positions, so that the order of the genes in the file does
    not matter; without ties the score is that of R's GSVA with ``ssgsea.norm = FALSE``.

    Parameters
    ----------
    ranks : numpy.ndarray
        Samples x genes, from `rank_genes`.
    members : numpy.ndarray
        Positions of the set's genes.
    """
    present = ~np.isnan(ranks)
    size = present.sum(axis=1).astype(float)
    member_ranks = np.ascontiguousarray(ranks[:, members])
    there = ~np.isnan(member_ranks)
    count = there.sum(axis=1)
    position = np.where(there, member_ranks, 0.0)
    weight = np.where(there, np.floor(position) ** alpha, 0.0)
    outside = size - count
    with np.errstate(invalid="ignore", divide="ignore"):
        inner = (weight * position).sum(axis=1) / weight.sum(axis=1)
        outer = (size * (size + 1) / 2 - position.sum(axis=1)) / outside
    return np.where((count > 0) & (outside > 0), inner - outer, np.nan)


def singscore(ranks: np.ndarray, up: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Return a set's mean rank within the sample, between its least and its greatest possible, centred on 0.

    The score of the genes expected up, plus that of the genes expected down with ranks turned round (Foroutan 2018,
    doi:10.1186/s12859-018-2435-4). From -1 to 1 with both sets, -0.5 to 0.5 with one.
    """
    size = (~np.isnan(ranks)).sum(axis=1).astype(float)
    total = np.zeros(len(ranks))
    for members, sign in ((up, 1.0), (down, -1.0)):
        if len(members) == 0:
            continue
        member_ranks = np.ascontiguousarray(ranks[:, members])
        there = ~np.isnan(member_ranks)
        count = there.sum(axis=1).astype(float)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.where(there, member_ranks, 0.0).sum(axis=1) / count
            low = (count + 1) / 2
            share = (mean - low) / ((2 * size - count + 1) / 2 - low)
        total = total + sign * (share - 0.5)
    return total
