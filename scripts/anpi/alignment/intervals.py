"""Sets of intervals on a genome as sorted arrays.

A position is one whole number, ``contig << 32 | base`` (bases from 0), so that one sorted array holds a genome.
Intervals are half open. All functions take and give unions: sorted, disjoint intervals.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

SHIFT = 32


class Intervals(NamedTuple):
    """Sorted, disjoint, half-open intervals."""

    starts: np.ndarray
    ends: np.ndarray


def union(starts: np.ndarray, ends: np.ndarray) -> Intervals:
    """Merge intervals that overlap or touch."""
    starts, ends = np.asarray(starts, np.int64), np.asarray(ends, np.int64)
    if not len(starts):
        return Intervals(starts, ends)
    order = np.argsort(starts, kind="stable")
    starts, ends = starts[order], np.maximum.accumulate(ends[order])
    first = np.append(True, starts[1:] > ends[:-1])
    return Intervals(starts[first], ends[np.append(first[1:], True)])


def subtract(whole: Intervals, part: Intervals) -> Intervals:
    """Return what of ``whole`` does not lie in ``part``."""
    points = np.concatenate([*whole, *part])
    n, m = len(whole.starts), len(part.starts)
    in_whole = np.repeat([1, -1, 0], [n, n, 2 * m])
    in_part = np.repeat([0, 1, -1], [2 * n, m, m])
    order = np.argsort(points, kind="stable")
    points = points[order]
    wanted = (np.cumsum(in_whole[order]) > 0) & (np.cumsum(in_part[order]) == 0)
    wanted[:-1] &= points[1:] > points[:-1]
    chosen = np.flatnonzero(wanted)
    return union(points[chosen], points[chosen + 1])


def index_of(points: np.ndarray, intervals: Intervals) -> np.ndarray:
    """Return for each point the number of the interval that holds it, or -1."""
    index = np.searchsorted(intervals.starts, points, "right") - 1
    if not len(intervals.starts):
        return index
    return np.where((index >= 0) & (points < intervals.ends[index]), index, -1)


def inside(points: np.ndarray, intervals: Intervals) -> np.ndarray:
    """Return for each point whether an interval holds it."""
    return index_of(points, intervals) >= 0


def overlaps(starts: np.ndarray, ends: np.ndarray, intervals: Intervals) -> np.ndarray:
    """Return for each span whether it shares a base with an interval."""
    return np.searchsorted(intervals.starts, ends, "left") > np.searchsorted(intervals.ends, starts, "right")
