"""Tables out: whole or not at all, and the same bytes for the same content."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO

if TYPE_CHECKING:  # programs that write no tables start without pandas
    import pandas as pd

BUFFER = 1 << 20
LEVEL = 1  # of gzip: numbers take a fifth of the time of level 6, and 8% more room
PRECISE, ESTIMATES = "%.10g", "%.7g"
PLAIN_NAME = re.compile(r"[\w.-]+", re.ASCII)


@contextmanager
def whole_file(path: Path | str) -> Iterator[Path]:
    """Return a path to write to; it takes the place of ``path`` when the block ends without an error.

    The folder is made when it lacks. A run that is killed leaves the old file or none.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    try:
        yield part
        os.replace(part, target)
    except OSError as error:  # a full disk tells of no file, another fault of one that the user did not name
        error.filename = str(target) if error.filename in (None, str(part), part) else error.filename
        raise
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def binary_file(path: Path | str) -> Iterator[BinaryIO]:
    """Open a file to write, whole or not at all, gzipped when its name ends with ``.gz``."""
    with ExitStack() as stack:
        raw = stack.enter_context(open(stack.enter_context(whole_file(path)), "wb"))
        if str(path).endswith(".gz"):  # without name and hour
            squeezed = stack.enter_context(gzip.GzipFile("", "wb", compresslevel=LEVEL, fileobj=raw, mtime=0))
            yield stack.enter_context(io.BufferedWriter(squeezed, BUFFER))
        else:
            yield raw


@contextmanager
def text_file(path: Path | str) -> Iterator[TextIO]:
    """Open a UTF-8 text file to write, whole or not at all, gzipped when its name ends with ``.gz``."""
    with binary_file(path) as raw, io.TextIOWrapper(raw, "utf-8", newline="") as text:
        yield text


def write_text(path: Path | str, text: str) -> None:
    """Write a UTF-8 text file, gzipped when its name ends with ``.gz``."""
    with text_file(path) as out:
        out.write(text)


def write_table(path: Path | str, frame: pd.DataFrame, float_format: str = PRECISE) -> None:
    """Write a table as TSV or CSV by its name (``.gz`` allowed): ``NA`` for missing, dates as YYYY-MM-DD."""
    separator = "\t" if ".tsv" in Path(path).suffixes else ","
    with text_file(path) as out:
        write_rows(out, frame, separator, float_format)


def write_rows(out: TextIO, frame: pd.DataFrame, separator: str, float_format: str) -> None:
    rows = is_matrix(frame)
    (frame.iloc[:0] if rows else frame).to_csv(
        out,
        sep=separator,
        index=False,
        na_rep="NA",
        float_format=float_format,
        date_format="%Y-%m-%d",
        lineterminator="\n",
    )
    if rows:
        out.writelines(matrix_lines(frame, separator, float_format))


def is_matrix(frame: pd.DataFrame) -> bool:
    """Return whether a table is a column of plain names and columns of numbers."""
    if frame.shape[1] < 2 or any(kind != "float64" for kind in frame.dtypes.iloc[1:]):
        return False
    return all(isinstance(name, str) and PLAIN_NAME.fullmatch(name) for name in frame.iloc[:, 0])


def matrix_lines(frame: pd.DataFrame, separator: str, float_format: str) -> Iterator[str]:
    """Iterate over the lines of a matrix as pandas writes them, a row at a time: pandas takes four times as long."""
    pattern = separator.join([float_format] * (frame.shape[1] - 1))
    for name, row in zip(frame.iloc[:, 0], frame.iloc[:, 1:].to_numpy(), strict=True):
        if (row != row).any():  # NaN alone
            cells = separator.join("NA" if cell != cell else float_format % cell for cell in row.tolist())
        else:
            cells = pattern % tuple(row.tolist())
        yield f"{name}{separator}{cells}\n"


def write_estimates(path: Path | str, frame: pd.DataFrame) -> None:
    """Write a table of estimates with seven significant digits, which are the same on every processor.

    Every table whose numbers come from linear algebra or an optimiser goes through here.
    """
    write_table(path, frame, float_format=ESTIMATES)


def table_text(frame: pd.DataFrame, float_format: str = PRECISE) -> str:
    """Return what `write_table` writes to a TSV."""
    out = io.StringIO()
    write_rows(out, frame, "\t", float_format)
    return out.getvalue()


def write_json(path: Path | str, content: Any) -> None:
    """Write JSON with sorted keys."""
    write_text(path, json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
