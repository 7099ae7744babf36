"""The checksum of a file."""

from __future__ import annotations

import hashlib
from pathlib import Path


def hash_file(file: Path | str) -> str:
    """Give the SHA-256 of a file's content as it is now, in hexadecimal digits."""
    with open(file, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
