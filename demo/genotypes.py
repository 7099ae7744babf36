"""Genotypes of simulated people at the listed SNPs, and the reads of their tumours' RNA there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from demo.genes import read_quartiles

BASES_A_FRAGMENT = 140
TRANSCRIPT_LENGTH = 1500  # mean, weighted by expression
USABLE = 0.7  # mapped once, in exons, no duplicate
SILENT = 0.1  # share of sites outside the isoforms that a tumour expresses
POSITION_SPREAD, QUARTILE_SPAN = 0.6, 1.349
ERROR = 0.002
ALLELIC_CONCENTRATION = 20.0
STRONG_IMBALANCE = 0.08  # share of genes that express one allele nearly alone, without any loss
CONTRIBUTION_SPREAD = 0.5  # of the levels of a gene in the two parts of a mixture, natural log


@dataclass(frozen=True)
class Tumour:
    """What a sample is made of.

    Parameters
    ----------
    fragments : float
        Read pairs of 2 x 75 bases.
    purity : float
        Share of tumour cells.
    loss : float
        Share of the chromosomes of which the tumour has one parent's copy alone.
    contamination : float
        Share of RNA of the other person.
    """

    fragments: float
    purity: float = 0.75
    loss: float = 0.3
    contamination: float = 0.0


def simulate_people(frequency: np.ndarray, count: int, draw: np.random.Generator) -> np.ndarray:
    """Draw unrelated people: people x sites, copies of alt."""
    return draw.binomial(2, frequency, size=(count, len(frequency)))


def simulate_depth(sites: pd.DataFrame, fragments: float, draw: np.random.Generator) -> np.ndarray:
    """Draw the fragments that cover each site, from the levels of its gene in the reference tumours."""
    quartiles = read_quartiles().drop_duplicates("symbol").set_index("symbol").reindex(sites["gene"])
    spread = np.log((quartiles["q3"] + 0.1) / (quartiles["q1"] + 0.1)).to_numpy() / QUARTILE_SPAN
    level = np.log(quartiles["median"].to_numpy()) + spread * draw.normal(size=len(sites))
    level += POSITION_SPREAD * draw.normal(size=len(sites))
    expected = fragments * USABLE * BASES_A_FRAGMENT / TRANSCRIPT_LENGTH * np.exp(level) / 1e6
    return draw.poisson(np.where(draw.random(len(sites)) < SILENT, 0, expected))


def simulate_counts(
    sites: pd.DataFrame,
    owner: np.ndarray,
    tumour: Tumour,
    draw: np.random.Generator,
    other: np.ndarray | None = None,
    lost: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the reads with each allele, sites long.

    Parameters
    ----------
    owner, other : numpy.ndarray
        Copies of alt (see `simulate_people`).
    lost : numpy.ndarray, optional
        For each site -1 (nothing lost), 0 or 1 (the allele that is left), as `draw_losses` gives; drawn when absent, so
        samples of one tumour should share it.
    """
    depth = simulate_depth(sites, tumour.fragments, draw)
    lost = draw_losses(sites, tumour.loss, draw) if lost is None else lost
    share = allelic_share(owner, tumour.purity, lost, draw)
    if other is not None and tumour.contamination:
        nothing = np.full(len(sites), -1)
        weight = tumour.contamination * np.exp(CONTRIBUTION_SPREAD * draw.normal(size=len(sites)))
        weight /= weight + 1 - tumour.contamination
        share = (1 - weight) * share + weight * allelic_share(other, 1.0, nothing, draw)
    alt = draw.binomial(depth, share * (1 - ERROR) + (1 - share) * ERROR)
    return depth - alt, alt


def draw_losses(sites: pd.DataFrame, loss: float, draw: np.random.Generator) -> np.ndarray:
    """Choose chromosomes of which a tumour lost one parent's copy, and the allele that each site is left with."""
    chromosomes = {name: draw.random() < loss for name in sorted(set(sites["chromosome"]))}
    return np.where(sites["chromosome"].map(chromosomes), draw.integers(0, 2, len(sites)), -1)


def allelic_share(person: np.ndarray, purity: float, lost: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Return the share of alt in a person's RNA at each site."""
    half = draw.beta(ALLELIC_CONCENTRATION / 2, ALLELIC_CONCENTRATION / 2, len(person))
    strong = draw.random(len(person)) < STRONG_IMBALANCE
    half = np.where(strong, draw.beta(0.3, 0.3, len(person)), half)
    half = np.where(lost >= 0, (1 - purity) * half + purity * lost, half)
    return np.where(person == 1, half, person / 2)
