"""Sheets of Excel workbooks as text, as a person sees them: never evaluated, and bounded in size.

A table that is a sheet is written ``file.xlsx#Sheet`` (see `anpi.files.sheet`).
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from anpi.files.plain import refuse_odd_file
from anpi.problems import InputError, Problem, missing_file, nearest

MOST_UNPACKED = 500_000_000  # bytes of a workbook, unpacked
MOST_CELLS = 20_000_000  # of a sheet, empty ones within its width counted
MOST_ROWS = 1_048_576  # of a sheet, as Excel has it
START = 1 << 16  # bytes of a part in which its root stands
# A format that shows a whole number with zeros before it (``000``), behind letters or not (``"P-"000``), and with
# signs between them (``00-000``).
ZEROS = re.compile(r'((?:"[^"]*"|\\.|[-_./])*)(0{2,}(?:(?:"-"|\\?-)0+)*)')
ROOT_ELEMENT = re.compile(rb"<[A-Za-z]")


def sheet_names(file: Path | str) -> list[str]:
    """List the sheets with cells of a workbook, hidden ones too."""
    with opened(file, values=True) as workbook:
        return [sheet.title for sheet in workbook.worksheets]


def hidden_sheets(file: Path | str) -> set[str]:
    """Return the sheets of a workbook that a person who opens it does not see."""
    with opened(file, values=True) as workbook:
        return {sheet.title for sheet in workbook.worksheets if sheet.sheet_state != "visible"}


def read_sheet(file: Path | str, name: str) -> dict[int, list[str]]:
    """Read a sheet as text, by row as the spreadsheet counts; empty rows are left out.

    Dates become YYYY-MM-DD (with a time of day, unless it is midnight), or YYYY-MM where the format shows no day and it
    is the first; numbers shown with zeros before them keep those; shares shown as percent become ``80%``. Of a formula
    its last value is taken, as the workbook holds it; nothing is computed.

    Returns
    -------
    dict of int to list of str
        Rows of one length, "" for an empty cell.

    Raises
    ------
    InputError
        No workbook, no such sheet, a formula whose value the workbook does not hold, a workbook that unpacks to more
        than any real one.
    """
    rows = {number: row for number, row in iterate_sheet(file, name) if any(cell.strip() for cell in row)}
    width = max((len(row) for row in rows.values()), default=0)
    while width and not any(row[width - 1].strip() for row in rows.values() if len(row) >= width):
        width -= 1
    return {number: (row + [""] * width)[:width] for number, row in rows.items()}


def iterate_sheet(file: Path | str, name: str, exact: bool = False) -> Iterator[tuple[int, list[str]]]:
    """Iterate over the rows of a sheet that have cells, by their number, as `read_sheet` does; one at a time.

    Parameters
    ----------
    exact : bool
        Whether numbers have all their digits, rather than the 15 that a spreadsheet shows.
    """
    empty: list[tuple[int, int]] = []
    with opened(file, values=True) as found, opened(file, values=False) as written:
        rows = zip(cells_of(found, str(file), name), cells_of(written, str(file), name), strict=True)
        for (number, row), (_, formulas) in rows:
            empty += empty_formulas(number, row, formulas)
            if any(cell.value is not None for cell in row):
                yield number, [shown(cell, exact) for cell in row]
    refuse_empty_formulas(empty, f"{file}#{name}")


@contextmanager
def opened(file: Path | str, values: bool) -> Iterator[Any]:
    """Open a workbook to read, after a look at what it unpacks to; what its readers raise becomes words."""
    import openpyxl

    refuse_odd_file(file)
    name = str(file)
    try:
        refuse_bomb(name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that hold no cells
            workbook = openpyxl.load_workbook(name, read_only=True, data_only=values, keep_links=False)
        try:
            yield workbook
        finally:
            workbook.close()
    except FileNotFoundError:
        raise InputError(missing_file(file)) from None
    except (InputError, MemoryError):
        raise
    except Exception as error:  # a damaged part ends its readers (zipfile, zlib, expat, openpyxl) in any way
        mend = "Save it anew as .xlsx without a password, or save the sheet as CSV UTF-8."
        raise InputError(Problem(name, f"not a readable Excel workbook ({type(error).__name__})", mend=mend)) from None


def refuse_bomb(name: str) -> None:
    """Refuse a workbook that unpacks to more than any real one, or whose parts declare entities of their own."""
    with zipfile.ZipFile(name) as archive:
        size = sum(part.file_size for part in archive.infolist())  # no more than is stated here is ever unpacked
        if size > MOST_UNPACKED:
            found = f"a workbook that unpacks to {size:,} bytes"
            raise InputError(Problem(name, found=found, expected=f"at most {MOST_UNPACKED:,}"))
        for part in archive.namelist():
            if part.endswith((".xml", ".rels")):
                with archive.open(part) as content:
                    start = content.read(START)
                if b"<!" in start.replace(b"<!--", b"") or not ROOT_ELEMENT.search(start):
                    raise InputError(Problem(name, "the workbook holds XML that Excel does not write", found=part))


def cells_of(workbook: Any, file: str, name: str) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Iterate over the rows of a sheet, each with its number."""
    sheets = {sheet.title: sheet for sheet in workbook.worksheets}
    if name not in sheets:
        near = nearest(name, sheets)
        mend = f"Did you mean {near}?" if near else "Sheets found: " + ", ".join(sheets) + "."
        raise InputError(Problem(file, found=f"#{name}", expected="a sheet of the workbook", mend=mend))
    sheet = sheets[name]
    sheet.reset_dimensions()
    cells = 0
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells += len(row)
        if cells > MOST_CELLS or number > MOST_ROWS:
            expected = f"at most {MOST_CELLS:,} cells in {MOST_ROWS:,} rows"
            raise InputError(Problem(f"{file}#{name}", found=f"more cells up to row {number}", expected=expected))
        yield number, row


def empty_formulas(number: int, found: Sequence[Any], written: Sequence[Any]) -> Iterator[tuple[int, int]]:
    """Find the formulas of a row whose value the workbook does not hold, as programs write it that do not compute."""
    for column, cell in enumerate(written):
        if cell.data_type == "f" and (column >= len(found) or found[column].value is None):
            yield number, column


def refuse_empty_formulas(empty: Sequence[tuple[int, int]], place: str) -> None:
    """Refuse formulas without a value."""
    from openpyxl.utils import get_column_letter

    if empty:
        number, column = empty[0]
        more = f" and {len(empty) - 1} more" if len(empty) > 1 else ""
        fault = f"a formula without a value in {get_column_letter(column + 1)}{number}{more}"
        mend = "Open the workbook in a spreadsheet program and save it, or put values in place of formulas."
        raise InputError(Problem(place, fault, row=number, mend=mend))


def shown(cell: Any, exact: bool = False) -> str:
    """Write the value of a cell as a text, as close to what a person sees as its format tells."""
    value = cell.value
    if value is None:
        return ""
    pattern = str(getattr(cell, "number_format", "") or "")
    if isinstance(value, (datetime, date)) and value.day == 1 and not shows_day(pattern):
        return value.strftime("%Y-%m")  # Excel makes the first of a month that is typed alone
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d") if value.time() == time(0) else value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        if "%" in pattern:
            return f"{value * 100:.12g}%"
        if (zeros := ZEROS.fullmatch(pattern)) and value >= 0 and float(value).is_integer():
            return re.sub(r'"|\\(?=.)', "", zeros[1]) + with_zeros(int(value), re.sub(r'["\\]', "", zeros[2]))
        return str(value) if isinstance(value, int) else repr(value) if exact else f"{value:.15g}"
    return str(value)


def with_zeros(value: int, form: str) -> str:
    """Write a number in a form of zeros and signs: 1001 as 01-001 in ``00-000``."""
    groups = [len(group) for group in form.split("-")]
    digits, parts = f"{value:0{sum(groups)}d}", list[str]()
    for size in reversed(groups[1:]):
        digits, part = digits[:-size], digits[-size:]
        parts.insert(0, part)
    return "-".join([digits, *parts])


def shows_day(pattern: str) -> bool:
    """Return whether a format of dates shows the day, as all do but ``mmm-yy`` and its like."""
    bare = re.sub(r'"[^"]*"|\[[^\]]*\]|\\.', "", pattern).lower()
    return "d" in bare or not ("m" in bare and "y" in bare)
