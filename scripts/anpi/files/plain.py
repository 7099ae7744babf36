"""Files of a user as they are opened: those on a disk alone, and no more of them than any real one holds."""

from __future__ import annotations

import gzip
import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from anpi.problems import InputError, Problem

MOST_BYTES = 2_000_000_000  # of a table of text, unpacked
MOST_TIMES = 30  # that numbers take more room unpacked; a file made to fill the memory takes 1,000 times as much
BLOCK = 1 << 20  # bytes that are read at a time
MOST_LINE = 10_000_000  # characters: a row of 100,000 samples
KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def refuse_odd_file(path: Path | str) -> None:
    """Refuse a pipe, a device or a socket: reading it may never end, and what was read cannot be read again."""
    if problem := odd_file(path):
        raise InputError(problem)


def odd_file(path: Path | str, file: str | None = None, column: str | None = None) -> Problem | None:
    """Return that a path is no file on a disk; None for files, folders and what is not there."""
    try:
        kind = KINDS.get(stat.S_IFMT(os.stat(path).st_mode))
    except (OSError, ValueError):  # not there, or no name of a file: whoever opens it says so, with the mend
        return None
    if kind is None:
        return None
    mend = "Write its content to a file, and give that."
    if file is None:
        return Problem(str(path), found=kind, expected="a file on a disk", mend=mend)
    return Problem(file, column=column, found=f"{path}, {kind}", expected="a file on a disk", mend=mend)


def read_bounded(path: Path | str, most: int = MOST_BYTES) -> bytes:
    """Read a file, gzipped or not, whole: at most so many bytes.

    Raises
    ------
    InputError
        No file on a disk; more bytes than that.
    OSError, EOFError, zlib.error
        As `gzip` raises them.
    """
    with open_bounded(path, most) as file:
        return file.read()


def open_bounded(path: Path | str, most: int = MOST_BYTES, block: int = BLOCK) -> io.BufferedReader:
    """Open a file, gzipped or not, to read so much of its content; what lies beyond is an InputError."""
    refuse_odd_file(path)
    raw = open(path, "rb")  # noqa: SIM115  `Bounded` closes it
    zipped = raw.peek(2)[:2] == b"\x1f\x8b"
    words = "the gzip file unpacks to" if zipped else "the file holds"
    problem = Problem(str(path), f"{words} more than {most / 1e9:g} GB", expected="a table of text")
    return io.BufferedReader(Bounded(gzip.GzipFile(fileobj=raw) if zipped else raw, most, problem), block)


def most_numbers(path: Path | str) -> int:
    """Return how many bytes a matrix of numbers may hold, unpacked: 2 GB, or by its own size where it is large."""
    return max(MOST_BYTES, MOST_TIMES * os.path.getsize(path)) if os.path.isfile(path) else MOST_BYTES


def text_lines(path: Path | str, most: int = MOST_BYTES) -> Iterator[str]:
    """Iterate over the lines of a UTF-8 file, gzipped or not, with their ends.

    Raises
    ------
    InputError
        As `open_bounded`; a line of more than `MOST_LINE` characters.
    """
    with io.TextIOWrapper(open_bounded(path, most), "utf-8-sig", newline="") as lines:
        number = 0
        while line := lines.readline(MOST_LINE + 1):
            number += 1
            if len(line) > MOST_LINE:
                found, expected = f"a line of more than {MOST_LINE:,} characters", "a table of text"
                raise InputError(Problem(str(path), row=number, found=found, expected=expected))
            yield line


class Bounded(io.RawIOBase):
    """A binary file of which no more than so many bytes are read."""

    def __init__(self, file: io.BufferedReader | gzip.GzipFile, most: int, problem: Problem):
        self.file, self.left, self.problem = file, most, problem

    def readable(self) -> bool:
        return True

    # typeshed asks for any Buffer; BufferedReader gives these two.
    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        count = self.file.readinto(buffer)
        self.left -= count
        if self.left < 0:
            raise InputError(self.problem)
        return count

    def close(self) -> None:
        self.file.close()
        super().close()
