"""Are the reads whole? Asked before any tool reads them.

salmon ends with 0 on a truncated gzip file and on mates of unequal number, and fastp hangs on both; so every file
is read through once, its checksums are verified and its records counted.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isal import igzip, isal_zlib

from anpi.tables.problems import InputError, Problem, refuse

CHUNK = 1 << 20
IGZIP_ERROR: Any = isal_zlib.error


@dataclass(frozen=True)
class ReadFile:
    """A FASTQ file that was read to its end: number of records, and SHA-256 of the file as it lies on disk."""

    reads: int
    sha256: str


class Hashed(io.RawIOBase):
    """A binary file that digests its bytes as they are read."""

    def __init__(self, path: Path | str):
        self.file = open(path, "rb", buffering=0)  # noqa: SIM115 closed with the object
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self.file.readinto(buffer) or 0
        self.digest.update(memoryview(buffer)[:count])
        return count

    def close(self) -> None:
        self.file.close()
        super().close()


def read_through(path: Path | str) -> ReadFile:
    """Read a FASTQ file, gzipped (one member or several) or not, to its end.

    Returns
    -------
    ReadFile
        With the number of records of four lines.

    Raises
    ------
    InputError
        A gzip file that is cut short or damaged, a first record that is none, a last record that is not whole.
    """
    name = str(path)
    lines, size, first, last = 0, 0, b"", b""
    with Hashed(path) as file:
        try:
            for chunk in read_chunks(file, is_gzip(path)):
                lines += chunk.count(b"\n")
                size += len(chunk)
                first = first or chunk
                last = chunk[-1:]
        except EOFError:
            refuse([Problem(name, f"the gzip file is cut short after {lines // 4} reads", mend="Copy the file again.")])
        except (igzip.BadGzipFile, IGZIP_ERROR) as error:
            mend = "Copy the file again and compare its checksum with the sender's."
            refuse([Problem(name, f"the gzip file is damaged after {lines // 4} reads ({error})", mend=mend)])
        digest = file.digest.hexdigest()
    if size == 0:
        return ReadFile(0, digest)
    lines += last != b"\n"
    problems = first_record_problems(name, first)
    if not problems and lines % 4:
        found = f"{lines} lines, the last record begins in line {lines - lines % 4 + 1}"
        problems = [Problem(name, "the last read is not whole", found=found, expected="four lines a read")]
    refuse(problems)
    return ReadFile(lines // 4, digest)


def is_gzip(path: Path | str) -> bool:
    """Tell a gzip file by its first bytes, whatever it is called."""
    with open(path, "rb") as handle:
        return handle.read(2) == b"\x1f\x8b"


def read_chunks(file: Hashed, zipped: bool) -> Iterator[bytes]:
    source = igzip.IGzipFile(fileobj=file) if zipped else file
    while chunk := source.read(CHUNK):
        yield chunk


def first_record_problems(name: str, start: bytes) -> list[Problem]:
    """Look at the first record: header, bases, plus line, as many qualities as bases."""
    lines = start.split(b"\n")[:4]
    expected = ("a header that begins with @", "bases", "a line that begins with +", "qualities")
    mend = "FASTQ files hold four lines a read."
    if not lines[0].startswith(b"@"):
        found = lines[0][:40].decode("ascii", "replace")
        return [Problem(name, "no FASTQ file", row=1, found=found, expected=expected[0], mend=mend)]
    if len(lines) < 4:
        return [Problem(name, "the first read is not whole", row=1, expected="four lines a read")]
    if not lines[2].startswith(b"+"):
        found = lines[2][:40].decode("ascii", "replace")
        return [Problem(name, "no FASTQ file", row=3, found=found, expected=expected[2], mend=mend)]
    bases, qualities = len(lines[1].strip()), len(lines[3].strip())
    if bases != qualities:
        return [Problem(name, row=4, found=f"{qualities} qualities", expected=f"{bases}, one a base")]
    return []


def check_reads(units: list[tuple[str, str | None]], threads: int = 1) -> dict[str, ReadFile]:
    """Read the files of all units through; every fault of every file is told at once.

    Parameters
    ----------
    units : list of (fastq_1, fastq_2 or None)
    threads : int
        Files that are read at a time.

    Returns
    -------
    dict
        Of each file its number of reads and checksum.

    Raises
    ------
    InputError
        For a damaged file, and for mates of unequal number.
    """
    files = [file for unit in units for file in unit if file is not None]
    with ThreadPoolExecutor(max_workers=threads) as pool:
        results = dict(zip(files, pool.map(read_or_problems, files), strict=True))
    refuse([problem for result in results.values() if isinstance(result, list) for problem in result])
    whole = {file: result for file, result in results.items() if isinstance(result, ReadFile)}
    refuse(
        [
            Problem(
                second,
                found=f"{whole[second].reads} reads",
                expected=f"{whole[first].reads} as in {first}",
                mend="The two files of a pair hold the same reads in the same order; copy both again.",
            )
            for first, second in units
            if second is not None and whole[first].reads != whole[second].reads
        ]
    )
    return whole


def read_or_problems(file: str) -> ReadFile | list[Problem]:
    try:
        return read_through(file)
    except InputError as error:
        return error.problems
