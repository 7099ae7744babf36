"""A second opinion: a random forest that others trained on xenografts of SCLC, as a locked folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from anpi.expression.matrix import Expression
from anpi.subtypes.model import MODELS, check_sums
from anpi.subtypes.profile import length_scaled
from anpi.tables.reading import read_text_table
from anpi.trial import methods

FOREST = MODELS / "fatherree_forest" / "1.0.0"
FILES = ("forest.tsv.gz", "classes.tsv", "CARD.md", "LICENSE")


@dataclass(frozen=True)
class Forest:
    """A locked forest.

    Parameters
    ----------
    genes : list of str
        Ensembl ids of the genes that it asks for.
    classes : pandas.DataFrame
        Indexed by ``class``: ``name``, ``gay`` (classes of Gay 2021 that it may be, comma-separated), ``inflamed``.
    gene, left, right, leaf : numpy.ndarray
        By node: position in ``genes`` (-1 at a leaf), the nodes below, position in ``classes`` (-1 above leaves).
    threshold : numpy.ndarray
        By node: TPM up to which a sample goes left.
    roots : numpy.ndarray
        First node of each tree.
    sha256 : str
        Checksum of the list of checksums.
    """

    genes: list[str]
    classes: pd.DataFrame
    gene: np.ndarray
    left: np.ndarray
    right: np.ndarray
    leaf: np.ndarray
    threshold: np.ndarray
    roots: np.ndarray
    sha256: str


def load_forest(folder: Path | str = FOREST) -> Forest:
    """Read a forest's folder.

    Raises
    ------
    InputError
        A file lacks, or differs from its checksum.
    """
    folder = Path(folder)
    sums = check_sums(folder, FILES)
    nodes = read_text_table(folder / "forest.tsv.gz")
    classes = read_text_table(folder / "classes.tsv").set_index("class")
    numbers = {name: nodes[name].astype(int).to_numpy() for name in ("tree", "node", "left", "right")}
    roots = np.flatnonzero(numbers["node"] == 1)
    first = np.repeat(roots, np.diff([*roots, len(nodes)]))  # position of the root of each node's tree
    genes = sorted(set(nodes["gene_id"].dropna()))
    place = {gene: i for i, gene in enumerate(genes)}
    label = {name: i for i, name in enumerate(classes.index)}
    return Forest(
        genes,
        classes,
        np.array([-1 if gene is None else place[gene] for gene in nodes["gene_id"]]),
        first + np.maximum(numbers["left"], 1) - 1,
        first + np.maximum(numbers["right"], 1) - 1,
        np.array([-1 if name is None else label[name] for name in nodes["class"]]),
        nodes["threshold"].astype(float).fillna(0.0).to_numpy(),
        roots,
        sums,
    )


def count_votes(tpm: np.ndarray, forest: Forest) -> np.ndarray:
    """Count the trees that vote for each class.

    Parameters
    ----------
    tpm : numpy.ndarray
        Samples x `Forest.genes`, not log; NaN where a gene lacks.

    Returns
    -------
    numpy.ndarray
        Samples x classes. A tree that meets a missing gene does not vote.
    """
    rows = np.arange(len(tpm))[:, None]
    node = np.repeat(forest.roots[None, :], len(tpm), axis=0)
    lost = np.zeros(node.shape, bool)
    while (forest.leaf[node] < 0).any():
        inner = forest.leaf[node] < 0
        level = tpm[rows, np.maximum(forest.gene[node], 0)]
        lost |= inner & np.isnan(level)
        below = np.where(level <= forest.threshold[node], forest.left[node], forest.right[node])
        node = np.where(inner, below, node)
    leaf = np.where(lost, -1, forest.leaf[node])
    return np.stack([(leaf == k).sum(axis=1) for k in range(len(forest.classes))], axis=1)


def forest_votes(expression: Expression, shift: np.ndarray, forest: Forest) -> pd.DataFrame:
    """Ask a forest about every sample.

    Parameters
    ----------
    shift : numpy.ndarray
        log2 factor by which each sample stands above the level of the reference (`anpi.subtypes.profile.Profile`).

    Returns
    -------
    pandas.DataFrame
        By sample: ``class`` (name; missing when fewer than half of the trees vote), ``votes`` (its share),
        ``voting`` (share of the trees that vote), ``gay`` and ``inflamed`` of the class.
    """
    values = length_scaled(expression).reindex(forest.genes)
    tpm = np.ascontiguousarray(values.to_numpy(float).T) / np.exp2(shift)[:, None]
    counts = count_votes(tpm, forest)
    voting = counts.sum(axis=1)
    best = counts.argmax(axis=1)
    enough = voting >= methods.FOREST.coverage * len(forest.roots)
    chosen = forest.classes.iloc[best]
    table = pd.DataFrame(
        {
            "class": chosen["name"].to_numpy(),
            "votes": counts[np.arange(len(best)), best] / np.maximum(voting, 1),
            "voting": voting / len(forest.roots),
            "gay": chosen["gay"].to_numpy(),
            "inflamed": chosen["inflamed"].to_numpy(),
        },
        index=[str(sample) for sample in values.columns],
    )
    table.loc[~enough, ["class", "votes", "gay", "inflamed"]] = None
    return table
