"""Cumulative incidence of response and of immune-related events, where another event may come first."""

from __future__ import annotations

import numpy as np
import pandas as pd

from anpi.association.describe import EVERYONE
from anpi.association.plan import Plan
from anpi.association.trial import Trial
from anpi.stats.competing import cumulative_incidence
from anpi.trial.times import DAYS_PER_MONTH

COLUMNS = (
    "event",
    "competing",
    "set",
    "level",
    "months",
    "n",
    "events",
    "competing_events",
    "left_out",
    "incidence",
    "ci_low",
    "ci_high",
)
FIRST, OTHER = 1, 2


def incidence_table(plan: Plan, trial: Trial) -> pd.DataFrame:
    """Return the cumulative incidence of all treated patients, together and by arm, at the plan's ``rate_months``.

    Returns
    -------
    DataFrame
        ``left_out`` counts patients with the event on a day that is not known, or without follow-up; where the day is
        known of nobody who had it, nothing is given. Beyond the last day of follow-up nothing is given, unless all had
        had an event by then.
    """
    members = trial.members(plan.all_treated)
    arms = trial.arms().loc[members]
    rows = []
    for event, competing, frame in (
        ("confirmed response", "progression or death", response_courses(trial)),
        ("immune-related event", "death", immune_courses(trial)),
    ):
        if frame is None:
            continue
        inside = frame.loc[members]
        for level in (EVERYONE, *sorted(arms.unique())):
            part = inside if level == EVERYONE else inside[arms.eq(level)]
            names = {"event": event, "competing": competing, "set": plan.all_treated, "level": level}
            rows += [names | row for row in group_rows(part, plan)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def group_rows(part: pd.DataFrame, plan: Plan) -> list[dict[str, object]]:
    known = part.dropna()
    counts = {"n": len(known), "events": int(known["status"].eq(FIRST).sum())}
    counts |= {"competing_events": int(known["status"].eq(OTHER).sum()), "left_out": len(part) - len(known)}
    if known.empty or part_without_days(part, counts):
        return [{"months": months, **counts} for months in plan.rate_months]
    curve = cumulative_incidence(known["time"], known["status"])
    names = ("incidence", "ci_low", "ci_high")
    return [
        {"months": months, **counts, **dict(zip(names, curve.at(months * DAYS_PER_MONTH), strict=True))}
        for months in plan.rate_months
    ]


def part_without_days(part: pd.DataFrame, counts: dict[str, int]) -> bool:
    """Return whether the event is known of patients and its day of none of them: they left, so 0 would be wrong."""
    return not counts["events"] and bool((part["time"].isna() & part["status"].eq(FIRST)).any())


def response_courses(trial: Trial) -> pd.DataFrame | None:
    """Time and status: the first scan of a confirmed response, else the end of PFS."""
    if "ttr_days" not in trial.endpoints.columns:
        return None
    responded = trial.outcome("response")["y"].eq(1)
    return courses(trial.outcome("pfs"), trial.endpoints["ttr_days"].astype(float).where(responded), responded)


def immune_courses(trial: Trial) -> pd.DataFrame | None:
    """Time and status: the first immune-related event, else the end of OS."""
    if trial.first_immune_event is None:
        return None
    had = trial.first_immune_event.notna() | trial.patients.index.isin(trial.undated_immune_event)
    return courses(trial.outcome("os"), trial.first_immune_event, had)


def courses(outcome: pd.DataFrame, day: pd.Series, had: pd.Series) -> pd.DataFrame:
    """Join the day of an event with the outcome that may come first; NaN where the day of one that happened lacks."""
    status = outcome["event"].map({1.0: OTHER, 0.0: 0})
    frame = pd.DataFrame({"time": outcome["time"], "status": status})
    first = day.notna() & (day <= frame["time"])
    frame.loc[first, "time"], frame.loc[first, "status"] = day[first].clip(lower=0), FIRST
    frame.loc[had & day.isna(), ["time", "status"]] = np.nan, FIRST
    return frame
