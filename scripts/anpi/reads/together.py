"""Are the files of a sample what they are given as, held against each other: mates, no file and no read twice?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

from anpi.problems import InputError, Problem
from anpi.reads.fastq import (
    Draw,
    FaultyReads,
    Hashed,
    ReadFile,
    Records,
    is_gzip,
    name_keys,
    read_chunks,
    read_through,
    text_of,
    whole_records,
)
from anpi.reads.mates import (
    bases_of,
    mixed_problem,
    same_problem,
    swapped_problem,
)

MOST_TWICE = 0.01
OF_A_DUMP = "fastq-dump -I ends their names with .1 and .2: dump them again without -I, or take these ends off."
MATES = "The two files of a pair hold the same reads in the same order; copy both again."


def check_reads(
    units: Sequence[tuple[str, str | None]], threads: int = 1, draw: int = 0, interleaved: Sequence[str] = ()
) -> dict[str, ReadFile]:
    """Read the files of all units through; every fault of every file is told at once.

    Parameters
    ----------
    units : sequence of (fastq_1, fastq_2 or None)
    threads : int
        Files that are read at a time.
    draw : int
        Size of the sample of each file.
    interleaved : sequence of str
        Files whose mates follow one another.

    Returns
    -------
    dict
        Of each file what was found.

    Raises
    ------
    FaultyReads
        For a damaged file, for one that stands twice under two names, for mates of unequal number or name, and for
        reads that say to be another mate than they are given as.
    """
    files = [file for unit in units for file in unit if file is not None]
    with ThreadPoolExecutor(max_workers=threads) as pool:
        results = list(pool.map(lambda file: read_or_problems(file, draw, file in interleaved), files))
    problems = list(chain.from_iterable(result for result in results if isinstance(result, list)))
    if problems:
        raise FaultyReads(problems)
    whole = {file: result for file, result in zip(files, results, strict=True) if isinstance(result, ReadFile)}
    if problems := repeated_files([(file, found.sha256) for file, found in whole.items() if found.reads]):
        raise FaultyReads(problems)
    problems = [problem for unit in units if (problem := unit_problem(*unit, whole))]
    if problems:
        raise FaultyReads(problems)
    return whole


def unit_problem(first: str, second: str | None, whole: dict[str, ReadFile]) -> Problem | None:
    """Look whether the reads of a unit are the mates that they are given as."""
    one = whole[first]
    if second is not None:
        return mate_problem(first, second, whole)
    if len(one.marks) == 1:
        return mixed_problem(first, one.marks[0], one.reads)
    bases = ((bases_of(pair), bases_of(pair, 1)) for pair in one.draw.records)
    return swapped_problem((first, first), one.marks) or same_problem((first, first), bases)


def repeated_files(checksums: Sequence[tuple[str, str]]) -> list[Problem]:
    """Find files (name, checksum) of the same bytes: their reads would count twice, or be their own mates."""
    seen: dict[str, str] = {}
    mend = "Name the file that was meant; each read counts once."
    return [
        Problem(file, f"the same file as {Path(seen[checksum]).name}, under another name", mend=mend)
        for file, checksum in checksums
        if seen.setdefault(checksum, file) != file
    ]


def count_twice(files: Sequence[tuple[str, Draw]]) -> dict[tuple[str, str], int]:
    """Count drawn reads that stand twice, name and bases and qualities, by the two files (file, draw) of a sample.

    Equal names have equal digests, so that both copies of a read are drawn or neither. Where names do not tell reads
    apart, nothing is counted.
    """
    first: dict[int, tuple[bytes, str]] = {}
    twice: dict[tuple[str, str], int] = {}
    namesakes = 0
    for file, draw in files:
        for key, record in zip(draw.keys, draw.records, strict=True):
            known, place = first.setdefault(key, (record, file))
            if known is record:
                continue
            if known == record:
                twice[file, place] = twice.get((file, place), 0) + 1
            else:
                namesakes += 1
    return twice if namesakes <= sum(twice.values()) else {}


def counted_twice(files: Sequence[tuple[str, Draw]]) -> list[Problem]:
    """Find files in which more than a hundredth of the reads stands twice, or in another file too (see `count_twice`).

    Below that they are an artefact of how reads were drawn out of a larger file, and stand in ``reads.json``.
    """
    draws = dict(files)
    return [
        twice_in_one(file, number, looked_at) if file == other else twice_in_two(file, other, number, looked_at)
        for (file, other), number in count_twice(files).items()
        if number > MOST_TWICE * (looked_at := comparable(draws[file], draws[other]))
    ]


def namesakes(one: Draw, other: Draw) -> list[tuple[bytes, bytes]]:
    """Return the drawn records of one name in two files, when most names of the smaller file are in both."""
    first = dict(zip(one.keys, one.records, strict=True))
    pairs = [(first[key], record) for key, record in zip(other.keys, other.records, strict=True) if key in first]
    return pairs if 2 * len(pairs) > comparable(one, other) else []


def comparable(one: Draw, other: Draw) -> int:
    """Return how many drawn reads of the smaller of two files the other would hold too, were they the same."""
    limit = int(min(one.limit, other.limit))
    return min(sum(key <= limit for key in draw.keys) for draw in (one, other))


def twice_in_one(file: str, number: int, looked_at: int) -> Problem:
    found = f"{number} among {looked_at} drawn ones, equal in name, bases and qualities"
    mend = "Was a file put together of one lane twice? Give each read once."
    return Problem(file, "reads stand twice", found=found, expected="each read once", mend=mend)


def twice_in_two(file: str, other: str, number: int, looked_at: int) -> Problem:
    fault = f"its reads stand in {Path(other).name} too"
    found = f"{number} among {looked_at} drawn ones, equal in name, bases and qualities"
    mend = "Is it one lane under two names, packed anew, or a part of the other file? Give each read once."
    return Problem(file, fault, found=found, expected="each read once", mend=mend)


def read_or_problems(file: str, draw: int, interleaved: bool) -> ReadFile | list[Problem]:
    try:
        return read_through(file, draw, interleaved)
    except InputError as error:
        return error.problems


def mate_problem(first: str, second: str, whole: dict[str, ReadFile]) -> Problem | None:
    """Compare the two files of a pair by number, names and mate numbers of their reads, and by drawn bases."""
    one, two = whole[first], whole[second]
    if one.reads != two.reads:
        return Problem(second, found=f"{two.reads} reads", expected=f"{one.reads} as in {first}", mend=MATES)
    if one.names != two.names:
        return first_other_name(first, second)
    bases = zip(map(bases_of, one.draw.records), map(bases_of, two.draw.records), strict=True)
    return swapped_problem((first, second), (*one.marks, *two.marks)) or same_problem((first, second), bases)


def first_other_name(first: str, second: str) -> Problem:
    """Find the first record whose name differs from that of its mate."""
    with Hashed(first) as one, Hashed(second) as two:
        headers = zip(headers_of(one, is_gzip(first)), headers_of(two, is_gzip(second)), strict=True)
        for number, ((key, header), (mate_key, mate)) in enumerate(headers, start=1):
            if key != mate_key:
                expected = f"the mate of {text_of(header)} as in {first}"
                mend = OF_A_DUMP if without_dot(header, b".1") == without_dot(mate, b".2") != b"" else MATES
                return Problem(second, f"read {number}", 4 * number - 3, None, text_of(mate), expected, mend)
    raise AssertionError("names differ, and none does")


def without_dot(header: bytes, end: bytes) -> bytes:
    """Return the name of a header without its end; nothing where it ends otherwise."""
    name = header.split()[0]
    return name.removesuffix(end) if name.endswith(end) else b""


def headers_of(file: Hashed, zipped: bool) -> Iterator[tuple[int, bytes]]:
    """Iterate over the digest of each name and the header that it is of."""
    for data, newlines in whole_records(read_chunks(file, zipped)):
        records = Records.of(data, newlines)
        spans = zip(records.begins[:, 0].tolist(), records.ends[:, 0].tolist(), strict=True)
        yield from zip(name_keys(records).tolist(), (data[begin:end] for begin, end in spans), strict=True)
