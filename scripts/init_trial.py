"""Turn a folder of reads and clinical exports as people have them into a checked trial: config, sheets, tables.

Reads (--reads): a folder with FASTQ, BAM, CRAM or salmon results (also that of an nf-core/rnaseq run), or with a
matrix of expression; or the matrix itself. Clinical files (--clinical): workbooks (.xlsx, all their sheets), text with
commas, semicolons or tabs, ADaM and SDTM datasets (.xpt or text).

Writes to --out: config.yaml with all that it names (samples.tsv, units.tsv, clinical/*.csv, endpoints.yaml with the
data cut-off, plan.yaml), mapping.yaml (what was decided, read for the next delivery) and conversion.tsv (a row each
change: file, sheet, row, column, from, to, why). What the files do not tell is asked: at a terminal, else in
answers.yaml, with exit code 2 and nothing else written. Fill it in, and run again.

Example:
  python scripts/init_trial.py --reads fastq --clinical export.xlsx adverse_events.csv --out trial/config
  snakemake -n --directory trial
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from anpi.check import check_run
from anpi.delivery.decisions import template
from anpi.delivery.trial import MAPPING, QUESTIONS, earlier_answers, settle, write_trial
from anpi.files.writing import write_text
from anpi.program import run_program
from anpi.words.lists import plural


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reads", type=Path, help="folder with the reads, or a matrix; none for clinical tables alone")
    parser.add_argument("--clinical", type=Path, nargs="+", required=True, metavar="FILE", help="clinical exports")
    parser.add_argument("--out", type=Path, required=True, help="folder for the trial's config and tables")
    parser.add_argument("--answers", type=Path, help=f"{QUESTIONS}, filled in, or {MAPPING} of an earlier delivery")
    return parser.parse_args()


def main() -> None:
    arguments = read_arguments()
    decisions = earlier_answers(arguments.out, arguments.answers)
    proposal = settle(arguments.reads, arguments.clinical, decisions, input if sys.stdin.isatty() else None)
    print("\n".join(proposal.said))
    print("\n".join(["Decided:", *(f"  {name}: {value}" for name, value in proposal.decisions.made.items())]))
    questions = list(proposal.decisions.open.values())
    if questions:
        write_text(arguments.out / QUESTIONS, template(questions, decisions.answers))
        print(f"\n{plural(len(questions), 'question')}, in {arguments.out / QUESTIONS}:", file=sys.stderr)
        for question in questions:
            print(f"  - {question.name}: {question.text}", file=sys.stderr)
        sys.exit(2)
    write_trial(arguments.out, proposal, check_run)
    print(f"\n{plural(len(proposal.conversions.rows), 'conversion')}, in {arguments.out / 'conversion.tsv'}:")
    print("\n".join(f"  {number} {why}" for why, number in proposal.conversions.counts()))
    print(f"\nThe trial is checked. See what a run would do: snakemake -n --configfile {arguments.out / 'config.yaml'}")


if __name__ == "__main__":
    run_program(main)
