"""Pair the samples of each patient and measure what changed between them, each pair by itself.

Baseline against on treatment, and against progression: signatures, targets, genes of the plan, programmes, pathways,
cell fractions and the subtype, with the interval that reads and purity leave. A pair that genotypes give to two
persons is refused.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import pandas as pd

from anpi.association.plan import read_plan
from anpi.change.features import (
    COLUMNS,
    SUBTYPE,
    fraction_features,
    gene_features,
    long_features,
    range_features,
    signature_features,
    signature_levels,
    target_features,
    wide_features,
)
from anpi.change.measure import measure_changes
from anpi.change.pairs import gather_facts, make_pairs
from anpi.change.reads import Measure, read_errors, within_errors
from anpi.cohort.sets import of_trial
from anpi.expression.matrix import read_expression
from anpi.files.shipped import REGISTRY
from anpi.files.writing import write_estimates, write_table
from anpi.pathways.progeny import pathway_levels, read_weights
from anpi.program import run_program
from anpi.signatures.registry import read_gmt, read_registry
from anpi.subtypes.calls import class_log_odds, programme_levels, tumour_programmes
from anpi.subtypes.model import DEFAULT, Model, load_model
from anpi.subtypes.profile import make_profile
from anpi.tables.reading import read_facts, read_table
from anpi.targets.levels import FACTOR_OF_SHARE
from anpi.trial.sets import TUMOURS

IN_TUMOUR = "programme_in_tumour"
OF_SHARES = (1.0, 1 / FACTOR_OF_SHARE, FACTOR_OF_SHARE)


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
    parser.add_argument(
        "--tumour",
        choices=TUMOURS,
        default=TUMOURS[0],
        help=f"whose samples stand for patients (default: {TUMOURS[0]})",
    )
    parser.add_argument("--programmes", required=True, help="programmes.tsv")
    parser.add_argument("--scores", required=True, help="scores.tsv")
    parser.add_argument("--targets", required=True, help="targets.tsv")
    parser.add_argument("--fractions", help="fractions.tsv")
    parser.add_argument("--pathways", help="pathways.tsv")
    parser.add_argument(
        "--model", type=Path, default=DEFAULT, help="folder of the model that made the calls (default: the shipped one)"
    )
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
    of_tumour = of_trial(calls, options.tumour)
    facts = gather_facts(samples, patients, verdicts, of_tumour, identity, identity_pairs, purity)
    pairs = make_pairs(samples, verdicts, facts, of_tumour)
    used = pairs[pairs["used"].eq("yes")]
    measured = sorted({*used["from_sample"], *used["to_sample"]})
    features = features_of(options, measured, targets)
    changes = measure_changes(pairs, features, calls)
    write_table(options.out_pairs, pairs)
    write_estimates(options.out_changes, changes)
    print(f"{len(used)} of {len(pairs)} pairs, {len(changes)} changes")


def features_of(options: argparse.Namespace, samples: list[str], targets: pd.DataFrame) -> pd.DataFrame:
    """Return all features of the samples that stand in a pair."""
    programmes, plan, model = read_facts(options.programmes), read_plan(options.plan), load_model(options.model)
    expression = read_expression(options.tpm, "tpm", genes_needed=False)
    counts = read_expression(options.counts, "counts", genes_needed=False) if options.counts else None
    expression = replace(expression, values=expression.values[samples])
    named = dict(zip(expression.genes["symbol"], expression.genes["gene_id"], strict=True))
    scored = set(targets["target"])
    genes = {name: named.get(name, name) for name in plan.settings["change"]["genes"] if name not in scored}
    parts = [
        signature_features(read_facts(options.scores)),
        target_features(targets),
        gene_features(expression.values, genes),
        wide_features(programmes, "programme", [name for name in programmes.columns if name != "sample_id"]),
        wide_features(read_facts(options.calls), SUBTYPE, ["p_A", "p_N", "p_P", "p_I"]),
    ]
    if samples:
        parts.append(range_features([tumour_programmes(expression, model, factor) for factor in OF_SHARES], IN_TUMOUR))
    if options.pathways:
        parts.append(long_features(read_facts(options.pathways), "pathway", "score"))
    if options.fractions:
        parts.append(fraction_features(read_facts(options.fractions)))
    table = pd.concat([part for part in parts if len(part)], ignore_index=True).reindex(columns=COLUMNS)
    table = table[table["sample_id"].isin(samples)]
    if counts is None or not samples:
        return table
    return within_errors(table, read_errors(expression, counts, measures_of(options.gmt, model), samples))


def measures_of(gmt: list[str], model: Model) -> dict[str, Measure]:
    """Return what measures the features of each kind whose limits come from drawn reads."""
    signatures = read_registry(Path(REGISTRY))
    for path in gmt:
        signatures += read_gmt(path)
    of_model = frozenset(model.gene_ids)
    of_signatures = frozenset[str]().union(*(signature.genes["gene_id"] for signature in signatures))
    return {
        "programme": Measure(lambda drawn: programme_levels(make_profile(drawn, model), model), of_model),
        IN_TUMOUR: Measure(lambda drawn: tumour_programmes(drawn, model), of_model),
        SUBTYPE: Measure(lambda drawn: class_log_odds(drawn, model), of_model),
        "signature": Measure(lambda drawn: signature_levels(drawn, signatures), of_signatures),
        "pathway": Measure(pathway_levels, frozenset(read_weights()["gene_id"])),
    }


if __name__ == "__main__":
    run_program(main)
