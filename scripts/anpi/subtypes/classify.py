"""Class probabilities from programme levels, the dominant factor, and the second method."""

from __future__ import annotations

import numpy as np
import pandas as pd

from anpi.subtypes.model import CLASSES, Model
from anpi.subtypes.profile import Profile, factor_levels

PROGRAMMES = ("A", "N", "P")


def activations(scores: pd.DataFrame, model: Model) -> pd.DataFrame:
    """Place each programme between its off level (-1) and its on level (1).

    ``I`` is the strength of having none on: a base, moved by the non-neuroendocrine and the inflamed panels where
    these could be measured.

    Returns
    -------
    pandas.DataFrame
        Samples x A, N, P, I; NaN where a programme has no gene.
    """
    low, high = model.settings["activation_range"]
    levels = {
        name: place(scores[rule["panel"]], rule).clip(low, high) for name, rule in model.settings["programmes"].items()
    }
    none_on = model.settings["none_on"]
    evidence = [none_on["non_neuroendocrine"], none_on["inflamed"]]
    own = [place(scores[rule["panel"]], rule).clip(-1, 1).fillna(0) * rule["weight"] for rule in evidence]
    levels["I"] = none_on["base"] + own[0] + own[1]
    return pd.DataFrame(levels)[list(CLASSES)]


def class_panels(model: Model) -> list[str]:
    """Name the panels that decide between the classes."""
    none_on = model.settings["none_on"]
    rules = [*model.settings["programmes"].values(), none_on["non_neuroendocrine"], none_on["inflamed"]]
    return [rule["panel"] for rule in rules]


def place(level: pd.Series, rule: dict[str, float]) -> pd.Series:
    return (level - (rule["absent"] + rule["present"]) / 2) / ((rule["present"] - rule["absent"]) / 2)


def probabilities(activation: pd.DataFrame, steepness: float) -> pd.DataFrame:
    """Softmax of the activations."""
    strength = np.ascontiguousarray(activation.to_numpy(float)) * steepness
    raised = np.exp(strength - strength.max(axis=1, keepdims=True))
    total = raised[:, 0] + raised[:, 1] + raised[:, 2] + raised[:, 3]
    return pd.DataFrame(raised / total[:, None], index=activation.index, columns=activation.columns)


def dominant_factor(profile: Profile, model: Model) -> list[str | None]:
    """Give A, N, P or Y by the most expressed of ASCL1, NEUROD1, POU2F3, YAP1 (Rudin 2019).

    None when one of the four lacks in the matrix or none reaches ``least_factor_tpm``.
    """
    factors = model.settings["factors"]
    levels = factor_levels(profile, model, list(factors.values()))
    names = list(factors)
    least = model.settings["least_factor_tpm"]
    return [names[int(np.argmax(row))] if not np.isnan(row).any() and row.max() >= least else None for row in levels]


def nearest_archetype(profile: Profile, model: Model) -> tuple[list[str | None], np.ndarray]:
    """Give the class whose archetype a sample resembles most: an opinion by other genes and another statistic.

    Spearman correlation, over the archetype genes that are present, of the sample's log2(TPM + 1) less the mean
    level of the four classes with each class's level less that mean (archetypes: Groves 2022,
    doi:10.1016/j.cels.2022.07.006; A is the mean of A and A2, I is Y; expression by stroma added as in the card).

    Returns
    -------
    labels : list of str or None
        None when too few genes are present or no correlation reaches the least asked for.
    correlations : numpy.ndarray
        Samples x A, N, P, I.
    """
    rule = model.settings["second_method"]
    centroids = model.centroids
    levels = centroids[list(CLASSES)].to_numpy()
    middle = levels.mean(axis=1, keepdims=True)
    contrasts = levels - middle
    log_tpm = np.log2(factor_levels(profile, model, list(centroids.index)) + 1)
    deviation = log_tpm - middle[:, 0]
    labels: list[str | None] = []
    correlations = np.full((len(deviation), len(CLASSES)), np.nan)
    for i, row in enumerate(deviation):
        there = ~np.isnan(row)
        if there.sum() >= rule["least_genes"]:
            correlations[i] = [spearman(row[there], contrasts[there, k]) for k in range(len(CLASSES))]
        best = np.nanmax(correlations[i], initial=-1.0)
        labels.append(CLASSES[int(np.nanargmax(correlations[i]))] if best >= rule["least_correlation"] else None)
    return labels, correlations


def spearman(x: np.ndarray, y: np.ndarray) -> float:
    """Rank correlation with ties averaged; NaN when either is constant."""
    a = pd.Series(x).rank().to_numpy()
    b = pd.Series(y).rank().to_numpy()
    a, b = a - a.mean(), b - b.mean()
    size = np.sqrt((a * a).sum() * (b * b).sum())
    return float((a * b).sum() / size) if size > 0 else float("nan")
