"""Add the present state of a run to its ledger, unless the last entry holds the same state.

An entry is a JSON file with a number, the date and a checksum; it is written whole or not at all and never changed.
Where the results of the run are stored in a bucket, so is the entry.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from anpi.files.bucket import kept_copy
from anpi.files.writing import write_json
from anpi.ledger.entries import read_entry
from anpi.ledger.kept import record
from anpi.program import run_program


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", required=True, type=Path, help="state of the run, as describe_run.py wrote it")
    parser.add_argument("--ledger", required=True, type=Path, help="folder of the ledger; made when it lacks")
    parser.add_argument("--out", required=True, type=Path, help="JSON file that names the entry of the present state")
    options = parser.parse_args()
    entry = record(options.ledger, read_entry(options.state).state, kept=kept_copy(options.ledger))
    write_json(options.out, {"entry": entry.file, "number": entry.number, "date": entry.date, "sha256": entry.sha256})


if __name__ == "__main__":
    run_program(main)
