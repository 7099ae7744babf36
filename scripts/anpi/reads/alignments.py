"""Alignments (BAM, CRAM) back to the reads that they were made from.

Primary records alone, turned back to the strand that was sequenced, mates brought together by name whatever the order
of the file. What is left out is counted. Nothing is fetched from a network: a CRAM's reference is the config's genome,
or the file that the CRAM names when it is there.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from isal import igzip

from anpi.expression.transcript_ids import strip_transcript_version
from anpi.files.checksums import hash_file
from anpi.files.plain import refuse_odd_file
from anpi.problems import Problem
from anpi.progress import say
from anpi.reads.fastq import COPY_AGAIN, FaultyReads, is_gzip, read_through
from anpi.reads.together import repeated_files
from anpi.tools import ToolFailed, run_pipe, run_tool, stay_offline, whole_output

NOT_PRIMARY = 0x900
SUPPLEMENTARY = 0x800
QC_FAIL = 0x200
LEFT_OUT = str(NOT_PRIMARY | QC_FAIL)
INDEXES = (".bai", ".csi", ".crai")
HARD_CLIPPED, NO_QUALITIES = 'cigar=~"H"', "min(qual)==255"
MOST_NAMES = 3
LOOKED_AT = 1000  # records; two files that begin with the same ones are one
PLAIN_WORDS = {"LC_ALL": "C"}  # the words of samtools are read here


@dataclass(frozen=True)
class Alignment:
    """An alignment file under a plain name in scratch, and how samtools reads it.

    Parameters
    ----------
    file : str
        As the user named it.
    link : str
        Name in scratch.
    scratch : Path
    reference : list of str
        Options that name the genome; empty without one.
    threads : int
    """

    file: str
    link: str
    scratch: Path
    reference: list[str]
    threads: int

    def samtools(self, command: str, *options: str) -> list[str]:
        """Write a samtools command that reads this file."""
        return ["samtools", command, *self.reference, "-@", str(max(self.threads - 1, 0)), *options]

    def run(self, *commands: Sequence[str], out: str = "nothing") -> Path:
        """Run samtools commands, piped; give the file that takes their output.

        Raises
        ------
        FaultyReads
            When the file is at fault.
        """
        target = self.scratch / out
        try:
            run_pipe(commands, self.scratch, f"samtools, {self.file}", None, target, PLAIN_WORDS)
        except ToolFailed as error:
            raise FaultyReads(explain(self, str(error))) from None
        return target


def explain(alignment: Alignment, words: str) -> Problem:
    """Return in words why samtools could not read a file."""
    file = alignment.file
    last = words.split("last words:", 1)[-1].strip()
    if re.search(r"md5|MD5|checksum reference mismatch|reference mismatch", last):
        mend = "Give in reference.genome the FASTA that the CRAM was written with."
        given = "the config's genome" if alignment.reference else "the one that the file names"
        return Problem(file, f"the reference is not that of the CRAM: {given} differs from its checksums", mend=mend)
    if not alignment.reference and re.search(r"(fetch|populate|load|find) reference|reference (file|sequence)", last):
        mend = "Give in reference.genome the FASTA that the CRAM was written with; none is fetched from a network."
        return Problem(file, "the reference of the CRAM is not at hand", mend=mend)
    return Problem(file, f"the file is damaged or cut short (samtools: {last[-300:]})", mend=COPY_AGAIN)


def open_alignment(file: str, number: int, scratch: Path, genome: Path | None, threads: int) -> Alignment:
    """Look whether a file is a whole BAM or CRAM, and link it into scratch."""
    stay_offline()
    refuse_odd_file(file)
    with open(file, "rb") as handle:
        magic = handle.read(4)
    cram = magic == b"CRAM"
    if not cram and magic[:2] != b"\x1f\x8b":
        mend = "Give BAM or CRAM: samtools view -b makes it of SAM."
        raise FaultyReads(Problem(file, "neither BAM nor CRAM", found=repr(magic)[2:-1], mend=mend))
    link = f"aligned{number}.{'cram' if cram else 'bam'}"
    (scratch / link).unlink(missing_ok=True)
    (scratch / link).symlink_to(Path(file).resolve())
    reference = ["--input-fmt-option", f"reference={link_genome(genome, scratch)}"] if cram and genome else []
    try:
        run_tool(["samtools", "quickcheck", "-u", "-v", "-v", link], scratch, f"samtools, {file}")
    except ToolFailed as error:
        words = str(error)
        if "EOF" in words:
            message = "the file is cut short: the block that ends it is missing"
        else:
            message = f"no whole BAM or CRAM (samtools: {words.split('last words:', 1)[-1].strip()[-300:]})"
        raise FaultyReads(Problem(file, message, mend=COPY_AGAIN)) from None
    return Alignment(file, link, scratch, reference, threads)


def link_genome(genome: Path, scratch: Path) -> str:
    """Link the genome into scratch, where its index may be written; a plain gzip file is unpacked there."""
    target = scratch / "genome.fa"
    if target.exists():
        return target.name
    if is_gzip(genome) and not is_bgzip(genome):
        with igzip.open(genome, "rb") as packed, open(target, "wb") as out:
            while chunk := packed.read(1 << 22):
                out.write(chunk)
        return target.name
    target.symlink_to(genome.resolve())
    for ending in (".fai", ".gzi"):
        index = Path(f"{genome}{ending}")
        if index.exists() and index.stat().st_mtime >= genome.stat().st_mtime:
            Path(f"{target}{ending}").symlink_to(index.resolve())
    return target.name


def is_bgzip(path: Path) -> bool:
    """Distinguish bgzip from plain gzip by the extra field of its first block (SAM specification, 4.1)."""
    with open(path, "rb") as handle:
        start = handle.read(16)
    return start[3:4] == b"\x04" and start[12:14] == b"BC"


def header_of(alignment: Alignment) -> dict[str, list[dict[str, str]]]:
    """Read the header: for each kind of line (``SQ``, ``RG``, ...) its fields."""
    text = alignment.run(alignment.samtools("view", "--no-PG", "-H", alignment.link), out="header.txt")
    lines: dict[str, list[dict[str, str]]] = {}
    for line in text.read_text(errors="replace").splitlines():
        kind, *fields = line.split("\t")
        lines.setdefault(kind[1:], []).append(dict(field.split(":", 1) for field in fields if ":" in field))
    return lines


def without_version(name: str) -> str:
    """Reduce the name of a reference sequence to a transcript id without version: ``ENST1.2|ENSG1|`` is ``ENST1``."""
    return strip_transcript_version(name.split("|")[0])


def check_references(alignment: Alignment, names: Sequence[str], transcripts: Sequence[str], aligned_to: str) -> None:
    """Compare the reference sequences of a file with what the sheet says that it is aligned to.

    Raises
    ------
    FaultyReads
        Sequences that are transcripts in a file to the genome, or are not those of the reference in one to transcripts.
    """
    ids = {without_version(name) for name in transcripts}
    foreign = [name for name in names if without_version(name) not in ids]
    if aligned_to == "transcriptome" and foreign:
        listed = ", ".join(foreign[:MOST_NAMES])
        of = f"{len(foreign)} of {len(names)} sequences that reads are aligned to are no transcripts of the reference"
        if len(foreign) == len(names):
            mend = "Are these alignments to the genome? Then leave aligned_to empty."
        else:
            mend = "Give in reference.transcripts the FASTA that the reads were aligned to."
        raise FaultyReads(Problem(alignment.file, of, found=listed, mend=mend))
    lacking = sorted(ids - {without_version(name) for name in names})
    if aligned_to == "transcriptome" and lacking:
        of = f"{len(lacking)} of {len(ids)} transcripts of the reference are none that reads could be aligned to"
        mend = "Their counts would be 0 and not unknown. Give in reference.transcripts the FASTA of the alignment."
        raise FaultyReads(Problem(alignment.file, of, found=f"none of {', '.join(lacking[:MOST_NAMES])}", mend=mend))
    if aligned_to == "genome" and names and len(foreign) < len(names) / 2:
        listed = ", ".join(name for name in names[:MOST_NAMES])
        mend = "Set aligned_to to transcriptome in the units sheet."
        raise FaultyReads(
            Problem(alignment.file, "the reads are aligned to transcripts, not to the genome", found=listed, mend=mend)
        )


def count_records(alignment: Alignment, header: dict[str, list[dict[str, str]]]) -> dict[str, int]:
    """Count the kinds of records of a file, reading it to its end."""
    with whole_output(alignment.scratch, f"samtools, {alignment.file}"):
        return count_kinds(alignment, header)


def count_kinds(alignment: Alignment, header: dict[str, list[dict[str, str]]]) -> dict[str, int]:
    flagstat = alignment.run(alignment.samtools("flagstat", "-O", "json", alignment.link), out="flagstat.json")
    counts = json.loads(flagstat.read_text())
    passed, failed = counts["QC-passed reads"], counts["QC-failed reads"]
    both = {key: passed[key] + failed[key] for key in ("primary", "secondary", "supplementary", "primary mapped")}
    odd = f"{HARD_CLIPPED} || {NO_QUALITIES}"
    view = alignment.samtools("view", "-F", LEFT_OUT, "-e", odd, alignment.link)
    clipped = bare = unrated = 0
    for line in open_records(alignment.run(view, out="odd.sam")):
        fields = line.split("\t", 10)
        clipped += "H" in fields[5]
        bare += fields[9] == "*"
        unrated += fields[10].startswith("*")
    if clipped or bare:
        found = f"{clipped} primary records are hard-clipped, {bare} hold no bases: their reads cannot be restored"
        mend = "Give the FASTQ, or align again without hard clipping of primary records."
        raise FaultyReads(Problem(alignment.file, found, mend=mend))
    return {
        "primary_records": both["primary"],
        "secondary_records": both["secondary"],
        "supplementary_records": both["supplementary"],
        "unmapped_records": both["primary"] - both["primary mapped"],
        "qc_fail_records": failed["primary"],
        "duplicate_records": passed["primary duplicates"] + failed["primary duplicates"],
        "missing_qualities": unrated,
        "read_groups": len(header.get("RG", [])),
    }


def open_records(sam: Path) -> Iterator[str]:
    """Iterate over the lines of a SAM file without a header."""
    with open(sam, encoding="ascii", errors="replace") as lines:
        yield from lines


def indexes_of(file: Path) -> Iterator[tuple[Path, bool]]:
    """Iterate over the indexes that lie beside an alignment, and whether each is as young as the file.

    An older one may be of another file that had the name before.
    """
    stems = (str(file), str(file.with_suffix("")))
    for index in (Path(f"{stem}{ending}") for stem in stems for ending in INDEXES):
        if index.is_file():
            yield index, index.stat().st_mtime >= file.stat().st_mtime


def warn_of_index(file: str) -> bool:
    """Return when an index is older than its file; it is not used here, but others may trust it."""
    for index, fresh in indexes_of(Path(file)):
        if not fresh:
            say(f"warning: {index} is older than {file}: index it again (samtools index). It is not used here")
            return True
    return False


def repeated_alignments(files: Sequence[tuple[str, Path]]) -> list[Problem]:
    """Find BAM files (name, file) that begin with the same records: one alignment twice, be its bytes others."""
    return repeated_files([(name, digest) for name, file in files if (digest := digest_start(file))])


def digest_start(file: Path) -> str:
    """Digest names, flags and places of the first records of a BAM file; an empty text without any."""
    import pysam  # most samples are not aligned, and short ones would pay for it

    with pysam.AlignmentFile(str(file), check_sq=False) as records:
        first = list(islice(records.fetch(until_eof=True), LOOKED_AT))
    words = [f"{row.query_name} {row.flag} {row.reference_id} {row.reference_start}" for row in first]
    return hashlib.sha256("\n".join(words).encode()).hexdigest() if words else ""


@dataclass(frozen=True)
class Restored:
    """The reads of an alignment file: one or two FASTQ files in scratch, and what was counted on the way."""

    first: str
    second: str | None
    sha256: str
    counts: dict[str, int]


def restore_reads(alignment: Alignment, number: int, counts: dict[str, int]) -> Restored:
    """Write the primary reads of a file as FASTQ, mates by name.

    Records that fail the sequencer's quality control, mates whose other half lacks, and unpaired reads in a file of
    pairs are left out and counted. Reads without qualities are given 33 in each base (by samtools), so that none is
    lost by it.

    Raises
    ------
    FaultyReads
        A file that cannot be read to its end; primary records of a name and mate that stand twice; mates alone.
    """
    names = {kind: f"restored{number}_{kind}.fastq.gz" for kind in ("1", "2", "single", "other")}
    primary = alignment.samtools("view", "-u", "-F", LEFT_OUT, alignment.link)
    collate = ["samtools", "collate", "-u", "-O", "-", f"collate{number}"]
    fastq = ["samtools", "fastq", "-n", "-F", LEFT_OUT, "-c", "1"]
    fastq += ["-1", names["1"], "-2", names["2"], "-s", names["single"], "-0", names["other"], "-"]
    alignment.run(primary, collate, fastq)
    paths = {kind: str(alignment.scratch / name) for kind, name in names.items()}
    pairs, single, other = (read_through(paths[kind]).reads for kind in ("1", "single", "other"))
    used = counts["primary_records"] - counts["qc_fail_records"]
    lost = used - (2 * pairs + single + other)
    if lost:
        message = f"{lost} primary records share name and mate with another"
        mend = "Was one file merged twice? Give each record once."
        raise FaultyReads(Problem(alignment.file, message, mend=mend))
    if single and not pairs:
        message = f"{single} mates, and of none the other half"
        mend = "Names of mates must be equal (no /1 and /2), and both mates be in the file."
        raise FaultyReads(Problem(alignment.file, message, mend=mend))
    paired = pairs > 0
    counts = {
        **counts,
        "pairs": pairs,
        "mates_left_out": single,
        "unpaired_left_out": other if paired else 0,
    }
    for kind in {"1", "2", "single", "other"} - ({"1", "2"} if paired else {"other"}):
        os.unlink(paths[kind])
    first, second = (paths["1"], paths["2"]) if paired else (paths["other"], None)
    return Restored(first, second, hash_file(alignment.file), counts)


def count_words(counts: dict[str, int]) -> str:
    """Return what an alignment file held, and what of it was left out."""
    parts = [f"{value} {key.replace('_', ' ')}" for key, value in counts.items() if value]
    words = ", ".join(parts) or "no records"
    if counts["primary_records"] and not counts["unmapped_records"]:
        words += ". No unmapped read is in it: what did not align is not seen, and mapping looks better than it is"
    return words


def restore_unit(
    file: str, number: int, scratch: Path, genome: Path | None, transcripts: Sequence[str], threads: int
) -> Restored:
    """Check an alignment file and write its reads (see `restore_reads`)."""
    alignment = open_alignment(file, number, scratch, genome, threads)
    warn_of_index(file)
    header = header_of(alignment)
    check_references(alignment, [line["SN"] for line in header.get("SQ", [])], transcripts, "genome")
    restored = restore_reads(alignment, number, count_records(alignment, header))
    say(f"{file}: {count_words(restored.counts)}")
    return restored
