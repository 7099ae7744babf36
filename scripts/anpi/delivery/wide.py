"""Sheets of lesions with a column a visit: each size becomes a row with the date of its scan."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from anpi.delivery.columns import NAMES, PATIENT, Sheet, Taken
from anpi.delivery.conversions import Conversions
from anpi.delivery.dates import convert_dates
from anpi.delivery.decisions import LEAVE_OUT, Decisions
from anpi.delivery.numbers import convert_numbers, is_size, unit_factor
from anpi.delivery.sources import Source
from anpi.delivery.values import Column, unknown_words
from anpi.delivery.visits import VISIT, VISIT_DATE, is_day, visit_name
from anpi.problems import Problem, fold
from anpi.tables.clinical import read_state
from anpi.tables.reading import FIRST_DATA_ROW
from anpi.tables.schema import DATE, NUMBER, load_schema
from anpi.words.lists import listed, plural

DATES = {fold(word) for word in NAMES["lesions"]["assessment_date"].split()} | {"day", "studyday", "tag"}
DERIVED = re.compile(
    r"sums?|sums?of.*|sld|sod|total.*|summe.*|change.*|best.*|nadir|(?:.*response|recist).*|.*(?:总和|之和|疗效).*|合计.*"
)
KINDS = {"target": r"(?:t|tl|target)\d+", "nontarget": r"(?:nt|ntl|nontarget)\d+", "new": r"(?:n|nl|new)\d+"}
EVERYONE = ""  # the patient of dates that are of all


@dataclass
class Cells(Column):
    """Cells of several columns, converted and asked about as one."""

    places: Sequence[tuple[int | None, str]] = field(default_factory=list)

    @property
    def shown(self) -> str:
        return f"{self.source.shown}, the {self.header}"

    def place_of(self, index: object) -> tuple[int | None, str]:
        return self.places[int(str(index))]


@dataclass(frozen=True)
class Cell:
    """A cell of a visit: ``index`` as in the frame of its source, None in the header."""

    index: int | None
    header: str
    text: str

    @property
    def place(self) -> tuple[int | None, str]:
        return None if self.index is None else self.index + FIRST_DATA_ROW, self.header


@dataclass
class Visits:
    """A sheet's columns of visits, and the dates that stand in rows of their own."""

    sheet: Sheet
    decisions: Decisions
    conversions: Conversions
    dates: dict[tuple[str, str], Cell] = field(default_factory=dict)  # by patient and column

    @property
    def source(self) -> Source:
        return self.sheet.source

    @property
    def columns(self) -> list[Taken]:
        return [taken for taken in self.sheet.taken["lesions"] if taken.column == VISIT]

    def header_of(self, column: str) -> str | None:
        """Return the header of the column that was taken for one of the table."""
        return next((one.header for one in self.sheet.taken["lesions"] if one.column == column), None)

    def labels(self, row: Mapping[str, Any]) -> Iterator[str]:
        """Return what names a row: its lesion, the place of it, and what may stand in place of a patient."""
        for header in (self.header_of("lesion_id"), self.header_of("location"), self.header_of(PATIENT)):
            if header is not None and row[header] is not None:
                yield fold(str(row[header]))

    def column_of(self, cells: Sequence[Cell], target: str, unit: str | None = None) -> Cells:
        """Return cells as one column."""
        header = "visits" if unit is None else f"visits in {unit}"
        frame = pd.DataFrame({header: [cell.text for cell in cells]}, dtype=object)
        rule = load_schema("lesions")["properties"][target]
        places = [cell.place for cell in cells]
        source = replace(self.source, frame=frame, earlier_key=self.source.key)
        return Cells(source, header, target, rule, unit, self.decisions, self.conversions, places)

    def is_dated(self, row: Mapping[str, Any]) -> bool:
        """Return whether a row holds the dates of visits."""
        texts = [str(row[taken.header]) for taken in self.columns if row[taken.header] is not None]
        return bool(texts) and (all(map(is_day, texts)) or any(label in DATES for label in self.labels(row)))

    def part_rows(self) -> None:
        """Take rows of dates that no patient has out of the sheet, and ask about rows of sums and responses."""
        patient = self.header_of(PATIENT)
        assert patient is not None
        frame = self.source.frame.copy()
        frame.loc[[fold(str(text)) in DATES for text in frame[patient]], patient] = None
        first = frame[patient].first_valid_index()
        for index in [index for index in frame.index if first is None or index < first]:
            if self.is_dated(frame.loc[index]):
                self.take_dates(frame.loc[index], EVERYONE)
                frame = frame.drop(index=index)
        self.source.frame = frame
        self.leave_sums()

    def leave_sums(self) -> None:
        frame = self.source.frame
        derived = [index for index in frame.index if any(map(DERIVED.fullmatch, self.labels(frame.loc[index])))]
        if not derived:
            return
        text = f"{self.source.shown}: {plural(len(derived), 'row')} named like a sum or a response, the first in row "
        text += f"{derived[0] + FIRST_DATA_ROW}. Are they to be left out, or lesions?"
        name = f"{self.source.key}: rows of sums and responses"
        if self.decisions.decide(name, text, (LEAVE_OUT, "lesions")) == LEAVE_OUT:
            for index in derived:
                row, why = int(index) + FIRST_DATA_ROW, "left out: no lesion, as answered"
                self.conversions.add(self.source.place, row, "", "row", "", why)
            self.source.frame = frame.drop(index=derived)

    def part_dates(self) -> None:
        """Take the rows of dates of each patient out of the sheet, once each row has its patient."""
        patient, frame = self.header_of(PATIENT), self.source.frame
        for index in [index for index in frame.index if self.is_dated(frame.loc[index])]:
            if frame.at[index, patient] is not None:  # else it is asked whose the row is
                self.take_dates(frame.loc[index], str(frame.at[index, patient]))
            frame = frame.drop(index=index)
        self.source.frame = frame

    def take_dates(self, row: pd.Series, patient: str) -> None:
        index = int(str(row.name))
        for taken in self.columns:
            if row[taken.header] is None:
                continue
            first = self.dates.setdefault((patient, taken.header), Cell(index, taken.header, str(row[taken.header])))
            if first.index != index:
                expected = f"one row of dates a patient; row {first.place[0]} has another"
                found, number = str(row[taken.header]), index + FIRST_DATA_ROW
                self.decisions.faults.append(
                    Problem(self.source.shown, row=number, column=taken.header, found=found, expected=expected)
                )
        why = "the dates of the visits, which stand in each row of theirs"
        self.conversions.add(self.source.place, index + FIRST_DATA_ROW, "", "row", "", why)

    def date_cell(self, index: int, header: str) -> Cell | None:
        """Return where the date of a size stands: beside it, above the patient's rows, above all, or in the header."""
        frame = self.source.frame
        visit = fold(visit_name(header))
        for taken in self.sheet.taken["lesions"]:
            if taken.column == VISIT_DATE and taken.visit == visit:
                text = frame.at[index, taken.header]
                return None if text is None else Cell(index, taken.header, text)
        patient = str(frame.at[index, self.header_of(PATIENT)])
        of_header = Cell(None, header, header) if is_day(header) else None
        return self.dates.get((patient, header)) or self.dates.get((EVERYONE, header)) or of_header

    def unfold(self, fixed: pd.DataFrame) -> tuple[pd.DataFrame, list[tuple[str, int]]]:
        """Return a row a size, in the order of rows and visits.

        Parameters
        ----------
        fixed : pandas.DataFrame
            The other columns as the table has them, row by row of the sheet.

        Returns
        -------
        frame : pandas.DataFrame
            Rows of the table.
        origins : list of tuple of str and int
            Where each stands.
        """
        frame = self.source.frame
        cells = [
            Cell(int(index), taken.header, str(frame.at[index, taken.header]))
            for index in frame.index
            for taken in self.columns
            if frame.at[index, taken.header] is not None
        ]
        sizes, states = self.values(cells)
        cells = [cell for cell in cells if cell in sizes or cell in states]
        target, days = self.days(cells)
        rows, origins = [], []
        for cell in cells:
            if days.get(cell) == LEAVE_OUT:
                self.conversions.add(self.source.place, *cell.place, cell.text, "", "left out: no date, as answered")
                continue
            assert cell.index is not None
            row = dict(fixed.iloc[frame.index.get_loc(cell.index)])
            visit = None if is_day(cell.header) else visit_name(cell.header)
            row |= {target: days.get(cell), "visit": visit, "diameter_mm": sizes.get(cell), "status": states.get(cell)}
            rows.append(row)
            origins.append((self.source.shown, cell.index + FIRST_DATA_ROW))
        for taken in self.columns:
            self.conversions.add(self.source.place, None, taken.header, "column", "rows", "a row a lesion and visit")
        columns = [*fixed.columns, target, "visit", "diameter_mm", "status"]
        made = pd.DataFrame(rows, columns=columns, dtype=object)
        empty = [name for name in ("visit", "diameter_mm", "status") if made[name].isna().all()]
        return made.where(made.notna(), None).drop(columns=empty), origins

    def values(self, cells: Sequence[Cell]) -> tuple[dict[Cell, str], dict[Cell, str]]:
        """Return what is a diameter and what a state; a word that is neither is asked about."""
        sizes: dict[Cell, str] = {}
        for unit in dict.fromkeys(taken.unit for taken in self.columns):
            headers = {taken.header for taken in self.columns if taken.unit == unit}
            numbers = [cell for cell in cells if cell.header in headers and is_size(cell.text)]
            column = self.column_of(numbers, "diameter_mm", unit)
            sizes |= dict(zip(numbers, convert_numbers(column, *unit_factor(column)), strict=True))
        words = [cell for cell in cells if cell not in sizes]
        column = self.column_of(words, "status")
        texts = sorted({cell.text for cell in words})
        read = [text for text in texts if any(read_state(kind, text) for kind in KINDS)]
        become = unknown_words([text for text in texts if text not in read])
        odd = [text for text in texts if text not in read and text not in become]
        become |= column.answered(odd, "the state of a lesion, or its diameter in mm")
        states = {cell: text for cell, text in zip(words, column.convert(become), strict=True) if text is not None}
        sizes |= {cell: text for cell, text in states.items() if NUMBER.fullmatch(text)}
        return sizes, {cell: text for cell, text in states.items() if cell not in sizes}

    def days(self, cells: Sequence[Cell]) -> tuple[str, dict[Cell, str]]:
        """Return the column of the dates (or study days), and the date of each size; one that lacks it is asked for."""
        places = {cell: self.date_cell(cell.index, cell.header) for cell in cells if cell.index is not None}
        given = list(dict.fromkeys(place for place in places.values() if place is not None))
        target, texts = convert_dates(self.column_of(given, "assessment_date"), [])
        day_of = dict(zip(given, texts, strict=True))
        days = {cell: day_of[place] for cell, place in places.items() if place is not None}
        days = {cell: day for cell, day in days.items() if day is not None}
        header = self.header_of(PATIENT)
        owner = {
            cell: f"{self.source.frame.at[cell.index, header]}, {visit_name(cell.header)}"
            for cell in cells
            if cell not in days and self.source.frame.at[cell.index, header] is not None
        }
        text = f"{self.source.shown}: a date as YYYY-MM-DD, or {LEAVE_OUT}, for sizes without the date of their scan:"
        answers = self.decisions.decide_each(
            f"{self.source.key}, visits: dates", text, list(dict.fromkeys(owner.values()))
        )
        for name, answer in answers.items():
            if answer != LEAVE_OUT and not DATE.fullmatch(answer):
                expected, column = f"a date as YYYY-MM-DD, or {LEAVE_OUT}", f"{self.source.key}, visits: dates, {name}"
                fault = Problem(self.decisions.file, column=column, found=answer, expected=expected)
                self.decisions.faults.append(fault)
        return target, days | {cell: answers[name] for cell, name in owner.items() if name in answers}


def visits_of(sheet: Sheet, decisions: Decisions, conversions: Conversions) -> Visits | None:
    """Return the visits of a sheet that has a column each; None for another sheet."""
    columns = {taken.column for taken in sheet.taken.get("lesions", ())}
    return Visits(sheet, decisions, conversions) if {VISIT, PATIENT} <= columns else None


def decide_kinds(lesions: pd.DataFrame, decisions: Decisions, conversions: Conversions) -> None:
    """Ask for the kind of lesions where no column has it."""
    if "kind" in lesions or "lesion_id" not in lesions:
        return
    ids = [str(text) for text in lesions["lesion_id"].dropna().unique()]
    inferred = {
        name: next((kind for kind, form in KINDS.items() if re.fullmatch(form, fold(name))), None) for name in ids
    }
    choices = ("target", "nontarget", *(("by_id",) if None not in inferred.values() else ()))
    text = f"No column holds the kind of the lesions {listed(ids)}. Are all of them target, or nontarget lesions"
    text += "? (by_id: T1 is a target, NT1 a nontarget, N1 a new lesion.)" if "by_id" in choices else "?"
    answer = decisions.decide("lesions: kind", text, choices)
    if answer is not None:
        lesions["kind"] = lesions["lesion_id"].map(inferred) if answer == "by_id" else answer
        conversions.add(("lesions.csv", ""), None, "kind", "", answer, "the kind of the lesions, as answered")
