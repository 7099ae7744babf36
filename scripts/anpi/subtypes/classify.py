"""Class probabilities from programme levels, the dominant factor, and the second method."""

from __future__ import annotations

import numpy as np
import pandas as pd

from anpi.subtypes.model import CLASSES, Model
from anpi.subtypes.profile import Profile, factor_levels

PROGRAMMES = ("A", "N", "P")


def activations(scores: pd.DataFrame, model: Model) -> pd.DataFrame:
    """Place each programme between its off level (-1) and its on level (1).

    Returns
    -------
    pandas.DataFrame
        Samples x A, N, P, I; NaN where a programme has no gene.
    """
    low, high = model.settings["activation_range"]
    levels = {
        name: place(scores[rule["panel"]], rule).clip(low, high) for name, rule in model.settings["programmes"].items()
    }
    levels["I"] = strength_of_i(scores, model)
    return pd.DataFrame(levels)[list(CLASSES)]


def strength_of_i(scores: pd.DataFrame, model: Model) -> pd.Series:
    """Place each sample between no evidence of SCLC-I (-1) and full evidence (1).

    It is the weighted mean over the non-neuroendocrine and the inflamed panel, as far as these could be measured.
    In models before 2.0.0 it is a base for having none of A, N, P on, which the two move a little.
    """
    none_on = model.settings["none_on"]
    rules = [none_on["non_neuroendocrine"], none_on["inflamed"]]
    if none_on.get("positive"):
        placed = [place(scores[rule["panel"]], rule).clip(*none_on["range"]) for rule in rules]
        weight = sum(part.notna() * rule["weight"] for part, rule in zip(placed, rules, strict=True))
        total = sum(part.fillna(0) * rule["weight"] for part, rule in zip(placed, rules, strict=True))
        return total / weight.where(weight > 0)
    moved = [place(scores[rule["panel"]], rule).clip(-1, 1).fillna(0) * rule["weight"] for rule in rules]
    return none_on["base"] + moved[0] + moved[1]


def class_panels(model: Model) -> list[str]:
    """Name the panels that decide between the classes."""
    none_on = model.settings["none_on"]
    rules = [*model.settings["programmes"].values(), none_on["non_neuroendocrine"], none_on["inflamed"]]
    return [rule["panel"] for rule in rules]


def place(level: pd.Series, rule: dict[str, float]) -> pd.Series:
    return (level - (rule["absent"] + rule["present"]) / 2) / ((rule["present"] - rule["absent"]) / 2)


def probabilities(activation: pd.DataFrame, steepness: float) -> pd.DataFrame:
    """Return the softmax of the activations."""
    strength = np.ascontiguousarray(activation.to_numpy(float)) * steepness
    raised = np.exp(strength - strength.max(axis=1, keepdims=True))
    total = raised[:, 0] + raised[:, 1] + raised[:, 2] + raised[:, 3]
    return pd.DataFrame(raised / total[:, None], index=activation.index, columns=activation.columns)


def dominant_factor(profile: Profile, model: Model) -> list[str | None]:
    """Return A, N, P or Y by the most expressed of ASCL1, NEUROD1, POU2F3, YAP1 (Rudin 2019).

    None when one of the four lacks in the matrix or none reaches ``least_factor_tpm``.
    """
    factors = model.settings["factors"]
    levels = factor_levels(profile, model, list(factors.values()))
    names = list(factors)
    least = model.settings["least_factor_tpm"]
    return [names[int(np.argmax(row))] if not np.isnan(row).any() and row.max() >= least else None for row in levels]


def gene_pairs(profile: Profile, model: Model) -> tuple[list[str | None], np.ndarray]:
    """Return the class that wins most gene pairs: an opinion without the four factors, means and scaling.

    Each target gene of a class is compared with each target gene of another: the pair is won by the gene that stands
    further above its turning point (the reference's median plus the level midway between absent and present). A
    factor common to the sample falls out of every pair. A class scores the share of pairs it wins against its
    strongest rival (gene pairs: Geman 2004, doi:10.2202/1544-6115.1071; for SCLC Heeke 2024,
    doi:10.1016/j.ccell.2024.01.001, whose weights are not public).

    Returns
    -------
    labels : list of str or None
        None when a class has too few genes or none wins by the share asked for.
    shares : numpy.ndarray
        Samples x A, N, P, I.
    """
    rule = model.settings["second_method"]
    factors = set(model.settings["factors"].values())
    targets = np.array([gene not in factors for gene in model.reference.index])
    points = {k: (r["absent"] + r["present"]) / 2 for k, r in model.settings["programmes"].items()}
    points["I"] = rule["turning_point_i"]
    panels = {k: r["panel"] for k, r in model.settings["programmes"].items()}
    panels["I"] = model.settings["none_on"]["non_neuroendocrine"]["panel"]
    genes = {k: model.panels[panel][0][targets[model.panels[panel][0]]] for k, panel in panels.items()}
    shares = np.full((len(profile.samples), len(CLASSES)), np.nan)
    for sample, deviation in enumerate(profile.deviation):
        above = {k: deviation[genes[k]][~np.isnan(deviation[genes[k]])] - points[k] for k in CLASSES}
        if min(len(values) for values in above.values()) >= rule["least_genes"]:
            shares[sample] = [
                min(pairs_won(above[k], above[rival]) for rival in CLASSES if rival != k) for k in CLASSES
            ]
    best = np.where(np.isnan(shares), -1.0, shares).argmax(axis=1)
    enough = [bool(shares[i, k] >= rule["least_share"]) for i, k in enumerate(best)]
    return [CLASSES[k] if ok else None for k, ok in zip(best, enough, strict=True)], shares


def pairs_won(gene: np.ndarray, rival: np.ndarray) -> float:
    """Return the share of pairs in which the own gene stands higher; a tie is half won."""
    difference = gene[:, None] - rival[None, :]
    return float(((difference > 0) + 0.5 * (difference == 0)).mean())
