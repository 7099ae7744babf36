"""Describe a run, and compare it with the last one of another state.

Reads the tables below --results and the files of the user. Writes

  --out-state    the state of the run as JSON: checksums of inputs, versions, plan, rules, sets, verdicts, calls,
                 endpoints with reasons, results; the same inputs give the same bytes
  --out-changes  the comparison with the last entry of the ledger that differs from it
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from anpi.files.bucket import kept_copy
from anpi.files.writing import write_json
from anpi.ledger.arguments import named_file
from anpi.ledger.compare import compare_runs
from anpi.ledger.entries import Entry, last_different, read_entries, state_digest
from anpi.ledger.kept import fetch_entries
from anpi.ledger.leftovers import find_leftovers
from anpi.ledger.state import build_state
from anpi.program import run_program
from anpi.trial.results import made_of_samples


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--settings", required=True, type=json.loads, help="the config as JSON, defaults included")
    parser.add_argument(
        "--inputs", nargs="*", default=[], type=named_file, metavar="KEY=PATH", help="files of the user, by config key"
    )
    parser.add_argument("--plan", required=True, type=Path, help="plan.yaml of the run")
    parser.add_argument("--rules", required=True, type=Path, help="endpoints.yaml of the run")
    parser.add_argument(
        "--samples",
        required=True,
        type=made_of_samples,
        metavar="JSON",
        help="samples that take part, by the files that the run makes of each",
    )
    parser.add_argument("--results", required=True, type=Path, help="folder of the results")
    parser.add_argument("--ledger", type=Path, help="folder with the entries of earlier runs (that of --out-state)")
    parser.add_argument("--out-state", required=True, type=Path, help="JSON file, in the folder of the ledger")
    parser.add_argument("--out-changes", required=True, type=Path, help="JSON file")
    options = parser.parse_args()
    inputs = dict(options.inputs)
    state = build_state(options.settings, inputs, options.plan, options.rules, options.results, options.samples)
    present = Entry(state, state_digest(state))
    ledger = options.ledger or options.out_state.parent
    fetch_entries(ledger, kept_copy(ledger))
    earlier = last_different(read_entries(ledger), present.sha256)
    changes = compare_runs(earlier, present)
    changes["leftovers"] = find_leftovers(options.results, options.samples)
    write_json(options.out_changes, changes)
    write_json(options.out_state, state)


if __name__ == "__main__":
    run_program(main)
