"""When scans are due, and how long a gap means that too many were missed."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """The protocol's scans: every so many days, and from a day on at other intervals.

    Parameters
    ----------
    interval_days : int
        Days between scans from the reference date on.
    window_days : int
        How much earlier or later a scan may be.
    missed : int or None
        How many scans in a row may not be missed before an event; None when any number may.
    later : tuple of (int, int)
        Days from the reference date from which on scans have another interval, and that interval.
    """

    interval_days: int
    window_days: int
    missed: int | None
    later: tuple[tuple[int, int], ...] = ()

    def after(self, day: int) -> int:
        """Return the day of the scan that is due after one that was due on ``day``."""
        return day + ([self.interval_days] + [interval for start, interval in sorted(self.later) if start <= day])[-1]

    def due(self, day: int) -> int:
        """Return the due day that a scan of ``day`` stands for: the nearest, of two as near the later one."""
        found = 0
        while (following := self.after(found)) - day <= day - found:
            found = following
        return found

    def longest_gap(self, last: int) -> float:
        """Return the most days from an adequate scan to an event that counts: ``missed`` intervals with their windows.

        The intervals are those that follow the due day which the scan stands for, so that a scan that is not due until
        later was not missed.
        """
        if self.missed is None:
            return math.inf
        day = start = self.due(last)
        for _ in range(self.missed):
            day = self.after(day)
        return day - start + self.missed * self.window_days
