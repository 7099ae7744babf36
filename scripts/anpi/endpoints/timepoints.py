"""The table of time points as people read it: millimetres, percentages, study days and the queries of each scan."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from anpi.endpoints.observations import Observations
from anpi.endpoints.queries import ScanQuery
from anpi.recist.timepoint import NM
from anpi.tables.clinical import study_day


def timepoint_table(seen: Observations, queries: Iterable[ScanQuery]) -> pd.DataFrame:
    """Return ``timepoints.tsv``: one row per patient and scan on or after the reference date.

    Lengths are in mm, changes of the sum in percent and mm; ``overall`` is the response that counts.
    """
    points = seen.timepoints
    total, baseline, nadir = (points[c].astype("Float64") / NM for c in ("sum", "baseline", "nadir"))
    table = pd.DataFrame(
        {
            "patient_id": points["patient_id"],
            "assessment_date": seen.timeline.calendar(points["patient_id"], points["day"]),
            "assessment_day": [study_day(day) for day in points["day"]],
            "visit": points["visit"],
            "targets": points["targets"].astype("Int64"),
            "targets_measured": points["measured"].astype("Int64"),
            "sum_mm": total,
            "baseline_mm": baseline,
            "nadir_mm": nadir,
            "change_from_baseline_pct": percent_change(total, baseline),
            "change_from_nadir_pct": percent_change(total, nadir),
            "change_from_nadir_mm": (total - nadir).round(6),
            "target_response": points["target_response"],
            "nontarget_response": points["nontarget_response"],
            "new_lesion": points["new_lesion"],
            "overall_derived": points["overall_derived"],
            "target_reported": points["target_reported"],
            "nontarget_reported": points["nontarget_reported"],
            "new_lesion_reported": points["new_lesion_reported"],
            "overall_reported": points["overall_reported"],
            "irecist_reported": points["irecist_reported"],
            "overall": points["overall"],
            "irecist": points["irecist"],
            "source": points["source"],
        }
    )
    asked: dict[tuple[str, int], set[str]] = {}
    for query in queries:
        if query.day is not None:
            asked.setdefault((query.patient_id, query.day), set()).add(query.rule)
    keys = zip(points["patient_id"], points["day"], strict=True)
    table["queries"] = ["; ".join(sorted(asked.get((patient, int(day)), ()))) or None for patient, day in keys]
    return table


def percent_change(value: pd.Series, base: pd.Series) -> pd.Series:
    return (100 * (value - base) / base.where(base > 0)).round(4)
