"""Genes of a sample whose alignments are all that is counted: featureCounts' fragments, and TPM by exons."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

COUNTED_BY = "featureCounts"
ASSIGNED = "Assigned"
# What featureCounts calls a fragment that it does not count.
LEFT_OUT = {
    "Unmapped": "unmapped",
    "NoFeatures": "outside exons",
    "Ambiguity": "on several genes",
    "MultiMapping": "at several places (each place counts here)",
}
# What such a count cannot do that salmon's can; said at planning and in the report.
LOST = (
    "Genes are counted from the alignments alone (featureCounts), without sequences of transcripts. Reads at several "
    "places or on several genes do not count, so that families of alike genes (HLA, cancer-testis antigens) look lower "
    "than they are; TPM are by all exons of a gene and not by the transcripts that are expressed; reads are neither "
    "checked nor trimmed here, and how many map is as the alignment tells."
)


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


def left_out_words(summary: dict[str, int]) -> dict[str, int]:
    """Return the fragments that were not counted, by reason in words."""
    left = {status.removeprefix("Unassigned_"): number for status, number in summary.items() if status != ASSIGNED}
    return {LEFT_OUT.get(status, status.lower().replace("_", " ")): number for status, number in left.items()}
