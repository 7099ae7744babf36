"""Reads are known by what they hold: a base in the middle of a file, its size, time and ends the same."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from anpi.files.checksums import ENDS, reads_digest

RECORD = "@r{:06d}\nACGTACGTAC\n+\nIIIIIIIIII\n"


@pytest.mark.parametrize("pack", [str.encode, lambda text: gzip.compress(text.encode(), 0, mtime=0)])
def test_one_base_in_the_middle_is_another_file(tmp_path: Path, pack):
    text = "".join(map(RECORD.format, range(3 * ENDS // 30)))
    middle = text.index("ACGT", len(text) // 2)
    digests = []
    for base in "AT":
        file = tmp_path / "reads"
        file.write_bytes(pack(f"{text[:middle]}{base}{text[middle + 1 :]}"))
        os.utime(file, (1, 1))
        digests.append((file.stat().st_size, reads_digest(file)))
        os.utime(file)
        assert reads_digest(file) == digests[-1][1]
    assert digests[0][0] == digests[1][0]
    assert digests[0][1] != digests[1][1]
