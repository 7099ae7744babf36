"""Estimate fractions of immune cells in single samples by quanTIseq's method.

A sample's fractions depend on that sample alone, never on the others.

Example
-------
python scripts/estimate_fractions.py --expression tpm.tsv.gz --unit tpm --tumour --out fractions.tsv
"""

import argparse
import sys

from anpi.expression.matrix import UNITS, read_expression
from anpi.files.writing import write_estimates
from anpi.fractions.estimate import estimate_fractions
from anpi.program import run_program
from anpi.tables.reading import read_facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--expression", required=True, help="genes in rows (Ensembl ids or symbols), samples in columns"
    )
    parser.add_argument("--unit", required=True, help=UNITS)
    parser.add_argument(
        "--tumour", action="store_true", help="leave out marker genes that tumour cells express too (as the rule does)"
    )
    parser.add_argument("--tissues", help="table of normal tissue by sample (subtypes/tissues.tsv), for the cautions")
    parser.add_argument("--out", required=True, help="long table of fractions to write")
    arguments = parser.parse_args()

    expression = read_expression(arguments.expression, arguments.unit, genes_needed=False)
    for note in expression.notes:
        print(f"{arguments.expression}: {note}", file=sys.stderr)
    tissues = read_facts(arguments.tissues) if arguments.tissues else None
    fractions = estimate_fractions(expression, arguments.tumour, tissues)
    write_estimates(arguments.out, fractions)
    told = fractions.dropna(subset=["fraction"])["sample_id"].nunique()
    print(f"{told} of {fractions['sample_id'].nunique()} samples have fractions")


if __name__ == "__main__":
    run_program(main)
