"""Progression-free survival, with the censoring of the FDA or that of the EMA.

Sources: FDA, Clinical Trial Endpoints for the Approval of Cancer Drugs and Biologics (2007, 2018), appendix 3,
and for Non-Small Cell Lung Cancer (2015), appendix C; EMA/CHMP/27994/2008 Rev.1. Neither gives a number for
"two or more missed scans": here a gap longer than two intervals with their windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from anpi.endpoints.time_to_event import Moment, Outcome, first_event
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
    death, last_alive, new_therapy, withdrawal, treatment_end : Moment or None
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
    treatment_end: Moment | None = None


REFERENCE = Moment(0, "reference")
NOT_ADEQUATE = (None, "NE", "ND")


def progressions(course: Course) -> list[Moment]:
    """Return the scans with PD; without a baseline scan only those with an unequivocal new lesion."""
    return [
        Moment(scan.day, "PD", scan.source, cause=scan.cause)
        for scan in course.scans
        if scan.response == "PD" and (course.baseline or scan.new_lesion == "Y")
    ]


def deaths(course: Course) -> list[Moment]:
    """Return the death, which yields to a progression of the same day."""
    return [] if course.death is None else [course.death._replace(rank=1)]


def adequate(course: Course) -> list[Moment]:
    """Return where a time may be censored: the reference date and the scans with a response other than NE."""
    if not course.baseline:
        return [REFERENCE]
    scans = [scan for scan in course.scans if scan.response not in NOT_ADEQUATE]
    return [REFERENCE, *(Moment(scan.day, "last adequate scan", scan.source) for scan in scans)]


def pfs_ema(course: Course) -> Outcome:
    """Count every progression and death when it happened, whatever scans were missed or therapies begun."""
    outcome = first_event([*progressions(course), *deaths(course)], adequate(course))
    assert outcome is not None
    return explained(outcome, course)


def pfs_fda(course: Course, longest_gap: float, end_at_withdrawal: bool = False) -> Outcome:
    """Censor at the last adequate scan before a new therapy or two missed scans.

    Without a baseline scan no scan counts, and a death does when no two scans were missed before it.

    Parameters
    ----------
    longest_gap : float
        Most days from the last adequate scan (or the reference date) to an event that counts.
    end_at_withdrawal : bool
        What happens after the withdrawal of consent does not count.
    """
    scans = adequate(course)
    events = [*(progressions(course) if course.baseline else ()), *deaths(course)]
    ends = [course.new_therapy, course.withdrawal if end_at_withdrawal else None]
    outcome = first_event(events, scans, [end for end in ends if end is not None])
    assert outcome is not None
    if not outcome.event:
        return explained(outcome, course)
    until = outcome.day - 1 if outcome.moment.code == "PD" else outcome.day
    last = [scan for scan in scans if scan.day <= until or scan is REFERENCE][-1]
    if outcome.day - last.day > longest_gap:
        return Outcome(last.day, False, last, Moment(outcome.day, "missed scans", outcome.moment.source))
    return outcome


def explained(outcome: Outcome, course: Course) -> Outcome:
    """Name why nothing later is known of a time that was censored for no other reason."""
    if outcome.event or outcome.end is not None:
        return outcome
    if not course.baseline:
        return outcome._replace(end=Moment(0, "no baseline"))
    if outcome.moment is REFERENCE:
        return outcome._replace(end=Moment(0, "no post-baseline"))
    if course.withdrawal is not None:
        return outcome._replace(end=course.withdrawal)
    if course.cutoff is not None:
        return outcome._replace(end=Moment(course.cutoff, "cut-off"))
    return outcome
