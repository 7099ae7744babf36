"""Prove that nothing vanished: reads, transcripts, rows, samples and patients are used, asked about or left out.

Writes accounts.tsv. An account that does not close ends the program with its words and with code 2.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd

from anpi.accounts.account import account_table, refuse_open
from anpi.accounts.of_people import patient_accounts, sample_account
from anpi.accounts.of_tables import table_accounts
from anpi.endpoints.observations import observe
from anpi.endpoints.rules import DEFAULT, read_rules
from anpi.files.writing import write_table
from anpi.program import run_program
from anpi.tables.clinical import TABLES, read_clinical
from anpi.tables.reading import read_facts, read_facts_below
from anpi.tables.sheets import read_samples


def main() -> None:
    arguments = parse()
    rules = read_rules(arguments.rules)
    paths = {table: getattr(arguments, table) for table in TABLES}
    clinical = read_clinical(paths)
    results = {name: read_facts(path) for name in RESULTS if (path := getattr(arguments, name)) is not None}
    tables = [read_facts_below(arguments.of_samples)] if arguments.of_samples else []
    accounts = list(table_accounts(paths, clinical, observe(clinical, rules), rules, renamed(results)))
    if arguments.samples:
        accounts.append(sample_account(read_samples(arguments.samples), results["verdicts"]))
    accounts += patient_accounts(clinical.patients, results["endpoints"], results["sets"])
    table = pd.concat([*tables, account_table(accounts)], ignore_index=True)
    refuse_open(table)
    write_table(arguments.out, table)
    print(f"{len(table)} accounts close", file=sys.stderr)


RESULTS = ("endpoints", "timepoints", "sets", "verdicts", "events")


def renamed(results: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Call the result of adverse events as its table is called."""
    return {("adverse_events" if name == "events" else name): table for name, table in results.items()}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for table in TABLES:
        option = f"--{table.replace('_', '-')}"
        parser.add_argument(option, type=Path, required=table == "patients", help=f"{table}.csv of the trial")
    parser.add_argument("--rules", type=Path, default=DEFAULT, help="endpoints.yaml (default: the shipped one)")
    parser.add_argument("--endpoints", type=Path, required=True, help="clinical/endpoints.tsv")
    parser.add_argument("--timepoints", type=Path, required=True, help="clinical/timepoints.tsv")
    parser.add_argument("--events", type=Path, help="clinical/adverse_events.tsv")
    parser.add_argument("--sets", type=Path, required=True, help="analysis/sets.tsv")
    parser.add_argument("--samples", type=Path, help="samples.tsv")
    parser.add_argument("--verdicts", type=Path, help="qc/verdicts.tsv")
    parser.add_argument("--of-samples", type=Path, nargs="*", default=[], help="accounts.tsv of each quantified sample")
    parser.add_argument("--out", type=Path, required=True, help="accounts.tsv")
    return parser.parse_args()


if __name__ == "__main__":
    run_program(main)
