"""Test the changes under treatment that the plan declares in its block change.

Writes tests.tsv (features one by one, in the columns of association/results.tsv), differential.tsv and enrichment.tsv
(all genes, DESeq2 with the patient as block). Below five pairs nothing is tested, changes are described.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from anpi.association.enrichment import read_gene_sets
from anpi.association.plan import read_plan
from anpi.association.trial import read_trial
from anpi.change.expression import compare_pairs
from anpi.change.tests import run_tests
from anpi.files.writing import write_estimates
from anpi.program import run_program
from anpi.tables.clinical import REFERENCES
from anpi.tables.matrices import read_matrix
from anpi.tables.reading import read_facts


def main() -> None:
    """Parse the arguments, run the tests, compare the genes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plan", required=True, help="plan.yaml: its block change")
    parser.add_argument("--pairs", required=True, help="pairs.tsv")
    parser.add_argument("--changes", required=True, help="changes.tsv")
    parser.add_argument("--endpoints", required=True, help="endpoints.tsv")
    parser.add_argument("--sets", required=True, help="sets.tsv")
    parser.add_argument("--patients", required=True, help="patients.csv")
    parser.add_argument("--counts", help="counts.tsv.gz, for all genes")
    parser.add_argument("--genes", required=True, help="genes.tsv: gene_id and symbol")
    parser.add_argument("--gene-sets", required=True, help="GMT file, or a table with signature and symbol")
    parser.add_argument(
        "--reference",
        choices=REFERENCES,
        default=REFERENCES[0],
        help="endpoints count from it (default: treatment_start)",
    )
    parser.add_argument("--out-dir", required=True, help="folder for the tables")
    options = parser.parse_args()
    plan, pairs = read_plan(options.plan), read_facts(options.pairs)
    trial = read_trial(options.patients, options.endpoints, options.sets, reference=options.reference)
    counts = read_matrix(options.counts) if options.counts else pd.DataFrame()
    genes = read_facts(options.genes)
    symbols = dict(zip(genes["gene_id"].astype(str), genes["symbol"].astype(object), strict=True))
    out = Path(options.out_dir)
    write_estimates(out / "tests.tsv", run_tests(plan, pairs, read_facts(options.changes), trial))
    by_gene, by_set = compare_pairs(plan, pairs, counts, symbols, read_gene_sets(options.gene_sets))
    write_estimates(out / "differential.tsv", by_gene)
    write_estimates(out / "enrichment.tsv", by_set)


if __name__ == "__main__":
    run_program(main)
