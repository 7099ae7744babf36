"""The cohort side by side: sex, genotypes and contamination of each sample, and all pairs."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anpi.files.intact import read_json
from anpi.identity.genotypes import allele_counts, read_genotypes
from anpi.identity.pileup import usable_sites
from anpi.identity.relatedness import compare_samples, pair_table
from anpi.identity.sex import sex_from_expression
from anpi.identity.sites import POPULATIONS
from anpi.identity.swaps import judge_identities

MOST_SAMPLES_LISTED = 50
LEAST_EXPRESSED = 100
COLUMNS = [
    "sample_id",
    "sex_clinical",
    "sex_expression",
    "xist_tpm",
    "y_tpm",
    "genotype_sites",
    "contamination",
    "contamination_lod",
    "identity",
    "identity_reason",
    "same_expression",
]
# What is taken from identity.json, and its kind.
FACTS = {
    "genotype_sites": ("sites_covered", "Int64"),
    "contamination": ("contamination", "Float64"),
    "contamination_lod": ("contamination_lod", "Float64"),
}


def compare_identities(
    samples: pd.DataFrame,
    sexes: Mapping[str, str],
    tpm: pd.DataFrame,
    genotyped: Mapping[str, Path],
    sites: pd.DataFrame,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return for each sample what is known of whose it is.

    Parameters
    ----------
    samples : pandas.DataFrame
        ``sample_id``, ``patient_id``, ``timepoint``.
    sexes : mapping
        F or M by patient, as the clinical table says.
    tpm : pandas.DataFrame
        Genes (Ensembl ids) x samples; without rows when the unit is unknown. Its samples are judged.
    genotyped : mapping
        Folder with ``genotypes.tsv`` and ``identity.json`` (see genotype_sample.py), by sample.
    sites : pandas.DataFrame
        The list that they were made with.

    Returns
    -------
    identities : pandas.DataFrame
        One row per sample, columns `COLUMNS`: ``sex_clinical`` and ``sex_expression`` (see
        `anpi.identity.sex.sex_from_expression`), ``genotype_sites`` (covered by 5 fragments or more), ``contamination``
        (percent), ``identity`` (match, suspect, unknown) and its reason, ``same_expression`` (see `same_expression`).
    pairs : pandas.DataFrame
        See `anpi.identity.relatedness.pair_table`; of more than 50 samples only those of one patient, those that match
        and those that are unclear within a patient.
    """
    patients = dict(zip(samples["sample_id"], samples["patient_id"], strict=True))
    table = sex_from_expression(tpm).sort_values("sample_id", ignore_index=True)
    table["sex_clinical"] = [sexes.get(patients[sample]) for sample in table["sample_id"]]
    facts = {sample: read_json(folder / "identity.json") for sample, folder in sorted(genotyped.items())}
    usable = [sample for sample, fact in facts.items() if fact["build"]]
    pairs = compare_pairs(usable, patients, genotyped, facts, sites)
    judged = judge_identities(pairs, {sample: patients[sample] for sample in usable})
    table = table.merge(judged, on="sample_id", how="left")
    table["identity"] = table["identity"].fillna("unknown")
    reasons = [why_no_genotypes(facts.get(sample)) for sample in table["sample_id"]]
    table["identity_reason"] = table["identity_reason"].fillna(pd.Series(reasons))
    table["same_expression"] = table["sample_id"].map(same_expression(tpm, samples)).astype(object)
    for column, (fact, kind) in FACTS.items():
        table[column] = pd.array([facts.get(sample, {}).get(fact) for sample in table["sample_id"]], dtype=kind)
    return table[COLUMNS], listed_pairs(pairs, len(usable))


def same_expression(tpm: pd.DataFrame, samples: pd.DataFrame) -> dict[str, str]:
    """Name, for each sample whose expression other samples have too, those: no two specimens agree so far.

    Of one patient they would show that nothing changed between two time points; at one time point they are the same
    specimen twice, which misleads nobody. Samples of fewer than 100 expressed genes are not looked at: few reads may
    agree by chance.
    """
    patients = dict(zip(samples["sample_id"], samples["patient_id"], strict=True))
    taken = dict(zip(samples["sample_id"], zip(samples["patient_id"], samples["timepoint"], strict=True), strict=True))
    groups: dict[bytes, list[str]] = defaultdict(list)
    for sample in tpm.columns:
        values = tpm[sample].to_numpy(dtype=float)
        if (values > 0).sum() >= LEAST_EXPRESSED:
            groups[hashlib.sha256(values.tobytes()).digest()].append(str(sample))
    others = {
        sample: [
            f"{other} of {'the same patient' if patients[other] == patients[sample] else f'patient {patients[other]}'}"
            for other in group
            if taken[other] != taken[sample]
        ]
        for group in groups.values()
        for sample in group
    }
    return {sample: ", ".join(names) for sample, names in others.items() if names}


def compare_pairs(
    samples: Sequence[str],
    patients: Mapping[str, str],
    folders: Mapping[str, Path],
    facts: Mapping[str, Mapping[str, Any]],
    sites: pd.DataFrame,
) -> pd.DataFrame:
    """Compare the genotypes of all pairs."""
    ref, alt = np.zeros((2, len(samples), len(sites)), dtype=int)
    for i, sample in enumerate(samples):
        counts = read_genotypes(folders[sample] / "genotypes.tsv", sites)
        ref[i], alt[i] = allele_counts(counts, usable_sites(counts))
    shares = [(facts[sample]["contamination"] or 0) / 100 for sample in samples]
    frequencies = sites[list(POPULATIONS)].to_numpy(dtype=float).T
    lod, shared = compare_samples(ref, alt, frequencies, shares)
    return pair_table(samples, [patients[sample] for sample in samples], lod, shared)


def why_no_genotypes(facts: Mapping[str, Any] | None) -> str:
    return "no alignment to the genome, so no genotypes" if facts is None else str(facts["note"])


def listed_pairs(pairs: pd.DataFrame, samples: int) -> pd.DataFrame:
    """Leave out, of many samples, the pairs of two patients that do not match: there are too many to list."""
    if samples <= MOST_SAMPLES_LISTED:
        return pairs
    return pairs[(pairs["expected"] == "same") | (pairs["result"] == "same")].reset_index(drop=True)
