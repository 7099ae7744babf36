"""How much of a sample's RNA is another person's, from the allele shares at the listed SNPs.

Low shares of an allele have two causes. Where another person's RNA is mixed in, they stand at the owner's homozygous
sites, which are more than half of all. Where the tumour lost an allele or hardly expresses it, they stand at the
owner's heterozygous sites, all near one level. Both are fitted together, so that the second is not taken for the first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anpi.identity.alleles import AlleleReads, Imbalance, genotype_ratios, genotype_shares

LEVELS = (0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.125, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)
IMBALANCES = [
    Imbalance(),
    *(Imbalance(share, level) for share in (0.1, 0.3, 0.6, 0.9) for level in (0.03, 0.08, 0.15, 0.25)),
]
LEAST_DEPTH = 5
LEAST_SITES = 40
LEAST_LOD = 3.0


@dataclass(frozen=True)
class Contamination:
    """Estimate of a sample's contamination.

    Parameters
    ----------
    share : float or None
        Share of another person's RNA, 0 where the evidence does not reach `LEAST_LOD`; None for too few sites.
    lod : float or None
        log10 likelihood ratio of the best level against none.
    sites : int
        Sites with at least `LEAST_DEPTH` reads.
    """

    share: float | None
    lod: float | None
    sites: int


def estimate_contamination(ref: np.ndarray, alt: np.ndarray, frequencies: np.ndarray) -> Contamination:
    """Estimate the share of another person's RNA by maximum likelihood.

    Parameters
    ----------
    ref, alt : numpy.ndarray of int
        Reads with each allele, sites long.
    frequencies : numpy.ndarray, populations x sites
        Share of alt in each population; the one that fits the sample best is taken.
    """
    usable = ref + alt >= LEAST_DEPTH
    sites = int(usable.sum())
    if sites < LEAST_SITES:
        return Contamination(None, None, sites)
    reads, frequencies = AlleleReads(ref[usable], alt[usable]), frequencies[:, usable]
    frequency = frequencies[np.argmax([log_likelihood(reads, f, 0.0, Imbalance()) for f in frequencies])]
    profile = np.array(
        [max(log_likelihood(reads, frequency, level, imbalance) for imbalance in IMBALANCES) for level in LEVELS]
    )
    best = int(profile.argmax())
    lod = float((profile[best] - profile[0]) / np.log(10))
    return Contamination(LEVELS[best] if lod >= LEAST_LOD else 0.0, round(lod, 2), sites)


def log_likelihood(reads: AlleleReads, frequency: np.ndarray, contamination: float, imbalance: Imbalance) -> float:
    """Return the log likelihood of all counts, up to a constant, over genotypes of owner and contaminating person."""
    ratios = genotype_ratios(reads, frequency, contamination, imbalance)
    return float(np.log((ratios * genotype_shares(frequency)).sum(axis=0)).sum())
