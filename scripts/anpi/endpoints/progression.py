"""Progression-free survival, with the censoring of the FDA or that of the EMA.

Sources: FDA, Clinical Trial Endpoints for the Approval of Cancer Drugs and Biologics (2007, 2018), appendix 3,
and for Non-Small Cell Lung Cancer (2015), appendix C; EMA/CHMP/27994/2008 Rev.1. Neither gives a number for
"two or more missed scans": here a gap longer than two intervals with their windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from anpi.endpoints.time_to_event import Moment, Outcome
from anpi.recist.best_response import Scan


@dataclass(frozen=True)
class Course:
    """What is known of a patient up to the data cut-off; days from the reference date.

    Parameters
    ----------
    scans : sequence of Scan
        Scans on or after the reference date in order of time.
    baseline : bool
        The patient had a baseline scan.
    death, last_alive, new_therapy, withdrawal : Moment or None
        The day of each, when it happened.
    cutoff : int or None
        Day of the data cut-off.
    measurable : bool
        There are target lesions, as far as is known; without them there is no stable disease.
    """

    scans: Sequence[Scan]
    baseline: bool = True
    death: Moment | None = None
    last_alive: Moment | None = None
    new_therapy: Moment | None = None
    withdrawal: Moment | None = None
    cutoff: int | None = None
    measurable: bool = True


REFERENCE = Moment(0, "reference")


def progression_event(course: Course) -> Moment | None:
    """Give the first PD or death; on one day the PD counts. Without a baseline scan only a new lesion is PD."""
    scan = next(
        (s for s in course.scans if s.response == "PD" and (course.baseline or s.new_lesion == "Y")),
        None,
    )
    if scan is not None and (course.death is None or scan.day <= course.death.day):
        return Moment(scan.day, "PD", scan.source)
    return course.death


def last_evaluable(course: Course, until: int | None = None) -> Moment:
    """Give the last scan with a response other than NE, up to a day; the reference date when there is none."""
    if course.baseline:
        for scan in reversed(course.scans):
            if scan.response not in (None, "NE", "ND") and (until is None or scan.day <= until):
                return Moment(scan.day, "last adequate scan", scan.source)
    return REFERENCE


def pfs_ema(course: Course) -> Outcome:
    """Count every progression and death when it happened, whatever scans were missed or therapies begun."""
    event = progression_event(course)
    if event is not None:
        return Outcome(event.day, True, event)
    return censored(course, last_evaluable(course), None)


def pfs_fda(course: Course, longest_gap: float, end_at_withdrawal: bool = False) -> Outcome:
    """Censor at the last adequate scan before a new therapy or two missed scans.

    Parameters
    ----------
    longest_gap : float
        Most days from the last adequate scan (or the reference date) to an event that counts.
    end_at_withdrawal : bool
        What happens after the withdrawal of consent does not count.
    """
    event = progression_event(course)
    ends = [course.new_therapy, course.withdrawal if end_at_withdrawal else None]
    end = min((end for end in ends if end is not None), key=lambda end: end.day, default=None)
    if not course.baseline and (event is None or event.code == "PD"):
        event = course.death
    if end is not None and (event is None or event.day > end.day):
        return Outcome(*censoring(last_evaluable(course, end.day)), end)
    if event is None:
        return censored(course, last_evaluable(course), None)
    last = last_evaluable(course, event.day if event.code == "death" else event.day - 1)
    if event.day - last.day > longest_gap:
        return Outcome(*censoring(last), Moment(event.day, "missed scans", event.source))
    return Outcome(event.day, True, event)


def censoring(last: Moment) -> tuple[int, bool, Moment]:
    return last.day, False, last


def censored(course: Course, last: Moment, end: Moment | None) -> Outcome:
    """Censor at the last evaluable scan, naming why nothing later is known."""
    if not course.baseline:
        end = Moment(0, "no baseline")
    elif last is REFERENCE:
        end = Moment(0, "no post-baseline")
    elif course.withdrawal is not None:
        end = Moment(course.withdrawal.day, "withdrawal", course.withdrawal.source)
    elif course.cutoff is not None:
        end = Moment(course.cutoff, "cut-off")
    return Outcome(*censoring(last), end)
