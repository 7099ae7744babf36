"""Put the samples of a cohort side by side: counts, TPM, genes and QC metrics.

Either from quantified samples (--samples-dir and --reference-genes), or from a matrix (--matrix and --unit).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from anpi.expression.appended import Files, write_matrix
from anpi.expression.assemble import Cohort, assemble_matrix, assemble_samples
from anpi.expression.genes import read_gene_table
from anpi.files.writing import write_table
from anpi.program import run_program
from anpi.provenance import kept_place


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--samples-dir", type=Path, help="folder of quantified samples")
    source.add_argument("--matrix", type=Path, help="genes in rows, samples in columns")
    parser.add_argument("--unit", help="of the matrix: counts, tpm, log2_tpm_plus_<c> or vst")
    parser.add_argument("--samples", required=True, nargs="+", help="sample ids")
    parser.add_argument("--reference-genes", type=Path, help="gene table of the reference")
    for matrix in ("counts", "tpm"):
        words = f"matrix of {matrix} to write as text, and the same as Parquet, which later steps read faster"
        parser.add_argument(f"--out-{matrix}", required=True, nargs="+", type=Path, metavar="FILE", help=words)
    parser.add_argument("--out-genes", required=True, type=Path, help="table of the genes to write")
    parser.add_argument("--out-facts", required=True, type=Path, help="table of QC metrics by sample to write")
    words = "folder that keeps the matrices, for the next run to take columns from that are still right (default: none)"
    parser.add_argument("--kept", type=Path, metavar="FOLDER", help=words)
    arguments = parser.parse_args()
    files = {"counts": tuple(arguments.out_counts), "tpm": tuple(arguments.out_tpm)}
    if arguments.matrix:
        if not arguments.unit:
            parser.error("--matrix needs --unit")
        cohort = assemble_matrix(arguments.matrix, arguments.unit, arguments.samples)
        write_matrices(cohort, files, sorted(arguments.samples))
    else:
        if not arguments.reference_genes:
            parser.error("--samples-dir needs --reference-genes")
        genes = read_gene_table(arguments.reference_genes)
        place = kept_place(arguments.kept, "assemble_cohort.py")
        cohort = assemble_samples(arguments.samples_dir, arguments.samples, genes, files, place)
    write_table(arguments.out_genes, cohort.genes)
    write_table(arguments.out_facts, cohort.facts)
    for note in cohort.notes:
        print(note, file=sys.stderr)


def write_matrices(cohort: Cohort, files: Mapping[str, Files], samples: Sequence[str]) -> None:
    """Write the matrices of a cohort; a unit that is unknown gives a table of the samples without genes."""
    for values, matrix in ((cohort.counts, "counts"), (cohort.tpm, "tpm")):
        if values is None:
            values = pd.DataFrame(columns=list(samples), index=pd.Index([], name="gene_id"))
        write_matrix(files[matrix], values)


if __name__ == "__main__":
    run_program(main)
