"""Build the analysis sets and the attrition table from patients, samples, verdicts, calls and endpoints."""

from __future__ import annotations

import argparse
from pathlib import Path

from anpi.cohort.sets import build_attrition, build_sets, of_trial
from anpi.files.writing import write_table
from anpi.program import run_program
from anpi.tables.reading import read_facts, read_table
from anpi.trial.sets import TUMOURS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", required=True, type=Path, help="patients.csv of the trial")
    parser.add_argument("--endpoints", required=True, type=Path, help="clinical/endpoints.tsv")
    parser.add_argument("--samples", type=Path, help="sample sheet; absent when the run has no expression")
    parser.add_argument("--verdicts", type=Path, help="qc/verdicts.tsv")
    parser.add_argument("--calls", type=Path, help="subtypes/calls.tsv")
    parser.add_argument(
        "--tumour",
        choices=TUMOURS,
        default=TUMOURS[0],
        help=f"whose samples stand for patients (default: {TUMOURS[0]})",
    )
    parser.add_argument("--out-sets", required=True, type=Path, help="table to write: who is in which set, by patient")
    parser.add_argument("--out-attrition", required=True, type=Path, help="table to write: how many each step leaves")
    arguments = parser.parse_args()
    patients = read_table(arguments.patients, "patients")
    endpoints = read_facts(arguments.endpoints)
    samples = read_table(arguments.samples, "samples") if arguments.samples else None
    verdicts = read_facts(arguments.verdicts) if arguments.verdicts else None
    calls = of_trial(read_facts(arguments.calls) if arguments.calls else None, arguments.tumour)
    sets = build_sets(patients, endpoints, samples, verdicts, calls)
    write_table(arguments.out_sets, sets)
    write_table(arguments.out_attrition, build_attrition(sets, samples, calls))


if __name__ == "__main__":
    run_program(main)
