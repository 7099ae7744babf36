"""Every course of up to four i-codes by the project and by the events of admiralonco's vignette on iRECIST.

The events are those of ``vignettes/irecist.Rmd`` of pharmaverse/admiralonco at 83370b1289b2 (Apache-2.0), written anew:
up to the first iCPD; IBOR, ICBOR and ICPD. Courses with an iCPD that no iUPD precedes are no courses; those are asked
about. The date of an iUPD that nothing confirms is not compared: the vignette takes the last one, the paper the
first.
"""

from __future__ import annotations

from itertools import product

from anpi.recist.best_response import ResponseRules
from anpi.recist.irecist import Finding, ImmuneRules, immune_best, progression, read_course

CODES = ("iCR", "iPR", "iSD", "NON-iCR/NON-iUPD", "iUPD", "iCPD", "NE")
RULES = ResponseRules(minimum_stable_days=42, confirmation_days=28)
EVERY = 42


def spans(codes: list[str], first: str, confirming: tuple[str, ...]) -> list[list[str]]:
    """Return what follows each ``first`` up to the next response that may confirm it."""
    found = []
    for place, code in enumerate(codes):
        ends = [last for last in range(place + 1, len(codes)) if codes[last] in confirming]
        if code == first and ends:
            found.append(codes[place + 1 : ends[0] + 1])
    return found


def vignette(codes: list[str]) -> tuple[str, str, int | None]:
    """Return IBOR, ICBOR and the day of ICPD."""
    few = [span for span in spans(codes, "iCR", ("iCR",)) if set(span) <= {"iCR", "NE"} and span.count("NE") <= 1]
    some = [
        span
        for span in spans(codes, "iPR", ("iCR", "iPR"))
        if set(span) <= {"iCR", "iPR", "NE"} and span.count("NE") <= 1
    ]
    confirmed = None
    for place, code in enumerate(codes):
        after = codes[place + 1 : codes.index("iCPD") + 1] if "iCPD" in codes else []
        if confirmed is None and code == "iUPD" and after and set(after) <= {"iCPD", "iUPD", "NE"}:
            confirmed = EVERY * (place + 1)
    if {"iCR", "iPR", "iSD"} & set(codes):
        rest = "iSD"
    elif "NON-iCR/NON-iUPD" in codes:
        rest = "NON-iCR/NON-iUPD"
    else:
        rest = "iCPD" if confirmed is not None else "iUPD" if "iUPD" in codes else "NE"
    best = "iCR" if "iCR" in codes else "iPR" if "iPR" in codes else rest
    return best, "iCR" if few else "iPR" if some else rest, confirmed


def test_every_course_of_up_to_four_scans():
    compared = 0
    for length in range(1, 5):
        for codes in map(list, product(CODES, repeat=length)):
            readings = read_course([Finding(EVERY * n, None, code) for n, code in enumerate(codes, 1)], ImmuneRules())
            used = codes[: codes.index("iCPD") + 1] if "iCPD" in codes else codes
            evaluable = [code for code in used if code != "NE"]
            unsound = "iCPD" in used and evaluable[-2:-1] != ["iUPD"]
            asked = any(question.rule == "icpd_without_iupd" for reading in readings for question in reading.asked)
            assert asked is unsound, codes
            if unsound:
                continue
            found = progression(readings)
            day = found.day if found is not None and found.confirmed is not None else None
            mine = immune_best(readings, RULES).value, immune_best(readings, RULES, confirm=True).value, day
            assert mine == vignette(used), codes
            compared += 1
    assert compared > 1500
