"""Molecules counted once: fragments of one place whose molecular identifiers (UMI) tell one molecule.

Fragments with the same place, strand and length are copies when they carry the same identifier, or one that errors of
PCR or sequencing can have made of it: the directional rule (Smith 2017, 10.1101/gr.209601.116). What "place" means is
the caller's: a position on the genome, or on transcripts.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from isal import igzip

from anpi.problems import Problem
from anpi.reads.fastq import FaultyReads, Hashed, Records, is_gzip, name_keys, read_chunks, whole_records

IDENTIFIER = re.compile(rb"[:_]([ACGTN]+)(?:[-+_]([ACGTN]+))?$")
LONGEST = 32
LETTERS = b"ACGTN"
ROW = np.dtype([("place", "<u8"), ("identifier", f"S{LONGEST}"), ("name", "<u8")])
# Fragments wait on disk in parts by place, so that memory holds one part at a time.
PARTS = 64
WAITING = 1 << 17


def identifier_of(name: bytes) -> bytes | None:
    """Return the molecular identifier at the end of a read's name, two of a pair joined; None without one.

    fastp and Illumina's programs write it behind a colon, umi_tools behind an underscore.
    """
    match = IDENTIFIER.search(name)
    return match[1] + (match[2] or b"") if match else None


def group_identifiers(counts: Mapping[bytes, int]) -> list[list[bytes]]:
    """Group the identifiers of one place to molecules by the directional rule.

    An identifier is an error of another when one base differs and the other has at least twice its count less one.

    Parameters
    ----------
    counts : mapping
        Fragments by identifier.

    Returns
    -------
    list of list of bytes
        One list a molecule; the most frequent identifier stands first.

    References
    ----------
    Smith, Heger & Sudbery 2017, 10.1101/gr.209601.116 (umi_tools, method ``directional``).
    """
    order = sorted(counts, key=lambda identifier: (-counts[identifier], identifier))
    left = set(order)
    molecules = []
    for first in order:
        if first not in left:
            continue
        left.discard(first)
        molecule = [first]
        for parent in molecule:  # grows on the way
            for near in neighbours(parent):
                if near in left and counts[parent] >= 2 * counts[near] - 1:
                    left.discard(near)
                    molecule.append(near)
        molecules.append(molecule)
    return molecules


def neighbours(identifier: bytes) -> Iterator[bytes]:
    """Iterate over the identifiers that differ in one base."""
    for place, letter in enumerate(identifier):
        for other in LETTERS:
            if other != letter:
                yield identifier[:place] + bytes((other,)) + identifier[place + 1 :]


def digest_place(*place: object) -> int:
    """Digest a place to 64 bits, evenly spread."""
    words = "\t".join(map(str, place)).encode()
    return int.from_bytes(hashlib.blake2b(words, digest_size=8).digest(), "little")


def digest_names(names: Sequence[bytes]) -> np.ndarray:
    """Digest names as `anpi.reads.fastq.name_keys` digests those of records: uint64."""
    data = b"".join(b"@" + name + b"\n" for name in names)
    lengths = np.array([len(name) + 2 for name in names], dtype=np.int64)
    ends = np.cumsum(lengths)
    return name_keys(Records(data, (ends - lengths)[:, None], (ends - 1)[:, None])) if names else np.empty(0, np.uint64)


class Fragments:
    """Fragments with place and identifier, gathered on disk; `molecules` keeps one of each molecule.

    Memory grows by 8 bytes a molecule; the fragments lie in scratch, 48 bytes each.
    """

    def __init__(self, source: str, scratch: Path):
        self.source = source
        self.files = [scratch / f"molecules{part}.rows" for part in range(PARTS)]
        for file in self.files:
            file.unlink(missing_ok=True)
        self.count = 0
        self.waiting: list[tuple[int, bytes]] = []
        self.names: list[bytes] = []

    def add(self, name: bytes, place: int) -> None:
        """Enter a fragment.

        Raises
        ------
        FaultyReads
            A name without an identifier.
        """
        identifier = identifier_of(name)
        if identifier is None or len(identifier) > LONGEST:
            expected = f"a name that ends with : or _ and at most {LONGEST} bases"
            mend = "Give in umi of the units sheet where the identifiers stand, or leave it empty when there are none."
            message = "no molecular identifier in the name of a read"
            found = name.decode(errors="replace")
            raise FaultyReads(Problem(self.source, message, found=found, expected=expected, mend=mend))
        self.waiting.append((place, identifier))
        self.names.append(name)
        if len(self.waiting) >= WAITING:
            self.write()

    def write(self) -> None:
        """Write what waits to its parts."""
        rows = np.empty(len(self.waiting), ROW)
        rows["place"] = np.array([place for place, _ in self.waiting], dtype=np.uint64)
        rows["identifier"] = [identifier for _, identifier in self.waiting]
        rows["name"] = digest_names(self.names)
        part = (rows["place"] % np.uint64(PARTS)).astype(np.int64)
        for number in np.unique(part):
            with open(self.files[number], "ab") as file:
                rows[part == number].tofile(file)
        self.count += len(rows)
        self.waiting, self.names = [], []

    def molecules(self) -> np.ndarray:
        """Return the digests of the names of the fragments that are kept, one a molecule, sorted."""
        self.write()
        kept = [keep_molecules(np.fromfile(file, ROW)) for file in self.files if file.exists()]
        for file in self.files:
            file.unlink(missing_ok=True)
        return np.sort(np.concatenate([np.empty(0, np.uint64), *kept]))


def keep_molecules(rows: np.ndarray) -> np.ndarray:
    """Return the name of one fragment a molecule: of its most frequent identifier, the one of lowest digest."""
    rows = rows[np.lexsort((rows["name"], rows["identifier"], rows["place"]))]
    new_place = np.append(True, rows["place"][1:] != rows["place"][:-1])
    new = new_place.copy()
    new[1:] |= rows["identifier"][1:] != rows["identifier"][:-1]
    first = np.flatnonzero(new)  # one a place and identifier
    count = np.diff(np.append(first, len(rows)))
    begins = np.flatnonzero(new_place[first])
    kept = np.ones(len(first), bool)
    for begin, end in pairwise(np.append(begins, len(first)).tolist()):
        if end - begin > 1:
            at = {rows["identifier"][first[number]]: number for number in range(begin, end)}
            molecules = group_identifiers({identifier: int(count[number]) for identifier, number in at.items()})
            kept[begin:end] = False
            kept[[at[molecule[0]] for molecule in molecules]] = True
    return rows["name"][first[kept]]


def is_kept(names: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return which digests of names are among the sorted ``kept``."""
    if not len(kept):
        return np.zeros(len(names), bool)
    return kept[np.minimum(np.searchsorted(kept, names), len(kept) - 1)] == names


def keep_reads(files: Sequence[Path], targets: Sequence[Path], kept: np.ndarray) -> int:
    """Write the kept fragments of one or two FASTQ files of mates; return how many.

    Parameters
    ----------
    files, targets : sequence of Path
        Gzipped or not, and gzipped; mates stand at the same place, and the name of the first decides.
    kept : numpy.ndarray
        See `Fragments.molecules`.
    """
    chosen: list[np.ndarray] = []

    def by_name(records: Records, before: int) -> np.ndarray:
        chosen.append(is_kept(name_keys(records), kept))
        return chosen[-1]

    copy_records(files[0], targets[0], by_name)
    rows = np.concatenate(chosen) if chosen else np.zeros(0, bool)
    for file, target in zip(files[1:], targets[1:], strict=True):
        copy_records(file, target, lambda records, before: rows[before : before + len(records.begins)])
    return int(rows.sum())


def copy_records(source: Path, target: Path, choose: Callable[[Records, int], np.ndarray]) -> None:
    """Copy the records of a FASTQ file that ``choose`` takes of a block and the number of records before it."""
    before = 0
    with Hashed(source) as file, igzip.open(target, "wb", compresslevel=1) as out:
        for data, newlines in whole_records(read_chunks(file, is_gzip(source))):
            records = Records.of(data, newlines)
            rows = np.flatnonzero(choose(records, before))
            starts, ends = records.begins[rows, 0].tolist(), (records.ends[rows, 3] + 1).tolist()
            out.write(b"".join([data[start:end] for start, end in zip(starts, ends, strict=True)]))
            before += len(records.begins)
