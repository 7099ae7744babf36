"""Structure of a cohort found without labels: consensus NMF, principal components, neighbours, marker genes.

Exploratory throughout: everything here depends on the cohort at hand and changes when samples come or go.
"""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import cophenet, fcluster, linkage
from scipy.spatial.distance import squareform
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score, silhouette_score

from anpi.expression.matrix import Expression, to_tpm
from anpi.stats.agreement import cohen_kappa

PROGRAMMES = {"A": ["A"], "N": ["N"], "P": ["P"], "I": ["non_neuroendocrine", "inflamed"]}


@dataclass(frozen=True)
class Clustering:
    """Consensus NMF of a cohort.

    Parameters
    ----------
    ranks : pandas.DataFrame
        ``rank``, ``cophenetic``, ``silhouette``, ``chosen``.
    clusters : pandas.Series
        1 to rank, by sample, largest cluster first.
    """

    ranks: pd.DataFrame
    clusters: pd.Series


def variable_genes(expression: Expression, count: int) -> pd.DataFrame:
    """Return log2(TPM + 1), samples x the coding genes that vary most by median absolute deviation.

    Genes are sorted by id and samples by name, so that their order in the file does not matter.
    """
    tpm = to_tpm(expression)
    coding = (tpm.genes["biotype"] == "protein_coding").to_numpy()
    logs = np.log2(tpm.values[coding].sort_index() + 1).dropna().sort_index(axis=1)
    logs = logs[logs.median(axis=1) >= 1]
    deviation = logs.sub(logs.median(axis=1), axis=0).abs().median(axis=1)
    chosen = deviation.sort_values(ascending=False, kind="stable").index[:count]
    return logs.loc[sorted(chosen)].T


def draw_samples(logs: pd.DataFrame, most: int) -> pd.DataFrame:
    """Draw at most so many samples, by digest of their names: all pairs of thousands are too many to look at."""
    if len(logs) <= most:
        return logs
    drawn = sorted(logs.index, key=lambda sample: hashlib.sha256(str(sample).encode()).digest())[:most]
    return logs[logs.index.isin(drawn)]


def consensus_nmf(logs: pd.DataFrame, ranks: range = range(2, 8), runs: int = 20, seed: int = 1) -> Clustering:
    """Cluster samples by non-negative matrix factorisation, many times from random starts.

    Brunet 2004 (doi:10.1073/pnas.0308531101): a sample belongs to the factor that loads it most; the consensus is the
    share of runs in which two samples fall together; its average-linkage tree is cut at the rank. The rank taken is
    the largest whose cophenetic correlation is within 0.02, and silhouette within 0.10, of the best of all ranks; the
    best sum of both where no rank satisfies the two.

    Parameters
    ----------
    logs : pandas.DataFrame
        Samples x genes, from `variable_genes`.
    """
    matrix = (logs - logs.min()).to_numpy(float)
    matrix = matrix / matrix.std(axis=0).clip(min=1e-9)
    found = {}
    rows = []
    for rank in ranks:
        consensus = connect(matrix, rank, runs, seed)
        distance = squareform(1 - consensus, checks=False)
        tree = linkage(distance, method="average")
        labels = fcluster(tree, rank, criterion="maxclust")
        several = 1 < len(set(labels)) < len(labels)
        silhouette = silhouette_score(1 - consensus, labels, metric="precomputed") if several else 0.0
        varies = distance.std() > 0
        rows.append((rank, float(cophenet(tree, distance)[0]) if varies else 0.0, float(silhouette)))
        found[rank] = labels
    table = pd.DataFrame(rows, columns=["rank", "cophenetic", "silhouette"])
    rank = choose_rank(table)
    labels = found[rank]
    by_size = pd.Series(labels).value_counts(sort=False).sort_index().sort_values(ascending=False, kind="stable").index
    number = {old: new for new, old in enumerate(by_size, start=1)}
    clusters = pd.Series([number[label] for label in labels], index=logs.index, name="cluster")
    table["chosen"] = np.where(table["rank"] == rank, "yes", "no")
    return Clustering(table, clusters)


def connect(matrix: np.ndarray, rank: int, runs: int, seed: int) -> np.ndarray:
    together = np.zeros((len(matrix), len(matrix)))
    for run in range(runs):
        model = NMF(rank, init="random", random_state=seed * 1000 + run, max_iter=300, tol=1e-3)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a start that ends early is one voice among many
            labels = model.fit_transform(matrix).argmax(axis=1)
        together += labels[:, None] == labels[None, :]
    return together / runs


def choose_rank(table: pd.DataFrame) -> int:
    """Choose the rank from the cophenetic correlation and the silhouette, as `consensus_nmf` states."""
    near = (table["cophenetic"] >= table["cophenetic"].max() - 0.02) & (
        table["silhouette"] >= table["silhouette"].max() - 0.10
    )
    if near.any():
        return int(table.loc[near, "rank"].max())
    return int(table.loc[(table["cophenetic"] + table["silhouette"]).idxmax(), "rank"])


def name_clusters(clusters: pd.Series, programmes: pd.DataFrame) -> pd.DataFrame:
    """Name each cluster by the programme that stands out most in it against the other clusters.

    Parameters
    ----------
    programmes : pandas.DataFrame
        Locked z-scores, with ``sample_id`` (see `anpi.subtypes.calls.programme_table`).

    Returns
    -------
    pandas.DataFrame
        ``cluster``, ``name``, ``samples``, and the mean level of A, N, P and I in it.
    """
    table = programmes.set_index("sample_id").loc[clusters.index]
    levels = pd.DataFrame({name: table[columns].mean(axis=1) for name, columns in PROGRAMMES.items()})
    means = levels.groupby(clusters).mean()
    spread = means.std(ddof=0).replace(0, 1.0)
    names = ((means - means.mean()) / spread).idxmax(axis=1)
    sizes = clusters.value_counts().reindex(means.index)
    return (
        means.assign(name=names, samples=sizes)
        .rename_axis("cluster")
        .reset_index()[["cluster", "name", "samples", *PROGRAMMES]]
    )


def agree(clusters: pd.Series, names: pd.DataFrame, calls: pd.DataFrame) -> pd.DataFrame:
    """Compare clusters with the locked calls, over the samples that have a call.

    Returns
    -------
    pandas.DataFrame
        One row: ``samples``, ``same`` (share whose cluster's name is the subtype), Cohen's ``kappa`` of names and
        ``adjusted_rand`` of clusters.
    """
    called = calls.dropna(subset=["subtype"]).set_index("sample_id")["subtype"]
    called = called[called.index.isin(clusters.index)].astype(str)
    found = clusters[called.index]
    named = found.map(names.set_index("cluster")["name"]).astype(str)
    enough = len(called) >= 2
    return pd.DataFrame(
        {
            "samples": [len(called)],
            "same": [float((named == called).mean()) if enough else np.nan],
            "kappa": [cohen_kappa(called, named)[0] if enough else np.nan],
            "adjusted_rand": [float(adjusted_rand_score(called, found)) if enough else np.nan],
        }
    )
