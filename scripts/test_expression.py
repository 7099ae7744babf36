"""Compare expression between responders and non-responders and between subtypes, as the plan declares.

Genes are compared by DESeq2 (pydeseq2) on counts, adjusted for batch and arm where they are known and can be told
from the groups; gene sets by preranked enrichment (gseapy) on a local file. Writes to the output folder:

  differential.tsv  every gene of every contrast, with a reason where a number is missing
  enrichment.tsv    every gene set of every contrast, with a reason where a number is missing
  contrasts.tsv     what was compared with what, or why not

Groups that are too small are not tested: the tables then have no rows for them and contrasts.tsv says why. Without
counts (a matrix of TPM) nothing is tested: differential expression needs counts.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from anpi.association.enrichment import read_gene_sets
from anpi.association.plan import check_plan, read_plan
from anpi.association.trial import read_trial
from anpi.association.write_expression import write_expression
from anpi.files.kept import keeping
from anpi.program import run_program
from anpi.provenance import add_kept, kept_place
from anpi.tables.matrices import read_matrix
from anpi.tables.reading import read_facts


def main() -> None:
    """Parse the arguments, check the plan, run the contrasts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--counts", help="counts.tsv.gz: gene_id, then samples; without rows, or left out, when there are no counts"
    )
    parser.add_argument("--genes", required=True, help="genes.tsv: gene_id and symbol of the matrix")
    parser.add_argument("--sets", required=True, help="sets.tsv: who belongs to which analysis set")
    parser.add_argument("--endpoints", required=True, help="endpoints.tsv: one row a patient")
    parser.add_argument("--patients", required=True, help="patients.csv")
    parser.add_argument("--calls", help="calls.tsv: subtype of each sample")
    parser.add_argument("--samples", help="samples.tsv: batch of each sample")
    parser.add_argument("--plan", required=True, help="plan.yaml: its block expression")
    parser.add_argument("--gene-sets", required=True, help="GMT file, or a table with signature and symbol")
    parser.add_argument("--threads", type=int, default=1, help="contrasts computed at a time (default: 1)")
    parser.add_argument("--memory", type=int, help="MB they may take together; else as many as threads at a time")
    add_kept(parser)
    parser.add_argument("--out-dir", required=True, help="folder for the tables")
    options = parser.parse_args()
    plan = read_plan(options.plan)
    trial = read_trial(options.patients, options.endpoints, options.sets, options.calls, samples=options.samples)
    check_plan(plan, None, trial.patients, trial.samples, trial.set_names())
    counts = read_matrix(options.counts) if options.counts else None
    if counts is not None and counts.empty:
        counts = None
    genes = read_facts(options.genes)
    symbols = dict(zip(genes["gene_id"].astype(str), genes["symbol"].astype(object), strict=True))
    gene_sets = read_gene_sets(options.gene_sets)
    out = Path(options.out_dir)
    with keeping(kept_place(options.kept, "test_expression.py")) as kept:
        write_expression(plan, trial, counts, symbols, gene_sets, out, options.threads, options.memory, kept)


if __name__ == "__main__":
    run_program(main)
