"""Count treatment-emergent adverse events: patients once at their worst grade, by arm, class, term and grade.

Writes a table with one row per class or term, category (all, serious, related, immune_related, stopped …),
grade band (any, 1 to 5, >=3) and arm: patients n of N, percent, events, and the rate per 100 patient-years at risk.
What is not counted is told on the standard error. --exposure-out takes how long patients were on treatment, in days and
cycles, --shifts-out the worst grade of each term against its grade before treatment.

Example:
  python scripts/tabulate_adverse_events.py --patients patients.csv --adverse-events adverse_events.csv --out ae.tsv
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from anpi.adverse_events.exposure import exposure_table
from anpi.adverse_events.shifts import shift_table
from anpi.adverse_events.table import adverse_event_table, safety_set
from anpi.endpoints.rules import DEFAULT, read_rules
from anpi.files.writing import write_table
from anpi.program import run_program
from anpi.tables.clinical import read_clinical


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=Path, required=True, help="patients.csv: one row per patient")
    parser.add_argument("--adverse-events", type=Path, required=True, help="adverse_events.csv: a row an event")
    parser.add_argument(
        "--rules", type=Path, default=DEFAULT, help="the protocol's rules (default: config/endpoints.yaml)"
    )
    parser.add_argument("--out", type=Path, required=True, help="the table to write (.tsv or .csv)")
    parser.add_argument("--exposure-out", type=Path, help="the table of exposure")
    parser.add_argument("--shifts-out", type=Path, help="the table of shifts from the grade before treatment")
    options = parser.parse_args()
    rules = read_rules(options.rules)
    clinical = read_clinical({"patients": options.patients, "adverse_events": options.adverse_events})
    settings = rules.settings["adverse_events"]
    safety = safety_set(clinical, settings, rules.cutoff)
    write_table(options.out, adverse_event_table(safety, settings))
    if options.exposure_out:
        write_table(options.exposure_out, exposure_table(safety, settings["cycle_days"]))
    if options.shifts_out:
        write_table(options.shifts_out, shift_table(safety))
    print(f"{len(safety.events)} events of {len(safety.arms)} treated patients counted", file=sys.stderr)
    for why, number in safety.dropped.items():
        print(f"{number} events left out: {why}", file=sys.stderr)
    for query in clinical.queries:
        print(f"{query.patient_id}: {query.message}", file=sys.stderr)


if __name__ == "__main__":
    run_program(main)
