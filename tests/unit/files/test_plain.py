"""Pipes, devices and files without bound are refused in words by every reader, and none waits."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anpi.expression import matrix
from anpi.expression.matrix import read_expression, read_sample_names
from anpi.expression.summary import read_quant
from anpi.files import plain
from anpi.problems import InputError
from anpi.quantification.reference import read_fasta, read_gtf
from anpi.reads.alignments import open_alignment
from anpi.reads.fastq import look_at_start
from anpi.reads.together import check_reads
from anpi.tables import reading
from anpi.tables.reading import read_text_table
from anpi.tables.schema import load_yaml

READERS: dict[str, Callable[[Path], Any]] = {
    "table": read_text_table,
    "yaml": load_yaml,
    "matrix": lambda path: read_expression(path, "tpm"),
    "matrix at planning": read_sample_names,
    "salmon table": read_quant,
    "reads": lambda path: check_reads([(str(path), None)]),
    "alignment": lambda path: open_alignment(str(path), 0, path.parent, None, 1),
    "transcripts": lambda path: list(read_fasta(path)),
    "annotation": read_gtf,
}


@pytest.mark.parametrize("reader", READERS)
def test_a_pipe_and_a_device_are_refused(tmp_path, reader):
    pipe = tmp_path / "pipe.tsv"
    os.mkfifo(pipe)
    for path, kind in ((pipe, "a pipe"), (Path("/dev/null"), "a device"), (Path("/dev/zero"), "a device")):
        with pytest.raises(InputError, match=f"found '{kind}', expected a file on a disk"):
            READERS[reader](path)


def test_the_look_at_the_start_of_a_pipe_tells_nothing(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert not look_at_start(tmp_path / "pipe").interleaved


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("reader", ["table", "matrix", "matrix at planning", "salmon table"])
def test_a_table_without_bound_is_refused(tmp_path, monkeypatch, reader, zipped):
    """A gzip file of 10 kB may unpack to gigabytes, in one line."""
    monkeypatch.setattr(plain, "MOST_LINE", 1_000_000)
    monkeypatch.setattr("anpi.files.text.MOST_BYTES", 3_000_000)
    content = b"gene\tS1" + b"\t0" * 2_000_000
    path = tmp_path / "x.tsv"
    path.write_bytes(gzip.compress(content) if zipped else content)
    words = "more than 1,000,000 characters" if reader.startswith("matrix") else "more than 0.003 GB"
    with pytest.raises(InputError, match=words):
        READERS[reader](path)


def test_a_matrix_of_many_rows_is_bounded_too(tmp_path, monkeypatch):
    monkeypatch.setattr(plain, "MOST_BYTES", 100_000)
    (tmp_path / "x.tsv.gz").write_bytes(gzip.compress(b"gene\tS1\n" + b"TP53\t1\n" * 20_000))
    with pytest.raises(InputError, match=r"x\.tsv\.gz: the gzip file unpacks to more than 0\.0001 GB"):
        read_expression(tmp_path / "x.tsv.gz", "tpm")


@pytest.mark.parametrize("row", ["TP53\t1\n", "G{}\t1\n"], ids=["one row again and again", "other names"])
def test_a_matrix_without_end_is_refused_before_all_of_it_is_read(tmp_path, monkeypatch, row):
    """4 MB of gzip held 240 million short rows: more than eight minutes without a word."""
    monkeypatch.setattr(matrix, "MOST_ROWS", 1000)
    with gzip.open(tmp_path / "x.tsv.gz", "wt") as out:
        out.write("gene\tS1\n" + "".join(row.format(i) for i in range(1_000_000)))
    sizes: list[int] = []
    readinto = plain.Bounded.readinto
    monkeypatch.setattr(plain.Bounded, "readinto", lambda *given: sizes.append(readinto(*given)) or sizes[-1])
    with pytest.raises(InputError, match=r"x\.tsv\.gz: found 'more than 1,000 rows', expected a row a gene"):
        read_expression(tmp_path / "x.tsv.gz", "tpm")
    assert sum(sizes) <= 3 << 20  # a block each for the header, the form and the rows


def test_a_matrix_of_many_samples_is_read_whatever_its_size(tmp_path, monkeypatch):
    """10,000 samples of 20,000 genes are more than 2 GB of text."""
    monkeypatch.setattr(plain, "MOST_BYTES", 100_000)
    numbers = np.random.default_rng(1).uniform(2, 20, (3000, 10)).round(3)
    frame = pd.DataFrame(numbers, index=[f"ENSG{i:011d}" for i in range(3000)]).add_prefix("S")
    for name in ("x.tsv", "x.tsv.gz"):
        frame.to_csv(tmp_path / name, sep="\t", index_label="gene")
        assert read_expression(tmp_path / name, "vst").values.to_numpy().tolist() == numbers.tolist()


MEASURED = """
import resource, sys
from anpi.tables.reading import read_table
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before = peak()
rows = len(read_table(sys.argv[1], "adverse_events"))
print(rows * 4, peak() - before)
"""


def test_memory_for_a_table_of_short_rows_stays_below_two_gigabytes(tmp_path):
    """By the memory that a cell takes, and the most cells that are read."""
    path = tmp_path / "adverse_events.csv"
    rows = (f"P{number % 900},T{number % 50},S,1\n" for number in range(200_000))
    path.write_text("patient_id,term,soc,grade\n" + "".join(rows))
    command = [sys.executable, "-c", MEASURED, str(path)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3] / "scripts")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    cells, taken = map(int, done.stdout.split())
    text = 6 * reading.MOST_TABLE  # as bytes, as text, and as the lines that are cut
    assert taken / cells * reading.MOST_CELLS + text < 2e9


def test_a_table_of_too_many_cells_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MOST_CELLS", 1000)
    (tmp_path / "x.csv").write_text("a,b\n" + "1,2\n" * 600)
    with pytest.raises(InputError, match=r"x\.csv: found '1,202 cells', expected at most 1,000"):
        read_text_table(tmp_path / "x.csv")
