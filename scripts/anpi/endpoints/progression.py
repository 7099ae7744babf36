"""Progression-free survival, with the censoring of the FDA or that of the EMA.

Sources: FDA, Clinical Trial Endpoints for the Approval of Cancer Drugs and Biologics (2007, 2018), appendix 3,
and for Non-Small Cell Lung Cancer (2015), appendix C; EMA/CHMP/27994/2008 Rev.1. Neither gives a number for
"two or more missed scans": see `anpi.endpoints.schedule`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from anpi.endpoints.schedule import Schedule
from anpi.endpoints.time_to_event import Moment, Outcome, first_event
from anpi.recist.best_response import Scan
from anpi.tables.clinical import study_day


@dataclass(frozen=True)
class Course:
    """What is known of a patient up to the data cut-off; days from the reference date.

    Parameters
    ----------
    scans : sequence of Scan
        Scans on or after the reference date in order of time.
    baseline : bool
        The patient had a baseline scan.
    death, last_alive, new_therapy, withdrawal, treatment_end, clinical : Moment or None
        The day of each, when it happened; ``clinical`` is the end of treatment for clinical progression.
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
    clinical: Moment | None = None


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


@dataclass(frozen=True)
class Handling:
    """How progression-free survival takes intercurrent events (ICH E9 (R1)).

    Parameters
    ----------
    schedule : Schedule
        When scans are due, and how many may be missed before an event.
    new_therapy : str
        ``censor`` (at the last adequate scan before it), ``count`` (what follows counts) or ``event`` (is an event).
    withdrawal : str
        Of consent: ``count`` (what is known of later counts) or ``censor``.
    clinical : bool
        The end of treatment for clinical progression is an event.
    new_lesions_alone : bool
        Without a baseline scan an unequivocal new lesion is progression; else no scan counts.
    """

    schedule: Schedule
    new_therapy: str = "censor"
    withdrawal: str = "count"
    clinical: bool = False
    new_lesions_alone: bool = False


def progression_free(course: Course, handling: Handling) -> Outcome:
    """Time the first progression or death; without one, and after too many missed scans, the last adequate scan.

    Without a baseline scan a death counts when no scans were missed before it.
    """
    scans, events = adequate(course), deaths(course)
    if course.baseline or handling.new_lesions_alone:
        events += progressions(course)
    if handling.clinical and course.clinical is not None:
        events.append(course.clinical)
    ends = [course.withdrawal if handling.withdrawal == "censor" else None]
    if handling.new_therapy == "event" and course.new_therapy is not None:
        events.append(course.new_therapy._replace(rank=2))
    elif handling.new_therapy == "censor":
        ends.append(course.new_therapy)
    outcome = first_event(events, scans, [end for end in ends if end is not None])
    assert outcome is not None
    if not outcome.event:
        return explained(outcome, course)
    until = outcome.day - 1 if outcome.moment.code == "PD" else outcome.day
    last = [scan for scan in scans if scan.day <= until or scan is REFERENCE][-1]
    if outcome.day - last.day > handling.schedule.longest_gap(last.day):
        return Outcome(last.day, False, last, missed(course, last.day, outcome, handling.schedule))
    return outcome


def missed(course: Course, last: int, outcome: Outcome, schedule: Schedule) -> Moment:
    """Name what lies between the last adequate scan and an event: scans that were missed, or made and not evaluable."""
    unread = [scan.day for scan in course.scans if scan.response in NOT_ADEQUATE and last < scan.day <= outcome.day]
    made = [last, *unread, outcome.day]
    gap = any(day - before > schedule.longest_gap(before) for before, day in pairwise(made))
    told = f"{len(unread)} scan(s) that could not be evaluated (day {', '.join(str(study_day(day)) for day in unread)})"
    lost = f"{schedule.missed} or more missed scans"
    cause = lost if not unread else f"{lost}, beside {told}" if gap else f"{told}, none missed"
    return Moment(outcome.day, "missed scans", outcome.moment.source, cause=cause)


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
