"""Test the declared associations of biomarkers with the trial's endpoints.

Reads the plan and tests what it declares, nothing else. Writes to the output folder:

  results.tsv             every test and estimate, with its set, method and warning
  survival.tsv            medians, rates, restricted means and follow-up by group, in months
  curves.tsv              coordinates of the Kaplan-Meier curves and numbers at risk
  response.tsv            responders by group and arm, with exact intervals
  sensitivity.tsv         the primary and secondary answers under other choices
  influence.tsv           the primary answer without each patient in turn
  representativeness.tsv  patients with a biomarker against all treated
  detectable.tsv          hazard ratios that would have been shown with 80% power
  estimands.tsv           the range of the primary answer over other rules, iRECIST and evaluators
  subgroups.tsv           the primary answer within subgroups
  incidence.tsv           cumulative incidence of response and immune-related events
  agreement.tsv           markers of proteins against the RNA of their genes
  published.tsv           signatures beside published cohorts, pooled with random effects
  statements.json         changes of the plan, and the tests made and not made by family

A plan that names an unknown signature, set, covariate or an endpoint that is not derived is refused in words.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from anpi.association.plan import check_plan, read_plan
from anpi.association.trial import known_signatures, read_trial
from anpi.association.write import write_associations
from anpi.files.kept import keeping
from anpi.files.shipped import REGISTRY
from anpi.program import run_program
from anpi.provenance import add_kept, kept_place
from anpi.tables.clinical import REFERENCES
from anpi.tables.reading import read_facts


def main() -> None:
    """Parse the arguments, check the plan, run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plan", required=True, help="plan.yaml: the declared tests")
    parser.add_argument("--endpoints", required=True, help="endpoints.tsv: one row a patient")
    parser.add_argument("--sets", required=True, help="sets.tsv: who belongs to which analysis set")
    parser.add_argument("--patients", required=True, help="patients.csv")
    parser.add_argument("--calls", help="calls.tsv: subtype of each sample")
    parser.add_argument("--scores", help="scores.tsv: signature scores, one row a sample and signature")
    parser.add_argument("--tpm", help="tpm.tsv.gz, for genes that the plan names")
    parser.add_argument("--genes", help="genes.tsv: gene_id and symbol of the matrix")
    parser.add_argument("--samples", help="samples.tsv: batch and site, to look for confounding")
    parser.add_argument("--adverse-events", help="adverse_events.csv, for immune-related events against survival")
    parser.add_argument("--biomarkers", help="biomarkers.csv, for markers that the plan names")
    parser.add_argument(
        "--registry", default=str(REGISTRY), help="table of known signatures (default: the shipped one)"
    )
    parser.add_argument("--history", help="file that keeps the plans used, to note a change (default: in the folder)")
    add_kept(parser)
    parser.add_argument(
        "--reference",
        choices=REFERENCES,
        default=REFERENCES[0],
        help="endpoints count from it (default: treatment_start)",
    )
    parser.add_argument("--out-dir", required=True, help="folder for the tables")
    options = parser.parse_args()
    plan = read_plan(options.plan)
    trial = read_trial(
        options.patients,
        options.endpoints,
        options.sets,
        options.calls,
        options.scores,
        options.tpm,
        options.genes,
        options.samples,
        options.adverse_events,
        options.biomarkers,
        options.reference,
    )
    registry = known_signatures(read_facts(options.registry), trial)
    names = trial.set_names()
    empty = [name for name in names if trial.members(name).empty]
    derived = list(trial.endpoints.columns)
    check_plan(plan, registry, trial.patients, trial.samples, names, derived, empty, list(trial.markers))
    out = Path(options.out_dir)
    history = Path(options.history or out / "plan_history.json")
    with keeping(kept_place(options.kept, "test_associations.py")) as kept:
        write_associations(plan, trial, registry, out, history, kept)


if __name__ == "__main__":
    run_program(main)
