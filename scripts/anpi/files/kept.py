"""Parts of results that are still right are not computed again.

A step keeps what it computed beside its results: each part by a digest of all that it was computed from. When the step
runs again, it takes the parts that it finds by that digest and computes the others. Parts that it did not ask for are
forgotten. A file that is damaged holds nothing.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from pickle import Pickler
from typing import TYPE_CHECKING, Any, NamedTuple

from anpi.files.writing import whole_file

if TYPE_CHECKING:
    import pandas as pd

EPOCH = (1980, 1, 1, 0, 0, 0)  # of entries: the file holds no hour
# What zipfile raises on flipped bits; NotImplementedError where they name a compression or a version that there is not.
DAMAGED = (OSError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError)


class Place(NamedTuple):
    """Where parts are kept, and a digest of the code and libraries that make them: others make them anew."""

    path: Path
    code: str


class Kept:
    """The parts of a step's results: those of its last run, and those of this one.

    Parameters
    ----------
    place : Place or None
        None for nowhere: everything is computed.
    """

    def __init__(self, place: Place | None):
        self.code = place.code if place else ""
        self.before = read_parts(place.path) if place else {}
        self.now: dict[str, bytes] = {}

    def key(self, *made_from: Any) -> str:
        """Return the digest of all that a part is computed from."""
        return digest_of(self.code, made_from)

    def take(self, key: str) -> bytes | None:
        """Return a part of the last run, and keep it; None where it has to be computed."""
        if (part := self.before.get(key)) is not None:
            self.now[key] = part
        return part

    def put(self, key: str, part: bytes) -> None:
        """Keep a part that was computed."""
        self.now[key] = part


class ByContent(Pickler):
    """Writes equal contents as equal bytes; nothing is ever loaded from them."""

    def reducer_override(self, value: Any) -> Any:
        """Write a column with missing whole numbers by its values: below the mask lies whatever was in memory."""
        if hasattr(value, "_mask") and hasattr(value, "dtype"):
            return list, (value.astype(object).tolist(),)
        return NotImplemented


def digest_of(*made_from: Any) -> str:
    """Return the digest of all that something is made from; sets among it have to be put in order before."""
    written = io.BytesIO()
    pickler = ByContent(written, protocol=5)
    pickler.fast = True  # else equal texts are written otherwise where they happen to be one object
    pickler.dump(made_from)
    return hashlib.sha256(written.getbuffer()).hexdigest()


@contextmanager
def keeping(place: Place | None) -> Iterator[Kept]:
    """Open what is kept of a step; it is written when the block ends without an error."""
    kept = Kept(place)
    yield kept
    if place is not None and kept.now.keys() != kept.before.keys():
        write_parts(place.path, kept.now)


def read_parts(path: Path) -> dict[str, bytes]:
    """Read all parts of a file, each held against its checksum; none where the file is damaged, or there is none."""
    try:
        with zipfile.ZipFile(path) as file:
            return {name: file.read(name) for name in file.namelist()}
    except DAMAGED:
        return {}


def write_parts(path: Path, parts: dict[str, bytes]) -> None:
    """Write parts to a file, the same bytes for the same parts."""
    with whole_file(path) as part, zipfile.ZipFile(part, "w") as file:
        for key in sorted(parts):
            file.writestr(zipfile.ZipInfo(key, EPOCH), parts[key], zipfile.ZIP_DEFLATED, 1)


def link(file: Path, other: Path) -> None:
    """Name a file a second time; a copy where the file system has no links. Who may read it is as for a new file."""
    other.touch()
    mode = other.stat().st_mode
    other.unlink()
    try:
        os.link(file, other)
    except OSError:
        shutil.copy2(file, other)
    os.chmod(other, mode)


def frame_bytes(frame: pd.DataFrame) -> bytes:
    """Return a table as Parquet, whose values come back to the bit."""
    out = io.BytesIO()
    frame.to_parquet(out, index=False)
    return out.getvalue()


def frame_of(part: bytes) -> pd.DataFrame:
    """Return the table of `frame_bytes`."""
    import pandas as pd  # programs that keep no table start without it

    return pd.read_parquet(io.BytesIO(part))
