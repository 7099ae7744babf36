"""Call and score the samples of a shard, as the programs of a trial do, without a file of their matrices.

Every table is that of the program that makes it in a trial, byte by byte: subtypes/calls.tsv and tissues.tsv,
immune/scores.tsv, fractions.tsv and pathways.tsv, qc/facts.tsv; and digests.tsv, the SHA-256 of what was read.

Example
-------
python scripts/score_shard.py --samples-dir results/samples --reference-genes results/reference/genes.tsv.gz \
  --listed samples.tsv --out results/shards/0001
"""

import argparse
from pathlib import Path

import pandas as pd

from anpi.expression.assemble import read_summaries, sample_digests, sample_facts
from anpi.expression.genes import read_gene_table
from anpi.expression.matrix import Expression, as_expression
from anpi.expression.sample_list import read_list
from anpi.files.numbers import as_written
from anpi.files.shipped import REGISTRY
from anpi.files.writing import ESTIMATES, PRECISE, write_table
from anpi.fractions.estimate import estimate_fractions
from anpi.pathways.progeny import score_pathways
from anpi.program import run_program
from anpi.progress import say
from anpi.signatures.registry import named_once, read_registry
from anpi.signatures.scores import score_signatures
from anpi.subtypes.calls import call_subtypes, tissue_table
from anpi.subtypes.forest import FOREST, load_forest
from anpi.subtypes.model import DEFAULT, load_model
from anpi.words.lists import plural


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples-dir", required=True, type=Path, help="holds <sample>/genes.parquet and qc.json")
    parser.add_argument("--reference-genes", required=True, type=Path, help="gene table of the reference")
    parser.add_argument("--listed", required=True, type=Path, help="table with sample_id first: the samples in order")
    parser.add_argument("--out", required=True, type=Path, help="folder of the tables to write")
    arguments = parser.parse_args()
    folder, names = arguments.samples_dir, read_list(arguments.listed)

    def write(name: str, table: pd.DataFrame, float_format: str = PRECISE) -> None:
        write_table(arguments.out / f"{name}.tsv", table, float_format)
        say(f"{name} of {plural(len(names), 'sample')}")

    digests, facts = sample_digests(folder, names), sample_facts(folder, names)
    counts, tpm = read_matrices(folder, names, read_gene_table(arguments.reference_genes))
    write("digests", digests)
    write("facts", facts)
    model = load_model(DEFAULT)
    tissues = tissue_table(tpm, model, counted=True)
    write("tissues", tissues)
    write("calls", call_subtypes(tpm, model, None, counts, load_forest(FOREST)))
    del counts
    write("scores", score_signatures(tpm, named_once(read_registry(REGISTRY))))
    write("fractions", estimate_fractions(tpm, tumour=True, tissues=tissues), ESTIMATES)
    write("pathways", score_pathways(tpm), ESTIMATES)


def read_matrices(folder: Path, names: list[str], genes: pd.DataFrame) -> list[Expression]:
    """Read counts and TPM, with the digits that a matrix in a file has."""
    matrices = zip(("counts", "tpm"), read_summaries(folder, names, genes), strict=True)
    return [as_expression(as_written(values), unit, f"{unit} of the shard") for unit, values in matrices]


if __name__ == "__main__":
    run_program(main)
