"""Integrity of reads, before any tool sees them."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest

from anpi.expression.fastq import check_reads, read_through
from anpi.tables.problems import InputError


def fastq(reads: int, length: int = 50) -> bytes:
    return b"".join(b"@r%d\n%s\n+\n%s\n" % (i, b"ACGTG" * (length // 5), b"I" * length) for i in range(reads))


def write(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plain.fastq", fastq(7)),
        ("one_member.fastq.gz", gzip.compress(fastq(7))),
        ("several_members.fastq.gz", gzip.compress(fastq(3)) + gzip.compress(fastq(4))),
        ("named_gz_but_plain.fastq.gz", fastq(7)),
        ("no_last_newline.fastq", fastq(7)[:-1]),
        ("windows.fastq", fastq(7).replace(b"\n", b"\r\n")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_counts_the_reads_of_every_kind_of_file(tmp_path, name, content):
    found = read_through(write(tmp_path / name, content))
    assert (found.reads, found.sha256) == (7, hashlib.sha256(content).hexdigest())
    assert (found.lowest, found.highest) == (ord("I"), ord("I"))


def test_an_empty_gzip_file_holds_no_reads(tmp_path):
    assert read_through(write(tmp_path / "empty.fastq.gz", gzip.compress(b""))).reads == 0


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_gzip_file_is_named(tmp_path, kept):
    whole = gzip.compress(fastq(5000))
    path = write(tmp_path / "cut.fastq.gz", whole[: int(len(whole) * kept)])
    with pytest.raises(InputError, match=r"cut\.fastq\.gz: the gzip file is cut short"):
        read_through(path)


def test_a_flipped_byte_fails_the_checksum(tmp_path):
    content = bytearray(gzip.compress(fastq(5000), compresslevel=0))
    content[len(content) // 2] ^= 1
    with pytest.raises(InputError, match="damaged"):
        read_through(write(tmp_path / "flipped.fastq.gz", bytes(content)))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b">r1\nACGT\n", "expected a header that begins with @"),
        (b"@r1\nACGT\nIIII\n@r2\n", "expected a line that begins with \\+"),
        (b"@r1\nACGT\n+\nIII\n", "found '3 qualities', expected 4"),
        (b"@r1\nACGT\n", "the first read is not whole"),
        (fastq(3) + b"@r4\nACGT\n", "the last record begins in line 13"),
    ],
)
def test_what_is_no_fastq_is_refused_in_words(tmp_path, content, words):
    with pytest.raises(InputError, match=words):
        read_through(write(tmp_path / "bad.fastq", content))


def test_mates_of_unequal_number_are_refused(tmp_path):
    first, second = write(tmp_path / "1.fastq", fastq(5)), write(tmp_path / "2.fastq", fastq(4))
    with pytest.raises(InputError, match=r"2\.fastq.*found '4 reads', expected 5 as in .*1\.fastq"):
        check_reads([(first, second)])


def test_all_faulty_files_are_told_at_once(tmp_path):
    cut = gzip.compress(fastq(500))[:-20]
    files = [(write(tmp_path / f"{i}_1.fastq.gz", cut), write(tmp_path / f"{i}_2.fastq", fastq(500))) for i in range(3)]
    with pytest.raises(InputError) as caught:
        check_reads(files, threads=2)
    assert len(caught.value.problems) == 3
