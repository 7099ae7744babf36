"""How many patients had which adverse events: by arm and overall, by system organ class and preferred term."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from anpi.adverse_events.emergent import Event, Treatment, emergent_in_group, is_emergent
from anpi.files.rows import Row
from anpi.tables.clinical import Clinical, Timeline, is_fatal
from anpi.tables.names import skeleton
from anpi.trial.declared import DeclaredSafety

ALL = "all"
DAYS_IN_YEAR = 365.25
COLUMNS = [
    "level", "soc", "term", "category", "grade", "arm", "n", "N", "percent", "events", "patient_years",
    "rate_per_100_patient_years", "not_stated", "meddra_version", "ctcae_version",
]  # fmt: skip
LOOKED_AT = ["patient_id", "start", "soc", "term", "grade", "serious", "related", "immune_related", "action", "outcome"]


@dataclass
class Safety:
    """The safety set and its treatment-emergent events, in days from the first dose.

    Parameters
    ----------
    arms : Series
        Arm of every treated patient, by patient.
    at_risk : Series
        Last day on which an event would have counted, by patient; NaN when not known.
    events : DataFrame
        Treatment-emergent events of the safety set.
    all_events : DataFrame
        All its events up to the data cut-off and to death, those from before treatment too.
    exposure : DataFrame
        By patient: ``days`` from the first to the last dose, NaN when not known, and ``ongoing``: on treatment.
    dropped : dict of str to int
        Rows of events that are not counted, by why.
    """

    arms: pd.Series
    at_risk: pd.Series
    events: pd.DataFrame
    all_events: pd.DataFrame
    exposure: pd.DataFrame
    dropped: dict[str, int]


def safety_set(clinical: Clinical, settings: DeclaredSafety, cutoff: date | None) -> Safety:
    """Choose the treated patients and their treatment-emergent events up to the data cut-off.

    Parameters
    ----------
    settings : DeclaredSafety
        The block ``adverse_events`` of ``endpoints.yaml``.
    """
    patients, events = clinical.patients, clinical.adverse_events
    assert events is not None
    timeline = Timeline(patients)
    by_patient = patients.set_index("patient_id")
    arms = by_patient["arm_received"].where(by_patient["arm_received"].notna(), by_patient["arm"])
    days = {name: at(timeline, patients, name) for name in ("treatment_end", "death", "last_alive", "cutoff")}
    days["last_alive"] = days["last_alive"].clip(lower=0)  # who was given a dose was alive that day
    limit = days["cutoff"] if cutoff is None else days["cutoff"].fillna(timeline.cutoff(cutoff))
    treated = timeline.treated & ~(limit < 0)
    events = events.assign(
        start=timeline.offsets(events, "start"), end=timeline.offsets(events, "end"), arm=events["patient_id"].map(arms)
    )
    events = events.assign(soc=one_spelling(events["soc"]), term=one_spelling(events["term"]))
    late = events["start"] > events["patient_id"].map(limit)
    inside = events["patient_id"].map(treated).astype(bool)
    after_death = events["start"] > events["patient_id"].map(days["death"])
    before = events[inside & ~late & ~after_death]
    emergent = before[emergent_flags(before, treated, days["treatment_end"], settings)]
    dropped = {
        "of patients who were not treated": int((~inside).sum()),
        "after the data cut-off": int((inside & late).sum()),
        "after death": int((inside & ~late & after_death).sum()),
        "not treatment-emergent": len(before) - len(emergent),
    }
    window = settings["end_window_days"]
    ends = pd.DataFrame({"death": days["death"], "cutoff": limit})
    ends["window"] = np.nan if window is None else days["treatment_end"] + window
    open_ended = days["treatment_end"].isna() | (window is None)
    ends["alive"] = days["last_alive"].where(open_ended & days["death"].isna())
    exposure = exposed(days, limit)[treated]
    return Safety(arms[treated], ends.min(axis=1)[treated], emergent, before, exposure, dropped)


def exposed(days: Mapping[str, pd.Series], limit: pd.Series) -> pd.DataFrame:
    """Return the days from first to last dose; without one up to the cut-off or death, else the last day alive."""
    last = pd.concat([limit, days["death"]], axis=1).min(axis=1)
    end = days["treatment_end"]
    ongoing = end.isna() | (end > limit)
    last_day = end.mask(end > limit, limit).fillna(last.fillna(days["last_alive"]))
    dead = days["death"].notna() & ~(days["death"] > limit)
    return pd.DataFrame({"days": last_day + 1, "ongoing": ongoing & ~dead})


def one_spelling(names: pd.Series) -> pd.Series:
    """Write names that differ in case, blanks or letters that look alike as the most frequent of them."""
    folded = names.map(skeleton)
    counts = names.groupby([folded, names]).size().rename_axis(["folded", "name"]).reset_index(name="count")
    first = counts.sort_values(["folded", "count", "name"], ascending=[True, False, True]).drop_duplicates("folded")
    return folded.map(first.set_index("folded")["name"]).astype(object)


def at(timeline: Timeline, patients: pd.DataFrame, name: str) -> pd.Series:
    return timeline.offsets(patients, name).set_axis(pd.Index(patients["patient_id"]))


def emergent_flags(
    events: pd.DataFrame, treated: pd.Series, last_dose: pd.Series, settings: DeclaredSafety
) -> pd.Series:
    """Flag the treatment-emergent rows; rows of one ``group_id`` are judged together when the rules say so."""
    window, worsening = settings["end_window_days"], settings["worsening"]
    flags = pd.Series(False, index=events.index)
    rows = {
        index: Event(none(start), none(end), none(grade), none(initial))
        for index, start, end, grade, initial in zip(
            events.index, events["start"], events["end"], events["grade"], events["initial_grade"], strict=True
        )
    }
    treatments = {
        patient: Treatment(0.0 if treated[patient] else None, none(last_dose[patient]), window)
        for patient in events["patient_id"].unique()
    }
    grouped = events["group_id"].notna() if worsening == "group" else pd.Series(False, index=events.index)
    for (patient, _), members in events[grouped].groupby(["patient_id", "group_id"]).groups.items():
        flags.loc[members] = emergent_in_group([rows[index] for index in members], treatments[patient])
    for index, patient in events.loc[~grouped, "patient_id"].items():
        flags[index] = is_emergent(rows[index], treatments[patient], worsening == "initial_grade")
    return flags


def none(value: Any) -> Any:
    return None if pd.isna(value) else value


def adverse_event_table(safety: Safety, settings: DeclaredSafety) -> pd.DataFrame:
    """Return ``adverse_events.tsv``.

    Returns
    -------
    DataFrame
        One row per level (any, soc, term), category (all, serious, related, immune_related, stopped, delayed, fatal),
        grade band (any, 1 to 5 = the worst of the patient, >=3) and arm. ``n`` counts patients, ``N`` is the safety
        set of the arm, ``events`` counts rows; the rate is of first events per 100 patient-years at risk. Classes
        stand in order of their frequency, and terms within them. A category that no row states is left out.
    """
    tally = Tally(safety)
    events = safety.events[LOOKED_AT].sort_values(["patient_id", "start"], na_position="first", kind="stable")
    events.attrs = {}  # pandas copies them with each choice of rows
    rows = []
    for level, soc, term, members in levels(events):
        for category, grade, matching, not_stated in bands(members, events, settings):
            place = {"level": level, "soc": soc, "term": term, "category": category, "grade": grade}
            rows += [place | counted | {"not_stated": not_stated} for counted in tally.count(matching)]
    table = pd.DataFrame(rows)
    table["meddra_version"], table["ctcae_version"] = settings["meddra_version"], settings["ctcae_version"]
    return table.reindex(columns=COLUMNS)


class Tally:
    """Counts of patients and events and rates of first events, by arm and overall, for any choice of events."""

    def __init__(self, safety: Safety):
        self.arms = sorted(safety.arms.unique())
        self.arm = pd.Categorical(safety.arms, categories=self.arms).codes
        self.place = {patient: place for place, patient in enumerate(safety.arms.index)}
        self.at_risk = safety.at_risk.reindex(safety.arms.index).to_numpy(dtype=float) + 1
        self.total = self.by_arm(np.ones(len(self.arm)))

    def by_arm(self, values: np.ndarray, places: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Add up values of patients: overall, then by arm."""
        sums = np.bincount(self.arm[places], weights=values, minlength=len(self.arms))
        return np.concatenate([[sums.sum()], sums])

    def count(self, matching: pd.DataFrame) -> list[Row]:
        """Count the patients who had any of the events; ``matching`` has the first event of a patient first."""
        places = np.array([self.place[patient] for patient in matching["patient_id"]], dtype=int)
        had, first = np.unique(places, return_index=True)
        onset = np.nan_to_num(matching["start"].to_numpy(dtype=float)[first]).clip(min=0) + 1
        days = self.at_risk.copy()
        days[had] = onset
        unknown = self.by_arm(np.isnan(days).astype(float)) > 0
        years = np.where(unknown, np.nan, self.by_arm(np.nan_to_num(days)) / DAYS_IN_YEAR)
        n, events = self.by_arm(np.ones(len(had)), had), self.by_arm(np.ones(len(places)), places)
        with np.errstate(divide="ignore", invalid="ignore"):
            percent, rate = 100 * n / self.total, 100 * n / years
        return [
            {
                "arm": arm,
                "n": int(n[place]),
                "N": int(self.total[place]),
                "percent": round(percent[place], 4),
                "events": int(events[place]),
                "patient_years": years[place],
                "rate_per_100_patient_years": rate[place],
            }
            for place, arm in enumerate([ALL, *self.arms])
        ]


def levels(events: pd.DataFrame) -> Iterator[tuple[str, str | None, str | None, pd.DataFrame]]:
    """Go through all events, each class and each term in it, most frequent first (by patients, then by name)."""
    yield "any", None, None, events
    for soc in by_frequency(events, "soc"):
        of_class = events[events["soc"] == soc]
        yield "soc", soc, None, of_class
        for term in by_frequency(of_class, "term"):
            yield "term", soc, term, of_class[of_class["term"] == term]


def by_frequency(events: pd.DataFrame, column: str) -> list[str]:
    patients = events.groupby(column)["patient_id"].nunique()
    return sorted(patients.index, key=lambda name: (-patients[name], name))


def bands(
    events: pd.DataFrame, all_events: pd.DataFrame, settings: DeclaredSafety
) -> Iterator[tuple[str, str, pd.DataFrame, int]]:
    """Return category, grade band, the events that count for it and how many rows do not state the category."""
    yield ALL, "any", events, 0
    yield ALL, ">=3", events[events["grade"] >= 3], 0
    worst = events.groupby("patient_id")["grade"].transform("max")
    for grade in range(1, 6):
        yield ALL, str(grade), events[(worst == grade) & (events["grade"] == grade)], 0
    for category in ("serious", "related", "immune_related"):
        if all_events[category].notna().any():
            yield category, "any", events[events[category] == "Y"], int(events[category].isna().sum())
            flagged = events[(events[category] == "Y") & (events["grade"] >= 3)]
            yield category, ">=3", flagged, int(events[category].isna().sum())
    if all_events["action"].notna().any():
        for category, stated in (("stopped", settings["stopped_words"]), ("delayed", settings["delayed_words"])):
            words = {skeleton(word) for word in stated}
            meant = events["action"].map(lambda action, words=words: action is not None and skeleton(action) in words)
            yield category, "any", events[meant.astype(bool)], int(events["action"].isna().sum())
    yield "fatal", "any", events[(events["grade"] == 5) | events["outcome"].map(is_fatal).astype(bool)], 0
