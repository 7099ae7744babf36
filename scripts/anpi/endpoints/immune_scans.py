"""The scans of each patient read by iRECIST: a reader's response where there is one, else from lesions or reports."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from anpi.endpoints.rules import Rules
from anpi.recist.irecist import CODES, Finding, Reading, read_course
from anpi.recist.lesions import LesionCourse
from anpi.recist.new_lesions import Evidence, lesion_evidence

TOLD = {"target": "target_reported", "nontarget": "nontarget_reported", "new": "new_lesion_reported"}
DERIVED = {"target": "target_response", "nontarget": "nontarget_response", "new": "new_lesion"}


def read_immune(points: pd.DataFrame, lesions: LesionCourse | None, rules: Rules) -> dict[str, list[Reading]]:
    """Read the scans of every patient and note the response of each in the column ``irecist`` of the time points."""
    shown = points["overall"].eq("PD") | points["irecist_reported"].isin(["iUPD", "iCPD"])
    progressed = set(points.loc[shown, "patient_id"])
    evidence = {} if lesions is None else lesion_evidence(lesions.later, progressed)
    codes: list[str | None] = [None] * len(points)
    readings: dict[str, list[Reading]] = {}
    rows = points.to_dict("records")
    for patient, places in points.groupby("patient_id", sort=False).indices.items():
        used = [place for place in places if rows[place]["overall"] in CODES or text(rows[place]["irecist_reported"])]
        found = read_course((finding(rows[place], evidence) for place in used), rules.immune)
        readings[str(patient)] = found
        for place, reading in zip(used, found, strict=True):
            codes[place] = reading.code
    points["irecist"] = pd.Series(codes, index=points.index, dtype=object)
    return readings


def finding(point: Mapping[Hashable, Any], evidence: Mapping[tuple[str, int], Evidence]) -> Finding:
    """Bring what a time point shows into one form; a new lesion that is only reported is one without a name."""
    derived = bool(point["derived"])
    parts = {part: text(point[column]) for part, column in (DERIVED if derived else TOLD).items()}
    parts["new"] = text(point["new_lesion"]) or parts["new"]  # that of a report may have been dated back
    none = Evidence()
    found = Evidence(**(evidence.get((point["patient_id"], int(point["row"])), none) if derived else none))
    if parts["new"] == "Y" and not found.get("news"):
        found["news"] = frozenset(["reported"])
    elif text(point["new_lesion_reported"]) == "N" and text(point["overall_reported"]) != "PD":
        found["gone"] = found.get("gone", frozenset()) | {"reported"}
    found["symptom"] = found.get("symptom", False) or point["symptom_reported"] is True
    return Finding(
        day=int(point["day"]),
        response=text(point["overall"]),
        reader=text(point["irecist_reported"]),
        measured=derived,
        total=None if pd.isna(point["sum"]) else int(point["sum"]),
        **parts,
        **found,
    )


def text(value: object) -> str | None:
    return value if isinstance(value, str) else None
