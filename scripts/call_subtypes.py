"""Call SCLC-A/N/P/I subtypes of single samples by a locked model.

Every number of a row depends on that sample and on the model alone. Samples that cannot be called are in the table
too, with the reason.

Example
-------
python scripts/call_subtypes.py --expression tpm.tsv.gz --unit tpm --out calls.tsv
"""

import argparse
from pathlib import Path

from anpi.cohort.verdicts import read_verdicts
from anpi.expression.arguments import add_expression, given_expression
from anpi.expression.matrix import read_expression
from anpi.files.writing import write_table
from anpi.program import run_program
from anpi.subtypes.calls import call_subtypes, programme_table, tissue_table
from anpi.subtypes.forest import FOREST, load_forest
from anpi.subtypes.model import DEFAULT, load_model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_expression(parser)
    parser.add_argument("--model", type=Path, default=DEFAULT, help="folder of a model (default: the shipped one)")
    parser.add_argument("--forest", type=Path, default=FOREST, help="folder of a forest for a second opinion")
    parser.add_argument("--verdicts", help="table with sample_id, verdict, reasons: failed samples get no call")
    parser.add_argument("--counts", help="matrix of counts of the same samples: for read depth and stability")
    parser.add_argument("--programmes", help="also write the locked z-scores of the programmes, for a heat map")
    parser.add_argument("--tissues", help="also write whether each sample is SCLC, and its shares of normal tissues")
    parser.add_argument("--out", required=True, help="table of calls to write")
    arguments = parser.parse_args()

    model = load_model(arguments.model)
    expression = given_expression(arguments)
    verdicts = read_verdicts(arguments.verdicts, list(expression.values.columns)) if arguments.verdicts else None
    counts = read_expression(arguments.counts, "counts") if arguments.counts else None
    calls = call_subtypes(expression, model, verdicts, counts, load_forest(arguments.forest))
    write_table(arguments.out, calls)
    if arguments.programmes:
        write_table(arguments.programmes, programme_table(expression, model))
    if arguments.tissues:
        write_table(arguments.tissues, tissue_table(expression, model, counts is not None))
    print(f"{len(calls)} samples: " + ", ".join(f"{n} {call}" for call, n in calls["call"].value_counts().items()))


if __name__ == "__main__":
    run_program(main)
