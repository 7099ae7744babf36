"""Results read again by a later step: one that a disk or a hand damaged since is named, with how it is made again."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from anpi.problems import InputError, Problem

MEND = "Delete it and run again: it is made again."


@contextmanager
def intact(path: Path | str) -> Iterator[None]:
    """Turn what readers raise on a file that is not as it was written into words.

    ``ValueError`` is what pandas, pyarrow and json raise; ``OSError`` without a number is gzip's and pyarrow's.

    Raises
    ------
    InputError
        With the file, and that deleting it makes it anew.
    """
    try:
        yield
    except (ValueError, KeyError, TypeError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise InputError(damaged(path)) from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise InputError(damaged(path)) from error


def damaged(path: Path | str) -> Problem:
    return Problem(str(path), "the result is damaged or cut short", mend=MEND)


def read_json(path: Path | str) -> Any:
    """Read JSON that anpi or a tool wrote into the results."""
    with intact(path):
        return json.loads(Path(path).read_text(encoding="utf-8"))


def refuse_cut_table(path: Path) -> None:
    """Refuse a table of plain text whose last line has no end: all tables are written with one."""
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        file.seek(max(size - 1, 0))
        if path.suffix != ".gz" and file.read() != b"\n":
            raise InputError(damaged(path))
