"""The list of samples that a shard is made of, as the workflow writes it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from anpi.files.text import read_text
from anpi.problems import InputError, Problem, refuse
from anpi.words.lists import plural

FIRST_ROW = 2  # behind the header


def sample_of(line: bytes) -> str:
    """Return the first cell of a row; what is no text equals no sample."""
    return line.rstrip(b"\n").partition(b"\t")[0].decode(errors="replace")


def read_list(file: Path) -> list[str]:
    """Read the samples of a table with ``sample_id`` first, in their order.

    Raises
    ------
    InputError
        Another table, or a sample that stands twice.
    """
    return read_lists([file])[0]


def read_lists(files: Sequence[Path]) -> list[list[str]]:
    """Read the lists of several shards.

    Raises
    ------
    InputError
        Another table, or a sample that stands twice.
    """
    lists, seen, problems = [cells_of(file) for file in files], dict[str, str](), []
    for file, samples in zip(files, lists, strict=True):
        for row, sample in enumerate(samples, FIRST_ROW):
            if sample in seen:
                expected = f"each sample once; it stands in {seen[sample]} already"
                problems.append(Problem(str(file), row=row, found=sample, expected=expected))
            else:
                seen[sample] = f"row {row} of {file}"
    refuse(problems)
    return lists


def cells_of(file: Path) -> list[str]:
    """Return the first cells of a table below its header."""
    header, *samples = [line.partition("\t")[0] for line in read_text(file).splitlines()] or [""]
    if header != "sample_id" or not samples:
        found = f"{header}, then {plural(len(samples), 'row')}" if header else "nothing"
        expected = "a table whose first column is sample_id, with a row for each sample"
        raise InputError(Problem(str(file), row=1, found=found, expected=expected))
    return samples
