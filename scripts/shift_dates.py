"""Take calendar dates out of clinical tables: move the dates of each patient by one number of days, or count days.

  --secret-file FILE   moves all dates of a patient by one random number of days, drawn by the secret in the file
                       (make one: openssl rand -hex 32 > secret.txt). The same secret moves later tables alike.
  --days               writes study days instead (columns *_day; day 1 = start of treatment, there is no day 0)

Endpoints made from the new tables are those made from the old ones. The data cut-off of endpoints.yaml is a calendar
date, so it becomes a column of patients.csv, and a copy of endpoints.yaml without it is written beside the tables: use
that copy. Dates within a text cannot be moved; they are told and nothing is written.

Example:
  python scripts/shift_dates.py --patients patients.csv --assessments assessments.csv --samples samples.tsv \\
      --rules config/endpoints.yaml --secret-file secret.txt --key kept/key.csv --out-dir shifted
"""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

import pandas as pd

from anpi.endpoints.rules import Rules, read_rules
from anpi.files.writing import write_table, write_text
from anpi.problems import InputError, Problem, refuse
from anpi.program import run_program
from anpi.tables.clinical import TABLES, read_clinical
from anpi.tables.reading import read_text_table
from anpi.tables.schema import parse_date
from anpi.tables.sheets import read_samples
from anpi.tables.shifting import (
    MOST_DAYS,
    Moved,
    count_days,
    cut_by_patient,
    date_problems,
    far_dates,
    random_offsets,
    read_secret,
    shift_tables,
    without_cutoff,
    write_key,
)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for table in TABLES:
        flag = f"--{table.replace('_', '-')}"
        parser.add_argument(flag, type=Path, required=table == "patients", help=f"the table {table}")
    parser.add_argument("--samples", type=Path, help="the sample sheet")
    parser.add_argument("--rules", type=Path, required=True, help="endpoints.yaml, for the data cut-off")
    way = parser.add_mutually_exclusive_group(required=True)
    way.add_argument("--secret-file", type=Path, help="file with the secret by which offsets are drawn")
    way.add_argument("--days", action="store_true", help="write study days in place of dates")
    parser.add_argument(
        "--most-days",
        type=int,
        default=365,
        help="the longest way that dates are moved (default: 365, at most ten years)",
    )
    parser.add_argument(
        "--key", type=Path, help="file for the days of each patient, readable by you alone; not in --out-dir"
    )
    parser.add_argument("--drop", nargs="+", default=[], metavar="TABLE.COLUMN", help="columns to leave out")
    parser.add_argument("--out-dir", type=Path, required=True, help="folder for the tables; made when it lacks")
    arguments = parser.parse_args()
    if not 1 <= arguments.most_days <= MOST_DAYS:
        parser.error(f"--most-days takes a number of 1 to {MOST_DAYS} (ten years)")
    if arguments.key and arguments.days:
        parser.error("--key goes with --secret-file: study days have no key")
    if arguments.key and arguments.out_dir.resolve() in (arguments.key.resolve(), *arguments.key.resolve().parents):
        parser.error("--key lies in --out-dir: keep the key apart from what you pass on")
    return arguments


def read_tables(arguments: argparse.Namespace) -> tuple[dict[str, pd.DataFrame], dict[str, Path]]:
    """Check all tables, then give them as text without the columns to leave out."""
    files = {table: getattr(arguments, table) for table in (*TABLES, "samples") if getattr(arguments, table)}
    if arguments.out_dir.resolve() in {path.resolve().parent for path in files.values()}:
        raise InputError(Problem(str(arguments.out_dir), "holds the tables themselves", expected="another folder"))
    clinical = read_clinical({table: path for table, path in files.items() if table != "samples"})
    if arguments.samples:
        read_samples(arguments.samples, pd.Index(clinical.patients["patient_id"]))
    tables = {table: read_text_table(path) for table, path in files.items()}
    for name in arguments.drop:
        table, _, column = name.partition(".")
        if column not in tables.get(table, pd.DataFrame()).columns:
            columns = ", ".join(f"{table}.{c}" for table, frame in tables.items() for c in frame.columns)
            raise InputError(Problem("--drop", found=name, expected="a column of a table", mend=f"Columns: {columns}."))
        tables[table] = tables[table].drop(columns=column)
    refuse(date_problems(tables, files))
    return tables, files


def starts_of(patients: pd.DataFrame, rules: Rules, file: Path) -> dict[str, date]:
    """Return each patient's start of treatment; a reference date without one has no study day."""
    texts = patients.get("treatment_start_date", pd.Series(dtype=object)).dropna()
    randomised = patients.get("randomisation_date", pd.Series(None, index=patients.index, dtype=object)).notna()
    lacking = randomised & ~patients.index.isin(texts.index)
    if rules.settings["reference"] == "randomisation" and lacking.any():
        found = f"{lacking.sum()} patients were randomised and never treated: their dates have no study day"
        raise InputError(Problem(str(file), found, column="treatment_start_date", mend="Use --secret-file instead."))
    return {patients.at[index, "patient_id"]: parse_date(text) for index, text in texts.items()}


def main() -> None:
    arguments = read_arguments()
    rules = read_rules(arguments.rules)
    tables, files = read_tables(arguments)
    if rules.cutoff is not None:
        tables["patients"] = cut_by_patient(tables["patients"], rules.cutoff)
    if arguments.days:
        result: Moved = count_days(tables, starts_of(tables["patients"], rules, files["patients"]))
    else:
        people = sorted({patient for frame in tables.values() for patient in frame["patient_id"].dropna()})
        offsets = random_offsets(people, read_secret(arguments.secret_file), arguments.most_days)
        refuse(far_dates(tables, files, offsets))
        result = shift_tables(tables, offsets)
        if arguments.key:
            write_key(arguments.key, offsets)
    for table, frame in result.tables.items():
        write_table(arguments.out_dir / (f"{table}.tsv" if table == "samples" else f"{table}.csv"), frame)
        print(f"{table}: {len(frame)} rows", file=sys.stderr)
    write_text(arguments.out_dir / "endpoints.yaml", without_cutoff(arguments.rules.read_text(encoding="utf-8")))
    for note in result.notes:
        print(note, file=sys.stderr)


if __name__ == "__main__":
    run_program(main)
