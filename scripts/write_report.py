"""Write the report of a run: a page to read, a page for each patient, figures with their data, and a workbook.

Reads the tables below --results by their names (clinical/endpoints.tsv, association/results.tsv, and so on); a
section whose table the run does not have says so. Writes to the folder of --out-dir:

  index.html           the report to decide by; needs no network
  details.html         methods, all tables, all tests
  strips.css           where responders and others stand, read by the pages of patients
  genes.js             every gene, read by the page when one is asked for
  patients/<id>.html   one page a patient
  figures/             every figure as SVG and PDF, with the data that it draws as CSV
  tables.xlsx          all tables

The same tables give the same bytes.

Example:
  python scripts/write_report.py --results results --patients patients.csv --plan config/plan.yaml \\
      --rules config/endpoints.yaml --samples samples.tsv --out-dir results/report
"""

from __future__ import annotations

import argparse
from pathlib import Path

from anpi.cohort.facts import threshold
from anpi.files.shipped import ROOT
from anpi.program import run_program
from anpi.provenance import kept_place
from anpi.report.page import TEMPLATES, write_report
from anpi.report.tables import Given, read_run

DEFAULT_TITLE = "Molecular subtypes, immune signatures and efficacy"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", required=True, type=Path, help="folder of the run's results")
    parser.add_argument("--patients", required=True, type=Path, help="patients.csv")
    parser.add_argument(
        "--plan",
        type=Path,
        default=ROOT / "config" / "plan.yaml",
        help="plan.yaml: what was declared (default: the shipped one)",
    )
    parser.add_argument(
        "--rules",
        type=Path,
        default=ROOT / "config" / "endpoints.yaml",
        help="endpoints.yaml: the rules (default: the shipped one)",
    )
    parser.add_argument("--samples", type=Path, help="samples.tsv, when the run has expression")
    parser.add_argument("--adverse-events", type=Path, help="adverse_events.csv, for the pages of patients")
    parser.add_argument("--therapies", type=Path, help="therapies.csv, for the courses of patients")
    parser.add_argument("--own-targets", type=Path, help="list of targets of your own, for their drugs")
    parser.add_argument("--title", default=DEFAULT_TITLE, help=f"what heads the report (default: {DEFAULT_TITLE})")
    parser.add_argument(
        "--threshold",
        action="append",
        default=[],
        type=threshold,
        metavar="FACT=WARN,FAIL",
        help="threshold of quality, as given to judge_samples.py; may be repeated",
    )
    parser.add_argument(
        "--no-alignments",
        action="store_true",
        help="no alignment was measured: what stands in the folder of one is of an earlier run",
    )
    parser.add_argument("--multiqc", help="link to the MultiQC report of the reads, as seen from the report")
    parser.add_argument(
        "--carry",
        nargs="*",
        default=[],
        metavar="TABLE.COLUMN",
        help="extra columns that go along into the workbook (patients.<column>)",
    )
    parser.add_argument(
        "--memory", type=Path, help="folder that remembers pages and figures, so that those that are right are kept"
    )
    parser.add_argument("--threads", type=int, default=1, help="processes that draw and write (default: 1)")
    parser.add_argument("--out-dir", required=True, type=Path, help="folder to write to; made when it lacks")
    arguments = parser.parse_args()
    memory = kept_place(arguments.memory, "write_report.py", TEMPLATES)
    given = Given(
        arguments.results,
        arguments.patients,
        arguments.plan,
        arguments.rules,
        arguments.title,
        arguments.samples,
        arguments.adverse_events,
        arguments.therapies,
        dict(arguments.threshold),
        {"multiqc": arguments.multiqc} if arguments.multiqc else {},
        frozenset(arguments.carry),
        arguments.own_targets,
        not arguments.no_alignments,
    )
    write_report(read_run(given), arguments.out_dir, memory, arguments.threads)


if __name__ == "__main__":
    run_program(main)
