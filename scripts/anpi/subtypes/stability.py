"""How well a call stands: reads thinned from the counts, genes left out.

The draws of a sample start from the model's seed and its own counts, so that neither its name nor its company matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from anpi.expression.matrix import Expression
from anpi.subtypes.classify import activations, class_panels, probabilities
from anpi.subtypes.model import ANCHOR, CLASSES, Model
from anpi.subtypes.profile import Profile, panel_scores, scale_levels
from anpi.subtypes.purity import Removal, remove

AT_A_TIME = 10  # samples
INTERVALS = [f"p_{k}_{end}" for k in CLASSES for end in ("low", "high")]


def read_totals(counts: Expression) -> pd.Series:
    """Sum the counts of each sample, rounded to whole reads first: the same sum in whatever order of genes."""
    return counts.values.fillna(0).round().sum()


def anchor_reads(counts: Expression, model: Model) -> pd.Series:
    """Return the median count of the anchor genes by sample: depth as it matters, whatever else was sequenced."""
    anchors = model.reference.index[model.panels[ANCHOR][0]]
    return counts.values.reindex(anchors).median()


def measure_stability(
    profile: Profile,
    activation: pd.DataFrame,
    model: Model,
    counts: Expression | None = None,
    wanted: list[bool] | None = None,
    removal: Removal | None = None,
) -> pd.DataFrame:
    """Resample each sample and see how often its foremost class stays.

    Parameters
    ----------
    profile, activation
        Of the samples as they are.
    counts : Expression, optional
        Counts of the samples. Without them only genes are left out, and ``least_reads`` is missing.
    wanted : list of bool, optional
        Which samples to resample; all when absent.
    removal : Removal, optional
        Normal tissue to take out of every resampling, as it was out of the sample.

    Returns
    -------
    pandas.DataFrame
        By sample: ``stability``, the share of resamplings (half of the reads, a fifth of the genes left out) in which
        the foremost class is the same; ``least_reads``, the smallest of the depths tried, from the sample's own
        downwards, to which it stays the same in nine of ten; ``p_A_low``, ``p_A_high`` and so on, the 5th and 95th
        percentile of the probabilities over the resamplings.
    """
    rule = model.settings["stability"]
    narrow = of_classes(model)
    used = pd.Index(model.gene_ids).get_indexer(narrow.gene_ids)
    thinner = Thinner(counts, narrow) if counts is not None else None
    if removal is not None:
        removal = Removal(removal.taken[:, used], removal.share)
    tpm = np.ascontiguousarray(profile.tpm[:, used])
    chosen = [i for i in range(len(profile.samples)) if wanted is None or wanted[i]]
    best = activation.fillna(-np.inf).to_numpy().argmax(axis=1)
    found: dict[int, dict[str, float | None]] = {}
    # Some at a time: their resamplings are held together.
    for start in range(0, len(chosen), AT_A_TIME):
        drawn = {i: resample(profile.samples[i], tpm[i], thinner, rule) for i in chosen[start : start + AT_A_TIME]}
        placed = resampled_activations(drawn, narrow, removal)
        shares = probabilities(placed, model.settings["steepness"]).to_numpy()
        foremost = placed.fillna(-np.inf).to_numpy().argmax(axis=1)
        end = 0
        for i, (levels, depths) in drawn.items():
            rows, end = slice(end, end + len(levels)), end + len(levels)
            found[i] = stands(foremost[rows] == best[i], shares[rows], depths, rule)
    nothing: dict[str, float | None] = dict.fromkeys(["stability", "least_reads", *INTERVALS])
    rows_found = [found.get(i, nothing) for i in range(len(profile.samples))]
    return pd.DataFrame(rows_found, index=profile.samples, columns=list(nothing))


def resample(
    sample: str, tpm: np.ndarray, thinner: Thinner | None, rule: Mapping[str, Any]
) -> tuple[np.ndarray, list[int]]:
    """Draw the resamplings of a sample.

    Parameters
    ----------
    tpm : numpy.ndarray
        Of the genes of the classes; resampled where there are no counts.

    Returns
    -------
    levels : numpy.ndarray
        Resamplings x genes: those of half of the reads with a fifth of the genes left out, then those of each depth.
    depths : list of int
        In reads, from the deepest; none without counts.
    """
    rng = np.random.default_rng(rule["seed"])
    count = rule["resamplings"]
    reads = thinner.reads(sample) if thinner else None
    depths: list[int] = []
    if thinner is None or reads is None:
        levels = np.repeat(tpm[None], count, axis=0)
    else:
        total = thinner.totals[sample]
        depths = sorted((depth for depth in rule["depths"] if depth < total), reverse=True)
        levels = thinner.thin(reads, [rule["reads_kept"]] * count, rng)
        shares = [depth / total for depth in depths for _ in range(rule["resamplings_by_depth"])]
        levels = np.vstack([levels, thinner.thin(reads, shares, rng)])
    levels[:count][rng.random((count, len(tpm))) < rule["genes_left_out"]] = np.nan
    return levels, depths


def stands(
    same: np.ndarray, shares: np.ndarray, depths: Sequence[int], rule: Mapping[str, Any]
) -> dict[str, float | None]:
    """Return how a call stands, by where its class is foremost and by the probabilities of its resamplings."""
    count = rule["resamplings"]
    by_depth = same[count:].reshape(len(depths), rule["resamplings_by_depth"]).mean(axis=1) >= rule["stands"]
    stood = depths[: int(by_depth.argmin()) if not by_depth.all() else len(depths)]
    least = float(stood[-1]) if stood else None
    return {"stability": float(same[:count].mean()), "least_reads": least, **share_intervals(shares[:count])}


def share_intervals(shares: np.ndarray) -> dict[str, float]:
    """Return the 5th and 95th percentile of each class's probability over resamplings (resamplings x classes)."""
    low, high = np.quantile(shares, [0.05, 0.95], axis=0)
    return {f"p_{k}_{end}": float(v) for i, k in enumerate(CLASSES) for end, v in (("low", low[i]), ("high", high[i]))}


def of_classes(model: Model) -> Model:
    """Return a model of the anchors and of the panels that decide between the classes alone."""
    weights = model.weights[model.weights["panel"].isin([ANCHOR, *class_panels(model)])]
    return replace(model, weights=weights, reference=model.reference.loc[sorted(set(weights["gene_id"]))])


def resampled_activations(
    drawn: Mapping[int, tuple[np.ndarray, list[int]]], model: Model, removal: Removal | None
) -> pd.DataFrame:
    """Return the activation of each class for each resampling of samples (`resample`), by their place."""
    levels = np.vstack([levels for levels, _ in drawn.values()])
    scaled = scale_levels(levels, [str(row) for row in range(len(levels))], model)
    if removal is not None:
        of_rows = np.repeat(list(drawn), [len(levels) for levels, _ in drawn.values()])
        scaled = remove(scaled, Removal(removal.taken[of_rows], removal.share[of_rows]), model)
    return activations(panel_scores(scaled, model, panels=class_panels(model)), model)[list(CLASSES)]


class Thinner:
    """Draws fewer reads of some of a model's genes."""

    def __init__(self, counts: Expression, model: Model):
        ids = model.gene_ids
        self.kilobases = counts.genes.set_index("gene_id")["length"].reindex(ids).to_numpy(float) / 1000
        self.counts = counts.values.reindex(ids).round()
        self.totals = read_totals(counts)

    def reads(self, sample: str) -> np.ndarray | None:
        """Return the counts of a sample; None where it has none."""
        if sample not in self.counts.columns or not self.totals[sample] > 0:
            return None
        return self.counts[sample].to_numpy(float)

    def thin(self, reads: np.ndarray, shares: list[float], rng: np.random.Generator) -> np.ndarray:
        """Keep each read with a probability, one a row: shares x genes, reads by kilobase, NaN where a gene lacks."""
        counted = ~np.isnan(reads)
        whole = np.where(counted, reads, 0).astype(np.int64)
        drawn = rng.binomial(whole, np.array(shares)[:, None], (len(shares), len(reads)))
        return np.where(counted, drawn, np.nan) / self.kilobases
