"""Score what single tumours offer to therapies: targets, checkpoints, predictors, antigen presentation.

Each sample by itself, against locked quartiles of small cell lung cancer. This is no advice on treatment: expression of
a target is not response to a drug, and for most targets no limit of RNA is established.

Example
-------
python scripts/score_targets.py --expression tpm.tsv.gz --unit tpm --counts counts.tsv.gz --out targets.tsv
"""

import argparse
from pathlib import Path

import pandas as pd

from anpi.expression.arguments import add_expression, given_expression
from anpi.expression.by_sample import of_samples, sample_keys, tables_by_sample
from anpi.expression.matrix import Expression, read_expression
from anpi.expression.sample_table import read_sample_table, read_tissues
from anpi.files.kept import keeping
from anpi.files.writing import ESTIMATES, write_text
from anpi.program import run_program
from anpi.provenance import add_kept, kept_place
from anpi.subtypes.calls import tissue_table
from anpi.subtypes.model import DEFAULT, load_model
from anpi.tables.reading import read_facts
from anpi.tables.targets import TARGETS
from anpi.targets.levels import score_targets
from anpi.targets.lists import read_targets
from anpi.targets.purity import choose_purity


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_expression(parser)
    parser.add_argument("--counts", help="matrix of counts of the same samples: for intervals of read depth")
    parser.add_argument("--calls", help="calls.tsv: its column purity (0 to 1), where it has one")
    parser.add_argument("--tissues", help="tissues.tsv: shares of normal tissue (default: estimated anew)")
    parser.add_argument("--targets", type=Path, default=TARGETS, help="list of targets (default: the shipped one)")
    parser.add_argument("--own", type=Path, help="list of targets of your own, scored beside them")
    add_kept(parser)
    parser.add_argument("--out", required=True, help="table of targets to write")
    arguments = parser.parse_args()

    targets = read_targets(arguments.targets, arguments.own)
    expression = given_expression(arguments)
    counts = read_expression(arguments.counts, "counts", genes_needed=False) if arguments.counts else None
    calls = read_sample_table(arguments.calls, limits={"purity": (0, 1)}) if arguments.calls else None
    tissues = read_tissues(arguments.tissues) if arguments.tissues else estimate_tissues(expression, counts is not None)
    purity = choose_purity(calls, tissues)

    def compute(samples: list[str]) -> list[pd.DataFrame]:
        part, counted = of_samples(expression, samples), counts and of_samples(counts, samples)
        return [score_targets(part, targets, counted, purity)]

    own = [path for path in (arguments.targets, arguments.own) if path]
    with keeping(kept_place(arguments.kept, "score_targets.py", *own)) as kept:
        keys = sample_keys(kept, expression, counts, [purity.rename_axis("sample_id").reset_index(name="purity")])
        (text,) = tables_by_sample(kept, keys, compute, ESTIMATES)
    write_text(arguments.out, text)
    table = read_facts(arguments.out)
    print(f"{table['sample_id'].nunique()} samples, {len(targets)} targets: {table['level'].value_counts().to_dict()}")


def estimate_tissues(expression: Expression, counted: bool):
    """Return the shares of normal tissue of each sample by the shipped subtype model."""
    return tissue_table(expression, load_model(DEFAULT), counted)


if __name__ == "__main__":
    run_program(main)
