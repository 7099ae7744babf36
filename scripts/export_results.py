"""Write the results of a finished run in a format of other people's tools.

  cbioportal    a study folder for cBioPortal
  ars           CDISC Analysis Results Standard, the flat results beside it, and an R script that computes them anew
  definexml     ADaM datasets (CSV, Dataset-JSON) with define.xml
  gct           GCT 1.3, for Morpheus and GenePattern
  parquet       typed tables, for DuckDB, Spark, polars and R's arrow
  mudata        h5mu, for muon
  phenopackets  GA4GH Phenopackets v2, a file a patient
  sbom          CycloneDX, what the installation is made of

Results that changed since the run are refused: what is exported is what the manifest describes. Beside the files stands
export_<format>.json: what they were made from, their checksums, and in words what could not be exported.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from anpi.exports.ars import write_ars
from anpi.exports.cbioportal import write_cbioportal
from anpi.exports.define_xml import write_define
from anpi.exports.finished_run import FinishedRun
from anpi.exports.folder import export
from anpi.exports.gct import write_gct
from anpi.exports.mudata_file import write_mudata
from anpi.exports.parquet import write_parquet
from anpi.exports.phenopackets import write_phenopackets
from anpi.exports.sbom import write_sbom
from anpi.ledger.arguments import named_file
from anpi.program import run_program

FORMATS = {
    "cbioportal": write_cbioportal,
    "ars": write_ars,
    "definexml": write_define,
    "gct": write_gct,
    "parquet": write_parquet,
    "mudata": write_mudata,
    "phenopackets": write_phenopackets,
    "sbom": write_sbom,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", required=True, type=Path, help="folder of the results of a finished run")
    parser.add_argument("--format", required=True, choices=FORMATS, help="format to write")
    parser.add_argument("--out", required=True, type=Path, help="folder to write to")
    parser.add_argument("--study", help="identifier of the study (default: from the title of the run)")
    parser.add_argument(
        "--inputs", nargs="*", default=[], type=named_file, metavar="KEY=PATH",
        help="tables that the run was made from, by the key of the config (default: where the manifest says)",
    )  # fmt: skip
    options = parser.parse_args()
    run = FinishedRun(options.results, dict(options.inputs), options.study)
    if run.manifest["settings"].get("private"):
        os.umask(0o027)
    export(run, options.format, FORMATS[options.format], options.out)
    for note in run.notes:
        print(note, file=sys.stderr)
    print(f"{options.format}: written to {options.out}", file=sys.stderr)


if __name__ == "__main__":
    run_program(main)
