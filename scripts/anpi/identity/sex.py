"""Sex from the expression of XIST and genes of the Y chromosome, sample by sample."""

from __future__ import annotations

import numpy as np
import pandas as pd

XIST = "ENSG00000229807"
Y_GENES = {
    "ENSG00000129824": "RPS4Y1",
    "ENSG00000067048": "DDX3Y",
    "ENSG00000012817": "KDM5D",
    "ENSG00000198692": "EIF1AY",
    "ENSG00000183878": "UTY",
    "ENSG00000114374": "USP9Y",
    "ENSG00000067646": "ZFY",
}
LEAST_Y_GENES = 3
LOW, HIGH = 1.0, 3.0  # TPM


def sex_from_expression(tpm: pd.DataFrame) -> pd.DataFrame:
    """Determine the sex of each sample, by fixed limits.

    A sample is male when the Y genes are high and XIST is not; female when XIST is high and the Y genes are low. Low Y
    genes alone say nothing: many tumours of men lost their Y chromosome; nor does low XIST alone.

    Parameters
    ----------
    tpm : pandas.DataFrame
        Genes (Ensembl ids) x samples, transcripts per million.

    Returns
    -------
    pandas.DataFrame
        ``sample_id``, ``sex_expression`` (F, M, unclear; missing where too few of the genes are in the table),
        ``xist_tpm``, ``y_tpm`` (mean of the Y genes that are in the table).
    """
    genes = [gene for gene in Y_GENES if gene in tpm.index]
    none = pd.Series(np.nan, index=tpm.columns)
    xist = tpm.loc[XIST].astype(float) if XIST in tpm.index else none
    measured = tpm.loc[genes].astype(float)
    y = measured.mean(axis=0).where(measured.notna().sum(axis=0) >= LEAST_Y_GENES) if genes else none
    sexes = [call_sex(*levels) for levels in zip(xist, y, strict=True)]
    return pd.DataFrame(
        {
            "sample_id": list(tpm.columns),
            "sex_expression": sexes,
            "xist_tpm": xist.round(2).to_numpy(),
            "y_tpm": y.round(2).to_numpy(),
        }
    )


def call_sex(xist: float, y: float) -> str | None:
    """Call F, M or unclear; None where the genes that would decide are not measured."""
    if np.isnan(y):
        return None
    if y >= HIGH and not xist >= HIGH:
        return "M" if np.isnan(xist) or xist < LOW else "unclear"
    if np.isnan(xist):
        return None
    return "F" if xist >= HIGH and y < LOW else "unclear"
