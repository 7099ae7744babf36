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
from anpi.expression.sample_list import read_list
from anpi.files.writing import write_table
from anpi.program import run_program
from anpi.provenance import kept_place


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--samples-dir", type=Path, help="folder of quantified samples")
    source.add_argument("--matrix", type=Path, help="genes in rows, samples in columns")
    parser.add_argument("--unit", help="of the matrix: counts, tpm, log2_tpm_plus_<c> or vst")
    samples = parser.add_mutually_exclusive_group(required=True)
    samples.add_argument("--samples", nargs="+", help="sample ids, put in alphabetical order")
    samples.add_argument("--listed", type=Path, help="table with sample_id first, in the order that samples will have")
    parser.add_argument("--reference-genes", type=Path, help="gene table of the reference")
    for matrix in ("counts", "tpm"):
        words = f"matrix of {matrix} to write as text, as Parquet (which later steps read faster) or as both"
        parser.add_argument(f"--out-{matrix}", required=True, nargs="+", type=Path, metavar="FILE", help=words)
    parser.add_argument("--out-genes", type=Path, help="table of the genes")
    parser.add_argument("--out-facts", required=True, type=Path, help="table of the QC metrics")
    parser.add_argument("--out-digests", type=Path, help="SHA-256 of the files of each quantified sample")
    words = "folder that keeps the matrices, for the next run to take columns from that are still right (default: none)"
    parser.add_argument("--kept", type=Path, metavar="FOLDER", help=words)
    arguments = parser.parse_args()
    files = {"counts": tuple(arguments.out_counts), "tpm": tuple(arguments.out_tpm)}
    if arguments.kept and not all(len(of_matrix) > 1 for of_matrix in files.values()):
        parser.error("--kept needs each matrix as text and as Parquet")
    names = read_list(arguments.listed) if arguments.listed else sorted(arguments.samples)
    if arguments.matrix:
        if not arguments.unit:
            parser.error("--matrix needs --unit")
        cohort = assemble_matrix(arguments.matrix, arguments.unit, names)
        write_matrices(cohort, files, sorted(names))
    else:
        if not arguments.reference_genes:
            parser.error("--samples-dir needs --reference-genes")
        genes = read_gene_table(arguments.reference_genes)
        place = kept_place(arguments.kept, "assemble_cohort.py")
        cohort = assemble_samples(arguments.samples_dir, names, genes, files, place)
    for table in ("genes", "facts", "digests"):
        file, content = getattr(arguments, f"out_{table}"), getattr(cohort, table)
        if file and content is not None:
            write_table(file, content)
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
