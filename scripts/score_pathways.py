"""Score the activity of 14 pathways in single samples by PROGENy's weights.

A sample's scores depend on that sample alone, never on the others.

Example
-------
python scripts/score_pathways.py --expression tpm.tsv.gz --unit tpm --out pathways.tsv
"""

import argparse

from anpi.expression.arguments import add_expression, given_expression
from anpi.expression.by_sample import of_samples, sample_keys, tables_by_sample
from anpi.files.kept import keeping
from anpi.files.writing import ESTIMATES, write_text
from anpi.pathways.progeny import score_pathways
from anpi.program import run_program
from anpi.provenance import add_kept, kept_place
from anpi.tables.reading import read_facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_expression(parser)
    add_kept(parser)
    parser.add_argument("--out", required=True, help="long table of scores to write")
    arguments = parser.parse_args()

    expression = given_expression(arguments)
    with keeping(kept_place(arguments.kept, "score_pathways.py")) as kept:
        keys = sample_keys(kept, expression)
        (text,) = tables_by_sample(
            kept, keys, lambda samples: [score_pathways(of_samples(expression, samples))], ESTIMATES
        )
    write_text(arguments.out, text)
    scores = read_facts(arguments.out)
    lacking = int(scores["score"].isna().sum())
    samples, pathways = scores["sample_id"].nunique(), scores["pathway"].nunique()
    print(f"{samples} samples, {pathways} pathways, {lacking} scores not given")


if __name__ == "__main__":
    run_program(main)
