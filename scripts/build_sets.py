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
    parser.add_argument("--patients", required=True, type=Path)
    parser.add_argument("--endpoints", required=True, type=Path)
    parser.add_argument("--samples", type=Path, help="sample sheet; absent when the run has no expression")
    parser.add_argument("--verdicts", type=Path)
    parser.add_argument("--calls", type=Path)
    parser.add_argument("--tumour", choices=TUMOURS, default=TUMOURS[0], help="whose samples stand for patients")
    parser.add_argument("--out-sets", required=True, type=Path)
    parser.add_argument("--out-attrition", required=True, type=Path)
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
