"""Quantify alignments to transcripts by salmon's alignment mode."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from anpi.files.checksums import hash_file
from anpi.problems import Problem
from anpi.progress import say
from anpi.quantification.landmarks import NOTHING
from anpi.quantification.molecules import molecules_of_hits
from anpi.quantification.salmon import FragmentLength, Library, fragment_length_of, quantify, unit_faults
from anpi.reads.alignments import (
    NOT_PRIMARY,
    QC_FAIL,
    SUPPLEMENTARY,
    Alignment,
    check_references,
    header_of,
    open_alignment,
    open_records,
    repeated_alignments,
    warn_of_index,
    without_version,
)
from anpi.reads.fastq import FaultyReads
from anpi.tools import whole_output

FIRST = 0x40
LOOKED_AT = 200_000
IN_ORDER = "Give the file as the aligner wrote it: all hits of a read together, mates side by side (not sorted)."


@dataclass(frozen=True)
class Counted:
    """What samtools counts in alignments to transcripts.

    ``unmapped`` fragments are among ``fragments``, those that ``failed`` the quality control of the sequencer are not.
    """

    paired: bool
    fragments: int
    unmapped: int
    library: Library
    sha256: str
    failed: int = 0


def quantify_transcriptome(
    sample: str,
    units: Sequence[tuple[str, str]],
    fasta: Path,
    transcripts: Sequence[str],
    result: Path,
    scratch: Path,
    threads: int,
    single_end_length: FragmentLength,
    once: bool = False,
) -> tuple[dict, list[Counted], Library]:
    """Quantify alignments to transcripts; give salmon's facts, what each file holds, and the library of all.

    Parameters
    ----------
    units : sequence of (unit_id, BAM)
    fasta : Path
        Transcripts of the reference (``transcripts.fa`` of build_reference.py).
    transcripts : sequence of str
        Their ids.
    once : bool
        Whether the names hold molecular identifiers, by which each molecule counts once.

    Raises
    ------
    FaultyReads
        A damaged file, other sequences than the reference's, a file sorted by coordinate (salmon would count a read
        with several hits several times, and say nothing), units on opposite strands or of transcripts in two orders.
    """
    alignments, counted, names = [], [], []
    for number, (_, file) in enumerate(units):
        alignment = open_alignment(file, number, scratch, None, threads)
        warn_of_index(file)
        header = header_of(alignment)
        with whole_output(scratch, f"samtools, {file}"):
            refuse_order(alignment, header)
        names = [line["SN"] for line in header.get("SQ", [])]
        check_references(alignment, names, transcripts, "transcriptome")
        with whole_output(scratch, f"samtools, {file}"):
            sound, failed = without_failing(alignment)
            counted.append(replace(count_fragments(sound, single_end_length), failed=failed))
        alignments.append(sound)
    if len({unit.paired for unit in counted}) > 1:
        raise FaultyReads(Problem(sample, "units of pairs and of single reads", expected="one layout a sample"))
    if problems := repeated_alignments([(aligned.file, scratch / aligned.link) for aligned in alignments]):
        raise FaultyReads(problems)
    strands = [NOTHING._replace(forward=unit.library.forward, reverse=unit.library.reverse) for unit in counted]
    if problems := unit_faults(sample, [unit_id for unit_id, _ in units], strands):
        raise FaultyReads(problems)
    write_targets(fasta, names, scratch / "targets.fa")
    fragments = sum(unit.fragments for unit in counted)
    library = counted[0].library
    link = alignments[0].link
    if len(alignments) > 1:
        whole = put_together(alignments)
        library, link = count_fragments(whole, single_end_length).library, whole.link
    if once:
        link, every = f"molecules_{link}", scratch / link
        fragments = molecules_of_hits(sample, [every], [scratch / link], scratch).molecules
    source = ["--targets", "targets.fa", "--noErrorModel", "--alignments", link]
    facts = quantify(source, sample, result, scratch, threads, library, fragments)
    if facts["num_processed"] != fragments:
        found = f"{facts['num_processed']} fragments seen by salmon"
        file = ", ".join(file for _, file in units)
        raise FaultyReads(Problem(file, found=found, expected=f"{fragments}, one a primary record", mend=IN_ORDER))
    return facts, counted, library


def put_together(alignments: Sequence[Alignment]) -> Alignment:
    """Put the alignments of several units one behind the other: of two files salmon 1.10 ends by a fault of its own."""
    first, *others = alignments
    order = [line["SN"] for line in header_of(first).get("SQ", [])]
    for other in others:
        if [line["SN"] for line in header_of(other).get("SQ", [])] != order:
            found, expected = "transcripts in another order", f"that of {first.file}"
            mend = "Align all units of a sample with one index."
            raise FaultyReads(Problem(other.file, found=found, expected=expected, mend=mend))
    whole = replace(first, link="units.bam")
    first.run(["samtools", "cat", "--no-PG", "-o", whole.link, *(alignment.link for alignment in alignments)])
    return whole


def refuse_order(alignment: Alignment, header: dict[str, list[dict[str, str]]]) -> None:
    """Refuse CRAM, and a file in which the mates of a hit do not stand side by side, as sorting leaves them."""
    if alignment.link.endswith(".cram"):
        raise FaultyReads(Problem(alignment.file, "alignments to transcripts", found="CRAM", expected="BAM"))
    order = next((line.get("SO") for line in header.get("HD", [])), None)
    if order == "coordinate":
        raise FaultyReads(Problem(alignment.file, "alignments to transcripts sorted by coordinate", mend=IN_ORDER))
    proper = alignment.samtools("view", "-f", "0x2", alignment.link)
    first = open_records(alignment.run(proper, ["head", "-n", str(LOOKED_AT)], out="proper.sam"))
    for one, other in zip(first, first, strict=False):
        (name, flag), (mate, mate_flag) = (line.split("\t", 2)[:2] for line in (one, other))
        if name != mate or not (int(flag) ^ int(mate_flag)) & FIRST:
            told = "alignments to transcripts in which mates do not stand side by side"
            raise FaultyReads(Problem(alignment.file, told, found=name, mend=IN_ORDER))


def without_failing(alignment: Alignment) -> tuple[Alignment, int]:
    """Leave out records that failed the quality control, and supplementary ones; return how many reads failed.

    salmon counts the one and the other.
    """
    flags = ["-e", f"flag & {SUPPLEMENTARY | QC_FAIL}"]
    if not count(alignment, *flags):
        return alignment, 0
    failed = count(alignment, "-f", str(QC_FAIL), "-F", str(NOT_PRIMARY))
    say(f"{alignment.file}: {failed} reads that failed the quality control of the sequencer are left out")
    link = f"sound_{alignment.link}"
    view = alignment.samtools("view", "--no-PG", "-b", "-F", str(SUPPLEMENTARY | QC_FAIL), alignment.link)
    alignment.run(view, out=link)
    return replace(alignment, link=link), failed


def count_fragments(alignment: Alignment, single_end_length: FragmentLength) -> Counted:
    """Count fragments, and their strands, by primary records; measure the length of proper pairs."""
    flags: dict[str, Any] = json.loads(
        alignment.run(alignment.samtools("flagstat", "-O", "json", alignment.link), out="flagstat.json").read_text()
    )
    kinds = {key: sum(flags[part][key] for part in flags) for key in ("primary", "primary mapped", "read1")}
    pairs = sum(flags[part]["paired in sequencing"] for part in flags)
    if pairs not in (0, kinds["primary"]):
        found = f"{pairs} of {kinds['primary']} records are of pairs"
        raise FaultyReads(Problem(alignment.file, found=found, expected="all or none"))
    paired = pairs > 0
    length = single_end_length
    if paired:
        strands = count(alignment, "-f", "0x42", "-F", "0x910"), count(alignment, "-f", "0x52", "-F", "0x900")
        length = fragment_length_of(*insert_size(alignment), sum(strands), single_end_length)
        unmapped = count(alignment, "-f", "0x4c", "-F", "0x900")
    else:
        strands = count(alignment, "-F", "0x914"), count(alignment, "-f", "0x10", "-F", "0x904")
        unmapped = kinds["primary"] - kinds["primary mapped"]
    library = Library(length, paired, *strands)
    fragments = kinds["read1"] if paired else kinds["primary"]
    return Counted(paired, fragments, unmapped, library, hash_file(alignment.file))


def count(alignment: Alignment, *flags: str) -> int:
    view = alignment.samtools("view", "-c", *flags, alignment.link)
    return int(alignment.run(view, out="count.txt").read_text())


def insert_size(alignment: Alignment) -> tuple[float, float]:
    """Return mean and standard deviation of the template length of primary pairs, as samtools stats has them."""
    stats = alignment.run(alignment.samtools("stats", "-F", "0x900", alignment.link), out="stats.txt")
    lines = [line.split("\t") for line in stats.read_text().splitlines() if line.startswith("SN\tinsert size")]
    mean, sd = (float(fields[2]) for fields in lines[:2])
    return mean, sd


def write_targets(fasta: Path, names: Sequence[str], target: Path) -> None:
    """Write the transcripts that reads are aligned to, called as the alignments call them."""
    called = {without_version(name): name for name in names}
    name = None
    with open(fasta, encoding="ascii") as lines, open(target, "w", encoding="ascii") as out:
        for line in lines:
            if line.startswith(">"):
                name = called.pop(without_version(line[1:].rstrip()), None)
                line = f">{name}\n"
            if name is not None:
                out.write(line)
