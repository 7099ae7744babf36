"""Genes of a sample whose alignments are all that is counted: featureCounts' fragments, and TPM by exons."""

from __future__ import annotations

from pathlib import Path

import pandas as pd


def genes_of_counts(counts: pd.DataFrame, transcripts: pd.DataFrame) -> pd.DataFrame:
    """Return counts and TPM of every gene of the reference.

    Parameters
    ----------
    counts : pandas.DataFrame
        ``gene_id``, ``counts`` (fragments; missing when the alignment cannot be read), ``length`` (bases in exons).
    transcripts : pandas.DataFrame
        ``gene_id`` (see `anpi.quantification.reference.build_reference`).

    Returns
    -------
    pandas.DataFrame
        ``gene_id`` (sorted), ``counts``, ``tpm``: fragments a base, scaled to a million; 0 without any.
    """
    every = pd.Index(sorted(set(transcripts["gene_id"])), name="gene_id")
    table = counts.set_index("gene_id").reindex(every)
    table["counts"] = table["counts"].astype(float).fillna(0.0)
    rates = (table["counts"] / table["length"].astype(float)).fillna(0.0)
    total = float(rates.sum())
    table["tpm"] = (1e6 * rates / total if total else rates).round(6)
    return table[["counts", "tpm"]].reset_index()


def read_summary(path: Path) -> dict[str, int]:
    """Read featureCounts' account of fragments by status."""
    rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:])
    return {status: int(number) for status, number in rows}
