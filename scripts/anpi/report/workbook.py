"""All tables in one workbook whose bytes depend on the tables alone."""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ERROR_CODES
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from anpi.files.writing import LEVEL
from anpi.report.numbers import has_value
from anpi.trial.times import DAYS_PER_MONTH

GUIDE, UNITS = "read me", "units"
MOST_MEASURED = 200
WIDEST = 60
ENDINGS = {
    "_days_": "days",
    "_day_": "study day, day 1 is the first of treatment",
    "_months_": f"months of {DAYS_PER_MONTH} days",
    "_date_": "ISO date",
    "_mm_": "mm",
    "_pct_": "percent",
    "_percent_": "percent",
    "_percentile_": "percentile of the reference tumours, 0 to 100",
    "_tpm_": "transcripts per million",
    "_age_": "years",
    "_p_": "probability or p-value, 0 to 1",
}
FORMULA = ("=", "+", "-", "@", "\t", "\r")
AT_ONCE = 10_000  # rows that are put together
MOST_ROWS = 1_048_575
LONGEST_TEXT = 32_767
STAMP = (1980, 1, 1, 0, 0, 0)
DATES = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</dcterms)")
END_OF_ROWS = b"</sheetData>"
FORBIDDEN = re.compile(r"[\[\]:*?/\\']")


def write_workbook(tables: Mapping[str, pd.DataFrame], places: Mapping[str, str] | None = None) -> bytes:
    """Write each table as a sheet, behind a sheet that explains them and one that names the units of columns.

    Texts that a spreadsheet would take for a formula get an apostrophe in front. Rows beyond what a sheet holds are
    left out, and the last row says so. Headers are frozen and filter.

    Parameters
    ----------
    tables : mapping
        Table by name.
    places : mapping, optional
        Where a table stands below the results, for the sheet that explains.

    Returns
    -------
    bytes
        The xlsx file; the same tables give the same bytes.
    """
    taken = {GUIDE.lower(), UNITS.lower()}
    names = {name: sheet_name(name, taken) for name in tables}
    sheets = {GUIDE: guide(tables, names, places or {}), UNITS: units(tables, names)}
    sheets |= {names[name]: frame for name, frame in tables.items()}
    book = Workbook(write_only=True)
    for name, frame in sheets.items():
        add_sheet(book, name, frame)
    buffer = io.BytesIO()
    book.save(buffer)
    return filled(buffer.getvalue(), list(sheets.values()))


def add_sheet(book: Workbook, name: str, frame: pd.DataFrame) -> None:
    """Add the frozen header of a table, which filters, above columns as wide as what will stand in them."""
    sheet = book.create_sheet(name)
    sheet.freeze_panes = "A2"
    for place, (title, column) in enumerate(frame.items(), 1):
        measured = map(plain_value, column.head(MOST_MEASURED))
        longest = max([len(str(title)) + 3, *(len(str(value)) for value in measured)])
        sheet.column_dimensions[get_column_letter(place)].width = min(longest + 1, WIDEST)
    if len(frame.columns):
        rows = min(len(frame), MOST_ROWS - 1)
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(frame.columns))}{rows + 1}"
    sheet.append([heading(sheet, column) for column in frame.columns])


def guide(tables: Mapping[str, pd.DataFrame], sheets: Mapping[str, str], places: Mapping[str, str]) -> pd.DataFrame:
    """Return what each sheet is: its table below the results, its size, the page that describes its columns."""
    rows = []
    for name, frame in tables.items():
        place = places.get(name, "given by the user")
        page = "_".join(dict.fromkeys(place.split(".")[0].split("/"))) if name in places else name
        page = "exploration" if page.startswith("exploration") else page
        row = {"sheet": sheets[name], "table": place, "rows": len(frame), "columns": frame.shape[1]}
        rows.append(row | {"described in": f"docs/tables/{page}.md"})
    return pd.DataFrame(rows, columns=["sheet", "table", "rows", "columns", "described in"])


def units(tables: Mapping[str, pd.DataFrame], sheets: Mapping[str, str]) -> pd.DataFrame:
    """Return the unit of each column whose name tells it."""
    rows = [
        {"sheet": sheets[name], "column": str(column), "unit": unit_of(str(column))}
        for name, frame in tables.items()
        for column in frame.columns
        if unit_of(str(column))
    ]
    return pd.DataFrame(rows, columns=["sheet", "column", "unit"])


def unit_of(column: str) -> str:
    """Return the unit that a column's name tells, by the house's endings; empty when it tells none."""
    return next((unit for ending, unit in ENDINGS.items() if ending in f"_{column}_"), "")


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
    if isinstance(value, str):  # most cells are this or the next: they are told first
        return neutral_text(value[:LONGEST_TEXT])
    if isinstance(value, float) and math.isfinite(value):
        return value
    if not has_value(value):
        return None
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, float, np.integer, np.floating)):
        number = value.item() if isinstance(value, np.generic) else value
        return number if np.isfinite(number) else str(number)
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d")
    return neutral_text(str(value)[:LONGEST_TEXT])


def filled(content: bytes, frames: Sequence[pd.DataFrame]) -> bytes:
    """Write the archive of a workbook again with fixed dates, and below the header of each sheet the rows of its table.

    The rows are as openpyxl would write them, which takes ten times as long.
    """
    buffer = io.BytesIO()
    rows = {f"xl/worksheets/sheet{place}.xml": sheet_rows(frame) for place, frame in enumerate(frames, 1)}
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as new,
    ):
        for name in old.namelist():
            data = old.read(name)
            if name == "docProps/core.xml":
                data = DATES.sub(rb"\g<1>1980-01-01T00:00:00Z\g<3>", data)
            before, mark, after = data.partition(END_OF_ROWS)
            stamped = zipfile.ZipInfo(name, STAMP)
            stamped.compress_type = zipfile.ZIP_DEFLATED
            with new.open(stamped, "w") as out:
                out.write(before)
                out.writelines(rows.get(name, ()))
                out.write(mark + after)
    return buffer.getvalue()


def sheet_rows(frame: pd.DataFrame) -> Iterator[bytes]:
    """Write the rows of a table below its header as XML of a sheet, many at once."""
    shown = frame.head(MOST_ROWS - 1)
    letters = [get_column_letter(place) for place in range(1, len(frame.columns) + 1)]
    columns = [contents(column) for _, column in shown.items()]
    for start in range(0, len(shown) if letters else 0, AT_ONCE):
        numbers = pa.array(map(str, range(start + 2, min(start + AT_ONCE, len(shown)) + 2)), pa.string())
        yield joined_rows(numbers, letters, [column.slice(start, AT_ONCE) for column in columns])
    if len(frame) > len(shown):
        words = f"{len(frame) - len(shown)} more rows are in the text table"
        row = f'<row r="{len(shown) + 2}"><c r="A{len(shown) + 2}"{cell_content(words)}</row>'
        yield row.encode("utf-8")


def joined_rows(numbers: pa.Array, letters: Sequence[str], columns: Sequence[pa.Array]) -> bytes:
    """Join the cells of rows; a cell without content is none. Row by row it takes several times as long."""
    cells = [
        pc.binary_join_element_wise(f'<c r="{letter}', numbers, '"', column, "")
        for letter, column in zip(letters, columns, strict=True)
    ]
    rows = pc.binary_join_element_wise('<row r="', numbers, '">', *cells, "</row>", "", null_handling="replace")
    return "".join(rows.to_pylist()).encode("utf-8")


def contents(column: pd.Series) -> pa.Array:
    """Write what the cells of a column hold, null for nothing; what stands in many rows is written once."""
    if isinstance(column.dtype, np.dtype) and column.dtype in (np.dtype(float), np.dtype(int)):
        # By their bits: a zero may have a sign.
        places, bits = pd.factorize(column.to_numpy().view(np.int64))
        written = [cell_content(plain_value(value)) or None for value in bits.view(column.dtype).tolist()]
        return pa.array(written, pa.string()).take(pa.array(places))
    values = column.tolist()
    if set(map(type, values)) <= {str, type(None)}:
        words = pa.array(values, pa.string()).dictionary_encode()
        written = [cell_content(plain_value(value)) for value in words.dictionary.to_pylist()]
        return pa.array(written, pa.string()).take(words.indices)
    return pa.array([cell_content(plain_value(value)) or None for value in values], pa.string())


def cell_content(value: bool | float | str | None) -> str:
    """Return what a cell of a sheet holds, behind its place; nothing for a cell without a value."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return f' t="{"b" if isinstance(value, bool) else "n"}"><v>{value:.16g}</v></c>'
    words = escape(value[:LONGEST_TEXT], quote=False)
    if value in ERROR_CODES:
        return f' t="e"><v>{words}</v></c>'
    space = ' xml:space="preserve"' if value.strip() not in ("", value) else ""
    return f' t="inlineStr"><is><t{space}>{words}</t></is></c>' if words else ' t="inlineStr" />'
