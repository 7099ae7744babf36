"""Molecules counted once: the directional rule, places of fragments, and what is written of each molecule."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pysam
import pytest

from anpi.problems import InputError
from anpi.quantification.molecules import molecules_of_alignments, molecules_of_hits, molecules_of_reads
from anpi.quantification.salmon import FragmentLength, Library
from anpi.reads.fastq import FaultyReads
from anpi.reads.molecules import Fragments, digest_names, digest_place, group_identifiers, identifier_of, keep_reads

# Molecules that umi_tools 1.1.6 (dedup, method directional; --paired for pairs) keeps of `write_alignments`.
UMI_TOOLS = {"single": 749, "paired": 787}


def write_alignments(path: Path, paired: bool, seed: int = 7) -> int:
    """Write molecules at few places with copies, errors in identifiers and clipped ends; return the fragments."""
    rng = np.random.default_rng(seed)
    header = pysam.AlignmentHeader.from_dict(
        {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": "1", "LN": 50_000}, {"SN": "2", "LN": 50_000}]}
    )
    records, number = [], 0
    for _ in range(800):
        contig, five, reverse, length = rng.integers(2), 500 + rng.integers(25), rng.random() < 0.5, 150
        length += int(rng.integers(3))
        identifier = "".join(rng.choice(list("ACGT"), 5))
        for _ in range(1 + rng.poisson(rng.choice([0, 1, 12]))):
            letters = [letter if rng.random() > 0.02 else rng.choice(list("ACGT")) for letter in identifier]
            name = f"r{number}_{''.join(letters)}"
            records += fragment(
                header, name, int(contig), int(five), bool(reverse), length, paired, int(rng.integers(6))
            )
            number += 1
    records.sort(key=lambda record: (record.reference_id, record.reference_start))
    with pysam.AlignmentFile(str(path), "wb", header=header) as out:
        for record in records:
            out.write(record)
    pysam.index(str(path))
    return number


def fragment(
    header: pysam.AlignmentHeader,
    name: str,
    contig: int,
    five: int,
    reverse: bool,
    length: int,
    paired: bool,
    clip: int,
) -> list[pysam.AlignedSegment]:
    """Make the records of a fragment whose first mate has its 5' end at ``five``, ``clip`` bases of it not aligned."""
    low = five - length if reverse else five
    ends = [(low, False), (low + length - 50, True)]
    first = pysam.AlignedSegment(header)
    second = pysam.AlignedSegment(header)
    for record, (start, turned) in zip((first, second), ends[::-1] if reverse else ends, strict=True):
        record.query_name, record.query_sequence = name, "A" * 50
        record.query_qualities = pysam.qualitystring_to_array("I" * 50)
        record.reference_id, record.mapping_quality, record.reference_start = contig, 60, start
        record.cigartuples = [(0, 50)]
        record.flag = 16 if turned else 0
    if clip:
        first.cigartuples = [(0, 50 - clip), (4, clip)] if reverse else [(4, clip), (0, 50 - clip)]
        first.reference_start += 0 if reverse else clip
    if not paired:
        return [first]
    for record, mate, which in ((first, second, 0x40), (second, first, 0x80)):
        record.flag |= 0x3 | which | (0x20 if mate.flag & 16 else 0)
        record.next_reference_id, record.next_reference_start = contig, mate.reference_start
        record.template_length = -length if record.flag & 16 else length
    return [first, second]


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        (b"A00:1:H:1:1101:1000:2000:ACGTN", b"ACGTN"),
        (b"A00:1:H:1:1101:1000:2000:ACG+TTA", b"ACGTTA"),
        (b"r1:ACG_TTA", b"ACGTTA"),
        (b"r1_ACGT", b"ACGT"),
        (b"A00:1:H:1:1101:1000:2000", None),
        (b"ACGT", None),
    ],
)
def test_identifiers_are_read_from_the_end_of_the_name(name, identifier):
    assert identifier_of(name) == identifier


def test_the_example_of_the_directional_rule():
    """Figure 1 of Smith 2017 (10.1101/gr.209601.116): six identifiers of one place are two molecules."""
    counts = {b"ACGT": 456, b"TCGT": 2, b"CCGT": 2, b"ACAT": 72, b"ACAG": 1, b"AAAT": 90}
    found = group_identifiers(counts)
    assert [set(molecule) for molecule in found] == [{b"ACGT", b"TCGT", b"CCGT", b"ACAT", b"ACAG"}, {b"AAAT"}]


@pytest.mark.parametrize("layout", ["single", "paired"])
def test_molecules_are_those_of_umi_tools(tmp_path: Path, layout: str):
    bam, kept = tmp_path / "in.bam", tmp_path / "out.bam"
    fragments = write_alignments(bam, layout == "paired")
    assert molecules_of_alignments("S", [bam], [kept], tmp_path) == (fragments, UMI_TOOLS[layout])
    with pysam.AlignmentFile(str(kept)) as records:
        names = Counter(record.query_name for record in records.fetch(until_eof=True))
    assert len(names) == UMI_TOOLS[layout]
    assert set(names.values()) == {1 if layout == "single" else 2}


def test_the_order_of_the_records_does_not_matter(tmp_path: Path):
    bam, names = tmp_path / "in.bam", []
    write_alignments(bam, True)
    by_name = tmp_path / "by_name.bam"
    pysam.sort("-n", "-o", str(by_name), str(bam))
    for file in (bam, by_name):
        kept = tmp_path / f"kept_{file.name}"
        molecules_of_alignments("S", [file], [kept], tmp_path)
        with pysam.AlignmentFile(str(kept)) as records:
            names.append({record.query_name for record in records.fetch(until_eof=True)})
    assert names[0] == names[1]


def test_all_hits_of_a_kept_read_are_kept(tmp_path: Path):
    """Two copies of one molecule and another of its place, each with hits on two transcripts; one read unmapped."""
    header = pysam.AlignmentHeader.from_dict({"SQ": [{"SN": "T1", "LN": 900}, {"SN": "T2", "LN": 900}]})
    source, target = tmp_path / "in.bam", tmp_path / "out.bam"
    with pysam.AlignmentFile(str(source), "wb", header=header) as out:
        for name, order in (("a:AAAA", (0, 1)), ("b:AAAA", (1, 0)), ("c:CCCC", (0, 1))):
            for place, contig in enumerate(order):
                (record,) = fragment(header, name, contig, 100, False, 150, False, 0)
                record.flag |= 0x100 if place else 0
                out.write(record)
        none = pysam.AlignedSegment(header)
        none.query_name, none.flag, none.query_sequence = "d", 4, "ACGT"
        out.write(none)
    assert molecules_of_hits("S", [source], [target], tmp_path) == (3, 2)
    with pysam.AlignmentFile(str(target)) as records:
        names = Counter(record.query_name for record in records.fetch(until_eof=True))
    assert set(names.values()) == {2}
    assert "c:CCCC" in names
    assert len(names) == 2


def test_a_name_without_an_identifier_is_told(tmp_path: Path, tells):
    fragments = Fragments("P001-B.fastq.gz", tmp_path)
    with pytest.raises(FaultyReads) as caught:
        fragments.add(b"A00:1:H:1:1101:1000:2000", 1)
    tells("a read without the molecular identifier that the sheet tells of", map(str, caught.value.problems))


def test_mates_are_kept_by_the_name_of_the_first(tmp_path: Path):
    """Names of mates may differ in a /1 and /2 before the identifier."""
    kept = np.sort(digest_names([b"r1/1:AC", b"r3/1:AC"]))
    files = [tmp_path / f"in{mate}.fastq.gz" for mate in (1, 2)]
    for mate, file in enumerate(files, start=1):
        text = "".join(f"@r{n}/{mate}:AC x\n{'ACGT'[:n]}\n+\n{'IIII'[:n]}\n" for n in (1, 2, 3, 4))
        file.write_bytes(text.encode() if mate == 1 else gzip.compress(text.encode()))
    targets = [tmp_path / f"out{mate}.fastq.gz" for mate in (1, 2)]
    assert keep_reads(files, targets, kept) == 2
    for mate, target in enumerate(targets, start=1):
        assert gzip.decompress(target.read_bytes()).decode().splitlines()[::4] == [f"@r{n}/{mate}:AC x" for n in (1, 3)]


def test_memory_holds_a_part_of_the_fragments_at_a_time(tmp_path: Path, monkeypatch):
    """What waits is written in parts; the parts are as good as the whole."""
    rng = np.random.default_rng(3)
    rows = [(f"r{n}_{'ACGT'[rng.integers(4)]}", int(rng.integers(40))) for n in range(3000)]
    found = []
    for waiting in (1 << 17, 50):
        monkeypatch.setattr("anpi.reads.molecules.WAITING", waiting)
        fragments = Fragments("S", tmp_path)
        most = 0
        for name, place in rows:
            fragments.add(name.encode(), digest_place(place))
            most = max(most, len(fragments.waiting))
        assert most <= waiting
        found.append(fragments.molecules())
    assert found[0].tolist() == found[1].tolist()
    assert len(found[0]) < 160


TRANSCRIPTS, LENGTH = 40, 1200


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory):
    """Reads of known molecules: each transcript has its number, and copies of it by another number of cycles."""
    if not shutil.which("salmon"):
        pytest.skip("salmon is needed")
    folder = tmp_path_factory.mktemp("molecules")
    rng = np.random.default_rng(5)
    sequences = ["".join(rng.choice(list("ACGT"), LENGTH)) for _ in range(TRANSCRIPTS)]
    (folder / "t.fa").write_text("".join(f">T{n}\n{bases}\n" for n, bases in enumerate(sequences)))
    index = ["salmon", "index", "-t", "t.fa", "-i", "index", "--keepDuplicates"]
    subprocess.run(index, cwd=folder, check=True, capture_output=True)
    molecules = {f"T{n}": int(rng.integers(20, 200)) for n in range(TRANSCRIPTS)}
    reads = []
    for number, bases in enumerate(sequences):
        copies = rng.choice([1, 3, 9])
        for _ in range(molecules[f"T{number}"]):
            start = int(rng.integers(LENGTH - 200))
            identifier = "".join(rng.choice(list("ACGT"), 8))
            for _ in range(1 + rng.poisson(copies)):
                wrong = [x if rng.random() > 0.003 else rng.choice(list("ACGT")) for x in identifier]
                name = f"r{len(reads)}:{''.join(wrong)}"
                turned = bases[start + 125 : start + 200][::-1].translate(str.maketrans("ACGT", "TGCA"))
                reads.append((name, bases[start : start + 75], turned))
        reads.append((f"r{len(reads)}:ACGTACGT", *("".join(rng.choice(list("ACGT"), 75)) for _ in range(2))))
    order = rng.permutation(len(reads))
    for mate in (1, 2):
        text = "".join(f"@{reads[n][0]}\n{reads[n][mate]}\n+\n{'I' * 75}\n" for n in order)
        (folder / f"r_{mate}.fastq.gz").write_bytes(gzip.compress(text.encode()))
    return folder, molecules, len(reads)


@pytest.mark.parametrize("paired", [True, False])
def test_reads_are_counted_as_the_molecules_they_come_from(library, tmp_path: Path, paired: bool):
    folder, truth, passed = library
    for mate in (1, 2):
        os.symlink(folder / f"r_{mate}.fastq.gz", tmp_path / f"r_{mate}.fastq.gz")
    trimmed = [("r_1.fastq.gz", "r_2.fastq.gz" if paired else None)]
    assumed = Library(FragmentLength(200, 5, "config"), paired)
    files, mapped, kept = molecules_of_reads("S", trimmed, folder / "index", tmp_path, 2, assumed, passed)
    assert mapped == passed - TRANSCRIPTS
    words = ["-1", files[0][0], "-2", files[0][1]] if paired else ["-r", files[0][0]]
    command = ["salmon", "quant", "-i", str(folder / "index"), "-l", "A", *words, "-o", "out", "-p", "1"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    found = pd.read_csv(tmp_path / "out" / "quant.sf", sep="\t", index_col="Name")["NumReads"]
    expected = pd.Series(truth)
    assert abs(kept - expected.sum()) <= 0.01 * expected.sum() < 0.2 * passed
    assert (found[expected.index] - expected).abs().max() <= 3


def test_a_library_of_which_nothing_maps_has_no_molecules(library, tmp_path: Path):
    folder, _, _ = library
    bases = "".join(np.random.default_rng(1).choice(list("ACGT"), 75))
    (tmp_path / "r_1.fastq.gz").write_bytes(gzip.compress(f"@r:ACGT\n{bases}\n+\n{'I' * 75}\n".encode() * 20))
    assumed = Library(FragmentLength(200, 5, "config"), False)
    files, mapped, kept = molecules_of_reads("S", [("r_1.fastq.gz", None)], folder / "index", tmp_path, 1, assumed, 20)
    assert (mapped, kept) == (0, 0)
    assert gzip.decompress((tmp_path / files[0][0]).read_bytes()) == b""


def test_a_fault_in_a_name_ends_the_mapping_in_words(library, tmp_path: Path):
    folder, _, passed = library
    text = gzip.decompress((folder / "r_1.fastq.gz").read_bytes()).replace(b":", b"x")
    (tmp_path / "r_1.fastq.gz").write_bytes(gzip.compress(text))
    assumed = Library(FragmentLength(200, 5, "config"), False)
    with pytest.raises(InputError, match="no molecular identifier"):
        molecules_of_reads("S", [("r_1.fastq.gz", None)], folder / "index", tmp_path, 1, assumed, passed)
