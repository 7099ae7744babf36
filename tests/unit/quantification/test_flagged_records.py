"""Records that are no fragment of their own, and those that failed the quality control, count nowhere."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pysam
import pytest

from anpi.problems import InputError
from anpi.quantification.gene_counts import count_genes
from anpi.quantification.quantify import Reference, quantify_aligned_transcripts
from anpi.quantification.salmon import FragmentLength
from anpi.reads.sample_reads import Unit
from anpi.words.counting import left_out_words

GENES = [f"ENSG0000000000{number}" for number in range(4)]
GTF = "".join(
    f'chr1\tmade\texon\t{1000 * n + 1}\t{1000 * n + 900}\t.\t+\t.\tgene_id "{gene}"; transcript_id "T{n}";\n'
    for n, gene in enumerate(GENES)
)
GENOME = pysam.AlignmentHeader.from_dict({"HD": {"VN": "1.6"}, "SQ": [{"SN": "chr1", "LN": 10_000}]})
QC_FAIL, SECONDARY, SUPPLEMENTARY = 0x200, 0x100, 0x800
FIRST, SECOND = 0x63, 0x93  # of a proper pair, the first mate forward
needs_counts = pytest.mark.skipif(not shutil.which("featureCounts"), reason="featureCounts is needed")


def record(
    name: str, flag: int, start: int, cigar: str = "50M", places: int | None = 1, header: pysam.AlignmentHeader = GENOME
) -> pysam.AlignedSegment:
    """Make a record of 50 bases; its mate, when it has one, begins 200 bases on or before."""
    made = pysam.AlignedSegment(header)
    made.query_name, made.flag, made.reference_id, made.reference_start = name, flag, 0, start
    made.cigarstring, made.mapping_quality = cigar, 60
    made.query_sequence, made.query_qualities = "A" * 50, pysam.qualitystring_to_array("I" * 50)
    if flag & 0x1:
        away = -200 if flag & 0x10 else 200
        made.next_reference_id, made.next_reference_start, made.template_length = 0, start + away, away + away // 4
    if places is not None:
        made.set_tag("NH", places)
    return made


def write(path: Path, records: list[pysam.AlignedSegment], header: pysam.AlignmentHeader = GENOME) -> Path:
    with pysam.AlignmentFile(str(path), "wb", header=header) as out:
        for listed in records:
            out.write(listed)
    return path


def counts_of(folder: Path, records: list[pysam.AlignedSegment], once: bool = False, cram: bool = False) -> list[int]:
    """Count records on the four genes of `GTF`, 1,000 bases apart."""
    (folder / "genes.gtf").write_text(GTF)
    bam, scratch = write(folder / "given.bam", records), folder / "scratch"
    scratch.mkdir()
    genome = folder / "genome.fa"
    genome.write_text(">chr1\n" + "A" * 10_000 + "\n")
    if cram:
        pysam.view("-C", "-T", str(genome), "-o", str(folder / "given.cram"), str(bam), catch_stdout=False)
        bam = folder / "given.cram"
    counts, _, _ = count_genes("S", [bam], folder / "genes.gtf", genome, None, scratch, 1, once)
    return counts["counts"].tolist()


@needs_counts
@pytest.mark.parametrize("cram", [False, True])
def test_supplementary_and_failed_records_do_not_count(tmp_path, cram):
    single = [record("split", 0, 10, "25M25S"), record("split", SUPPLEMENTARY, 1010, "25S25M")]
    single += [record("failed", QC_FAIL, 2010), record("sound", 0, 2010)]
    assert counts_of(tmp_path, single, cram=cram) == [1, 0, 1, 0]


@needs_counts
def test_a_pair_with_a_supplementary_record_counts_once(tmp_path):
    pairs = [record("p", FIRST, 10), record("p", SECOND, 210, "25M25S"), record("p", SECOND | SUPPLEMENTARY, 3010)]
    assert counts_of(tmp_path, pairs) == [1, 0, 0, 0]


@needs_counts
def test_reads_of_several_places_do_not_count_and_are_told_by_their_tag(tmp_path):
    tagged = [record("several", SECONDARY * (start > 10), start, places=3) for start in (10, 1010, 2010)]
    assert counts_of(tmp_path, [*tagged, record("one", 0, 3010)]) == [0, 0, 0, 1]


@needs_counts
def test_secondary_alignments_without_their_tag_are_refused(tmp_path):
    bare = [record("several", SECONDARY * (start > 10), start, places=None) for start in (10, 1010, 2010)]
    words = r"given\.bam: found '2 secondary alignments without the tag NH', expected NH, .*STAR or HISAT2"
    with pytest.raises(InputError, match=words):
        counts_of(tmp_path, bare)


@needs_counts
def test_without_secondary_alignments_the_tag_may_lack(tmp_path):
    assert counts_of(tmp_path, [record("one", 0, 10, places=None)]) == [1, 0, 0, 0]


@needs_counts
def test_a_pair_without_a_record_of_its_first_mate_is_one_molecule(tmp_path):
    """As where a filter left the second mate alone; its place is that of the second."""
    alone = [record("a:ACGT", SECOND, 210), record("b:ACGT", SECOND, 210), record("c:TTTT", SECOND, 210)]
    whole = [record("d:ACGT", FIRST, 1010), record("d:ACGT", SECOND, 1210)]
    assert counts_of(tmp_path, [*alone, *whole], once=True) == [2, 1, 0, 0]


@needs_counts
@pytest.mark.parametrize("cram", [False, True])
def test_fragments_that_failed_stand_in_the_account_once_a_pair(tmp_path, cram):
    """Three pairs and a single read failed, one with a split mate; two are sound."""
    (tmp_path / "genes.gtf").write_text(GTF)
    rows = [record("a", 0, 10), record("b", 0, 2010), record("single", QC_FAIL, 3010)]
    for name in "xyz":
        rows += [record(name, FIRST | QC_FAIL, 10), record(name, SECOND | QC_FAIL, 210)]
    rows += [record("z", SECOND | QC_FAIL | SUPPLEMENTARY, 1210)]
    given = write(tmp_path / "given.bam", rows)
    genome = tmp_path / "genome.fa"
    genome.write_text(">chr1\n" + "A" * 10_000 + "\n")
    if cram:
        pysam.view("-C", "-T", str(genome), "-o", str(tmp_path / "given.cram"), str(given), catch_stdout=False)
        given = tmp_path / "given.cram"
    (tmp_path / "scratch").mkdir()
    counts, summary, _ = count_genes("S", [given], tmp_path / "genes.gtf", genome, None, tmp_path / "scratch", 1)
    assert counts["counts"].tolist() == [1, 0, 1, 0]
    account = dict(line.split("\t") for line in summary.splitlines()[1:])
    assert account["Unassigned_QCFailed"] == "4"
    left = left_out_words({status: int(number) for status, number in account.items()})
    assert left["that failed the quality control of the sequencer"] == 4


@needs_counts
def test_one_alignment_under_two_names_is_refused_be_it_packed_anew(tmp_path):
    """As two lanes its fragments would count twice; lanes of other reads are taken."""
    (tmp_path / "genes.gtf").write_text(GTF)
    rows = [record(f"r{number}", 0, 10 + number) for number in range(20)]
    one = write(tmp_path / "one.bam", rows)
    pysam.view("-u", "-o", str(tmp_path / "anew.bam"), str(one), catch_stdout=False)
    assert (tmp_path / "anew.bam").read_bytes() != one.read_bytes()
    other = write(tmp_path / "other.bam", [record(f"s{number}", 0, 10 + number) for number in range(20)])

    def counted(name: str, *files: Path) -> list[int]:
        (tmp_path / name).mkdir()
        return count_genes("S", files, tmp_path / "genes.gtf", None, None, tmp_path / name, 1)[0]["counts"].tolist()

    assert counted("a", one, other) == [40, 0, 0, 0]
    with pytest.raises(InputError, match=r"anew\.bam: the same file as one\.bam, under another name"):
        counted("b", one, other, tmp_path / "anew.bam")


@needs_counts
def test_units_are_all_of_pairs_or_all_of_single_reads(tmp_path):
    """One without records is of either kind, wherever it stands."""
    (tmp_path / "genes.gtf").write_text(GTF)
    pairs = write(tmp_path / "pairs.bam", [record("p", FIRST, 10), record("p", SECOND, 210)])
    single = write(tmp_path / "single.bam", [record("s", 0, 1010)])
    empty = write(tmp_path / "empty.bam", [])

    def counted(name: str, *files: Path) -> list[int]:
        (tmp_path / name).mkdir()
        counts, _, _ = count_genes("S", files, tmp_path / "genes.gtf", None, None, tmp_path / name, 1)
        return counts["counts"].tolist()

    assert counted("a", empty, pairs) == counted("b", pairs, empty) == [1, 0, 0, 0]
    assert counted("c", empty, single) == [0, 1, 0, 0]
    for name, files in (("d", (pairs, single)), ("e", (single, pairs))):
        with pytest.raises(InputError, match=r"S: units of pairs and of single reads.*a sample of its own"):
            counted(name, *files)


@needs_counts
@pytest.mark.parametrize("single_first", [False, True])
def test_single_reads_among_pairs_count_once_wherever_they_stand(tmp_path, single_first):
    """As where trimming lost one mate, and its other half was aligned alone."""
    pairs = [record(f"p{n}", flag, start) for n in range(9) for flag, start in ((FIRST, 10), (SECOND, 210))]
    single = [record(f"s{n}", 0, 2010) for n in range(5)]
    assert counts_of(tmp_path, single + pairs if single_first else pairs + single) == [9, 0, 5, 0]


@needs_counts
def test_each_alignment_has_a_chromosome_of_the_annotation(tmp_path):
    """One lane that was aligned to another publisher's genome would add nothing, without a word."""
    (tmp_path / "genes.gtf").write_text(GTF)
    (tmp_path / "scratch").mkdir()
    ensembl = pysam.AlignmentHeader.from_dict({"HD": {"VN": "1.6"}, "SQ": [{"SN": "1", "LN": 10_000}]})
    one = write(tmp_path / "one.bam", [record("r", 0, 10)])
    other = write(tmp_path / "other.bam", [record("s", 0, 10, header=ensembl)], ensembl)
    with pytest.raises(InputError, match=r"other\.bam: found '1', expected sequences of the annotation, such as chr1"):
        count_genes("S", [one, other], tmp_path / "genes.gtf", None, None, tmp_path / "scratch", 1)


TARGETS = {"T1": "A", "T2": "C"}


@pytest.mark.skipif(not shutil.which("salmon"), reason="salmon is needed")
@pytest.mark.parametrize("paired", [True, False])
def test_failed_reads_of_alignments_to_transcripts_are_left_out_and_counted(tmp_path, paired):
    """60 fragments, of which 20 failed the quality control of the sequencer; a split one stands twice."""
    rng = np.random.default_rng(1)
    bases = {name: "".join(rng.choice(list("ACGT"), 1000)) for name in TARGETS}
    (tmp_path / "targets.fa").write_text("".join(f">{name}\n{text}\n" for name, text in bases.items()))
    header = pysam.AlignmentHeader.from_dict(
        {"HD": {"VN": "1.6"}, "SQ": [{"SN": name, "LN": 1000} for name in TARGETS]}
    )
    flags = [(FIRST, 0), (SECOND, 200)] if paired else [(0, 0)]
    records = []
    for number in range(60):
        failed = QC_FAIL if number % 3 == 0 else 0
        for flag, away in flags:
            made = record(f"r{number}", flag | failed, 5 * number + away, header=header)
            made.query_sequence = bases["T1"][5 * number + away :][:50]
            made.query_qualities = pysam.qualitystring_to_array("I" * 50)
            records.append(made)
    records.append(record("r59", SUPPLEMENTARY | (flags[-1][0] if paired else 0), 700, header=header))
    (tmp_path / "scratch").mkdir()
    unit = Unit("L1", alignment=str(write(tmp_path / "given.bam", records, header)))
    reference = Reference(tmp_path, transcripts=tuple(TARGETS), fasta=tmp_path / "targets.fa")
    out = tmp_path / "out"
    quantify_aligned_transcripts("S", [unit], reference, out, tmp_path / "scratch", 1, FragmentLength(200, 20, "x"))
    reads = json.loads((out / "reads.json").read_text())
    rows = [line.split("\t") for line in (out / "salmon" / "quant.sf").read_text().splitlines()[1:]]
    assert {row[0]: float(row[4]) for row in rows} == {"T1": 40, "T2": 0}
    (unit_facts,) = reads["units"]
    mates = 2 if paired else 1
    assert (reads["fragments_mapped"], unit_facts["reads"]) == (40, 40)
    assert (unit_facts["alignment"]["primary_records"], unit_facts["alignment"]["qc_fail_records"]) == (
        60 * mates,
        20 * mates,
    )


def facing(
    rng: np.random.Generator, header: pysam.AlignmentHeader, bases: str, name: str, first: int, second: int
) -> list:
    """Make the two records of a pair on the first transcript, mates 200 bases apart."""
    start = int(rng.integers(0, 700))
    rows = [record(name, first, start, header=header), record(name, second, start + 200, header=header)]
    for row in rows:
        row.query_sequence = bases[row.reference_start :][:50]
        row.query_qualities = pysam.qualitystring_to_array("I" * 50)
    return rows


@pytest.mark.skipif(not shutil.which("salmon"), reason="salmon is needed")
def test_units_of_alignments_to_transcripts_are_quantified_together(tmp_path):
    """The first has too few to tell a strand, which is that of all; salmon 1.10 itself crashes on two files."""
    rng = np.random.default_rng(1)
    bases = {name: "".join(rng.choice(list("ACGT"), 1000)) for name in TARGETS}
    (tmp_path / "targets.fa").write_text("".join(f">{name}\n{text}\n" for name, text in bases.items()))
    names = [{"SN": name, "LN": 1000} for name in TARGETS]
    header = pysam.AlignmentHeader.from_dict({"HD": {"VN": "1.6"}, "SQ": names})
    backward = pysam.AlignmentHeader.from_dict({"HD": {"VN": "1.6"}, "SQ": names[::-1]})
    reference = Reference(tmp_path, transcripts=tuple(TARGETS), fasta=tmp_path / "targets.fa")

    def lane(name: str, pairs: int, head: pysam.AlignmentHeader = header, turned: bool = False) -> Unit:
        flags = (FIRST ^ 0xC0, SECOND ^ 0xC0) if turned else (FIRST, SECOND)
        on = bases[next(iter(TARGETS)) if head is header else [*TARGETS][-1]]
        rows = [row for n in range(pairs) for row in facing(rng, head, on, f"{name}{n}", *flags)]
        return Unit(name, alignment=str(write(tmp_path / f"{name}.bam", rows, head)))

    def reads_of(*units: Unit) -> dict:
        scratch = tmp_path / f"scratch{len(list(tmp_path.iterdir()))}"
        scratch.mkdir()
        out, length = tmp_path / "out", FragmentLength(321, 20, "config")
        quantify_aligned_transcripts("S", units, reference, out, scratch, 1, length)
        rows = [line.split("\t") for line in (out / "salmon" / "quant.sf").read_text().splitlines()[1:]]
        assert sum(float(row[4]) for row in rows) == sum(
            unit["reads"] for unit in json.loads((out / "reads.json").read_text())["units"]
        )
        return json.loads((out / "reads.json").read_text())

    few, many = lane("few", 20), lane("many", 600)
    found = reads_of(few, many)
    assert found["fragments_mapped"] == 620
    assert found["orientation"] == {"forward": 620, "reverse": 0}
    assert found["fragment_length"]["mean"] == 250
    assert found == reads_of(few, many)
    with pytest.raises(
        InputError, match=r"S: units of opposite strands, found 'unit many reads as .* unit turned against"
    ):
        reads_of(many, lane("turned", 200, turned=True))
    words = r"other\.bam: found 'transcripts in another order', expected that of .*many\.bam\. Align all units"
    with pytest.raises(InputError, match=words):
        reads_of(many, lane("other", 30, backward))
