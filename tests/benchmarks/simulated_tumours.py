"""Simulated tumours and tissues with known truth, to compare callers and to calibrate them.

What this can tell: how calls fall with purity, depth, FFPE-like loss, batch effects and mixtures of subtypes, given
programmes that behave as stated here. What it cannot tell: whether real tumours behave so. The levels are the
quartiles of the George 2015 tumours; how far a programme moves in each subtype follows the labelled cell lines of
Rudin 2019 and the archetypes of Groves 2022, with a spread by gene and by sample that blurs every programme.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from anpi.expression.genes import read_gene_table
from anpi.expression.matrix import Expression
from anpi.expression.reference_levels import read_reference
from anpi.subtypes.model import Model

KINDS = ("A", "N", "P", "I")
TISSUES = ("lung", "liver", "lymph_node", "muscle", "smooth_muscle", "blood")
SILENT = -9.0
# log2 units from the George median by kind: mean shift of each panel's genes, and spread between samples
SHIFTS: dict[str, dict[str, tuple[float, float]]] = {
    "A": {"A": (0.2, 0.5), "N": (-0.4, 0.5), "P": (-0.2, 0.2), "inflamed": (-0.3, 0.9), "ne": (0.2, 0.4)},
    "N": {"A": (-2.3, 0.9), "N": (2.0, 0.7), "P": (-0.2, 0.2), "inflamed": (-0.6, 0.9), "ne": (0.0, 0.5)},
    "P": {"A": (-3.3, 0.6), "N": (-0.6, 0.4), "P": (2.6, 0.7), "inflamed": (0.0, 0.9), "ne": (-3.0, 0.8)},
    "I": {"A": (-3.2, 0.7), "N": (-0.6, 0.5), "P": (0.0, 0.3), "inflamed": (1.5, 0.8), "ne": (-2.0, 1.0)},
}
FACTORS = {  # log2(TPM + 1) of ASCL1, NEUROD1, POU2F3 by kind
    "A": ((9.5, 0.9), (2.5, 1.2), (1.0, 0.5)),
    "N": ((5.0, 2.0), (7.8, 1.0), (1.0, 0.5)),
    "P": ((2.0, 1.5), (2.0, 1.0), (6.8, 0.8)),
    "I": ((2.5, 1.8), (2.2, 1.2), (1.2, 0.8)),
}
FACTOR_SYMBOLS = ("ASCL1", "NEUROD1", "POU2F3")
EPITHELIAL = ("EPCAM", "KRT8", "KRT18", "NKX2-1", "SOX2", "SOX4", "STMN1", "CDKN2A", "UCHL1", "TUBB2B")


@dataclass
class World:
    """Genes, reference levels and the way each gene follows its panel, drawn once."""

    gene_ids: np.ndarray
    symbols: np.ndarray
    median: np.ndarray
    spread: np.ndarray
    lengths: np.ndarray
    panels: dict[str, np.ndarray]
    tissues: dict[str, tuple[np.ndarray, np.ndarray]]
    obedience: np.ndarray


def make_world(model: Model, seed: int = 1) -> World:
    rng = np.random.default_rng(seed)
    quartiles = read_reference()
    genes = read_gene_table().drop_duplicates("gene_id").set_index("gene_id")
    quartiles = quartiles[quartiles.index.isin(genes.index)]
    ids = quartiles.index.to_numpy()
    at = {gene: i for i, gene in enumerate(ids)}
    logs = np.log2(quartiles + 1)
    panels = {
        str(panel): np.array([at[g] for g in rows["gene_id"] if g in at])
        for panel, rows in model.weights.groupby("panel")
    }
    tissues = {
        str(tissue): (np.array([at[g] for g in rows["gene_id"]]), rows["tpm"].to_numpy())
        for tissue, rows in model.tissues.groupby("tissue")
    }
    return World(
        ids,
        genes.loc[ids, "symbol"].to_numpy(),
        logs["median"].to_numpy(),
        np.clip((logs["q3"] - logs["q1"]).to_numpy() / 1.349, 0.2, 2.0),
        genes.loc[ids, "length"].to_numpy(float),
        panels,
        tissues,
        rng.normal(1.0, 0.5, len(ids)).clip(-0.2, 2.0),
    )


def tumour(world: World, kind: str, rng: np.random.Generator) -> np.ndarray:
    """Draw one pure tumour of a kind, as TPM."""
    level = world.median.copy()
    noise = rng.normal(0, 0.7, len(level)) * world.spread
    for panel, (mean, spread) in SHIFTS[kind].items():
        level[world.panels[panel]] += rng.normal(mean, spread) * world.obedience[world.panels[panel]]
    lineage = world.panels["sclc_lineage"]
    neural = lineage[~np.isin(world.symbols[lineage], EPITHELIAL)]
    only = neural[~np.isin(neural, world.panels["ne"])]
    level[only] += rng.normal(*SHIFTS[kind]["ne"])
    level[world.panels["proliferation"]] += rng.normal(0, 0.5)
    stroma = np.union1d(world.panels["Y"], world.panels["fibroblast"])
    level[stroma] += rng.normal(0.6 if kind == "I" else 0.0, 0.6)
    level = np.maximum(level + noise, 0)
    for symbol, (mean, spread) in zip(FACTOR_SYMBOLS, FACTORS[kind], strict=True):
        level[world.symbols == symbol] = max(0.0, rng.normal(mean, spread))
    return np.exp2(level) - 1


def tissue(world: World, name: str, rng: np.random.Generator) -> np.ndarray:
    """Draw one normal tissue, as TPM."""
    level = world.median + rng.normal(0, 0.7, len(world.median)) * world.spread
    gone = [world.panels[p] for p in ("A", "N", "P", "ne", "proliferation", "sclc_lineage")]
    level[np.concatenate(gone)] += SILENT
    immune = {"lymph_node": 4.0, "blood": 3.0, "lung": 0.5, "liver": -1.0, "muscle": -2.0, "smooth_muscle": -2.0}[name]
    level[np.union1d(world.panels["immune"], world.panels["inflamed"])] += immune
    if name == "lymph_node":
        level[world.panels["proliferation"]] -= SILENT + 2.0
    if name == "lung":
        level[np.isin(world.symbols, EPITHELIAL[:4])] -= SILENT + 1.0
    for other, (where, _) in world.tissues.items():
        if other not in (name, "blood"):
            level[where] = np.minimum(level[where], 1.0)
    level = np.maximum(level, 0)
    where, pure = world.tissues[name]
    level[where] = np.log2(pure * np.exp2(rng.normal(0, 0.7, len(pure))) + 1)
    return np.exp2(level) - 1


def carcinoid(world: World, rng: np.random.Generator) -> np.ndarray:
    """Draw a carcinoid: neuroendocrine, ASCL1 often on, without proliferation."""
    tpm = tumour(world, "A", rng)
    slow = world.panels["proliferation"]
    tpm[slow] *= np.exp2(rng.normal(-3.8, 0.4))
    tpm[world.panels["carcinoid"]] *= np.exp2(rng.normal(1.5, 0.5))
    return tpm


def adenocarcinoma(world: World, rng: np.random.Generator) -> np.ndarray:
    """Draw a lung adenocarcinoma: epithelial, proliferating, no neuroendocrine programme."""
    tpm = tumour(world, "I", rng)
    lineage = world.panels["sclc_lineage"]
    off = np.concatenate([lineage[~np.isin(world.symbols[lineage], EPITHELIAL[:6])], world.panels["ne"]])
    tpm[off] *= np.exp2(SILENT)
    tpm[world.panels["proliferation"]] *= np.exp2(rng.normal(-1.2, 0.5))
    tpm[world.panels["lung_adenocarcinoma"]] *= np.exp2(rng.normal(2.0, 0.7))
    return tpm


def measure(
    world: World,
    tpm: np.ndarray,
    rng: np.random.Generator,
    depth: float = 20e6,
    ffpe: float = 0.0,
    batch: np.ndarray | None = None,
) -> np.ndarray:
    """Sequence a sample: counts of reads by gene.

    Parameters
    ----------
    depth : float
        Reads counted.
    ffpe : float
        log2 units lost by a gene twice as long as the median, and as much random loss by gene.
    batch : numpy.ndarray, optional
        log2 factor by gene, shared by a batch.
    """
    level = np.log2(tpm + 1e-6)
    if ffpe:
        level = level - ffpe * np.log2(world.lengths / np.median(world.lengths)) + rng.normal(0, ffpe, len(level))
    if batch is not None:
        level = level + batch
    mass = np.exp2(level) * world.lengths
    return rng.poisson(mass / mass.sum() * depth).astype(float)


def as_expression(world: World, counts: dict[str, np.ndarray]) -> Expression:
    """Make a matrix of counts, keyed by gene id."""
    genes = read_gene_table().drop_duplicates("gene_id").set_index("gene_id").loc[world.gene_ids].reset_index()
    values = pd.DataFrame(counts, index=pd.Index(world.gene_ids, name="gene_id"))
    return Expression(values, genes[["gene_id", "symbol", "biotype", "length"]], "counts")
