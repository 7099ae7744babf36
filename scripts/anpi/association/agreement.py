"""How far a protein and its RNA agree: markers that are named after a gene, against the gene's expression."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from anpi.association.trial import Trial

COLUMNS = ("marker", "gene", "n", "rho", "ci_low", "ci_high", "method", "warning")
LEAST_PAIRS = 10
METHOD = "Spearman correlation over patients, interval by Fisher's z (Bonett and Wright 2000)"


def agreement_table(trial: Trial) -> pd.DataFrame:
    """Compare each marker of numbers or of a scale whose first word is a gene with log2(TPM + 1) of that gene.

    Returns
    -------
    pandas.DataFrame
        One row per marker, columns `COLUMNS`. Over patients with both: the marker at baseline, and the sample that the
        sets name. Descriptive: no p-value.
    """
    rows = []
    for name, measured in sorted(trial.markers.items()):
        symbol = name.split()[0]
        gene = trial.symbols.get(symbol)
        if trial.tpm is None or gene not in trial.tpm.columns or measured.baseline.dtype != float:
            continue
        both = pd.DataFrame({"marker": measured.baseline, "rna": np.log2(trial.tpm[gene].astype(float) + 1)}).dropna()
        rows.append({"marker": name, "gene": symbol, "n": len(both), **correlation(both["marker"], both["rna"])})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def correlation(one: pd.Series, other: pd.Series) -> dict[str, float | str]:
    """Return Spearman's correlation with its 95% interval, or why there is none."""
    if len(one) < LEAST_PAIRS:
        return {"warning": f"{len(one)} patients with both, at least {LEAST_PAIRS} needed"}
    if one.nunique() < 2 or other.nunique() < 2:
        return {"warning": "all patients are alike in one of the two"}
    rho = float(one.corr(other, method="spearman"))
    if abs(rho) == 1:
        return {"rho": rho, "method": METHOD, "warning": "the same order: no interval"}
    half = 1.959963984540054 * math.sqrt((1 + rho**2 / 2) / (len(one) - 3))
    low, high = (math.tanh(math.atanh(rho) + side * half) for side in (-1, 1))
    return {"rho": rho, "ci_low": low, "ci_high": high, "method": METHOD}
