"""The name of a table that is a sheet of a workbook: ``file.xlsx#Sheet``."""

from __future__ import annotations

import os

WORKBOOKS = (".xlsx", ".xlsm")


def split_sheet(path: str | os.PathLike[str]) -> tuple[str, str | None]:
    """Split ``file.xlsx#Sheet`` into file and sheet; the sheet is None of any other path."""
    text = os.fspath(path)
    for place, sign in enumerate(text):
        if sign == "#" and text[:place].lower().endswith(WORKBOOKS):
            return text[:place], text[place + 1 :]
    return text, None


def file_of(path: str | os.PathLike[str]) -> str:
    """Return the file that a table lies in: the workbook of a sheet, else the path itself."""
    return split_sheet(path)[0]
