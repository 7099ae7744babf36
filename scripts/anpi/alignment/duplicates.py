"""Fragments of one place: how many are copies, how large the library is, and whether copies stand in weak genes too.

A place is 5' end, strand and length of a fragment. Memory is bounded: of the places those with a low digest are
counted, with all their fragments, and the bound halves when they become too many (distinct sampling; Gibbons 2001,
VLDB 27:541). What is left is an even draw of all places.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from anpi.files.rows import Document
from anpi.reads.fastq import mix

MOST_PLACES = 1 << 20
LEAST_FRAGMENTS = 1000
# Fragments a kilobase of exon, below which two fragments of one place by chance are rare.
WEAK = 10.0


@dataclass
class Places:
    """Places of fragments that were seen, with the number of fragments and the locus (a stretch of genes) of each."""

    keys: np.ndarray = field(default_factory=lambda: np.empty(0, np.uint64))
    counts: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    loci: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    total: int = 0
    level: int = 0
    waiting: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)

    def add(self, position: np.ndarray, reverse: np.ndarray, template: np.ndarray, loci: np.ndarray) -> None:
        """Enter fragments.

        Parameters
        ----------
        position : numpy.ndarray
            5' end on the genome (see `anpi.alignment.intervals`).
        reverse, template : numpy.ndarray
            Strand, and distance of the mates (0 of single reads).
        loci : numpy.ndarray
            Number of the stretch of genes, -1 outside.
        """
        self.total += len(position)
        keys = mix(mix(position.astype(np.uint64)) ^ (2 * template + reverse).astype(np.uint64))
        chosen = self.drawn(keys)
        self.waiting.append((keys[chosen], loci[chosen]))
        if sum(len(keys) for keys, _ in self.waiting) > max(MOST_PLACES, len(self.keys)):
            self.merge()

    def drawn(self, keys: np.ndarray) -> np.ndarray:
        """Return which places the bound of now lets in."""
        return keys >> np.uint64(64 - self.level) == 0 if self.level else np.ones(len(keys), bool)

    def merge(self) -> None:
        """Sum what was entered by place, and halve the places while they are too many."""
        keys = np.concatenate([self.keys, *(keys for keys, _ in self.waiting)])
        loci = np.concatenate([self.loci, *(loci for _, loci in self.waiting)])
        counts = np.concatenate([self.counts, *(np.ones(len(keys), np.int64) for keys, _ in self.waiting)])
        self.waiting = []
        order = np.argsort(keys, kind="stable")
        keys, loci, counts = keys[order], loci[order], counts[order]
        first = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])[: len(keys)])
        self.keys, self.loci = keys[first], loci[first]
        self.counts = np.add.reduceat(counts, first) if len(first) else counts
        while len(self.keys) > MOST_PLACES:
            self.level += 1
            kept = self.drawn(self.keys)
            self.keys, self.loci, self.counts = self.keys[kept], self.loci[kept], self.counts[kept]

    def facts(self, exonic: np.ndarray | None) -> Document:
        """State what the places tell; None for fewer than 1,000 fragments.

        Parameters
        ----------
        exonic : numpy.ndarray or None
            Bases of exon of each locus; None without an annotation.
        """
        self.merge()
        seen, distinct = int(self.counts.sum()), len(self.keys)
        facts: Document = dict.fromkeys(("place_duplicate_rate", "weak_gene_duplicate_rate", "library_fragments"))
        if self.total < LEAST_FRAGMENTS or not distinct:
            return facts
        share = distinct / seen
        facts["place_duplicate_rate"] = round(100 * (1 - share), 2)
        facts["library_fragments"] = library_size(self.total, share * self.total)
        if exonic is not None:
            facts["weak_gene_duplicate_rate"] = self.of_weak_genes(exonic)
        return facts

    def of_weak_genes(self, exonic: np.ndarray) -> float | None:
        """Return the percentage of copies among the fragments of weak loci."""
        inside = self.loci >= 0
        loci, counts = self.loci[inside], self.counts[inside]
        fragments = np.bincount(loci, counts, minlength=len(exonic))
        places = np.bincount(loci, minlength=len(exonic))
        weak = (fragments > 0) & (fragments * 2**self.level < WEAK * exonic / 1000)
        seen = fragments[weak].sum()
        return round(100 * (1 - places[weak].sum() / seen), 2) if seen >= LEAST_FRAGMENTS else None


def library_size(fragments: int, distinct: float) -> float | None:
    """Estimate the distinct fragments of a library, of which those sequenced are a random draw.

    Solves ``distinct = size * (1 - exp(-fragments / size))`` (Lander & Waterman 1988, 10.1016/0888-7543(88)90007-9; as
    Picard's EstimateLibraryComplexity does), to three digits; None when there are no copies.
    """
    if distinct >= fragments:
        return None
    low, high = distinct, distinct
    while expected(high, fragments) < distinct:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if expected(middle, fragments) < distinct else (low, middle)
    return float(f"{high:.3g}")


def expected(size: float, fragments: int) -> float:
    """Return how many of ``size`` fragments a draw of ``fragments`` is expected to show."""
    return -size * math.expm1(-fragments / size)
