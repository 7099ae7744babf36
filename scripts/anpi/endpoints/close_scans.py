"""Reported scans that are parts of one time point: a CT and the MRI of the brain some days later."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from anpi.endpoints.rules import Rules
from anpi.recist.irecist import CODES, ORDER, RECIST
from anpi.recist.timepoint import SEVERITY, joint_response

PARTS = ("target_reported", "nontarget_reported", "new_lesion_reported")
JOINED = ["first_day", "shown_day", "doubted_day", "joined"]  # columns of scans of which some were joined


def join_close_scans(told: pd.DataFrame, rules: Rules, facts: pd.DataFrame) -> pd.DataFrame:
    """Make one row of the scans of a patient that are parts of one time point, dated at the last of them.

    Scans of one visit are when each is at most the scan window after the one before; scans without a visit when they
    are within the window of the first. One of the reference date is none of them, and none joins across the start of a
    new therapy. Of a joined scan ``shown_day`` is the first day of a progression, ``doubted_day`` that of an equivocal
    new lesion, ``joined`` says what was joined.
    """
    told = told.sort_values(["patient_id", "day"], kind="stable").reset_index(drop=True)
    starts = first_places(told, rules.settings["scans"]["window_days"], told["patient_id"].map(facts["new_therapy"]))
    if rules.settings["scans"]["close_assessments"] == "apart" or (starts == np.arange(len(told))).all():
        return told.reindex(columns=[*told.columns, *JOINED])
    several = pd.Series(starts).duplicated(keep=False).to_numpy()
    rows = told[several].to_dict("records")
    groups: dict[int, list[dict]] = {}
    for start, row in zip(starts[several], rows, strict=True):
        groups.setdefault(int(start), []).append(row)
    measurable = facts["measurable"].to_dict()
    joined = pd.DataFrame([join_rows(group, measurable[group[0]["patient_id"]]) for group in groups.values()])
    return pd.concat([told[~several].reindex(columns=joined.columns), joined], ignore_index=True)


def first_places(told: pd.DataFrame, window: int, new_therapy: pd.Series) -> np.ndarray:
    """Return for scans in order of patient and day the place of the first scan of their time point."""
    starts = np.arange(len(told))
    open_points: dict[str, tuple[int, float, float]] = {}  # by visit: place and day of the first, day of the last
    patients, visits = told["patient_id"].to_numpy(), told["visit"].fillna("").astype(str).to_numpy()
    for place, (day, therapy) in enumerate(zip(told["day"], new_therapy, strict=True)):
        if place == 0 or patients[place] != patients[place - 1]:
            open_points = {}
        visit = visits[place]
        first, first_day, last_day = open_points.get(visit, (place, -np.inf, -np.inf))
        apart = day - (last_day if visit else first_day)
        if apart > window or first_day <= 0 or first_day <= therapy < day:
            first, first_day = place, day
        starts[place] = first
        open_points[visit] = (first, first_day, day)
    return starts


def beside_complete(reported: pd.DataFrame, rules: Rules, new_therapy: pd.Series) -> pd.Series:
    """Return which readings are parts of a time point that has a CR on another day, and so may speak of the rest."""
    if rules.settings["scans"]["close_assessments"] == "apart" or reported.empty:
        return pd.Series(False, index=reported.index)
    ordered = reported.sort_values(["patient_id", "day"], kind="stable")
    places = first_places(ordered, rules.settings["scans"]["window_days"], ordered["patient_id"].map(new_therapy))
    worst = ordered["overall_response"].map(SEVERITY).groupby([ordered["patient_id"], ordered["day"]]).transform("max")
    complete = (worst == SEVERITY["CR"]).groupby(places).transform("any")
    return (complete & (worst != SEVERITY["CR"])).reindex(reported.index)


def join_rows(rows: Sequence[dict], measurable: bool) -> dict:
    """Join the scans of one time point, which are in order of time."""
    response = joint_response([row["overall_reported"] for row in rows], measurable)
    like = next((row for row in rows if row["overall_reported"] == response), rows[0])
    days = [row["day"] for row in rows]
    shown = [row["day"] for row in rows if row["overall_reported"] == "PD"]
    doubted = [row["day"] for row in rows if row["new_lesion_reported"] == "E"]
    worst = {part: max((row[part] for row in rows), key=lambda word: SEVERITY.get(word, -1)) for part in PARTS}
    return like | worst | {
        "day": days[-1],
        "reported_day": rows[-1]["reported_day"],
        "first_day": days[0],
        "overall_reported": response,
        "irecist_reported": joint_code([row["irecist_reported"] for row in rows], measurable),
        "symptom_reported": any(row["symptom_reported"] is True for row in rows),
        "shown_day": min(shown, default=np.nan),
        "doubted_day": min(doubted, default=np.nan),
        "joined": [(int(row["reported_row"]), int(row["day"]), row["overall_reported"]) for row in rows],
    }  # fmt: skip


def joint_code(codes: Sequence[str | None], measurable: bool) -> str | None:
    """Return the response by iRECIST of a time point from the codes that readers gave to its scans."""
    said = [code for code in codes if code in ORDER]
    if not said or not set(said) <= set(RECIST) - {"iUPD"}:
        return max(said, key=ORDER.index, default=None)
    return CODES[joint_response([RECIST[code] for code in said], measurable)]


def date_joined(points: pd.DataFrame, rules: Rules) -> None:
    """Date progression of a joined scan at the first of its scans that showed it, or had a new lesion in doubt."""
    progressed = points["overall"].eq("PD") & points["first_day"].notna() & ~points["derived"]
    new = points["new_lesion"].where(points["new_lesion"].notna(), points["new_lesion_reported"])
    back = new.eq("Y") & (rules.settings["progression"]["equivocal_new_lesion"] == "date_back")
    since = points["shown_day"].where(~back, points[["shown_day", "doubted_day"]].min(axis=1))
    points["day"] = points["day"].mask(progressed & since.notna(), since)
