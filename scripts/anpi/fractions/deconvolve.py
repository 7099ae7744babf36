"""The method of quanTIseq on plain arrays: one mixture, least squares under constraints, fractions of cells."""

from __future__ import annotations

import numpy as np
from scipy.optimize import nnls

from anpi.expression.draws import draw_genes
from anpi.fractions.til10 import Profiles

FEW_TREGS = 0.02  # below, regulatory T cells cannot be told from other CD4 T cells by one fit
DRAWS = 200
LEVELS = (2.5, 97.5)


def fit_shares(profiles: np.ndarray, mixture: np.ndarray) -> np.ndarray:
    """Fit shares of profiles to a mixture by least squares, none below 0 and a sum of at most 1.

    The fit without the limit of the sum is the answer where it keeps to it; else the answer lies on sum = 1, where
    the residual is linear in the shares: ``(A - b 1') x``. Minimised together with a row ``sum(x) = 1``, its solution
    has the direction of the constrained one (Lawson and Hanson 1974, chapter 23).

    Parameters
    ----------
    profiles : numpy.ndarray
        Genes x cell types.
    mixture : numpy.ndarray
        Genes.
    """
    largest = np.linalg.norm(profiles, 2)
    scaled, target = profiles / largest, mixture / largest
    shares, _ = nnls(scaled, target)
    if shares.sum() <= 1:
        return np.asarray(shares)
    rows = np.vstack([scaled - target[:, None], np.ones(profiles.shape[1])])
    shares, _ = nnls(rows, np.append(np.zeros(len(target)), 1.0))
    return np.asarray(shares / shares.sum())


def cells_of(profiles: np.ndarray, mixture: np.ndarray, mrna: np.ndarray) -> np.ndarray:
    """Turn shares of mRNA into fractions of cells: divided by mRNA content, brought back to their sum."""
    shares = fit_shares(profiles, mixture)
    cells = shares / mrna
    return cells / cells.sum() * shares.sum() if cells.sum() > 0 else cells


def deconvolve(profiles: Profiles, genes: np.ndarray, mixture: np.ndarray) -> np.ndarray:
    """Estimate fractions of cells in one mixture.

    With few regulatory T cells (below 2%) a second fit leaves out CD4 T cells: the fraction of regulatory T cells is
    the mean of both fits, and CD4 T cells lose the mean of it and of the second fit, as in the reference program.

    Parameters
    ----------
    genes : numpy.ndarray
        Positions in the profiles of the genes that are measured; one may stand several times.
    mixture : numpy.ndarray
        TPM of these genes.

    Returns
    -------
    numpy.ndarray
        Fraction of each cell type, then of other cells; the sum is 1.
    """
    matrix, types = profiles.tpm[genes], list(profiles.cell_types)
    cells = cells_of(matrix, mixture, profiles.mrna)
    tregs, cd4 = types.index("Tregs"), types.index("T.cells.CD4")
    other = max(0.0, 1 - cells.sum())
    if cells[tregs] < FEW_TREGS:
        without = np.delete(np.arange(len(types)), cd4)
        second = cells_of(matrix[:, without], mixture, profiles.mrna[without])[without.tolist().index(tregs)]
        cells[tregs] = (cells[tregs] + second) / 2
        cells[cd4] = max(0.0, cells[cd4] - (cells[tregs] + second) / 2)
    fractions = np.append(cells, other)
    return fractions / fractions.sum()


def intervals(profiles: Profiles, genes: np.ndarray, mixture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Draw the genes anew, with replacement, and return the limits of 95% of the fractions.

    The draws start from the mixture's own content, so they are the same in every cohort. The limits tell how far the
    marker genes agree, not how far the matrix holds in this tissue.
    """
    picks = draw_genes([profiles.gene_ids[gene] for gene in genes], mixture, DRAWS)
    drawn = np.array([deconvolve(profiles, genes[pick], mixture[pick]) for pick in picks])
    low, high = np.percentile(drawn, LEVELS, axis=0)
    return low, high
