"""Measure the alignments of a sample in one pass: mapped, duplicate, exonic, intronic, mitochondrial and ribosomal
shares, strand, fragment length, coverage of gene bodies, splice junctions, errors, GC.

Without a gene model, what rests on an annotation is null. What each fact means stands in docs/methods/alignments.md.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from anpi.alignment.gene_model import load_gene_model
from anpi.alignment.measure import measure_alignments
from anpi.files.writing import write_json
from anpi.problems import InputError, placeless_words
from anpi.program import run_program


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--alignment", required=True, nargs="+", type=Path, help="BAM, CRAM or SAM files of one sample, sorted or not"
    )
    parser.add_argument("--gene-model", type=Path, help="gene model of build_gene_model.py")
    parser.add_argument("--genome", type=Path, help="genome FASTA, for CRAM")
    parser.add_argument("--out", required=True, type=Path, help="JSON: facts, and curves for figures")
    parser.add_argument(
        "--record-failure", action="store_true", help="write why a file cannot be read as its facts, and end with 0"
    )
    arguments = parser.parse_args()
    model = load_gene_model(arguments.gene_model) if arguments.gene_model else None
    try:
        facts = measure_alignments(arguments.alignment, model, arguments.genome)
    except InputError as error:
        if not arguments.record_failure:
            raise
        print(error, file=sys.stderr)
        facts = {"alignment_failure": placeless_words(error.problems)}
    write_json(arguments.out, facts)
    if "alignment_failure" not in facts:
        print(f"{facts.get('aligned_records')} records, {facts.get('aligned_strandedness')}", file=sys.stderr)


if __name__ == "__main__":
    run_program(main)
