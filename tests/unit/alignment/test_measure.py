"""Facts of alignments: counted by hand, by laws of chance, and in whatever order the records stand."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pysam
import pytest
from warm import python

from anpi.alignment import records
from anpi.alignment.gene_model import build_gene_model, load_gene_model, write_gene_model
from anpi.alignment.measure import measure_alignments
from anpi.problems import InputError

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"
GENES = [
    # gene, biotype, strand, contig, exons (from 1, closed)
    ("G1", "protein_coding", "+", "1", [(1001, 1500), (2001, 3500)]),
    ("G2", "protein_coding", "-", "1", [(6001, 6400), (7001, 7300)]),
    ("G3", "lncRNA", "-", "1", [(3401, 3600)]),
    ("G4", "rRNA", "+", "1", [(9001, 9200)]),
    ("G5", "Mt_rRNA", "+", "MT", [(101, 500)]),
]
HEADER = "@HD\tVN:1.6\n@SQ\tSN:chr1\tLN:20000\n@SQ\tSN:chrM\tLN:1000\n@SQ\tSN:phiX\tLN:500\n"
READ = "AACGT" * 10
RECORDS = [
    # name, flag, contig, first base, quality, CIGAR, mate's first base, template length, sequence, NM
    ("a", 99, "chr1", 2101, 60, "50M", 2251, 200, READ, 0),
    ("a", 147, "chr1", 2251, 60, "50M", 2101, -200, READ, 1),
    ("b", 0, "chr1", 1451, 60, "50M500N50M", 0, 0, READ * 2, 0),  # over the intron of G1
    ("c", 16, "chr1", 1481, 60, "20M620N30M", 0, 0, READ, 0),  # a known donor, a new acceptor
    ("d", 0, "chr1", 1701, 60, "50M", 0, 0, READ, 0),  # in the intron
    ("e", 0, "chr1", 5001, 60, "50M", 0, 0, READ, 0),  # between genes
    ("f", 0, "chrM", 201, 60, "50M", 0, 0, READ, 0),
    ("g", 0, "chr1", 9101, 60, "50M", 0, 0, READ, 0),  # rRNA
    ("h", 1024, "chr1", 2101, 60, "50M", 0, 0, READ, 0),  # a duplicate
    ("i", 256, "chr1", 2101, 0, "50M", 0, 0, "*", 0),  # secondary
    ("j", 2048, "chr1", 2101, 60, "20H30M", 0, 0, "A" * 30, 0),  # supplementary
    ("k", 4, "*", 0, 0, "*", 0, 0, "G" * 50, None),
    ("l", 512, "chr1", 2101, 60, "50M", 0, 0, READ, 0),  # failed by the machine
    ("m", 0, "chr1", 6101, 3, "50M", 0, 0, READ, 0),  # of several places
    ("n", 0, "chr1", 3421, 60, "50M", 0, 0, READ, 0),  # on G1 and G3, of both strands
    ("o", 0, "chr1", 7011, 60, "20M2D30M", 0, 0, READ, 2),
]
# 14 primary records, 13 of them mapped (750 - 50 bases), 11 counted (without h and l), 10 unique; 14 blocks.
BY_HAND = {
    "aligned_records": 16,
    "aligned_primary": 14,
    "aligned_secondary": 1,
    "aligned_supplementary": 1,
    "aligned_qc_failed": 1,
    "aligned_mapped": 13,
    "aligned_rate": 92.86,
    "aligned_proper_pair_rate": 100,
    "aligned_unique_rate": 92.31,
    "duplicates_marked": True,
    "duplicate_rate": 7.69,
    "error_rate": 0.4286,
    "error_source": "NM",
    "aligned_gc_content": 44,
    "aligned_read_length": 53.6,
    "mitochondrial_share": 9.09,
    "exonic_share": 85.71,
    "intronic_share": 7.14,
    "intergenic_share": 7.14,
    "unannotated_share": 0,
    "ribosomal_share": 14.29,
    "aligned_strandedness": None,
    "aligned_forward_share": 75,
    "fragment_length_pairs": 1,
    "fragment_length_median": None,
    "spliced_share": 20,
    "junctions": 2,
    "junctions_known_share": 50,
    "junction_saturation": None,
    "covered_transcripts": 0,
    "three_prime_share": None,
}


def gtf(genes=GENES, head: str = "") -> str:
    lines = []
    for gene, biotype, strand, contig, exons in genes:
        name = f'gene_id "{gene}"; transcript_id "{gene}.t"; gene_biotype "{biotype}";'
        lines += [f"{contig}\ttest\texon\t{start}\t{end}\t.\t{strand}\t.\t{name}" for start, end in exons]
    return head + "\n".join(lines) + "\n"


def sam(rows=RECORDS, header: str = HEADER) -> str:
    lines = []
    for name, flag, contig, start, quality, cigar, mate, template, sequence, edits in rows:
        fields = [name, flag, contig, start, quality, cigar, "=" if mate else "*", mate, template, sequence, "*"]
        lines.append("\t".join(map(str, fields)) + ("" if edits is None else f"\tNM:i:{edits}"))
    return header + "\n".join(lines) + "\n"


@pytest.fixture
def model(tmp_path):
    (tmp_path / "genes.gtf").write_text(gtf())
    return build_gene_model(tmp_path / "genes.gtf")


def measure(folder: Path, text: str, model):
    (folder / "reads.sam").write_text(text)
    return measure_alignments([folder / "reads.sam"], model)


def test_each_fact_is_what_a_count_by_hand_gives(tmp_path, model):
    facts = measure(tmp_path, sam(), model)
    assert {name: facts[name] for name in BY_HAND} == BY_HAND
    assert facts["fragment_length_histogram"][200] == 1


def test_the_order_of_records_and_the_size_of_batches_do_not_matter(tmp_path, model, monkeypatch):
    expected = measure(tmp_path, sam(), model)
    shuffled = [RECORDS[i] for i in np.random.default_rng(3).permutation(len(RECORDS))]
    assert measure(tmp_path, sam(shuffled), model) == expected
    monkeypatch.setattr(records, "BATCH", 3)
    monkeypatch.setattr(records, "MOST_SHAPES", 1)
    assert measure(tmp_path, sam(), model) == expected


def test_files_of_a_sample_are_summed(tmp_path, model):
    """The same as one file, though the second has its contigs in another order."""
    one, two = tmp_path / "one.sam", tmp_path / "two.sam"
    one.write_text(sam(RECORDS[:7]))
    lines = HEADER.splitlines(keepends=True)
    two.write_text(sam(RECORDS[7:], lines[0] + lines[2] + lines[1]))
    assert measure_alignments([one, two], model) == measure(tmp_path, sam(), model)


def test_without_an_annotation_what_rests_on_one_is_missing_and_the_rest_is_the_same(tmp_path, model):
    bare, full = measure(tmp_path, sam(), None), measure(tmp_path, sam(), model)
    missing = {name for name, value in bare.items() if value is None and full[name] is not None}
    assert missing == {
        "exonic_share",
        "intronic_share",
        "intergenic_share",
        "unannotated_share",
        "ribosomal_share",
        "genomic_dna_share",
        "aligned_forward_share",
        "fragment_length_pairs",
        "fragment_length_histogram",
        "covered_transcripts",
        "gene_body_coverage",
        "junctions_known_share",
    }
    assert all(bare[name] == full[name] for name in bare if bare[name] is not None)


def test_what_a_file_leaves_out_is_not_known_rather_than_nought(tmp_path, model):
    """No unmapped record, no marked duplicate, no mitochondrion in the header."""
    header = HEADER.replace("@SQ\tSN:chrM\tLN:1000\n", "")
    facts = measure(tmp_path, sam(RECORDS[:6], header), model)
    for name in ("aligned_rate", "duplicate_rate", "mitochondrial_share"):
        assert facts[name] is None
    assert facts["duplicates_marked"] is False


@pytest.mark.parametrize(
    ("program", "marked"),
    [
        ("ID:MarkDuplicates\tPN:MarkDuplicates", True),
        ("ID:samtools.1\tPN:samtools\tCL:samtools markdup -@ 2 in.bam out.bam", True),
        ("ID:samtools.1\tPN:samtools\tCL:samtools markdup -r in.bam out.bam", False),  # taken out, not marked
        ("ID:MarkDuplicates\tPN:MarkDuplicates\tCL:MarkDuplicates REMOVE_DUPLICATES=true INPUT=a", False),
        ("ID:STAR\tPN:STAR\tCL:STAR --readFilesIn a.markdup.fastq", False),
    ],
)
def test_none_marked_is_nought_where_a_program_looked_for_them(tmp_path, model, program, marked):
    facts = measure(tmp_path, sam(RECORDS[:6], f"{HEADER}@PG\t{program}\n"), model)
    assert facts["duplicates_marked"] is marked
    assert facts["duplicate_rate"] == (0 if marked else None)


def test_reads_on_contigs_without_genes_are_no_intergenic_reads(tmp_path, model):
    facts = measure(tmp_path, sam([*RECORDS, ("p", 0, "phiX", 1, 60, "50M", 0, 0, READ, 0)]), model)
    assert facts["unannotated_share"] == round(100 / 15, 2)
    assert facts["intergenic_share"] == BY_HAND["intergenic_share"]


def test_an_empty_alignment_has_no_shares(tmp_path, model):
    facts = measure(tmp_path, HEADER, model)
    assert facts["aligned_records"] == 0
    assert facts["exonic_share"] is None
    assert facts["aligned_read_length"] is None


def test_mismatches_of_star_are_counted_once_a_pair(tmp_path, model):
    """nM holds the mismatches of both mates and stands on each of them."""
    text = sam([(*row[:9], None) for row in RECORDS[:2]]).replace("AACGT\t*\n", "AACGT\t*\tnM:i:3\n")
    facts = measure(tmp_path, text, model)
    assert (facts["error_source"], facts["error_rate"]) == ("nM", 3.0)


def library(strands: str, count: int = 600):
    """Pairs over G1 (+), mate 1 as the gene in ``f`` of every ten letters, against it in the others."""
    rows = []
    for i in range(count):
        start = 2101 + i % 500
        flags = (99, 147) if strands[i % len(strands)] == "f" else (163, 83)
        rows.append((f"r{i}", flags[0], "chr1", start, 60, "50M", start + 150, 200, READ, 0))
        rows.append((f"r{i}", flags[1], "chr1", start + 150, 60, "50M", start, -200, READ, 0))
    return rows


@pytest.mark.parametrize(
    ("strands", "share", "call"),
    [("f", 100, "forward"), ("r", 0, "reverse"), ("fr", 50, "unstranded"), ("fffffffrrr", 70, "unclear")],
)
def test_strandedness_of_pairs(tmp_path, model, strands, share, call):
    facts = measure(tmp_path, sam(library(strands)), model)
    assert (facts["aligned_forward_share"], facts["aligned_strandedness"]) == (share, call)
    assert (facts["fragment_length_median"], facts["fragment_length_iqr"]) == (200, 0)
    assert facts["fragment_length_pairs"] == 600


@pytest.mark.parametrize("dna", [0, 10, 30, 60])
@pytest.mark.parametrize("stranded", [True, False])
@pytest.mark.parametrize("unannotated", [0, 10])
def test_the_share_of_genomic_dna_is_found(tmp_path, dna, stranded, unannotated):
    """DNA lies evenly on the contig and both strands. RNA from outside genes raises it, unless strands tell."""
    genes = [(f"G{i}", "protein_coding", "+", "1", [(6000 * i + 1, 6000 * i + 2000)]) for i in range(20)]
    (tmp_path / "genes.gtf").write_text(gtf(genes))
    draw = np.random.default_rng(dna)
    rows = []
    for i in range(4000):
        kind = i % 100
        flag = 16 * (i // 100 % 2)
        if kind < dna:
            start = int(draw.integers(1, 119950))
        elif kind < dna + unannotated:
            start = int(6000 * draw.integers(20) + 2001 + draw.integers(3900))
        else:
            # half of it spliced, which DNA is not
            start, flag = int(6000 * draw.integers(20) + 1 + draw.integers(1850)), 0 if stranded else flag
            rows.append((f"r{i}", flag, "chr1", start, 60, ("50M", "25M70N25M")[i // 200 % 2], 0, 0, "*", 0))
            continue
        rows.append((f"r{i}", flag, "chr1", start, 60, "50M", 0, 0, "*", 0))
    facts = measure(tmp_path, sam(rows, HEADER.replace("20000", "120000")), build_gene_model(tmp_path / "genes.gtf"))
    found = facts["genomic_dna_share"]
    # Two thirds of the contig lie outside genes, so a read there stands for one and a half.
    clear = stranded and facts["aligned_strandedness"] == "forward"
    assert clear or not stranded or dna == 60
    assert found == pytest.approx(dna if clear else dna + 1.5 * unannotated, abs=3)


@pytest.mark.parametrize("strand", "+-")
@pytest.mark.parametrize("slope", [0, 1, -1])
def test_coverage_that_rises_to_the_three_prime_end_shows_in_the_share_of_its_third(tmp_path, strand, slope):
    """Even depth, or rising from 1 to 20, or falling, over a hundred windows of ten bases from the 5' end."""
    genes = [(f"G{i}", "protein_coding", strand, "1", [(2000 * i + 1, 2000 * i + 1000)]) for i in range(1, 26)]
    (tmp_path / "genes.gtf").write_text(gtf(genes))
    rising = np.repeat(np.arange(1, 21), 5)
    depth = {0: np.full(100, 5), 1: rising, -1: rising[::-1]}[slope]
    on_genome = depth if strand == "+" else depth[::-1]
    rows = [
        ("r", 0, "chr1", 2000 * gene + 1 + 10 * window, 60, "10M", 0, 0, "*", 0)
        for gene in range(1, 26)
        for window in range(100)
        for _ in range(on_genome[window])
    ]
    header = HEADER.replace("20000", "60000")
    facts = measure(tmp_path, sam(rows, header), build_gene_model(tmp_path / "genes.gtf"))
    first, last = depth[:33].mean(), depth[-33:].mean()
    assert facts["covered_transcripts"] == 25
    # The percentiles of 1,000 bases lie at bases 9, 19 … 989, 999: one in each window, from whichever end.
    assert facts["three_prime_share"] == pytest.approx(100 * last / (first + last), abs=0.7)
    curve = np.array(facts["gene_body_coverage"])
    assert curve == pytest.approx(depth / depth.mean(), abs=1e-3)


@pytest.mark.parametrize("reads", [1, 2, 4])
def test_saturation_follows_the_law_of_drawing_half_of_the_fragments(tmp_path, reads):
    """A junction of n fragments is found by half of them with probability 1 - 2^-n."""
    count = 400
    exons = [(100 * i + 1, 100 * i + 40) for i in range(1, count + 2)]
    (tmp_path / "genes.gtf").write_text(gtf([("G1", "protein_coding", "+", "1", exons)]))
    rows = [
        (f"SRR1.{i}.{j}", 0, "chr1", 100 * i + 21, 60, "20M60N20M", 0, 0, "*", 0)
        for i in range(1, count + 1)
        for j in range(reads)
    ]
    header = HEADER.replace("20000", "60000")
    facts = measure(tmp_path, sam(rows, header), build_gene_model(tmp_path / "genes.gtf"))
    expected = 100 * (1 - 0.5**reads)
    noise = 100 * np.sqrt(0.5**reads * (1 - 0.5**reads) / count)
    assert (facts["junctions"], facts["junctions_known_share"]) == (count, 100)
    assert abs(facts["junction_saturation"] - expected) < 4 * noise
    assert facts["junction_curve"][-1] == count
    assert facts["junction_curve"] == sorted(facts["junction_curve"])


def test_a_damaged_file_is_refused_in_words(tmp_path, model):
    whole = tmp_path / "whole.bam"
    (tmp_path / "reads.sam").write_text(sam(library("f", 5000)))
    pysam.view("-b", "-o", str(whole), str(tmp_path / "reads.sam"), catch_stdout=False)
    assert measure_alignments([whole], model)["aligned_records"] == 10000
    content = whole.read_bytes()
    for name, part in (("cut", content[: len(content) // 2]), ("end", content[:-28]), ("text", b"no alignment\n")):
        bad = tmp_path / f"{name}.bam"
        bad.write_bytes(part)
        with pytest.raises(InputError, match=rf"{name}\.bam: no whole alignment file .*Copy it again"):
            measure_alignments([bad], model)


def test_a_cram_gives_what_its_bam_gives(tmp_path, model):
    (tmp_path / "reads.sam").write_text(sam(library("f")))
    genome = tmp_path / "genome.fa"
    genome.write_text(f">chr1\n{'ACGTT' * 4000}\n>chrM\n{'A' * 1000}\n>phiX\n{'C' * 500}\n")
    cram = tmp_path / "reads.cram"
    pysam.view("-C", "-T", str(genome), "-o", str(cram), str(tmp_path / "reads.sam"), catch_stdout=False)
    expected = measure_alignments([tmp_path / "reads.sam"], model)
    assert measure_alignments([cram], model, genome) == expected
    other, cut = tmp_path / "other.fa", tmp_path / "cut.cram"
    other.write_text(genome.read_text().replace("ACGTT", "ACGTA"))
    cut.write_bytes(cram.read_bytes()[:-60])
    for file, reference in ((cram, other), (cut, genome)):
        with pytest.raises(InputError, match=rf"{file.name}: no whole alignment.*reference\.genome the genome"):
            measure_alignments([file], model, reference)
    genome.unlink()
    with pytest.raises(InputError, match=r"reads\.cram: .*reference\.genome"):
        measure_alignments([cram], model)


def test_a_gene_model_is_the_same_when_written_and_loaded(tmp_path, model):
    for name in ("a.npz", "b.npz"):
        write_gene_model(model, tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    loaded = load_gene_model(tmp_path / "a.npz")
    facts = [json.dumps(measure(tmp_path, sam(), which), sort_keys=True) for which in (model, loaded)]
    assert facts[0] == facts[1]
    (tmp_path / "c.npz").write_text("text")
    with pytest.raises(InputError, match=r"c\.npz: no gene model"):
        load_gene_model(tmp_path / "c.npz")


def test_the_programs_run_from_any_folder_and_tell_an_annotation_of_another_assembly(tmp_path):
    """Alone the program ends with 2; in the workflow it writes the words as its facts, and the other samples go on."""
    (tmp_path / "genes.gtf").write_text(gtf(head="#!genome-build GRCh37.p13\n"))
    (tmp_path / "good.sam").write_text(sam())
    (tmp_path / "bad.sam").write_text(sam(header=HEADER.replace("LN:20000", "LN:248956422")))

    def call(program: str, *words: str) -> subprocess.CompletedProcess[str]:
        command = [python(), str(SCRIPTS / program), *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert call("build_gene_model.py", "--gtf", "genes.gtf", "--out", "genes.npz").returncode == 0
    measure = ["measure_alignment.py", "--gene-model", "genes.npz", "--out", "out.json", "--alignment"]
    assert call(*measure, "good.sam").returncode == 0
    assert json.loads((tmp_path / "out.json").read_text())["exonic_share"] == BY_HAND["exonic_share"]
    (tmp_path / "out.json").unlink()
    words = "bad.sam: the alignment is to GRCh38, the annotation is of GRCh37."
    alone = call(*measure, "bad.sam")
    assert alone.returncode == 2
    assert words in alone.stderr
    assert "Traceback" not in alone.stderr
    assert not (tmp_path / "out.json").exists()
    assert call(*measure, "bad.sam", "--record-failure").returncode == 0
    facts = json.loads((tmp_path / "out.json").read_text())
    assert list(facts) == ["alignment_failure"]
    assert facts["alignment_failure"].startswith(words)
    named = call(*measure, str(tmp_path / "bad.sam"), "--record-failure")
    assert json.loads((tmp_path / "out.json").read_text()) == facts  # wherever the file lies
    assert str(tmp_path / "bad.sam") in named.stderr
