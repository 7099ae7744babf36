"""The method of quanTIseq on plain arrays: one mixture, least squares under constraints, fractions of cells."""

from __future__ import annotations

import numpy as np
from scipy.optimize import nnls

from anpi.expression.draws import draw_genes
from anpi.fractions.til10 import Profiles

FEW_TREGS = 0.02  # below, regulatory T cells cannot be told from other CD4 T cells by one fit
DRAWS = 200
LEVELS = (2.5, 97.5)


def fit_shares(profiles: np.ndarray, mixtures: np.ndarray) -> np.ndarray:
    """Fit shares of profiles to each mixture by least squares, none below 0 and a sum of at most 1.

    The fit without the limit of the sum is the answer where it keeps to it; else the answer lies on sum = 1, where
    the residual is linear in the shares: ``(A - b 1') x``. Minimised together with a row ``sum(x) = 1``, its solution
    has the direction of the constrained one (Lawson and Hanson 1974, chapter 23).

    Parameters
    ----------
    profiles : numpy.ndarray
        Mixtures x genes x cell types.
    mixtures : numpy.ndarray
        Mixtures x genes.

    Returns
    -------
    numpy.ndarray
        Mixtures x cell types.
    """
    sizes = np.linalg.norm(profiles, axis=(1, 2))
    scaled, targets = profiles / sizes[:, None, None], mixtures / sizes[:, None]
    shares = np.array([nnls(rows, target)[0] for rows, target in zip(scaled, targets, strict=True)])
    above = np.flatnonzero(shares.sum(axis=1) > 1)
    last = np.append(np.zeros(mixtures.shape[1]), 1.0)
    for place in above:
        rows = np.vstack([scaled[place] - targets[place][:, None], np.ones(profiles.shape[2])])
        found, _ = nnls(rows, last)
        shares[place] = found / found.sum()
    return shares


def cells_of(profiles: np.ndarray, mixtures: np.ndarray, mrna: np.ndarray) -> np.ndarray:
    """Turn shares of mRNA into fractions of cells: divided by mRNA content, brought back to their sum."""
    shares = fit_shares(profiles, mixtures)
    cells = shares / mrna
    sums = cells.sum(axis=1, keepdims=True)
    return np.where(sums > 0, cells / np.where(sums > 0, sums, 1) * shares.sum(axis=1, keepdims=True), cells)


def deconvolve(profiles: Profiles, tpm: np.ndarray, mixtures: np.ndarray) -> np.ndarray:
    """Estimate fractions of cells in each mixture.

    With few regulatory T cells (below 2%) a second fit leaves out CD4 T cells: the fraction of regulatory T cells is
    the mean of both fits, and CD4 T cells lose the mean of it and of the second fit, as in the reference program.

    Parameters
    ----------
    tpm : numpy.ndarray
        Mixtures x genes x cell types of ``profiles``.
    mixtures : numpy.ndarray
        Mixtures x genes.

    Returns
    -------
    numpy.ndarray
        Mixtures x fractions of each cell type, then of other cells; the sum is 1.
    """
    cells, types = cells_of(tpm, mixtures, profiles.mrna), list(profiles.cell_types)
    tregs, cd4 = types.index("Tregs"), types.index("T.cells.CD4")
    others = np.maximum(0.0, 1 - cells.sum(axis=1))
    few = np.flatnonzero(cells[:, tregs] < FEW_TREGS)
    if len(few):
        without = np.delete(np.arange(len(types)), cd4)
        place = without.tolist().index(tregs)
        second = cells_of(tpm[few][:, :, without], mixtures[few], profiles.mrna[without])[:, place]
        cells[few, tregs] = (cells[few, tregs] + second) / 2
        cells[few, cd4] = np.maximum(0.0, cells[few, cd4] - (cells[few, tregs] + second) / 2)
    fractions = np.column_stack([cells, others])
    return fractions / fractions.sum(axis=1, keepdims=True)


def intervals(profiles: Profiles, genes: np.ndarray, mixture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Draw the genes anew, with replacement, and return the limits of 95% of the fractions.

    The draws start from the mixture's own content, so they are the same in every cohort. The limits tell how far the
    marker genes agree, not how far the matrix holds in this tissue. Of each draw the triangle of its QR decomposition
    is fitted in its place: as many rows as cell types and one, and the same distances to every share.

    Parameters
    ----------
    genes : numpy.ndarray
        Positions in the profiles of the genes that are measured.
    mixture : numpy.ndarray
        TPM of these genes.
    """
    picks = draw_genes([profiles.gene_ids[gene] for gene in genes], mixture, DRAWS)
    both = np.column_stack([profiles.tpm[genes], mixture])[picks]
    triangles = np.asarray(np.linalg.qr(both, mode="r"))
    drawn = deconvolve(profiles, triangles[:, :, :-1], triangles[:, :, -1])
    low, high = np.percentile(drawn, LEVELS, axis=0)
    return low, high
