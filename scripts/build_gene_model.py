"""Reduce a gene annotation to what alignments are measured by: exons, genes, strands, introns, gene bodies."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from anpi.alignment.gene_model import BINS, build_gene_model, write_gene_model
from anpi.program import run_program


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gtf", required=True, type=Path, help="gene annotation, .gz allowed")
    parser.add_argument("--out", required=True, type=Path, help="gene model (.npz) for measure_alignment.py")
    arguments = parser.parse_args()
    model = build_gene_model(arguments.gtf)
    write_gene_model(model, arguments.out)
    bodies = len(model.body_slots) // BINS
    print(f"{len(model.contigs)} contigs, {len(model.exons.starts)} exons, {bodies} gene bodies", file=sys.stderr)


if __name__ == "__main__":
    run_program(main)
