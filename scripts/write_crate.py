"""Describe a finished run as a Workflow Run RO-Crate: ro-crate-metadata.json over the results folder, in place.

Writes beside it a copy of the workflow's wiring (Snakefile and rules), the only files that it adds. The same run gives
the same bytes; nothing in it names a machine, a user or a place.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from anpi.files.bucket import kept_copy
from anpi.files.intact import MEND
from anpi.files.writing import write_json
from anpi.ledger.crate import build_crate, copy_wiring
from anpi.ledger.kept import fetch_entries
from anpi.manifest import read_manifest, read_recorded
from anpi.program import run_program

NEEDED = (
    "anpi",
    "commit",
    "code",
    "settings",
    "software",
    "inputs",
    "given_as",
    "reads",
    "steps",
    "results",
    "made_by",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", required=True, type=Path, help="folder of the results")
    parser.add_argument("--manifest", required=True, type=Path, help="manifest.json of the run")
    parser.add_argument("--recorded", required=True, type=Path, help="ledger/recorded.json of the run")
    parser.add_argument("--ledger", required=True, type=Path, help="folder with the entries of runs")
    parser.add_argument("--workflow", required=True, type=Path, help="folder for the wiring, below the results")
    parser.add_argument("--out", required=True, type=Path, help="ro-crate-metadata.json, in the results folder")
    options = parser.parse_args()
    manifest = read_manifest(options.manifest, NEEDED, MEND)
    recorded = read_recorded(options.recorded)
    copy_wiring(options.workflow)
    fetch_entries(options.ledger, kept_copy(options.ledger))
    write_json(options.out, build_crate(options.results, manifest, recorded, options.workflow, options.ledger))


if __name__ == "__main__":
    run_program(main)
