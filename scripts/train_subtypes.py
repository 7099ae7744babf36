"""Train a subtype model from labelled tumours, or from tumours labelled by consensus NMF, with its card.

The new model is a folder that call_subtypes.py takes with --model. Its accuracy is that of nested cross-validation and
stands in its card beside that of the base model on the same samples.

Recipe with public cohorts (to be downloaded by you)
----------------------------------------------------
George 2015 (81 tumours): expression of cBioPortal study sclc_ucologne_2015; labels of Gay 2021 (doi
10.1016/j.ccell.2020.12.014, supplement). Jiang 2016 (79 tumours): GEO GSE60052. Genes in rows; FPKM may be declared as
tpm, since calls do not depend on a factor a sample. Then

  python scripts/train_subtypes.py --expression george.tsv.gz --unit tpm --labels gay_labels.tsv \\
      --test-expression jiang.tsv.gz --test-labels jiang_labels.tsv --name sclc_anpi --version 3.0.0

The card holds the cross-validation on the one and the test, once, on the other, beside the base model's.

Without labels, --nmf makes them as Gay 2021 did: NMF of rank 4 on the most variable genes; clusters are named by the
base model's programmes.
"""

import argparse
import tempfile
from pathlib import Path

import pandas as pd

from anpi.expression.matrix import UNITS, Expression, read_expression
from anpi.problems import InputError, Problem, refuse_missing_columns
from anpi.program import run_program
from anpi.subtypes.calls import call_subtypes, programme_table
from anpi.subtypes.discovery import consensus_nmf, name_clusters, variable_genes
from anpi.subtypes.model import CLASSES, DEFAULT, MODELS, Model, load_model
from anpi.subtypes.training import measure, rival_probability, train_model, write_card, write_model
from anpi.subtypes.validation import count_agreement, name_source, plain_matrix
from anpi.subtypes.validation import read_labels as read_validation_labels
from anpi.subtypes.validation_page import write_page
from anpi.tables.reading import read_text_table

LEAST_FOLDS = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--expression", required=True, help="genes in rows, samples in columns")
    parser.add_argument("--unit", required=True, help=UNITS)
    labels = parser.add_mutually_exclusive_group(required=True)
    labels.add_argument("--labels", help="table with sample_id and subtype (A, N, P, I)")
    labels.add_argument("--nmf", action="store_true", help="label the samples by consensus NMF of rank 4")
    parser.add_argument("--test-expression", help="tumours that training never sees, tried once")
    parser.add_argument("--test-labels", help="their labels: sample_id and subtype")
    parser.add_argument("--name", required=True, help="name of the new model")
    parser.add_argument("--version", required=True, help="version of the new model, such as 1.0.0")
    parser.add_argument(
        "--base",
        type=Path,
        default=DEFAULT,
        help="model that gives identity and anchor genes (default: the shipped one)",
    )
    parser.add_argument("--folds", type=int, default=5, help="outer folds (default: 5)")
    parser.add_argument("--seed", type=int, default=1, help="seed of all chance (default: 1)")
    parser.add_argument("--out", type=Path, help="folder of the model (default: resources/subtypes/NAME/VERSION)")
    arguments = parser.parse_args()
    if bool(arguments.test_expression) != bool(arguments.test_labels):
        parser.error("--test-expression and --test-labels go together")
    if arguments.folds < LEAST_FOLDS:
        parser.error(f"--folds takes a number of {LEAST_FOLDS} or more")

    base = load_model(arguments.base)
    expression = read_tumours(arguments.expression, arguments.unit)
    source = Path(arguments.expression).name
    if arguments.nmf:
        truth = label_by_nmf(expression, base, arguments.seed)
        source += ", labelled by consensus NMF of rank 4"
    else:
        truth = read_labels(arguments.labels)
        source += f" with labels of {Path(arguments.labels).name}"
    training = train_model(expression, truth, base, arguments.name, arguments.version, arguments.folds, arguments.seed)
    rival = rival_probability(expression, training.truth, base)
    folder = arguments.out or MODELS / arguments.name / arguments.version
    card = write_card(training, source, base, rival)
    if arguments.test_expression:
        card += test_once(arguments, expression, (training.model, base))
    model = write_model(training, folder, card)
    trained, other = measure(training.probability, training.truth), measure(rival, training.truth)
    print(f"{folder}: {model.name}, checksum {model.sha256}")
    for key in trained:
        print(f"{key}: {trained[key]:.3f} cross-validated, {other[key]:.3f} by {base.name}")


def read_tumours(path: str, unit: str) -> Expression:
    """Read a matrix, of cBioPortal's layout too; one that bears the name of a published file must be it."""
    name_source(Path(path))
    with tempfile.TemporaryDirectory() as folder:
        return read_expression(plain_matrix(Path(path), Path(folder)), unit)


def test_once(arguments: argparse.Namespace, trained_on: Expression, models: tuple[Model, Model]) -> str:
    """Word how the new model and its base do on tumours that training did not see.

    A model's folder is never written over, so each version is tried on its test once.
    """
    test = read_tumours(arguments.test_expression, arguments.unit)
    shared = sorted(set(test.values.columns) & set(trained_on.values.columns))
    if shared:
        found, expected = ", ".join(shared[:5]), "tumours that training never sees"
        raise InputError(Problem(arguments.test_expression, "samples of the training", found=found, expected=expected))
    labels = read_validation_labels(arguments.test_labels, test.values.columns)
    pages = []
    for model in models:
        counts = count_agreement(call_subtypes(test, model), labels, model, Path(arguments.test_expression).name)
        pages.append(write_page(counts).replace("# Validation of", "# Test, once, of").replace("\n#", "\n##"))
    return "\n## Locked test\n\n#" + "\n#".join(pages)


def read_labels(path: str) -> pd.Series:
    table = read_text_table(path)
    refuse_missing_columns(path, table, ("sample_id", "subtype"))
    return table.set_index("sample_id")["subtype"]


def label_by_nmf(expression: Expression, base: Model, seed: int) -> pd.Series:
    """Label samples by NMF of rank 4; each cluster must be named by a programme of its own."""
    clusters = consensus_nmf(
        variable_genes(expression, 1300), ranks=range(len(CLASSES), len(CLASSES) + 1), seed=seed
    ).clusters
    names = name_clusters(clusters, programme_table(expression, base))
    if sorted(names["name"]) != sorted(CLASSES):
        found = ", ".join(f"{row.samples} samples as {row.name}" for row in names.itertuples(index=False))
        raise InputError(
            Problem(
                "NMF",
                found=f"clusters of {found}",
                expected="one cluster each that A, N, P and I name",
                mend="Label the samples by hand and give --labels.",
            )
        )
    return clusters.map(names.set_index("cluster")["name"])


if __name__ == "__main__":
    run_program(main)
