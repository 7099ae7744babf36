"""From expression to deviations from the locked reference, sample by sample.

Every number here comes from one sample's column and the model. Arrays are samples x genes in the model's order of
genes, C-contiguous, and reduced along the genes: the sum for a sample is then the same whatever stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from anpi.expression.matrix import Expression, refuse_vst
from anpi.subtypes.model import ANCHOR, Model


@dataclass(frozen=True)
class Profile:
    """Deviations of samples from a model's reference.

    Parameters
    ----------
    samples : list of str
        In the order of the matrix.
    tpm : numpy.ndarray
        Samples x `Model.gene_ids`, TPM brought to the level of the reference; NaN where a gene lacks.
    deviation : numpy.ndarray
        Samples x genes of `Model.reference`: log2(TPM + 1) less the reference's median, in log2 units; NaN where a
        gene lacks.
    shift : numpy.ndarray
        log2 factor by which each sample stood above the reference's level (0 where it could not be measured).
    anchors : numpy.ndarray
        Share of the anchor genes that are present and not zero.
    scaled : numpy.ndarray of bool
        Whether enough anchor genes were there to bring the sample to the level of the reference.
    """

    samples: list[str]
    tpm: np.ndarray
    deviation: np.ndarray
    shift: np.ndarray
    anchors: np.ndarray
    scaled: np.ndarray


def make_profile(expression: Expression, model: Model) -> Profile:
    """Scale each sample by its anchor genes and take deviations from the reference.

    Anchor genes are expressed at a steady level in SCLC and in other tissues. The median over them of log2(TPM) less
    log2(reference median) is the sample's shift, so that TPM over a panel, over coding genes or over all genes, and
    length-scaled counts of any depth, give the same profile. When fewer anchors are there than the model asks for
    (a panel of genes), or most of them are zero, values are taken as they stand.

    Raises
    ------
    InputError
        For vst.
    """
    refuse_vst(expression)
    values = length_scaled(expression).reindex(model.gene_ids)
    return scale_levels(np.ascontiguousarray(values.to_numpy(float).T), [str(s) for s in values.columns], model)


def scale_levels(levels: np.ndarray, names: list[str], model: Model) -> Profile:
    """Make a profile of samples x `Model.gene_ids`, in any unit that is proportional to TPM."""
    column = {gene: i for i, gene in enumerate(model.gene_ids)}
    order = np.array([column[gene] for gene in model.reference.index])
    anchors, _ = model.panels[ANCHOR]
    median = model.reference["median_tpm"].to_numpy()[anchors]
    measured = levels[:, order[anchors]]
    present = ~np.isnan(measured)
    with np.errstate(divide="ignore"):
        ratios = np.log2(measured) - np.log2(median)
    enough = present.sum(axis=1) >= model.settings["scaling"]["least_anchors"]
    share = (measured > 0).sum(axis=1) / len(anchors)
    medians = row_medians(ratios)
    scaled = np.isfinite(medians) & enough
    shift = np.where(scaled, medians, 0.0)
    tpm = levels / np.exp2(shift)[:, None]
    deviation = np.log2(tpm[:, order] + 1) - model.reference["location"].to_numpy()
    return Profile(names, tpm, deviation, shift, share, scaled)


def row_medians(values: np.ndarray) -> np.ndarray:
    """Return the median of each row over what is not NaN; NaN for a row without any."""
    ordered = np.sort(values, axis=1)
    count = (~np.isnan(values)).sum(axis=1)
    rows = np.arange(len(values))
    with np.errstate(invalid="ignore"):
        middle = (ordered[rows, (count - 1) // 2] + ordered[rows, np.minimum(count // 2, values.shape[1] - 1)]) / 2
    return np.where(count > 0, middle, np.nan)


def length_scaled(expression: Expression) -> pd.DataFrame:
    """Return TPM as they are, or counts by kilobase, which are TPM up to one factor a sample."""
    if expression.unit != "counts":
        return expression.values
    lengths = expression.genes["length"].to_numpy(float)
    return expression.values.div(lengths / 1000, axis=0)


def panel_scores(
    profile: Profile, model: Model, standardised: bool = False, panels: Iterable[str] | None = None
) -> pd.DataFrame:
    """Average the deviations of each panel's genes, by weight, over the genes that are present.

    Parameters
    ----------
    standardised : bool
        Divide by the reference's scale first (locked z-scores), instead of log2 units.
    panels : iterable of str, optional
        Which panels; all when absent.

    Returns
    -------
    pandas.DataFrame
        Samples x panels; NaN where no gene of a panel is present. One gene counts at most ``cap`` either way.
    """
    low, high = model.settings["scaling"]["cap"]
    deviation = profile.deviation
    if standardised:
        deviation = deviation / model.reference["scale"].to_numpy()
    deviation = np.clip(deviation, low, high)
    scores = {}
    for panel in model.panels if panels is None else panels:
        position, weight = model.panels[panel]
        part = np.ascontiguousarray(deviation[:, position])
        weights = np.where(np.isnan(part), 0.0, weight)
        total = weights.sum(axis=1)
        summed = (np.where(np.isnan(part), 0.0, part) * weights).sum(axis=1)
        scores[panel] = np.divide(summed, total, out=np.full(len(total), np.nan), where=total > 0)
    return pd.DataFrame(scores, index=profile.samples)


def panel_coverage(profile: Profile, model: Model) -> pd.DataFrame:
    """Return the share of each panel's genes that are present, samples x panels."""
    present = ~np.isnan(profile.deviation)
    return pd.DataFrame(
        {panel: present[:, position].mean(axis=1) for panel, (position, _) in model.panels.items()},
        index=profile.samples,
    )


def factor_levels(profile: Profile, model: Model, gene_ids: list[str]) -> np.ndarray:
    """Return the scaled TPM of some genes, samples x genes."""
    column = {gene: i for i, gene in enumerate(model.gene_ids)}
    return profile.tpm[:, [column[gene] for gene in gene_ids]]
