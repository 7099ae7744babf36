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

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from anpi.expression.matrix import UNITS, read_expression
from anpi.expression.sample_table import read_sample_table
from anpi.files.writing import write_estimates, write_table
from anpi.program import run_program
from anpi.subtypes.exploration import Search, explore_cohort
from anpi.subtypes.model import DEFAULT, load_model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--expression", required=True, help="genes in rows, samples in columns")
    parser.add_argument("--unit", required=True, help=UNITS)
    parser.add_argument("--calls", required=True, help="table of calls by call_subtypes.py")
    parser.add_argument(
        "--model",
        type=Path,
        default=DEFAULT,
        help="model whose programmes name the clusters (default: the shipped one)",
    )
    parser.add_argument("--genes", type=int, default=1300, help="how many of the most variable genes (default: 1300)")
    parser.add_argument("--runs", type=int, default=20, help="NMF runs for each rank (default: 20)")
    parser.add_argument("--most-clustered", type=int, default=1000, help="samples that NMF looks at (default: 1000)")
    parser.add_argument("--seed", type=int, default=1, help="seed of all chance (default: 1)")
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    arguments = parser.parse_args()

    expression = read_expression(arguments.expression, arguments.unit, genes_needed=False)
    search = Search(arguments.genes, arguments.runs, arguments.most_clustered, arguments.seed)
    calls, model = read_sample_table(arguments.calls, ["subtype"]), load_model(arguments.model)
    tables, notes = explore_cohort(expression, calls, model, search)
    for name, table in tables.items():
        write_estimates(arguments.out / f"{name}.tsv", table)
    write_table(arguments.out / "notes.tsv", pd.DataFrame({"note": notes}))
    print("; ".join(notes))


if __name__ == "__main__":
    run_program(main)
