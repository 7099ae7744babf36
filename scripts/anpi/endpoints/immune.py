"""Endpoints by iRECIST beside those by RECIST 1.1: best response, response, iPFS and duration of response."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from anpi.endpoints.progression import Course, Handling, progression_free
from anpi.endpoints.rules import Rules
from anpi.endpoints.time_to_event import Outcome
from anpi.recist.best_response import Best, Scan, disease_control_day
from anpi.recist.irecist import (
    LATEST,
    Progression,
    Reading,
    as_recist,
    immune_best,
    immune_response_day,
    progression,
    up_to_confirmed,
)
from anpi.tables.clinical import study_day


def immune_scans(readings: Sequence[Reading], course: Course) -> list[Reading]:
    """Return the readings up to the first iCPD and to death: data after death count for nothing."""
    return [r for r in up_to_confirmed(readings) if course.death is None or r.day <= course.death.day]


def of_other_therapy(reading: Reading, course: Course, rules: Rules) -> bool:
    """Return whether a scan after the start of a new therapy is not credited to the trial's."""
    excluded = rules.settings["best_response"]["after_new_therapy"] == "exclude"
    return excluded and course.new_therapy is not None and reading.day > course.new_therapy.day


def best_of(readings: Sequence[Reading], course: Course, rules: Rules, confirm: bool) -> Best:
    """Return the best response: without a baseline scan NE, without target lesions no iSD."""
    used = [reading for reading in immune_scans(readings, course) if not of_other_therapy(reading, course, rules)]
    best = immune_best(used if course.baseline else [], rules.immune_confirmation, confirm)
    if confirm and best.value == "iSD" and not course.measurable:
        day = disease_control_day(as_recist(up_to_confirmed(used)), None, rules.immune_confirmation)
        best = Best("NON-iCR/NON-iUPD", day)
    return best


def pending(readings: Sequence[Reading], found: Progression, course: Course) -> bool:
    """Return whether an iUPD waits: the only one, the last evaluable scan, on treatment, cut off within 8 weeks."""
    if found.confirmed is not None or course.cutoff is None or course.death is not None:
        return False
    evaluable = [reading for reading in readings if reading.code != "NE"]
    waits = evaluable[-1].day == found.day and course.cutoff - found.day < LATEST
    return waits and course.treatment_end is None and course.new_therapy is None


def immune_outcome(
    readings: Sequence[Reading], course: Course, rules: Rules, how: Handling | None = None
) -> tuple[Outcome, str]:
    """Time the progression by iRECIST, or death, and say why in words (empty where RECIST 1.1 says the same).

    Parameters
    ----------
    how : Handling, optional
        Of intercurrent events; by default that of ``irecist.style``.
    """
    used = immune_scans(readings, course)
    # What a new therapy achieves confirms a progression at most, and takes none back.
    judged = [r for r in used if r.first is not None or not of_other_therapy(r, course, rules)]
    found = progression(judged)
    settings = rules.settings["irecist"]
    why, hidden = "", False
    if found is not None:
        why = progression_words(judged, found, course)
        if settings["pending_iupd"] == "censor" and pending(judged, found, course):
            why, hidden, found = "confirmation pending", True, None
        elif found.confirmed is None and settings["unconfirmed"] == "censor":
            why, found = "iUPD never confirmed", None
    hidden |= settings["censored_at"] == "last_without_progression"
    scans = [as_scan(reading, scan, found, hidden) for reading, scan in pairs(used, course.scans)]
    changed = replace(course, scans=scans)
    return progression_free(changed, how or rules.handling(settings["style"])), why


def pairs(readings: Sequence[Reading], scans: Sequence[Scan]) -> list[tuple[Reading, Scan]]:
    of_day = {scan.day: scan for scan in scans}
    return [(reading, of_day[reading.day]) for reading in readings if reading.day in of_day]


def as_scan(reading: Reading, scan: Scan, found: Progression | None, hidden: bool) -> Scan:
    """Turn a reading into a scan of RECIST 1.1: PD where the progression is dated; another iUPD only shows it was read.

    Parameters
    ----------
    hidden : bool
        Scans that show progression are no place to censor at.
    """
    if found is not None and reading.day == found.day:
        return scan._replace(response="PD")
    if reading.first is not None:
        return scan._replace(response="NE" if hidden else reading.code)
    return scan._replace(response=reading.code)


def progression_words(readings: Sequence[Reading], found: Progression, course: Course) -> str:
    day = study_day(found.day)
    if found.confirmed is not None:
        return f"iCPD: progression at the iUPD of day {day}, confirmed on day {study_day(found.confirmed)}"
    later = [reading for reading in readings if reading.day > found.day]
    if readings[-1].code == "iCPD":
        why = "an iCPD without an iUPD before it"
    elif any(reading.code == "iUPD" for reading in later):
        why = "iUPD in all later scans"
    elif later:
        why = "no later scan could be read"
    elif course.death is not None:
        why = f"death on day {study_day(course.death.day)} before another scan"
    else:
        why = "no later scan"
    return f"iUPD never confirmed: progression at the scan of day {day}; {why}"


def response_day(readings: Sequence[Reading], course: Course) -> int | None:
    return immune_response_day(immune_scans(readings, course))
