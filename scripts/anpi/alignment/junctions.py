"""Splice junctions of a library: which, how often, known or novel, and whether more reads would show more."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

LEAST_INTRON = 50
STEPS = 10
BUCKETS = 256
MERGE_AT = 1 << 18


@dataclass
class Junctions:
    """Distinct introns with the number of reads over each and the first step of depth that shows it.

    Memory grows with the distinct introns, not with the reads.
    """

    starts: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    ends: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    reads: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    step: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    waiting: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = field(default_factory=list)

    def add(self, starts: np.ndarray, ends: np.ndarray, bucket: np.ndarray) -> None:
        """Enter introns (start and end in positions), each of a read whose name falls into ``bucket``."""
        kept = ends - starts >= LEAST_INTRON
        step = bucket[kept].astype(np.int64) * STEPS // BUCKETS
        self.waiting.append((starts[kept], ends[kept], np.ones(len(step), np.int64), step))
        if sum(len(rows[0]) for rows in self.waiting) > max(MERGE_AT, len(self.starts)):
            self.merge()

    def merge(self) -> None:
        """Sum what was entered by intron."""
        held = (self.starts, self.ends, self.reads, self.step)
        starts, ends, reads, step = map(np.concatenate, zip(held, *self.waiting, strict=True))
        self.waiting = []
        if not len(starts):
            return
        order = np.lexsort((ends, starts))
        starts, ends, reads, step = starts[order], ends[order], reads[order], step[order]
        first = np.flatnonzero(np.append(True, (starts[1:] != starts[:-1]) | (ends[1:] != ends[:-1])))
        self.starts, self.ends = starts[first], ends[first]
        self.reads, self.step = np.add.reduceat(reads, first), np.minimum.reduceat(step, first)

    def found_by_step(self, chosen: np.ndarray) -> list[int]:
        """Count the chosen introns that 10, 20 … 100% of the fragments show."""
        return [int(count) for count in np.cumsum(np.bincount(self.step[chosen], minlength=STEPS))]


def are_among(values: np.ndarray, sites: np.ndarray) -> np.ndarray:
    """Return which values are among the sorted ``sites``."""
    if not len(sites):
        return np.zeros(len(values), bool)
    place = np.minimum(np.searchsorted(sites, values), len(sites) - 1)
    return sites[place] == values
