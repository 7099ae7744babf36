"""Are the reads whole? Asked before any tool reads them.

salmon ends with 0 on a truncated gzip file and on mates of unequal number, and fastp hangs on both; so every file
is read through once, its checksums are verified and its records counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from isal import igzip, isal_zlib

from anpi.tables.problems import InputError, Problem, refuse

CHUNK = 1 << 20
IGZIP_ERROR: Any = isal_zlib.error


def count_reads(path: Path | str) -> int:
    """Count the records of a FASTQ file, gzipped (one member or several) or not.

    Returns
    -------
    int
        Number of records of four lines.

    Raises
    ------
    InputError
        A gzip file that is cut short or damaged, a first record that is none, a last record that is not whole.
    """
    name = str(path)
    lines, size, first, last = 0, 0, b"", b""
    try:
        for chunk in read_chunks(path):
            lines += chunk.count(b"\n")
            size += len(chunk)
            first = first if len(first) >= CHUNK else first + chunk[: CHUNK - len(first)]
            last = chunk[-1:]
    except EOFError:
        refuse([Problem(name, f"the gzip file is cut short after {lines // 4} reads", mend="Copy the file again.")])
    except (igzip.BadGzipFile, IGZIP_ERROR) as error:
        mend = "Copy the file again and compare its checksum with the sender's."
        refuse([Problem(name, f"the gzip file is damaged after {lines // 4} reads ({error})", mend=mend)])
    if size == 0:
        return 0
    lines += last != b"\n"
    problems = first_record_problems(name, first)
    if not problems and lines % 4:
        found = f"{lines} lines, the last record begins in line {lines - lines % 4 + 1}"
        problems = [Problem(name, "the last read is not whole", found=found, expected="four lines a read")]
    refuse(problems)
    return lines // 4


def read_chunks(path: Path | str) -> Iterator[bytes]:
    with open(path, "rb") as raw:
        zipped = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        source = igzip.IGzipFile(fileobj=raw) if zipped else raw
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


def check_reads(units: list[tuple[str, str | None]], threads: int = 1) -> list[int]:
    """Count the reads or pairs of each unit; every fault of every file is told at once.

    Parameters
    ----------
    units : list of (fastq_1, fastq_2 or None)
    threads : int
        Files that are read at a time.

    Returns
    -------
    list of int
        Reads (single) or pairs (paired) of each unit.

    Raises
    ------
    InputError
        For a damaged file, and for mates of unequal number.
    """
    files = [file for unit in units for file in unit if file is not None]
    problems: list[Problem] = []

    def attempt(file: str) -> int | list[Problem]:
        try:
            return count_reads(file)
        except InputError as error:
            return error.problems

    with ThreadPoolExecutor(max_workers=threads) as pool:
        results = dict(zip(files, pool.map(attempt, files), strict=True))
    for result in results.values():
        if isinstance(result, list):
            problems += result
    refuse(problems)
    counts = []
    for first, second in units:
        reads, mates = results[first], results[second] if second else None
        if mates is not None and mates != reads:
            problems.append(
                Problem(
                    str(second),
                    found=f"{mates} reads",
                    expected=f"{reads} as in {first}",
                    mend="The two files of a pair hold the same reads in the same order; copy both again.",
                )
            )
        counts.append(int(reads))  # type: ignore[arg-type]
    refuse(problems)
    return counts
