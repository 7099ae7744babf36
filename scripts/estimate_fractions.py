"""Estimate fractions of immune cells in single samples by quanTIseq's method.

A sample's fractions depend on that sample alone, never on the others.

Example
-------
python scripts/estimate_fractions.py --expression tpm.tsv.gz --unit tpm --tumour --out fractions.tsv
"""

import argparse

from anpi.expression.arguments import add_expression, given_expression
from anpi.files.writing import write_estimates
from anpi.fractions.estimate import estimate_fractions
from anpi.program import run_program
from anpi.tables.reading import read_facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_expression(parser)
    parser.add_argument(
        "--tumour", action="store_true", help="leave out marker genes that tumour cells express too (as the rule does)"
    )
    parser.add_argument("--tissues", help="table of normal tissue by sample (subtypes/tissues.tsv), for the cautions")
    parser.add_argument("--out", required=True, help="long table of fractions to write")
    arguments = parser.parse_args()

    expression = given_expression(arguments)
    tissues = read_facts(arguments.tissues) if arguments.tissues else None
    fractions = estimate_fractions(expression, arguments.tumour, tissues)
    write_estimates(arguments.out, fractions)
    told = fractions.dropna(subset=["fraction"])["sample_id"].nunique()
    print(f"{told} of {fractions['sample_id'].nunique()} samples have fractions")


if __name__ == "__main__":
    run_program(main)
