"""The tables of a delivery as text: CSV of any kind, sheets of workbooks, SAS transport files."""

from __future__ import annotations

import codecs
import csv
import io
import re
import zlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from anpi.delivery.conversions import Conversions
from anpi.files.plain import MOST_BYTES, read_bounded
from anpi.files.sheet import WORKBOOKS
from anpi.files.text import declared_encoding, decoded, refuse_workbook
from anpi.problems import InputError, Problem, missing_file
from anpi.tables.adam import read_adam
from anpi.tables.names import plain_name
from anpi.tables.reading import FIRST_DATA_ROW, MISSING
from anpi.tables.workbook import hidden_sheets, read_sheet, sheet_names
from anpi.words.lists import plural

SEPARATORS = (",", ";", "\t", "|")
LEAST_WIDTH = 0.5  # of the widest row, that a header fills


@dataclass
class Source:
    """A table of a delivery.

    Parameters
    ----------
    file, sheet : str
        Where it stands; no sheet for a file of text.
    frame : pandas.DataFrame
        Every value as text, None when empty; index ``i`` stands in row ``i + 2``, as everywhere.
    hidden : bool
        A sheet that a person does not see who opens the workbook.
    earlier_key : str, optional
        Key of the table of an earlier delivery that this one continues under another name.
    """

    file: str
    sheet: str
    frame: pd.DataFrame
    hidden: bool = False
    earlier_key: str | None = None

    @property
    def place(self) -> tuple[str, str]:
        return self.file, self.sheet

    @property
    def shown(self) -> str:
        """Name the table as a config does."""
        return f"{self.file}#{self.sheet}" if self.sheet else self.file

    @property
    def key(self) -> str:
        """Name the table for this delivery and the next: without folder, with ``*`` for digits of the file's name."""
        if self.earlier_key is not None:
            return self.earlier_key
        name = re.sub(r"\d+(?:[-_.]\d+)*", "*", Path(self.file).name)
        return f"{name}#{self.sheet}" if self.sheet else name


def read_sources(files: Sequence[Path], conversions: Conversions) -> list[Source]:
    """Read the clinical files of a delivery.

    Raises
    ------
    InputError
        With what cannot be read.
    """
    sources: list[Source] = []
    problems: list[Problem] = []
    for file in files:
        try:
            sources += read_file(file, conversions)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    keys = Counter(source.key for source in sources)
    twice = [source.shown for source in sources if keys[source.key] > 1]
    if twice:
        mend = "Give one delivery at a time, or names that differ in more than digits."
        raise InputError(Problem(twice[1], f"its name is that of {twice[0]} but for digits", mend=mend))
    return sources


def continue_sources(sources: Sequence[Source], earlier: Mapping[str, Collection[str]]) -> list[str]:
    """Take up the keys of an earlier delivery for tables that have new names and the same columns.

    Parameters
    ----------
    earlier : mapping
        Columns by key.

    Returns
    -------
    list of str
        What was taken up, in words.
    """
    said = []
    gone = [key for key in earlier if key not in {source.key for source in sources}]
    for source in sources:
        same = [key for key in gone if set(earlier[key]) == set(map(str, source.frame.columns))]
        if source.key not in earlier and len(same) == 1:
            source.earlier_key = same[0]
            gone.remove(same[0])
            said.append(f"{source.shown}: taken for {same[0]} of the earlier delivery, which had the same columns")
    return said


def read_file(file: Path, conversions: Conversions) -> list[Source]:
    if file.is_dir():
        expected = "a workbook, a text or a dataset"
        raise InputError(Problem(str(file), found="a folder", expected=expected, mend="Name the files in it."))
    if not file.is_file():
        raise InputError(missing_file(file, "Check the path."))
    if file.suffix.lower() == ".xpt":
        return [Source(str(file), "", read_adam(file))]
    if file.suffix.lower() in WORKBOOKS:
        hidden = hidden_sheets(file)
        rows_of = {sheet: read_sheet(file, sheet) for sheet in sheet_names(file)}
        for sheet in [sheet for sheet, rows in rows_of.items() if len(rows) < 2]:
            conversions.add((str(file), sheet), None, "", "sheet", "", "left out: it holds no row of data")
        tables = {sheet: rows for sheet, rows in rows_of.items() if len(rows) > 1}
        return [source_of(str(file), sheet, rows, conversions, sheet in hidden) for sheet, rows in tables.items()]
    rows = text_rows(file, conversions)
    return [source_of(str(file), "", rows, conversions)]


def text_rows(file: Path, conversions: Conversions) -> dict[int, list[str]]:
    """Read a text file with whatever separates its cells, UTF-8 or as Windows writes in Europe or China."""
    try:
        content = read_bounded(file, MOST_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(Problem(str(file), f"cannot be read: {error}", mend="Copy it again.")) from None
    refuse_workbook(str(file), content)
    try:
        text = content.decode(declared_encoding(content))
    except UnicodeDecodeError:
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            fault = "UTF-16 that ends within a character or holds bytes that are none"
            raise InputError(Problem(str(file), fault, mend="Copy the file again.")) from None
        name, text = decoded(str(file), content)
        conversions.add((str(file), ""), None, "", name, "UTF-8", "the bytes are no UTF-8")
    if "\0" in text:
        fault, mend = "bytes of zero, which no text holds", "Save the file as CSV UTF-8."
        raise InputError(Problem(str(file), fault, mend=mend))
    separator = separator_of(text)
    if separator != ",":
        conversions.add((str(file), ""), None, "", repr(separator), "','", "the separator of the file")
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        fault, mend = f"cannot be read: {error}", "Is a quotation mark never closed?"
        raise InputError(Problem(str(file), fault, mend=mend)) from None
    rows = {number: row for number, row in enumerate(records, start=1) if any(cell.strip() for cell in row)}
    if rows and not text.endswith(("\n", "\r")):
        refuse_cut_row(str(file), rows)
        why = "the last row has no line end: was the file cut short, and is the last cell whole?"
        conversions.add((str(file), ""), max(rows), "", "", "", why)
    return rows


def separator_of(text: str) -> str:
    """Return what separates cells: what gives the most rows of one length above one, the comma first among equals."""
    lines = "\n".join(text.splitlines()[:200])

    def rows_alike(separator: str) -> tuple[int, int]:
        lengths = Counter(len(row) for row in csv.reader(io.StringIO(lines), delimiter=separator) if len(row) > 1)
        length, rows = max(lengths.items(), key=lambda pair: pair[1], default=(0, 0))
        return rows, length

    return max(SEPARATORS, key=rows_alike)


def refuse_cut_row(name: str, rows: Mapping[int, list[str]]) -> None:
    """Refuse a last row that has neither a line end nor as many cells as others."""
    last, most = max(rows), max(map(len, rows.values()))
    if len(rows[last]) < most:
        fault, found = "the last row has no line end and lacks cells", plural(len(rows[last]), "cell")
        mend = "Copy the file again; if the row is a remark, delete it or end it with a line break."
        raise InputError(Problem(name, fault, row=last, found=found, expected=str(most), mend=mend))


def short_rows(name: str, rows: Mapping[int, list[str]], width: int) -> list[Problem]:
    """Find rows of a text file that end before the header does, as where a copy broke off.

    Rows that are all of one length lack columns that are empty. Of rows of one cell it is asked whether they are
    remarks.
    """
    lengths = {number: len(row) for number, row in rows.items() if len(row) > 1}
    if len(set(lengths.values())) == 1 and len(lengths) > 1:
        return []
    expected = f"{width} as in the header"
    mend = "Copy the file again, or write all cells of the row."
    return [
        Problem(name, row=number, found=f"{length} cells", expected=expected, mend=mend)
        for number, length in lengths.items()
        if length < width
    ]


def refuse_header_of_two_rows(name: str, start: int, header: Sequence[str], rows: Mapping[int, list[str]]) -> None:
    """Refuse a header whose gaps the next row fills with names, as under cells that are merged over several columns."""
    following = next((number for number in rows if number > start), None)
    if following is None:
        return
    below = rows[following]
    width = max(len(header), len(below))
    names, cells = ([*row, *[""] * (width - len(row))] for row in (header, below))
    gaps = [place for place in range(width) if cells[place] and not names[place]]
    empty = [place for place in range(width) if names[place] and not cells[place]]
    if gaps and empty and not any(re.search(r"\d", cell) for cell in below):
        fault = f"the header is of two rows: {below[gaps[0]]!r} of row {following} stands below no name"
        mend = f"Write one row of names, in row {following}, and delete row {start}."
        raise InputError(Problem(name, fault, row=start, mend=mend))


def source_of(
    file: str, sheet: str, rows: dict[int, list[str]], conversions: Conversions, hidden: bool = False
) -> Source:
    """Make a table of rows: titles above the header are left out."""
    place = (file, sheet)
    name = f"{file}#{sheet}" if sheet else file
    plain = {
        number: [plain_name(cell) if "\n" not in cell else cell.strip() for cell in row] for number, row in rows.items()
    }
    widest = max((sum(map(bool, row)) for row in plain.values()), default=0)
    start = next((n for n, row in plain.items() if sum(map(bool, row)) > max(1, LEAST_WIDTH * widest)), None)
    if start is None:
        raise InputError(Problem(name, "no header found", expected="column names above rows of data"))
    for number in [number for number in plain if number < start]:
        conversions.add(place, number, "", "row", "", "left out: a title above the header")
    for number in [number for number, row in plain.items() if number > start and row == plain[start]]:
        conversions.add(place, number, "", "row", "", "left out: the header once more")
        del plain[number]
    header = [" ".join(cell.split()) for cell in plain[start]]
    refuse_header_of_two_rows(name, start, header, plain)
    width = max(place for place, cell in enumerate(header, start=1) if cell)
    given = {number: row for number, row in plain.items() if number > start}
    body = {number: (row + [""] * width) for number, row in given.items()}
    problems = [
        Problem(name, row=number, found=f"{len(row) - width} cells", expected=f"{width} as in the header")
        for number, row in body.items()
        if any(row[width:])
    ]
    problems += [] if sheet else short_rows(name, given, width)
    problems += [
        Problem(name, "the column stands twice", row=start, column=c)
        for c, n in Counter(header[:width]).items()
        if n > 1 and c
    ]
    if problems:
        raise InputError(problems)
    kept = [place for place, cell in enumerate(header) if cell or any(row[place] for row in body.values())]
    names = [header[place] or f"column {place + 1}" for place in kept]
    cells = [[None if row[place] in MISSING else row[place] for place in kept] for row in body.values()]
    frame = pd.DataFrame(cells, columns=names, index=[n - FIRST_DATA_ROW for n in body], dtype=object)
    return Source(file, sheet, frame, hidden)
