"""Return what differs between two runs: patients and samples, calls, endpoints with reasons, results, plan, software.

A run is a results folder, a frozen copy of one, or one entry of a ledger (results/ledger/0003-….json).

Examples:
  python scripts/compare_runs.py results results_of_last_year
  python scripts/compare_runs.py frozen/2026-06 results
  python scripts/compare_runs.py results/ledger/0001-*.json results/ledger/0004-*.json
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from anpi.ledger.compare import compare_runs
from anpi.ledger.entries import read_run
from anpi.ledger.words import text_of
from anpi.program import run_program


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path, help="the earlier run")
    parser.add_argument("after", type=Path, help="the later run")
    parser.add_argument("--json", action="store_true", help="the comparison as JSON, with all rows")
    options = parser.parse_args()
    old, new = read_run(options.before), read_run(options.after)
    changes = compare_runs(old, new)
    if options.json:
        sys.stdout.write(json.dumps(changes, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
    else:
        names = [f"{path} ({entry.words})" for path, entry in ((options.before, old), (options.after, new))]
        sys.stdout.write(text_of(changes, f"From {names[0]} to {names[1]}"))


if __name__ == "__main__":
    run_program(main)
