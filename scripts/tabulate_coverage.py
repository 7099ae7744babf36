"""Put the coverage along genes of all samples with alignments into one table, one row per sample."""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from anpi.files.intact import read_json
from anpi.files.writing import write_table
from anpi.program import run_program

PARTS = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples-dir", required=True, type=Path, help="holds <sample>/alignment.json")
    parser.add_argument("--samples", required=True, nargs="+", help="samples with alignments")
    parser.add_argument("--out", required=True, type=Path, help="sample_id, then 100 parts from 5' to 3', mean 1")
    arguments = parser.parse_args()
    rows = []
    for sample in sorted(arguments.samples):
        curve = read_json(arguments.samples_dir / sample / "alignment.json").get("gene_body_coverage")
        if curve:
            rows.append([sample, *curve])
    columns = ["sample_id", *(f"part_{number}" for number in range(1, PARTS + 1))]
    write_table(arguments.out, pd.DataFrame(rows, columns=columns))


if __name__ == "__main__":
    run_program(main)
