"""Explore the structure of a cohort: consensus NMF, principal components, UMAP, marker genes.

Exploratory: unlike subtype calls, these results depend on all samples of the cohort and change when samples come or
go. Consensus NMF and UMAP need 20 samples; below that only principal components are written, with the reason.

Samples without a call (failed quality, not SCLC-like) are left out. Writes into the folder: components.tsv,
variance.tsv, umap.tsv, markers.tsv, nmf_ranks.tsv, nmf_clusters.tsv, nmf_names.tsv, nmf_agreement.tsv and notes.tsv.
A table that could not be made is there with its header alone.

Example
-------
python scripts/explore_cohort.py --expression tpm.tsv.gz --unit tpm --calls calls.tsv --out exploration
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import scanpy

from anpi.expression.matrix import UNITS, Expression, read_expression
from anpi.files.writing import write_estimates, write_table
from anpi.program import run_program
from anpi.subtypes.calls import programme_table
from anpi.subtypes.discovery import (
    LEAST_SAMPLES,
    agree,
    consensus_nmf,
    draw_samples,
    name_clusters,
    variable_genes,
)
from anpi.subtypes.model import DEFAULT, load_model
from anpi.tables.reading import read_text_table

LEAST_IN_GROUP = 3
LEAST_TO_PROJECT = 3
LEAST_GENES = 10
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--expression", required=True, help="genes in rows, samples in columns")
    parser.add_argument("--unit", required=True, help=UNITS)
    parser.add_argument("--calls", required=True, help="table of calls by call_subtypes.py")
    parser.add_argument("--model", type=Path, default=DEFAULT, help="model whose programmes name the clusters")
    parser.add_argument("--genes", type=int, default=1300, help="how many of the most variable genes (default: 1300)")
    parser.add_argument("--runs", type=int, default=20, help="NMF runs for each rank (default: 20)")
    parser.add_argument("--most-clustered", type=int, default=1000, help="samples that NMF looks at (default: 1000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    arguments = parser.parse_args()

    expression = read_expression(arguments.expression, arguments.unit, genes_needed=False)
    calls = read_text_table(arguments.calls)
    called = set(calls.dropna(subset=["subtype"])["sample_id"])
    kept = [sample for sample in expression.values.columns if sample in called]
    left_out = expression.values.shape[1] - len(kept)
    expression = replace(expression, values=expression.values[kept])
    notes = ["exploratory: depends on every sample of the cohort"]
    if left_out:
        notes.append(f"{left_out} samples without a subtype call left out")
    logs = variable_genes(expression, arguments.genes)
    tables: dict[str, pd.DataFrame] = {}
    if len(logs) < LEAST_TO_PROJECT or logs.shape[1] < LEAST_GENES:
        found = f"{len(logs)} samples with a subtype, {logs.shape[1]} variable genes"
        notes.append(f"nothing done: {found}, at least {LEAST_TO_PROJECT} and {LEAST_GENES} needed")
    else:
        tables = explore(expression, logs, calls, arguments, notes)
    for name, columns in COLUMNS.items():
        table = tables.get(name, pd.DataFrame(columns=columns))
        write_estimates(arguments.out / f"{name}.tsv", table)
    write_table(arguments.out / "notes.tsv", pd.DataFrame({"note": notes}))
    print("; ".join(notes))


def explore(
    expression: Expression, logs: pd.DataFrame, calls: pd.DataFrame, arguments: argparse.Namespace, notes: list[str]
) -> dict[str, pd.DataFrame]:
    """Project the samples and, in a cohort large enough, cluster them; what is not done is added to the notes."""
    subtype = calls.set_index("sample_id")["subtype"].reindex(logs.index)
    tables = project(logs, subtype, expression.genes, arguments.seed)
    if len(logs) < LEAST_SAMPLES:
        notes.append(f"consensus NMF and UMAP not done: {len(logs)} samples, at least {LEAST_SAMPLES} needed")
        return tables
    drawn = draw_samples(logs, arguments.most_clustered)
    if len(drawn) < len(logs):
        notes.append(f"consensus NMF of {len(drawn)} of {len(logs)} samples, drawn by digest of their names")
    clustering = consensus_nmf(drawn, runs=arguments.runs, seed=arguments.seed)
    programmes = programme_table(expression, load_model(arguments.model))
    names = name_clusters(clustering.clusters, programmes)
    own = clustering.clusters.rename_axis("sample_id").reset_index()
    own["name"] = own["cluster"].map(names.set_index("cluster")["name"])
    tables["nmf_ranks"] = clustering.ranks
    tables["nmf_names"] = names
    tables["nmf_clusters"] = own.assign(subtype=subtype[drawn.index].to_numpy())
    tables["nmf_agreement"] = agree(clustering.clusters, names, calls)
    return tables


def project(logs: pd.DataFrame, subtype: pd.Series, genes: pd.DataFrame, seed: int) -> dict[str, pd.DataFrame]:
    """Principal components, UMAP of neighbours, and marker genes of the called subtypes, by scanpy."""
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
    if len(logs) >= LEAST_SAMPLES:
        scanpy.pp.neighbors(data, n_neighbors=min(15, len(logs) - 1), random_state=seed)
        scanpy.tl.umap(data, random_state=seed)
        places = data.obsm["X_umap"]
        tables["umap"] = pd.DataFrame({"sample_id": logs.index, "umap1": places[:, 0], "umap2": places[:, 1]})
    sizes = subtype.value_counts()
    groups = sorted(group for group, size in sizes.items() if size >= LEAST_IN_GROUP)
    if len(groups) >= 2:
        tables["markers"] = find_markers(data, subtype, groups, genes)
    return tables


def find_markers(
    data: scanpy.AnnData, subtype: pd.Series, groups: list[str], genes: pd.DataFrame, most: int = 25
) -> pd.DataFrame:
    """Rank the genes of each group against the other called samples by Wilcoxon's test (Benjamini-Hochberg)."""
    called = data[subtype.isin(groups).to_numpy()].copy()
    called.obs["group"] = pd.Categorical(subtype[subtype.isin(groups)].to_numpy())
    called.X = called.X * np.log(2)  # scanpy takes natural logarithms for its fold changes
    scanpy.tl.rank_genes_groups(called, "group", method="wilcoxon", tie_correct=True)
    symbols = genes.drop_duplicates("gene_id").set_index("gene_id")["symbol"]
    parts = []
    for group in groups:
        ranked = scanpy.get.rank_genes_groups_df(called, group=group).head(most)
        parts.append(
            pd.DataFrame(
                {
                    "group": group,
                    "gene_id": ranked["names"],
                    "symbol": ranked["names"].map(symbols),
                    "score": ranked["scores"],
                    "log2_fold_change": ranked["logfoldchanges"],
                    "p_adjusted": ranked["pvals_adj"],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


if __name__ == "__main__":
    run_program(main)
