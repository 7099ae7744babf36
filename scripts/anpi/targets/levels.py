"""Level of each target in single samples: with read depth, purity and normal tissue, against locked quartiles."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import gammaincinv

from anpi.expression.depth import tpm_per_fragment
from anpi.expression.genes import read_gene_table
from anpi.expression.matrix import Expression
from anpi.expression.reference_levels import read_reference
from anpi.signatures.scores import QUARTILE, Samples, prepare_samples, reference_shift
from anpi.targets.lists import Target, read_normal
from anpi.trial.methods import TARGET_LEVEL
from anpi.words.lists import listed

Array = NDArray[np.float64]
COLUMNS = [
    "sample_id",
    "target",
    "tpm",
    "tpm_low",
    "tpm_high",
    "tumour_tpm",
    "tumour_low",
    "tumour_high",
    "normal_tpm",
    "reference_percentile",
    "level",
    "purity",
    "reason",
]
HIGH_AT_LEAST = 10.0  # TPM; below it the upper quarter of tumours is no high expression
LOW_BELOW = 1.0  # TPM
LEAST_PURITY = 0.2
FACTOR_OF_SHARE = 2.0  # shares of normal tissue are right to about this factor
FURTHEST = 1.0, 99.0  # quartiles tell no more of the tails
CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True)
class Range:
    """A value with the ends of its interval, each an array over genes."""

    middle: Array
    low: Array
    high: Array

    def mean(self) -> tuple[float, float, float]:
        """Return the geometric mean over the genes of each end, of value + 1; ends meet as if genes err together."""
        low, middle, high = (float(np.exp2(np.log2(v + 1).mean()) - 1) for v in (self.low, self.middle, self.high))
        return middle, low, high


def score_targets(
    expression: Expression, targets: list[Target], counts: Expression | None = None, purity: pd.Series | None = None
) -> pd.DataFrame:
    """Return the level of every target in every sample, each sample by itself.

    Parameters
    ----------
    expression : Expression
        In any unit but vst.
    counts : Expression, optional
        Counts of the same samples, for the interval of read depth; ``expression`` itself when it holds counts.
    purity : pandas.Series, optional
        Share of tumour by sample, 0 to 1.

    Returns
    -------
    pandas.DataFrame
        The columns of ``targets/targets.tsv``: samples in the order of the matrix, targets in that of the list.
    """
    samples = prepare_samples(expression)
    counted = expression if counts is None and expression.unit == "counts" else counts
    lengths = expression.genes.set_index("gene_id")["length"].reindex(samples.gene_ids).to_numpy(dtype=float)
    reference, position = read_reference(), {gene: i for i, gene in enumerate(samples.gene_ids)}
    shift = reference_shift(samples, reference)
    quartiles = functools.cache(functools.partial(quartiles_of, reference=reference))
    rows = []
    for i, name in enumerate(samples.names):
        depth = depth_of(samples, i, counted, lengths)
        share = math.nan if purity is None else float(purity.get(name, math.nan))
        for target in targets:
            rows.append(
                {"sample_id": name, **judge(target, samples.tpm[i], depth, position, quartiles, shift[i], share)}
            )
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table["reference_percentile"] = table["reference_percentile"].round(1)
    return table


def depth_of(samples: Samples, i: int, counts: Expression | None, lengths: Array) -> tuple[Array, Array] | None:
    """Return for each gene of a sample its counts, and TPM a fragment; None without counts."""
    if counts is None or samples.names[i] not in counts.values.columns:
        return None
    count = counts.values[samples.names[i]].reindex(samples.gene_ids).to_numpy(dtype=float)
    return count, tpm_per_fragment(samples.tpm[i], count, lengths)


def read_interval(count: Array, each: Array, tpm: Array) -> Range:
    """Return TPM with the exact interval of Poisson counts at 95% (Garwood 1936, doi:10.1093/biomet/28.3-4.437)."""
    low = np.where(count > 0, gammaincinv(np.maximum(count, 1e-9), 0.025), 0.0) * each
    return Range(tpm, low, gammaincinv(count + 1, 0.975) * each)


@functools.cache
def symbols() -> dict[str, str]:
    """Return the symbol of each gene by its id."""
    table = read_gene_table()
    return dict(zip(table["gene_id"], table["symbol"], strict=True))


def not_measured(genes: list[str]) -> str:
    """Return that genes, by their ids, are not in the matrix, in words."""
    return f"not in the matrix: {listed([symbols().get(gene, gene) for gene in genes])}"


def judge(
    target: Target,
    tpm: Array,
    depth: tuple[Array, Array] | None,
    position: dict[str, int],
    quartiles_by_genes: Callable[[tuple[str, ...]], tuple[float, float, float] | None],
    shift: float,
    purity: float,
) -> dict[str, object]:
    """Return one target in one sample: values, percentile, level and the reason of what is missing."""
    row: dict[str, object] = {"target": target.name, "purity": purity, "level": CANNOT_TELL}
    genes = [gene for gene in target.gene_ids if gene in position and not math.isnan(tpm[position[gene]])]
    missing = [gene for gene in target.gene_ids if gene not in genes]
    if len(genes) / len(target.gene_ids) < TARGET_LEVEL.coverage:
        return row | {"reason": not_measured(missing)}
    if not (tpm > 0).any():
        return row | {"reason": "no expression in the sample"}
    at = np.array([position[gene] for gene in genes])
    measured = Range(tpm[at], tpm[at], tpm[at])
    if depth is not None:
        measured = read_interval(depth[0][at], depth[1][at], tpm[at])
    middle, low, high = measured.mean()
    row |= {"tpm": middle}
    if depth is not None:
        row |= {"tpm_low": low, "tpm_high": high}
    notes = [f"{not_measured(missing)}; the mean is of the others"] if missing else []
    notes += [] if depth is not None else ["no counts: the interval of read depth is not known"]
    ends = (low, high)
    if target.compartment == "immune":
        notes.append("not adjusted for purity: other cells than the tumour's make it")
    else:
        adjusted, row["normal_tpm"], why = adjust_for_purity(measured, genes, purity, shift)
        values = adjusted.mean()
        row |= dict(zip(("tumour_tpm", "tumour_low", "tumour_high"), values, strict=True))
        ends = values[1:]
        notes += [why] if why else []
    quartiles = quartiles_by_genes(tuple(genes))
    row["reference_percentile"] = percentile(middle, quartiles, shift)
    level, reason = level_of(ends, quartiles, shift)
    return row | {"level": level, "reason": "; ".join([*([reason] if reason else []), *notes]) or None}


def adjust_for_purity(measured: Range, genes: list[str], purity: float, shift: float = 0.0) -> tuple[Range, float, str]:
    """Take out what normal tissue gives, and bring the rest to pure tumour.

    TPM of a panel share out a million among the panel: normal tissue is brought to the level of the sample, which
    stands ``shift`` (log2) above the reference; where that is not known no level is given.

    Each gene is a mixture of tumour and normal tissue. The middle takes the median of the tissues that surround
    biopsies. Shares of normal tissue are right to about a factor of two, so the low end is the least over half to
    twice the share with the highest tissue, the high end that of twice the share without the gene in normal tissue. Of
    an unknown purity or an unknown tissue the ends alone are given: any share from none to 80%, any level.

    Returns
    -------
    adjusted : Range
        The middle NaN where it is not known.
    normal : float
        Level in the highest normal tissue, TPM.
    reason : str
        Why there is no middle.
    """
    levels = read_normal().reindex(genes).to_numpy()
    most = float(np.exp2(np.log2(levels.max(axis=1) + 1).mean()) - 1)
    levels = levels * (1.0 if math.isnan(shift) else 2.0**shift)
    share, widest = 1 - purity, 1 - LEAST_PURITY
    least, wide, reason = share / FACTOR_OF_SHARE, min(FACTOR_OF_SHARE * share, widest), ""
    if math.isnan(most):
        reason = "not adjusted for purity: the level in normal tissue is not known"
    elif math.isnan(purity) or purity < LEAST_PURITY:
        least, wide = 0.0, widest
        stated = "it is not known" if math.isnan(purity) else f"{purity:.2f}, below {LEAST_PURITY:g}"
        reason = f"not adjusted for purity: {stated}"
    floor = np.where(np.isnan(levels.max(axis=1)), np.inf, levels.max(axis=1))
    parts = [0.0, widest] if math.isnan(purity) else [least, wide]
    low = np.min([of_tumour(measured.low, floor, part) for part in parts], axis=0)
    high = of_tumour(measured.high, np.zeros(len(genes)), parts[1])
    if reason:
        return Range(np.full(len(genes), math.nan), low, high), most, reason
    middle = of_tumour(measured.middle, np.median(levels, axis=1), share)
    return Range(middle, np.minimum(low, middle), np.maximum(high, middle)), most, ""


def of_tumour(mixed: Array, normal: Array, share: float) -> Array:
    """Return the level in pure tumour of a mixture with a share of normal tissue."""
    return np.maximum(mixed - share * normal, 0.0) / (1 - share) if share > 0 else mixed


def quartiles_of(genes: tuple[str, ...], reference: pd.DataFrame) -> tuple[float, float, float] | None:
    """Return lower quartile, median and upper quartile of a target; of several genes as if they rise together."""
    if not set(genes) <= set(reference.index):
        return None
    part = np.log2(reference.loc[list(genes), ["q1", "median", "q3"]].to_numpy() + 1).mean(axis=0)
    q1, median, q3 = (float(value) for value in np.exp2(part) - 1)
    return q1, median, q3


def percentile(tpm: float, quartiles: tuple[float, float, float] | None, shift: float) -> float:
    """Place a value among the reference tumours: normal in log2(TPM + 1), each half with the spread of its quartile.

    Only quartiles of the reference are known. Between them this is interpolation, outside extrapolation, which ends at
    the first and the 99th percentile.
    """
    if quartiles is None or math.isnan(shift):
        return math.nan
    q1, median, q3 = (math.log2(value + 1) for value in quartiles)
    level = math.log2(tpm / 2**shift + 1)
    spread = median - q1 if level < median else q3 - median
    if spread <= 0:
        return 50.0 if level == median else math.nan
    place = 50 * math.erfc(-(level - median) / spread * QUARTILE / math.sqrt(2))
    return min(max(place, FURTHEST[0]), FURTHEST[1])


def level_of(
    ends: tuple[float, float], quartiles: tuple[float, float, float] | None, shift: float
) -> tuple[str, str | None]:
    """Return the level that the whole interval lies in; cannot_tell when it lies in more than one.

    High: the upper quartile of the reference or more, and at least 10 TPM. Low: below the lower quartile, or below 1
    TPM. The limits are brought to the level of the sample.
    """
    if math.isnan(shift):
        return CANNOT_TELL, "too few steadily expressed genes to bring the sample to the reference's level"
    low, high = (end / 2**shift for end in ends)
    if quartiles is None:
        surely_low = high < LOW_BELOW
        return ("low", None) if surely_low else (CANNOT_TELL, "the gene is not in the reference: there is no limit")
    at_least, below = max(quartiles[2], HIGH_AT_LEAST), max(quartiles[0], LOW_BELOW)
    names = ["low" if end < below else "high" if end >= at_least else "intermediate" for end in (low, high)]
    if names[0] != names[1]:
        return CANNOT_TELL, f"the interval reaches from {names[0]} to {names[1]}"
    return names[0], None
