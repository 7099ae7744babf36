"""Best overall response of a patient, unconfirmed and confirmed.

Time is the number of days from the reference date (0 = that date). The rules are those of RECIST 1.1
(table 3 and section 4.6) as the R package admiralonco works them out, with its options.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

BENEFIT = ("CR", "PR", "SD", "NON-CR/NON-PD")


class Scan(NamedTuple):
    """One evaluated scan: days from the reference date, overall response, where it was read, what progressed."""

    day: int
    response: str | None
    new_lesion: str | None = None
    source: str | None = None
    cause: str | None = None


class Best(NamedTuple):
    """A best response and the day of the scan that gave it; day is None when there was no scan."""

    value: str
    day: int | None


@dataclass(frozen=True)
class ResponseRules:
    """What it takes for a response to count.

    Parameters
    ----------
    minimum_stable_days : int
        Days from the reference date before which stable disease does not count.
    confirmation_days : int
        Least number of days between a response and the scan that confirms it.
    not_evaluable_between : int
        How many NE scans may stand between the two.
    stable_between : int
        How many SD scans may stand between a PR and the scan that confirms it.
    progression_between : int
        How many iUPD scans may stand between an iPR and the scan that confirms it (iRECIST alone).
    """

    minimum_stable_days: int = 28
    confirmation_days: int = 28
    not_evaluable_between: int = 1
    stable_between: int = 0
    progression_between: int = 0


def until_progression(scans: Iterable[Scan], progression: int | None = None) -> list[Scan]:
    """Return the scans in order of time up to the first PD, that scan included.

    Parameters
    ----------
    progression : int, optional
        Day of progression when it was judged elsewhere; by default that of the first PD.
    """
    ordered = sorted(scans, key=lambda scan: scan.day)
    if progression is None:
        progression = next((scan.day for scan in ordered if scan.response == "PD"), None)
    return ordered if progression is None else [scan for scan in ordered if scan.day <= progression]


def best_response(scans: Sequence[Scan], rules: ResponseRules) -> Best:
    """Return the best response without confirmation; scans in order of time, none after progression."""
    late = [scan for scan in scans if scan.day >= rules.minimum_stable_days]
    for value, where in (("CR", scans), ("PR", scans), ("SD", late), ("NON-CR/NON-PD", late), ("PD", scans)):
        day = first_day(where, (value,))
        if day is not None:
            return Best(value, day)
    return without_response(scans)


def confirmed_best_response(scans: Sequence[Scan], rules: ResponseRules) -> Best:
    """Return the best response with confirmation of CR and PR; an unconfirmed one is SD when late enough."""
    for value, confirmed in (("CR", confirmed_complete), ("PR", confirmed_partial)):
        day = confirmed(scans, rules)
        if day is not None:
            return Best(value, day)
    late = [scan for scan in scans if scan.day >= rules.minimum_stable_days]
    for value, counted, where in (
        ("SD", ("CR", "PR", "SD"), late),
        ("NON-CR/NON-PD", ("NON-CR/NON-PD",), late),
        ("PD", ("PD",), scans),
    ):
        day = first_day(where, counted)
        if day is not None:
            return Best(value, day)
    return without_response(scans)


def without_response(scans: Sequence[Scan]) -> Best:
    """Name what is left when no response, stable disease or progression counts: NE, ND (not done) or MISSING."""
    day = first_day(scans, (*BENEFIT, "NE"))
    if day is not None:
        return Best("NE", day)
    day = first_day(scans, ("ND",))
    return Best("MISSING", None) if day is None else Best("ND", day)


def first_day(scans: Iterable[Scan], values: Collection[str]) -> int | None:
    """Return the day of the first scan with one of these responses."""
    return next((scan.day for scan in scans if scan.response in values), None)


def response_day(scans: Sequence[Scan]) -> int | None:
    """Return the day of the first CR or PR, confirmed or not."""
    return first_day(scans, ("CR", "PR"))


def confirmed_response_day(scans: Sequence[Scan], rules: ResponseRules) -> int | None:
    """Return the day of the first CR or PR that the confirmation of a response rests on.

    Of CR, PR, PR it is the CR, though what is confirmed is a PR: the criteria were first met then (RECIST 1.1, 4.5.1).
    """
    days = (confirmed_complete(scans, rules), confirmed_partial(scans, rules))
    confirmed = min((day for day in days if day is not None), default=None)
    if confirmed is None:
        return None
    last = next(index for index, scan in enumerate(scans) if scan.day == confirmed and scan.response in ("CR", "PR"))
    for index in range(last):
        if scans[index].response in ("CR", "PR") and stays_response(scans, index, last, rules):
            return scans[index].day
    return confirmed


def stays_response(scans: Sequence[Scan], first: int, last: int, rules: ResponseRules) -> bool:
    """Return whether the response of scan ``first`` holds up to scan ``last`` and for as long as confirmation takes."""
    span = confirming_span(scans, first, ("CR", "PR"), rules.confirmation_days)
    onward = [scan.response for scan in scans[first + 1 : last + 1]]
    return bool(span) and permitted(span, rules) and permitted(onward, rules)


def permitted(span: Sequence[str | None], rules: ResponseRules) -> bool:
    """Return whether responses hold nothing but CR, PR and as many NE and SD as the rules allow."""
    return (
        set(span) <= {"CR", "PR", "NE", "SD", "PD"}
        and span.count("NE") <= rules.not_evaluable_between
        and span.count("SD") <= rules.stable_between
        and span.count("PD") <= rules.progression_between
    )


def confirming_day(scans: Sequence[Scan], rules: ResponseRules) -> int | None:
    """Return the day of the scan by which a response is first known to be confirmed.

    Before that scan nobody knows of the confirmation, and only those live to see it who are alive then.
    """
    seen = (scans[:count] for count in range(1, len(scans) + 1))
    return next((part[-1].day for part in seen if confirmed_response_day(part, rules) is not None), None)


def confirmed_complete(scans: Sequence[Scan], rules: ResponseRules) -> int | None:
    """Return the day of the first CR that a later CR confirms, with nothing but CR and NE between."""
    for index, scan in enumerate(scans):
        if scan.response != "CR":
            continue
        span = confirming_span(scans, index, ("CR",), rules.confirmation_days)
        if span and set(span) <= {"CR", "NE"} and span.count("NE") <= rules.not_evaluable_between:
            return scan.day
    return None


def confirmed_partial(scans: Sequence[Scan], rules: ResponseRules) -> int | None:
    """Return the day of the first PR that a later CR or PR confirms.

    Between them stand CR, PR, as many NE and SD as the rules allow, and no PR after a CR.
    """
    for index, scan in enumerate(scans):
        if scan.response != "PR":
            continue
        span = confirming_span(scans, index, ("CR", "PR"), rules.confirmation_days)
        if span and permitted(span, rules) and not partial_after_complete(span):
            return scan.day
    return None


def confirming_span(scans: Sequence[Scan], index: int, values: Collection[str], days: int) -> list[str | None]:
    """Return the responses after scan ``index`` up to the first of ``values`` that is ``days`` or more later.

    Empty when there is no such scan.
    """
    earliest = scans[index].day + days
    for last in range(index + 1, len(scans)):
        if scans[last].day >= earliest and scans[last].response in values:
            return [scan.response for scan in scans[index + 1 : last + 1]]
    return []


def partial_after_complete(span: Sequence[str | None]) -> bool:
    return "CR" in span and "PR" in span[span.index("CR") :]


def disease_control_day(
    scans: Sequence[Scan], response: int | None, rules: ResponseRules, values: Collection[str] = BENEFIT
) -> int | None:
    """Return the first day of disease control: a response, or CR, PR, SD or NON-CR/NON-PD that is late enough.

    Parameters
    ----------
    response : int or None
        Day of the (confirmed or unconfirmed) response.
    values : collection of str
        Responses that count once ``minimum_stable_days`` have passed.
    """
    held = first_day((scan for scan in scans if scan.day >= rules.minimum_stable_days), values)
    return min((day for day in (response, held) if day is not None), default=None)


def less_after_complete(scans: Sequence[Scan]) -> Scan | None:
    """Return the first scan with PR, SD or NON-CR/NON-PD after a CR, which RECIST 1.1 does not foresee."""
    complete = first_day(scans, ("CR",))
    if complete is None:
        return None
    return next((s for s in scans if s.day > complete and s.response in ("PR", "SD", "NON-CR/NON-PD")), None)
