"""Activity of 14 pathways by PROGENy's weights: what responds to a pathway, not what makes it up."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pandas as pd

from anpi.expression.draws import draw_genes
from anpi.expression.genes import annotate
from anpi.expression.matrix import Expression
from anpi.expression.reference_levels import read_reference
from anpi.files.shipped import ROOT
from anpi.signatures.scores import prepare_samples, reference_shift
from anpi.tables.reading import read_text_table
from anpi.trial.methods import PROGENY

WEIGHTS = ROOT / "resources" / "pathways" / "progeny.tsv"
DRAWS = 400
LEVELS = (2.5, 97.5)
COLUMNS = [
    "sample_id",
    "pathway",
    "score",
    "low",
    "high",
    "genes_used",
    "genes_total",
    "above_reference",
    "reason",
]


@functools.cache
def read_weights() -> pd.DataFrame:
    """Read the shipped weights: ``pathway``, ``gene_id``, ``weight``, genes of a pathway sorted by id."""
    table = read_text_table(WEIGHTS)
    table["gene_id"] = annotate(table["symbol"])["gene_id"].to_numpy()
    table["weight"] = table["weight"].astype(float)
    return table.sort_values(["pathway", "gene_id"], ignore_index=True)[["pathway", "gene_id", "weight"]]


def pathway_levels(expression: Expression) -> pd.DataFrame:
    """Return the score of every pathway in every sample as `score_pathways` does, samples x pathways, alone."""
    samples = prepare_samples(expression)
    levels = {}
    for pathway, rows in read_weights().groupby("pathway", sort=True):
        places = pd.Index(samples.gene_ids).get_indexer(rows["gene_id"])
        logs = np.log2(samples.tpm[:, places[places >= 0]] + 1)
        found = ~np.isnan(logs)
        scores = np.where(found, logs * rows["weight"].to_numpy()[places >= 0], 0.0).sum(axis=1)
        levels[pathway] = np.where(found.sum(axis=1) / len(places) >= PROGENY.coverage, scores, np.nan)
    return pd.DataFrame(levels, index=samples.names)


def score_pathways(expression: Expression) -> pd.DataFrame:
    """Score every pathway in every sample, each by itself.

    The score is the sum of weight times log2(TPM + 1) over the genes present, as R's ``progeny`` with
    ``scale = FALSE`` (Schubert 2018, doi:10.1038/s41467-017-02391-6).

    Returns
    -------
    pandas.DataFrame
        Long: the columns of ``immune/pathways.tsv``; pathways in alphabetical order.

    Raises
    ------
    InputError
        For vst, which cannot be taken back to TPM.
    """
    samples, median = prepare_samples(expression), read_reference()["median"]
    shift = reference_shift(samples, read_reference())
    expressed = np.asarray((samples.tpm > 0).any(axis=1))
    blocks: list[dict[str, Any]] = []
    for pathway, rows in read_weights().groupby("pathway", sort=True):
        places = pd.Index(samples.gene_ids).get_indexer(rows["gene_id"])
        usual = np.log2(median.reindex(rows["gene_id"]).fillna(0.0).to_numpy() + 1)
        genes, weights = rows["gene_id"].to_numpy(), rows["weight"].to_numpy()
        of_genes = np.where(places >= 0, samples.tpm[:, places], np.nan)
        scored = [
            {"sample_id": name, "pathway": pathway, **one_score(genes, weights, tpm, usual, level, bool(any_gene))}
            for name, tpm, level, any_gene in zip(samples.names, of_genes, shift, expressed, strict=True)
        ]
        set_limits([row for row in scored if "draws" in row])
        blocks += scored
    table = pd.DataFrame(blocks, columns=COLUMNS)
    order = pd.Categorical(table["sample_id"], samples.names, ordered=True)
    return table.iloc[np.argsort(order.codes, kind="stable")].reset_index(drop=True)


def set_limits(rows: list[dict[str, Any]]) -> None:
    """Set the limits of scores by how far their draws deviate; the score lies within."""
    if rows:
        low, high = np.percentile([row.pop("draws") for row in rows], LEVELS, axis=1)
        for row, least, most in zip(rows, low, high, strict=True):
            row |= {"low": row["score"] + min(least, 0.0), "high": row["score"] + max(most, 0.0)}


def one_score(
    genes: np.ndarray, weights: np.ndarray, tpm: np.ndarray, usual: np.ndarray, level: float, expressed: bool
) -> dict[str, Any]:
    """Score one pathway in one sample.

    Genes differ in their usual expression, which says nothing of the sample; so the interval is that of the deviations
    from the reference tumours, their genes drawn anew.

    Parameters
    ----------
    tpm : numpy.ndarray
        Of the pathway's genes; NaN where one lacks.
    usual : numpy.ndarray
        log2(TPM + 1) of these genes in the median reference tumour; 0 of genes that it does not have.
    level : float
        By how many log2 units the sample's TPM stand above the reference's; NaN when not known.
    expressed : bool
        Whether the sample has any expression.

    Returns
    -------
    dict
        Columns of the table; where there is a score, ``draws``: by how much each draw of genes deviates from it.
    """
    here = ~np.isnan(tpm)
    counted = {"genes_used": int(here.sum()), "genes_total": len(genes)}
    if not expressed:
        return {**counted, "reason": "no expression in the sample"}
    if here.mean() < PROGENY.coverage:
        return {**counted, "reason": f"{here.sum()} of {len(genes)} genes, at least {PROGENY.coverage:.0%} needed"}
    weights, usual, tpm = weights[here], usual[here], tpm[here]
    logs = np.log2(tpm + 1)
    score, deviations = (weights * logs).sum(), weights * (logs - usual)
    picks = draw_genes(genes[here].tolist(), tpm, DRAWS)
    draws = deviations[picks].sum(axis=1) - deviations.sum()
    above = (weights * (np.log2(tpm / 2**level + 1) - usual)).sum()
    return {"score": score, "draws": draws, **counted, "above_reference": above}
