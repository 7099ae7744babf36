"""Alignment and counting on a made-up genome: genes against the truth, the same bytes, tools that lack or fail."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from pathlib import Path

import pysam
import pytest
from unit.quantification.made_genome import FRAGMENTS, GENES, MadeGenome, make_genome, make_reads
from warm import python

from anpi.problems import InputError
from anpi.quantification.align import align_sample, run_sorted, write_splice_sites
from anpi.quantification.gene_counts import assigned_share, count_genes
from anpi.reads.sample_reads import Unit

ROOT = Path(__file__).resolve().parents[3]
BINARIES = {"hisat2": "hisat2", "star": "STAR"}
TOOLS = [
    pytest.param(tool, marks=pytest.mark.skipif(not shutil.which(binary), reason=f"{binary} is not installed"))
    for tool, binary in BINARIES.items()
]
pytestmark = [
    pytest.mark.xdist_group("align"),
    pytest.mark.skipif(
        not (shutil.which("fastp") and shutil.which("samtools")), reason="fastp and samtools are needed"
    ),
]
needs_hisat2 = pytest.mark.skipif(not shutil.which("hisat2"), reason="hisat2 is not installed")
needs_counts = pytest.mark.skipif(not shutil.which("featureCounts"), reason="featureCounts is not installed")


class Aligned:
    """A genome with an index, and a sample of two lanes aligned to it."""

    def __init__(self, folder: Path, tool: str):
        self.folder, self.tool = folder, tool
        self.genome: MadeGenome = make_genome(folder)
        write_splice_sites(self.genome.gtf, folder / "splice_sites.tsv")
        self.index = folder / "index"
        self.index.mkdir()
        if tool == "hisat2":
            command = ["hisat2-build", "-q", self.genome.fasta, self.index / "genome"]
        else:
            command = ["STAR", "--runMode", "genomeGenerate", "--genomeDir", self.index]
            command += ["--genomeFastaFiles", self.genome.fasta, "--genomeSAindexNbases", "6"]
            annotation = folder / "genes.gtf"
            annotation.write_bytes(gzip.decompress(self.genome.gtf.read_bytes()))
            command += ["--sjdbGTFfile", annotation, "--outFileNamePrefix", f"{self.index}/"]
        subprocess.run(command, check=True, capture_output=True)
        self.units = [
            Unit(lane, *make_reads(self.genome, folder, lane, "reverse", seed))
            for seed, lane in enumerate(["L1", "L2"])
        ]
        self.bam = self.align("first", self.units, 1)

    def align(self, name: str, units: list, threads: int) -> Path:
        scratch = self.folder / f"{name}_scratch"
        scratch.mkdir()
        target = self.folder / name / "aligned.bam"
        align_sample("S1", units, self.tool, self.index, self.folder / "splice_sites.tsv", target, scratch, threads)
        return target

    def count(self, folder: Path, strandedness: str | None) -> tuple[dict[str, int], str]:
        counts, summary, _ = count_genes(
            "S1", [self.bam], self.genome.gtf, self.genome.fasta, strandedness, folder, threads=1
        )
        return dict(zip(counts["gene_id"], counts["counts"], strict=True)), summary


@pytest.fixture(scope="module", params=TOOLS)
def aligned(request, tmp_path_factory) -> Aligned:
    return Aligned(tmp_path_factory.mktemp(request.param), request.param)


def test_introns_of_the_annotation(tmp_path):
    genome = make_genome(tmp_path)
    assert write_splice_sites(genome.gtf, tmp_path / "sites.tsv") == 3
    # last base before and first base after each intron, counted from 0
    expected = ["chr1\t1399\t2400\t+", "chr1\t2799\t4000\t+", "chr1\t8499\t9500\t-"]
    assert (tmp_path / "sites.tsv").read_text().splitlines() == expected


def test_every_read_lies_in_an_exon_of_its_own_gene(aligned: Aligned):
    total = right = 0
    with pysam.AlignmentFile(str(aligned.bam)) as records:
        for record in records:
            if record.is_secondary:
                continue
            total += 1
            exons = GENES[record.query_name.split(":")[1]][1]
            blocks = record.get_blocks()
            right += bool(blocks) and all(
                any(low - 3 <= start and end <= high + 3 for low, high in exons) for start, end in blocks
            )
    assert total == 2 * 2 * sum(FRAGMENTS.values())
    assert right >= 0.995 * total


def test_lanes_are_read_groups_and_no_path_is_left(aligned: Aligned):
    with pysam.AlignmentFile(str(aligned.bam)) as records:
        header = records.header.to_dict()
        groups = [record.get_tag("RG") for record in records]
    assert header["HD"]["SO"] == "coordinate"
    assert [group["ID"] for group in header["RG"]] == ["L1", "L2"]
    assert {group["SM"] for group in header["RG"]} == {"S1"}
    assert groups.count("L1") == groups.count("L2")
    assert {key for program in header["PG"] for key in program} <= {"ID", "PN", "VN", "PP"}
    assert "CO" not in header
    assert str(aligned.folder) not in str(header)


def test_the_same_bytes_over_threads_and_the_order_of_lanes(aligned: Aligned):
    again = aligned.align("again", aligned.units[::-1], 2)
    assert again.read_bytes() == aligned.bam.read_bytes()
    assert again.with_name("aligned.bam.bai").read_bytes() == aligned.bam.with_name("aligned.bam.bai").read_bytes()
    assert sorted(path.name for path in again.parent.iterdir()) == ["aligned.bam", "aligned.bam.bai"]


@needs_counts
def test_stranded_counts_are_the_truth(aligned: Aligned, tmp_path):
    counts, summary = aligned.count(tmp_path, "reverse")
    for gene, fragments in FRAGMENTS.items():
        assert counts[gene] == pytest.approx(2 * fragments, rel=0.005), gene
    assert assigned_share(summary) >= 99.5


@needs_counts
def test_without_the_strand_an_overlapping_gene_loses_its_reads(aligned: Aligned, tmp_path):
    """The antisense gene lies over an exon of another: only the strand tells their reads apart."""
    unstranded, _ = aligned.count(tmp_path, None)
    assert unstranded["ENSG00000000003"] < 0.6 * 2 * FRAGMENTS["ENSG00000000003"]
    assert unstranded["ENSG00000000002"] == pytest.approx(2 * FRAGMENTS["ENSG00000000002"], rel=0.005)


@needs_counts
def test_the_wrong_strand_counts_the_other_gene(aligned: Aligned, tmp_path):
    counts, _ = aligned.count(tmp_path, "forward")
    assert counts["ENSG00000000002"] <= 2
    # A third of the starts of the other gene's fragments put a read into the 400 bases that both share.
    assert counts["ENSG00000000003"] == pytest.approx(2 * FRAGMENTS["ENSG00000000001"] / 3, rel=0.1)


@needs_counts
@needs_hisat2
def test_an_annotation_of_other_names_is_refused(tmp_path):
    made = Aligned(tmp_path, "hisat2")
    other = tmp_path / "other.gtf"
    other.write_text('1\tmade\texon\t1\t100\t.\t+\t.\tgene_id "G"; transcript_id "T";\n')
    with pytest.raises(InputError, match=r"found 'chr1', expected sequences of the annotation, such as 1\."):
        count_genes("S1", [made.bam], other, made.genome.fasta, None, tmp_path, 1)


@needs_hisat2
@pytest.mark.parametrize("paired", [True, False])
def test_a_sample_without_reads_gives_an_empty_alignment(tmp_path, paired):
    made = Aligned(tmp_path, "hisat2")
    empty = [tmp_path / f"empty_{mate}.fastq" for mate in (1, 2)]
    for length, file in zip((60, 61), empty, strict=True):
        file.write_text("".join(f"@r{n}\n{'N' * length}\n+\n{'!' * length}\n" for n in range(20)))
    target = made.align("empty", [Unit("L1", str(empty[0]), str(empty[1]) if paired else None)], 1)
    with pysam.AlignmentFile(str(target)) as records:
        assert records.mapped == records.unmapped == 0


@needs_hisat2
def test_a_damaged_file_leaves_nothing_behind(tmp_path):
    made = Aligned(tmp_path, "hisat2")
    cut = tmp_path / "cut_R2.fastq.gz"
    cut.write_bytes(Path(made.units[0][2]).read_bytes()[:-500])
    out, scratch = tmp_path / "out", tmp_path / "empty"
    scratch.mkdir()
    done = subprocess.run(
        [
            *(python(), ROOT / "scripts" / "align_sample.py", "--sample", "S1", "--tool", "hisat2"),
            *("--unit", "L1", made.units[0][1], cut, "--index", made.index, "--out", out / "aligned.bam"),
            *("--splice-sites", tmp_path / "splice_sites.tsv", "--scratch", scratch),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "cut_R2.fastq.gz" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(out.glob("*"))
    assert list(scratch.iterdir()) == []


@needs_hisat2
def test_an_aligner_that_fails_says_why(tmp_path):
    with pytest.raises(InputError, match=r"hisat2, unit L1: ended with code \d+; its last words:"):
        run_sorted(["hisat2", "-x", "nothing", "-U", "none.fq"], tmp_path / "o.bam", tmp_path, 1, "hisat2, unit L1")


def test_a_program_that_lacks_is_named_with_its_package(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(InputError, match=r"Install rna-star samtools \(Debian: apt-get install rna-star samtools"):
        align_sample("S1", [Unit("L1", "a")], "star", tmp_path, tmp_path, tmp_path / "o.bam", tmp_path, 1)


def test_an_alignment_that_cannot_be_read_counts_nothing_and_not_zero(tmp_path):
    genome = make_genome(tmp_path)
    (tmp_path / "alignment.json").write_text('{"alignment_failure": "a.bam is cut short"}')
    words = ["--sample", "S1", "--bam", "a.bam", "--gtf", genome.gtf, "--genome", genome.fasta]
    words += ["--alignment", tmp_path / "alignment.json", "--out", tmp_path / "counts.tsv"]
    program = ROOT / "scripts" / "count_alignments.py"
    subprocess.run([python(), program, *words, "--out-summary", tmp_path / "summary"], check=True)
    rows = [line.split("\t") for line in (tmp_path / "counts.tsv").read_text().splitlines()[1:]]
    assert rows == [[gene, "NA", "NA"] for gene in GENES]
