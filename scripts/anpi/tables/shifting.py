"""Tables without calendar dates: every date of a patient moved by one number of days, or counted from treatment start.

Both keep all that endpoints are made of, the days between a patient's dates. A data cut-off is one calendar date for
all, so it becomes a date of each patient (``cutoff_date`` or ``cutoff_day``) before anything is moved.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from anpi.problems import InputError, Problem
from anpi.tables.identifier_forms import ANY_DAY, MONTHS
from anpi.tables.identifiers import is_text
from anpi.tables.reading import FIRST_DATA_ROW
from anpi.tables.schema import column_rule, day_form, load_schema, parse_date

LEAST_SECRET = 16
MOST_DAYS = 3653  # ten years: moved further, too many dates leave the years that tables may have
TOLD_DATE = re.compile(
    rf"{ANY_DAY.pattern}|(?<![\w-])(?:19|20)\d\d-(?:0[1-9]|1[0-2])(?![\w-])|\d{{4}}年"
    rf"|\b(?:{MONTHS})[^\W\d_]*[-. ]{{1,2}}(?:\d{{1,2}},? )?(?:19|20)\d\d\b"
    r"|(?<![\w./])(?:0?[1-9]|[12]\d|3[01])[./](?:0?[1-9]|1[0-2])[./]\d\d(?![\w./])"
    r"|(?<!\w)(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\w)",
    re.IGNORECASE,
)


@dataclass
class Moved:
    """Tables as text without calendar dates, and what was left out on the way."""

    tables: dict[str, pd.DataFrame]
    notes: list[str] = field(default_factory=list)


def random_offsets(patients: Iterable[str], secret: str, most_days: int = 365) -> dict[str, int]:
    """Draw a number of days for each patient from 1 to ``most_days``, forward or back.

    The number is the keyed digest (HMAC with SHA-256) of the patient's id: the same secret gives the same numbers,
    whatever other patients there are, and without it nobody can tell them.
    """
    offsets = {}
    for patient in patients:
        digest = hmac.new(secret.encode("utf-8"), patient.encode("utf-8"), hashlib.sha256).digest()
        days = 1 + int.from_bytes(digest[:8], "big") % most_days
        offsets[patient] = days if digest[8] % 2 else -days
    return offsets


def shift_tables(tables: Mapping[str, pd.DataFrame], offsets: Mapping[str, int]) -> Moved:
    """Move every date by the number of days of its patient.

    Parameters
    ----------
    tables : mapping
        Checked tables, all values as text; each with ``patient_id``.
    offsets : mapping
        Days by patient; of every patient who stands in any table.
    """
    return moved(tables, lambda patient, day: (day + timedelta(days=offsets[patient])).isoformat(), "_date")


def count_days(tables: Mapping[str, pd.DataFrame], starts: Mapping[str, date]) -> Moved:
    """Turn every date into the study day of its patient: 1 is the start of treatment, -1 the day before it.

    A date of a patient without a start of treatment is left out, with its row where the table needs it.
    """

    def study_day(patient: str, day: date) -> str | None:
        if patient not in starts:
            return None
        days = (day - starts[patient]).days
        return str(days + 1 if days >= 0 else days)

    return moved(tables, study_day, "_day")


def moved(tables: Mapping[str, pd.DataFrame], move: Callable[[str, date], str | None], ending: str) -> Moved:
    result = Moved({})
    for table, frame in tables.items():
        required = load_schema(table)["required"]
        columns = {column: column for column in frame.columns}
        new = frame.copy()
        for column in filter(lambda column: holds_dates(frame[column]), frame.columns):
            pairs = zip(frame["patient_id"], frame[column], strict=True)
            values = [None if text is None else move(patient, parse_date(text)) for patient, text in pairs]
            new[column] = pd.Series(values, index=frame.index, dtype=object)
            lost = frame[column].notna() & new[column].isna()
            what = "rows" if column in required else "dates"
            if lost.any():
                result.notes.append(
                    f"{table} {column}: {lost.sum()} {what} of patients without a start of treatment left out"
                )
            if column in required:
                new = new[~lost.reindex(new.index)]
            columns[column] = (day_form(column) or column + ending) if ending == "_day" else column
        result.tables[table] = new.rename(columns=columns)
    return result


def holds_dates(values: pd.Series) -> bool:
    """Return whether a column holds dates (YYYY-MM-DD) and nothing else."""
    found = values.dropna().unique()
    return len(found) > 0 and all(is_day(text) for text in found)


def is_day(text: str) -> bool:
    try:
        parse_date(text)
    except ValueError:
        return False
    return True


def date_problems(tables: Mapping[str, pd.DataFrame], files: Mapping[str, Path]) -> list[Problem]:
    """Find columns of text in which dates stand that cannot be moved."""
    problems = []
    for table, frame in tables.items():
        schema = load_schema(table)
        for column in frame.columns:
            if not is_text(column_rule(schema, column)) or holds_dates(frame[column]):
                continue
            rows = [int(index) + 2 for index, text in frame[column].dropna().items() if TOLD_DATE.search(text)]
            if rows:
                found = f"dates within a text ({len(rows)} rows, the first is {rows[0]}), which cannot be moved"
                mend = f"Take them out, or leave the column out: --drop {table}.{column}."
                problems.append(Problem(str(files[table]), found, row=1, column=column, mend=mend))
    return problems


def far_dates(
    tables: Mapping[str, pd.DataFrame], files: Mapping[str, Path], offsets: Mapping[str, int]
) -> list[Problem]:
    """Find dates that would leave the years that tables may have when they are moved."""
    problems = []
    for table, frame in tables.items():
        for column in filter(lambda column: holds_dates(frame[column]), frame.columns):
            for index, text in frame[column].dropna().items():
                day = parse_date(text) + timedelta(days=offsets[frame.at[index, "patient_id"]])
                if not is_day(day.isoformat()):
                    expected, mend = "a date far from the years 1900 and 2100", "Is it one? Else leave the cell empty."
                    row = int(str(index)) + FIRST_DATA_ROW
                    problems.append(Problem(str(files[table]), "", row, column, text, expected, mend))
    return problems


def cut_by_patient(patients: pd.DataFrame, cutoff: date) -> pd.DataFrame:
    """Write a data cut-off for all as that of each patient who has none of his own."""
    by_patient = patients.get("cutoff_date", pd.Series(None, index=patients.index, dtype=object))
    return patients.assign(cutoff_date=by_patient.where(by_patient.notna(), cutoff.isoformat()))


def without_cutoff(rules: str) -> str:
    """Take the data cut-off out of the text of endpoints.yaml."""
    return re.sub(r"(?m)^data_cutoff:.*$", "data_cutoff: null  # of each patient, in the patients table", rules)


def read_secret(path: Path) -> str:
    """Read the secret that offsets are drawn by."""
    mend = "Make one: openssl rand -hex 32 > secret.txt"
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError:
        raise InputError(Problem(str(path), "not a text in UTF-8", expected="a secret of letters", mend=mend)) from None
    if len(secret) < LEAST_SECRET:
        raise InputError(
            Problem(str(path), "too short", expected=f"a secret of {LEAST_SECRET} characters or more", mend=mend)
        )
    return secret


def write_key(path: Path, offsets: Mapping[str, int]) -> None:
    """Write the days of each patient to a file that its owner alone can read."""
    lines = ["patient_id,offset_days", *(f"{patient},{offsets[patient]}" for patient in sorted(offsets))]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(handle, "w", encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n")
