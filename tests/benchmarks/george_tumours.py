"""A cohort like the 81 tumours of George 2015, built without any level, threshold or weight of a subtype model.

A tumour is a mixture of RNA of cancer cells, leukocytes and stroma. Leukocytes, stroma and normal tissues are
profiles of the Human Protein Atlas. How much of them a tumour holds follows the ESTIMATE scores of the 81 tumours by
class (mean and standard deviation). Cancer cells differ between the classes as labelled cell lines, single tumour
cells (Chan 2021) and the archetypes of Groves 2022 do, with a spread by gene and tumour, and with latent factors that
belong to no class. At last every gene is mapped so that its quartiles over the class
mixture of George are the published ones:
monotone, so the order of the tumours stays what biology made it. See ``tests/data/george_like/README.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from anpi.expression.genes import read_gene_table
from anpi.expression.matrix import Expression
from anpi.expression.reference_levels import read_reference

TABLE = Path(__file__).resolve().parents[1] / "data" / "george_like" / "genes.tsv.gz"
CLASSES = ("A", "N", "P", "I")
MIXTURE = {"A": 36, "N": 18, "P": 10, "I": 17}
# ESTIMATE scores of the 81 tumours by class: mean and standard deviation.
IMMUNE_SCORE = {"A": (-262, 818), "N": (6, 1065), "P": (677, 910), "I": (1805, 555)}
STROMAL_SCORE = {"A": (-1233, 541), "N": (-995, 803), "P": (-766, 499), "I": (-5, 525)}
SCORES_TOGETHER = 0.6  # correlation of the two scores within a class
LEUKOCYTES = {"t_cells": 0.3, "b_cells": 0.12, "plasma_cells": 0.1, "nk_cells": 0.05, "macrophages": 0.35}
LEUKOCYTES["dendritic_cells"] = 0.08
STROMA = {"fibroblasts": 0.55, "endothelium": 0.3, "smooth_muscle_cells": 0.15}
POPULATION = 1620  # tumours whose quartiles are brought to the published ones
LATENT = 12
NEUROENDOCRINE_SPREAD = {"A": 0.5, "N": 0.8, "P": 0.6, "I": 1.2}


@dataclass(frozen=True)
class George:
    """Genes of the cohort and the map that brings each to its published quartiles.

    Parameters
    ----------
    genes : pandas.DataFrame
        ``tests/data/george_like/genes.tsv.gz`` with ``length``, by gene id.
    centre, spread, loadings : numpy.ndarray
        Of cancer cells: log2 TPM, standard deviation, genes x latent factors.
    raw, published : numpy.ndarray, 3 x genes
        Quartiles of log2(TPM + 0.1) before the map, and those of George 2015.
    """

    genes: pd.DataFrame
    centre: np.ndarray
    spread: np.ndarray
    loadings: np.ndarray
    raw: np.ndarray
    published: np.ndarray


def profile(genes: pd.DataFrame, shares: dict[str, float]) -> np.ndarray:
    return sum(share * genes[f"cell_{name}"].to_numpy() for name, share in shares.items())


def non_cancer_shares(immune: np.ndarray, stromal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Turn ESTIMATE scores into shares of RNA; together they follow the purity that Yoshihara 2013 reads off them."""
    leukocytes = 0.05 * np.exp2((immune + 262) / 900)
    stroma = 0.03 * np.exp2((stromal + 1233) / 700)
    total = np.maximum((leukocytes + stroma) / 0.7, 1.0)
    return leukocytes / total, stroma / total


def draw(george: George, labels: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, pd.DataFrame]:
    """Draw tumours before the map: samples x genes in TPM, and their scores and shares."""
    genes, n = george.genes, len(labels)
    common, own = rng.normal(size=(2, n))
    immune_z, stromal_z = common, SCORES_TOGETHER * common + np.sqrt(1 - SCORES_TOGETHER**2) * own
    by = {
        name: np.array([table[k] for k in labels], float)
        for name, table in (("immune", IMMUNE_SCORE), ("stromal", STROMAL_SCORE))
    }
    immune = by["immune"][:, 0] + by["immune"][:, 1] * immune_z
    stromal = by["stromal"][:, 0] + by["stromal"][:, 1] * stromal_z
    leukocytes, stroma = non_cancer_shares(immune, stromal)
    shift = genes[list(CLASSES)].to_numpy().T[[CLASSES.index(k) for k in labels]]
    level = george.centre + shift * rng.normal(1.0, 0.25, (n, 1))
    level += rng.normal(size=(n, len(genes))) * george.spread + rng.normal(size=(n, LATENT)) @ george.loadings.T
    neural = rng.normal(size=n) * np.array([NEUROENDOCRINE_SPREAD[k] for k in labels])
    level += neural[:, None] * genes["neuroendocrine"].to_numpy()
    # Interferon acts on cancer cells too: antigen presentation follows the infiltrate, not exactly.
    interferon = (immune - 200) / 1000 * 0.8 + rng.normal(0, 0.6, n)
    level += interferon[:, None] * genes["antigen"].to_numpy()
    level += rng.normal(0, 0.4, (n, 1)) * genes["proliferation"].to_numpy()
    leukocyte_mix = rng.normal(0, 0.5, (n, len(LEUKOCYTES)))
    shares = np.array(list(LEUKOCYTES.values())) * np.exp2(leukocyte_mix)
    shares /= shares.sum(axis=1, keepdims=True)
    cells = np.vstack([genes[f"cell_{name}"].to_numpy() for name in LEUKOCYTES])
    tpm = (1 - leukocytes - stroma)[:, None] * np.exp2(level) + leukocytes[:, None] * (shares @ cells)
    tpm += stroma[:, None] * profile(genes, STROMA)
    facts = pd.DataFrame({"subtype": labels, "immune": immune, "stromal": stromal, "cancer": 1 - leukocytes - stroma})
    return tpm, facts


def mixed_labels(n: int) -> np.ndarray:
    """Repeat the four classes in their shares of the 81 tumours."""
    return np.resize(np.repeat(list(MIXTURE), list(MIXTURE.values())), n)


@cache
def make_george(seed: int = 81) -> George:
    """Build the cohort's genes and the map to the published quartiles, once."""
    rng = np.random.default_rng(seed)
    genes = pd.read_csv(TABLE, sep="\t").set_index("gene_id")
    known = read_gene_table().drop_duplicates("gene_id").set_index("gene_id")
    genes = genes[genes.index.isin(known.index)].assign(length=known["length"])
    quartiles = read_reference().loc[genes.index, ["q1", "median", "q3"]]
    published = np.log2(quartiles.to_numpy().T + 0.1)
    typical = 0.08 * profile(genes, LEUKOCYTES) + 0.05 * profile(genes, STROMA)
    median = quartiles["median"].to_numpy()
    centre = np.log2(np.maximum(median - typical, 0.1 * median) / 0.87 + 0.02)
    spread = np.clip((published[2] - published[0]) / 1.349, 0.2, 2.0)
    weight = np.array(list(MIXTURE.values()), float) / sum(MIXTURE.values())
    shifts = genes[list(CLASSES)].to_numpy()
    between = ((shifts - (shifts @ weight)[:, None]) ** 2) @ weight
    spread = np.sqrt(np.maximum(spread**2 - between, (0.35 * spread) ** 2))
    loadings = rng.normal(size=(len(genes), LATENT)) * (0.6 * spread / np.sqrt(LATENT))[:, None]
    noise = np.hypot(0.75 * spread, genes["factor_spread"].to_numpy())
    start = George(genes, centre, noise, loadings, published, published)
    tpm, _ = draw(start, mixed_labels(POPULATION), rng)
    raw = np.quantile(np.log2(tpm + 0.1), [0.25, 0.5, 0.75], axis=0)
    return George(genes, centre, noise, loadings, raw, published)


def to_published_quartiles(george: George, tpm: np.ndarray) -> np.ndarray:
    """Map each gene through its quartiles on the log scale; beyond the outer ones distances are kept."""
    level = np.log2(tpm + 0.1)
    raw, target = george.raw, george.published
    steps = np.maximum(np.diff(raw, axis=0), 0.02)
    low = np.clip((level - raw[0]) / steps[0], 0, 1) * (target[1] - target[0])
    high = np.clip((level - raw[1]) / steps[1], 0, 1) * (target[2] - target[1])
    beyond = np.maximum(level - raw[2], 0) + np.minimum(level - raw[0], 0)
    return np.maximum(np.exp2(target[0] + low + high + beyond) - 0.1, 0.0)


def george_cohort(labels: np.ndarray, seed: int) -> tuple[np.ndarray, pd.DataFrame]:
    """Draw tumours of given classes: TPM, samples x genes, and what is true of them."""
    george = make_george()
    tpm, facts = draw(george, np.asarray(labels), np.random.default_rng(seed))
    return to_published_quartiles(george, tpm), facts


def dilute(tpm: np.ndarray, tissue: str, share: float, seed: int) -> np.ndarray:
    """Mix a share of RNA of a normal tissue into tumours; the tissue differs by gene from biopsy to biopsy."""
    normal = make_george().genes[f"tissue_{tissue}"].to_numpy()
    noise = np.exp2(np.random.default_rng(seed).normal(0, 0.5, tpm.shape))
    return (1 - share) * tpm + share * normal * noise


def as_matrix(tpm: np.ndarray, prefix: str = "T") -> Expression:
    """Make a matrix of TPM, genes x samples."""
    genes = make_george().genes
    known = read_gene_table().drop_duplicates("gene_id").set_index("gene_id").loc[genes.index].reset_index()
    names = [f"{prefix}{i:04d}" for i in range(len(tpm))]
    values = pd.DataFrame(tpm.T, index=pd.Index(genes.index, name="gene_id"), columns=names)
    return Expression(values, known[["gene_id", "symbol", "biotype", "length"]], "tpm")
