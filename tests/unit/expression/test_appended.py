"""A merge with more, other or fewer samples has the bytes of a fresh one, and reads no sample that is as it was."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from warm import python

from anpi.expression.appended import write_appended, write_matrix
from anpi.expression.assemble import SummaryReader
from anpi.expression.genes import read_gene_table
from anpi.files.checksums import hash_file
from anpi.files.made_from import FOLDER
from anpi.files.numbers import as_written, read_numbers
from anpi.files.shipped import ROOT
from anpi.problems import InputError

GENES = [f"ENSG{number:011d}" for number in range(30)]
MATRICES = [f"{matrix}.{kind}" for matrix in ("counts", "tpm") for kind in ("tsv.gz", "parquet")]
Merge = Callable[..., tuple[list[str], dict[str, bytes]]]


def write_sample(folder: Path, sample: str, seed: int) -> None:
    """Write a sample's genes: fractions and whole numbers, of more digits than the text holds; one gene is missing."""
    draw = np.random.default_rng(seed)
    (folder / sample).mkdir(exist_ok=True)
    table = pd.DataFrame({"gene_id": GENES, "counts": draw.poisson(50, 30) + draw.choice([0.0, 1 / 3, 0.5], 30)})
    table["tpm"] = np.exp(draw.normal(3, 5, 30))
    table.drop(index=seed % 30).to_parquet(folder / sample / "genes.parquet")
    (folder / sample / "qc.json").write_text(json.dumps({"genes_detected": seed}))


@pytest.fixture
def merge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Merge:
    """Merge samples by the program; return which were read, and what was written."""
    import assemble_cohort

    monkeypatch.chdir(tmp_path)
    Path("samples").mkdir()
    for number, sample in enumerate(["S10", "S2", "007", "S1", "Z"]):
        write_sample(Path("samples"), sample, number)
    write_genes(GENES)
    read = SummaryReader.__call__

    def call(samples: str, kept: bool = True) -> tuple[list[str], dict[str, bytes]]:
        found: list[str] = []
        words = ["--samples-dir", "samples", "--reference-genes", "genes.tsv", "--samples", *samples.split()]
        words += ["--out-counts", *MATRICES[:2], "--out-tpm", *MATRICES[2:], "--out-genes", "cohort_genes.tsv"]
        words += ["--out-facts", "facts.tsv", *(["--kept", "kept"] if kept else [])]
        written = [Path(name) for name in (*MATRICES, "facts.tsv", "cohort_genes.tsv")]
        for file in written:
            file.unlink(missing_ok=True)  # as Snakemake does
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(SummaryReader, "__call__", lambda s, file: found.append(file.parent.name) or read(s, file))
            patch.setattr(sys, "argv", ["assemble_cohort.py", *words])
            assemble_cohort.main()
        return sorted(found), {file.name: file.read_bytes() for file in written}

    return call


def write_genes(genes: list[str]) -> None:
    table = pd.DataFrame({"gene_id": genes, "symbol": genes, "biotype": "protein_coding", "length": 1000})
    table.to_csv("genes.tsv", sep="\t", index=False)
    read_gene_table.cache_clear()


@pytest.mark.parametrize(
    ("first", "second", "read"),
    [
        ("S2 S10", "S10 S2", ""),
        ("S2 S10", "S2 S10 Z", "Z"),
        ("S2 S10", "S2 S10 007", "007"),
        ("S10 S2", "S10 S1 S2", "S1"),
        ("S2 S10", "007 S1 S2 S10 Z", "007 S1 Z"),
        ("S2 S10 007 S1 Z", "007 S2 S10", ""),
        ("S2 S10 007", "S1 S10 Z", "S1 Z"),
        ("S2 S10", "Z", "Z"),
        ("S2", "S2", ""),
    ],
)
def test_samples_that_come_and_go_leave_the_bytes_of_a_fresh_merge(merge: Merge, first: str, second: str, read: str):
    assert merge(first)[0] == sorted(first.split())
    found, written = merge(second)
    assert found == sorted(read.split())
    assert written == merge(second, kept=False)[1]
    assert merge(second)[0] == []  # and what was appended is kept in its turn
    assert [line.count(b"\t") for line in gzip.decompress(written["tpm.tsv.gz"]).splitlines()] == [
        len(second.split())
    ] * 31


def test_a_sample_of_other_genes_is_read_and_one_that_was_touched_is_not(merge: Merge):
    merge("S1 S2 Z")
    write_sample(Path("samples"), "S2", 77)
    Path("samples/Z/genes.parquet").touch()
    found, written = merge("S1 S10 S2 Z")
    assert found == ["S10", "S2"]
    assert written == merge("S1 S10 S2 Z", kept=False)[1]


def test_a_gene_that_the_gene_table_lacks_is_told_and_not_left_out(merge: Merge, tells: Callable[..., None]):
    write_genes(GENES[:20])
    with pytest.raises(InputError) as caught:
        merge("S1")
    (problem,) = map(str, caught.value.problems)
    expected = "samples/S1/genes.parquet: 10 genes of the sample not in the gene table, found 'ENSG00000000020, "
    assert problem.startswith(expected)
    assert "the reference that the sample was quantified against" in problem
    assert not [name for name in (*MATRICES, "facts.tsv") if Path(name).exists()]
    tells("a sample that was quantified against another reference", [problem])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("sample_id\nS1\n", "row 1: no gene table, found 'no column gene_id, symbol, biotype, length'"),
        ("gene_id\tsymbol\tbiotype\tlength\nG\tG\tlncRNA\tlong\n", "the result is damaged or cut short"),
    ],
)
def test_a_file_that_is_no_gene_table_is_told(merge: Merge, content: str, words: str):
    Path("genes.tsv").write_text(content)
    read_gene_table.cache_clear()
    with pytest.raises(InputError) as caught:
        merge("S1")
    assert words in str(caught.value)
    assert "genes.tsv" in str(caught.value)
    assert not Path(MATRICES[0]).exists()


def test_another_reference_or_other_code_reads_all(merge: Merge, monkeypatch: pytest.MonkeyPatch):
    merge("S1 S2")
    for genes in (GENES[::-1], [*GENES, "last"], ["own", *GENES]):
        write_genes(genes)
        found, written = merge("S1 S2")
        assert found == ["S1", "S2"]
        assert written == merge("S1 S2", kept=False)[1]
    monkeypatch.setattr("anpi.provenance.code_digest", lambda *names: "other")
    assert merge("S1 S2")[0] == ["S1", "S2"]


@pytest.mark.parametrize("name", [*MATRICES, "columns.json"])
def test_what_is_damaged_is_not_taken(merge: Merge, name: str):
    merge("S1 S2")
    kept = Path("kept") / name
    whole = kept.read_bytes()
    marred = whole.replace(whole[40:50], b"0123456789")
    for damaged in (b"", whole[: len(whole) // 2], marred, b"{}", b"[]", None):
        kept.unlink()
        if damaged is not None:
            kept.write_bytes(damaged)
        found, written = merge("S1 S2 Z")
        if name in MATRICES or damaged != marred:  # a digest that is marred is that of one sample
            assert found == ["S1", "S2", "Z"]
        assert written == merge("S1 S2 Z", kept=False)[1]
        assert merge("S1 S2")[0] == []


def test_a_file_where_the_folder_belongs_is_told_before_anything_is_written(merge: Merge):
    Path("kept").write_text("mine")
    with pytest.raises(InputError, match=r"kept: is a file.*expected a folder.*Delete it"):
        merge("S1 S2")
    assert Path("kept").read_text() == "mine"
    assert not any(Path(name).exists() for name in (*MATRICES, "facts.tsv"))


def test_the_record_names_the_genes_of_every_sample_also_of_one_whose_columns_are_kept(merge: Merge):
    merge("S1 S2")
    Path("ledger").mkdir()
    Path("kept").rename("ledger/kept")
    words = ["--samples-dir", "samples", "--reference-genes", "genes.tsv", "--samples", "S1", "S2", "Z"]
    words += ["--kept", "ledger/kept"]
    words += ["--out-counts", *MATRICES[:2], "--out-tpm", *MATRICES[2:], "--out-genes", "g.tsv", "--out-facts", "f.tsv"]
    command = [python(), str(ROOT / "scripts" / "assemble_cohort.py"), *words]
    done = subprocess.run(command, env={**os.environ, FOLDER: "made_from"}, check=True, capture_output=True, text=True)
    assert "1 of 3 samples to be read" in done.stderr
    (file,) = Path("made_from").glob("*.json")
    record = json.loads(file.read_text())
    named = {name: hash_file(Path("made_from", "..", name)) for name in record["read"] if name.endswith(".parquet")}
    assert sorted(named) == [f"samples/{sample}/genes.parquet" for sample in ("S1", "S2", "Z")]
    assert named.items() <= record["read"].items()
    assert sorted(record["made"]) == sorted([*MATRICES, "f.tsv", "g.tsv"])


def test_genes_that_text_puts_in_quotes_are_appended_too(merge: Merge):
    write_genes(["'a b'", "a,b", 'a "b"', *GENES])
    merge("S1 S2")
    found, written = merge("S1 S10 S2")
    assert found == ["S10"]
    assert written == merge("S1 S10 S2", kept=False)[1]


def test_numbers_are_rounded_as_text_rounds_them():
    draw = np.random.default_rng(1)
    halves = (draw.integers(10**9, 10**10, 20_000) + 0.5) / 10.0 ** draw.integers(0, 23, 20_000)
    powers = 10.0 ** draw.integers(-25, 25, 2000) * (1 - 1e-11 * draw.random(2000))
    odd = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e300, 5e-324, 12345678901.0, 9999999999.5, 9999999999.4, -1 / 3]
    values = np.concatenate([np.exp(draw.normal(3, 4, 40_000)), -np.exp(draw.normal(0, 30, 9000)), halves, powers, odd])
    expected = np.array([float(f"{value:.10g}") for value in values.tolist()])
    found = as_written(pd.DataFrame({"S": values}))["S"].to_numpy()
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(np.signbit(found), np.signbit(expected))


def test_a_matrix_of_many_blocks_of_gzip_has_the_bytes_of_a_fresh_one(tmp_path: Path):
    draw = np.random.default_rng(3)
    names = [f"S{number:02d}" for number in range(60)]
    index = pd.Index([f"ENSG{number:011d}" for number in range(4000)], name="gene_id")
    whole = pd.DataFrame(np.exp(draw.normal(3, 2, (4000, 60))), index=index, columns=names)
    fresh, first, second = (
        (tmp_path / f"{name}.tsv.gz", tmp_path / f"{name}.parquet") for name in ("fresh", "first", "second")
    )
    write_matrix(fresh, whole)
    write_matrix(first, whole.drop(columns=["S00", "S31", "S59"]))
    text = gzip.decompress(first[0].read_bytes())
    write_appended(second, read_numbers(first[1]), text, whole[["S31", "S00", "S59"]], names)
    assert [file.read_bytes() for file in second] == [file.read_bytes() for file in fresh]
