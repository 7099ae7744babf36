"""Tables out: whole or not at all, and the same bytes for the same content."""

from __future__ import annotations

import gzip
import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # programs that write no tables start without pandas
    import pandas as pd


@contextmanager
def whole_file(path: Path | str) -> Iterator[Path]:
    """Give a path to write to; it takes the place of ``path`` when the block ends without an error.

    The folder is made when it lacks. A run that is killed leaves the old file or none.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    try:
        yield part
        os.replace(part, target)
    except OSError as error:  # a full disk tells of no file
        error.filename = error.filename or str(target)
        raise
    finally:
        part.unlink(missing_ok=True)


def write_text(path: Path | str, text: str) -> None:
    """Write a UTF-8 text file, gzipped when its name ends with ``.gz``."""
    content = text.encode("utf-8")
    if str(path).endswith(".gz"):
        content = gzip.compress(content, compresslevel=6, mtime=0)
    with whole_file(path) as part:
        part.write_bytes(content)


def write_table(path: Path | str, frame: pd.DataFrame, float_format: str | None = "%.10g") -> None:
    """Write a table as TSV or CSV by its name (``.gz`` allowed): ``NA`` for missing, dates as YYYY-MM-DD."""
    separator = "\t" if ".tsv" in Path(path).suffixes else ","
    buffer = io.StringIO()
    frame.to_csv(
        buffer,
        sep=separator,
        index=False,
        na_rep="NA",
        float_format=float_format,
        date_format="%Y-%m-%d",
        lineterminator="\n",
    )
    write_text(path, buffer.getvalue())


def write_json(path: Path | str, content: Any) -> None:
    """Write JSON with sorted keys."""
    write_text(path, json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
