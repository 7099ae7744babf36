"""Scores of single samples, with coverage, and percentile against the locked SCLC reference."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from anpi.expression.declared_units import MOST_TPM, is_own_million
from anpi.expression.matrix import LOG2_TPM, Expression, refuse_vst
from anpi.expression.reference_levels import REFERENCE, read_reference
from anpi.signatures.methods import geometric_mean, rank_genes, singscore, ssgsea_raw, weighted_mean, weighted_sum
from anpi.signatures.registry import Signature
from anpi.trial.methods import BY_RANKS, SCORING, TPM_OF_PANEL

DECIMALS = 6
BATCH = 250  # samples in memory as ranks and rows beside the matrix
QUARTILE = 0.6744897501960817
COLUMNS = [
    "sample_id",
    "signature",
    "score",
    "unit",
    "reference_percentile",
    "genes_used",
    "genes_total",
    "method",
    "coverage",
    "reason",
    "percentile_reason",
]


@dataclass(frozen=True)
class Samples:
    """Expression of samples, rows of one sample each, genes in one canonical order.

    Parameters
    ----------
    names : list of str
    gene_ids : list of str
        Sorted.
    tpm : numpy.ndarray
        Samples x genes; NaN where a gene lacks.
    """

    names: list[str]
    gene_ids: list[str]
    tpm: np.ndarray


def prepare_samples(expression: Expression) -> Samples:
    """Bring expression to TPM, genes sorted, one contiguous row a sample.

    Counts are divided by gene length and scaled to a million a sample. TPM stay as they were declared, since those of
    a subset of genes, such as the coding ones, sum to less than a million and should; only where they sum to more
    than a million, which TPM cannot, are they scaled down to it.

    Raises
    ------
    InputError
        For vst.
    """
    refuse_vst(expression)
    values = expression.values
    if expression.unit == "counts":
        values = values.div(expression.genes["length"].to_numpy(float) / 1000, axis=0)
        values = values[expression.genes["length"].notna().to_numpy()]
    values = values.sort_index()
    tpm = np.ascontiguousarray(values.to_numpy(float).T)
    totals = np.where(np.isnan(tpm), 0.0, tpm).sum(axis=1)
    off = (totals > 0) if expression.unit == "counts" else (totals > MOST_TPM)
    tpm = tpm / np.where(off, totals / 1e6, 1.0)[:, None]
    return Samples([str(c) for c in values.columns], [str(g) for g in values.index], tpm)


def score_signatures(
    expression: Expression, signatures: list[Signature], reference: Path | str | None = REFERENCE
) -> pd.DataFrame:
    """Score every signature in every sample.

    Returns
    -------
    pandas.DataFrame
        Long: the columns of ``immune/scores.tsv``, then ``coverage``, ``reason`` (why no score) and
        ``percentile_reason`` (why a score has no percentile). Samples and signatures keep their order.
    """
    quartiles = read_reference(reference) if reference is not None else None
    count = expression.values.shape[1]
    batches = (expression.values.iloc[:, start : start + BATCH] for start in range(0, max(count, 1), BATCH))
    return pd.concat(
        [score_samples(prepare_samples(replace(expression, values=batch)), signatures, quartiles) for batch in batches],
        ignore_index=True,
    )


def score_samples(samples: Samples, signatures: list[Signature], quartiles: pd.DataFrame | None) -> pd.DataFrame:
    """Score every signature in a batch of samples, each by itself."""
    position = {gene: i for i, gene in enumerate(samples.gene_ids)}
    ranks = rank_genes(samples.tpm) if any(s.method in BY_RANKS for s in signatures) else samples.tpm
    shift = reference_shift(samples, quartiles) if quartiles is not None else np.full(len(samples.names), np.nan)
    expressed = (samples.tpm > 0).any(axis=1)
    of_panel = [is_own_million(np.nansum(tpm), int((~np.isnan(tpm)).sum())) for tpm in samples.tpm]
    blocks = []
    for signature in signatures:
        present = np.array([gene in position for gene in signature.genes["gene_id"]])
        genes = signature.genes[present]
        columns = np.array([position[gene] for gene in genes["gene_id"]], dtype=int)
        used = (~np.isnan(samples.tpm[:, columns])).sum(axis=1)
        total = len(signature.genes)
        score = one_score(signature, genes, samples.tpm[:, columns], columns, ranks)
        enough = expressed & (used / total >= signature.minimum_coverage)
        score = np.where(enough, score, np.nan)
        percentile = np.full(len(used), np.nan)
        if quartiles is not None and signature.method not in BY_RANKS and len(columns):
            percentile = np.where(
                enough, reference_percentile(signature, genes, samples.tpm[:, columns], quartiles, shift), np.nan
            )
        absent = ", ".join(signature.genes.loc[~present, "symbol"].iloc[:5])
        blocks.append(
            pd.DataFrame(
                {
                    "sample_id": samples.names,
                    "signature": signature.id,
                    "score": np.round(score, DECIMALS) + 0.0,
                    "unit": [score_unit(signature, own) for own in of_panel],
                    "reference_percentile": np.round(percentile, 1),
                    "genes_used": used,
                    "genes_total": total,
                    "method": signature.method,
                    "coverage": np.round(used / total, 4),
                    "percentile_reason": [
                        why_no_percentile(signature, n, p, moved)
                        for n, p, moved in zip(score, percentile, shift, strict=True)
                    ],
                    "reason": [why_no_score(signature, n, s, absent) for n, s in zip(used, score, strict=True)],
                }
            )
        )
    table = pd.concat(blocks, ignore_index=True)
    order = np.arange(len(table)).reshape(len(signatures), len(samples.names)).T.ravel()
    return table.iloc[order].reset_index(drop=True)[COLUMNS]


def score_unit(signature: Signature, of_panel: bool = False) -> str:
    """Return in what the score is measured; TPM that a panel shares out among its genes have a name of their own."""
    unit = SCORING[signature.method].unit.format(log=f"log2(TPM + {log_offset(signature):g})")
    return unit.replace("TPM", TPM_OF_PANEL) if of_panel else unit


def log_offset(signature: Signature) -> float:
    """Return what is added to TPM before the logarithm, from the unit that the registry states."""
    stated = LOG2_TPM.fullmatch(signature.unit)
    return float(stated.group(1)) if stated else 1.0


def why_no_score(signature: Signature, used: int, score: float, absent: str) -> str | None:
    if used / len(signature.genes) < signature.minimum_coverage:
        lacking = f", lacking {absent}" if absent else ""
        return f"{used} of {len(signature.genes)} genes, at least {signature.minimum_coverage:.0%} needed{lacking}"
    return "no expression in the sample" if math.isnan(score) else None


def why_no_percentile(signature: Signature, score: float, percentile: float, shift: float) -> str | None:
    if math.isnan(score) or not math.isnan(percentile):
        return None
    if signature.method in BY_RANKS:
        return "a score by ranks: quartiles of single genes cannot place it"
    if math.isnan(shift):
        return "too few steadily expressed genes to bring the sample to the reference's level"
    return "genes are missing in the reference"


def one_score(
    signature: Signature, genes: pd.DataFrame, tpm: np.ndarray, columns: np.ndarray, ranks: np.ndarray
) -> np.ndarray:
    """Score one signature in all samples by its method.

    Parameters
    ----------
    genes : pandas.DataFrame
        The signature's genes that are in the matrix.
    tpm : numpy.ndarray
        Samples x these genes.
    columns : numpy.ndarray
        Positions of these genes in ``ranks``.
    ranks : numpy.ndarray
        Samples x all genes of the matrix, used by the methods that need them.
    """
    weights = genes["weight"].to_numpy(float)
    roles = genes["role"].to_numpy()
    logs = np.log2(tpm + log_offset(signature))

    def mean_of(role: str) -> np.ndarray:
        return weighted_mean(np.ascontiguousarray(logs[:, roles == role]), weights[roles == role])

    if signature.method == "mean_log":
        return mean_of("gene")
    if signature.method == "geometric_mean":
        return geometric_mean(np.ascontiguousarray(tpm))
    if signature.method == "weighted_sum":
        return weighted_sum(np.ascontiguousarray(logs), weights)
    if signature.method == "weighted_sum_housekeeping":
        ratios = logs[:, roles == "gene"] - mean_of("housekeeping")[:, None]
        return weighted_sum(np.ascontiguousarray(ratios), weights[roles == "gene"])
    if signature.method == "log_ratio":
        return mean_of("numerator") - mean_of("denominator")
    if signature.method == "ssgsea_raw":
        return ssgsea_raw(ranks, columns)
    if signature.method == "singscore":
        return singscore(ranks, columns[roles == "up"], columns[roles == "down"])
    raise ValueError(f"unknown method {signature.method}")


def reference_shift(samples: Samples, quartiles: pd.DataFrame) -> np.ndarray:
    """Measure by how many log2 units a sample's TPM stand above the reference's.

    The median over genes that are steadily expressed in the reference (median of 15 TPM or more, log2 quartiles no
    more than 0.65 apart): it takes out that TPM over coding genes exceed TPM over all genes. NaN with fewer than 30.
    """
    narrow = np.log2(quartiles["q3"] + 1) - np.log2(quartiles["q1"] + 1) <= 0.65
    steady = quartiles[(quartiles["median"] >= 15) & narrow]
    position = {gene: i for i, gene in enumerate(samples.gene_ids)}
    shared = sorted(gene for gene in steady.index if gene in position)
    if len(shared) < 30:
        return np.full(len(samples.names), np.nan)
    measured = np.ascontiguousarray(samples.tpm[:, [position[gene] for gene in shared]])
    expected = steady.loc[shared, "median"].to_numpy()
    with np.errstate(divide="ignore"):
        ratios = np.log2(measured) - np.log2(expected)
    shift = np.array([np.median(row[~np.isnan(row)]) if (~np.isnan(row)).any() else np.nan for row in ratios])
    return np.where(np.isfinite(shift), shift, np.nan)


def reference_percentile(
    signature: Signature,
    genes: pd.DataFrame,
    tpm: np.ndarray,
    quartiles: pd.DataFrame,
    shift: np.ndarray,
) -> np.ndarray:
    """Place samples among the reference tumours, from gene-wise quartiles alone.

    The joint distribution of the genes in the reference is not known. The spread of a signature is greatest when its
    genes rise and fall together; this is assumed, which draws percentiles towards 50 and never overstates how far a
    sample stands out. Below and above the median the spread is that of the lower and the upper quartile, normal in log.

    Returns
    -------
    numpy.ndarray
        0 to 100; NaN where genes lack in the reference, or the sample could not be brought to its level.
    """
    in_reference = np.array([gene in quartiles.index for gene in genes["gene_id"]], dtype=bool)
    if in_reference.sum() / len(signature.genes) < signature.minimum_coverage:
        return np.full(len(tpm), np.nan)
    genes = genes[in_reference]
    level = quartiles.loc[genes["gene_id"]]
    falls = (genes["weight"].to_numpy() < 0) | genes["role"].isin(["denominator", "housekeeping"]).to_numpy()
    low = np.where(falls, level["q3"], level["q1"])
    high = np.where(falls, level["q1"], level["q3"])
    stacked = np.vstack([tpm[:, in_reference] / np.exp2(shift)[:, None], level["median"].to_numpy(), low, high])
    scores = one_score(signature, genes, stacked, np.array([], dtype=int), stacked)
    if signature.method == "geometric_mean":
        scores = np.log2(scores)
    score, median, q1, q3 = scores[:-3], scores[-3], scores[-2], scores[-1]
    spread = np.where(score < median, median - q1, q3 - median)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (score - median) / spread * QUARTILE
    return np.array([50 * math.erfc(-value / math.sqrt(2)) for value in z])
