"""Do values rise with the length of the gene, as reads do and TPM do not?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from anpi.expression.reference_levels import read_reference

LEAST_GENES = 5000  # with expression: of fewer the slope is that of the genes that were chosen
LEAST_LEVEL = 1.0  # TPM in the median reference tumour
MOST_APART = 6.0  # log2 units that one gene counts at most
LIKE_READS = 0.5  # of slopes: TPM of tumours, muscle and blood -0.3 to 0.1, the same times the length 0.7 to 1.0


def length_slopes(tpm: pd.DataFrame, lengths: pd.Series) -> pd.Series:
    """Measure in each sample by how many log2 units values rise against the reference as the length doubles.

    Parameters
    ----------
    tpm : pandas.DataFrame
        Genes (by id) x samples.
    lengths : pandas.Series
        Exonic bases of the genes, in the order of ``tpm``.

    Returns
    -------
    pandas.Series
        By sample; NaN with too few genes.
    """
    usual = read_reference()["median"].reindex(tpm.index).to_numpy()
    bases = lengths.to_numpy(float)
    with np.errstate(invalid="ignore"):
        known = (usual >= LEAST_LEVEL) & (bases > 0)
    slopes = {}
    for sample in tpm:
        values = tpm[sample].to_numpy(float)
        used = known & (values > 0)
        slopes[sample] = slope_of(np.log2(bases[used]), np.log2(values[used] / usual[used]))
    return pd.Series(slopes, dtype=float)


def slope_of(length: np.ndarray, level: np.ndarray) -> float:
    """Return the slope of a line of least squares, far levels brought nearer; NaN with too few genes."""
    if len(level) < LEAST_GENES:
        return float("nan")
    level = np.clip(level - np.median(level), -MOST_APART, MOST_APART)
    length = length - length.mean()
    return float((length * level).sum() / (length**2).sum())
