"""Take a withdrawn patient out of the ledger for good: ids, calls, endpoints and digests, in every entry.

The patient must be out of the tables already, and the run ended without him or her. What the patient's samples left in
the results folder goes too. Run Snakemake again afterwards: the report is then written without naming the patient.

Out of reach, and named here so that they are not forgotten: frozen copies, backups, the records of Snakemake in
.snakemake, and the files of reads.

Example:
  python scripts/purge_patient.py results P007
"""

from __future__ import annotations

import argparse
from pathlib import Path

from anpi.ledger.purge import purge_patient
from anpi.program import run_program


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="folder of the results")
    parser.add_argument("patient", help="patient_id, as the tables had it")
    options = parser.parse_args()
    for line in purge_patient(options.results, options.patient):
        print(line)
    print("Not touched: frozen copies, backups, .snakemake, the reads.")


if __name__ == "__main__":
    run_program(main)
