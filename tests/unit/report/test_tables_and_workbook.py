"""Table 1, and the workbook."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from unit.report.made import make_tables, read_made, write_run

from anpi.files.shipped import ROOT
from anpi.report import workbook
from anpi.report.inputs import TABLES
from anpi.report.patients import baseline_table, median_iqr, smd_numbers, smd_share
from anpi.report.workbook import guide, plain_value, write_workbook


def test_coverage_of_an_earlier_run_is_none_of_one_without_alignments(tmp_path: Path):
    body = pd.DataFrame({"sample_id": ["P0001-B"], "part_1": [1.0]})
    write_run(tmp_path, {**make_tables(8), "gene_body": body})
    assert "gene_body" in read_made(tmp_path).tables
    assert "gene_body" not in read_made(tmp_path, alignments=False).tables


def test_standardised_differences() -> None:
    # (62 - 60) / sqrt((4 + 16) / 2) by hand: means 62 and 60, variances 4 and 16
    first, second = pd.Series([60.0, 62.0, 64.0]), pd.Series([56.0, 60.0, 64.0])
    assert smd_numbers(first, second) == pytest.approx(2 / np.sqrt(10))
    # 0.5 against 0.25: 0.25 / sqrt((0.25 + 0.1875) / 2)
    assert smd_share(pd.Series(["F", "M"]), pd.Series(["F", "M", "M", "M"]), "F") == pytest.approx(
        0.25 / np.sqrt(0.21875)
    )
    assert np.isnan(smd_numbers(pd.Series([1.0]), second))
    assert np.isnan(smd_share(pd.Series(["F"]), pd.Series(["M"]), "F"))


def test_table_one_counts_what_is_missing_and_fills_nothing() -> None:
    treated = pd.DataFrame(
        {
            "arm": ["x", "x", "x", "y", "y"],
            "age": [50, 60, np.nan, 70, 80],
            "sex": ["F", "M", "M", None, "F"],
            "ecog": [0, 1, 1, 0, None],
        }
    )
    cells = [[c.words for c in row] for row in baseline_table(treated, "").rows]
    assert cells[0] == ["Age, years, median [IQR]", "55 [52.5, 57.5]", "75 [72.5, 77.5]", "65 [57.5, 72.5]", "2.83"]
    assert cells[1][1:4] == ["1", "0", "1"]
    assert cells[3] == ["   female", "1 (33%)", "1 (100%)", "2 (50%)", ""]
    assert cells[5] == ["   missing", "0", "1", "1", ""]
    assert [c[0] for c in cells[6:]] == ["ECOG performance status", "   0", "   1", "   missing"]


def test_quartiles_are_those_of_r_type_7() -> None:
    assert median_iqr(pd.Series([1.0, 2.0, 3.0, 4.0])) == "2.5 [1.75, 3.25]"
    assert median_iqr(pd.Series([], dtype=float)) == "–"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x")'])
def test_a_formula_stays_a_text(text: str) -> None:
    content = write_workbook({"t": pd.DataFrame({"a": [text], text: [1]})})
    sheet = openpyxl.load_workbook(io.BytesIO(content))["t"]
    assert sheet["A2"].data_type == "s"
    assert sheet["A2"].value.lstrip("'").strip() == text.strip()
    assert sheet["A2"].value.startswith("'")
    assert sheet["B1"].value.startswith("'")
    xml = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet3.xml")
    assert b"<f>" not in xml


def test_workbook_keeps_values_and_its_bytes() -> None:
    frame = pd.DataFrame(
        {
            "patient_id": ["007", "008"],
            "x": [1.5, np.nan],
            "n": pd.array([1, None], dtype="Int64"),
            "inf": [np.inf, 0.0],
        }
    )
    content = write_workbook({"a" * 40: frame, "A" * 40: frame, "we/ird[1]": frame})
    assert content == write_workbook({"a" * 40: frame, "A" * 40: frame, "we/ird[1]": frame})
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert len(book.sheetnames) == 5
    assert [c.value for c in book.worksheets[2][2]] == ["007", 1.5, 1, "inf"]
    assert [c.value for c in book.worksheets[2][3]] == ["008", None, None, 0]
    assert b"2026" not in zipfile.ZipFile(io.BytesIO(content)).read("docProps/core.xml")


HOSTILE: list[Any] = [
    "",
    " ",
    " a",
    "a\nb",
    "\r",
    "<&>\"'",
    "#N/A",
    "=1",
    "é\U0001f600",
    "x" * 40_000,
    "=" * 32_767,
    "\xa0x",
]
HOSTILE += [None, pd.NA, pd.NaT, np.nan, np.inf, -0.0, 1e-300, 1e22, 1 / 3, 2**62, np.float32(0.1), np.int64(-4)]
HOSTILE += [
    "x" * 40_000,
    "=" * 32_767,
    True,
    np.bool_(False),
    pd.Timestamp("2024-01-02"),
    pd.Timestamp("2024-01-02").date(),
    ["of", "two"],
]


@pytest.mark.parametrize("most", [1_048_575, 7], ids=["all rows", "a sheet that is full"])
def test_rows_are_written_as_openpyxl_writes_them(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", most)
    frame = pd.DataFrame({"a": HOSTILE, "b": HOSTILE[::-1], "c": np.arange(len(HOSTILE)) / 7}, dtype=object)
    whole = openpyxl.Workbook(write_only=True)
    sheet = whole.create_sheet()
    sheet.append(["a", "b", "c"])
    kept = list(frame.itertuples(index=False))[: most - 1]
    for row in kept:
        sheet.append([plain_value(value) for value in row])
    if left := len(frame) - len(kept):
        sheet.append([f"{left} more rows are in the text table"])
    right = io.BytesIO()
    whole.save(right)
    parts = (zipfile.ZipFile(right), "sheet1"), (zipfile.ZipFile(io.BytesIO(write_workbook({"t": frame}))), "sheet3")
    theirs, ours = (archive.read(f"xl/worksheets/{name}.xml").partition(b'<row r="2">')[2] for archive, name in parts)
    assert ours.partition(b"</sheetData>")[0] == theirs.partition(b"</sheetData>")[0] != b""


def test_the_workbook_begins_with_what_it_holds_and_headers_stay_in_sight_and_filter() -> None:
    frame = pd.DataFrame({"patient_id": ["P1", "P2"], "pfs_days": [30, 60], "reason": ["a longer text than any", "b"]})
    content = write_workbook({"patients": frame, "endpoints": frame}, TABLES)
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["read me", "units", "patients", "endpoints"]
    rows = [[cell.value for cell in row] for row in book["read me"].iter_rows(min_row=2)]
    assert rows[1] == ["endpoints", "clinical/endpoints.tsv", 2, 3, "docs/tables/clinical_endpoints.md"]
    assert [cell.value for cell in book["units"][2]] == ["patients", "pfs_days", "days"]
    for sheet in book:
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref.startswith("A1:")
    assert book["endpoints"].column_dimensions["C"].width > book["endpoints"].column_dimensions["A"].width


def test_each_sheet_names_a_page_that_describes_it() -> None:
    shown = guide({name: pd.DataFrame() for name in TABLES}, {name: name for name in TABLES}, TABLES)
    pages = [page for page in shown["described in"] if not (ROOT / page).is_file()]
    assert pages == []
