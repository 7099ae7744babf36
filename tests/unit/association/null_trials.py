"""Invented trials in which nothing has an effect, for error rates of the tests that a plan declares."""

from __future__ import annotations

import numpy as np
import pandas as pd

from anpi.association.trial import Trial
from anpi.recist.best_response import (
    ResponseRules,
    Scan,
    confirmed_response_day,
    confirming_day,
    response_day,
)

INTERVAL = 42
SHARES = {"A": 0.45, "N": 0.25, "P": 0.12, "I": 0.18}
RULES = ResponseRules()


def null_trial(
    seed: int, count: int = 40, arms: tuple[str, ...] = ("AK104",), signatures: tuple[str, ...] = (), death: float = 200
) -> Trial:
    """Make a trial of independent parts: death, progression, tendency to respond, subtype, scores, arm.

    Scans are six weeks apart and end with progression, death or follow-up, so responses depend on all three, as they
    do in trials, while none of them has an effect on death.
    """
    rng = np.random.default_rng(seed)
    patients = pd.Index([f"{i:04d}" for i in range(1, count + 1)], name="patient_id")
    end = rng.uniform(200, 700, count)
    dies, progresses = rng.exponential(death, count), rng.exponential(1.2 * death, count)
    first = np.where(rng.random(count) < 0.6, rng.choice([1, 2, 3], count, p=[0.6, 0.3, 0.1]), 99)
    courses = [patient_course(*values) for values in zip(dies, progresses, end, first, strict=True)]
    endpoints = pd.DataFrame(courses, index=patients)
    sets = pd.DataFrame("yes", index=patients, columns=["all_treated", "rna_evaluable", "subtype_evaluable"])
    subtype = rng.choice(list(SHARES), size=count, p=list(SHARES.values()))
    scores = pd.DataFrame(rng.normal(size=(count, len(signatures))), index=patients, columns=list(signatures))
    arm = rng.permutation(np.resize(arms, count))
    people = pd.DataFrame({"arm": arm, "age": rng.integers(45, 80, count).astype(float)}, index=patients)
    calls = pd.DataFrame({"subtype": subtype, "call": "confident"}, index=patients)
    return Trial(people, endpoints, sets, calls, scores)


def patient_course(death: float, progression: float, end: float, first: int) -> dict[str, object]:
    """Return a patient's row of the endpoints."""
    known = min(death, end)
    visits = range(1, int(known // INTERVAL) + 1)
    scans = []
    for visit in visits:
        day = INTERVAL * visit
        scans.append(Scan(day, "PD" if day >= progression else "PR" if visit >= first else "SD"))
        if day >= progression:
            break
    seen = scans[-1].day if scans and scans[-1].response == "PD" else None
    confirmed, loose = confirmed_response_day(scans, RULES), response_day(scans)
    row = {"os_days": np.ceil(known), "os_event": int(death <= end)}
    row |= {"pfs_days": np.ceil(seen or known), "pfs_event": int(seen is not None or death <= end)}
    row |= {"response": "N" if confirmed is None else "Y"}
    row |= {"disease_control": "Y" if any(s.response in ("PR", "SD") for s in scans) else "N"}
    days = {
        "ttr_days": confirmed,
        "ttr_days_unconfirmed": loose,
        "response_confirmed_days": confirming_day(scans, RULES),
    }
    return row | {name: np.nan if day is None else day + 1.0 for name, day in days.items()}
