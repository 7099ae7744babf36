"""Write the cohort as one AnnData file (h5ad): expression, and all that is known of each sample and gene."""

from __future__ import annotations

import argparse
from pathlib import Path

from anpi.cohort.anndata_file import build_anndata, write_anndata
from anpi.program import run_program
from anpi.tables.carried import carried
from anpi.tables.matrices import read_matrix
from anpi.tables.reading import read_facts, read_table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tpm", required=True, type=Path, help="matrix of TPM, genes x samples")
    parser.add_argument("--counts", required=True, type=Path, help="matrix of counts")
    parser.add_argument("--genes", required=True, type=Path, help="table of the genes")
    parser.add_argument("--samples", required=True, type=Path, help="sample sheet")
    parser.add_argument("--verdicts", required=True, type=Path, help="qc/verdicts.tsv")
    parser.add_argument("--calls", required=True, type=Path, help="subtypes/calls.tsv")
    parser.add_argument("--scores", required=True, type=Path, help="immune/scores.tsv")
    parser.add_argument(
        "--carry", nargs="*", default=[], metavar="TABLE.COLUMN", help="extra columns that go along (samples.<column>)"
    )
    parser.add_argument("--out", required=True, type=Path, help="AnnData file to write (.h5ad)")
    arguments = parser.parse_args()
    scores = read_facts(arguments.scores).pivot(index="sample_id", columns="signature", values="score")
    obs = carried(read_table(arguments.samples, "samples"), "samples", arguments.carry)
    for table in (read_facts(arguments.verdicts), read_facts(arguments.calls), scores.reset_index()):
        obs = obs.merge(table, on="sample_id", how="inner", suffixes=("", "_call"))
    data = build_anndata(read_matrix(arguments.tpm), read_matrix(arguments.counts), read_facts(arguments.genes), obs)
    write_anndata(data, arguments.out)


if __name__ == "__main__":
    run_program(main)
