"""The tables of a trial, made of the sources of a delivery column by column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from anpi.delivery.columns import EXTRA, OPEN, PATIENT, UNIT_COLUMN, Sheet, Taken, unit_of
from anpi.delivery.conversions import Conversions
from anpi.delivery.decisions import LEAVE_OUT, Decisions
from anpi.delivery.values import (
    Column,
    convert_dates,
    convert_events,
    convert_grades,
    convert_ids,
    convert_names,
    convert_numbers,
    convert_times,
    convert_words,
    distinct,
    unit_factor,
)
from anpi.delivery.visits import VISIT, VISIT_DATE
from anpi.delivery.wide import Visits, decide_kinds, visits_of
from anpi.files.sheet import split_sheet
from anpi.problems import InputError, Problem
from anpi.tables.clinical import TABLES
from anpi.tables.reading import FIRST_DATA_ROW
from anpi.tables.schema import load_schema
from anpi.words.lists import plural

LEAST_COLUMNS = 3  # of a table, a row of which with one cell alone is asked about
TEXT: Mapping[str, Any] = {"type": "string"}


@dataclass
class Table:
    """A table of the trial as text, with the places that its rows and columns come from."""

    frame: pd.DataFrame
    origins: list[tuple[str, int]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """Name the file or sheet of its first row."""
        return self.origins[0][0] if self.origins else "the delivery"


def build_tables(sheets: Sequence[Sheet], decisions: Decisions, conversions: Conversions) -> dict[str, Table]:
    """Return the tables that sheets make, ``samples`` among them; values that are open stay as they are."""
    tables: dict[str, Table] = {}
    visits = [visits_of(sheet, decisions, conversions) for sheet in sheets]
    for sheet, of_sheet in zip(sheets, visits, strict=True):
        if of_sheet is not None:
            of_sheet.part_rows()
        leave_remarks(sheet, decisions, conversions)
        fill_ids(sheet, decisions, conversions)
        if of_sheet is not None:
            of_sheet.part_dates()
    ids: list[str] = []
    for table in ("patients", *(name for name in (*TABLES, "samples") if name != "patients")):
        given = [
            pair for pair in zip(sheets, visits, strict=True) if table in pair[0].tables and len(pair[0].source.frame)
        ]
        parts = [convert_sheet(sheet, table, ids, decisions, conversions, wide) for sheet, wide in given]
        parts = [part for part in parts if has_key(part, table, decisions)]
        if parts:
            join = join_patients if table == "patients" else stack
            tables[table] = join(parts, decisions)
        if table == "patients" and parts:
            ids = distinct(tables[table].frame[PATIENT])
    if "lesions" in tables:
        decide_kinds(tables["lesions"].frame, decisions, conversions)
    for name, table_ in tables.items():
        tables[name] = without_empty(name, table_, conversions)
    return tables


def has_key(part: Table, table: str, decisions: Decisions) -> bool:
    """Return whether a table has the column that names its rows; one that lacks it, with nothing open, is a fault."""
    key = "sample_id" if table == "samples" else PATIENT
    if key not in part.frame and not decisions.open:
        shown, mend = part.file, f"Answer which column it is: '<table>, <column>: column of {table}': {key}."
        decisions.faults.append(Problem(shown, f"no column was taken for {key} of {table}", row=1, mend=mend))
    return key in part.frame


def leave_remarks(sheet: Sheet, decisions: Decisions, conversions: Conversions) -> None:
    """Ask about rows of one cell in a table of several columns: remarks below it, or rows of data."""
    frame = sheet.source.frame
    alone = frame.index[frame.notna().sum(axis=1) == 1]
    if not sheet.tables or len(frame.columns) < LEAST_COLUMNS or not len(alone):
        return
    text = f"{sheet.source.shown}: {plural(len(alone), 'row')} with one cell alone, the first in row "
    text += f"{alone[0] + FIRST_DATA_ROW}. Are they remarks, to be left out, or rows of the table?"
    answer = decisions.decide(f"{sheet.source.key}: rows of one cell", text, (LEAVE_OUT, "rows"))
    if answer == LEAVE_OUT:
        for index in alone:
            row = int(index) + FIRST_DATA_ROW
            conversions.add(sheet.source.place, row, "", "row", "", "left out: a remark, as answered")
        sheet.source.frame = frame.drop(index=alone)


def fill_ids(sheet: Sheet, decisions: Decisions, conversions: Conversions) -> None:
    """Ask about rows without a patient: of the patient above, as merged cells leave them, or to be left out."""
    columns = {taken.header for columns in sheet.taken.values() for taken in columns if taken.column == PATIENT}
    for header in columns:
        frame = sheet.source.frame
        empty = frame.index[frame[header].isna()]
        if not len(empty):
            continue
        rows = plural(len(empty), "row")
        text = f"{sheet.source.shown}, column {header}: {rows} without a patient, the first in row "
        text += f"{empty[0] + FIRST_DATA_ROW}. Are they of the patient above, or to be left out?"
        answer = decisions.decide(
            f"{sheet.source.key}, {header}: rows without a patient", text, ("as_above", LEAVE_OUT)
        )
        if answer == "as_above":
            filled = frame[header].ffill()
            for index in empty:
                row = int(index) + FIRST_DATA_ROW
                conversions.add(sheet.source.place, row, header, "", filled[index], "the patient above")
            sheet.source.frame = frame.assign(**{header: filled})
        elif answer == LEAVE_OUT:
            for index in empty:
                row = int(index) + FIRST_DATA_ROW
                conversions.add(sheet.source.place, row, header, "row", "", "left out: no patient")
            sheet.source.frame = frame.drop(index=empty)


def convert_sheet(
    sheet: Sheet,
    table: str,
    ids: Sequence[str],
    decisions: Decisions,
    conversions: Conversions,
    visits: Visits | None = None,
) -> Table:
    """Return the rows of a sheet as rows of a table."""
    taken = [one for one in sheet.taken[table] if one.column not in (LEAVE_OUT, OPEN, VISIT, VISIT_DATE)]
    if table == "samples" and "patients" in sheet.tables:
        taken += [one for one in sheet.taken["patients"] if one.column == PATIENT and PATIENT not in columns_of(taken)]
    units = [one for one in taken if one.column == UNIT_COLUMN]
    unit = single_unit(sheet.source.frame[units[0].header]) if units else None
    columns: dict[str, pd.Series] = {}
    headers: dict[str, str] = {}
    for one in taken:
        if one.column == UNIT_COLUMN:
            continue
        dates = [sheet.source.frame[other.header] for other in taken if is_date(table, other.column)]
        name, values = convert_column(one, sheet, table, ids, unit, dates, decisions, conversions)
        if name in columns:
            fault = f"{headers[name]} and {one.header} both become {name}"
            decisions.faults.append(Problem(sheet.source.shown, fault, row=1, column=one.header, mend="Keep one."))
            continue
        columns[name], headers[name] = values, one.header
    frame = pd.DataFrame(columns, index=sheet.source.frame.index, dtype=object)
    if visits is not None:
        return Table(*visits.unfold(frame), headers)
    origins = [(sheet.source.shown, int(index) + FIRST_DATA_ROW) for index in frame.index]
    return Table(frame.reset_index(drop=True), origins, headers)


def columns_of(taken: Iterable[Taken]) -> set[str]:
    return {one.column for one in taken}


def single_unit(values: pd.Series) -> str | None:
    """Return the unit that a column of units names in all its rows."""
    found = {unit_of(text) for text in values.dropna().unique()}
    return found.pop() if len(found) == 1 else None


def rule_of(table: str, column: str) -> Mapping[str, Any]:
    return load_schema(table)["properties"].get(column, TEXT)


def is_date(table: str, column: str) -> bool:
    return rule_of(table, column).get("format") == "date"


def convert_column(
    taken: Taken,
    sheet: Sheet,
    table: str,
    ids: Sequence[str],
    unit: str | None,
    dates: Sequence[pd.Series],
    decisions: Decisions,
    conversions: Conversions,
) -> tuple[str, pd.Series]:
    """Return a column under the name that the table gives it."""
    rule = rule_of(table, taken.column)
    name = taken.header if taken.column == EXTRA else taken.column
    column = Column(sheet.source, taken.header, name, rule, taken.unit, decisions, conversions)
    if taken.column == EXTRA:
        return name, column.texts
    if taken.column == PATIENT or (table, taken.column) == ("samples", "sample_id"):
        return name, convert_ids(column, ids if taken.column == PATIENT else ())
    if taken.column in ("pfs_time", "os_time"):
        return convert_times(column, unit)
    if taken.column.endswith(("_event", "_status")) and table == "patients":
        return convert_events(column)
    if rule.get("format") == "date":
        return convert_dates(column, dates)
    if rule.get("type") == "number" or rule.get("format") == "decimal":
        return name, convert_numbers(column, *unit_factor(column))
    if "enum" in rule:
        return name, convert_words(column)
    if rule.get("type") == "integer":
        return name, convert_grades(column)
    return name, convert_names(column) if rule.get("name") else column.texts


def stack(parts: Sequence[Table], decisions: Decisions) -> Table:
    """Put the rows of several sheets of one kind below each other."""
    frame = pd.concat([part.frame for part in parts], ignore_index=True)
    headers = {name: header for part in parts for name, header in part.headers.items()}
    return Table(frame.astype(object).where(frame.notna(), None), [o for part in parts for o in part.origins], headers)


def join_patients(parts: Sequence[Table], decisions: Decisions) -> Table:
    """Join sheets with one row per patient by the patient; where two differ in a value, it is asked which is right."""
    result = parts[0]
    for part in parts[1:]:
        for one in (result, part):
            twice = one.frame[PATIENT].duplicated()
            if twice.any():
                shown, row = one.origins[int(twice.idxmax())]
                found = str(one.frame[PATIENT][int(twice.idxmax())])
                raise InputError(
                    Problem(shown, row=row, column=one.headers[PATIENT], found=found, expected="each patient once")
                )
        result = joined(result, part, decisions)
    return result


def joined(left: Table, right: Table, decisions: Decisions) -> Table:
    """Join two tables of patients, the left one's rows first."""
    first, second = left.frame.set_index(PATIENT), right.frame.set_index(PATIENT)
    ids = [*first.index, *(patient for patient in second.index if patient not in first.index)]
    origins = dict(zip(second.index, right.origins, strict=True)) | dict(zip(first.index, left.origins, strict=True))
    frame = first.reindex(ids)
    for column in second:
        theirs = second[column].reindex(ids)
        if column not in frame:
            frame[column] = theirs
            continue
        both = frame[column].notna() & theirs.notna() & (frame[column] != theirs)
        right_one = (
            left.headers[str(column)]
            if not both.any()
            else chosen(left, right, str(column), frame.index[both], decisions)
        )
        leading, other = (theirs, frame[column]) if right_one == "second" else (frame[column], theirs)
        frame[column] = leading.where(leading.notna(), other)
    frame = frame.astype(object).where(frame.notna(), None).reset_index()
    return Table(frame, [origins[patient] for patient in ids], right.headers | left.headers)


def chosen(left: Table, right: Table, column: str, patients: pd.Index, decisions: Decisions) -> str | None:
    places = [table.file for table in (left, right)]
    text = f"{places[0]} (first) and {places[1]} (second) differ in {column} of {plural(len(patients), 'patient')}."
    text += " Which is right?"
    return decisions.decide(f"patients: {column} of two sheets", text, ("first", "second"))


def without_empty(name: str, table: Table, conversions: Conversions) -> Table:
    """Leave out rows that lack what their table needs, each with a note; patients stay."""
    required = [column for column in load_schema(name)["required"] if column in table.frame and column != PATIENT]
    if name == "patients":
        return table
    required = ["sample_id"] if name == "samples" else required
    lacking = table.frame[required].isna()
    gone = lacking.any(axis=1)
    for place in table.frame.index[gone]:
        shown, row = table.origins[place]
        column = str(lacking.columns[lacking.loc[place]][0])
        file, sheet = split_sheet(shown)
        conversions.add(
            (file, sheet or ""), row, table.headers.get(column, column), "row", "", f"left out: no {column}"
        )
    kept = [origin for origin, out in zip(table.origins, gone, strict=True) if not out]
    return Table(table.frame[~gone].reset_index(drop=True), kept, table.headers)


def single_arm(tables: Mapping[str, Table], decisions: Decisions) -> None:
    """Ask for the arm of all patients where no column has it."""
    patients = tables.get("patients")
    if patients is not None and "arm" not in patients.frame:
        text = "No column holds the arms. What is the name of the one arm of all patients?"
        arm = decisions.decide("patients: arm", text)
        if arm is not None:
            patients.frame["arm"] = arm
