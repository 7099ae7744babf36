"""Fractions of immune cells of single samples: scale, coverage, intervals, what speaks against them."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from anpi.expression.declared_units import WHOLE, is_own_million
from anpi.expression.matrix import Expression
from anpi.fractions.deconvolve import deconvolve, intervals
from anpi.fractions.til10 import Profiles, genes_of_the_million, read_profiles
from anpi.signatures.scores import prepare_samples
from anpi.trial.methods import QUANTISEQ
from anpi.words.lists import listed

OTHER = "Other"
# Percent of a normal tissue from which its own leukocytes are no small part of those counted.
TISSUE_LIMITS = {"lymph_node": 10.0, "blood": 10.0, "lung": 30.0, "liver": 30.0}
COLUMNS = ["sample_id", "method", "cell_type", "fraction", "low", "high", "genes_used", "genes_total"]
WORDS = ["reason", "caution"]


def estimate_fractions(
    expression: Expression, tumour: bool = False, tissues: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Estimate the fraction of each immune cell type among all cells of every sample, each by itself.

    Parameters
    ----------
    tumour : bool
        Whether the samples are of tumours, whose cells express some of the marker genes.
    tissues : pandas.DataFrame, optional
        Columns ``sample_id``, ``sclc`` and percent of normal tissues, as ``subtypes/tissues.tsv``.

    Returns
    -------
    pandas.DataFrame
        Long: the columns of ``immune/fractions.tsv``; cell types in the order of the matrix, `OTHER` last.

    Raises
    ------
    InputError
        For vst, which cannot be taken back to TPM.
    """
    profiles = read_profiles(tumour)
    samples = prepare_samples(expression)
    column = {gene: i for i, gene in enumerate(samples.gene_ids)}
    places = [column.get(gene, -1) for gene in profiles.gene_ids]
    counted = np.array([gene in genes_of_the_million() for gene in samples.gene_ids], dtype=bool)
    cautions = cautions_of(tissues)
    blocks = []
    for name, tpm in zip(samples.names, samples.tpm, strict=True):
        of_profiles = np.array([tpm[place] if place >= 0 else np.nan for place in places])
        blocks.append(
            one_sample(profiles, name, tpm[counted & ~np.isnan(tpm)], of_profiles).assign(caution=cautions.get(name))
        )
    empty = pd.DataFrame(columns=COLUMNS + WORDS)
    return pd.concat(blocks, ignore_index=True)[COLUMNS + WORDS] if blocks else empty


def one_sample(profiles: Profiles, name: str, tpm: np.ndarray, of_profiles: np.ndarray) -> pd.DataFrame:
    """Estimate one sample's fractions.

    Parameters
    ----------
    tpm : numpy.ndarray
        TPM of the genes that make the million, as far as they are measured.
    of_profiles : numpy.ndarray
        TPM of the genes of the matrix, NaN where one lacks.
    """
    genes = np.flatnonzero(~np.isnan(of_profiles))
    total = math.fsum(tpm.tolist())
    reason = why_none(len(genes), len(of_profiles), total, len(tpm))
    fraction = low = high = np.full(len(profiles.cell_types) + 1, np.nan)
    if reason is None:
        mixture = of_profiles[genes] * (1e6 / total if len(tpm) >= WHOLE else 1.0)
        (fraction,) = deconvolve(profiles, profiles.tpm[genes][None], mixture[None])
        low, high = intervals(profiles, genes, mixture)
        low, high = np.minimum(low, fraction), np.maximum(high, fraction)
    return pd.DataFrame(
        {
            "sample_id": name,
            "method": QUANTISEQ.id,
            "cell_type": [*profiles.cell_types, OTHER],
            "fraction": fraction,
            "low": low,
            "high": high,
            "genes_used": len(genes),
            "genes_total": len(of_profiles),
            "reason": reason,
        }
    )


def why_none(used: int, asked: int, total: float, measured: int) -> str | None:
    """Return why a sample has no fractions, or None."""
    if total == 0:
        return "no expression in the sample"
    if used / asked < QUANTISEQ.coverage:
        return f"{used} of {asked} genes, at least {QUANTISEQ.coverage:.0%} needed"
    if is_own_million(total, measured):
        return f"TPM of {measured} genes that sum to {total:.3g}: a panel, whose share of all mRNA is not known"
    return None


def cautions_of(tissues: pd.DataFrame | None) -> dict[str, str]:
    """Put into words, by sample, what normal tissue the immune cells may belong to."""
    if tissues is None:
        return {}
    found = {}
    for row in tissues.to_dict("records"):
        shares = {tissue: pd.to_numeric(row.get(tissue), errors="coerce") for tissue in TISSUE_LIMITS}
        above = [f"{t.replace('_', ' ')} {s:.0f}%" for t, s in shares.items() if s >= TISSUE_LIMITS[t]]
        words = [f"normal tissue: {listed(above)}; the immune cells may be its own"] if above else []
        words += ["the sample is not SCLC"] if row.get("sclc") == "no" else []
        if words:
            found[str(row["sample_id"])] = "; ".join(words)
    return found
