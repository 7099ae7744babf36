"""Several readers of the same scans: who counts, what the others' readings give, and where they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from anpi.endpoints.derive import derive_endpoints
from anpi.endpoints.observations import Observations, observe
from anpi.endpoints.queries import ScanQuery
from anpi.endpoints.readers import evaluator_names, primary_evaluator, suffix_of
from anpi.endpoints.rules import Rules
from anpi.files.rows import Row
from anpi.stats.agreement import cohen_kappa
from anpi.tables.clinical import Clinical, study_day
from anpi.trial.endpoints import BY_NAME, ENDPOINTS, RESPONSES, TIMES

SHARED = ("patient_id", "arm")
PARTS = ("days", "event", "date", "source", "reason")
READ = (
    *RESPONSES, "response_unconfirmed",
    *(f"{name}_{part}" for name in TIMES if BY_NAME[name].of_scans for part in PARTS), "ttr_days",
    *(one.name for one in ENDPOINTS if one.irecist_of and one.kind != "time"), "ipfs_days", "ipfs_event", "ipfs_reason",
)  # fmt: skip
CONCORDANCE = [
    "measure", "evaluator", "other", "arm", "n", "agree", "agreement", "kappa", "ci_low", "ci_high", "earlier", "later",
]  # fmt: skip
# What two readers are compared in: of a patient, by a column of endpoints.tsv.
OF_PATIENTS = {
    "best response": "bor",
    "best response, confirmed": "cbor",
    "response": "response",
    "disease control": "disease_control",
    "progression or death": "pfs_event",
    "best response by iRECIST": "ibor",
}
ALL = "all"


@dataclass(frozen=True)
class Reader:
    """An evaluator whose readings do not count, and what they give.

    Parameters
    ----------
    name : str
        As the tables have it.
    seen : Observations
        The scans as this evaluator read them.
    endpoints : DataFrame
        As `derive.derive_endpoints` gives it; only patients with a reading by this evaluator.
    """

    name: str
    seen: Observations
    endpoints: pd.DataFrame

    @property
    def suffix(self) -> str:
        return suffix_of(self.name)


def other_readers(clinical: Clinical, rules: Rules) -> list[Reader]:
    """Derive the endpoints of every evaluator but the one who counts."""
    first = primary_evaluator(clinical, rules)
    found = []
    for name in evaluator_names(clinical):
        if name == first:
            continue
        of_reader = replace(rules, settings={**rules.settings, "evaluator": name})
        seen = observe(clinical, of_reader)
        endpoints = derive_endpoints(clinical, seen, of_reader)
        found.append(Reader(name, seen, endpoints[endpoints["patient_id"].isin(patients_read(seen))]))
    return found


def patients_read(seen: Observations) -> set[str]:
    """Return the patients of whom there is a reading, of whatever day."""
    frames = [frame for frame in (seen.reported, seen.lesion_rows) if frame is not None]
    return {patient for frame in frames for patient in frame["patient_id"]}


def beside(endpoints: pd.DataFrame, readers: Sequence[Reader]) -> pd.DataFrame:
    """Add the columns ``*_by_<evaluator>`` of the other readers; empty where one has not read a patient."""
    parts = [endpoints]
    for reader in readers:
        mine = reader.endpoints.set_index("patient_id")[list(READ)].reindex(endpoints["patient_id"])
        for column in (name for name in READ if name.endswith("_reason")):
            mine[column] = mine[column].fillna(f"no reading by {reader.name}")
        parts.append(mine.add_suffix(reader.suffix).reset_index(drop=True))
    return pd.concat(parts, axis=1)


def readings_beside(table: pd.DataFrame, seen: Observations, readers: Sequence[Reader], window: int) -> pd.DataFrame:
    """Add to the table of time points what the other readers made of the same scan."""
    for reader in readers:
        table[f"overall{reader.suffix}"] = matched(seen, reader.seen, window)["other"].to_numpy()
    return table


def matched(seen: Observations, other: Observations, window: int) -> pd.DataFrame:
    """Lay the responses of two readers side by side: of one day, else the nearest scan within the window.

    Returns
    -------
    DataFrame
        One row per time point of ``seen``: ``patient_id``, ``day``, ``overall``, ``other`` (None without such a scan).
    """
    points = seen.timepoints[["patient_id", "day", "overall"]].reset_index(drop=True)
    theirs: dict[str, list[tuple[int, Any]]] = {}
    for patient, day, overall in other.timepoints[["patient_id", "day", "overall"]].itertuples(index=False):
        theirs.setdefault(patient, []).append((int(day), overall))
    near = []
    for place, (patient, day) in enumerate(zip(points["patient_id"], points["day"], strict=True)):
        scans = enumerate(theirs.get(patient, []))
        near += [(abs(at - day), place, patient, which) for which, (at, _) in scans if abs(at - day) <= window]
    chosen: dict[int, Any] = {}
    taken: set[tuple[str, int]] = set()
    for _, place, patient, which in sorted(near):
        if place not in chosen and (patient, which) not in taken:
            chosen[place] = theirs[patient][which][1]
            taken.add((patient, which))
    other_words = pd.Series([chosen.get(place) for place in range(len(points))], dtype=object)
    return points.assign(other=other_words)


def concordance_table(
    endpoints: pd.DataFrame, seen: Observations, readers: Sequence[Reader], rules: Rules, first: str | None
) -> pd.DataFrame:
    """Return ``concordance.tsv``: how far each other reader agrees with the one who counts, in all and by arm.

    Returns
    -------
    DataFrame
        ``n`` pairs of readings, ``agree`` of them the same, Cohen's ``kappa`` with its interval; of progressions that
        both saw how often the one who counts was ``earlier`` or ``later`` by more than the scan window.
    """
    window, level = rules.settings["scans"]["window_days"], rules.settings["rates"]["confidence"]
    arm = endpoints.set_index("patient_id")["arm"]
    rows = []
    for reader in readers:
        both = endpoints.merge(reader.endpoints, on="patient_id", suffixes=("", "_other"))
        both = both[both["patient_id"].isin(patients_read(seen))]
        scans = matched(seen, reader.seen, window).dropna(subset=["overall", "other"])
        arms = [ALL, *sorted(arm.unique())] if arm.nunique() > 1 else [ALL]
        for name in arms:
            people = both if name == ALL else both[both["arm"] == name]
            ours = scans if name == ALL else scans[scans["patient_id"].map(arm) == name]
            about = {"evaluator": first, "other": reader.name, "arm": name}
            rows.append(about | agreement("overall response of a scan", ours["overall"], ours["other"], level))
            for measure, column in OF_PATIENTS.items():
                rows.append(about | agreement(measure, people[column], people[f"{column}_other"], level))
            rows.append(about | day_agreement(people, window))
    return pd.DataFrame(rows, columns=CONCORDANCE)


def agreement(measure: str, ours: pd.Series, theirs: pd.Series, level: float) -> Row:
    """Count how often two readers say the same, and Cohen's kappa."""
    both = ours.notna() & theirs.notna()
    first, second = (values[both].astype(str).to_numpy() for values in (ours, theirs))
    agree = int((first == second).sum())
    row: Row = {"measure": measure, "n": len(first), "agree": agree}
    row["agreement"] = agree / len(first) if len(first) else np.nan
    return row | dict(zip(("kappa", "ci_low", "ci_high"), cohen_kappa(first, second, level), strict=True))


def day_agreement(people: pd.DataFrame, window: int) -> Row:
    """Count whether two readers date the progressions that both saw within the scan window."""
    both = people[progressed(people, "") & progressed(people, "_other")]
    apart = both["pfs_days"].astype("float64") - both["pfs_days_other"].astype("float64")
    agree = int((apart.abs() <= window).sum())
    return {
        "measure": "day of progression",
        "n": len(both),
        "agree": agree,
        "agreement": agree / len(both) if len(both) else np.nan,
        "earlier": int((apart < -window).sum()),
        "later": int((apart > window).sum()),
    }


def progressed(people: pd.DataFrame, suffix: str) -> pd.Series:
    return people[f"pfs_reason{suffix}"].str.startswith("PD:").fillna(False).astype(bool)


def reader_queries(
    endpoints: pd.DataFrame, seen: Observations, readers: Sequence[Reader], rules: Rules, first: str | None
) -> Iterator[ScanQuery]:
    """Name the patients of whom two readers differ in response or progression, or whom one has not read."""
    window = rules.settings["scans"]["window_days"]
    ours = endpoints.set_index("patient_id").to_dict("index")
    mine = patients_read(seen)
    for reader in readers:
        theirs = reader.endpoints.set_index("patient_id").to_dict("index")
        for patient in sorted(mine ^ set(theirs)):
            absent, there = (reader.name, first) if patient in mine else (first, reader.name)
            text = f"scans were read by {there}, none by {absent}"
            yield ScanQuery(patient, "warning" if patient in mine else "error", "not_read_by_all", text)
        for patient in sorted(mine & set(theirs)):
            for what, text in differences(ours[patient], theirs[patient], window):
                words = f"{text} by {first} and by {reader.name}"
                yield ScanQuery(patient, "warning", f"evaluators_differ_{what}", words)


def differences(ours: Mapping[str, Any], theirs: Mapping[str, Any], window: int) -> Iterator[tuple[str, str]]:
    if ours["response"] != theirs["response"]:
        yield "response", f"best response with confirmation {ours['cbor']} and {theirs['cbor']}"
    days = [None if not str(row["pfs_reason"]).startswith("PD:") else int(row["pfs_days"]) for row in (ours, theirs)]
    if (days[0] is None) != (days[1] is None):
        one, two = ("no progression" if day is None else f"progression on day {day}" for day in days)
        yield "progression", f"{one} and {two}"
    elif days[0] is not None and days[1] is not None and abs(days[0] - days[1]) > window:
        yield "progression", f"progression on day {study_day(days[0] - 1)} and on day {study_day(days[1] - 1)}"
