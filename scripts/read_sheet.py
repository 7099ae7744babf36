"""Read a sheet of a workbook as text and write it as CSV, each row in the line of its number.

Nothing is evaluated: of a formula the value counts that the workbook holds. See docs/security.md for the bounds.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

from anpi.files.writing import text_file
from anpi.program import run_program
from anpi.tables.workbook import read_sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workbook", required=True, type=Path, help="the .xlsx file")
    parser.add_argument("--sheet", required=True, help="name of the sheet")
    parser.add_argument("--out", required=True, type=Path, help="CSV file")
    options = parser.parse_args()
    rows = read_sheet(options.workbook, options.sheet)
    with text_file(options.out) as out:
        writer = csv.writer(out, lineterminator="\n")
        for number in range(1, max(rows, default=0) + 1):
            writer.writerow(rows.get(number, []))


if __name__ == "__main__":
    run_program(main)
