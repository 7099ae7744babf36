"""What a fragment stands for in TPM, from a sample's own values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
LEAST_COUNT = 10  # fragments from which on a gene tells it


def tpm_per_fragment(tpm: Array, count: Array, lengths: Array) -> Array:
    """Return the TPM that one fragment of each gene stands for.

    A gene without a fragment has what its length and the median of the well covered genes give; NaN where that is not
    known.

    Parameters
    ----------
    tpm, count, lengths : numpy.ndarray
        Of the genes of one sample: TPM, fragments, exonic bases.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        each = tpm / count
        rate = np.where((count >= LEAST_COUNT) & (lengths > 0), each * lengths, np.nan)
        usual = np.nanmedian(rate) if np.isfinite(rate).any() else np.nan
        return np.where(count > 0, each, usual / lengths)
