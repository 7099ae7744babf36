"""Pair the samples of each patient and measure what changed between them, each pair by itself.

Baseline against on treatment, and against progression: signatures, targets, genes of the plan, programmes, cell
fractions and the subtype, with the interval that reads and purity leave. A pair that genotypes give to two persons is
refused.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from anpi.association.plan import read_plan
from anpi.change.features import (
    COLUMNS,
    fraction_features,
    gene_features,
    score_errors,
    signature_features,
    target_features,
    wide_features,
)
from anpi.change.measure import measure_changes
from anpi.change.pairs import gather_known, make_pairs
from anpi.expression.matrix import read_expression
from anpi.files.shipped import REGISTRY
from anpi.files.writing import write_estimates, write_table
from anpi.program import run_program
from anpi.signatures.registry import read_gmt, read_registry
from anpi.tables.reading import read_facts, read_table


def main() -> None:
    """Parse the arguments, make pairs, measure changes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", required=True, help="samples.tsv")
    parser.add_argument("--patients", required=True, help="patients.csv, for the start of treatment")
    parser.add_argument("--plan", required=True, help="plan.yaml: its block change names genes")
    parser.add_argument("--verdicts", required=True, help="verdicts.tsv")
    parser.add_argument("--identity", help="identity.tsv")
    parser.add_argument("--identity-pairs", help="identity_pairs.tsv")
    parser.add_argument("--calls", required=True, help="calls.tsv")
    parser.add_argument("--programmes", required=True, help="programmes.tsv")
    parser.add_argument("--scores", required=True, help="scores.tsv")
    parser.add_argument("--targets", required=True, help="targets.tsv")
    parser.add_argument("--fractions", help="fractions.tsv")
    parser.add_argument("--tpm", required=True, help="tpm.tsv.gz")
    parser.add_argument("--counts", help="counts.tsv.gz: for the intervals of read depth")
    parser.add_argument("--gmt", nargs="*", default=[], help="own gene sets that were scored")
    parser.add_argument("--out-pairs", required=True, help="table of pairs to write")
    parser.add_argument("--out-changes", required=True, help="table of changes to write")
    options = parser.parse_args()

    samples, calls = read_table(options.samples, "samples"), read_facts(options.calls)
    targets = read_facts(options.targets)
    purity = targets.drop_duplicates("sample_id").set_index("sample_id")["purity"].astype(float)
    identity, identity_pairs = (
        read_facts(path) if path else None for path in (options.identity, options.identity_pairs)
    )
    verdicts = read_facts(options.verdicts)
    patients = read_table(options.patients, "patients")
    known = gather_known(samples, patients, verdicts, calls, identity, identity_pairs, purity)
    pairs = make_pairs(samples, verdicts, known, calls)
    used = pairs[pairs["used"].eq("yes")]
    measured = sorted({*used["from_sample"], *used["to_sample"]})
    features = features_of(options, measured, targets)
    changes = measure_changes(pairs, features, calls)
    write_table(options.out_pairs, pairs)
    write_estimates(options.out_changes, changes)
    print(f"{len(used)} of {len(pairs)} pairs, {len(changes)} changes")


def features_of(options: argparse.Namespace, samples: list[str], targets: pd.DataFrame) -> pd.DataFrame:
    """Return all features of the samples that stand in a pair."""
    scores, programmes = read_facts(options.scores), read_facts(options.programmes)
    plan = read_plan(options.plan)
    expression = read_expression(options.tpm, "tpm", genes_needed=False)
    counts = read_expression(options.counts, "counts", genes_needed=False) if options.counts else None
    errors = None
    if counts is not None and samples:
        signatures = read_registry(Path(REGISTRY))
        for path in options.gmt:
            signatures += read_gmt(path)
        errors = score_errors(expression, counts, signatures, samples)
    named = dict(zip(expression.genes["symbol"], expression.genes["gene_id"], strict=True))
    scored = set(targets["target"])
    own = {name: named.get(name, name) for name in plan.settings["change"]["genes"] if name not in scored}
    parts = [
        signature_features(scores, errors),
        target_features(targets),
        gene_features(expression.values[samples], own),
        wide_features(programmes, "programme", [name for name in programmes.columns if name != "sample_id"]),
        wide_features(read_facts(options.calls), "subtype", ["p_A", "p_N", "p_P", "p_I"]),
    ]
    if options.fractions:
        parts.append(fraction_features(read_facts(options.fractions)))
    table = pd.concat([part for part in parts if len(part)], ignore_index=True)
    return table.reindex(columns=COLUMNS)[table["sample_id"].isin(samples)]


if __name__ == "__main__":
    run_program(main)
