"""Score immune and tumour signatures of single samples.

A sample's scores depend on that sample alone: never on the others, nor on which signatures are scored beside.

Example
-------
python scripts/score_signatures.py --expression tpm.tsv.gz --unit tpm --out scores.tsv
"""

import argparse
from pathlib import Path

from anpi.expression.arguments import add_expression, given_expression
from anpi.expression.by_sample import of_samples, sample_keys, tables_by_sample
from anpi.files.kept import keeping
from anpi.files.shipped import REGISTRY
from anpi.files.writing import PRECISE, write_text
from anpi.program import run_program
from anpi.provenance import add_kept, kept_place
from anpi.signatures.registry import ROLES, named_once, read_gmt, read_registry
from anpi.signatures.scores import score_signatures
from anpi.tables.reading import read_facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_expression(parser)
    parser.add_argument(
        "--registry", type=Path, default=REGISTRY, help="table of signatures (default: the shipped one)"
    )
    parser.add_argument("--gmt", nargs="*", default=[], help="own gene sets, scored beside the registry's")
    parser.add_argument(
        "--gmt-method",
        default="mean_log",
        choices=[m for m, roles in ROLES.items() if roles == {"gene"}],
        help="how own gene sets are scored (default: mean_log)",
    )
    add_kept(parser)
    parser.add_argument("--out", required=True, help="long table of scores to write")
    arguments = parser.parse_args()

    signatures = read_registry(arguments.registry)
    for path in arguments.gmt:
        signatures += read_gmt(path, arguments.gmt_method)
    expression = given_expression(arguments)
    chosen, own = named_once(signatures), [arguments.registry, *map(Path, arguments.gmt)]
    with keeping(kept_place(arguments.kept, "score_signatures.py", *own)) as kept:
        keys = sample_keys(kept, expression, beside=arguments.gmt_method)
        (text,) = tables_by_sample(
            kept, keys, lambda samples: [score_signatures(of_samples(expression, samples), chosen)], PRECISE
        )
    write_text(arguments.out, text)
    scores = read_facts(arguments.out)
    lacking = int(scores["score"].isna().sum())
    print(f"{scores['sample_id'].nunique()} samples, {len(signatures)} signatures, {lacking} scores not given")


if __name__ == "__main__":
    run_program(main)
