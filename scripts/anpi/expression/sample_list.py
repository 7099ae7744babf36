"""The list of samples that a shard is made of, as the workflow writes it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from anpi.files.intact import damaged
from anpi.problems import InputError, Problem, refuse

FIRST_ROW = 2  # behind the header


def sample_of(line: bytes) -> str:
    """Return the first cell of a row."""
    return line.rstrip(b"\n").partition(b"\t")[0].decode()


def read_list(file: Path) -> list[str]:
    """Read the samples of a table with ``sample_id`` first, in their order."""
    header, *samples = map(sample_of, file.read_bytes().splitlines() or [b""])
    if header != "sample_id" or not samples:
        raise InputError(damaged(file))
    return samples


def read_lists(files: Sequence[Path]) -> list[list[str]]:
    """Read the lists of several shards.

    Raises
    ------
    InputError
        A sample that stands twice.
    """
    lists, seen, problems = [read_list(file) for file in files], dict[str, str](), []
    for file, samples in zip(files, lists, strict=True):
        for row, sample in enumerate(samples, FIRST_ROW):
            here = f"row {row} of {file}"
            if (first := seen.setdefault(sample, here)) != here:
                expected = f"each sample once; it stands in {first} already"
                problems.append(Problem(str(file), row=row, found=sample, expected=expected))
    refuse(problems)
    return lists
