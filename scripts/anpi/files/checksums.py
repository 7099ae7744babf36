"""What files are known by: their content, never their time."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

ENDS = 1 << 16
MOST_READ = 100_000_000  # bytes of a file that is read whole to be known by its SHA-256


def hash_file(file: Path | str) -> str:
    """Return the SHA-256 of a file's content as it is now, in hexadecimal digits."""
    with open(file, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def content_digest(file: Path | str) -> str:
    """Return the SHA-256 of a file, or the fingerprint of one too large to be read whole each time."""
    return fingerprint(file) if os.path.getsize(file) > MOST_READ else hash_file(file)


def fingerprint(file: Path | str) -> str:
    """Tell a large file from another by its size and its two ends, in no time and whatever its modification time.

    A copy or a touch of the same reads keeps the fingerprint; other reads, compressed, have another size or other ends.
    """
    size = os.path.getsize(file)
    with open(file, "rb") as handle:
        ends = handle.read(ENDS)
        handle.seek(max(size - ENDS, 0))
        ends += handle.read(ENDS)
    return f"{size}-{hashlib.sha256(ends).hexdigest()[:16]}"


def reads_digest(file: Path | str) -> str:
    """Tell reads from others: gzipped ones by their fingerprint, whose end holds a checksum of all; else by content."""
    with open(file, "rb") as handle:
        gzipped = handle.read(2) == b"\x1f\x8b"
    return fingerprint(file) if gzipped else content_digest(file)


def short_digest(content: Any) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of a content that JSON can hold, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
