"""Alignment records in batches of arrays: one pass over a BAM, SAM or CRAM file, in bounded memory."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pysam

from anpi.problems import InputError, Problem
from anpi.tools import stay_offline

PAIRED, PROPER, UNMAPPED, REVERSE, SECOND = 0x1, 0x2, 0x4, 0x10, 0x80
SECONDARY, QC_FAILED, DUPLICATE, SUPPLEMENTARY = 0x100, 0x200, 0x400, 0x800
NOT_PRIMARY = SECONDARY | SUPPLEMENTARY
FLAGS = 1 << 12
BATCH = 1 << 17
MOST_SHAPES = 1 << 16
MOST_BASES = 1 << 26
UNKNOWN = -1
# What an operation of a CIGAR moves along: M I D N S H P = X.
ON_READ = (1, 1, 0, 0, 1, 1, 0, 1, 1)
ON_CONTIG = (1, 0, 1, 1, 0, 0, 0, 1, 1)
MATCHES = frozenset((0, 7, 8))
INSERTION, SKIP = 1, 3


@dataclass
class Shapes:
    """The distinct CIGARs that were seen: each is read once, records refer to it by number."""

    number: dict[str, int] = field(default_factory=dict)
    bases: array[int] = field(default_factory=lambda: array("q"))
    length: array[int] = field(default_factory=lambda: array("q"))
    span: array[int] = field(default_factory=lambda: array("q"))
    blocks: list[list[tuple[int, int]]] = field(default_factory=list)
    introns: list[list[tuple[int, int]]] = field(default_factory=list)

    def add(self, cigar: str, operations: list[tuple[int, int]]) -> int:
        """Enter a CIGAR; give its number."""
        at, length, bases = 0, 0, 0
        blocks, introns = [], []
        for operation, count in operations:
            if operation in MATCHES:
                blocks.append((at, at + count))
            elif operation == SKIP:
                introns.append((at, at + count))
            if operation in MATCHES or operation == INSERTION:
                bases += count
            at += ON_CONTIG[operation] * count
            length += ON_READ[operation] * count
        self.bases.append(bases)
        self.length.append(length)
        self.span.append(at)
        self.blocks.append(blocks)
        self.introns.append(introns)
        self.number[cigar] = len(self.blocks) - 1
        return len(self.blocks) - 1


@dataclass(frozen=True)
class Batch:
    """Primary records of a batch as arrays, one row per record, and sums over the batch.

    Parameters
    ----------
    every_flag : numpy.ndarray
        How often each flag occurs, all records.
    flag, contig, start, quality, template, shape : numpy.ndarray
        Of mapped primary records: flag, number of the contig in the header, first base (from 0), mapping quality, TLEN,
        number of the CIGAR.
    edits : numpy.ndarray
        NM of each record, -1 where it has none; ``mismatches`` likewise the nM of STAR, which counts both mates.
    spliced : numpy.ndarray
        Rows that have an intron.
    bucket : numpy.ndarray
        For these a number from 0 to 255 that the read's name alone decides: an even draw of fragments.
    """

    every_flag: np.ndarray
    flag: np.ndarray
    contig: np.ndarray
    start: np.ndarray
    quality: np.ndarray
    template: np.ndarray
    shape: np.ndarray
    edits: np.ndarray
    mismatches: np.ndarray
    spliced: np.ndarray
    bucket: np.ndarray
    bases: int
    gc: int
    unmapped_lengths: np.ndarray
    shapes: Shapes


def open_alignment(path: Path, genome: Path | None = None, index: Path | None = None) -> pysam.AlignmentFile:
    """Open a BAM, SAM or CRAM file, with an index when one is given; what cannot be read is an InputError."""
    stay_offline()
    reference, where = (str(file) if file else None for file in (genome, index))
    try:
        return pysam.AlignmentFile(str(path), reference_filename=reference, index_filename=where, check_sq=False)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise InputError(damaged(path, error)) from None


def damaged(path: Path, error: Exception, cram: bool = False) -> Problem:
    mend = "Copy it again, or align anew."
    if cram:
        mend = f"Give in reference.genome the genome that the CRAM was written with; if it is that one: {mend}"
    return Problem(str(path), f"no whole alignment file ({error})", mend=mend)


def read_batches(path: Path, genome: Path | None = None) -> Iterator[Batch]:
    """Iterate over the records of a file, 131,072 and fewer at a time, in whatever order they stand."""
    with open_alignment(path, genome) as records:
        shapes = Shapes()
        rows = iter(records)
        while True:
            try:
                batch, more = read_batch(rows, shapes)
            except (OSError, ValueError) as error:
                raise InputError(damaged(path, error, records.is_cram)) from None
            yield batch
            if not more:
                return
            if len(shapes.blocks) > MOST_SHAPES:
                shapes = Shapes()


def read_batch(rows: Iterator[pysam.AlignedSegment], shapes: Shapes) -> tuple[Batch, bool]:
    """Read up to a batch of records into arrays; also tell whether there may be more."""
    every, flags, contigs, starts = array("H"), array("H"), array("i"), array("q")
    qualities, templates, numbers = array("B"), array("q"), array("q")
    edits, mismatches, spliced, buckets = array("q"), array("q"), array("q"), array("B")
    unmapped = array("q")
    sequences: list[str] = []
    held = 0
    shape_numbers = shapes.number
    row = 0
    more = True
    while len(every) < BATCH and held < MOST_BASES:
        read = next(rows, None)
        if read is None:
            more = False
            break
        flag = read.flag
        every.append(flag)
        if flag & NOT_PRIMARY:
            continue
        sequence = read.query_sequence
        if sequence is not None:
            sequences.append(sequence)
            held += len(sequence)
        cigar = None if flag & UNMAPPED else read.cigarstring
        if cigar is None:
            if flag & UNMAPPED:
                unmapped.append(read.query_length)
                continue
            cigar = ""
        shape = shape_numbers.get(cigar)
        if shape is None:
            shape = shapes.add(cigar, read.cigartuples or [])
        flags.append(flag)
        contigs.append(read.reference_id)
        starts.append(read.reference_start)
        qualities.append(read.mapping_quality)
        templates.append(read.template_length)
        numbers.append(shape)
        edits.append(count_in(read, "NM"))
        mismatches.append(UNKNOWN if edits[-1] >= 0 else count_in(read, "nM"))
        if shapes.introns[shape]:
            spliced.append(row)
            buckets.append(draw(read.query_name or ""))
        row += 1
    letters = "".join(sequences).upper()
    counts = {letter: letters.count(letter) for letter in "ACGT"}
    batch = Batch(
        every_flag=np.bincount(np.array(every), minlength=FLAGS),
        flag=np.array(flags, np.int64),
        contig=np.array(contigs, np.int64),
        start=np.array(starts),
        quality=np.array(qualities),
        template=np.array(templates),
        shape=np.array(numbers),
        edits=np.array(edits),
        mismatches=np.array(mismatches),
        spliced=np.array(spliced),
        bucket=np.array(buckets),
        bases=sum(counts.values()),
        gc=counts["G"] + counts["C"],
        unmapped_lengths=np.array(unmapped),
        shapes=shapes,
    )
    return batch, more


def draw(name: str) -> int:
    """Return a number from 0 to 255 that the name decides; like names have unlike numbers, which no CRC gives."""
    return hashlib.blake2b(name.encode(), digest_size=1).digest()[0]


def count_in(read: pysam.AlignedSegment, tag: str) -> int:
    """Return the whole number under a tag, -1 without one."""
    try:
        value = read.get_tag(tag)
    except KeyError:
        return UNKNOWN
    return value if isinstance(value, int) else UNKNOWN
