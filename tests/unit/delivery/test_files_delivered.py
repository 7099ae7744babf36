"""Files that a copy or a hand damaged: each is told with its place, none is read as if it were whole."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import pytest

from anpi.delivery.decisions import Decisions, Question, ask
from anpi.delivery.trial import propose, settle
from anpi.problems import InputError

HEADER = "patient_id,arm,sex,age,treatment_start_date,LDH,Date of death\n"
WHOLE = "P001,A,F,61,2024-01-15,210,\n"
CUTOFF = {"endpoints: data cut-off": "2024-06-30"}


def write(folder: Path, text: str) -> Path:
    (folder / "patients.csv").write_text(text)
    return folder / "patients.csv"


def test_a_row_that_ends_before_the_header_is_refused(tmp_path: Path):
    file = write(tmp_path, HEADER + WHOLE + "P002,A,M,70,2024-01-20\n")  # where a death on 2024-03-01 was
    with pytest.raises(InputError, match=r"patients.csv, row 3: found '5 cells', expected 7 as in the header"):
        propose(None, [file], Decisions())


@pytest.mark.parametrize("cut", ["P002,A,M,70,2024-01-20", "P002"])
def test_a_last_row_that_was_cut_is_refused(cut: str, tmp_path: Path):
    for rows, row in ((WHOLE, 3), ("", 2)):
        with pytest.raises(InputError, match=rf"patients.csv, row {row}: the last row has no line end and lacks cells"):
            propose(
                None, [write(tmp_path, HEADER + rows + cut)], Decisions({"patients.csv: rows of one cell": "leave_out"})
            )


def test_rows_that_are_all_equally_short_lack_empty_columns(tmp_path: Path):
    file = write(tmp_path, HEADER + "P001,A,F,61,2024-01-15,210\nP002,A,M,70,2024-01-20,190\n")
    made = propose(None, [file], Decisions(dict(CUTOFF)))
    assert list(made.tables["patients"].frame["ldh"]) == ["210", "190"]


def test_a_remark_below_a_text_is_asked_about(tmp_path: Path):
    made = propose(None, [write(tmp_path, HEADER + WHOLE + "Data as of June\n")], Decisions(dict(CUTOFF)))
    assert set(made.decisions.open) == {"patients.csv: rows of one cell"}


@pytest.mark.parametrize(("end", "told"), [("", [3]), ("\n", [])])
def test_a_last_row_without_a_line_end_is_told(end: str, told: Sequence[int], tmp_path: Path):
    file = write(tmp_path, HEADER + WHOLE + "P002,A,M,70,2024-01-20,190,2024-03-01" + end)
    made = propose(None, [file], Decisions(dict(CUTOFF)))
    assert [row.row for row in made.conversions.rows if "no line end" in row.why] == told


def test_a_damaged_gzip_is_refused(tmp_path: Path):
    content = bytearray(gzip.compress((HEADER + WHOLE * 200).encode()))
    content[12:24] = bytes(12)
    (tmp_path / "patients.csv.gz").write_bytes(content)
    with pytest.raises(InputError, match=r"patients.csv.gz: cannot be read: .*Copy it again"):
        propose(None, [tmp_path / "patients.csv.gz"], Decisions())


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ((HEADER + WHOLE).encode("utf-16")[:-1], "UTF-16 that ends within a character"),
        ((HEADER + WHOLE).encode("utf-16-le"), "bytes of zero, which no text holds"),
    ],
)
def test_text_that_cannot_be_decoded_is_refused(content: bytes, fault: str, tmp_path: Path):
    (tmp_path / "patients.csv").write_bytes(content)
    with pytest.raises(InputError, match=f"patients.csv: {fault}"):
        propose(None, [tmp_path / "patients.csv"], Decisions())


def test_a_folder_in_place_of_a_file_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="found 'a folder', expected a workbook, a text or a dataset"):
        propose(None, [tmp_path], Decisions())


def test_the_end_of_the_input_leaves_questions_open(tmp_path: Path):
    def ended(prompt: str) -> str:
        raise EOFError

    assert ask(Question("arm", "Which arm?"), ended) is None
    file = write(tmp_path, "patient_id,sex,age\nP001,F,61\n")
    assert set(settle(None, [file], Decisions(), ended).decisions.open) == {"patients: arm"}
