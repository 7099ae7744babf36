"""How likely read counts of two alleles are under each genotype, in tumour RNA.

Counts are beta-binomial: reads of one gene are no independent draws, and its two alleles are seldom expressed alike.
A heterozygous site may show one allele alone, because the tumour lost the other or hardly expresses it. A sample may
hold a share of another person's RNA.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

GENOTYPES = ("0/0", "0/1", "1/1")
ALT_SHARE = (0.0, 0.5, 1.0)
ERROR = 0.004  # mean share of the wrong allele at a homozygous site
HOMOZYGOUS, BALANCED, MIXED = 100.0, 20.0, 20.0  # concentrations of the beta distributions
LEAST_FREQUENCY = 0.02
LEAST_RATIO = 1e-200


@dataclass(frozen=True)
class Imbalance:
    """How heterozygous sites depart from half and half.

    Parameters
    ----------
    share : float
        Share of the heterozygous sites with strong imbalance.
    level : float or None
        Mean share of their weaker allele; None for any level (an arcsine distribution).
    """

    share: float = 0.3
    level: float | None = None


class AlleleReads:
    """Reads with each of two alleles, with the beta-binomial probabilities that were asked of them.

    Parameters
    ----------
    ref, alt : numpy.ndarray of int
        Counts, of any like shape.
    """

    def __init__(self, ref: np.ndarray, alt: np.ndarray) -> None:
        self.ref, self.alt = np.asarray(ref), np.asarray(alt)
        self.depth = self.ref + self.alt
        self.most = int(self.depth.max(initial=0))
        self.computed: dict[tuple[float, float], np.ndarray] = {}
        self.flat = self.log_probability(0.5, 2.0)

    def log_probability(self, mean: float, concentration: float) -> np.ndarray:
        """Log probability of one order of the reads when the share of alt is beta-distributed.

        Parameters
        ----------
        mean : float
            Mean share of alt, strictly between 0 and 1.
        concentration : float
            Sum of the two parameters of the beta distribution.
        """
        alt = log_rising(mean * concentration, self.most)[self.alt]
        ref = log_rising((1 - mean) * concentration, self.most)[self.ref]
        return alt + ref - log_rising(concentration, self.most)[self.depth]

    def ratio(self, mean: float, concentration: float) -> np.ndarray:
        """Return the probability of the reads over that when every share of alt is as likely; kept, as it recurs."""
        key = (mean, concentration)
        if key not in self.computed:
            self.computed[key] = np.exp(self.log_probability(mean, concentration) - self.flat)
        return self.computed[key]


def log_rising(start: float, most: int) -> np.ndarray:
    """Log of ``start (start + 1) … (start + k - 1)`` for k from 0 to ``most``."""
    return np.concatenate([[0.0], np.cumsum(np.log(start + np.arange(most)))])


def genotype_shares(frequency: np.ndarray) -> np.ndarray:
    """Return the shares of the three genotypes in a population by Hardy and Weinberg: genotypes x sites."""
    p = np.clip(frequency, LEAST_FREQUENCY, 1 - LEAST_FREQUENCY)
    return np.stack([(1 - p) ** 2, 2 * p * (1 - p), p**2])


def genotype_log_likelihoods(
    reads: AlleleReads, frequency: np.ndarray, contamination: float = 0.0, imbalance: Imbalance | None = None
) -> np.ndarray:
    """Return the log likelihood of the counts under each genotype of the sample's owner.

    Parameters
    ----------
    reads : AlleleReads
        Sites long.
    frequency : numpy.ndarray
        Share of alt in the population, for the genotypes of whoever contaminates.
    contamination : float
        Share of RNA of one other, unrelated person.
    imbalance : Imbalance, optional

    Returns
    -------
    numpy.ndarray, genotypes x sites
        Natural logarithms.
    """
    return np.log(genotype_ratios(reads, frequency, contamination, imbalance or Imbalance())) + reads.flat


def genotype_ratios(
    reads: AlleleReads, frequency: np.ndarray, contamination: float, imbalance: Imbalance
) -> np.ndarray:
    """Return the likelihood of the counts by genotype, over that when every share of alt is as likely (see above)."""
    others = genotype_shares(frequency) if contamination else np.ones((1, len(reads.ref)))
    ratios = [
        sum(
            share * weight * reads.ratio(*mixed(mean, concentration, contamination, other))
            for other, share in zip(ALT_SHARE, others, strict=False)
            for weight, mean, concentration in components(genotype, imbalance)
        )
        for genotype in range(len(GENOTYPES))
    ]
    return np.maximum(ratios, LEAST_RATIO)


def components(genotype: int, imbalance: Imbalance) -> list[tuple[float, float, float]]:
    """Return weight, mean and concentration of the beta distributions of the alt share under a genotype."""
    if genotype != 1:
        return [(1.0, ERROR if genotype == 0 else 1 - ERROR, HOMOZYGOUS)]
    if imbalance.level is None:
        strong = [(imbalance.share, 0.5, 1.0)]
    else:
        strong = [(imbalance.share / 2, level, BALANCED) for level in (imbalance.level, 1 - imbalance.level)]
    return [(1 - imbalance.share, 0.5, BALANCED), *strong]


def mixed(mean: float, concentration: float, contamination: float, other: float) -> tuple[float, float]:
    """Shift a mean share of alt by a contaminating person's reads; genes that differ between the two spread it."""
    shifted = (1 - contamination) * mean + contamination * np.clip(other, ERROR, 1 - ERROR)
    moved = abs(shifted - mean) > ERROR
    return float(shifted), min(concentration, MIXED) if moved else concentration


def genotype_posteriors(logs: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weigh likelihoods by how common the genotypes are.

    Parameters
    ----------
    logs, shares : numpy.ndarray, genotypes x sites
        See `genotype_log_likelihoods` and `genotype_shares`.

    Returns
    -------
    posteriors : numpy.ndarray, genotypes x sites
    evidence : numpy.ndarray
        Log probability of the counts at each site.
    """
    joint = logs + np.log(shares)
    evidence = np.logaddexp.reduce(joint, axis=0)
    return np.exp(joint - evidence), evidence


def call_genotypes(reads: AlleleReads, frequency: np.ndarray, confidence: float = 0.9) -> np.ndarray:
    """Call the genotype whose posterior probability reaches ``confidence``; -1 where none does."""
    posteriors, _ = genotype_posteriors(genotype_log_likelihoods(reads, frequency), genotype_shares(frequency))
    return np.where(posteriors.max(axis=0) >= confidence, posteriors.argmax(axis=0), -1)
