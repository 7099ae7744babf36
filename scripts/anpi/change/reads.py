"""How far the reads of a sample can tell its features: its library drawn anew, from what counts tell of expression."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import gammaln, stdtrit

from anpi.change.features import COLUMNS, SUBTYPE
from anpi.expression.depth import tpm_per_fragment
from anpi.expression.matrix import Expression
from anpi.progress import say

Array = NDArray[np.float64]
DRAWS = 64
REACH = float(stdtrit(DRAWS - 1, 0.975) * np.sqrt(1 + 1 / DRAWS))  # standard deviations of so few draws that hold 95%
LEAST = 1e-4  # of a probability, as the calls write it
LEAST_FRAGMENTS = 30.0  # a gene, over the genes of the matrix: the thinnest libraries in which limits were measured
TOO_THIN = "too_few_fragments"
SHAPE = 4.0  # of the Gamma distributions that levels of genes are a mixture of
LOWEST = 2.0**-8  # TPM
ROUNDS = 60
MEASURED = "measured"
AT_A_TIME = 8  # samples whose draws are measured together: each measure makes its tables once for all of them
LEAST_GENES = 200  # that have a distribution of their own


@dataclass(frozen=True)
class Measure:
    """What measures the features of one kind.

    Parameters
    ----------
    levels : callable
        An Expression gives samples x features.
    genes : frozenset of str
        Gene ids that the features are made of.
    """

    levels: Callable[[Expression], pd.DataFrame]
    genes: frozenset[str]


def read_errors(
    expression: Expression, counts: Expression, measures: Mapping[str, Measure], samples: list[str]
) -> pd.DataFrame:
    """Return how far below and above its value each feature may lie, from the number of reads.

    Few reads do not only scatter a score, they move it: of a gene of one TPM a thin library holds no fragment or
    several, and the mean of their logarithms lies below that of the gene. So levels are drawn that are likely behind
    the counts (`draw_tpm`), and measured as the sample was. The interval lies around the mean of the draws; what that
    differs from the value as measured counts as an error of its own size beside their spread. The draws of a sample
    are its own.

    Parameters
    ----------
    measures : mapping of str to Measure
        By kind.

    Returns
    -------
    pandas.DataFrame
        ``sample_id``, ``feature``, ``kind``, ``below``, ``above`` (in the unit of the measure, of 95% limits) and
        ``reason``: `TOO_THIN` of samples with fewer than `LEAST_FRAGMENTS` fragments a gene, which have no limits.
    """
    parts = [pd.DataFrame(columns=[*COLUMNS[:3], "below", "above", "reason"])]
    groups = group_genes(expression.values.index, measures)
    for begin in range(0, len(samples), AT_A_TIME):
        if begin:
            say(f"limits of reads: {begin} of {len(samples)} samples")
        some = samples[begin : begin + AT_A_TIME]
        drawn = replace(expression, values=draw_samples(expression, counts, some, groups))
        thin = {sample: counts_like(expression, counts, sample).mean() < LEAST_FRAGMENTS for sample in some}
        for kind, measure in measures.items():
            table = measure.levels(drawn)
            for place, sample in enumerate(some):
                reason = TOO_THIN if thin[sample] else None
                error = error_of(table.filter(regex=f"^{place}/", axis=0), place, bool(thin[sample]))
                parts.append(error.assign(sample_id=sample, kind=kind, reason=reason))
    return pd.concat([part for part in parts if len(part)] or parts)


def counts_like(expression: Expression, counts: Expression, sample: str) -> pd.Series:
    """Return the counts of a sample by the genes of another matrix."""
    return counts.values[sample].reindex(expression.values.index)


def draw_samples(expression: Expression, counts: Expression, samples: list[str], groups: Array) -> pd.DataFrame:
    """Draw TPM that may be behind the counts of samples, and what was measured (genes x draws of all samples).

    Columns are called by the place of their sample in the list: ``0/0``, ``0/1``, … ``0/measured``, ``1/0``, ….
    """
    lengths = expression.genes.set_index("gene_id")["length"].reindex(expression.values.index).to_numpy(float)
    columns: dict[str, Array] = {}
    for place, sample in enumerate(samples):
        tpm = expression.values[sample].to_numpy(float)
        drawn = draw_tpm(tpm, counts_like(expression, counts, sample).to_numpy(float), lengths, groups)
        columns |= {f"{place}/{number}": values for number, values in enumerate(drawn)} | {f"{place}/{MEASURED}": tpm}
    return pd.DataFrame(columns, index=expression.values.index)


def error_of(table: pd.DataFrame, place: int, thin: bool) -> pd.DataFrame:
    """Return how far below and above its value each feature of a sample may lie, from its draws."""
    measured = f"{place}/{MEASURED}"
    moved = table.drop(index=measured) - table.loc[measured]
    half = REACH * np.hypot(moved.std(), moved.mean()) if not thin else np.nan
    error = pd.DataFrame({"below": half - moved.mean(), "above": half + moved.mean()})
    return error.rename_axis("feature").reset_index()


def within_errors(features: pd.DataFrame, errors: pd.DataFrame) -> pd.DataFrame:
    """Widen the limits of features by the error of their reads; those without limits have none but that.

    Probabilities move on the scale of log odds, so that limits stay between 0 and 1. A feature that reads cannot
    limit has no limits, whatever else would limit it, and ``reason`` says why.
    """
    table = features.reindex(columns=COLUMNS).merge(errors, on=["sample_id", "feature", "kind"], how="left")
    given = table["below"].notna()
    for name, moved_by in (("low", -table["below"]), ("high", table["above"])):
        limit = table[name].fillna(table["value"]).astype(float)
        inside = limit.clip(LEAST, 1 - LEAST)
        odds = np.log(inside / (1 - inside)) + moved_by
        moved = (limit + moved_by).where(table["kind"].ne(SUBTYPE), 1 / (1 + np.exp(-odds)))
        table[name] = moved.where(given, table[name]).mask(table["reason"].notna())
    return table[[*COLUMNS, "reason"]]


def group_genes(gene_ids: pd.Index, measures: Mapping[str, Measure]) -> Array:
    """Return the number of each gene's group: of the first kind that is made of it, 0 of the others.

    Marker genes are not expressed as genes at large are. A group of fewer than `LEAST_GENES` joins the others.
    """
    groups = np.zeros(len(gene_ids))
    for number, measure in enumerate(measures.values(), 1):
        inside = (groups == 0) & gene_ids.isin(measure.genes)
        groups[inside] = number if inside.sum() >= LEAST_GENES else 0
    return groups


def draw_tpm(tpm: Array, count: Array, lengths: Array, groups: Array) -> Array:
    """Draw TPM that may be behind the counts (draws x genes), summing to what was measured.

    Poisson counts, and levels that are distributed as those of the genes of its group in this sample: a gene without
    a fragment gets the level that such genes usually have. A gene without a count stays as it is.
    """
    each = tpm_per_fragment(tpm, count, lengths)
    countable = np.isfinite(each) & np.isfinite(count) & (each > 0)
    rng = np.random.default_rng(0)
    drawn = np.tile(tpm, (DRAWS, 1))
    for group in np.unique(groups[countable]):
        inside = countable & (groups == group)
        drawn[:, inside] = draw_levels(count[inside], each[inside], rng)
    sums = np.nansum(drawn, axis=1, keepdims=True)
    return np.asarray(drawn * (np.nansum(tpm) / np.where(sums > 0, sums, 1.0)))


def draw_levels(count: Array, each: Array, rng: np.random.Generator) -> Array:
    """Draw levels (draws x genes) given counts, by a Gamma mixture that is fitted to all of them.

    The weights are their nonparametric maximum likelihood over means a factor of two apart (Kiefer & Wolfowitz 1956,
    doi:10.1214/aoms/1177728066), by expectation and maximisation.

    Parameters
    ----------
    count : numpy.ndarray
        Fragments of each gene.
    each : numpy.ndarray
        Level that one fragment stands for.
    """
    top = max(float((count * each).max()), 2 * LOWEST)
    means = LOWEST * np.exp2(np.arange(np.ceil(np.log2(top / LOWEST)) + 1))
    rates = SHAPE / means + 1 / each[:, None]  # of the Gamma of each gene under each part of the mixture
    logs = SHAPE * np.log(SHAPE / means) - (count + SHAPE)[:, None] * np.log(rates) + gammaln(count + SHAPE)[:, None]
    likely = np.exp(logs - logs.max(axis=1, keepdims=True))
    weights = np.full(len(means), 1 / len(means))
    for _ in range(ROUNDS):
        parts = likely * weights
        parts /= parts.sum(axis=1, keepdims=True)
        weights = parts.mean(axis=0)
    upto = np.cumsum(parts, axis=1)
    place = np.arange(len(count))
    drawn = np.empty((DRAWS, len(count)))
    for row in drawn:
        part = (rng.random(len(count))[:, None] * upto[:, -1:] > upto).sum(axis=1)
        row[:] = rng.standard_gamma(count + SHAPE) / rates[place, part]
    return drawn
