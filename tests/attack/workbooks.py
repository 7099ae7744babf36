"""Mutations of sheets of Excel workbooks: of what stands in the cells, of what cells can be, and of the raw file."""

from __future__ import annotations

import csv
import io
import random
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import openpyxl
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font
from openpyxl.utils.exceptions import IllegalCharacterError
from openpyxl.worksheet.worksheet import Worksheet

from attack.mutation import Kinds, Mutated, text_kinds
from attack.tables import DATE, NOT_FILLED, NUMBER

# What only texts can have: separators and quotes of a line.
OF_LINES = {"quote that does not end", "another separator", "trailing separators"}
CENTURY = re.compile(rb"<workbookPr ?")
CELL = re.compile(rb'(<c r="[A-Z]+[2-9]\d*"[^>]*>)(<v>)')


def workbook_of(content: bytes, sheet: str, separator: str = ",") -> bytes:
    """Write a text table as the sheet of a workbook, numbers and dates as what they are."""
    text = content.decode()
    return written(list(csv.reader(io.StringIO(text), delimiter=separator)), sheet)


def written(rows: list[list[str]], sheet: str) -> bytes:
    workbook = openpyxl.Workbook()
    page = workbook.active
    page.title = sheet
    for row in rows:
        page.append([typed(cell) for cell in row])
    return saved(workbook)


def saved(workbook: openpyxl.Workbook) -> bytes:
    """Save a workbook without the hour, so that a seed gives the same bytes."""
    workbook.properties.created = workbook.properties.modified = datetime(2024, 1, 1)
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def typed(cell: str) -> object:
    """Return what a spreadsheet makes of a text that is typed in."""
    if cell == "" or (DATE.fullmatch(cell) and not is_day(cell)):
        return cell or None
    if DATE.fullmatch(cell):
        return date.fromisoformat(cell)
    return float(cell) if NUMBER.fullmatch(cell) and len(cell) < 16 else cell


def is_day(cell: str) -> bool:
    try:
        return date.fromisoformat(cell).year >= 1900
    except ValueError:
        return False


def text_rows(content: bytes, sheet: str) -> list[list[str]]:
    """Return the cells of a sheet as the texts that `typed` was given."""
    page = openpyxl.load_workbook(io.BytesIO(content))[sheet]
    return [[text_of(value) for value in row] for row in page.iter_rows(values_only=True)]


def text_of(value: Any) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, float):
        return f"{value:.15g}"
    return "" if value is None else str(value)


def sheet_kinds(of_text: Kinds, sheet: str) -> Kinds:
    """Return what can be done to a sheet: all that can be done to the cells of a text table, and more."""
    kinds = Kinds()
    for name, kind in of_text.kinds.items():
        if name not in text_kinds().kinds.keys() | OF_LINES:
            # A sheet's rows have no length of their own: without its last filled cell a row is one that nobody filled.
            judgement = NOT_FILLED if name == "cell too few" else kind.judgement
            kinds.add(name, judgement)(through_text(kind.change, sheet))
    cell_kinds(kinds, sheet)
    page_kinds(kinds, sheet)
    part_kinds(kinds)
    byte_kinds(kinds)
    return kinds


def through_text(change: Callable[[random.Random, bytes], Any], sheet: str) -> Callable[[random.Random, bytes], Any]:
    """Return a change of a sheet that does what a change of a text table does."""

    def changed(rng: random.Random, content: bytes) -> Mutated | None:
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(text_rows(content, sheet))
        new = change(rng, out.getvalue().encode())
        if new is None or new == out.getvalue().encode():
            return None
        new = Mutated(new) if isinstance(new, bytes) else new
        try:
            rows = list(csv.reader(io.StringIO(new.content.decode())))
            return Mutated(written(rows, sheet), new.about)
        except (IllegalCharacterError, csv.Error):  # a character, or a text as long, that a workbook cannot hold
            return None

    return changed


def cell_kinds(kinds: Kinds, sheet: str) -> None:
    """Add what a cell of a workbook can be, beside a text."""

    def cell(name: str, change: Callable[[random.Random, Any], object], wanted: Any, judgement: str = "") -> None:
        @kinds.add(name, judgement)
        def _(rng, content):
            workbook = openpyxl.load_workbook(io.BytesIO(content))
            cells = [
                one for row in workbook[sheet].iter_rows(min_row=2) for one in row if isinstance(one.value, wanted)
            ]
            if not cells:
                return None
            chosen = rng.choice(cells)
            about = owner(workbook[sheet], chosen.row)
            change(rng, chosen)
            return Mutated(saved(workbook), about | owner(workbook[sheet], chosen.row))

    def put(name: str, value: Callable[[random.Random, Any], object], wanted: Any, judgement: str = "") -> None:
        def change(rng, cell):
            cell.value = value(rng, cell.value)

        cell(name, change, wanted, judgement)

    def set_format(*formats: str) -> Callable[[random.Random, Any], None]:
        def change(rng, cell):
            cell.number_format = rng.choice(formats)

        return change

    errors = ["#REF!", "#VALUE!", "#DIV/0!", "#N/A", "#NAME?"]
    put("an error of the spreadsheet", lambda rng, value: rng.choice(errors), (float, int, datetime, str))
    put(
        "formula that was never computed", lambda rng, value: rng.choice(["=1+1", "=A1", "=TODAY()"]), (float, int, str)
    )
    put("number as a text", lambda rng, value: f"{value:.15g}", (float, int))
    put("date as a text", lambda rng, value: value.date().isoformat(), datetime)
    put("date with an hour of the day", lambda rng, value: value.replace(hour=rng.randrange(1, 24)), datetime)
    put("truth in place of a value", lambda rng, value: rng.choice([True, False]), (float, int, str))
    put("text of several fonts", lambda rng, value: CellRichText(TextBlock(InlineFont(b=True), value)), str)
    put("blanks alone", lambda rng, value: " " * rng.randrange(1, 4), (float, int, datetime), NOT_FILLED)
    put("number with noise", lambda rng, value: value * (1 + 1e-16) if value else None, (float, int))
    cell("number shown as percent", set_format("0%", "0.00%"), (float, int))
    cell("number shown as a date", set_format("yyyy-mm-dd", "d/m/yy", "hh:mm"), (float, int))
    cell("date shown as a number", set_format("General", "0", "0.00"), datetime)
    cell("date shown in another order", set_format("dd/mm/yyyy", "m/d/yy", "mmm yyyy"), datetime)


def owner(page: Worksheet, row: int) -> frozenset[str]:
    """Return the patient of a row, as a person sees the name."""
    header = [cell.value for cell in page[1]]
    for name in ("patient_id", "sample_id"):
        if name in header:
            value = page.cell(row, header.index(name) + 1).value
            return frozenset({str(value).upper() if isinstance(value, bool) else str(value)})
    return frozenset()


def page_kinds(kinds: Kinds, sheet: str) -> None:
    """Add what can be done to a sheet as a whole, and to those beside it."""

    def page(name: str, change: Callable[[random.Random, openpyxl.Workbook, Worksheet], object]) -> None:
        @kinds.add(name)
        def _(rng, content):
            workbook = openpyxl.load_workbook(io.BytesIO(content))
            change(rng, workbook, workbook[sheet])
            return saved(workbook)

    def rename(rng, workbook, page):
        page.title = rng.choice([f"{sheet} ", sheet.swapcase(), f"{sheet}1", f"Copy of {sheet}"])

    def merge(rng, workbook, page):
        first = rng.randrange(2, page.max_row)
        page.merge_cells(start_row=first, end_row=first + 1, start_column=1, end_column=1)

    def format_far_below(rng, workbook, page):
        page.cell(page.max_row + rng.randrange(50, 2000), rng.randrange(1, 40)).font = Font(bold=True)

    def hide(rng, workbook, page):
        page.row_dimensions[rng.randrange(2, page.max_row)].hidden = True
        page.column_dimensions["B"].hidden = True

    def second(rng, workbook, page):
        workbook.create_sheet("Notes", rng.randrange(2)).append(["kept by hand"])

    def veiled(rng, workbook, page):
        second(rng, workbook, page)
        page.sheet_state = rng.choice(["hidden", "veryHidden"])

    def beside(rng, workbook, page):
        page.cell(rng.randrange(1, page.max_row), page.max_column + rng.randrange(1, 5), "to check")

    def title(rng, workbook, page):
        page.insert_rows(1, rng.randrange(1, 3))
        page.cell(1, 1, "Export of the trial")

    def empty_header(rng, workbook, page):
        page.cell(1, rng.randrange(1, page.max_column + 1)).value = None

    page("sheet of another name", rename)
    page("merged cells", merge)
    page("format far below the table", format_far_below)
    page("hidden row and column", hide)
    page("another sheet beside", second)
    page("hidden sheet", veiled)
    page("remark beside the table", beside)
    page("title above the header", title)
    page("empty rows above the header", lambda rng, workbook, page: page.insert_rows(1, rng.randrange(1, 4)))
    page("empty column before the table", lambda rng, workbook, page: page.insert_cols(1))
    page("header emptied", empty_header)


Parts = dict[str, bytes]


def part_kinds(kinds: Kinds) -> None:
    """Add what can be done to the parts of the archive that a workbook is."""

    def parts(name: str, change: Callable[[random.Random, Parts], Parts | None]) -> None:
        @kinds.add(name)
        def _(rng, content):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                new = change(rng, {part: archive.read(part) for part in archive.namelist()})
            return None if new is None else packed(new)

    def some(rng: random.Random, parts: Parts) -> str:
        return rng.choice(sorted(parts))

    def edited(change: Callable[[random.Random, bytes], bytes], wanted: str = "") -> Callable[..., Parts]:
        def edit(rng, parts):
            name = rng.choice([part for part in sorted(parts) if wanted in part])
            return parts | {name: change(rng, parts[name])}

        return edit

    def without(rng, parts):
        lost = some(rng, parts)
        return {name: content for name, content in parts.items() if name != lost}

    def entity(rng, content):
        bomb = (
            b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>'
        )
        head, mark, rest = content.partition(b"?>")
        return head + mark + bomb + rest if mark else bomb + content

    def computed(rng, content):
        cells = list(CELL.finditer(content))
        if not cells:
            return content
        one = rng.choice(cells)
        return content[: one.end(1)] + b"<f>1+1</f>" + content[one.start(2) :]

    def flipped(rng, content):
        place = rng.randrange(len(content))
        return content[:place] + bytes([rng.randrange(256)]) + content[place + 1 :]

    def mistyped(rng, content):
        return content.replace(b't="n"', b't="%s"' % rng.choice([b"s", b"b", b"d", b"e", b"x"]))

    page = "worksheets/sheet"
    parts("part lost", without)
    parts("part emptied", edited(lambda rng, content: b""))
    parts("part cut", edited(lambda rng, content: content[: rng.randrange(len(content))]))
    parts("part of no XML", edited(lambda rng, content: rng.choice([b"\0" * 64, b"<html></html>", b"{}"])))
    parts("entities in a part", edited(entity))
    parts("formula with its value", edited(computed, page))
    parts(
        "size of a sheet that lies",
        edited(lambda rng, content: re.sub(rb'ref="[A-Z0-9:]+"', b'ref="A1"', content), page),
    )
    parts(
        "calendar of 1904",
        edited(lambda rng, content: CENTURY.sub(b'<workbookPr date1904="1" ', content), "xl/workbook"),
    )
    parts(
        "styles mixed up",
        edited(lambda rng, content: re.sub(rb' s="\d+"', b' s="%d"' % rng.randrange(99), content), page),
    )
    parts("kinds of cells mixed up", edited(mistyped, page))
    parts("byte of a sheet another", edited(flipped, page))


def packed(parts: Parts) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def byte_kinds(kinds: Kinds) -> None:
    """Add what can be done to the bytes of the file."""

    @kinds.add("empty file")
    def _(rng, content):
        return b""

    @kinds.add("file cut")
    def _(rng, content):
        return content[: rng.randrange(len(content))]

    @kinds.add("byte of the file another")
    def _(rng, content):
        place = rng.randrange(len(content))
        return content[:place] + bytes([content[place] ^ (1 << rng.randrange(8))]) + content[place + 1 :]

    @kinds.add("bytes of zeros")
    def _(rng, content):
        place, length = rng.randrange(len(content)), rng.randrange(1, 512)
        return content[:place] + bytes(length) + content[place + length :]

    @kinds.add("another kind of file")
    def _(rng, content):
        begins = [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x1f\x8b\x08\x00", b"%PDF-1.4\n", b"<html>", b"a,b\n1,2\n"]
        return rng.choice(begins) + bytes(600)

    @kinds.add("something before the archive")
    def _(rng, content):
        return b"From: a mailer\r\n\r\n" + content

    @kinds.add("parts with a password")
    def _(rng, content):
        """Set the bit of encryption in every header."""
        for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            place = content.find(mark)
            while place >= 0:
                content = (
                    content[: place + offset] + bytes([content[place + offset] | 1]) + content[place + offset + 1 :]
                )
                place = content.find(mark, place + 4)
        return content

    @kinds.add("a part that says it is huge")
    def _(rng, content):
        place = content.find(b"PK\x01\x02")
        return content[: place + 24] + (2**31 - 1).to_bytes(4, "little") + content[place + 28 :]
