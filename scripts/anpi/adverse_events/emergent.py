"""Which adverse events are treatment-emergent.

The cases and their order are those of ``derive_var_trtemfl`` of the R package admiral and of the PHUSE white
paper on treatment-emergent adverse events (WP-087). Times are in days on any one scale; fractions are times
of day.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Treatment:
    """First and last dose of a patient, and how long after it an event still counts.

    Parameters
    ----------
    first, last : float or None
        Days; None when not treated, or still on treatment.
    window_days : int or None
        Days after the last dose; None for no end.
    whole_days : bool
        The window ends with the day, whatever the hour of the last dose.
    """

    first: float | None
    last: float | None = None
    window_days: int | None = None
    whole_days: bool = True

    def covers(self, start: float) -> bool:
        """Return whether an event that starts then starts on treatment."""
        if self.first is None or start < self.first:
            return False
        if self.window_days is None or self.last is None:
            return True
        if self.whole_days:
            return math.floor(start) <= math.floor(self.last) + self.window_days
        return start <= self.last + self.window_days


@dataclass(frozen=True)
class Event:
    """One row of adverse_events.csv; None for what is not known."""

    start: float | None
    end: float | None = None
    grade: int | None = None
    initial_grade: int | None = None


def is_emergent(event: Event, treatment: Treatment, worsening: bool = False) -> bool:
    """Return whether one event is treatment-emergent.

    Parameters
    ----------
    worsening : bool
        An event from before treatment counts when its grade is higher than its initial grade.
    """
    settled = without_start(event, treatment)
    if settled is not None:
        return settled
    assert event.start is not None
    assert treatment.first is not None
    if event.start >= treatment.first:
        return treatment.covers(event.start)
    return worsening and rises(event.initial_grade, event.grade)


def without_start(event: Event, treatment: Treatment) -> bool | None:
    """Decide the cases that need no start date: not treated, over before treatment, start not known."""
    if treatment.first is None:
        return False
    if event.end is not None and event.end < treatment.first:
        return False
    return True if event.start is None else None


def rises(before: int | None, after: int | None) -> bool:
    return before is not None and after is not None and after > before


def emergent_in_group(events: Sequence[Event], treatment: Treatment) -> list[bool]:
    """Return which rows of one event, whose grade changed from row to row, are treatment-emergent.

    A row on treatment counts when it is the first of the event, when its grade is higher than that of the row
    before, or when the row before counts.

    Returns
    -------
    list of bool
        In the order of ``events``.
    """
    flags: list[bool] = [False] * len(events)
    dated = []
    for place, event in enumerate(events):
        settled = without_start(event, treatment)
        if event.start is not None:
            dated.append((event.start, place, settled))
        elif settled is not None:
            flags[place] = settled
    before: int | None = None
    for start, place, settled in sorted(dated):
        event = events[place]
        if settled is None and treatment.covers(start):
            first = before is None
            flags[place] = (
                first or (before is not None and flags[before]) or rises(grade_of(events, before), event.grade)
            )
        before = place
    return flags


def grade_of(events: Sequence[Event], place: int | None) -> int | None:
    return None if place is None else events[place].grade
