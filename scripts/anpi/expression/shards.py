"""Tables of shards laid one behind the other: every sample that is listed, once, in the order of the list."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, zip_longest
from pathlib import Path
from typing import BinaryIO

from anpi.expression.sample_list import FIRST_ROW, sample_of
from anpi.files.intact import damaged
from anpi.files.writing import binary_file
from anpi.problems import InputError, Problem
from anpi.words.lists import listed, plural

MEND = "Delete the folder of the shard and run again: it is made again."


def lay_tables(files: Sequence[Path], samples: Sequence[Sequence[str]], out: Path) -> tuple[int, int]:
    """Lay the tables of shards one behind the other, never holding more than the rows of one sample.

    Parameters
    ----------
    files : sequence of Path
        The table of each shard: TSV, ``sample_id`` first, rows of one sample together.
    samples : sequence of sequence of str
        Samples of each shard, in their order.

    Returns
    -------
    samples, rows : int
        How many were laid.

    Raises
    ------
    InputError
        A table that is cut short or has another header than the first; a sample that lacks, stands twice, stands out of
        its place or has another number of rows than the first. Nothing is written then.
    """
    with binary_file(out) as target:
        laid = Laid(target)
        for file, of_shard in zip(files, samples, strict=True):
            laid.add(file, of_shard)
    return laid.samples, laid.rows


class Laid:
    """A table that grows by a shard at a time."""

    def __init__(self, target: BinaryIO):
        self.target = target
        self.header = b""
        self.each = 0  # rows of a sample
        self.samples = self.rows = 0

    def add(self, file: Path, samples: Sequence[str]) -> None:
        """Add the rows of a shard, each sample held against the list."""
        row, seen = FIRST_ROW, set()
        with open(file, "rb") as table:
            self.begin(file, table.readline())
            for expected, group in zip_longest(samples, groupby(table, sample_of)):
                sample, lines = (group[0], list(group[1])) if group else (None, [])
                if sample is None or sample != expected:
                    raise InputError(misplaced(file, row, sample, expected, sample in seen))
                self.write(file, row, sample, lines)
                seen.add(sample)
                row += len(lines)

    def begin(self, file: Path, header: bytes) -> None:
        """Write the header of the first shard; the others must have the same."""
        if sample_of(header) != "sample_id" or not header.endswith(b"\n"):
            raise InputError(damaged(file))
        if not self.header:
            self.header = header
            self.target.write(header)
        elif header != self.header:
            raise InputError(other_header(file, header, self.header))

    def write(self, file: Path, row: int, sample: str, lines: list[bytes]) -> None:
        """Write the rows of a sample, as many as every other has."""
        if not lines[-1].endswith(b"\n"):
            raise InputError(damaged(file))
        self.each = self.each or len(lines)
        if len(lines) != self.each:
            found, expected = plural(len(lines), "row"), f"{self.each}, as many as the first sample has"
            raise InputError(Problem(str(file), f"sample {sample}", row=row, found=found, expected=expected, mend=MEND))
        self.target.writelines(lines)
        self.samples += 1
        self.rows += len(lines)


def misplaced(file: Path, row: int, sample: str | None, expected: str | None, seen: bool) -> Problem:
    """Return that a sample stands where the list has another, or none."""
    twice = "the sample stands a second time" if seen else ""
    found = "the end of the table" if sample is None else f"sample {sample}"
    wanted = "the end of the table" if expected is None else f"sample {expected}, as the list of the shard has it"
    return Problem(str(file), twice, row=row, found=found, expected=wanted, mend=MEND)


def other_header(file: Path, header: bytes, first: bytes) -> Problem:
    """Return which columns a header has more and less than the first one."""
    here, there = (line.decode().rstrip("\n").split("\t") for line in (header, first))
    more, less = ([name for name in a if name not in b] for a, b in ((here, there), (there, here)))
    parts = [f"{word} {listed(names)}" for word, names in (("with", more), ("without", less)) if names]
    fault = f"columns {', '.join(parts)}" if parts else "columns in another order"
    mend = "Their samples were summarised otherwise (with alignments, strangers or another version): run them apart."
    return Problem(str(file), fault, row=1, expected="the columns of the first shard", mend=mend)
