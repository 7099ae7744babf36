"""Which mate a read says it is: the number in its header, /1 or /2 of old names, 1:N: or 2:N: of later ones.

Both mates in a file of single reads count each fragment twice and hide the strand of the library; one mate in place of
the other turns it round. Neither shows in the number or the names of the reads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from anpi.problems import Problem

NONE, OTHER = 0, 3
BOTH = (
    "Give the mates as fastq_1 and fastq_2, or as pairs that follow one another, none without its mate"
    " (samtools collate, then samtools fastq -1 -2, makes them of a BAM)."
)
OWN_UNIT = " Are they reads of two runs whose names both count from 1? Then give each run a unit of its own."
NUMBER = np.zeros(256, np.uint8)
NUMBER[list(b"0123456789")] = OTHER
NUMBER[list(b"12")] = 1, 2
IN_PLACE = "Name the file of the first mates in fastq_1, that of the second in fastq_2."
First = dict[int, tuple[int, str]]


@dataclass
class Marks:
    """The mate numbers of the headers of a file: of each the row and the words of the first that has it.

    Parameters
    ----------
    numbers : dict
        By number: 1, 2, or `OTHER` (such as the /3 of names that count).
    dotted : dict
        The same of names that end with a dot and a number, as programs for SRA write mates; `NONE` of other names.
    """

    numbers: First = field(default_factory=dict)
    dotted: First = field(default_factory=dict)

    def told(self) -> First:
        """Return the mates that the headers tell; none when their numbers are others too."""
        return {} if OTHER in self.numbers else {n: self.numbers[n] for n in (1, 2) if n in self.numbers}

    def told_by_dots(self) -> First:
        """Return the mates that dots tell: where all names end so, single reads that were counted do not."""
        return {} if {NONE, OTHER} & set(self.dotted) else self.dotted


def mate_numbers(ends: np.ndarray, last: np.ndarray, last_sign: np.ndarray) -> np.ndarray:
    """Return the mate number of each header: at the end of the name, behind it, or at the end of the line (ENA).

    Parameters
    ----------
    ends : numpy.ndarray of uint8
        Six characters a header: the last two of the name, the blank, the first three of the comment.
    last, last_sign : numpy.ndarray of uint8
        The last character of each header, and the one before.

    Returns
    -------
    numpy.ndarray of uint8
        1, 2, `OTHER`, or `NONE`.
    """
    # Y or N must follow the number of a comment: old comments begin with the lane.
    comment = (ends[:, 4] == ord(":")) & ((ends[:, 5] == ord("N")) | (ends[:, 5] == ord("Y")))
    numbers = NUMBER[ends[:, 3]] * comment
    for sign, digit in ((last_sign, last), (ends[:, 0], ends[:, 1])):
        slashed = sign == ord("/")
        if slashed.any():
            found = NUMBER[digit] * slashed
            numbers = np.where(found, found, numbers)
    return numbers


def dotted_numbers(ends: np.ndarray) -> np.ndarray:
    """Return the digit behind a dot at the end of each name, as `mate_numbers` gives those behind a slash."""
    return NUMBER[ends[:, 1]] * (ends[:, 0] == ord("."))


def note_firsts(numbers: np.ndarray, known: First, row_and_header: Callable[[int], tuple[int, str]]) -> None:
    """Enter the first place of each number that is not known yet."""
    for number in range(OTHER + 1):
        if number not in known and (there := numbers == number).any():
            known[number] = row_and_header(int(there.argmax()))


def mixed_problem(file: str, marks: Marks, reads: int) -> Problem | None:
    """Tell a file of single reads that holds both mates."""
    by_dots = marks.told_by_dots() if reads > 2 else {}
    for first in (marks.told(), by_dots):
        if {1, 2} <= set(first):
            (_, one), (row, two) = first[1], first[2]
            expected = f"reads of one mate, as {one}: these are both mates, each fragment would count twice"
            return Problem(file, "single reads", row=row, found=two, expected=expected, mend=BOTH)
    return None


def parted_problem(files: Sequence[tuple[str, Marks]]) -> Problem | None:
    """Tell units of single reads of which some are first mates and others second ones."""
    told = {number: (file, *first) for file, marks in files for number, first in marks.told().items()}
    if len(told) < 2:
        return None
    (other, _, one), (file, row, two) = told[1], told[2]
    expected = f"reads of one mate, as {one} in {other}: these are the second mates, each fragment would count twice"
    return Problem(file, "single reads", row=row, found=two, expected=expected, mend=BOTH)


def swapped_problem(files: tuple[str, str], marks: Sequence[Marks]) -> Problem | None:
    """Tell mates that say that they are the other one; an interleaved file stands twice in ``files``."""
    for file, mark, number, word in zip(files, marks, (2, 1), ("first", "second"), strict=True):
        if number in mark.told():
            row, header = mark.told()[number]
            expected = f"a {word} mate (/{3 - number} or {3 - number}:N:)"
            mend = IN_PLACE if files[0] != files[1] else "Of each pair the first mate stands first."
            return Problem(file, "mates", row=row, found=header, expected=expected, mend=mend)
    return None


def same_problem(files: tuple[str, str], pairs: Iterable[tuple[bytes, bytes]]) -> Problem | None:
    """Tell mates whose bases are all the same: one file was given twice.

    Bases of one letter alone, as of empty clusters, tell nothing.
    """
    told = [one == other for one, other in pairs if len(set(one)) > 1]
    if not told or not all(told):
        return None
    words = f"the bases of both mates are the same in all of {len(told)} pairs that were looked at"
    return Problem(files[1], words, expected=f"the mates of {files[0]}", mend=IN_PLACE)


def bases_of(record: bytes, mate: int = 0) -> bytes:
    """Return the bases of a record, or of one of the two that stand together."""
    return record.split(b"\n", 4 * mate + 2)[4 * mate + 1].rstrip(b"\r")


def namesakes_problem(file: str, keys: Sequence[int], records: Sequence[bytes]) -> Problem | None:
    """Tell drawn single reads of which most stand twice by name, with other bases: both mates in one file."""
    counts = Counter(keys)
    first: dict[int, bytes] = {}
    twice = []
    for key, record in zip(keys, records, strict=True):
        if counts[key] == 2 and bases_of(first.setdefault(key, record)) != bases_of(record):
            twice.append(record)
    if 2 * len(twice) <= len(counts):
        return None
    name = twice[0].split(b"\n", 1)[0].decode("ascii", "backslashreplace").rstrip()
    found = f"two reads of one name, with other bases: {len(twice)} of {len(counts)} drawn names, such as {name}"
    return Problem(file, "single reads", found=found, expected="each name once", mend=BOTH + OWN_UNIT)
