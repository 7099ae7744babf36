"""Estimate fractions of immune cells in single samples by quanTIseq's method.

A sample's fractions depend on that sample alone, never on the others.

Example
-------
python scripts/estimate_fractions.py --expression tpm.tsv.gz --unit tpm --tumour --out fractions.tsv
"""

import argparse

import pandas as pd

from anpi.expression.arguments import add_expression, given_expression
from anpi.expression.by_sample import of_samples, sample_keys, tables_by_sample
from anpi.expression.sample_table import read_tissues
from anpi.files.kept import keeping
from anpi.files.writing import ESTIMATES, write_text
from anpi.fractions.estimate import estimate_fractions
from anpi.program import run_program
from anpi.provenance import add_kept, kept_place
from anpi.tables.reading import read_facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_expression(parser)
    parser.add_argument(
        "--tumour", action="store_true", help="leave out marker genes that tumour cells express too (as the rule does)"
    )
    parser.add_argument("--tissues", help="table of normal tissue by sample (subtypes/tissues.tsv), for the cautions")
    add_kept(parser)
    parser.add_argument("--out", required=True, help="long table of fractions to write")
    arguments = parser.parse_args()

    expression = given_expression(arguments)
    tissues = read_tissues(arguments.tissues) if arguments.tissues else None

    def compute(samples: list[str]) -> list[pd.DataFrame]:
        return [estimate_fractions(of_samples(expression, samples), arguments.tumour, tissues)]

    with keeping(kept_place(arguments.kept, "estimate_fractions.py")) as kept:
        keys = sample_keys(kept, expression, tables=[tissues], beside=arguments.tumour)
        (text,) = tables_by_sample(kept, keys, compute, ESTIMATES)
    write_text(arguments.out, text)
    fractions = read_facts(arguments.out)
    told = fractions.dropna(subset=["fraction"])["sample_id"].nunique()
    print(f"{told} of {fractions['sample_id'].nunique()} samples have fractions")


if __name__ == "__main__":
    run_program(main)
