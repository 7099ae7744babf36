"""All tables in one workbook whose bytes depend on the tables alone."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from anpi.report.numbers import known

FORMULA = ("=", "+", "-", "@", "\t", "\r")
MOST_ROWS = 1_048_575
LONGEST_TEXT = 32_767
STAMP = (1980, 1, 1, 0, 0, 0)
DATES = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</dcterms)")
FORBIDDEN = re.compile(r"[\[\]:*?/\\']")


def write_workbook(tables: Mapping[str, pd.DataFrame]) -> bytes:
    """Write each table as a sheet.

    Texts that a spreadsheet would take for a formula get an apostrophe in front. Rows beyond what a sheet holds are
    left out, and the last row says so.

    Returns
    -------
    bytes
        The xlsx file; the same tables give the same bytes.
    """
    book = Workbook(write_only=True)
    taken: set[str] = set()
    for name, frame in tables.items():
        sheet = book.create_sheet(sheet_name(name, taken))
        sheet.freeze_panes = "A2"
        sheet.append([heading(sheet, column) for column in frame.columns])
        shown = frame.head(MOST_ROWS - 1)
        columns = [[plain_value(value) for value in frame_column] for _, frame_column in shown.items()]
        for row in zip(*columns, strict=True):
            sheet.append(row)
        if len(frame) > len(shown):
            sheet.append([f"{len(frame) - len(shown)} more rows are in the text table"])
    buffer = io.BytesIO()
    book.save(buffer)
    return fixed_stamps(buffer.getvalue())


def sheet_name(name: str, taken: set[str]) -> str:
    """Return a name that a sheet can bear and no other sheet bears."""
    base = FORBIDDEN.sub(" ", name)[:31] or "table"
    shown, place = base, 2
    while shown.lower() in taken:
        shown, place = f"{base[:28]} {place}", place + 1
    taken.add(shown.lower())
    return shown


def heading(sheet: Any, words: object) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, value=plain_value(str(words)))
    cell.font = Font(bold=True)
    return cell


def neutral(frame: pd.DataFrame) -> pd.DataFrame:
    """Put an apostrophe before every text of a table that a spreadsheet would take for a formula; numbers stay."""
    texts = frame.select_dtypes(exclude=["number", "bool", "datetime"])
    shown = {name: [neutral_text(value) for value in column] for name, column in texts.items()}
    return frame.assign(**shown).rename(columns=neutral_text)


def neutral_text(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def plain_value(value: Any) -> Any:
    """Return a value that a sheet shows and never calculates."""
    if not known(value):
        return None
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, float, np.integer, np.floating)):
        number = value.item() if isinstance(value, np.generic) else value
        return number if np.isfinite(number) else str(number)
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d")
    return neutral_text(str(value)[:LONGEST_TEXT])


def fixed_stamps(content: bytes) -> bytes:
    """Write the archive again with fixed dates."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as new,
    ):
        for name in old.namelist():
            data = old.read(name)
            if name == "docProps/core.xml":
                data = DATES.sub(rb"\g<1>1980-01-01T00:00:00Z\g<3>", data)
            new.writestr(zipfile.ZipInfo(name, STAMP), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
