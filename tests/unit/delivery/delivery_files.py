"""A delivery as a hospital sends it: a workbook of several sheets, typed by several people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import openpyxl

PATIENTS = [
    ["Trial ABC, data of the site", None, None, None, None, None, None, None, None],
    [None, None, None, None, None, None, None, None, None],
    ["Patient ID", "Arm", "Sex", "Age (years)", "First dose", "LDH", "Date of death", "OS (months)", "OS status"],
    ["P001", "Arm A", "female", 61, datetime(2024, 1, 15), "210,5", "UNK", "3,5", 0],
    ["P002", "Arm B", "m", 70, datetime(2024, 1, 20), "1.250,0", "05.06.2024", "4,6", 1],
    ["P003", "arm A", "W", 58, datetime(2024, 2, 1), "305", None, "2,9", 0],
]
SCANS = [
    ["Subject", "Scan date", "Response"],
    ["P001", "14/02/2024", "Stable disease"],
    [None, "27/03/2024", "PR"],
    ["P002", "01/03/2024", "progressive disease"],
    ["P003", "03/04/2024", "Stable"],
]
LESIONS = [
    ["Patient", "Date", "Lesion", "Type", "Lymph node", "Location", "Size (cm)"],
    ["P001", "10/01/2024", "T1", "Target", "no", "liver", "3,2"],
    ["P001", "14/02/2024", "T1", "Target", "no", "liver", "3,0"],
]
EVENTS = [
    ["Patient", "Adverse event", "SOC", "Grade", "Start", "End", "SAE"],
    ["P001", "Nausea", "Gastrointestinal disorders", "Grade 2", "3 Feb 2024", "ongoing", "No"],
    ["P002", "Fatigue", "General disorders", "G1", "12-Feb-2024", "20-Feb-2024", "No"],
]
SHEETS = {"Patients": PATIENTS, "Scans": SCANS, "Lesions": LESIONS, "AE": EVENTS}


def write_workbook(path: Path, sheets: dict[str, Sequence[Sequence[object]]] = SHEETS) -> Path:  # type: ignore[assignment]
    """Write sheets of rows as a workbook."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
    return path


def write_csv(path: Path, rows: Sequence[Sequence[object]], separator: str = ",") -> Path:
    """Write rows as text."""
    lines = [separator.join("" if cell is None else str(cell) for cell in row) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_reads(folder: Path, names: Sequence[str]) -> Path:
    """Write pairs of FASTQ files of one read each, and a transcript."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        for mate in "12":
            (folder / f"{name}_R{mate}.fastq").write_text("@r\nACGT\n+\nIIII\n")
    return folder
