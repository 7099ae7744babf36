"""A sample's genotypes at the listed SNPs, as a table and as facts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from anpi.files.rows import Row
from anpi.identity.alleles import GENOTYPES, AlleleReads, call_genotypes
from anpi.identity.contamination import LEAST_DEPTH, LEAST_SITES, estimate_contamination
from anpi.identity.pileup import Pileup, usable_sites
from anpi.identity.sites import POPULATIONS
from anpi.problems import InputError, Problem
from anpi.tables.reading import read_text_table

COLUMNS = ["rsid", "chromosome", "position", "depth", "ref_reads", "alt_reads", "other_reads", "genotype"]


def genotype_table(pileup: Pileup, sites: pd.DataFrame) -> pd.DataFrame:
    """Call the genotypes.

    Returns
    -------
    pandas.DataFrame
        ``rsid``, ``chromosome``, ``position`` in the build of the alignment, ``depth`` (fragments; missing where the
        alignment cannot tell), those with each allele or another base, ``genotype`` (0/0, 0/1, 1/1; missing below a
        posterior probability of 0.9 and where a fifth of the bases are neither allele).
    """
    good = usable_sites(pileup.counts)
    ref, alt = allele_counts(pileup.counts, good)
    calls = call_genotypes(AlleleReads(ref, alt), sites["af"].to_numpy(dtype=float))
    names = np.array([*GENOTYPES, None], dtype=object)[np.where(good, calls, -1)]
    table = pd.concat([sites[["rsid", "chromosome"]].reset_index(drop=True), pileup.counts], axis=1)
    return table.assign(genotype=names)[COLUMNS]


def genotype_facts(pileup: Pileup, sites: pd.DataFrame) -> Row:
    """State what the genotypes rest on, and the estimate of contamination.

    Returns
    -------
    dict
        ``build``, ``note``, ``sites_listed``, ``sites_covered`` (at least 5 fragments), ``sites_odd`` (bases that are
        neither allele), ``median_depth``, ``contamination`` (percent of another person's RNA; None for too few sites),
        ``contamination_lod``, ``contamination_note``.
    """
    good = usable_sites(pileup.counts)
    ref, alt = allele_counts(pileup.counts, good)
    estimate = estimate_contamination(ref, alt, sites[list(POPULATIONS)].to_numpy(dtype=float).T)
    read = pileup.counts["depth"].notna().any()
    few = f"only {estimate.sites} sites with {LEAST_DEPTH} fragments or more, {LEAST_SITES} are needed"
    return {
        "build": pileup.build,
        "note": pileup.note,
        "sites_listed": len(sites),
        "sites_covered": int((ref + alt >= LEAST_DEPTH).sum()) if read else None,
        "sites_odd": int(((pileup.counts["depth"].fillna(0).to_numpy() > 0) & ~good).sum()) if read else None,
        "median_depth": float(np.median((ref + alt)[good])) if good.any() else None,
        "contamination": None if estimate.share is None else round(100 * estimate.share, 2),
        "contamination_lod": estimate.lod,
        "contamination_note": pileup.note or (few if estimate.share is None else ""),
    }


def allele_counts(counts: pd.DataFrame, good: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the reads with each allele, 0 at sites that are not usable."""
    ref, alt = (counts[column].fillna(0).to_numpy(dtype=int) for column in ("ref_reads", "alt_reads"))
    return np.where(good, ref, 0), np.where(good, alt, 0)


def read_genotypes(path: Path, sites: pd.DataFrame) -> pd.DataFrame:
    """Read a table of genotypes, in the order of the sites.

    Raises
    ------
    InputError
        A table of other sites: the list changed since.
    """
    table = read_text_table(path)
    if list(table.columns) != COLUMNS or list(table["rsid"]) != list(sites["rsid"]):
        mend = "Run genotype_sample.py again, with the same list of sites."
        raise InputError(Problem(str(path), "was made with another list of sites", mend=mend))
    for column in COLUMNS[2:7]:
        table[column] = pd.to_numeric(table[column]).astype("Int64")
    return table
