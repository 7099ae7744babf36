"""Are the values of a matrix in the unit that they are said to have?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from anpi.expression.gene_length import LIKE_READS, length_slopes
from anpi.problems import Problem

LARGEST_LOG2 = 25.0
LARGEST_VST = 40.0
LARGEST_SHARE_OF_LOWEST = 0.05  # of the cells, that one level of expression takes unless it is none
MOST_TPM = 1.2e6
LEAST_TPM = 3e5  # a sample's sum over the genes of a matrix, which may hold those of proteins alone
IMPOSSIBLE_TPM = 2e6
UNEVEN = 20  # times that a sample's TPM may sum to less than those of others
MOST_COUNT = 2e9  # fragments of a sample: half of a flow cell; summed coverage of bases is more
MANY_GENES = 1000  # of which some are silent in any tumour
WHOLE_PROFILE = 5000  # genes, of which some stand far above 25 in any sample
SOME_GENES = 500  # with expression, of which the highest has many times that of the middle one, unless by logarithms
GENES_OF_A_PANEL = 20  # with expression, of which the same holds in most samples
NARROW = 5  # times the middle one
MOST_OF_A_PART = 5e5  # TPM of fewer genes; more are those of a panel that was scaled by itself
WHOLE = 10_000  # coding genes, about half of them, whose TPM make most of the million
MOST_BELOW_ONE = 0.1  # of estimated counts above 0: 0.004 in deep libraries, of TPM a fifth to a half
THOUSAND = 1000
LEAST_BROKEN, LEAST_LARGE = 20, 100  # fractions, and values from 100 on, that tell of signs between digits
MOST_BELOW_ONE_OF_A_PANEL = 0.15
ALL_FRACTIONS = 0.9  # of values above 0 that are no whole numbers: 0.95 of TPM with two decimals, 0.85 of salmon's
LOWEST_OF_ARRAYS = 2.0  # of values that are no logarithms
BASES = {"natural logarithms": float(np.log(2)), "logarithms to base 10": float(np.log10(2))}
UPPER = (0.9, 0.97, 0.995, 0.9995)  # quantiles of a profile: another base stretches them alike, fewer TPM do not
ALIKE = 0.1
ROUNDED = 0.01  # how far from a whole number one may be


def constant_samples(raw: pd.DataFrame, unit: str, offset: float | None, name: str) -> list[Problem]:
    """Find samples of which every gene has one value, unless it is that of no expression, which vst does not tell."""
    if unit == "vst":
        return []
    floor = np.log2(offset) if offset else 0.0
    low, high = raw.min(), raw.max()
    filled = (low == high) & (low > floor + ROUNDED) & (raw.notna().sum() >= GENES_OF_A_PANEL)
    fault, mend = "all genes of the sample have one value", "Export the sample again, or take its column out."
    return [
        Problem(name, fault, column=str(sample), found=f"{low[sample]:.4g}", mend=mend)
        for sample in filled.index[filled]
    ]


def unit_problems(raw: pd.DataFrame, unit: str, offset: float | None, name: str) -> list[Problem]:
    """Compare the values with the unit they are said to have.

    Parameters
    ----------
    offset : float or None
        The constant of logarithms; None for another unit.
    """
    if offset is not None:
        return logarithm_problems(raw, unit, offset, name)
    low, high = span_of(raw)
    if unit == "vst":
        expected = f"values on the scale of log2 counts, none above {LARGEST_VST:g}"
        return [contradiction(name, unit, spanning(raw), expected)] if high > LARGEST_VST else []
    if low < 0:
        return [contradiction(name, unit, spanning(raw), "no negative value")]
    # A cohort of failed samples holds zeros, one of few reads small whole numbers; logarithms are mostly fractions.
    whole = len(raw) > SOME_GENES and (unit == "tpm" or mostly_fractions(raw))
    if 0 < high <= LARGEST_LOG2 and (whole or is_panel_of_logarithms(raw)):
        of_profile = f"the largest value of a whole profile is far above {LARGEST_LOG2:g}"
        why = of_profile if whole else "the largest is near the middle one"
        expected = f"{unit}; {why}, so these look like logarithms"
        return [contradiction(name, unit, spanning(raw), expected)]
    for sample, largest in raw.max().items():
        if largest <= LARGEST_LOG2 and looks_logarithmic(raw[[sample]]):
            found = f"values up to {largest:.4g}, in another sample up to {high:.4g}"
            expected = f"{unit} in every sample; these look like logarithms"
            return [contradiction(name, unit, found, expected, sample)]
    profile = len(raw) > WHOLE_PROFILE  # of a deep panel every gene may have reads
    if low > LOWEST_OF_ARRAYS and profile and (unit == "tpm" or mostly_fractions(raw, ALL_FRACTIONS)):
        expected = f"{unit}, of which some genes have none; these look like values of an array"
        return [contradiction(name, unit, spanning(raw), expected)]
    return sum_problems(raw, unit, name)


def is_panel_of_logarithms(raw: pd.DataFrame) -> bool:
    """Return whether most samples of a matrix of few genes look like logarithms; a single one may by chance."""
    if len(raw) > SOME_GENES:
        return False
    found = sum(looks_logarithmic(raw[[sample]], GENES_OF_A_PANEL) for sample in raw)
    return 2 * found > int((raw.max() > 0).sum())


def looks_logarithmic(sample: pd.DataFrame, least: int = SOME_GENES) -> bool:
    """Return whether small values of one sample are logarithms: fractions, and the largest near the middle ones."""
    values = sample.to_numpy()
    values = values[values > 0]
    level = len(values) >= least and values.max() < NARROW * np.median(values)
    return (level or len(sample) > WHOLE_PROFILE) and mostly_fractions(sample)


def logarithm_problems(raw: pd.DataFrame, unit: str, offset: float, name: str) -> list[Problem]:
    """Compare logarithms of TPM with their constant, which is what a gene without expression has."""
    low, high = span_of(raw)
    floor = np.log2(offset) if offset > 0 else -np.inf
    if high > LARGEST_LOG2:
        return [contradiction(name, unit, spanning(raw), f"logarithms, none above {LARGEST_LOG2:g}")]
    if low < floor - ROUNDED:
        return [contradiction(name, unit, spanning(raw), f"no value below log2({offset:g}) = {floor:.4g}")]
    lowest = float((raw.to_numpy() == low).sum() / raw.notna().to_numpy().sum())
    if low > floor + ROUNDED and lowest > LARGEST_SHARE_OF_LOWEST and len(raw) > SOME_GENES:
        found = f"the lowest value, {low:.4g}, in {lowest:.0%} of the cells: genes without expression"
        return [contradiction(name, unit, found, f"log2({offset:g}) = {floor:.4g} for these")]
    if low > floor + 1 and len(raw) >= MANY_GENES:
        expected = f"genes without expression, at log2({offset:g}) = {floor:.4g}; these look like values of an array"
        return [contradiction(name, unit, spanning(raw), expected)]
    return impossible_tpm((np.exp2(raw) - offset).clip(lower=0), unit, name)


def base_problems(tpm: pd.DataFrame, genes: pd.DataFrame, unit: str, name: str) -> list[Problem]:
    """Compare the TPM of a whole transcriptome, taken back from logarithms, with the million that they make."""
    coding = int(genes["biotype"].eq("protein_coding").sum())
    sums = tpm.sum()
    middle = sums[sums > 0].median()
    if coding < WHOLE or not middle < LEAST_TPM:
        return []
    found = f"TPM of {coding:,} coding genes that sum to {middle:.3g} in the middle sample"
    expected = "about one million; these look like natural logarithms, or those to base 10"
    mend = "Take logarithms to base 2, or give the TPM themselves."
    return [Problem(name, f"declared {unit}", found=found, expected=expected, mend=mend)]


def other_bases(tpm: pd.DataFrame, unit: str, name: str) -> list[Problem]:
    """Find samples of a whole profile whose logarithms are those of the others, times the factor of another base."""
    sums = tpm.sum()
    others = sums[sums > 0]
    low = others.index[others < others.median() / 3]
    if len(tpm) < MANY_GENES or len(others) < 3 or low.empty:
        return []
    upper = np.log2(tpm[others.index] + 1).quantile(UPPER)
    stretched = upper.div(upper.median(axis=1), axis=0)
    for sample in low:
        for words, factor in BASES.items():
            if (abs(stretched[sample] / factor - 1) < ALIKE).all():
                found = f"logarithms {stretched[sample].mean():.2g} times those of other samples"
                expected = f"logarithms to base 2 in every sample; these look like {words}"
                return [contradiction(name, unit, found, expected, sample)]
    return []


def length_problems(tpm: pd.DataFrame, genes: pd.DataFrame, unit: str, name: str) -> list[Problem]:
    """Find the first sample of a whole profile whose values rise with the length of the gene."""
    slopes = length_slopes(tpm, genes["length"])
    for sample, slope in slopes[slopes >= LIKE_READS].items():
        found = f"values {2**slope:.2g} times higher in genes twice as long, against the reference"
        expected = "TPM, which are divided by the length of the gene; these look like counts per million"
        mend = "Give the counts themselves, as counts, or TPM."
        return [Problem(name, f"declared {unit}", column=str(sample), found=found, expected=expected, mend=mend)]
    return []


def sum_problems(raw: pd.DataFrame, unit: str, name: str) -> list[Problem]:
    """Compare the sums of samples with what counts or TPM can make."""
    sums = raw.sum()
    sample = str(sums.idxmax())
    whole_numbers = all((values[~np.isnan(values)] % 1 == 0).all() for values in raw.to_numpy().T)
    if unit == "tpm" and (sums > MOST_TPM).any() and whole_numbers:
        found = f"whole numbers only, with a sum of {sums.max():.4g}"
        expected = "a sum over genes of at most one million; these look like counts"
        return [contradiction(name, unit, found, expected, sample)]
    if unit == "tpm":
        return impossible_tpm(raw, unit, name)
    if (sums > MOST_COUNT).any():
        expected = f"at most {MOST_COUNT:g} fragments a sample; these look like sums of the coverage of bases"
        return [contradiction(name, unit, f"a sum of {sums.max():.4g}", expected, sample)]
    if not whole_numbers and (found := thousands(raw)):
        mend = "Write counts without signs between their digits: 1234 for 1.234."
        expected = "counts; the points look like signs of thousands"
        return [Problem(name, f"declared {unit}", found=found, expected=expected, mend=mend)]
    if not whole_numbers and (sums > 0).any() and np.isclose(sums[sums > 0], 1e6, rtol=1e-3).all():
        found = "fractions, and every sample sums to one million"
        return [contradiction(name, unit, found, "counts; these look like tpm")]
    return small_fractions(raw, unit, name)


def thousands(raw: pd.DataFrame) -> str:
    """Return in words that points of a matrix part thousands, as a spreadsheet in German writes 1234; else nothing.

    Then no value is 1000 or above, none lies between 0 and 1, fractions have three decimals, and are rarer among large
    values than among small ones: they begin where whole numbers end. Estimated counts are fractions the more often the
    larger they are.
    """
    values = raw.to_numpy()
    above = values[values > 0]
    if not len(above) or above.max() >= THOUSAND:
        return ""
    broken = above % 1 != 0
    parts = above[broken]
    if len(parts) < LEAST_BROKEN or parts.min() < 1 or (np.abs(parts * 1000 - np.rint(parts * 1000)) > 1e-6).any():
        return ""
    small, large = broken[(above >= 1) & (above < 10)], broken[above >= 100]
    if len(large) < LEAST_LARGE or 2 * large.mean() >= small.mean():
        return ""
    return f"{len(parts)} fractions such as {parts[0]:.3f}, and no value above 999"


def small_fractions(raw: pd.DataFrame, unit: str, name: str) -> list[Problem]:
    """Find the first sample of which many values are fractions of one: a fragment lies on hardly more than one gene.

    Where the sum is not that of TPM over all genes, but may be that of a panel, hardly any value may be whole besides:
    of few reads those that fit two genes make fractions of one too.
    """
    for sample, values in raw.items():
        above, total = values[values > ROUNDED], values.sum()
        below_one = float((above < 1 - ROUNDED).mean())
        like_all = LEAST_TPM <= total <= IMPOSSIBLE_TPM and below_one > MOST_BELOW_ONE
        like_some = below_one > MOST_BELOW_ONE_OF_A_PANEL and len(above) >= GENES_OF_A_PANEL
        if like_all or (like_some and mostly_fractions(values, ALL_FRACTIONS)):
            found = f"a sum of {total:.3g}, and {below_one:.0%} of the values above 0 below 1"
            return [contradiction(name, unit, found, "counts; these look like TPM or FPKM", sample)]
    return []


def impossible_tpm(values: pd.DataFrame, unit: str, name: str) -> list[Problem]:
    """Find samples whose values cannot be TPM: those of all genes make one million, in each sample alike."""
    sums = values.sum()
    if (sums > IMPOSSIBLE_TPM).any():
        expected = "about one million a sample, less for a part of the genes"
        return [contradiction(name, unit, f"TPM that sum to {sums.max():.4g}", expected, str(sums.idxmax()))]
    sums = sums[sums > 0]
    if len(sums) > 2 and len(values) >= MANY_GENES and UNEVEN * sums.min() < sums.median():
        found = f"TPM that sum to {sums.min():.4g}"
        expected = f"about {sums.median():.4g}, as in other samples; this one looks like logarithms, or another unit"
        return [contradiction(name, unit, found, expected, str(sums.idxmin()))]
    return []


def contradiction(name: str, unit: str, found: str, expected: str, sample: object = None) -> Problem:
    """Return that values are not of the unit that is declared."""
    mend = "Declare the unit that the matrix has, or export it again."
    column = None if sample is None else str(sample)
    return Problem(name, f"declared {unit}", column=column, found=found, expected=expected, mend=mend)


def span_of(raw: pd.DataFrame) -> tuple[float, float]:
    return float(np.nanmin(raw.to_numpy())), float(np.nanmax(raw.to_numpy()))


def spanning(raw: pd.DataFrame) -> str:
    low, high = span_of(raw)
    return f"values from {low:.4g} to {high:.4g}"


def mostly_fractions(values: pd.DataFrame | pd.Series, most: float = 0.5) -> bool:
    """Return whether most values above zero are no whole numbers, nor such that arithmetic left beside them."""
    numbers = values.to_numpy()
    numbers = numbers[numbers > 0]
    return bool((np.abs(numbers - np.rint(numbers)) > ROUNDED).mean() > most) if len(numbers) else False


def tpm_notes(sums: pd.Series) -> list[str]:
    """Return where TPM do not sum to a million; samples of zeros are told by their verdict."""
    notes, low = [], sums[sums > 0].min()
    if (sums > MOST_TPM).any():
        notes.append(f"TPM sum to as much as {sums.max():.4g} a sample, not to a million: right up to a factor at best")
    if low < LEAST_TPM:
        notes.append(f"TPM sum to as little as {low:.4g} a sample, not to a million: of a part of the genes alone?")
    return notes


def is_own_million(total: float, genes: int) -> bool:
    """Return whether TPM of so few genes sum to so much that the genes share out a million among themselves.

    Such TPM are above those of a whole transcriptome by the share of the genes in all RNA, which is not known.
    """
    return genes < WHOLE and total > MOST_OF_A_PART


def own_millions(tpm: pd.DataFrame) -> np.ndarray:
    """Say of each sample (a column of TPM) whether its genes share out a million among themselves."""
    genes = tpm.notna().sum()
    return np.array([is_own_million(float(total), int(n)) for total, n in zip(tpm.sum(), genes, strict=True)], bool)
