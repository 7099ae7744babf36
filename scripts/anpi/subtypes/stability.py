"""How well a call stands: reads thinned from the counts, genes left out.

The draws of a sample start from the model's seed and its own counts, so that neither its name nor its company matter.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from anpi.expression.matrix import Expression
from anpi.subtypes.classify import activations, class_panels, probabilities
from anpi.subtypes.model import ANCHOR, CLASSES, Model
from anpi.subtypes.profile import Profile, panel_scores, scale_levels
from anpi.subtypes.purity import Removal, remove

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
    used = genes_of_classes(model)
    thinner = Thinner(counts, model, used) if counts is not None else None
    rows: list[dict[str, float | None]] = []
    nothing: dict[str, float | None] = dict.fromkeys(["stability", "least_reads", *INTERVALS])
    for i, sample in enumerate(profile.samples):
        if wanted is not None and not wanted[i]:
            rows.append(nothing)
            continue
        best = activation.iloc[i].to_numpy().argmax()
        rng = np.random.default_rng(rule["seed"])
        reads = thinner.reads(sample) if thinner else None
        depths: list[int] = []
        if thinner is None or reads is None:
            levels = np.repeat(profile.tpm[i][None, used], rule["resamplings"], axis=0)
        else:
            total = thinner.totals[sample]
            depths = sorted((depth for depth in rule["depths"] if depth < total), reverse=True)
            levels = thinner.thin(reads, [rule["reads_kept"]] * rule["resamplings"], rng)
            shares = [depth / total for depth in depths for _ in range(rule["resamplings_by_depth"])]
            levels = np.vstack([levels, thinner.thin(reads, shares, rng)])
        left_out = rng.random((rule["resamplings"], len(used))) < rule["genes_left_out"]
        levels[: rule["resamplings"]][left_out] = np.nan
        of_sample = None if removal is None else Removal(removal.taken[[i]], removal.share[[i]])
        placed = resampled_activations(levels, used, model, of_sample)
        same = placed.fillna(-np.inf).to_numpy().argmax(axis=1) == best
        by_depth = (
            same[rule["resamplings"] :].reshape(len(depths), rule["resamplings_by_depth"]).mean(axis=1)
            >= rule["stands"]
        )
        stood = depths[: int(by_depth.argmin()) if not by_depth.all() else len(depths)]
        least = float(stood[-1]) if stood else None
        stood_share = float(same[: rule["resamplings"]].mean())
        ranges = share_intervals(placed.iloc[: rule["resamplings"]], model)
        rows.append({"stability": stood_share, "least_reads": least, **ranges})
    return pd.DataFrame(rows, index=profile.samples, columns=list(nothing))


def share_intervals(placed: pd.DataFrame, model: Model) -> dict[str, float]:
    """Return the 5th and 95th percentile of each class's probability over resamplings."""
    shares = probabilities(placed, model.settings["steepness"])[list(CLASSES)].to_numpy()
    low, high = np.quantile(shares, [0.05, 0.95], axis=0)
    return {f"p_{k}_{end}": float(v) for i, k in enumerate(CLASSES) for end, v in (("low", low[i]), ("high", high[i]))}


def genes_of_classes(model: Model) -> np.ndarray:
    """Return the positions in `Model.gene_ids` of the anchors and of the genes that decide between the classes."""
    column = {gene: i for i, gene in enumerate(model.gene_ids)}
    positions = np.concatenate([model.panels[panel][0] for panel in (ANCHOR, *class_panels(model))])
    return np.array(sorted({column[gene] for gene in model.reference.index[positions]}))


def resampled_activations(
    levels: np.ndarray, used: np.ndarray, model: Model, removal: Removal | None = None
) -> pd.DataFrame:
    """Return the activation of each class for each row of levels, all of one sample."""
    full = np.full((len(levels), len(model.gene_ids)), np.nan)
    full[:, used] = levels
    drawn = scale_levels(full, [str(row) for row in range(len(full))], model)
    if removal is not None and removal.share[0] > 0:
        drawn = remove(drawn, Removal(removal.taken, np.repeat(removal.share, len(full))), model)
    return activations(panel_scores(drawn, model, panels=class_panels(model)), model)[list(CLASSES)]


class Thinner:
    """Draws fewer reads of some of a model's genes."""

    def __init__(self, counts: Expression, model: Model, used: np.ndarray):
        ids = [model.gene_ids[i] for i in used]
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
