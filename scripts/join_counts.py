"""Put the gene counts of samples side by side, genes in rows."""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from anpi.files.writing import write_table
from anpi.program import run_program
from anpi.tables.reading import read_facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples-dir", required=True, type=Path, help="holds <sample>/gene_counts.tsv")
    parser.add_argument("--samples", required=True, nargs="+", help="sample ids")
    parser.add_argument("--out", required=True, type=Path, help="matrix to write, genes x samples")
    arguments = parser.parse_args()
    columns = {
        sample: read_facts(arguments.samples_dir / sample / "gene_counts.tsv").set_index("gene_id")["counts"]
        for sample in sorted(arguments.samples)
    }
    write_table(arguments.out, pd.DataFrame(columns).sort_index().rename_axis("gene_id").reset_index())


if __name__ == "__main__":
    run_program(main)
