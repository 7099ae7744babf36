"""Sheets of workbooks as tables: read as they are shown, never evaluated, bounded."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest

from anpi.files.sheet import file_of, split_sheet
from anpi.problems import InputError
from anpi.tables.reading import read_table, read_text_table
from anpi.tables.workbook import MOST_UNPACKED, read_sheet

HEADER = ["patient_id", "arm", "age", "treatment_start_date"]


def write(path: Path, rows: Sequence[Sequence[object]], sheet: str = "Patients", **formats: str) -> Path:
    book = openpyxl.Workbook()
    book.active.title = sheet
    for row in rows:
        book.active.append(list(row))
    for cell, form in formats.items():
        book.active[cell].number_format = form
    book.save(path)
    return path


def edit(path: Path, part: str, old: bytes, new: bytes) -> Path:
    """Put other bytes into a part of a workbook."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old in parts[part]
    parts[part] = parts[part].replace(old, new, 1)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def refused(path: Path | str) -> str:
    with pytest.raises(InputError) as caught:
        read_text_table(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("a.xlsx#Sheet 1", ("a.xlsx", "Sheet 1")),
        ("b#c/a.XLSM#S#2", ("b#c/a.XLSM", "S#2")),
        ("a#b.csv", ("a#b.csv", None)),
        ("a.xlsx", ("a.xlsx", None)),
    ],
)
def test_a_sheet_is_named_behind_its_workbook(path: str, parts: tuple[str, str | None]):
    assert split_sheet(path) == parts
    assert file_of(path) == parts[0]


def test_a_sheet_reads_as_the_same_table_of_text(tmp_path: Path):
    rows = [
        HEADER,
        ["P1", "A", 61.5, datetime(2024, 1, 15)],
        ["P2", "NA", None, "2024-02-01"],
        [None] * 4,
        ["P3", "B", 70, None],
    ]
    write(tmp_path / "t.xlsx", rows)
    (tmp_path / "t.csv").write_text(",".join(HEADER) + "\nP1,A,61.5,2024-01-15\nP2,NA,,2024-02-01\n,,,\nP3,B,70,\n")
    sheet, text = read_text_table(f"{tmp_path}/t.xlsx#Patients"), read_text_table(tmp_path / "t.csv")
    assert sheet.equals(text)
    assert list(sheet.index) == [0, 1, 3]


def test_faults_name_the_sheet_and_its_row(tmp_path: Path):
    write(tmp_path / "t.xlsx", [HEADER, [None] * 4, ["P1", "A", "old", None]])
    with pytest.raises(InputError) as caught:
        read_table(f"{tmp_path}/t.xlsx#Patients", "patients")
    assert "t.xlsx#Patients, row 3, column age: found 'old'" in str(caught.value)


def test_a_formula_counts_by_the_value_that_the_workbook_holds(tmp_path: Path):
    path = write(tmp_path / "t.xlsx", [HEADER, ["P1", "A", "=60+1", None]])
    edit(path, "xl/worksheets/sheet1.xml", b"<v></v>" if b"<v></v>" in part(path) else b"<v />", b"<v>61</v>")
    assert read_text_table(f"{path}#Patients")["age"].tolist() == ["61"]


def part(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read("xl/worksheets/sheet1.xml")


def test_a_formula_without_a_value_is_refused(tmp_path: Path, tells):
    path = write(tmp_path / "patients.xlsx", [HEADER, ["P1", "A", "=60+1", None]])
    with pytest.raises(InputError) as caught:
        read_text_table(f"{path}#Patients")
    assert "a formula without a value in C2" in str(caught.value)
    tells("a formula whose value the workbook does not hold", map(str, caught.value.problems))


def test_text_that_looks_like_a_formula_stays_text(tmp_path: Path):
    book = openpyxl.Workbook()
    book.active.title = "Patients"
    book.active.append(HEADER)
    book.active.append(["P1", "A", None, None])
    book.active["B2"].value = "=HYPERLINK()"
    book.active["B2"].data_type = "s"
    book.save(tmp_path / "t.xlsx")
    assert read_text_table(f"{tmp_path}/t.xlsx#Patients")["arm"].tolist() == ["=HYPERLINK()"]


def test_a_share_is_read_as_it_is_shown(tmp_path: Path):
    path = write(tmp_path / "t.xlsx", [["sample_id", "tumour_content"], ["S1", 0.8]], B2="0%")
    assert read_sheet(path, "Patients")[2] == ["S1", "80%"]


def test_ids_keep_the_zeros_that_their_format_shows(tmp_path: Path):
    rows = [["a", "b", "c", "d"], [7, 7, 7, 7.5]]
    formats = {"A2": "000", "B2": '"P-"000', "C2": "0", "D2": "000"}
    assert read_sheet(write(tmp_path / "zeros.xlsx", rows, **formats), "Patients")[2] == ["007", "P-007", "7", "7.5"]


def test_the_day_of_a_date_that_shows_none_is_not_known(tmp_path: Path):
    """Excel makes the 1st of May of "May 2024" that a person typed, and shows May-24."""
    first, other = datetime(2024, 5, 1), datetime(2024, 5, 3)
    rows = [["a", "b", "c", "d", "e"], [first, other, first, first, first]]
    formats = {"A2": "mmm-yy", "B2": "mmm-yy", "C2": "dd/mm/yyyy", "D2": "d-mmm-yy", "E2": "[$-407]mmmm\\ yyyy"}
    read = read_sheet(write(tmp_path / "months.xlsx", rows, **formats), "Patients")[2]
    assert read == ["2024-05", "2024-05-03", "2024-05-01", "2024-05-01", "2024-05"]


def test_a_sheet_that_is_not_there_is_told_with_the_nearest(tmp_path: Path, tells):
    path = write(tmp_path / "patients.xlsx", [HEADER, ["P1", "A", 61, None]])
    with pytest.raises(InputError) as caught:
        read_text_table(f"{path}#Patient")
    assert "Did you mean Patients?" in str(caught.value)
    tells("a sheet that the workbook does not have", map(str, caught.value.problems))


def test_a_workbook_that_unpacks_to_more_than_any_real_one_is_refused(tmp_path: Path, tells):
    path = write(tmp_path / "patients.xlsx", [HEADER, ["P1", "A", 61, None]])
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/media/1.bin", "w", force_zip64=True) as bomb,
    ):
        for _ in range(MOST_UNPACKED // 1_000_000):
            bomb.write(bytes(1_000_000))
    assert path.stat().st_size < 1_000_000
    with pytest.raises(InputError) as caught:
        read_text_table(f"{path}#Patients")
    assert "unpacks to" in str(caught.value)
    tells("a workbook that unpacks to more than any real one", map(str, caught.value.problems))


def test_entities_of_a_workbook_are_refused(tmp_path: Path):
    path = write(tmp_path / "t.xlsx", [HEADER, ["P1", "A", 61, None]])
    entity = b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet '
    edit(path, "xl/worksheets/sheet1.xml", b"<worksheet ", entity)
    assert "XML that Excel does not write" in refused(f"{path}#Patients")


@pytest.mark.parametrize("reference", ["A99999999", "XFD2"])
def test_rows_and_columns_far_out_are_bounded(tmp_path: Path, reference: str):
    path = write(tmp_path / "t.xlsx", [["patient_id"], ["P1"]])
    number = "".join(filter(str.isdigit, reference)).encode()
    old = b'<row r="2"' if b'<row r="2"' in part(path) else b"<row"
    edit(path, "xl/worksheets/sheet1.xml", old, b'<row r="' + number + b'"')
    edit(path, "xl/worksheets/sheet1.xml", b'r="A2"', f'r="{reference}"'.encode())
    said = refused(f"{path}#Patients")
    assert "more cells up to row" in said or "cells" in said


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a workbook", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_workbook_is_refused_in_words(tmp_path: Path, content: bytes):
    (tmp_path / "t.xlsx").write_bytes(content)
    assert "not a readable Excel workbook" in refused(f"{tmp_path}/t.xlsx#Patients")


def test_a_workbook_without_a_sheet_says_how_to_name_one(tmp_path: Path):
    path = write(tmp_path / "t.xlsx", [HEADER, ["P1", "A", 61, None]])
    assert "name the sheet: " in refused(path)


def test_a_workbook_whose_packed_bytes_are_damaged_is_refused_in_words(tmp_path: Path):
    """As zlib, not zipfile, finds it."""
    path = write(tmp_path / "a.xlsx", [HEADER, *(["P1", f"arm {number}", 60, None] for number in range(200))])
    with zipfile.ZipFile(path) as archive:
        part = archive.getinfo("xl/worksheets/sheet1.xml")
    content = bytearray(path.read_bytes())
    start = part.header_offset + 30 + len(part.filename)
    for place in range(start, start + part.compress_size, 7):
        damaged = content.copy()
        damaged[place] ^= 0x55
        path.write_bytes(damaged)
        assert "not a readable Excel workbook" in refused(f"{path}#Patients")


@pytest.mark.parametrize(
    ("value", "form", "seen"),
    [
        (1001, "00-000", "01-001"),
        (1001, '00"-"000', "01-001"),
        (10020003, "00\\-00\\-0000", "10-02-0003"),
        (123456, "00-000", "123-456"),
        (7, "000", "007"),
        (1001, "0", "1001"),
        (-5, "00-000", "-5"),
        (1001, "00-000;@", "1001"),
    ],
)
def test_an_id_has_the_zeros_and_signs_of_its_format(value: int, form: str, seen: str, tmp_path: Path):
    rows = read_sheet(write(tmp_path / "t.xlsx", [["id"], [value]], A2=form), "Patients")
    assert rows[2] == [seen]
