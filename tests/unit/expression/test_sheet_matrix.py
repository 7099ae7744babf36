"""A matrix that is a sheet of a workbook is read as the same matrix of text; what a spreadsheet did to it is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from unit.delivery.delivery_files import write_workbook

from anpi.expression.genes import is_excel_date
from anpi.expression.matrix import read_expression, read_numbers, read_sample_names
from anpi.problems import InputError
from anpi.subtypes.validation import plain_matrix

HEADER = ["gene", "S1", "S2"]
ROWS = [["ASCL1", 1.5, 12], ["NEUROD1", "0.25", "3"], ["TP53", 1 / 3, None], ["SEPTIN2", 7, 0]]


def matrix(folder: Path, rows: Sequence[Sequence[object]]) -> str:
    write_workbook(folder / "matrix.xlsx", {"Notes": [["a remark"]], "TPM": rows})
    return f"{folder / 'matrix.xlsx'}#TPM"


def faults_of(path: str) -> list[str]:
    with pytest.raises(InputError) as refused:
        read_expression(path, "counts")
    return [str(problem) for problem in refused.value.problems]


def test_numbers_are_those_of_the_cells_to_the_last_bit(tmp_path: Path):
    path = matrix(tmp_path, [HEADER, *ROWS])
    assert read_sample_names(path) == ["S1", "S2"]
    values = read_numbers(path)
    assert values["S1"].to_dict() == {"ASCL1": 1.5, "NEUROD1": 0.25, "TP53": 1 / 3, "SEPTIN2": 7.0}
    assert values["S2"].isna().to_list() == [False, False, True, False]


def test_values_are_those_of_the_same_matrix_of_text(tmp_path: Path):
    (tmp_path / "matrix.csv").write_text(
        "\n".join(",".join("" if cell is None else str(cell) for cell in row) for row in [HEADER, *ROWS]) + "\n"
    )
    sheet = read_expression(matrix(tmp_path, [HEADER, *ROWS]), "counts")
    text = read_expression(tmp_path / "matrix.csv", "counts")
    assert sheet.values.equals(text.values)
    assert sheet.notes == text.notes


def test_genes_that_a_spreadsheet_turned_into_dates_are_named(tmp_path: Path, tells):
    rows = [HEADER, *ROWS, [datetime(2024, 3, 1), 1, 2], ["2-Sep", 3, 4], [45536, 5, 6]]
    faults = faults_of(matrix(tmp_path, rows))
    assert "3 gene names turned into dates, found '2024-03-01, 2-Sep, 45536'" in faults[0]
    tells("genes as dates on a sheet that is the matrix", faults)


@pytest.mark.parametrize("name", ["1-Mar-2024", "01. Mrz", "2.Sep", "1-mars", "02-sept", "03/01/2024"])
def test_dates_of_other_countries(name: str):
    assert is_excel_date(name)


def test_genes_named_by_numbers_alone_are_no_dates(tmp_path: Path):
    (tmp_path / "m.csv").write_text("gene,S1\n" + "".join(f"{number},1\n" for number in range(45300, 45320)))
    assert len(read_numbers(tmp_path / "m.csv")) == 20  # what no annotation knows is told by the next step


@pytest.mark.parametrize("value", [datetime(2024, 5, 12), "12,5", True, "#DIV/0!"])
def test_what_is_no_number_is_told_with_its_row(tmp_path: Path, value: object):
    fault = faults_of(matrix(tmp_path, [HEADER, *ROWS, [], ["MYC", 3, value]]))[0]
    assert "matrix.xlsx#TPM, row 7, column S2" in fault
    assert "expected a number" in fault


def test_blank_rows_of_text_count(tmp_path: Path):
    (tmp_path / "m.csv").write_text("gene,S1\nASCL1,1\n\nMYC,x\n")
    with pytest.raises(InputError, match="row 4, column S1"):
        read_numbers(tmp_path / "m.csv")


def test_a_share_is_no_number(tmp_path: Path):
    path = matrix(tmp_path, [HEADER, *ROWS])
    book = openpyxl.load_workbook(tmp_path / "matrix.xlsx")
    book["TPM"]["B2"].number_format = "0%"
    book.save(tmp_path / "matrix.xlsx")
    assert "row 2, column S1: found '150%'" in faults_of(path)[0]


def test_a_formula_without_a_value_is_refused(tmp_path: Path):
    fault = faults_of(matrix(tmp_path, [HEADER, *ROWS, ["MYC", "=1+1", 2]]))[0]
    assert "a formula without a value in B6" in fault


def test_a_workbook_without_its_sheet_is_refused(tmp_path: Path, tells):
    matrix(tmp_path, [HEADER, *ROWS])
    faults = faults_of(str(tmp_path / "matrix.xlsx"))
    assert "Name the sheet" in faults[0]
    tells("a workbook as the matrix, without the name of its sheet", faults)
    assert "Did you mean TPM?" in faults_of(f"{tmp_path / 'matrix.xlsx'}#TPMs")[0]


def test_programs_that_look_for_another_layout_pass_a_sheet_by(tmp_path: Path):
    path = Path(matrix(tmp_path, [HEADER, *ROWS]))
    assert plain_matrix(path, tmp_path) == path
