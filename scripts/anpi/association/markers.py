"""Markers of biomarkers.csv as the plan asks for them: the value at baseline, and the day of clearance."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from anpi.tables.biomarkers import is_numeric, scale_of
from anpi.tables.clinical import Timeline
from anpi.trial.results import CLEARANCE


@dataclass(frozen=True)
class Measured:
    """A marker of the patients of a trial.

    Parameters
    ----------
    baseline : Series
        By patient, the last value up to the first day of treatment: numbers, places on a scale, or categories.
    scale : tuple of str or None
        The words whose places stand in ``baseline``, lowest first.
    positive : Series
        By patient, whether the value at baseline is a number above 0, so that it can be cleared.
    cleared : Series
        Day (1 = the start of treatment) of the first value of 0 under treatment, of those positive at baseline.
    """

    baseline: pd.Series
    scale: tuple[str, ...] | None = None
    positive: pd.Series = field(default_factory=lambda: pd.Series(dtype=bool))
    cleared: pd.Series = field(default_factory=lambda: pd.Series(dtype=float))


def measure_markers(table: pd.DataFrame, patients: pd.DataFrame) -> dict[str, Measured]:
    """Take each marker's value at baseline and its clearance under treatment.

    Parameters
    ----------
    table : DataFrame
        biomarkers.csv as read.
    patients : DataFrame
        patients.csv as read, ``patient_id`` a column.

    Returns
    -------
    dict
        By marker. Rows of patients that patients.csv does not have, without a value or without a day say nothing.
    """
    known = table[table["patient_id"].isin(patients["patient_id"]) & table["value"].notna()]
    dated = known.assign(day=Timeline(patients).offsets(known, "") + 1).dropna(subset=["day"])
    ids = pd.Index(sorted(patients["patient_id"]), name="patient_id")
    return {str(marker): measure(rows, ids) for marker, rows in dated.groupby("marker", sort=True)}


def measure(rows: pd.DataFrame, patients: pd.Index) -> Measured:
    """Measure one marker."""
    rows = rows.sort_values("day", kind="stable")
    before = rows[rows["day"] <= 1].groupby("patient_id")["value"].last().reindex(patients)
    scale = scale_of(rows["value"])
    if scale is not None:
        places = {word: float(place) for place, word in enumerate(scale)}
        return Measured(before.str.lower().map(places).astype(float), scale)
    if not is_numeric(rows["value"]):
        return Measured(before.astype("string").astype("category"))
    baseline = before.astype(float)
    positive = baseline.gt(0)
    later = rows[(rows["day"] > 1) & rows["value"].astype(float).eq(0) & rows["patient_id"].map(positive)]
    return Measured(baseline, None, positive, later.groupby("patient_id")["day"].min().reindex(patients))


def clearance_name(marker: str) -> str:
    """Name the clearance of a marker as the tables of results do."""
    return CLEARANCE + marker
