"""Call SCLC-A/N/P/I subtypes of single samples by a locked model.

Every number of a row depends on that sample and on the model alone. Samples that cannot be called are in the table
too, with the reason.

Example
-------
python scripts/call_subtypes.py --expression tpm.tsv.gz --unit tpm --out calls.tsv
"""

import argparse
from pathlib import Path

import pandas as pd

from anpi.cohort.verdicts import read_verdicts
from anpi.expression.arguments import add_expression, given_expression
from anpi.expression.by_sample import of_samples, sample_keys, tables_by_sample
from anpi.expression.matrix import read_expression
from anpi.files.kept import keeping
from anpi.files.writing import PRECISE, write_text
from anpi.program import run_program
from anpi.provenance import add_kept, kept_place
from anpi.subtypes.calls import call_subtypes, placed_programmes, refuse_uncounted, tissue_table
from anpi.subtypes.forest import FOREST, load_forest
from anpi.subtypes.model import DEFAULT, load_model
from anpi.tables.reading import read_facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_expression(parser)
    parser.add_argument("--model", type=Path, default=DEFAULT, help="folder of a model (default: the shipped one)")
    parser.add_argument(
        "--forest", type=Path, default=FOREST, help="folder of a forest for a second opinion (default: the shipped one)"
    )
    parser.add_argument("--verdicts", help="table with sample_id, verdict, reasons: failed samples get no call")
    parser.add_argument("--counts", help="matrix of counts of the same samples: for read depth and stability")
    parser.add_argument("--programmes", help="also write the locked z-scores of the programmes, for a heat map")
    parser.add_argument("--tissues", help="also write whether each sample is SCLC, and its shares of normal tissues")
    add_kept(parser)
    parser.add_argument("--out", required=True, help="table of calls to write")
    arguments = parser.parse_args()

    model = load_model(arguments.model)
    expression = given_expression(arguments)
    verdicts = read_verdicts(arguments.verdicts, list(expression.values.columns)) if arguments.verdicts else None
    counts = read_expression(arguments.counts, "counts") if arguments.counts else None
    if counts is not None:
        refuse_uncounted(list(expression.values.columns), counts, arguments.counts)
    forest = load_forest(arguments.forest)

    def compute(samples: list[str]) -> list[pd.DataFrame]:
        part, counted = of_samples(expression, samples), counts and of_samples(counts, samples)
        return [
            call_subtypes(part, model, verdicts, counted, forest),
            placed_programmes(part, model, counts is not None),
            tissue_table(part, model, counts is not None),
        ]

    with keeping(kept_place(arguments.kept, "call_subtypes.py", arguments.model, arguments.forest)) as kept:
        judged = None if verdicts is None else verdicts[["sample_id", "verdict", "reasons"]]
        keys = sample_keys(kept, expression, counts, [judged])
        texts = tables_by_sample(kept, keys, compute, PRECISE)
    for path, text in zip((arguments.out, arguments.programmes, arguments.tissues), texts, strict=True):
        if path:
            write_text(path, text)
    calls = read_facts(arguments.out)["call"]
    print(f"{len(calls)} samples: " + ", ".join(f"{n} {call}" for call, n in calls.value_counts().items()))


if __name__ == "__main__":
    run_program(main)
