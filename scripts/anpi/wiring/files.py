"""What files of the user are known by: their content, whatever their time."""

from __future__ import annotations

import functools
import hashlib
import os
from pathlib import Path

from anpi.files.checksums import content_digest
from anpi.files.sheet import file_of
from anpi.files.stored import is_stored


@functools.cache
def known_by(path: str) -> str:
    """Return the digest of a file or folder here, or the fingerprint of a file too large to be read at each planning.

    Nothing for an object of S3, which is known by its time in the bucket, and for what is not here.
    A sheet of a workbook is known by the workbook.
    """
    path = file_of(path)
    if is_stored(path) or not os.path.exists(path):
        return ""
    if os.path.isdir(path):
        files = sorted(file for file in Path(path).rglob("*") if file.is_file())
        lines = [f"{file.relative_to(path).as_posix()}\0{known_by(str(file))}\n" for file in files]
        return hashlib.sha256("".join(lines).encode()).hexdigest()
    return content_digest(path)
