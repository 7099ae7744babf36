"""Are the reads whole? Asked of every record, before any tool's result is believed.

salmon ends with 0 on a truncated gzip file and on mates of unequal number, and fastp hangs on both; so every file
is read through once: checksums, the four lines of each record, names of mates. On the way a sample of the reads is
drawn by a digest of their names, the same whatever their order in the file.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from isal import igzip, isal_zlib

from anpi.files.plain import refuse_odd_file
from anpi.problems import InputError, Problem
from anpi.reads.mates import (
    NONE,
    Marks,
    dotted_numbers,
    mate_numbers,
    note_firsts,
)

CHUNK = 1 << 20
IGZIP_ERROR: Any = isal_zlib.error
# IUPAC, and the dot of old Illumina software. fastp takes small letters and U for mismatches of the mates.
BASES = b"ACGTNRYKMSWBDHV."
LOWEST, HIGHEST = 33, 126
# Phred+64 begins at ';' (Solexa's -5); Phred+33 of sequencers ends below 'P' (quality 47).
LOWEST_64, LEAST_HIGHEST_64 = 59, 80
WORD = 8
LONGEST = 10_000  # characters of a line: sequencers of short reads write a twentieth of it
NONE_KEPT = np.uint64(2**64 - 1)
COPY_AGAIN = "Copy the file again and compare its checksum with the sender's."
PACKED = {
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xfd7zXZ": "xz",
    b"PK\x03\x04": "zip",
    b"\x1f\x8b": "gzip twice",
}


class LongLine(Exception):
    """A line longer than any of a read; ``args[0]`` is what was read of it and of the lines before, in their block."""


class FaultyReads(InputError):
    """Reads that a sample's own files give no sound result from; other samples do not suffer."""


@dataclass
class Draw:
    """The records of smallest digest: a sample of the reads that does not hang on their order.

    Parameters
    ----------
    size : int
        Records kept.
    """

    size: int
    keys: list[int] = field(default_factory=list)
    records: list[bytes] = field(default_factory=list)
    limit: np.uint64 = NONE_KEPT

    def add(self, keys: np.ndarray, data: bytes, begins: np.ndarray, ends: np.ndarray) -> None:
        """Take in what has a small digest; ``data[begins[i]:ends[i]]`` is the record (or pair) of ``keys[i]``."""
        chosen = np.flatnonzero(keys < self.limit)
        self.keys += keys[chosen].tolist()
        spans = zip(begins[chosen].tolist(), ends[chosen].tolist(), strict=True)
        self.records += [data[begin:end] for begin, end in spans]
        if len(self.keys) > 2 * self.size:
            self.shrink()

    def shrink(self) -> None:
        order = np.argsort(np.array(self.keys, dtype=np.uint64), kind="stable")[: self.size].tolist()
        self.keys = [self.keys[i] for i in order]
        self.records = [self.records[i] for i in order]
        if order and len(order) == self.size:
            self.limit = np.uint64(self.keys[-1])


@dataclass(frozen=True)
class ReadFile:
    """A FASTQ file that was read to its end.

    Parameters
    ----------
    reads : int
        Number of records; of an interleaved file, of pairs.
    sha256 : str
        Checksum of the file as it lies on disk.
    lowest, highest : int
        Smallest and greatest character of the qualities (0 when there are none).
    names : str
        Digest of the names, up to blanks and /1 or /2, in their order: equal in mates.
    draw : Draw
        The sample of its records.
    marks : sequence of Marks
        The mate numbers of its headers; of an interleaved file those of the first and of the second mates.
    """

    reads: int
    sha256: str
    lowest: int
    highest: int
    names: str
    draw: Draw
    marks: Sequence[Marks]

    @property
    def phred64(self) -> bool:
        """Whether qualities count from 64 (Illumina before 1.8) and not from 33."""
        return self.lowest >= LOWEST_64 and self.highest >= LEAST_HIGHEST_64


@dataclass(frozen=True)
class Start:
    """What the beginning of a FASTQ file tells.

    Parameters
    ----------
    interleaved : bool
        Mates follow one another.
    phred64 : bool
        Qualities count from 64.
    nameless : bool
        Names stand so often that they do not tell reads apart.
    """

    interleaved: bool
    phred64: bool
    nameless: bool = False


class Hashed(io.RawIOBase):
    """A binary file that digests its bytes as they are read."""

    def __init__(self, path: Path | str):
        refuse_odd_file(path)
        self.file = open(path, "rb", buffering=0)  # noqa: SIM115  closed in `close`
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self.file.readinto(buffer) or 0
        self.digest.update(memoryview(buffer)[:count])
        return count

    def close(self) -> None:
        self.file.close()
        super().close()


def is_gzip(path: Path | str) -> bool:
    """Tell a gzip file by its first bytes, whatever it is called."""
    refuse_odd_file(path)
    with open(path, "rb") as handle:
        return handle.read(2) == b"\x1f\x8b"


def read_chunks(file: Hashed, zipped: bool) -> Iterator[bytes]:
    source = igzip.IGzipFile(fileobj=file) if zipped else file
    while chunk := source.read(CHUNK):
        yield chunk


def whole_records(chunks: Iterator[bytes]) -> Iterator[tuple[bytes, np.ndarray]]:
    """Cut a stream into blocks of whole records, an even number of them (mates stay together) but in the last.

    Yields
    ------
    data : bytes
    ends : numpy.ndarray of int
        Places of the newlines in ``data``. The last block may end within a record.

    Raises
    ------
    LongLine
        When what follows a block is longer than the lines of two records can be: it would be searched again and again.
    """
    rest = b""
    last = b""
    for chunk in chunks:
        data = rest + chunk
        ends = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == ord("\n"))
        ends = ends[: len(ends) // 8 * 8]
        cut = int(ends[-1]) + 1 if len(ends) else 0
        last = data[-1:]
        if cut:
            yield data[:cut], ends
        rest = data[cut:]
        if len(rest) > 8 * (LONGEST + 2):
            raise LongLine(rest)
    if rest:
        rest += b"" if last == b"\n" else b"\n"
        yield rest, np.flatnonzero(np.frombuffer(rest, dtype=np.uint8) == ord("\n"))


@dataclass(frozen=True)
class Records:
    """A block of whole records: where its lines begin and end (``n`` x 4), and the names' digests (``n``)."""

    data: bytes
    begins: np.ndarray
    ends: np.ndarray

    @classmethod
    def of(cls, data: bytes, newlines: np.ndarray) -> Records:
        begins = np.concatenate(([0], newlines[:-1] + 1)).reshape(-1, 4)
        return cls(data, begins, newlines.reshape(-1, 4))

    @cached_property
    def text(self) -> np.ndarray:
        return np.frombuffer(self.data, dtype=np.uint8)

    @cached_property
    def returns(self) -> np.ndarray | None:
        """Which lines end with a carriage return before the newline; None where there is none at all."""
        return self.text[self.ends - 1] == ord("\r") if b"\r" in self.data else None

    @cached_property
    def lengths(self) -> np.ndarray:
        """Characters of each line, ``n`` x 4."""
        return self.ends - self.begins - (0 if self.returns is None else self.returns)

    @cached_property
    def names(self) -> np.ndarray:
        """The names from behind the @, a row each; what follows a name stands there too."""
        begins = self.begins[:, 0] + 1
        width = (int((self.ends[:, 0] - begins).max(initial=0)) // WORD + 1) * WORD
        text = self.text
        if begins.max(initial=0) + width > len(text):
            text = np.append(text, np.zeros(width, np.uint8))
        return np.lib.stride_tricks.sliding_window_view(text, width)[begins]

    @cached_property
    def name_lengths(self) -> np.ndarray:
        """Characters up to the first blank, or the end of the line."""
        return (self.names <= ord(" ")).argmax(axis=1)

    def column(self, line: int) -> np.ndarray:
        """Join one of the four lines of all records."""
        width = int(self.lengths[0, line])
        if width and (self.lengths[:, line] == width).all():
            return np.lib.stride_tricks.sliding_window_view(self.text, width)[self.begins[:, line]]
        lines = self.data.split(b"\n")[line::4]
        if self.returns is not None:
            lines = [text.removesuffix(b"\r") for text in lines]
        return np.frombuffer(b"".join(lines), dtype=np.uint8)

    def lines(self, record: int) -> list[bytes]:
        spans = zip(self.begins[record], self.lengths[record], strict=True)
        return [self.data[begin : begin + length] for begin, length in spans]


def name_keys(records: Records) -> np.ndarray:
    """Digest the name of each record, from behind the @ to a blank, without /1 or /2: uint64, evenly spread."""
    names, lengths = records.names, records.name_lengths
    if (names == ord("/")).any():
        rows = np.arange(len(names))
        number = names[rows, np.maximum(lengths - 1, 0)]
        slashed = (names[rows, np.maximum(lengths - 2, 0)] == ord("/")) & ((number == ord("1")) | (number == ord("2")))
        lengths = lengths - 2 * (slashed & (lengths > 2))
    width = names.shape[1]
    small = np.min_scalar_type(width)
    names = names * (np.arange(width, dtype=small) < lengths.astype(small)[:, None])
    keys = lengths.astype(np.uint64)
    for place, word in enumerate(names.view(np.uint64).T):
        # Only the words of the name itself: its digest must not hang on the other names of the block.
        keys = np.where(lengths > WORD * place, mix(keys ^ word), keys)
    return keys


def mix(keys: np.ndarray) -> np.ndarray:
    """Spread 64-bit numbers evenly (finaliser of splitmix64, Steele, Lea & Flood 2014)."""
    keys = keys + np.uint64(0x9E3779B97F4A7C15)
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))


def record_fault(lines: Sequence[bytes], number: int, name: str) -> Problem | None:
    """Return what is wrong with a record, if anything; ``number`` counts from 1."""
    read = f"read {number}"
    row = 4 * number - 3
    header, bases, plus, qualities = lines
    if not header.startswith(b"@"):
        return not_a_header(name, number, header)
    if not plus.startswith(b"+"):
        expected = "a line that begins with +"
        return Problem(name, read, row=row + 2, found=text_of(plus), expected=expected)
    for place, line in ((row, header), (row + 2, plus)):
        if b"\r" in line:
            expected = "a carriage return at the end of a line alone"
            return Problem(name, read, row=place, found=text_of(line), expected=expected, mend=COPY_AGAIN)
    read += f" ({text_of(header[1:].split()[0]) if header[1:].split() else 'without a name'})"
    if len(bases) != len(qualities):
        return Problem(
            name, read, row=row + 3, found=f"{len(qualities)} qualities", expected=f"{len(bases)}, one a base"
        )
    if strange := bases.translate(None, BASES):
        found = text_of(strange[:1])
        letters = strange[:1].upper() in BASES + b"U"
        mend = "Write the bases in capitals, and T for U." if letters else COPY_AGAIN
        return Problem(name, read, row=row + 1, found=found, expected="bases as A, C, G, T and N", mend=mend)
    if strange := bytes(c for c in qualities if not LOWEST <= c <= HIGHEST):
        return Problem(name, read, row=row + 3, found=text_of(strange[:1]), expected="qualities from ! to ~")
    return None


def not_a_header(name: str, number: int, line: bytes) -> Problem:
    packed = next((program for start, program in PACKED.items() if number == 1 and line.startswith(start)), None)
    if packed is not None:
        mend = "Unpack it, and pack it with gzip if at all."
        return Problem(name, f"it is packed by {packed}", expected="plain text or gzip", mend=mend)
    mend = "FASTQ files hold four lines a read."
    expected = "a header that begins with @"
    return Problem(name, f"read {number}", 4 * number - 3, None, text_of(line), expected, mend)


def long_line(rest: bytes, name: str, before: int) -> Problem:
    """Return that a line is longer than reads are; ``rest`` begins with a record, the first ``before`` are sound."""
    if not rest.startswith(b"@"):
        return not_a_header(name, before + 1, rest[:40])
    lines = rest.split(b"\n", 8)
    place = next((number for number, line in enumerate(lines) if len(line) > LONGEST), 0)
    mend = "Reads of other sequencers, and assembled sequences, are not quantified here."
    expected = f"at most {LONGEST:,}, as short reads have"
    row = 4 * before + place + 1
    found = f"a line of more than {LONGEST:,} characters"
    return Problem(name, f"read {before + place // 4 + 1}", row=row, found=found, expected=expected, mend=mend)


def text_of(value: bytes) -> str:
    return value[:40].decode("ascii", "backslashreplace")


def are_bases(text: np.ndarray) -> bool:
    """Return whether all characters are bases; those that sequencers write are asked for first, which is faster."""
    usual = text == ord("A")
    for base in b"CGTN":
        usual |= text == base
    return bool(usual.all()) or not text.tobytes().translate(None, BASES)


def quality_range(records: Records, name: str, before: int) -> tuple[int, int]:
    """Check every record of a block; give the smallest and the greatest quality character (126, 0 without any).

    Raises
    ------
    FaultyReads
        Naming the first record that is none.
    """
    for record in np.flatnonzero((records.lengths > LONGEST).any(axis=1))[:1]:
        raise FaultyReads(long_line(records.data[records.begins[record, 0] :], name, before + int(record)))
    sound = (records.text[records.begins[:, 0]] == ord("@")) & (records.text[records.begins[:, 2]] == ord("+"))
    sound &= records.lengths[:, 1] == records.lengths[:, 3]
    stray = records.returns is not None and records.data.count(b"\r") != int(records.returns.sum())
    bases, qualities = (records.column(line) for line in (1, 3))
    lowest, highest = int(qualities.min(initial=HIGHEST)), int(qualities.max(initial=0))
    if sound.all() and not stray and are_bases(bases) and lowest >= LOWEST and highest <= HIGHEST:
        return lowest, highest
    for record in range(len(records.begins)):
        if problem := record_fault(records.lines(record), before + record + 1, name):
            raise FaultyReads(problem)
    raise AssertionError("a block of records is at fault, and none of them")


def read_through(path: Path | str, draw: int = 0, interleaved: bool = False) -> ReadFile:
    """Read a FASTQ file, gzipped (one member or several) or not, to its end and check each record.

    Parameters
    ----------
    draw : int
        Size of the sample that is drawn.
    interleaved : bool
        Whether the mates of a pair follow one another.

    Raises
    ------
    FaultyReads
        A gzip file that is cut short or damaged; a record that is none (header, plus line, bases, as many qualities),
        with its number; a last record that is not whole; interleaved mates of different names.
    """
    name, sample, step = str(path), Draw(draw), 2 if interleaved else 1
    marks = [Marks() for _ in range(step)]
    reads, lowest, highest, names = 0, HIGHEST, 0, hashlib.blake2b(digest_size=16)
    with Hashed(path) as file:
        try:
            for data, newlines in whole_records(read_chunks(file, is_gzip(path))):
                newlines, left = newlines[: len(newlines) // 4 * 4], len(newlines) % 4
                if len(newlines):
                    records = Records.of(data, newlines)
                    low, high = quality_range(whole_part(records), name, reads)
                    lowest, highest = min(lowest, low), max(highest, high)
                    keys = name_keys(records)
                    check_interleaved(keys, records, name, reads, interleaved)
                    names.update(keys.tobytes())
                    note_mates(records, marks, reads)
                    if draw:
                        sample.add(keys[::step], data, records.begins[::step, 0], records.ends[step - 1 :: step, 3] + 1)
                    reads += len(keys)
                if left:
                    raise FaultyReads(unfinished(name, reads, data[newlines[-1] + 1 if len(newlines) else 0 :]))
        except LongLine as error:
            raise FaultyReads(long_line(error.args[0], name, reads)) from None
        except EOFError:
            words = f"the gzip file is cut short after {reads} reads"
            raise FaultyReads(Problem(name, words, mend="Copy the file again.")) from None
        except (igzip.BadGzipFile, IGZIP_ERROR) as error:
            words = f"the gzip file is damaged after {reads} reads ({error})"
            raise FaultyReads(Problem(name, words, mend=COPY_AGAIN)) from None
        digest = file.digest.hexdigest()
    sample.shrink()
    return ReadFile(reads // step, digest, lowest if reads else 0, highest, names.hexdigest(), sample, marks)


def note_mates(records: Records, marks: Sequence[Marks], before: int) -> None:
    """Note the mate numbers of a block of records that were not seen before."""
    text, step = records.text, len(marks)
    name_ends = records.begins[:, 0] + 1 + records.name_lengths
    line_ends = records.begins[:, 0] + records.lengths[:, 0]
    around = np.lib.stride_tricks.sliding_window_view(text, 6)[np.maximum(name_ends - 2, 0)]
    numbers = mate_numbers(around, text[line_ends - 1], text[line_ends - 2])
    for mate, mark in enumerate(marks):

        def place(row: int, mate: int = mate) -> tuple[int, str]:
            record = step * row + mate
            return 4 * (before + record) + 1, text_of(records.lines(record)[0])

        note_firsts(numbers[mate::step], mark.numbers, place)
        if NONE not in mark.dotted:
            note_firsts(dotted_numbers(around[mate::step]), mark.dotted, place)


def whole_part(records: Records) -> Records:
    """Return a block without what follows its last whole record."""
    end = int(records.ends[-1, 3]) + 1
    return records if end == len(records.data) else Records(records.data[:end], records.begins, records.ends)


def unfinished(name: str, reads: int, rest: bytes) -> Problem:
    """Return what follows the last whole record."""
    if not rest.startswith(b"@"):
        return not_a_header(name, reads + 1, rest.split(b"\n", 1)[0])
    lines = rest.count(b"\n")
    if not reads:
        return Problem(name, "the first read is not whole", row=1, expected="four lines a read")
    found = f"{4 * reads + lines} lines, the last record begins in line {4 * reads + 1}"
    return Problem(name, f"the last read, read {reads + 1}, is not whole", found=found, expected="four lines a read")


def check_interleaved(keys: np.ndarray, records: Records, name: str, before: int, interleaved: bool) -> None:
    """Compare the names of neighbours in a file of interleaved mates."""
    if not interleaved:
        return
    if len(keys) % 2:
        words = f"read {before + len(keys)}, the last one, lacks its mate"
        raise FaultyReads(Problem(name, words, expected="interleaved pairs, as the file begins", mend=COPY_AGAIN))
    for pair in np.flatnonzero(keys[::2] != keys[1::2])[:1]:
        first, second = (text_of(records.lines(2 * int(pair) + mate)[0]) for mate in (0, 1))
        words = f"reads {before + 2 * pair + 1} and {before + 2 * pair + 2}"
        expected = "mates of one name: the file begins with interleaved pairs"
        raise FaultyReads(Problem(name, words, found=f"{first} and {second}", expected=expected))


def look_at_start(path: Path | str) -> Start:
    """Look at the first block of a FASTQ file; one that cannot be read tells nothing (`read_through` says why)."""
    lowest, highest, interleaved, nameless = 0, 0, False, False
    try:
        with Hashed(path) as file:
            for data, newlines in whole_records(read_chunks(file, is_gzip(path))):
                records = whole_part(Records.of(data, newlines[: len(newlines) // 4 * 4]))
                lowest, highest = quality_range(records, str(path), 0)
                keys = name_keys(records)
                paired = len(keys) > 1 and bool((keys[: len(keys) // 2 * 2 : 2] == keys[1::2]).all())
                nameless = paired and bool((keys[2::2] == keys[:-2:2]).any())
                interleaved = paired and not nameless
                break
    # Whatever is wrong with the file is found again, and told with its record, when all of it is read.
    except (InputError, LongLine, EOFError, OSError, IndexError, ValueError, IGZIP_ERROR):
        return Start(False, False)
    return Start(interleaved, lowest >= LOWEST_64 and highest >= LEAST_HIGHEST_64, nameless)
