"""A reference of another kind or species is refused by its first lines."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anpi.expression.reference_look import look_at_reference, refuse_foreign_genes
from anpi.problems import InputError

HUMAN = ">ENST00000266744.2|ENSG00000139352.4|OTT|OTT|ASCL1-201|ASCL1|2477|protein_coding|\nACGTACGT\n"
MOUSE = ">ENSMUST00000020243.10|ENSMUSG00000020052.13|OTT|OTT|Ascl1-201|Ascl1|2513|protein_coding|\nACGTACGT\n"
ENSEMBL = ">ENSMUST00000196221.2 cdna chromosome:GRCm39:14:1:9:1 gene:ENSMUSG00000096749.3 gene_symbol:Trdd1\nATGGC\n"
EXON = 'chr1\tHAVANA\texon\t11869\t12227\t.\t+\t.\tgene_id "{}"; transcript_id "T1"; gene_name "{}";\n'
HUMAN_GTF, MOUSE_GTF = EXON.format("ENSG00000290825.1", "DDX11L2"), EXON.format("ENSMUSG00000051951.6", "Xkr4")
UCSC_GTF = EXON.format("ASCL1", "ASCL1")
BASES = "".join(np.random.default_rng(1).choice(list("ACGT"), 600_000))
GENOME = f">NC_1 unplaced\n{BASES}\n"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("transcripts", HUMAN),
        ("transcripts", ">ERCC-00002\nACGT\n" + HUMAN),
        ("transcripts", ">NM_004316.4\nACGT\n"),
        ("transcripts", MOUSE + HUMAN),
        ("gtf", "#!genome-build GRCh38\n" + HUMAN_GTF),
        ("gtf", UCSC_GTF),
        ("genome", GENOME),
        ("genome", ">chr1\nACGT\n"),
    ],
)
def test_a_sound_reference_passes(tmp_path, kind, text):
    for name, data in (("x", text.encode()), ("x.gz", gzip.compress(text.encode()))):
        (tmp_path / name).write_bytes(data)
        assert look_at_reference(kind, tmp_path / name, "config.yaml") == []


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("transcripts", MOUSE * 50, "none of the first 1 genes is a human one, found 'ENSMUSG00000020052.13 Ascl1'"),
        ("transcripts", ENSEMBL, "none of the first 1 genes is a human one"),
        ("gtf", MOUSE_GTF, "none of the first 1 genes is a human one"),
        ("transcripts", HUMAN_GTF, "reference.transcripts: found 'GTF', expected a FASTA of transcripts"),
        (
            "transcripts",
            GENOME,
            "found 'a genome', expected a FASTA of transcripts. Give the genome as reference.genome",
        ),
        ("transcripts", ">chr1\nACGT\n", "a genome'"),
        ("transcripts", ">1 dna:chromosome chromosome:GRCh38:1:1:248956422:1 REF\nACGT\n", "a genome'"),
        ("transcripts", "@r1\nACGT\n+\nIIII\n", "FASTQ or SAM"),
        ("transcripts", "", "an empty file"),
        ("transcripts", "\ufeff" + HUMAN, "x, row 1: the file, found 'a byte order mark'.*UTF-8 without BOM"),
        ("gtf", "\ufeff" + HUMAN_GTF, "x, row 1: the file, found 'a byte order mark'"),
        ("transcripts", "%PDF-1.7\n", "neither FASTA nor GTF"),
        ("gtf", HUMAN, "reference.gtf: found 'FASTA', expected a GTF"),
        ("genome", HUMAN_GTF, "reference.genome: found 'GTF', expected a FASTA of a genome"),
    ],
)
def test_another_kind_or_species_is_told(tmp_path, kind, text, words):
    (tmp_path / "x").write_text(text)
    (problem,) = look_at_reference(kind, tmp_path / "x", "config.yaml")
    with pytest.raises(InputError, match=words):
        raise InputError(problem)


def test_a_cut_gzip_file_is_told(tmp_path):
    (tmp_path / "x.gz").write_bytes(gzip.compress(GENOME.encode())[:2000])
    (problem,) = look_at_reference("genome", tmp_path / "x.gz", "config.yaml")
    assert "damaged or cut short" in str(problem)


def test_a_reference_without_any_human_gene_is_refused_as_a_whole():
    table = pd.DataFrame({"gene_id": ["ENSMUSG00000020052", "ERCC-00002"], "symbol": ["Ascl1", "ERCC-00002"]})
    with pytest.raises(InputError, match="none of the first 2 genes is a human one"):
        refuse_foreign_genes(table, "t.fa")
    refuse_foreign_genes(pd.concat([table, pd.DataFrame({"gene_id": ["x"], "symbol": ["TP53"]})]), "t.fa")


def test_published_references_pass(external_data: Path):
    reads = external_data / "data" / "reads"
    files = [file for file in reads.rglob("*") if file.name.split(".gz")[0].endswith((".fa", ".fasta", ".gtf"))]
    assert len(files) > 4
    for file in files:
        kind = "gtf" if ".gtf" in file.name else "transcripts"
        problems = [str(p) for p in look_at_reference(kind, file, "config.yaml") if "a genome" not in str(p)]
        assert problems == [], file
