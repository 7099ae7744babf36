"""Endpoints of every patient, each with its reason."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from anpi.endpoints.immune import best_of, immune_outcome
from anpi.endpoints.immune import response_day as immune_response_day
from anpi.endpoints.observations import Observations
from anpi.endpoints.populations import RANDOMISED_LATER, TREATED_LATER, population_columns
from anpi.endpoints.progression import NOT_ADEQUATE, Course, progression_free
from anpi.endpoints.rules import Rules
from anpi.endpoints.time_to_event import Moment, Outcome, first_event
from anpi.files.rows import Row
from anpi.recist.best_response import (
    BENEFIT,
    Best,
    ResponseRules,
    Scan,
    best_response,
    confirmed_best_response,
    confirmed_response_day,
    confirming_day,
    disease_control_day,
    response_day,
    until_progression,
)
from anpi.recist.irecist import Reading
from anpi.tables.clinical import Clinical, study_day
from anpi.trial.endpoints import AS_SUPPLIED, ENDPOINTS, SUPPLIED_RESPONSES, SUPPLIED_TIMES

SUPPLIED = (*SUPPLIED_RESPONSES, *(f"{name}_{part}" for name in SUPPLIED_TIMES for part in ("days", "event")))
# Endpoints and what stands beside them whose days are whole numbers.
COUNTED = (*(one.name for one in ENDPOINTS if one.kind != "binary"), "ttr", "follow_up")


@dataclass(frozen=True)
class PatientView:
    """What is known of a patient.

    Parameters
    ----------
    patient : mapping
        The row of patients.csv.
    course : Course or None
        What was observed; ``missing`` says why there is none.
    scanned, followed : bool
        The trial has assessments or lesions; it says of somebody that he or she died or was alive on a day.
    vital_status : bool
        It says so of this patient.
    """

    patient: Mapping[str, Any]
    course: Course | None
    missing: str | None
    scanned: bool
    followed: bool
    vital_status: bool


def derive_endpoints(clinical: Clinical, seen: Observations, rules: Rules) -> pd.DataFrame:
    """Derive the endpoints of every patient of patients.csv.

    Returns
    -------
    DataFrame
        One row a patient in the order of their ids, with the columns of ``endpoints.tsv``: ``bor``, ``cbor``,
        ``response``, ``disease_control``, times with ``*_days``, ``*_event`` (1 = event), ``*_date``, ``*_source``
        and ``*_reason``, the variants ``*_<style>``, ``*_unconfirmed`` and ``*_strict``, and those by
        iRECIST: ``ibor``, ``icbor``, ``iresponse``, ``ipfs_*``, ``idor_*``.
    """
    scanned = clinical.assessments is not None or clinical.lesions is not None
    vital = clinical.patients[[c for c in clinical.patients if c.startswith(("death_", "last_alive_"))]].notna()
    rows = []
    for patient, told in zip(clinical.patients.to_dict("records"), vital.any(axis=1), strict=True):
        missing = seen.facts.at[patient["patient_id"], "no_reference"]
        if missing in (TREATED_LATER, RANDOMISED_LATER):  # what the sponsor decided of such a patient is later too
            patient |= dict.fromkeys(SUPPLIED)
        course = seen.courses.get(patient["patient_id"])
        view = PatientView(patient, course, missing, scanned, bool(vital.any(axis=None)), bool(told))
        row: Row = {"patient_id": patient["patient_id"], "arm": patient["arm"]}
        row |= response_columns(view, rules) | survival_columns(view, rules)
        rows.append(row | immune_columns(view, seen.immune.get(patient["patient_id"], []), rules))
    endpoints = pd.DataFrame(rows).sort_values("patient_id", kind="stable").reset_index(drop=True)
    populations = population_columns(endpoints, seen.facts)
    endpoints = pd.concat([endpoints.iloc[:, :2], populations, endpoints.iloc[:, 2:]], axis=1)
    return typed(add_dates(endpoints, seen))


def response_columns(view: PatientView, rules: Rules) -> Row:
    """Return best responses, response and disease control, in every variant, and whether the patient is evaluable."""
    told, course = view.patient["bor"], view.course
    if course is None or not view.scanned:
        if told is not None and not pd.isna(told):
            reason = AS_SUPPLIED
            row = response_values(Best(told, None), Best(told, None), reason)
            evaluable = "no" if told == "NE" else "yes"
            return row | {"response_evaluable": evaluable, "response_evaluable_reason": reason} | variants(row, row)
        reason = view.missing or "no assessments were given"
        row = response_values(None, None, reason)
        return row | {"response_evaluable": "no", "response_evaluable_reason": reason} | variants(row, row)
    scans = counted_scans(course, rules)
    best = best_response(scans, rules.confirmation)
    confirmed, strictly = (
        without_stable(confirmed_best_response(scans, confirmation), course, scans, confirmation)
        for confirmation in (rules.confirmation, rules.strict_confirmation)
    )
    main = response_values(best, confirmed, response_reason(course, scans))
    strict = response_values(best, strictly, "")
    loose = response_values(best, best, "")
    evaluable, why = evaluability(course, scans)
    return main | {"response_evaluable": evaluable, "response_evaluable_reason": why} | variants(loose, strict)


def without_stable(best: Best, course: Course, scans: Sequence[Scan], rules: ResponseRules) -> Best:
    """Call SD what it is without target lesions: NON-CR/NON-PD (RECIST 1.1, table 2), from the first scan with it."""
    if best.value != "SD" or course.measurable:
        return best
    return Best("NON-CR/NON-PD", disease_control_day(scans, None, rules))


def counted_scans(course: Course, rules: Rules) -> list[Scan]:
    """Return the scans that best response is made of: to the first progression, and to a new therapy if so ruled."""
    scans = until_progression(course.scans)
    if rules.settings["best_response"]["after_new_therapy"] == "exclude" and course.new_therapy is not None:
        scans = [scan for scan in scans if scan.day <= course.new_therapy.day]
    return scans


def response_values(best: Best | None, confirmed: Best | None, reason: str) -> Row:
    """Put best responses into columns; all are missing where nothing is known."""
    value, strict = (None if one is None else one.value.replace("MISSING", "NE") for one in (best, confirmed))
    return {
        "bor": value,
        "bor_day": day_of(best),
        "cbor": strict,
        "cbor_day": day_of(confirmed),
        "response": is_among(strict, ("CR", "PR")),
        "disease_control": is_among(strict, BENEFIT),
        "bor_reason": reason,
    }


def day_of(best: Best | None) -> int | None:
    return None if best is None or best.day is None else study_day(best.day)


def is_among(value: str | None, responses: Collection[str]) -> str | None:
    """Return Y or N; a patient without any assessment is NE and so N, None where nothing is known."""
    return None if value is None else "Y" if value in responses else "N"


def variants(loose: Mapping[str, Any], strict: Mapping[str, Any]) -> Row:
    return {
        "response_unconfirmed": loose["response"],
        "disease_control_unconfirmed": loose["disease_control"],
        "cbor_strict": strict["cbor"],
        "response_strict": strict["response"],
        "disease_control_strict": strict["disease_control"],
    }


def response_reason(course: Course, scans: Sequence[Scan]) -> str:
    if not course.scans:
        return "no post-baseline assessment"
    if not scans:
        return "no assessment before the new therapy"
    if not course.baseline and all(scan.response in NOT_ADEQUATE for scan in scans):
        return "no baseline scan: no response can be judged"
    text = f"{len(scans)} scan(s), days {study_day(scans[0].day)} to {study_day(scans[-1].day)}"
    if scans[-1].response == "PD":
        return f"{text}, the last with progression"
    if len(scans) < len(until_progression(course.scans)):
        return f"{text}; later ones follow a new therapy"
    return text


def evaluability(course: Course, scans: Sequence[Scan]) -> tuple[str, str]:
    """Return whether a patient is response-evaluable: a baseline and a later scan with a response other than NE."""
    if not course.baseline:
        return "no", "no baseline scan"
    if any(scan.response not in (None, "NE", "ND") for scan in scans):
        return "yes", "baseline and at least one evaluable scan after it"
    if not course.scans:
        if course.death is not None:
            return "no", f"died on day {study_day(course.death.day)} before any scan"
        return "no", "no post-baseline assessment"
    return "no", "no evaluable scan after baseline" + (" before the new therapy" if not scans else "")


def survival_columns(view: PatientView, rules: Rules) -> Row:
    """Return PFS, OS, DoR, TTR and follow-up, in every style of censoring."""
    row: Row = {}
    outcomes = {}
    course = view.course
    for style, suffix in rules.styles.items():
        if course is not None and view.scanned:
            outcomes[suffix] = progression_free(course, rules.handling(style))
            row |= time_columns("pfs", suffix, outcomes[suffix], 0, course)
        else:
            row |= supplied_columns("pfs", suffix, view, "no assessments were given")
    row |= overall_survival(view)
    row |= duration_columns(view, outcomes, rules)
    event = row["os_event"]
    row |= {
        "follow_up_days": row["os_days"],
        "follow_up_event": None if event is None else int(not event),
        "follow_up_reason": None
        if event is None
        else ("cut short by death" if event else f"followed until {row['os_reason']}"),
    }
    return row


def overall_survival(view: PatientView) -> Row:
    course = view.course
    only_supplied = not view.vital_status and not pd.isna(view.patient["os_days"])
    if course is None or not view.followed or only_supplied:
        return supplied_columns("os", "", view, "neither death_date nor last_alive_date is given")
    return time_columns("os", "", survival(course), 0, course)


def survival(course: Course) -> Outcome:
    """Time death; without it, the last day known alive, else the reference date. New therapy never censors."""
    censorings = [Moment(0, "reference")] + ([course.last_alive] if course.last_alive else [])
    outcome = first_event([course.death] if course.death else [], censorings)
    assert outcome is not None
    return outcome


def duration_columns(view: PatientView, outcomes: Mapping[str, Outcome], rules: Rules) -> Row:
    """Return duration of response and time to response; nothing for those without a response."""
    course = view.course
    why = view.missing or ("no response" if outcomes else "no assessments were given")
    row: Row = {}
    for suffix in (*rules.styles.values(), "_unconfirmed"):
        row |= empty_time("dor", suffix, why)
    row |= dict.fromkeys(("ttr_days", "ttr_days_unconfirmed", "response_confirmed_days"))
    if course is None or not outcomes:
        return row
    scans = counted_scans(course, rules)
    confirmed, loose = confirmed_response_day(scans, rules.confirmation), response_day(scans)
    confirming = confirming_day(scans, rules.confirmation)
    if confirmed is not None and confirming is not None:
        row["ttr_days"] = confirmed + 1
        row["response_confirmed_days"] = confirming + 1
        during = in_response(course, confirmed)
        for style, suffix in rules.styles.items():
            row |= time_columns("dor", suffix, progression_free(during, rules.handling(style)), confirmed, course)
    if loose is not None:
        row["ttr_days_unconfirmed"] = loose + 1
        outcome = progression_free(in_response(course, loose), rules.handling(next(iter(rules.styles))))
        row |= time_columns("dor", "_unconfirmed", outcome, loose, course)
    return row


def in_response(course: Course, start: int) -> Course:
    """Return what may end a response that began on day ``start``: no clinical progression that came before it."""
    early = course.clinical is not None and course.clinical.day < start
    return replace(course, clinical=None) if early else course


def immune_columns(view: PatientView, readings: Sequence[Reading], rules: Rules) -> Row:
    """Return the endpoints by iRECIST; nothing without scans."""
    columns = ("ibor", "ibor_day", "icbor", "icbor_day", "iresponse", "iresponse_confirmed")
    row: Row = dict.fromkeys(columns)
    course, why = view.course, view.missing or "no assessments were given"
    row |= empty_time("ipfs", "", why) | empty_time("idor", "", why)
    if course is None or not view.scanned:
        return row
    for name, confirm in (("ibor", False), ("icbor", True)):
        best = best_of(readings, course, rules, confirm)
        row[name] = best.value.replace("MISSING", "NE")
        row[f"{name}_day"] = None if best.day is None else study_day(best.day)
    row["iresponse"], row["iresponse_confirmed"] = (
        "Y" if row[name] in ("iCR", "iPR") else "N" for name in ("ibor", "icbor")
    )
    outcome, immune = immune_outcome(readings, course, rules)
    reason = immune_words(outcome, course, immune)
    row |= time_columns("ipfs", "", outcome, 0, course) | {"ipfs_reason": reason}
    row |= empty_time("idor", "", "no response")
    start = immune_response_day(readings, course)
    if row["iresponse"] == "Y" and start is not None:
        outcome, immune = immune_outcome(readings, in_response(course, start), rules)
        row |= time_columns("idor", "", outcome, start, course)
        row |= {"idor_reason": immune_words(outcome, course, immune)}
    return row


def immune_words(outcome: Outcome, course: Course, immune: str) -> str:
    """Return why iPFS ends where it does: by iRECIST (``immune``), or as PFS does."""
    if outcome.event and outcome.moment.code == "PD":
        return immune
    ordinary = ending_words(outcome, course)
    if not outcome.event and immune and ":" not in immune:
        return f"{immune}: {ordinary.partition(': ')[2]}"
    return ordinary


def time_columns(name: str, suffix: str, outcome: Outcome, start: int, course: Course) -> Row:
    """Put an outcome into columns; days count the first and the last day."""
    day = max(outcome.day, start)
    return {
        f"{name}_days{suffix}": day - start + 1,
        f"{name}_event{suffix}": int(outcome.event),
        f"{name}_date{suffix}": day,
        f"{name}_source{suffix}": outcome.moment.source,
        f"{name}_reason{suffix}": ending_words(outcome, course),
    }


def empty_time(name: str, suffix: str, reason: str) -> Row:
    empty = dict.fromkeys(f"{name}_{part}{suffix}" for part in ("days", "event", "date", "source"))
    return empty | {f"{name}_reason{suffix}": reason}


def supplied_columns(name: str, suffix: str, view: PatientView, why: str) -> Row:
    """Take an endpoint that the sponsor decided, as it stands."""
    days, event = view.patient[f"{name}_days"], view.patient[f"{name}_event"]
    row = empty_time(name, suffix, view.missing or why)
    if not pd.isna(days) and not pd.isna(event):
        row |= {
            f"{name}_days{suffix}": days,
            f"{name}_event{suffix}": int(event),
            f"{name}_reason{suffix}": f"{AS_SUPPLIED} ({'event' if event else 'censored'}); {why}",
        }
    return row


def ending_words(outcome: Outcome, course: Course) -> str:
    """Return in words why a time ends where it does; the first words are the kind of reason."""
    day = study_day(outcome.day)
    if outcome.event:
        told = {
            "death": f"death: death of day {day}",
            "new therapy": f"new therapy: begun on day {day}, which counts as an event",
            "clinical progression": f"clinical progression: treatment ended for it on day {day}",
        }
        if outcome.moment.code in told:
            return told[outcome.moment.code]
        cause = f", {outcome.moment.cause}" if outcome.moment.cause else ""
        return f"PD: progression at the scan of day {day}{cause}"
    where = {
        "last adequate scan": f"censored at the last evaluable scan, day {day}",
        "last known alive": f"censored at the last day known alive, day {day}",
        "alive at cut-off": f"censored at the data cut-off, day {day}",
        "reference": f"censored at the reference date, day {day}",
    }[outcome.moment.code]
    end = outcome.end
    if end is None:
        return f"{outcome.moment.code}: {where}" + (", no evaluable scan" if outcome.moment.code == "reference" else "")
    on = study_day(end.day)
    because = {
        "no baseline": "no baseline scan",
        "no post-baseline": "no evaluable scan after baseline",
        "withdrawal": f"consent was withdrawn on day {on}",
        "cut-off": f"no progression or death up to the data cut-off, day {on}",
        "new therapy": f"a new anticancer therapy began on day {on}",
        "missed scans": f"the event of day {on} follows {end.cause}",
    }[end.code]
    return f"{end.code}: {where}; {because}"


def add_dates(endpoints: pd.DataFrame, seen: Observations) -> pd.DataFrame:
    """Turn the days of the columns ``*_date`` into calendar dates where the reference has one."""
    for column in [c for c in endpoints if "_date" in c]:
        days = pd.to_numeric(endpoints[column], errors="coerce")
        endpoints[column] = seen.timeline.calendar(endpoints["patient_id"], days)
    return endpoints


def typed(endpoints: pd.DataFrame) -> pd.DataFrame:
    for column in endpoints:
        name = str(column)
        if name.startswith(COUNTED) and ("_days" in name or "_event" in name or name.endswith("_day")):
            numbers = pd.to_numeric(endpoints[column], errors="coerce").astype("float64")
            values = numbers.to_numpy()
            whole = bool((np.isnan(values) | (values == np.floor(values))).all())
            endpoints[column] = numbers.astype("Int64") if whole else numbers
    return endpoints
