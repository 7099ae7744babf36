"""Views of a cohort's signature scores: by subtype, correlation among signatures, agreement of methods.

Writes into the folder: by_subtype.tsv (for the heat map), correlation.tsv and, where the expression is given,
methods.tsv. These views depend on the cohort; the scores themselves do not.

Example
-------
python scripts/compare_signatures.py --scores scores.tsv --calls calls.tsv --expression tpm.tsv.gz --out views
"""

import argparse
from pathlib import Path

import pandas as pd

from anpi.expression.by_sample import of_samples
from anpi.expression.matrix import UNITS, read_expression
from anpi.files.kept import keeping
from anpi.files.shipped import REGISTRY
from anpi.files.writing import write_estimates
from anpi.problems import refuse_missing_columns
from anpi.program import run_program
from anpi.provenance import add_kept, kept_place
from anpi.signatures.registry import read_registry
from anpi.signatures.views import compare_methods, correlate_signatures, summarise_by_subtype
from anpi.tables.reading import read_facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scores", required=True, help="table by score_signatures.py")
    parser.add_argument(
        "--calls", required=True, help="table by call_subtypes.py; samples without a subtype are left out"
    )
    parser.add_argument("--expression", help="matrix that was scored, to compare methods")
    parser.add_argument("--unit", default="tpm", help=f"unit of the matrix: {UNITS} (default: tpm)")
    parser.add_argument(
        "--registry", type=Path, default=REGISTRY, help="table of signatures (default: the shipped one)"
    )
    add_kept(parser)
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    arguments = parser.parse_args()

    subtypes = read_columns(arguments.calls, ["sample_id", "subtype"]).set_index("sample_id")["subtype"].dropna()
    scores = read_columns(arguments.scores, ["sample_id", "signature", "score"])
    scores = scores[scores["sample_id"].isin(subtypes.index)]
    scores["score"] = scores["score"].astype(float)
    write_estimates(arguments.out / "by_subtype.tsv", summarise_by_subtype(scores, subtypes))
    write_estimates(arguments.out / "correlation.tsv", correlate_signatures(scores))
    if arguments.expression:
        expression = read_expression(arguments.expression, arguments.unit, genes_needed=False)
        expression = of_samples(expression, [s for s in expression.values.columns if s in subtypes.index])
        with keeping(kept_place(arguments.kept, "compare_signatures.py")) as kept:
            methods = compare_methods(expression, read_registry(arguments.registry), kept)
        write_estimates(arguments.out / "methods.tsv", methods)
    print(f"{len(subtypes)} samples with a subtype compared")


def read_columns(path: str, columns: list[str]) -> pd.DataFrame:
    table = read_facts(path)
    refuse_missing_columns(path, table, columns)
    return table[columns].copy()


if __name__ == "__main__":
    run_program(main)
