"""Take a withdrawn patient out of the ledger for good: ids, calls, endpoints and digests, in every entry.

The patient must be out of the tables already, and the run ended without him or her. What the patient's samples left in
the results folder goes too. Run Snakemake again afterwards: the report is then written without naming the patient.

Out of reach, and named here so that they are not forgotten: frozen copies, backups, the records of Snakemake in
.snakemake, the files of reads, tables that shards.smk laid together, older versions in a bucket that keeps them.

Where the results are stored in a bucket, name their folder there too: the copies of the entries, the pages and what
the samples left go there as well. Keys come from the environment, as for Snakemake.

Examples:
  python scripts/purge_patient.py results P007
  python scripts/purge_patient.py results P007 --stored s3://bucket/trial/results
"""

from __future__ import annotations

import argparse
from pathlib import Path

from anpi.files.bucket import open_bucket
from anpi.ledger.purge import purge_patient
from anpi.program import run_program


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="folder of the results")
    parser.add_argument("patient", help="patient_id, as the tables had it")
    parser.add_argument("--stored", metavar="URL", help="folder of the results in a bucket: s3://bucket/trial/results")
    parser.add_argument("--endpoint-url", metavar="URL", help="server of the bucket, when it is not AWS")
    options = parser.parse_args()
    stored = open_bucket(options.stored, options.endpoint_url) if options.stored else None
    for line in purge_patient(options.results, options.patient, stored):
        print(line)
    bucket = ", what a versioned bucket keeps of them, other folders that the run was started in" if stored else ""
    print(f"Not touched: frozen copies, backups, .snakemake, the reads, tables of shards.smk{bucket}.")


if __name__ == "__main__":
    run_program(main)
