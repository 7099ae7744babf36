"""The tables of a trial, made of the sources of a delivery column by column."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from anpi.delivery.columns import EXTRA, OPEN, PATIENT, UNIT_COLUMN, Sheet, Taken, unit_of
from anpi.delivery.conversions import Conversions
from anpi.delivery.dates import convert_dates
from anpi.delivery.decisions import LEAVE_OUT, Decisions
from anpi.delivery.numbers import convert_measured, convert_numbers, convert_times, unit_factor
from anpi.delivery.values import (
    Column,
    convert_events,
    convert_grades,
    convert_ids,
    convert_names,
    convert_words,
    distinct,
)
from anpi.delivery.visits import VISIT, VISIT_DATE
from anpi.delivery.wide import Visits, decide_kinds, visits_of
from anpi.files.sheet import split_sheet
from anpi.problems import InputError, Problem
from anpi.tables.clinical import TABLES
from anpi.tables.reading import FIRST_DATA_ROW
from anpi.tables.schema import load_schema
from anpi.words.lists import listed, plural

RARE = 0.34  # of the ids, that may have no digit where the others have one
LEAST_COLUMNS = 3  # of a table, a row of which with one cell alone is asked about
# What stands below a table in the column of its ids: sums, and where it comes from.
SUMMARY = re.compile(
    r"(?i)(?:total|totals|sum|summe|gesamt|insgesamt|somme|suma|mean|mittelwert|median|average|moyenne|media|anzahl|count"
    r"|minimum|maximum|sd|note|notes|legend|legende|source|quelle|stand|erstellt|exported|created|printed|合计|总计|平均|备注|注)(?:[\s:=(].*)?"
    r"|n\s*=.*|[*†‡].*|.*:"
)
TIME = re.compile(r"(?:pfs|os)_(?:time|months|days)")
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
        leave_no_patients(sheet, decisions, conversions)
        fill_ids(sheet, decisions, conversions)
        if of_sheet is not None:
            of_sheet.part_dates()
        fill_required(sheet, decisions, conversions)
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
            settle_status(tables[table], decisions, conversions)
            ids = distinct(tables[table].frame[PATIENT])
    if "lesions" in tables:
        decide_kinds(tables["lesions"].frame, decisions, conversions)
    for name, table_ in tables.items():
        tables[name] = without_empty(name, table_, decisions, conversions)
    return tables


def settle_status(patients: Table, decisions: Decisions, conversions: Conversions) -> None:
    """Hold who is said to be dead against the dates of death, where no times have that for their event, and leave it.

    A patient who is dead without a date would count as alive.
    """
    frame = patients.frame
    if "os_event" not in frame or {"os_days", "os_months"} & set(frame) or decisions.open:
        return
    header = patients.headers.pop("os_event")
    died = frame["death_date"].notna() if "death_date" in frame else pd.Series(False, index=frame.index)
    for place in frame.index[frame["os_event"].notna() & (frame["os_event"].eq("1") != died)]:
        shown, row = patients.origins[place]
        mend = f"Write the date, or the right state; the column is not looked at with the answer extra to {header!r}."
        expected = "no date of death" if died[place] else "a date of death"
        found = conversions.original(split_places(shown), row, header) or str(frame.at[place, "os_event"])
        decisions.faults.append(Problem(shown, row=row, column=header, found=found, expected=expected, mend=mend))
    conversions.add(
        split_places(patients.file), None, header, "column", "", "left out: the dates of death say the same"
    )
    patients.frame = frame.drop(columns="os_event")


def split_places(shown: str) -> tuple[str, str]:
    file, sheet = split_sheet(shown)
    return file, sheet or ""


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


def leave_no_patients(sheet: Sheet, decisions: Decisions, conversions: Conversions) -> None:
    """Ask about rows whose id looks like none: a line of totals or of remarks would be a patient more."""
    headers = {taken.header for columns in sheet.taken.values() for taken in columns if taken.column == PATIENT}
    for header in headers:
        frame = sheet.source.frame
        alone = frame.notna().sum(axis=1) == 1  # of which it is asked otherwise
        waits = f"{sheet.source.key}: rows of one cell" in decisions.open
        odd = strange_ids(frame.loc[~alone, header] if waits else frame[header])
        if not odd:
            continue
        rows = frame.index[frame[header].isin(odd)]
        text = f"{sheet.source.shown}, column {header}: {listed(map(repr, odd), 6)} "
        text += f"{'looks like no patient' if len(odd) == 1 else 'look like no patients'}, the first in row "
        text += f"{rows[0] + FIRST_DATA_ROW}. Left out, or patients ({plural(len(rows), 'row')})?"
        answer = decisions.decide(f"{sheet.source.key}, {header}: rows of no patient", text, (LEAVE_OUT, "patients"))
        if answer == LEAVE_OUT:
            for index in rows:
                row = int(index) + FIRST_DATA_ROW
                conversions.add(sheet.source.place, row, header, "row", "", "left out: no patient, as answered")
            sheet.source.frame = frame.drop(index=rows)


def strange_ids(texts: pd.Series) -> list[str]:
    """Return ids that are words of a sum or a remark, or have no digit where nearly all others have one."""
    ids = distinct(texts)
    wordy = [text for text in ids if not re.search(r"\d", text)]
    few = len(wordy) <= RARE * len(ids)
    return [text for text in ids if SUMMARY.fullmatch(text) or (few and text in wordy)]


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


def fill_required(sheet: Sheet, decisions: Decisions, conversions: Conversions) -> None:
    """Ask about rows without a cell that their table needs: that of the patient's row above, or to be left out."""
    waits = any(name.startswith(f"{sheet.source.key}:") for name in decisions.open)  # for which rows are of the table
    if waits or len(sheet.tables) != 1 or sheet.tables[0] in ("patients", "samples"):
        return
    taken = sheet.taken[sheet.tables[0]]
    patient = next((one.header for one in taken if one.column == PATIENT), None)
    required = set(load_schema(sheet.tables[0])["required"]) - {PATIENT}
    for header in [one.header for one in taken if one.column in required]:
        frame = sheet.source.frame
        empty = frame.index[frame[header].isna() & (patient is None or frame[patient].notna())]
        if not len(empty) or len(empty) == len(frame):
            continue
        text = f"{sheet.source.shown}, column {header}: {plural(len(empty), 'row')} without a cell, which "
        text += f"{sheet.tables[0]} need, the first in row {empty[0] + FIRST_DATA_ROW}. Is it that of the same patient "
        text += "above, as merged cells leave it, or is the row to be left out?"
        name = f"{sheet.source.key}, {header}: rows without it"
        answer = decisions.decide(name, text, ("as_above", LEAVE_OUT))
        if answer == "as_above":
            sheet.source.frame = filled_above(sheet, header, patient, conversions)
        elif answer == LEAVE_OUT:
            for index in empty:
                row, why = int(index) + FIRST_DATA_ROW, f"left out: no {header}, as answered"
                conversions.add(sheet.source.place, row, header, "row", "", why)
            sheet.source.frame = frame.drop(index=empty)


def filled_above(sheet: Sheet, header: str, patient: str | None, conversions: Conversions) -> pd.DataFrame:
    """Return the rows of a sheet with the empty cells of a column as above, among rows of one patient that follow."""
    frame = sheet.source.frame
    block = (frame[patient] != frame[patient].shift()).cumsum() if patient else pd.Series(0, index=frame.index)
    filled = frame.groupby(block)[header].ffill()
    filled = filled.astype(object).where(filled.notna(), None)
    for index in frame.index[frame[header].isna() & filled.notna()]:
        row = int(index) + FIRST_DATA_ROW
        conversions.add(sheet.source.place, row, header, "", filled[index], "that of the same patient above")
    return frame.assign(**{header: filled})


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
    times = [one for one in taken if TIME.fullmatch(one.column)]
    unit = single_unit(sheet, units[0].header, decisions) if units and times else None
    for one in [one for one in times if unit is not None and not one.column.endswith(("_time", f"_{unit}"))]:
        fault, mend = f"its header and the column {units[0].header} name two units", "Name the right one in both."
        decisions.faults.append(Problem(sheet.source.shown, fault, row=1, column=one.header, mend=mend))
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


def single_unit(sheet: Sheet, header: str, decisions: Decisions) -> str | None:
    """Return the unit of times that a column of units names in all its rows; several are a fault."""
    texts = sheet.source.frame[header].dropna()
    found = {text: unit_of(text) for text in texts.unique()}
    if len(set(found.values())) == 1:
        return next(iter(found.values()))
    usual = next((unit for unit in texts.map(found).value_counts().index), None)  # None is not counted
    odd = [int(index) + FIRST_DATA_ROW for index, text in texts.items() if found[text] != usual]
    if usual is not None:
        more = f" (and rows {listed(odd[1:])})" if len(odd) > 1 else ""
        expected = f"one unit of all times; other rows have {usual}{more}"
        mend = "Write all times in one unit."
        text = str(texts[odd[0] - FIRST_DATA_ROW])
        decisions.faults.append(
            Problem(sheet.source.shown, row=odd[0], column=header, found=text, expected=expected, mend=mend)
        )
    return None


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
    if (table, taken.column) == ("biomarkers", "value"):
        return name, convert_measured(column)
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


def without_empty(name: str, table: Table, decisions: Decisions, conversions: Conversions) -> Table:
    """Leave out rows that lack what their table needs, if so answered; patients stay.

    A row without a sample on a sheet of patients and samples is none of the table of samples.
    """
    if name == "patients":
        return table
    required = [column for column in load_schema(name)["required"] if column in table.frame and column != PATIENT]
    required = ["sample_id"] if name == "samples" else required
    for column in required:
        gone = table.frame[column].isna()
        if gone.any() and (name == "samples" or leaves(name, column, table, gone, decisions)):
            table = without(table, column, gone, conversions)
    return table


def leaves(name: str, column: str, table: Table, gone: pd.Series, decisions: Decisions) -> bool:
    """Ask whether rows whose required cell is not known are left out; else the delivery has to be completed."""
    if decisions.open:  # which may fill the cells
        return False
    shown, row = table.origins[int(gone.idxmax())]
    header = table.headers.get(column, column)
    text = f"{shown}, column {header}: in {plural(int(gone.sum()), 'row')} it is not known, the first in row {row}. "
    text += f"{name} need it: complete the file, or are the rows to be left out?"
    return decisions.decide(f"{name}: rows without {column}", text, (LEAVE_OUT,)) == LEAVE_OUT


def without(table: Table, column: str, gone: pd.Series, conversions: Conversions) -> Table:
    """Return a table without some rows, each with a note."""
    for place in table.frame.index[gone]:
        shown, row = table.origins[place]
        header = table.headers.get(column, column)
        conversions.add(split_places(shown), row, header, "row", "", f"left out: no {column}")
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
