"""Where reads lie in the transcripts, told without an aligner: by landmarks, which give strand and fragment length.

A landmark is a word of 31 bases that begins with one of a thirty-second of all words of 8. The reference lists each
place of each. A read that holds one lies where the landmark does, on every transcript that has it; of a pair whose
mates face each other, the distance is the fragment's length where all transcripts that have both agree on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from anpi.files.intact import intact
from anpi.files.writing import whole_file
from anpi.reads.fastq import mix
from anpi.reads.strangers import CODE, sequences_of

WORD = 31
BEGIN = 8
ONE_IN = 32
# As salmon has it: what lies in more transcripts is not looked at, and mates farther apart are no pair.
MOST_TRANSCRIPTS = 200
LONGEST_FRAGMENT = 1000
# Reads that are looked at together, and bases of transcripts.
BLOCK = 10_000
STRETCH = 1 << 23


class Lying(NamedTuple):
    """Where reads lie: number of the read, number of the transcript, and where on it the first base of the read is.

    Of a read against its transcript the place is the one behind its first base: ``end`` of the fragment.
    """

    read: np.ndarray
    transcript: np.ndarray
    place: np.ndarray


class Evidence(NamedTuple):
    """What reads tell of their library.

    Parameters
    ----------
    lengths, weights : numpy.ndarray
        Lengths of fragments, and how many each stands for: mates that were cut short seldom hold a landmark.
    forward, reverse : int
        Fragments that read as the transcript, and against it.
    placed, together : int
        Pairs of which both mates lie somewhere, and those of them that lie on one transcript, whichever way.
    """

    lengths: np.ndarray
    weights: np.ndarray
    forward: int
    reverse: int
    placed: int = 0
    together: int = 0


NOTHING = Evidence(np.empty(0, np.int64), np.empty(0), 0, 0)


def opposite(words: np.ndarray, size: int) -> np.ndarray:
    """Return the words of the other strand; a base is two bits, the first base of a word the highest."""
    words = ~words
    for shift, mask in ((2, 0x3333333333333333), (4, 0x0F0F0F0F0F0F0F0F)):
        by, low = np.uint64(shift), np.uint64(mask)
        words = ((words >> by) & low) | ((words & low) << by)
    return words.byteswap() >> np.uint64(64 - 2 * size)


@cache
def landmark_begins() -> tuple[np.ndarray, np.ndarray]:
    """Tell of each word of 8 bases whether a landmark begins with it, and whether one of the other strand does."""
    words = np.arange(1 << 2 * BEGIN, dtype=np.uint64)
    begins = mix(words) % np.uint64(ONE_IN) == 0
    return begins, begins[opposite(words, BEGIN).astype(np.int64)]


def eights_of(codes: np.ndarray) -> np.ndarray:
    """Return the word of 8 bases at each place."""
    words, size = codes.astype(np.uint16) & 3, 1
    while size < BEGIN:
        words, size = (words[:-size] << 2 * size) | words[size:], 2 * size
    return words


def words_at(eights: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return the words of 31 bases at some places, put together from those of 8."""
    words = np.zeros(len(places), np.uint64)
    for begin in range(0, WORD, BEGIN):
        new = min(BEGIN, WORD - begin)
        part = eights[places + begin + new - BEGIN] & np.uint16(4**new - 1)
        words = (words << np.uint64(2 * new)) | part
    return words


def others_before(codes: np.ndarray) -> np.ndarray:
    """Count at each place what lies before it and is no base."""
    return np.concatenate([[0], np.cumsum(codes > 3, dtype=np.int32)])


def whole_words(strange: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return those places at which 31 bases begin, with nothing else between them (see `others_before`)."""
    places = places[(places >= 0) & (places + WORD < len(strange))]
    return places[strange[places + WORD] == strange[places]]


def joined(sequences: Sequence[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """Return the bases of sequences, one behind the other with a gap between, and where each begins."""
    codes = CODE[np.frombuffer(b"N".join(sequences), np.uint8)]
    return codes, np.cumsum([0] + [len(sequence) + 1 for sequence in sequences])


def list_landmarks(sequences: Iterable[bytes]) -> np.ndarray:
    """List the landmarks of transcripts by their words: a row of words, and one of places.

    A place is the number of the transcript, in their order, times 2^32, and the place in it. Words that a transcript
    has twice are left out, and those of more than 200 transcripts.
    """
    begins, _ = landmark_begins()
    parts = [np.empty((2, 0), np.uint64)]
    for number, stretch in stretches(sequences):
        codes, starts = joined(stretch)
        if len(codes) < WORD:
            continue
        eights = eights_of(codes)
        at = whole_words(others_before(codes), np.flatnonzero(begins[eights]))
        transcript = np.searchsorted(starts, at, "right") - 1
        places = ((transcript + number) << 32) + at - starts[transcript]
        parts.append(np.stack([words_at(eights, at), places.astype(np.uint64)]))
    found = np.concatenate(parts, axis=1)
    found = found[:, np.argsort(found[0], kind="stable")]
    return found[:, is_clear(*found)]


def stretches(sequences: Iterable[bytes]) -> Iterator[tuple[int, list[bytes]]]:
    """Gather transcripts to stretches of some million bases, each with the number of its first transcript."""
    number, size = 0, 0
    waiting: list[bytes] = []
    for sequence in sequences:
        waiting.append(sequence)
        size += len(sequence)
        if size > STRETCH:
            yield number, waiting
            number, size, waiting = number + len(waiting), 0, []
    if waiting:
        yield number, waiting


def is_clear(words: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Tell of sorted landmarks whether they lie once in each transcript that has them, and in few enough."""
    if not len(words):
        return np.zeros(0, bool)
    new = np.append(True, words[1:] != words[:-1])
    word = np.cumsum(new) - 1
    transcript = places >> np.uint64(32)
    again = np.append(False, ~new[1:] & (transcript[1:] == transcript[:-1]))
    clear = np.bincount(word) <= MOST_TRANSCRIPTS
    clear[word[again]] = False
    return clear[word]


def write_landmarks(path: Path, landmarks: np.ndarray) -> None:
    """Write landmarks as numpy's own file, which is read page by page."""
    with whole_file(path) as part, open(part, "wb") as file:
        np.save(file, landmarks)


def read_landmarks(path: Path) -> np.ndarray:
    """Open the landmarks of a reference; only what is looked up is read from the disk."""
    with intact(path):
        return np.asarray(np.load(path, mmap_mode="r")).reshape(2, -1)


def look_at_reads(files: Sequence[tuple[Path, Path | None]], landmarks: Path) -> Evidence:
    """Tell the library of reads by the landmarks that they hold.

    Parameters
    ----------
    files : sequence of (first, second or None)
        FASTQ; mates stand at the same place.
    landmarks : Path
        See `write_landmarks`.

    Returns
    -------
    Evidence
        Of pairs, those whose mates face each other count, each once; reads on both strands of transcripts do not.
    """
    table = read_landmarks(landmarks)
    found = [NOTHING]
    for mates in files:
        sequences = [sequences_of(mate) for mate in mates if mate]
        while any(block := [list(islice(mate, BLOCK)) for mate in sequences]):
            found.append(of_pairs(block[0], block[1], table) if len(block) > 1 else of_reads(block[0], table))
    return added(found)


def added(found: Sequence[Evidence]) -> Evidence:
    """Return what several blocks or files of reads tell together."""
    lengths, weights, *numbers = zip(*found, strict=True)
    return Evidence(np.concatenate(lengths), np.concatenate(weights), *map(sum, numbers))


def of_reads(reads: Sequence[bytes], table: np.ndarray) -> Evidence:
    """Tell the strand of single reads."""
    ahead, against = (np.unique(lying.read) for lying in places_of(reads, table))
    both = len(np.intersect1d(ahead, against, assume_unique=True))
    return NOTHING._replace(forward=len(ahead) - both, reverse=len(against) - both)


def of_pairs(firsts: Sequence[bytes], seconds: Sequence[bytes], table: np.ndarray) -> Evidence:
    """Tell strand and length of pairs, and whether their mates lie together."""
    (first, first_against), (second, second_against) = places_of(firsts, table), places_of(seconds, table)
    placed, together = count_together((first, first_against), (second, second_against))
    sizes = np.array([[len(read) for read in mates] for mates in (firsts, seconds)])
    longest = sizes.max(axis=0)
    sides = [facing(first, second_against, longest), facing(second, first_against, longest)]
    pair, length = (np.concatenate(columns) for columns in zip(*sides, strict=True))
    against = np.repeat([False, True], [len(side[0]) for side in sides])
    order = np.argsort(pair, kind="stable")
    begins = np.flatnonzero(np.diff(pair[order], prepend=-1))
    if not len(begins):
        return NOTHING._replace(placed=placed, together=together)
    least, most = (choose.reduceat(length[order], begins) for choose in (np.minimum, np.maximum))
    some, all_against = (choose.reduceat(against[order], begins) for choose in (np.logical_or, np.logical_and))
    one_strand = some == all_against
    told = one_strand & (least == most)
    first_sizes, second_sizes = sizes[:, pair[order][begins[told]]]
    weights = 1 / chance(first_sizes, second_sizes, least[told])
    forward, reverse = int((one_strand & ~some).sum()), int((one_strand & some).sum())
    return Evidence(least[told], weights, forward, reverse, placed, together)


def count_together(firsts: Sequence[Lying], seconds: Sequence[Lying]) -> tuple[int, int]:
    """Count the pairs of which both mates lie somewhere, and those whose mates have a transcript in common."""
    first, second = (
        np.unique(np.concatenate([(lying.read << 32) + lying.transcript for lying in mates]))
        for mates in (firsts, seconds)
    )
    placed = np.intersect1d(np.unique(first >> 32), np.unique(second >> 32), assume_unique=True)
    together = np.unique(np.intersect1d(first, second, assume_unique=True) >> 32)
    return len(placed), len(together)


def chance(first: np.ndarray, second: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the chance that both mates of some sizes hold a landmark: mates that overlap share theirs."""
    words = [np.maximum(size - WORD + 1, 0) for size in (first, second)]
    shared = np.clip(words[0] + second - lengths, 0, np.minimum(*words))
    none = 1 - 1 / ONE_IN
    return 1 - none ** words[0] - none ** words[1] + none ** (words[0] + words[1] - shared)


def facing(ahead: Lying, against: Lying, longest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs whose mates face each other on a transcript, and the length between, once a transcript."""
    keys, mates = ((lying.read << 32) + lying.transcript for lying in (ahead, against))
    key, one, other = np.intersect1d(keys, mates, assume_unique=True, return_indices=True)
    pair, length = key >> 32, against.place[other] - ahead.place[one]
    fits = (length >= longest[pair]) & (length <= LONGEST_FRAGMENT)
    return pair[fits], length[fits]


def places_of(reads: Sequence[bytes], table: np.ndarray) -> tuple[Lying, Lying]:
    """Find where reads lie that read as the transcript, and those that read against it, by the first landmark."""
    codes, starts = joined(reads)
    nothing = np.empty(0, np.int64)
    if len(codes) < WORD:
        return Lying(nothing, nothing, nothing), Lying(nothing, nothing, nothing)
    eights, strange = eights_of(codes), others_before(codes)
    begins, ends = landmark_begins()
    found = []
    for against in (False, True):
        places = np.flatnonzero(ends[eights]) + BEGIN - WORD if against else np.flatnonzero(begins[eights])
        places = whole_words(strange, places)
        words = words_at(eights, places)
        read, rows, at = first_of_reads(opposite(words, WORD) if against else words, places, starts, table)
        transcript, place = table[1, rows] >> np.uint64(32), table[1, rows] & np.uint64(0xFFFFFFFF)
        place = place.astype(np.int64) + (at + WORD if against else -at)
        found.append(Lying(read, transcript.astype(np.int64), place))
    return found[0], found[1]


def first_of_reads(
    words: np.ndarray, places: np.ndarray, starts: np.ndarray, table: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Look up words; of the first of a read that is a landmark give read, row of the table and place in the read."""
    row = np.minimum(np.searchsorted(table[0], words), max(table.shape[1] - 1, 0))
    hit = np.flatnonzero(table[0, row] == words) if table.shape[1] else np.empty(0, np.int64)
    read = np.searchsorted(starts, places[hit], "right") - 1
    first = np.diff(read, prepend=-1) > 0
    hit, read = hit[first], read[first]
    count = np.searchsorted(table[0], words[hit], "right") - row[hit]
    rows = np.arange(count.sum()) + np.repeat(row[hit] - np.cumsum(count) + count, count)
    return np.repeat(read, count), rows, np.repeat(places[hit] - starts[read], count)
