"""Turn ADaM datasets (CSV or SAS transport files) into the project's clinical tables.

Writes patients.csv and, as given, therapies.csv, assessments.csv, lesions.csv and adverse_events.csv to --out-dir.
What is left out or filled in is told on the standard error. Variables that look like direct identifiers (BRTHDTC) are
refused: drop them, or allow them by name (ANPI_ALLOW_COLUMNS=adsl.BRTHDTC); they are in no table that is written.
docs/methods/endpoints.md has the table of what becomes what.

Example:
  python scripts/convert_adam.py --adsl adsl.xpt --adrs adrs.xpt --adae adae.xpt --out-dir config/clinical
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from anpi.files.writing import write_table
from anpi.program import run_program
from anpi.tables.adam import convert_adam


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--adsl", type=Path, required=True, help="subject level: arms, treatment, death")
    parser.add_argument("--adrs", type=Path, help="responses, one row per scan and parameter (or RS made wide)")
    parser.add_argument("--adtr", type=Path, help="lesions, one row per lesion, scan and measurement (or TR with TU)")
    parser.add_argument("--adtte", type=Path, help="times to event as the sponsor derived them; CNSR 0 = event")
    parser.add_argument("--adae", type=Path, help="adverse events")
    parser.add_argument("--out-dir", type=Path, required=True, help="folder for the tables; made when it lacks")
    options = parser.parse_args()
    names = ("adsl", "adrs", "adtr", "adtte", "adae")
    converted = convert_adam({name.upper(): getattr(options, name) for name in names})
    for table, frame in converted.tables.items():
        write_table(options.out_dir / f"{table}.csv", frame)
        print(f"{table}.csv: {len(frame)} rows", file=sys.stderr)
    for note in converted.notes:
        print(note, file=sys.stderr)


if __name__ == "__main__":
    run_program(main)
