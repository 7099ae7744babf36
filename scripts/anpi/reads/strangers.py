"""Reads of others than the tumour's genes: of ribosomes and mitochondria, of another species, of a virus.

The drawn reads are held against a small set of contigs by words of 31 bases that are exactly theirs: no aligner, and
sequencing errors cost a few words of a read. A word that contigs of two classes have tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from anpi.expression.contigs import read_contigs
from anpi.reads.fastq import Hashed, is_gzip, read_chunks, whole_records

WORD = 31
LEAST_WORDS = 5
BLOCK = 4096
CODE = np.full(256, 4, np.uint8)
CODE[np.frombuffer(b"ACGTUacgtu", np.uint8)] = [0, 1, 2, 3, 3] * 2


def words_of(bases: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Return the words of a sequence as numbers, each as the lesser of both strands, and where they begin.

    Words with another letter than A, C, G, T and U are left out.
    """
    codes = CODE[np.frombuffer(bases, np.uint8)]
    count = max(len(codes) - WORD + 1, 0)
    words, opposite = np.zeros(count, np.uint64), np.zeros(count, np.uint64)
    # Parts of 1, 2, 4, 8 and 16 letters, each made of two halves; a word of 31 is one of each, the longest first.
    parts = (codes & 3).astype(np.uint64)
    opposites, size, behind = 3 - parts, 1, 0
    while size <= WORD and count:
        place, twice = np.uint64(2 * behind), np.uint64(2 * size)
        first = WORD - behind - size
        words |= parts[first : first + count] << place
        opposite |= opposites[first : first + count] << np.uint64(2 * first)
        parts, opposites = (parts[:-size] << twice) | parts[size:], opposites[:-size] | (opposites[size:] << twice)
        behind, size = behind + size, 2 * size
    strange = np.concatenate([[0], np.cumsum(codes > 3)])
    places = np.flatnonzero(strange[WORD:][:count] == strange[:count])
    return np.minimum(words, opposite)[places], places


def words_by_class(contigs: Mapping[str, Sequence[bytes]]) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return the words that one class alone has, sorted, the class of each by number, and the classes."""
    classes = sorted(contigs)
    sets = [np.unique(np.concatenate([words_of(bases)[0] for bases in contigs[name]])) for name in classes]
    words = np.concatenate(sets)
    owner = np.repeat(np.arange(len(sets)), [len(found) for found in sets])
    order = np.argsort(words, kind="stable")
    words, owner = words[order], owner[order]
    same = words[1:] == words[:-1]
    alone = ~(np.append(False, same) | np.append(same, False))
    return words[alone], owner[alone], classes


def count_strangers(files: Sequence[tuple[Path, Path | None]], contigs: Path) -> dict[str, int]:
    """Count the drawn fragments of each class of contigs.

    A fragment is of the class that most of its words are of, when these are 5 or more.

    Parameters
    ----------
    files : sequence of (first, second or None)
        FASTQ, gzipped or not; mates stand at the same place.
    contigs : Path
        See `read_contigs`.

    Returns
    -------
    dict
        Fragments by class, of every class of the contigs, and ``fragments``: all of them.
    """
    words, owner, classes = words_by_class(read_contigs(contigs))
    counts = np.zeros(len(classes), np.int64)
    total = 0
    for mates in files:
        fragments = map(b"N".join, zip(*(sequences_of(mate) for mate in mates if mate), strict=True))
        while block := list(islice(fragments, BLOCK)):
            total += len(block)
            found = class_of(block, words, owner, len(classes))
            counts += np.bincount(found[found >= 0], minlength=len(classes))
    return {**dict(zip(classes, counts.tolist(), strict=True)), "fragments": total}


def class_of(fragments: Sequence[bytes], words: np.ndarray, owner: np.ndarray, classes: int) -> np.ndarray:
    """Return the number of the class that each fragment is of; -1 of none, or of two alike."""
    own, places = words_of(b"N".join(fragments))
    starts = np.cumsum([0] + [len(fragment) + 1 for fragment in fragments])
    if len(words):
        at = np.minimum(np.searchsorted(words, own), len(words) - 1)
        hit = words[at] == own
        fragment = np.searchsorted(starts, places[hit], "right") - 1
        hits = np.bincount(fragment * classes + owner[at[hit]], minlength=len(fragments) * classes)
    else:
        hits = np.zeros(len(fragments) * classes, np.int64)
    hits = hits.reshape(len(fragments), classes)
    most = hits.max(axis=1, keepdims=True)
    clear = (most[:, 0] >= LEAST_WORDS) & ((hits == most).sum(axis=1) == 1)
    return np.where(clear, hits.argmax(axis=1), -1)


def sequences_of(path: Path) -> Iterator[bytes]:
    """Iterate over the bases of the reads of a FASTQ file."""
    with Hashed(path) as file:
        for data, newlines in whole_records(read_chunks(file, is_gzip(path))):
            yield from data.replace(b"\r", b"").split(b"\n")[1 : len(newlines) // 4 * 4 : 4]
