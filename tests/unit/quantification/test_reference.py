"""Reference: headers, transcripts cut out of a genome, genes of transcripts, decoys, downloads."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pysam
import pytest

from anpi.problems import InputError
from anpi.quantification.reference import (
    build_reference,
    extract_transcripts,
    gene_table,
    parse_header,
    read_fasta,
    same_sequences,
    write_decoys,
)

GENCODE = "ENST00000354700.10|ENSG00000139352.4|OTTHUMG00000165430.3|-|ASCL1-201|ASCL1|2477|protein_coding|"
ENSEMBL = (
    "ENST00000354700.10 cdna chromosome:GRCh38:12:102957674:102960513:1 gene:ENSG00000139352.4 "
    "gene_biotype:protein_coding transcript_biotype:nonsense_mediated_decay gene_symbol:ASCL1 "
    "description:achaete-scute family bHLH transcription factor 1 [Source:HGNC gene:other gene_symbol:XXX;Acc:HGNC:738]"
)
#           0         1         2         3
#           0123456789012345678901234567890123456789
CHR1 = "ACGTACGTTTGGCCAAacgtNNACGTAGCTAGGATCCTTA"
CHR2 = "TTTTTCCCCCGGGGGAAAAARYKMBDHV"
# ENST1: two exons, plus strand, 3-8 and 11-14. ENST2: two exons, minus strand, given in the order of translation.
GTF = """\
#!genome-build test
1\tt\tgene\t3\t14\t.\t+\t.\tgene_id "ENSG1"; gene_version "5"; gene_name "AAA"; gene_biotype "protein_coding";
1\tt\texon\t3\t8\t.\t+\t.\tgene_id "ENSG1"; gene_version "5"; transcript_id "ENST1"; transcript_version "2"; \
gene_name "AAA"; gene_biotype "protein_coding";
1\tt\texon\t11\t14\t.\t+\t.\tgene_id "ENSG1"; gene_version "5"; transcript_id "ENST1"; transcript_version "2"; \
gene_name "AAA"; gene_biotype "protein_coding";
1\tt\texon\t33\t40\t.\t-\t.\tgene_id "ENSG2.1"; transcript_id "ENST2.7"; gene_name "BBB"; gene_type "lncRNA";
1\tt\texon\t23\t26\t.\t-\t.\tgene_id "ENSG2.1"; transcript_id "ENST2.7"; gene_name "BBB"; gene_type "lncRNA";
2\tt\texon\t21\t28\t.\t-\t.\tgene_id "ENSG3"; transcript_id "ENST3";
"""
# Written out by hand: the reverse complement of CHR1[22:26] + CHR1[32:40] = ACGT + GATCCTTA.
SPLICED = {"ENST1.2": "GTACGT" + "GGCC", "ENST2.7": "TAAGGATC" + "ACGT", "ENST3": "BDHVKMRY"}


@pytest.fixture
def genome(tmp_path: Path) -> Path:
    path = tmp_path / "genome.fa"
    path.write_text(f">1 dna\n{CHR1[:25]}\n{CHR1[25:]}\n>2\n{CHR2}\n")
    return path


@pytest.fixture
def gtf(tmp_path: Path) -> Path:
    path = tmp_path / "genes.gtf"
    path.write_text(GTF)
    return path


@pytest.mark.parametrize("header", [GENCODE, ENSEMBL], ids=["GENCODE", "Ensembl"])
def test_headers_of_both_publishers_tell_the_gene(header):
    assert parse_header(header) == {
        "transcript_id": "ENST00000354700.10",
        "gene_id": "ENSG00000139352.4",
        "symbol": "ASCL1",
        "biotype": "protein_coding",
    }


def test_a_bare_header_tells_the_transcript_alone():
    assert parse_header("ENST00000354700.10") == {"transcript_id": "ENST00000354700.10"}


def test_transcripts_are_spliced_out_of_a_genome_on_both_strands(gtf, genome):
    assert dict(extract_transcripts(gtf, genome)) == SPLICED


def test_gtf_and_genome_make_a_reference(gtf, genome, tmp_path):
    table = build_reference(None, gtf, genome, tmp_path / "out.fa")
    assert dict(read_fasta(tmp_path / "out.fa")) == SPLICED
    rows = table.set_index("transcript_id")
    assert rows.loc["ENST1.2"].tolist() == ["ENSG1.5", "AAA", "protein_coding", 10]
    assert rows.loc["ENST2.7"].tolist() == ["ENSG2.1", "BBB", "lncRNA", 12]
    assert rows.loc["ENST3"].tolist() == ["ENSG3", "ENSG3", "unknown", 8]


def test_versions_come_off_gene_ids_and_stay_on_transcripts(tmp_path):
    (tmp_path / "in.fa").write_text(f">{GENCODE}\nACGT\nAC\n")
    table = build_reference(tmp_path / "in.fa", None, None, tmp_path / "out.fa")
    assert table.to_dict("records") == [
        {
            "transcript_id": "ENST00000354700.10",
            "gene_id": "ENSG00000139352",
            "symbol": "ASCL1",
            "biotype": "protein_coding",
            "length": 6,
        }
    ]
    assert (tmp_path / "out.fa").read_text() == ">ENST00000354700.10\nACGTAC\n"


@pytest.mark.parametrize("name", ["ENST1.2", "ENST1.9", "ENST1"])
def test_a_gtf_tells_the_genes_of_a_fasta_without_them(gtf, tmp_path, name):
    """Another version of the transcript, or none, is the same transcript."""
    (tmp_path / "in.fa.gz").write_bytes(gzip.compress(f">{name}\nACGT\n".encode()))
    table = build_reference(tmp_path / "in.fa.gz", gtf, None, tmp_path / "out.fa")
    assert table[["transcript_id", "gene_id", "symbol"]].to_numpy().tolist() == [[name, "ENSG1.5", "AAA"]]


def test_transcripts_of_no_known_gene_are_refused_and_nothing_is_written(tmp_path):
    (tmp_path / "in.fa").write_text(f">{GENCODE}\nACGT\n>ERCC-00002\nACGT\n>tx3\nAC\n")
    with pytest.raises(
        InputError, match=r"2 of 3 transcripts of no known gene, found 'ERCC-00002, tx3'.*reference\.gtf"
    ):
        build_reference(tmp_path / "in.fa", None, None, tmp_path / "out.fa")
    assert not list(tmp_path.glob("*out.fa*"))


@pytest.mark.parametrize(
    ("fasta", "words"),
    [
        (f">{GENCODE}\nAC\n>{GENCODE}\nAC\n", "ENST00000354700.10 stands twice"),
        ("ACGT\n", "row 1: no FASTA file, found 'ACGT'"),
        ("", "no transcript found"),
        (f">{GENCODE}\nACGT\nAC-T\n", r"row 3: a sequence, found '-', expected nucleotides.*proteins"),
        (f">{GENCODE}\nMKVLEF\n", r"row 2: a sequence, found 'L', expected nucleotides.*Is it a FASTA of proteins"),
        (f">{GENCODE}\nACGU\n", r"row 2: a sequence, found 'U', expected nucleotides.* Write T for U\."),
        (f">{GENCODE}\nAC GT\n", r"row 2: a sequence, found ' ', expected nucleotides"),
        (f">{GENCODE}\nACGT\n>tx\nACé\n", r"row 4: a sequence, found 'é', expected nucleotides"),
        (f">{GENCODE}\nACGT\n>\nAC\n", r"row 3: a sequence, found '>', expected a name behind the >"),
        (f">{GENCODE}\n>tx\nACGT\n", r"row 1: a sequence, found 'no bases'.*leave its header out"),
        (f">tx\nACGT\n>{GENCODE}\n \n", r"row 3: a sequence, found 'no bases', expected bases"),
        (f"\ufeff>{GENCODE}\nACGT\n", r"row 1: the file, found 'a byte order mark'.*UTF-8 without BOM"),
        (">|ENSG1|||x|S|4|t|\nACGT\n", r"row 1: a sequence, found '>\|ENSG1.*expected a name behind the >"),
        (">ENSTé|ENSG1|||x|S|4|t|\nACGT\n", r"row 1: a sequence, found '>ENSTé.*expected a name of ASCII letters"),
    ],
)
def test_wrong_transcripts_are_refused(tmp_path, fasta, words):
    (tmp_path / "in.fa").write_text(fasta)
    with pytest.raises(InputError, match=words):
        build_reference(tmp_path / "in.fa", None, None, tmp_path / "out.fa")


@pytest.mark.parametrize("damage", [lambda whole: whole[:-40], lambda whole: whole[:60] + b"\x00" * 8 + whole[68:]])
def test_a_damaged_gzip_file_is_named(tmp_path, damage):
    text = "".join(f">tx{i}|ENSG{i}|||x|S{i}|4|t|\n{'ACGT' * (i % 7 + 1)}\n" for i in range(200))
    (tmp_path / "in.fa.gz").write_bytes(damage(gzip.compress(text.encode())))
    with pytest.raises(InputError, match=r"in\.fa\.gz: the gzip file is damaged or cut short"):
        build_reference(tmp_path / "in.fa.gz", None, None, tmp_path / "out.fa")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"\ufeff{GTF}", r"bad\.gtf, row 1: the file, found 'a byte order mark'"),
        ("1\tt\texon\t3\t8", "row 1: no GTF file, found '5 columns', expected 9"),
        ('1\tt\texon\t3\t8\t.\t+\t.\tgene_id "G";', "row 1: an exon without gene_id and transcript_id"),
        ('1\tt\texon\t3\t8\t.\t+\t.\tgene_id "G"; transcript_id "";', "row 1: an exon, found 'an empty transcript_id'"),
        ('1\tt\texon\t3\t8\t.\t+\t.\tgene_id ""; transcript_id "T";', "row 1: an exon, found 'an empty gene_id'"),
        (
            '1\tt\texon\t3\t8\t.\t+\t.\tgene_id "G"; transcript_id "T";\n'
            '1\tt\texon\t11\t14\t.\t+\t.\tgene_id "H"; transcript_id "T";',
            r"row 2: transcript T of another gene, found 'H', expected G",
        ),
        (
            '1\tt\texon\t3\t8\t.\t+\t.\tgene_id "G"; transcript_id "T";\n'
            '1\tt\texon\t20\t30\t.\t+\t.\tgene_id "G"; transcript_id "T";\n'
            '1\tt\texon\t8\t14\t.\t+\t.\tgene_id "G"; transcript_id "T";',
            r"row 3: transcript T, found 'exons 3 to 8 and 8 to 14, which overlap \(rows 1 and 3\)'.*each exon once",
        ),
        ('1\tt\texon\tx\t8\t.\t+\t.\tgene_id "G"; transcript_id "T";', "row 1: an exon, found 'x to 8'"),
        ('chr1\tt\texon\t3\t8\t.\t+\t.\tgene_id "G"; transcript_id "T";', "transcript T, found 'chr1'.*such as 1"),
        ('1\tt\texon\t3\t41\t.\t+\t.\tgene_id "G"; transcript_id "T";', "ends at 41', expected at most 40.*assembly"),
        (
            '1\tt\texon\t3\t8\t.\t+\t.\tgene_id "G"; transcript_id "T";\n'
            '2\tt\texon\t11\t14\t.\t+\t.\tgene_id "G"; transcript_id "T";',
            r"transcript T, found 'exons on 1 \(\+\) and 2 \(\+\)', expected one strand",
        ),
    ],
)
def test_a_gtf_that_does_not_fit_is_refused(tmp_path, genome, line, words):
    (tmp_path / "bad.gtf").write_text(line + "\n")
    with pytest.raises(InputError, match=words):
        build_reference(None, tmp_path / "bad.gtf", genome, tmp_path / "out.fa")


def test_a_genome_in_plain_gzip_is_refused_with_the_way_out(tmp_path, gtf, genome):
    zipped = tmp_path / "genome.fa.gz"
    zipped.write_bytes(gzip.compress(genome.read_bytes()))
    with pytest.raises(InputError, match="bgzip"):
        build_reference(None, gtf, zipped, tmp_path / "out.fa")


def test_an_index_of_an_earlier_genome_of_that_name_is_not_used(tmp_path, gtf, genome):
    """Longer headers move every base; the old index would be followed without an error."""
    pysam.faidx(str(genome))
    genome.write_text(genome.read_text().replace(">1 dna", ">1 dna:chromosome").replace(">2", ">2 dna:chromosome"))
    assert dict(extract_transcripts(gtf, genome)) == SPLICED


@pytest.mark.parametrize("with_genome", [False, True])
def test_nothing_to_build_from(genome, tmp_path, with_genome):
    with pytest.raises(InputError, match=r"Give reference\.transcripts, or reference\.gtf with reference\.genome"):
        build_reference(None, None, genome if with_genome else None, tmp_path / "out.fa")


def test_genes_of_transcripts():
    """A gene is protein coding when one transcript is; else what most of its transcripts are; lengths are medians."""
    rows = [
        ("t1", "g2", "BBB", "retained_intron", 100),
        ("t2", "g2", "BBB", "retained_intron", 300),
        ("t3", "g2", "BBB", "protein_coding", 1000),
        ("t4", "g1", "AAA", "lncRNA", 10),
        ("t5", "g1", "AAA", "lncRNA", 20),
        ("t6", "g1", "AAA", "antisense", 90),
    ]
    table = pd.DataFrame(rows, columns=["transcript_id", "gene_id", "symbol", "biotype", "length"])
    expected = [["g1", "AAA", "lncRNA", 20], ["g2", "BBB", "protein_coding", 300]]
    assert gene_table(table).to_numpy().tolist() == expected
    assert gene_table(table.iloc[::-1]).to_numpy().tolist() == expected


def test_decoys_stand_after_the_transcripts_and_are_listed(tmp_path, genome):
    (tmp_path / "out.fa").write_text(">tx\nAC\n")
    write_decoys(genome, tmp_path / "out.fa", tmp_path / "decoys.txt")
    assert (tmp_path / "decoys.txt").read_text() == "1\n2\n"
    assert list(read_fasta(tmp_path / "out.fa")) == [("tx", "AC"), ("1", CHR1), ("2", CHR2)]


def test_a_few_spike_ins_stand_for_themselves_and_are_counted(tmp_path):
    genes = "".join(f">ENST{i:011d}.1|ENSG{i:011d}.2|-|-|G{i}-201|G{i}|4|protein_coding|\nACGT\n" for i in range(1, 21))
    (tmp_path / "in.fa").write_text(genes + ">ERCC-00002\nACGT\n")
    table = build_reference(tmp_path / "in.fa", None, None, tmp_path / "out.fa").set_index("transcript_id")
    assert len(table) == 21
    assert table.loc["ERCC-00002", ["gene_id", "symbol", "biotype"]].tolist() == ["ERCC-00002", "ERCC-00002", "no_gene"]


def test_transcripts_of_one_sequence_are_told_by_the_first_of_them(tmp_path):
    (tmp_path / "t.fa").write_text(">A\nACGT\nAC\n>B\nACGTA\n>C\nacgtac\n>D\nACGTAC\n")
    assert same_sequences(tmp_path / "t.fa") == {"C": "A", "D": "A"}


def test_a_gtf_that_holds_its_lines_twice_is_refused(tmp_path, genome):
    """Each transcript would be twice as long; also where the GTF is all there is."""
    (tmp_path / "twice.gtf").write_text(GTF + GTF)
    for sequences in (genome, None):
        with pytest.raises(InputError, match=r"twice\.gtf, row 10: transcript ENST1\.2, found 'exons 3 to 8 and"):
            build_reference(None, tmp_path / "twice.gtf", sequences, tmp_path / "out.fa")


def test_exons_of_one_id_on_two_chromosomes_are_refused_without_a_genome_too(tmp_path):
    line = '1\tt\texon\t3\t8\t.\t+\t.\tgene_id "G"; transcript_id "T";\n'
    (tmp_path / "two.gtf").write_text(line + line.replace("1", "2", 1))
    with pytest.raises(InputError, match=r"transcript T, found 'exons on 1 \(\+\) and 2 \(\+\)'"):
        build_reference(None, tmp_path / "two.gtf", None, tmp_path / "out.fa")


def test_exons_that_touch_are_two_exons(tmp_path, genome):
    line = '1\tt\texon\t3\t8\t.\t+\t.\tgene_id "G"; transcript_id "T";\n'
    (tmp_path / "touch.gtf").write_text(line + line.replace("3\t8", "9\t12"))
    assert build_reference(None, tmp_path / "touch.gtf", genome, tmp_path / "out.fa")["length"].tolist() == [10]


def test_blanks_at_the_ends_of_lines_are_no_bases(tmp_path):
    (tmp_path / "in.fa").write_bytes(f">{GENCODE}\nACGT \nAC\t\r\n".encode())
    assert build_reference(tmp_path / "in.fa", None, None, tmp_path / "out.fa")["length"].tolist() == [6]
    assert (tmp_path / "out.fa").read_text() == ">ENST00000354700.10\nACGTAC\n"


@pytest.mark.parametrize(
    ("fasta", "words"), [(">\nACGT\n", "row 1: .*a name behind"), (">1\nAC*T\n", "row 2: .*'\\*'")]
)
def test_a_genome_of_other_letters_or_without_names_is_no_decoy(tmp_path, fasta, words):
    (tmp_path / "genome.fa").write_text(fasta)
    (tmp_path / "out.fa").write_text(">tx\nAC\n")
    with pytest.raises(InputError, match=rf"genome\.fa, {words}"):
        write_decoys(tmp_path / "genome.fa", tmp_path / "out.fa", tmp_path / "decoys.txt")


def test_strange_letters_of_a_genome_are_told_of_it_when_transcripts_are_cut_out(tmp_path, gtf):
    (tmp_path / "genome.fa").write_text(f">1\n{CHR1.replace('T', 'U')}\n>2\n{CHR2}\n")
    with pytest.raises(InputError, match=r"genome\.fa: the bases of transcript ENST1\.2, found 'U'.*Write T for U"):
        build_reference(None, gtf, tmp_path / "genome.fa", tmp_path / "out.fa")


@pytest.mark.parametrize(("moved", "refused"), [(0, False), (2, False), (3, True), (20, True)])
def test_a_gtf_by_which_transcripts_are_of_other_genes_is_refused(tmp_path, moved, refused, capsys):
    """A few move between releases, and the GTF decides; versions of genes are not compared."""
    names = [(f"ENST{n:011}.1", f"ENSG{n:011}") for n in range(20)]
    fasta = "".join(f">{name}|{gene}.1|||x|S|4|t|\n{'ACGT' * (n + 1)}\n" for n, (name, gene) in enumerate(names))
    (tmp_path / "in.fa").write_text(fasta)
    genes = [gene if n >= moved else "ENSG00000000099" for n, (_, gene) in enumerate(names)]
    line = '1\tt\texon\t3\t8\t.\t+\t.\tgene_id "{}.7"; transcript_id "{}";\n'
    (tmp_path / "in.gtf").write_text(
        "".join(line.format(gene, name) for (name, _), gene in zip(names, genes, strict=True))
    )
    given = tmp_path / "in.fa", tmp_path / "in.gtf", None, tmp_path / "out.fa"
    if refused:
        words = (
            rf"in\.gtf: {moved} of 20 transcripts of another gene .*0\.1 of ENSG00000000099', expected ENSG00000000000"
        )
        with pytest.raises(InputError, match=words):
            build_reference(*given)
        return
    assert build_reference(*given)["gene_id"].tolist() == genes
    assert (f"{moved} of 20 transcripts of another gene" in capsys.readouterr().err) == (moved > 0)


def test_a_gtf_that_names_genes_by_symbols_says_nothing_against_the_headers(tmp_path):
    """Such as UCSC's of GENCODE's transcripts."""
    (tmp_path / "in.fa").write_text(f">{GENCODE}\nACGT\n")
    line = '12\tt\texon\t3\t6\t.\t+\t.\tgene_id "ASCL1"; transcript_id "ENST00000354700.10";\n'
    (tmp_path / "in.gtf").write_text(line)
    table = build_reference(tmp_path / "in.fa", tmp_path / "in.gtf", None, tmp_path / "out.fa")
    assert table["gene_id"].tolist() == ["ASCL1"]
