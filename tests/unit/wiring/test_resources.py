"""What jobs ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from anpi.wiring.resources import cores_for_reads


def sparse(path: Path, megabytes: float) -> str:
    """Make a file of that size that takes no room."""
    path.touch()
    os.truncate(path, int(megabytes * 2**20))
    return str(path)


@pytest.mark.parametrize(
    ("sizes", "cores"),
    [
        ((0, 0), 1),
        ((20, 20), 1),
        ((24.9, 25), 1),
        ((25, 25), 2),
        ((60,), 2),
        ((400, 400), 2),
        ((500, 500), 4),
        ((9000,), 4),
    ],
)
def test_cores_follow_the_size_of_all_files_of_a_sample(sizes, cores, tmp_path):
    assert cores_for_reads([sparse(tmp_path / f"R{n}.fastq.gz", size) for n, size in enumerate(sizes)]) == cores


def test_reads_in_a_store_have_two_and_none_have_one():
    assert cores_for_reads(["s3://bucket/R1.fastq.gz", "s3://bucket/R2.fastq.gz"]) == 2
    assert cores_for_reads([]) == 1
