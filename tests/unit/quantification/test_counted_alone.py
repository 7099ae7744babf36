"""Alignments with a GTF and no sequences: counted, summed to genes, accounted for."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pysam
import pytest
from unit.quantification.made_genome import GENES, make_genome
from warm import python

from anpi.expression.counted import genes_of_counts
from anpi.problems import InputError
from anpi.quantification.gene_counts import read_counts, refuse_cut_bam
from anpi.quantification.reference import annotated_transcripts, build_reference

ROOT = Path(__file__).resolve().parents[3]
LENGTHS = {gene: sum(end - start for start, end in exons) for gene, (_, exons) in GENES.items()}


def test_tpm_are_fragments_a_base_of_the_exons():
    counts = pd.DataFrame({"gene_id": ["B", "A"], "counts": [30, 10], "length": [3000, 500]})
    transcripts = pd.DataFrame({"gene_id": ["A", "B", "C", "A"]})
    found = genes_of_counts(counts, transcripts).set_index("gene_id")
    assert found["counts"].tolist() == [10, 30, 0]
    assert found["tpm"].tolist() == pytest.approx([2e6 / 3, 1e6 / 3, 0])


def test_a_gtf_alone_tells_transcripts_and_their_lengths(tmp_path: Path):
    """They are those that are cut out of the genome, when that is given."""
    genome = make_genome(tmp_path)
    alone = build_reference(None, genome.gtf, None, tmp_path / "none.fa")
    cut = build_reference(None, genome.gtf, genome.fasta, tmp_path / "cut.fa")
    pd.testing.assert_frame_equal(alone, annotated_transcripts(genome.gtf))
    order = ["transcript_id"]
    columns = ["transcript_id", "gene_id", "length"]
    left, right = (table[columns].sort_values(order).reset_index(drop=True) for table in (alone, cut))
    assert left["length"].tolist() == right["length"].tolist() == list(LENGTHS.values())
    assert left["gene_id"].tolist() == sorted(LENGTHS)
    assert (tmp_path / "none.fa").read_text() == ""


def write_bam(path: Path, identified: bool) -> dict[str, int]:
    """Write single reads within one exon of genes on one strand, five places each; return reads a gene."""
    header = pysam.AlignmentHeader.from_dict({"SQ": [{"SN": "chr1", "LN": 20_000}]})
    places = {"ENSG00000000001": range(1000, 1300, 60), "ENSG00000000002": range(9500, 10000, 100)}
    with pysam.AlignmentFile(str(path), "wb", header=header) as out:
        number = 0
        for starts in places.values():
            for start in starts:
                for _ in range(4):
                    record = pysam.AlignedSegment(header)
                    record.query_name = f"r{number}:ACGT" if identified else f"r{number}"
                    record.query_sequence, record.reference_id = "A" * 50, 0
                    record.query_qualities = pysam.qualitystring_to_array("I" * 50)
                    record.reference_start, record.mapping_quality, record.cigartuples = start, 60, [(0, 50)]
                    record.set_tag("NH", 1)
                    out.write(record)
                    number += 1
        none = pysam.AlignedSegment(header)
        none.query_name, none.flag, none.query_sequence = "none:ACGT", 4, "ACGT"
        out.write(none)
    return {gene: 4 * len(starts) for gene, starts in places.items()}


def program(name: str, *words: object) -> None:
    command = [python(), ROOT / "scripts" / f"{name}.py", *words]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not shutil.which("featureCounts"), reason="featureCounts is needed")
@pytest.mark.parametrize("identified", [False, True])
def test_alignments_are_all_that_is_counted(tmp_path: Path, identified: bool):
    genome = make_genome(tmp_path)
    truth = write_bam(tmp_path / "a.bam", identified)
    made = {name: tmp_path / name for name in ("counts.tsv", "summary", "reads.json", "qc.json", "accounts.tsv")}
    words = ["--sample", "S", "--bam", tmp_path / "a.bam", "--gtf", genome.gtf, "--unit-id", "L1"]
    words += ["--molecules"] if identified else []
    program(
        *("count_alignments", *words, "--out", made["counts.tsv"], "--out-summary", made["summary"]),
        *("--out-reads", made["reads.json"]),
    )
    annotated_transcripts(genome.gtf).to_csv(tmp_path / "transcripts.tsv.gz", sep="\t", index=False)
    program(
        *("summarise_sample", "--transcripts", tmp_path / "transcripts.tsv.gz", "--reads", made["reads.json"]),
        *("--gene-counts", made["counts.tsv"], "--counting", made["summary"], "--sample", "S"),
        *("--out-genes", tmp_path / "genes.parquet", "--out-qc", made["qc.json"]),
        *("--out-accounts", made["accounts.tsv"]),
    )
    genes = pd.read_parquet(tmp_path / "genes.parquet").set_index("gene_id")
    expected = pd.Series(truth) / (4 if identified else 1)
    assert genes["counts"][genes["counts"] > 0].to_dict() == expected.to_dict()
    rates = expected / pd.Series(LENGTHS)
    assert genes["tpm"].to_numpy() == pytest.approx(np.nan_to_num(1e6 * rates / rates.sum()), abs=1e-5)
    facts = json.loads(made["qc.json"].read_text())
    assert facts["counted_by"] == "featureCounts"
    assert facts["mapping_rate"] is None
    assert facts["molecule_duplicate_rate"] == (75 if identified else None)
    accounts = pd.read_csv(made["accounts.tsv"], sep="\t").set_index("account")
    assert (accounts["difference"] == 0).all()
    assert accounts.loc["reads", "used"] == expected.sum()
    assert ("1 unmapped" in accounts.loc["reads", "reason"]) == (not identified)
    assert len(json.loads(made["reads.json"].read_text())["units"][0]["sha256"][0]) == 64


def test_a_damaged_gtf_is_told(tmp_path: Path):
    (tmp_path / "genes.gtf.gz").write_bytes(gzip.compress(b"# no exon\n"))
    with pytest.raises(Exception, match="no transcript found"):
        annotated_transcripts(tmp_path / "genes.gtf.gz")


def written_counts(folder: Path, table: str, summary: str) -> Path:
    (folder / "counts.txt").write_text("# Program:featureCounts\n" + table)
    (folder / "counts.txt.summary").write_text(summary)
    return folder / "counts.txt"


TABLE = "Geneid\tChr\tStart\tEnd\tStrand\tLength\ta.bam\nA\tchr1\t1\t9\t+\t9\t12\nB\tchr1\t20\t29\t+\t10\t31\n"
SUMMARY = "Status\ta.bam\nAssigned\t43\nUnassigned_NoFeatures\t7\n"


def test_counts_are_held_against_their_account(tmp_path: Path):
    table, summary = read_counts(written_counts(tmp_path, TABLE, SUMMARY), ["a.bam"], "S1")
    assert table["a.bam"].tolist() == [12, 31]
    assert summary.to_dict() == {"Assigned": 43, "Unassigned_NoFeatures": 7}


@pytest.mark.parametrize(
    ("table", "summary"),
    [
        (TABLE[:-2], SUMMARY),
        (TABLE[: TABLE.index("B\t")], SUMMARY),
        (TABLE[:30], SUMMARY),
        ("", SUMMARY),
        (TABLE, SUMMARY[: SUMMARY.index("\nUn") - 1]),
        (TABLE, SUMMARY[:-1]),
        (TABLE, SUMMARY[:-2]),
        (TABLE, "Status\ta.bam\n"),
        (TABLE, ""),
    ],
    ids=[
        "last digit",
        "last row",
        "header",
        "no table",
        "digit of the account",
        "end of a line",
        "number",
        "no rows",
        "no account",
    ],
)
def test_counts_that_are_cut_are_refused(tmp_path: Path, table: str, summary: str):
    with pytest.raises(InputError, match=r"featureCounts, sample S1: what it wrote is cut short\. Is the disk"):
        read_counts(written_counts(tmp_path, table, summary), ["a.bam"], "S1")


def test_a_cut_copy_of_an_alignment_is_refused(tmp_path: Path):
    write_bam(tmp_path / "whole.bam", False)
    content = (tmp_path / "whole.bam").read_bytes()
    (tmp_path / "cut.bam").write_bytes(content[: len(content) // 2])
    refuse_cut_bam(tmp_path / "whole.bam", Path("a.cram"))
    with pytest.raises(InputError, match=r"samtools, a\.cram: the BAM that it made is cut short"):
        refuse_cut_bam(tmp_path / "cut.bam", Path("a.cram"))
