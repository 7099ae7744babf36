"""The molecules of a sample's reads: copies found by where they map and by their identifiers, one of each kept.

Reads are mapped to the transcripts by salmon itself, which writes its mappings into a pipe; alignments of others are
read twice. The place of a fragment is the 5' end of its first mate (clipped bases counted in), its strand and the
distance of the mates; of several hits the first by name of the contig, the same for all copies.
"""

from __future__ import annotations

import os
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from anpi.quantification.salmon import Library, deterministic, reads_options, salmon_facts
from anpi.reads.fastq import FaultyReads
from anpi.reads.molecules import Fragments, digest_names, digest_place, is_kept, keep_reads
from anpi.tools import ToolFailed, run_tool

if TYPE_CHECKING:
    import pysam

PAIRED, UNMAPPED, REVERSE, SECOND, NOT_PRIMARY = 0x1, 0x4, 0x10, 0x80, 0x900
CLIPPED = re.compile(r"(?:\d+H)?(?:(\d+)S)?(.*?)(?:(\d+)S)?(?:\d+H)?")
LENGTHS = re.compile(r"(\d+)[MDN=X]")
BLOCK = 1 << 14
Place = tuple[str, int, bool, int]
Trimmed = tuple[str, str | None]


def molecules_of_reads(
    sample: str, trimmed: Sequence[Trimmed], index: Path, scratch: Path, threads: int, library: Library, passed: int
) -> tuple[list[Trimmed], int, int]:
    """Write the trimmed reads with one fragment a molecule.

    Parameters
    ----------
    trimmed : sequence of (first, second or None)
        FASTQ files in scratch, with the molecular identifiers in the names.
    passed : int
        Their fragments.

    Returns
    -------
    files : list of (first, second or None)
        Beside the trimmed ones; unmapped fragments are not in them.
    mapped, kept : int
        Fragments that salmon mapped, and those in ``files``.

    Raises
    ------
    FaultyReads
        A read without an identifier in its name.
    """
    pipe, facts = scratch / "mappings.sam", scratch / "mapped"
    fragments = Fragments(sample, scratch)
    command = ["salmon", "quant", "--index", str(index.resolve()), "--threads", str(threads), "--output", facts.name]
    command += ["--libType", library.type(passed), *reads_options(trimmed), f"--writeMappings={pipe.name}"]
    command += ["--skipQuant", "--minAssignedFrags", "1", *deterministic()]
    os.mkfifo(pipe)
    with ThreadPoolExecutor(max_workers=1) as background:
        reading = background.submit(add_mappings, pipe, fragments)
        try:
            run_tool(command, scratch, f"salmon, molecules of {sample}")
        except ToolFailed:
            # Where nothing maps, salmon ends with an error.
            if salmon_facts(facts).get("num_mapped") != 0:
                raise
        finally:
            # A salmon that never opened the pipe would leave its reader waiting.
            os.close(os.open(pipe, os.O_RDWR | os.O_NONBLOCK))
        reading.result()
    pipe.unlink()
    kept = fragments.molecules()
    files = [(packed_name(first), packed_name(second) if second else None) for first, second in trimmed]
    count = 0
    for before, after in zip(trimmed, files, strict=True):
        sources, targets = ([scratch / name for name in mates if name] for mates in (before, after))
        count += keep_reads(sources, targets, kept)
    return files, salmon_facts(facts).get("num_mapped", 0), count


def packed_name(file: str) -> str:
    return f"molecules_{file.removesuffix('.gz')}.gz"


def add_mappings(sam: Path, fragments: Fragments) -> None:
    """Enter the fragments of salmon's mappings; the pipe is read to its end even when a name is at fault."""
    with open(sam, encoding="ascii", errors="replace") as lines:
        try:
            records = (line.split("\t", 9) for line in lines if not line.startswith("@"))
            for name, hits in groupby(records, key=lambda fields: fields[0]):
                place = first_place((place_of_line(fields), int(fields[1])) for fields in hits)
                if place is not None:
                    fragments.add(name.encode(), digest_place(*place))
        except FaultyReads:
            for _ in lines:
                pass
            raise


def place_of_line(fields: Sequence[str]) -> Place | None:
    """Return the place of a line of SAM; None of an unmapped one."""
    flag = int(fields[1])
    return None if flag & UNMAPPED else place(fields[2], int(fields[3]) - 1, flag, fields[5], int(fields[8]))


def place(contig: str, start: int, flag: int, cigar: str, template: int) -> Place:
    """Return contig, 5' end, strand and template length of a mapped record, as umi_tools takes them."""
    match = CLIPPED.fullmatch(cigar)
    assert match is not None
    if not flag & REVERSE:
        return contig, start - int(match[1] or 0), False, template
    span = sum(int(length) for length in LENGTHS.findall(match[2]))
    return contig, start + span + int(match[3] or 0), True, template


def first_place(hits: Iterable[tuple[Place | None, int]]) -> Place | None:
    """Return the first of the places of a fragment, by its first mate where that maps."""
    mapped = [(bool(flag & SECOND), found) for found, flag in hits if found is not None]
    return min(mapped)[1] if mapped else None


def records_of(files: Sequence[Path]) -> Iterator[pysam.AlignedSegment]:
    """Iterate over the records of BAM files, one file after the other."""
    import pysam  # most samples have no identifiers, and short ones would pay for it

    for file in files:
        with pysam.AlignmentFile(str(file), check_sq=False) as records:
            yield from records.fetch(until_eof=True)


class Molecules(NamedTuple):
    """Mapped fragments, and the molecules that they are copies of."""

    mapped: int
    molecules: int


def molecules_of_alignments(sample: str, files: Sequence[Path], targets: Sequence[Path], scratch: Path) -> Molecules:
    """Write alignments to the genome with one fragment a molecule.

    Parameters
    ----------
    files, targets : sequence of Path
        BAM, in any order. All records of a kept fragment are written, unmapped fragments are not.
    """
    fragments = Fragments(sample, scratch)
    balance = 0
    for record in primary_records(files):
        name = (record.query_name or "").encode()
        # One record a fragment: the first mate, or the second when it alone maps.
        if not record.flag & SECOND or record.mate_is_unmapped:
            fragments.add(name, digest_place(*place_of_record(record)))
        if record.flag & PAIRED and not record.mate_is_unmapped:
            balance += -hash(name) if record.flag & SECOND else hash(name)
    if balance:
        alone = seconds_alone(files)
        for record in primary_records(files):
            name = (record.query_name or "").encode()
            if record.flag & SECOND and not record.mate_is_unmapped and hash(name) in alone:
                fragments.add(name, digest_place(*place_of_record(record)))
    return write_molecules(fragments, files, targets)


def primary_records(files: Sequence[Path]) -> Iterator[pysam.AlignedSegment]:
    """Iterate over the primary records of BAM files that are mapped."""
    return (record for record in records_of(files) if not record.flag & (UNMAPPED | NOT_PRIMARY))


def seconds_alone(files: Sequence[Path]) -> set[int]:
    """Return the hashes of the names of second mates whose first mate is said to be mapped and is not in the files.

    Asked only where the hashes of the names of both mates do not cancel out: it takes 8 bytes a record.
    """
    hashes = array("q"), array("q")
    for record in primary_records(files):
        if record.flag & PAIRED and not record.mate_is_unmapped:
            hashes[bool(record.flag & SECOND)].append(hash((record.query_name or "").encode()))
    first, second = (np.array(mates, dtype=np.int64) for mates in hashes)
    return set(np.setdiff1d(second, first).tolist())


def molecules_of_hits(sample: str, files: Sequence[Path], targets: Sequence[Path], scratch: Path) -> Molecules:
    """Write alignments to transcripts, all hits of a read together, as `molecules_of_alignments` does."""
    fragments = Fragments(sample, scratch)
    for name, hits in groupby(records_of(files), key=lambda record: record.query_name or ""):
        found = first_place((None if hit.is_unmapped else place_of_record(hit), hit.flag) for hit in hits)
        if found is not None:
            fragments.add(name.encode(), digest_place(*found))
    return write_molecules(fragments, files, targets)


def write_molecules(fragments: Fragments, files: Sequence[Path], targets: Sequence[Path]) -> Molecules:
    kept = fragments.molecules()
    for file, target in zip(files, targets, strict=True):
        copy_alignments(file, target, kept)
    return Molecules(fragments.count, len(kept))


def place_of_record(record: pysam.AlignedSegment) -> Place:
    contig, start = str(record.reference_name), record.reference_start
    return place(contig, start, record.flag, record.cigarstring or "", record.template_length)


def copy_alignments(source: Path, target: Path, kept: np.ndarray) -> None:
    """Copy the records of the kept fragments, in their order."""
    import pysam

    with (
        pysam.AlignmentFile(str(source), check_sq=False) as records,
        pysam.AlignmentFile(str(target), "wb", template=records) as out,
    ):
        rows = records.fetch(until_eof=True)
        while waiting := list(islice(rows, BLOCK)):
            write_kept(out, waiting, kept)


def write_kept(out: pysam.AlignmentFile, records: Sequence[pysam.AlignedSegment], kept: np.ndarray) -> None:
    names = digest_names([(record.query_name or "").encode() for record in records])
    for number in np.flatnonzero(is_kept(names, kept)).tolist():
        out.write(records[number])
