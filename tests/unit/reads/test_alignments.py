"""Alignments back to the reads that they were made from: nothing lost, nothing turned, what is left out counted."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pysam
import pytest

from anpi.quantification.salmon import FragmentLength
from anpi.quantification.transcriptome import quantify_transcriptome
from anpi.reads.alignments import restore_unit
from anpi.reads.fastq import FaultyReads
from anpi.reads.sample_reads import Unit, open_units

pytestmark = pytest.mark.skipif(not shutil.which("samtools"), reason="samtools is needed")

PAIRS = 300
LENGTH = 50
CHROMOSOME = 20_000
COMPLEMENT = str.maketrans("ACGTN", "TGCAN")
TRANSCRIPTS = ["ENST1.1", "ENST2.1"]


class Reads:
    """Pairs whose sequences and qualities are known, and alignments of them."""

    def __init__(self, folder: Path):
        self.folder = folder
        rng = np.random.default_rng(7)
        self.genome = "".join(rng.choice(list("ACGT"), CHROMOSOME))
        self.write_genome("genome.fa", self.genome)
        self.pairs = {f"run:{n}": [self.draw(rng) for _ in (1, 2)] for n in range(PAIRS)}
        self.places = {name: sorted(rng.integers(0, CHROMOSOME - LENGTH, 2).tolist()) for name in self.pairs}

    def write_genome(self, name: str, sequence: str) -> Path:
        path = self.folder / name
        path.write_text(f">chr1\n{sequence}\n")
        return path

    @staticmethod
    def draw(rng: np.random.Generator) -> tuple[str, str]:
        return "".join(rng.choice(list("ACGTN"), LENGTH)), "".join(map(chr, rng.integers(35, 73, LENGTH)))

    def header(self) -> pysam.AlignmentHeader:
        groups = [{"ID": group, "SM": "S"} for group in ("A", "B")]
        return pysam.AlignmentHeader.from_dict(
            {"HD": {"VN": "1.6"}, "SQ": [{"SN": "chr1", "LN": CHROMOSOME}], "RG": groups}
        )

    def records(self, header: pysam.AlignmentHeader) -> list[pysam.AlignedSegment]:
        """A primary record a mate, the second one on the other strand; every tenth pair does not align."""
        listed = []
        for number, (name, mates) in enumerate(self.pairs.items()):
            for mate, (bases, qualities) in enumerate(mates):
                record = pysam.AlignedSegment(header)
                record.query_name = name
                record.flag = 0x1 | (0x80 if mate else 0x40)
                if number % 10 == 0:
                    record.flag |= 0xC
                else:
                    record.reference_id, record.reference_start = 0, self.places[name][mate]
                    record.cigartuples = [(0, LENGTH)]
                    record.mapping_quality = 60
                if mate and number % 10:
                    record.flag |= 0x10
                    bases, qualities = bases[::-1].translate(COMPLEMENT), qualities[::-1]
                record.query_sequence = bases
                record.query_qualities = pysam.qualitystring_to_array(qualities)
                record.set_tag("RG", "AB"[number % 2])
                listed.append(record)
        return listed

    def write(self, name: str, records: list[pysam.AlignedSegment] | None = None) -> Path:
        """Write records as BAM, in the order given."""
        path = self.folder / name
        header = self.header()
        with pysam.AlignmentFile(str(path), "wb", header=header) as out:
            for record in self.records(header) if records is None else records:
                out.write(record)
        return path

    def sorted(self, name: str, *options: str) -> Path:
        """Write the records sorted by samtools, as BAM or CRAM by the name."""
        target = self.folder / name
        kind = ["-O", "cram", "--reference", str(self.folder / "genome.fa")] if name.endswith("cram") else []
        source = str(self.write("unsorted.bam"))
        subprocess.run(["samtools", "sort", *options, *kind, "-o", str(target), source], check=True)
        return target

    def restore(self, file: Path, genome: Path | None = None):
        scratch = self.folder / f"scratch_{file.name}"
        scratch.mkdir(exist_ok=True)
        return restore_unit(str(file), 0, scratch, genome, TRANSCRIPTS, 1)


@pytest.fixture
def reads(tmp_path) -> Reads:
    return Reads(tmp_path)


def read_pairs(first: str, second: str | None) -> dict[str, list[tuple[str, str]]]:
    """Read FASTQ files back: bases and qualities of the mates, by name."""
    pairs: dict[str, list[tuple[str, str]]] = {}
    for file in (first, second):
        if file:
            lines = gzip.decompress(Path(file).read_bytes()).decode().splitlines()
            for header, bases, _, qualities in zip(*[iter(lines)] * 4, strict=True):
                pairs.setdefault(header[1:], []).append((bases, qualities))
    return pairs


@pytest.mark.parametrize("name", ["by_name.bam", "by_place.bam", "by_name.cram", "by_place.cram"])
def test_every_read_comes_back_as_it_was_sequenced(reads, name):
    file = reads.sorted(name, *(["-n"] if "by_name" in name else []))
    back = reads.restore(file, reads.folder / "genome.fa")
    assert read_pairs(back.first, back.second) == reads.pairs
    assert back.counts["pairs"] == PAIRS
    assert back.counts["unmapped_records"] == 2 * PAIRS / 10
    assert back.counts["read_groups"] == 2


def test_what_is_left_out_is_counted(reads):
    """Secondary, supplementary, failed, without its mate, unpaired: of each another number."""
    header = reads.header()
    primary = reads.records(header)
    extra = []
    for number, flag in enumerate([0x100] * 3 + [0x800] * 2):
        record = pysam.AlignedSegment.fromstring(primary[2 * number + 2].to_string(), header)
        record.flag |= flag
        extra.append(record)
    for record in primary[:8]:
        record.flag |= 0x200
    del primary[-1]
    for number in range(5):
        record = pysam.AlignedSegment.fromstring(primary[20 + 2 * number].to_string(), header)
        record.query_name, record.flag = f"alone{number}", 0
        extra.append(record)
    back = reads.restore(reads.write("mixed.bam", primary + extra))
    counts = back.counts
    assert (counts["secondary_records"], counts["supplementary_records"]) == (3, 2)
    assert (counts["qc_fail_records"], counts["mates_left_out"], counts["unpaired_left_out"]) == (8, 1, 5)
    names = list(reads.pairs)
    assert set(read_pairs(back.first, back.second)) == set(names[4:-1])


def test_reads_without_qualities_are_counted_and_given_33(reads):
    header = reads.header()
    records = reads.records(header)
    for record in records[:6]:
        record.query_qualities = None
    back = reads.restore(reads.write("bare.bam", records))
    assert back.counts["missing_qualities"] == 6
    pairs = read_pairs(back.first, back.second)
    assert {qualities for _, qualities in pairs["run:0"]} == {"B" * LENGTH}
    assert [bases for bases, _ in pairs["run:1"]] == [bases for bases, _ in reads.pairs["run:1"]]


def test_single_reads_come_back_as_single(reads):
    header = reads.header()
    records = [record for record in reads.records(header) if record.is_read1]
    for record in records:
        record.flag &= 0x14
    back = reads.restore(reads.write("single.bam", records))
    assert back.second is None
    assert read_pairs(back.first, None) == {name: mates[:1] for name, mates in reads.pairs.items()}


def hard_clip(records: list[pysam.AlignedSegment]) -> None:
    records[4].cigartuples = [(5, 10), (0, LENGTH)]


def repeat(records: list[pysam.AlignedSegment]) -> None:
    records += records[6:8]


def suffix_names(records: list[pysam.AlignedSegment]) -> None:
    for record in records:
        record.query_name += "/1" if record.is_read1 else "/2"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (hard_clip, "1 primary records are hard-clipped"),
        (repeat, "2 primary records share name and mate with another"),
        (suffix_names, f"{2 * PAIRS} mates, and of none the other half"),
    ],
)
def test_records_that_give_no_reads_back_are_refused(reads, spoil, words):
    records = reads.records(reads.header())
    spoil(records)
    with pytest.raises(FaultyReads, match=words):
        reads.restore(reads.write("spoilt.bam", records))


def test_a_bam_without_its_end_is_refused(reads):
    file = reads.write("cut.bam")
    file.write_bytes(file.read_bytes()[:-28])
    with pytest.raises(FaultyReads, match=r"cut\.bam: the file is cut short: the block that ends it is missing"):
        reads.restore(file)


@pytest.mark.parametrize("kind", ["bam", "cram"])
def test_a_file_damaged_inside_is_refused(reads, kind):
    file = reads.sorted(f"damaged.{kind}")
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 64] = bytes(64)
    file.write_bytes(bytes(content))
    with pytest.raises(FaultyReads, match=rf"damaged\.{kind}: the file is damaged or cut short"):
        reads.restore(file, reads.folder / "genome.fa")


def test_a_cram_cut_short_is_refused(reads):
    file = reads.sorted("cut.cram")
    file.write_bytes(file.read_bytes()[:-38])
    with pytest.raises(FaultyReads, match=r"cut\.cram: the file is cut short"):
        reads.restore(file, reads.folder / "genome.fa")


def test_another_reference_than_the_crams_is_told(reads):
    file = reads.sorted("mapped.cram")
    other = reads.write_genome("other.fa", reads.genome[::-1])
    with pytest.raises(FaultyReads, match="the reference is not that of the CRAM"):
        reads.restore(file, other)


def test_a_cram_finds_the_reference_that_it_names_and_nothing_is_fetched(reads, monkeypatch):
    """Without the genome of the config, and without the file that it names, it is refused at once."""
    monkeypatch.delenv("REF_PATH", raising=False)
    file = reads.sorted("mapped.cram")
    assert read_pairs((back := reads.restore(file)).first, back.second) == reads.pairs
    os.rename(reads.folder / "genome.fa", reads.folder / "elsewhere.fa")
    with pytest.raises(FaultyReads, match=r"the reference of the CRAM is not at hand.*reference\.genome"):
        reads.restore(file)


def test_a_genome_in_plain_gzip_serves_too(reads):
    file = reads.sorted("mapped.cram")
    packed = reads.folder / "genome.fa.gz"
    packed.write_bytes(gzip.compress((reads.folder / "genome.fa").read_bytes()))
    os.unlink(reads.folder / "genome.fa")
    back = reads.restore(file, packed)
    assert read_pairs(back.first, back.second) == reads.pairs


def test_an_index_older_than_its_file_is_warned_of_and_not_used(reads, capfd):
    file = reads.sorted("mapped.bam")
    index = file.with_suffix(".bam.bai")
    index.write_bytes(b"no index")
    os.utime(index, (1, 1))
    assert read_pairs((back := reads.restore(file)).first, back.second) == reads.pairs
    assert "mapped.bam.bai is older than" in capfd.readouterr().err


def test_what_is_no_alignment_is_refused(reads):
    file = reads.folder / "reads.bam"
    file.write_text("@HD\tVN:1.6\n")
    with pytest.raises(FaultyReads, match=r"reads\.bam: neither BAM nor CRAM, found '@HD"):
        reads.restore(file)


def test_alignments_to_transcripts_are_told_from_those_to_the_genome(reads):
    """Either way round: the sequences of the header say what the sheet says wrongly."""
    header = pysam.AlignmentHeader.from_dict(
        {"HD": {"VN": "1.6"}, "SQ": [{"SN": "ENST1.2|ENSG1.1|x", "LN": 500}, {"SN": "ENST2", "LN": 500}]}
    )
    file = reads.folder / "transcripts.bam"
    with pysam.AlignmentFile(str(file), "wb", header=header):
        pass
    with pytest.raises(
        FaultyReads, match=r"aligned to transcripts, not to the genome.*Set aligned_to to transcriptome"
    ):
        reads.restore(file)
    length = FragmentLength(250, 25, "config")
    genome = [("L1", str(reads.write("genome.bam")))]
    with pytest.raises(FaultyReads, match=r"1 of 1 sequences .* are no transcripts of the reference, found 'chr1'"):
        quantify_transcriptome("S", genome, file, TRANSCRIPTS, file, reads.folder, 1, length)


def test_an_alignment_under_two_names_is_refused(reads, tmp_path):
    one = reads.write("one.bam")
    other = Path(shutil.copy(one, tmp_path / "other.bam"))
    (tmp_path / "scratch").mkdir()
    units = [Unit("L1", alignment=str(one)), Unit("L2", alignment=str(other))]
    with pytest.raises(FaultyReads, match=r"other\.bam: the same file as one\.bam, under another name"):
        open_units(units, tmp_path / "scratch", 1, TRANSCRIPTS, None)


@pytest.mark.parametrize(("library", "reads"), [("HBR_Rep1", 605), ("UHR_Rep2", 2 * 1208)])
def test_real_alignments_give_back_the_reads_of_their_fastq(external_data, tmp_path, library, reads):
    """HISAT2 alignments of trimmed reads, single and in pairs: each that comes back is a part of the published read."""
    folder = external_data / "data" / "reads" / "pigx_hbr_uhr"
    bam = folder / "preprocessed" / "mapped_reads" / "hisat2" / f"{library}_Aligned.sortedByCoord.out.bam"
    back = restore_unit(str(bam), 0, tmp_path, None, TRANSCRIPTS, 1)
    restored = [read_pairs(file, None) for file in (back.first, back.second) if file]
    assert sum(map(len, restored)) == reads
    for mate, found in enumerate(restored, start=1):
        published = read_pairs(str(folder / "reads" / f"{library}.read{mate}.fastq.gz"), None)
        whole = {name.split()[0].removesuffix(f"/{mate}"): reads[0] for name, reads in published.items()}
        for name, [(bases, qualities)] in found.items():
            assert bases in whole[name.removesuffix("/1")][0], name
            assert qualities in whole[name.removesuffix("/1")][1], name


def test_real_records_are_counted_as_samtools_counts_them(external_data, tmp_path):
    """The HCC1395 piece: 31,070 primary and 608 secondary records, 9,138 marked duplicates (samtools flagstat 1.16)."""
    bam = external_data / "data" / "reads" / "regtools_hcc1395" / "test_hcc1395.bam"
    counts = restore_unit(str(bam), 0, tmp_path, None, TRANSCRIPTS, 1).counts
    assert (counts["primary_records"], counts["secondary_records"]) == (31_070, 608)
    assert counts["duplicate_records"] == 9_138
    assert 2 * counts["pairs"] + counts["mates_left_out"] == 31_070
