"""Score the activity of 14 pathways in single samples by PROGENy's weights.

A sample's scores depend on that sample alone, never on the others.

Example
-------
python scripts/score_pathways.py --expression tpm.tsv.gz --unit tpm --out pathways.tsv
"""

import argparse

from anpi.expression.arguments import add_expression, given_expression
from anpi.files.writing import write_estimates
from anpi.pathways.progeny import score_pathways
from anpi.program import run_program


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_expression(parser)
    parser.add_argument("--out", required=True, help="long table of scores to write")
    arguments = parser.parse_args()

    expression = given_expression(arguments)
    scores = score_pathways(expression)
    write_estimates(arguments.out, scores)
    lacking = int(scores["score"].isna().sum())
    samples, pathways = scores["sample_id"].nunique(), scores["pathway"].nunique()
    print(f"{samples} samples, {pathways} pathways, {lacking} scores not given")


if __name__ == "__main__":
    run_program(main)
