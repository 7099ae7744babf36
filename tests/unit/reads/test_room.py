"""Room for reads without compression: what they would take, and what the disk of temporary files has."""

from __future__ import annotations

import gzip
import os
import shutil
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from anpi.reads import room

Usage = namedtuple("Usage", "total used free")


def fastq(reads: int) -> bytes:
    rng = np.random.default_rng(1)
    bases = rng.choice(list(b"ACGT"), (reads, 100)).astype(np.uint8)
    return b"".join(b"@r%d\n%b\n+\n%b\n" % (i, row.tobytes(), b"F" * 100) for i, row in enumerate(bases))


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    path = tmp_path / "reads.fastq.gz"
    path.write_bytes(gzip.compress(fastq(50_000), 1))
    return path


def test_the_size_without_compression_is_estimated_from_the_beginning(packed, tmp_path):
    size = len(fastq(50_000))
    assert packed.stat().st_size > 1.5 * room.LOOKED_AT
    assert room.unpacked_size(str(packed)) == pytest.approx(size, rel=0.05)
    plain = tmp_path / "plain.fastq.gz"
    plain.write_bytes(fastq(100))
    assert room.unpacked_size(str(plain)) == len(fastq(100))


@pytest.mark.parametrize(
    "content",
    [gzip.compress(b"", mtime=0), gzip.compress(fastq(200), mtime=0)[:-300], b"\x1f\x8bno gzip at all", b""],
    ids=["packed and empty", "cut short", "no gzip", "empty"],
)
def test_an_odd_file_has_a_size_as_well(content: bytes, tmp_path):
    """What is wrong with it is found when all of it is read."""
    path = tmp_path / "odd.fastq.gz"
    path.write_bytes(content)
    assert 0 <= room.unpacked_size(str(path)) < 50_000


@pytest.mark.parametrize(("cores", "threads", "at_once"), [(2, 2, 1), (64, 2, 32), (1, 4, 1), (8, 1, 8)])
def test_there_must_be_room_for_as_many_samples_as_the_machine_runs(cores, threads, at_once, packed, monkeypatch):
    needed = room.MARGIN * at_once * room.unpacked_size(str(packed))
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    monkeypatch.setattr(room, "file_system", lambda folder: "ext4")
    for free, enough in ((needed + 1, True), (needed, False), (0, False)):
        monkeypatch.setattr(shutil, "disk_usage", lambda folder, free=free: Usage(free, 0, free))
        assert room.has_room([str(packed)], packed.parent, threads) is enough


def test_a_folder_in_memory_has_no_room(packed, monkeypatch):
    monkeypatch.setattr(room, "file_system", lambda folder: "tmpfs")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(1, 0, 10**15))
    assert not room.has_room([str(packed)], packed.parent, 1)


def test_the_file_system_of_a_folder_is_that_of_the_mount_above_it():
    assert room.file_system(Path("/proc/self")) == "proc"
    assert room.file_system(Path("/no/such/folder")) == room.file_system(Path("/"))
