"""Measure the alignments of a sample in one pass: mapped, duplicate, exonic, intronic, mitochondrial and ribosomal
shares, strand, fragment length, coverage of gene bodies, splice junctions, errors, GC.

Without a gene model, what rests on an annotation is null. What each fact means stands in docs/methods.md.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from anpi.alignment.gene_model import load_gene_model
from anpi.alignment.measure import measure_alignments
from anpi.tables.problems import run_program
from anpi.tables.writing import write_json


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--alignment", required=True, nargs="+", type=Path, help="BAM, CRAM or SAM files of one sample, sorted or not"
    )
    parser.add_argument("--gene-model", type=Path, help="gene model of build_gene_model.py")
    parser.add_argument("--genome", type=Path, help="genome FASTA, for CRAM")
    parser.add_argument("--out", required=True, type=Path, help="JSON: facts, and curves for figures")
    arguments = parser.parse_args()
    model = load_gene_model(arguments.gene_model) if arguments.gene_model else None
    facts = measure_alignments(arguments.alignment, model, arguments.genome)
    write_json(arguments.out, facts)
    print(f"{facts['aligned_records']} records, {facts['aligned_strandedness']}", file=sys.stderr)


if __name__ == "__main__":
    run_program(main)
