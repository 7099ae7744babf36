"""Derive RECIST 1.1 endpoints from a trial's clinical tables: best response, PFS, OS, DoR, TTR, each with its reason.

Writes to the folder of --out-dir:
  endpoints.tsv   one row per patient: responses, times, events, dates and reasons
  timepoints.tsv  one row per patient and scan: sums, nadir, change, derived and reported responses
  queries.tsv     questions for the data manager
  concordance.tsv agreement of several evaluators; without rows when there is one
  estimands.tsv   PFS under every declared combination of strategies for intercurrent events
  rates.tsv       ORR and DCR with exact intervals, medians and landmarks, by arm and overall
  adtte.csv, adrs.csv   the endpoints in the shape of ADaM ADTTE and ADRS (CNSR 0 = event)

Example:
  python scripts/derive_endpoints.py --patients patients.csv --assessments assessments.csv --out-dir results/clinical
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd

from anpi.endpoints.adam_shape import adrs, adtte
from anpi.endpoints.derive import derive_endpoints
from anpi.endpoints.estimands import check_estimands, estimand_columns, estimand_table
from anpi.endpoints.evaluators import beside, concordance_table, other_readers, reader_queries, readings_beside
from anpi.endpoints.observations import observe
from anpi.endpoints.queries import SEVERITIES, find_queries, query_key, query_table
from anpi.endpoints.rates import rate_table
from anpi.endpoints.readers import primary_evaluator
from anpi.endpoints.rules import DEFAULT, read_rules
from anpi.endpoints.timepoints import timepoint_table
from anpi.files.writing import write_table
from anpi.program import run_program
from anpi.tables.clinical import TABLES, read_clinical


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=Path, required=True, help="patients.csv: one row per patient")
    parser.add_argument("--assessments", type=Path, help="assessments.csv: one row per scan with its overall response")
    parser.add_argument(
        "--lesions", type=Path, help="lesions.csv: one row per lesion and scan; responses are derived from it"
    )
    parser.add_argument("--therapies", type=Path, help="therapies.csv: anticancer therapies begun after the trial's")
    parser.add_argument("--adverse-events", type=Path, help="adverse_events.csv: checked for queries only")
    parser.add_argument("--biomarkers", type=Path, help="biomarkers.csv: checked for queries only")
    parser.add_argument(
        "--rules", type=Path, default=DEFAULT, help="the protocol's rules (default: config/endpoints.yaml)"
    )
    parser.add_argument("--out-dir", type=Path, required=True, help="folder for the tables; made when it lacks")
    options = parser.parse_args()
    rules = read_rules(options.rules)
    clinical = read_clinical({table: getattr(options, table) for table in TABLES})
    check_estimands(clinical, rules)
    seen = observe(clinical, rules)
    endpoints = derive_endpoints(clinical, seen, rules)
    readers, first = other_readers(clinical, rules), primary_evaluator(clinical, rules)
    endpoints = pd.concat([endpoints, estimand_columns(clinical, seen, rules, endpoints["patient_id"])], axis=1)
    queries = find_queries(clinical, seen, endpoints, rules)
    queries = sorted([*queries, *reader_queries(endpoints, seen, readers, rules, first)], key=query_key)
    points = readings_beside(timepoint_table(seen, queries), seen, readers, rules.settings["scans"]["window_days"])
    write_table(options.out_dir / "endpoints.tsv", beside(endpoints, readers))
    write_table(options.out_dir / "timepoints.tsv", points)
    write_table(options.out_dir / "concordance.tsv", concordance_table(endpoints, seen, readers, rules, first))
    write_table(options.out_dir / "queries.tsv", query_table(queries))
    write_table(options.out_dir / "estimands.tsv", estimand_table(clinical, endpoints, rules))
    write_table(options.out_dir / "rates.tsv", rate_table(endpoints, rules))
    write_table(options.out_dir / "adtte.csv", adtte(endpoints, seen, rules))
    write_table(options.out_dir / "adrs.csv", adrs(endpoints, seen))
    asked = {severity: sum(query.severity == severity for query in queries) for severity in SEVERITIES}
    told = ", ".join(f"{severity} {number}" for severity, number in asked.items())
    print(f"{len(endpoints)} patients, {len(seen.timepoints)} scans; queries: {told}", file=sys.stderr)


if __name__ == "__main__":
    run_program(main)
