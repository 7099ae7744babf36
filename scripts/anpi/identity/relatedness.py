"""Are two samples one person's? A likelihood ratio of one person against two unrelated ones, for all pairs at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from anpi.identity.alleles import AlleleReads, genotype_log_likelihoods, genotype_posteriors, genotype_shares

LEAST_LOD = 4.0
LEAST_SHARED = 15
SHARED_DEPTH = 2
ODDITY = 0.01  # share of sites that no genotype explains: editing, somatic mutation, mapping


def compare_samples(
    ref: np.ndarray, alt: np.ndarray, frequencies: np.ndarray, contamination: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Compare all pairs of samples.

    Parameters
    ----------
    ref, alt : numpy.ndarray of int, samples x sites
        Reads with each allele, 0 where a site was not looked at.
    frequencies : numpy.ndarray, populations x sites
        Share of alt in each population.
    contamination : sequence of float
        Share of another person's RNA in each sample, 0 where none is known.

    Returns
    -------
    lod : numpy.ndarray, samples x samples
        log10 likelihood ratio of one person, of the population that fits best, against two unrelated persons, each of
        the population that fits it best.
    shared : numpy.ndarray of int, samples x samples
        Sites with at least `SHARED_DEPTH` reads in both.
    """
    covered = (ref + alt >= SHARED_DEPTH).astype(np.float32)
    shared = np.rint(covered @ covered.T).astype(int)
    single = np.empty((len(frequencies), len(ref)))
    joint = np.empty((len(frequencies), len(ref), len(ref)))
    for k, frequency in enumerate(frequencies):
        single[k], ratio = population_evidence(ref, alt, frequency, contamination)
        joint[k] = single[k][:, None] + single[k][None, :] + ratio
    best = single.max(axis=0)
    return joint.max(axis=0) - best[:, None] - best[None, :], shared


def population_evidence(
    ref: np.ndarray, alt: np.ndarray, frequency: np.ndarray, contamination: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Return what the counts say in one population, in log10.

    Returns
    -------
    single : numpy.ndarray
        Likelihood of each sample's counts.
    ratio : numpy.ndarray, samples x samples
        Likelihood ratio of one person against two unrelated ones.
    """
    shares = genotype_shares(frequency)
    single = np.empty(len(ref))
    posteriors = np.empty((len(ref), *shares.shape), dtype=np.float32)
    for i, level in enumerate(contamination):
        logs = genotype_log_likelihoods(AlleleReads(ref[i], alt[i]), frequency, level)
        posteriors[i], evidence = genotype_posteriors(logs, shares)
        single[i] = evidence.sum() / np.log(10)
    ratio = np.zeros((len(ref), len(ref)), dtype=np.float32)
    for site in range(len(frequency)):
        genotypes = posteriors[:, :, site]
        like = (genotypes / shares[:, site].astype(np.float32)) @ genotypes.T
        ratio += np.log10(ODDITY + (1 - ODDITY) * like)
    return single, ratio


def pair_table(samples: Sequence[str], patients: Sequence[str], lod: np.ndarray, shared: np.ndarray) -> pd.DataFrame:
    """List the pairs with their verdicts.

    Returns
    -------
    pandas.DataFrame
        ``sample_1``, ``sample_2``, ``patient_1``, ``patient_2``, ``lod``, ``shared_sites``, ``result`` (same,
        different, unclear), ``expected`` (same, different).
    """
    first, second = np.triu_indices(len(samples), k=1)
    names, owners = np.asarray(samples, dtype=object), np.asarray(patients, dtype=object)
    table = pd.DataFrame(
        {
            "sample_1": names[first],
            "sample_2": names[second],
            "patient_1": owners[first],
            "patient_2": owners[second],
            "lod": np.round(lod[first, second], 2),
            "shared_sites": shared[first, second],
        }
    )
    enough = (table["shared_sites"] >= LEAST_SHARED) & (table["lod"].abs() >= LEAST_LOD)
    table["result"] = np.where(~enough, "unclear", np.where(table["lod"] > 0, "same", "different"))
    table["expected"] = np.where(table["patient_1"] == table["patient_2"], "same", "different")
    return table
