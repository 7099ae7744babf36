"""Compare a subtype model with labels of tumours that you hold, or pool what several sites found.

Writes OUT/validation.json, counts alone that may leave the building, and the page OUT/validation.md.

Examples
--------
python scripts/validate_subtypes.py --expression data_mrna_seq_fpkm.txt --unit tpm --labels labels.tsv --out validation
python scripts/validate_subtypes.py --pool here.json there.json --out pooled
"""

import argparse
import tempfile
from pathlib import Path

from anpi.expression.matrix import UNITS, read_expression
from anpi.files.rows import Document
from anpi.files.writing import write_json, write_text
from anpi.program import run_program
from anpi.subtypes.calls import call_subtypes
from anpi.subtypes.forest import load_forest
from anpi.subtypes.model import DEFAULT, load_model
from anpi.subtypes.validation import count_agreement, name_source, plain_matrix, pool, read_counts, read_labels
from anpi.subtypes.validation_page import write_page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--expression", type=Path, help="genes in rows, samples in columns; cBioPortal's layout too")
    parser.add_argument("--unit", default="tpm", help=UNITS + "; FPKM may be called tpm (default: tpm)")
    parser.add_argument("--labels", help="table with sample_id, subtype (A, N, P, I), and where known rudin, nabet")
    parser.add_argument("--model", type=Path, default=DEFAULT, help="folder of a model (default: the shipped one)")
    parser.add_argument("--pool", type=Path, nargs="+", help="validation.json of several sites, in place of a matrix")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    arguments = parser.parse_args()
    if arguments.pool:
        counts = pool(read_counts(arguments.pool))
    elif arguments.expression and arguments.labels:
        counts = validate(arguments)
    else:
        parser.error("give --expression and --labels, or --pool")
    write_json(arguments.out / "validation.json", counts)
    write_text(arguments.out / "validation.md", write_page(counts))
    print(f"{arguments.out / 'validation.md'}: {counts['samples']} labelled samples against {counts['model']}")


def validate(arguments: argparse.Namespace) -> Document:
    source = name_source(arguments.expression)
    with tempfile.TemporaryDirectory() as folder:
        expression = read_expression(plain_matrix(arguments.expression, Path(folder)), arguments.unit)
    labels = read_labels(arguments.labels, expression.values.columns)
    model = load_model(arguments.model)
    calls = call_subtypes(expression, model, forest=load_forest())
    return count_agreement(calls, labels, model, source)


if __name__ == "__main__":
    run_program(main)
