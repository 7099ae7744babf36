"""The structure of a cohort: principal components, UMAP, marker genes, consensus NMF; tables for a reader to look at.

Unlike subtype calls, all of it depends on every sample of the cohort. No test rests on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from typing import Any

import numba
import pandas as pd
import scanpy

from anpi.expression.matrix import Expression
from anpi.subtypes.calls import programme_table
from anpi.subtypes.discovery import (
    agree,
    consensus_nmf,
    draw_samples,
    name_clusters,
    variable_genes,
)
from anpi.subtypes.markers import find_markers
from anpi.subtypes.model import Model
from anpi.trial.methods import CONSENSUS_NMF
from anpi.words.lists import plural

LEAST_IN_GROUP = 3
LEAST_TO_PROJECT = 3
LEAST_GENES = 10
EXACT_NEIGHBOURS = 4096  # samples from which on scanpy looks for neighbours by pynndescent
COLUMNS = {
    "components": ["sample_id", "pc1", "pc2"],
    "variance": ["component", "share"],
    "umap": ["sample_id", "umap1", "umap2"],
    "markers": ["group", "gene_id", "symbol", "score", "log2_fold_change", "p_adjusted"],
    "nmf_ranks": ["rank", "cophenetic", "silhouette", "chosen"],
    "nmf_clusters": ["sample_id", "cluster", "name", "subtype"],
    "nmf_names": ["cluster", "name", "samples", "A", "N", "P", "I"],
    "nmf_agreement": ["samples", "same", "kappa", "adjusted_rand"],
}


@dataclass(frozen=True)
class Search:
    """How a cohort is explored: the most variable ``genes``, NMF ``runs`` a rank, ``most_clustered`` samples in NMF."""

    genes: int
    runs: int
    most_clustered: int
    seed: int


def explore_cohort(
    expression: Expression, calls: pd.DataFrame, model: Model, search: Search
) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Explore the samples that have a subtype call.

    Parameters
    ----------
    expression : Expression
        Genes x samples.
    calls : DataFrame
        ``sample_id``, ``subtype`` (missing without a call).
    model : Model
        Its programmes name the clusters.
    search : Search
        How many genes, runs and samples.

    Returns
    -------
    tables : dict of DataFrame
        Every table of `COLUMNS`; empty where it could not be made.
    notes : list of str
        What was left out or not done, and why.
    """
    called = set(calls.dropna(subset=["subtype"])["sample_id"])
    kept = [sample for sample in expression.values.columns if sample in called]
    notes = ["exploratory: depends on every sample of the cohort"]
    if left_out := expression.values.shape[1] - len(kept):
        notes.append(f"{plural(left_out, 'sample')} without a subtype call left out")
    expression = replace(expression, values=expression.values[kept])
    logs = variable_genes(expression, search.genes)
    tables: dict[str, pd.DataFrame] = {}
    if len(logs) < LEAST_TO_PROJECT or logs.shape[1] < LEAST_GENES:
        found = f"{len(logs)} samples with a subtype, {logs.shape[1]} variable genes"
        notes.append(f"nothing done: {found}, at least {LEAST_TO_PROJECT} and {LEAST_GENES} needed")
    else:
        subtype = calls.set_index("sample_id")["subtype"].reindex(logs.index)
        tables = project(logs, subtype, expression.genes, search.seed)
        if len(logs) < CONSENSUS_NMF.samples:
            needed = CONSENSUS_NMF.samples
            notes.append(f"consensus NMF and UMAP not done: {len(logs)} samples, at least {needed} needed")
        else:
            tables |= cluster(expression, logs, calls, model, search, notes)
    return {name: tables.get(name, pd.DataFrame(columns=columns)) for name, columns in COLUMNS.items()}, notes


def cluster(
    expression: Expression,
    logs: pd.DataFrame,
    calls: pd.DataFrame,
    model: Model,
    search: Search,
    notes: list[str],
) -> dict[str, pd.DataFrame]:
    """Cluster the samples by consensus NMF and name the clusters; a draw among many samples is added to the notes."""
    drawn = draw_samples(logs, search.most_clustered)
    if len(drawn) < len(logs):
        notes.append(f"consensus NMF of {len(drawn)} of {len(logs)} samples, drawn by digest of their names")
    clustering = consensus_nmf(drawn, runs=search.runs, seed=search.seed)
    names = name_clusters(clustering.clusters, programme_table(expression, model))
    found = clustering.clusters.rename_axis("sample_id").reset_index()
    found["name"] = found["cluster"].map(names.set_index("cluster")["name"])
    subtype = calls.set_index("sample_id")["subtype"].reindex(drawn.index)
    return {
        "nmf_ranks": clustering.ranks,
        "nmf_names": names,
        "nmf_clusters": found.assign(subtype=subtype.to_numpy()),
        "nmf_agreement": agree(clustering.clusters, names, calls),
    }


def project(logs: pd.DataFrame, subtype: pd.Series, genes: pd.DataFrame, seed: int) -> dict[str, pd.DataFrame]:
    """Compute principal components and UMAP of neighbours, by scanpy, and marker genes of the called subtypes."""
    data = scanpy.AnnData(
        logs.to_numpy(float), obs=pd.DataFrame(index=logs.index), var=pd.DataFrame(index=logs.columns)
    )
    count = min(10, len(logs) - 1, logs.shape[1] - 1)
    scanpy.pp.pca(data, n_comps=count, random_state=seed)
    components = pd.DataFrame(data.obsm["X_pca"], columns=[f"pc{i + 1}" for i in range(count)])
    components.insert(0, "sample_id", logs.index)
    shares = data.uns["pca"]["variance_ratio"]
    tables = {
        "components": components,
        "variance": pd.DataFrame({"component": [f"pc{i + 1}" for i in range(count)], "share": shares}),
    }
    if len(logs) >= CONSENSUS_NMF.samples:
        load_umap(len(logs))
        scanpy.pp.neighbors(data, n_neighbors=min(15, len(logs) - 1), random_state=seed)
        scanpy.tl.umap(data, random_state=seed)
        places = data.obsm["X_umap"]
        tables["umap"] = pd.DataFrame({"sample_id": logs.index, "umap1": places[:, 0], "umap2": places[:, 1]})
    sizes = subtype.value_counts()
    groups = sorted(group for group, size in sizes.items() if size >= LEAST_IN_GROUP)
    if len(groups) >= 2:
        tables["markers"] = find_markers(logs, subtype, groups, genes)
    return tables


def load_umap(samples: int) -> None:
    """Load UMAP, and have numba keep what it compiles of it, beside it or in the user's cache.

    pynndescent compiles 38 functions while it is loaded, 18 seconds of the first start of an installation; none of them
    is called for fewer than `EXACT_NEIGHBOURS` samples.
    """
    from numba.core.dispatcher import Dispatcher

    with compiled_when_called() if samples < EXACT_NEIGHBOURS else nullcontext():
        import pynndescent  # noqa: F401  UMAP loads it, so it is loaded first
    from umap import layouts, umap_

    for function in (*vars(umap_).values(), *vars(layouts).values()):
        if isinstance(function, Dispatcher):
            with suppress(RuntimeError):  # no folder can be written into
                function.enable_caching()


@contextmanager
def compiled_when_called() -> Iterator[None]:
    """Let functions that name their types for numba be compiled at their first call, not at once."""
    njit: Any = numba.njit

    def without_types(*words: object, **options: object) -> object:
        return njit(*(word for word in words if callable(word)), **options)

    numba.njit = without_types  # type: ignore[assignment]
    try:
        yield
    finally:
        numba.njit = njit
