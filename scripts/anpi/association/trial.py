"""The join of patients, endpoints, analysis sets and what is known of their tumours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from anpi.association.markers import Measured, measure_markers
from anpi.problems import InputError, Problem, missing_column, nearest, refuse, refuse_missing_columns
from anpi.tables.clinical import Timeline
from anpi.tables.matrices import read_matrix
from anpi.tables.reading import read_facts, read_table
from anpi.tables.schema import column_rule, load_schema
from anpi.trial.endpoints import SURVIVAL, endpoint_columns, endpoint_kind
from anpi.trial.results import CLEARANCE
from anpi.trial.sets import USABLE
from anpi.trial.subtypes import CALLED

FROM_FIRST_SCAN = (
    "the day of the confirming scan is not known: a confirmed response counts from its first scan, "
    "which makes responders look better than they are"
)
AND = " and "  # between the units of one signature
YES_NO = {"Y": 1.0, "N": 0.0, "YES": 1.0, "NO": 0.0, "1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0}
RESPONSE_ORDER = {"PD": 0.0, "SD": 1.0, "NON-CR/NON-PD": 1.0, "PR": 2.0, "CR": 3.0}
RESPONSE_ORDER |= {"ICPD": 0.0, "IUPD": 0.0, "ISD": 1.0, "NON-ICR/NON-IUPD": 1.0, "IPR": 2.0, "ICR": 3.0}


@dataclass(frozen=True)
class Exposure:
    """What happens during treatment and divides a patient's time.

    Parameters
    ----------
    known : Series
        Day from which it counts in the time-dependent model: of a confirmed response the confirming scan. Counted from
        the first scan, those who are confirmed would have the days until then as a gift (immortal time).
    seen : Series
        Day on which it was first seen, confirmed later or not, for landmarks.
    undated : frozenset
        Patients who had it on a day that is not known.
    earlier : tuple of str
        Patients who had it before treatment too, which does not count.
    warning : str or None
        What is wrong with the days.
    """

    known: pd.Series
    seen: pd.Series
    undated: frozenset[str] = frozenset()
    earlier: tuple[str, ...] = ()
    warning: str | None = None


@dataclass(frozen=True)
class Trial:
    """Everything known of the patients, each table with one row a patient in the same order (index ``patient_id``).

    ``calls``, ``scores`` (patients x signatures) and ``tpm`` (patients x genes by id) hold the sample that the sets
    name for a patient, where it can be used: a sample that failed or was taken under treatment speaks in no set. They
    are None when there is no expression data. ``first_immune_event`` holds the day of the first immune-related adverse
    event under treatment, ``undated_immune_event`` the patients who had one on a day that is not known,
    ``earlier_immune_event`` those with one that began before treatment, ``units`` the unit of each signature's scores,
    ``markers`` what biomarkers.csv says, its days counted as those of the endpoints. ``lead`` holds by how many days
    those run ahead of study days (see `endpoint_lead`); None: not at all.
    """

    patients: pd.DataFrame
    endpoints: pd.DataFrame
    sets: pd.DataFrame
    calls: pd.DataFrame | None = None
    scores: pd.DataFrame | None = None
    tpm: pd.DataFrame | None = None
    samples: pd.DataFrame | None = None
    first_immune_event: pd.Series | None = None
    undated_immune_event: frozenset[str] = frozenset()
    earlier_immune_event: tuple[str, ...] = ()
    symbols: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    markers: dict[str, Measured] = field(default_factory=dict)
    lead: pd.Series | None = None

    def members(self, name: str) -> pd.Index:
        """Return patients of an analysis set."""
        return self.sets.index[self.sets[name].eq("yes")]

    def set_names(self) -> list[str]:
        """Return names of the analysis sets."""
        return [column for column in self.sets.columns if column not in ("sample_id", "reason_out")]

    def arms(self) -> pd.Series:
        """Return the treatment arm of each patient."""
        return self.patients["arm"].astype(str)

    def outcome(self, endpoint: str) -> pd.DataFrame:
        """Return ``time`` (days) and ``event``, or ``y`` (0/1, or ordered), NaN where it is missing."""
        columns = endpoint_columns(endpoint)
        if not set(columns) <= set(self.endpoints.columns):
            names = ("time", "event") if endpoint_kind(endpoint) == "time" else ("y",)
            return pd.DataFrame(np.nan, index=self.endpoints.index, columns=list(names))
        part = self.endpoints[list(columns)]
        if endpoint_kind(endpoint) == "time":
            return part.astype(float).set_axis(["time", "event"], axis=1)
        order = YES_NO if endpoint_kind(endpoint) == "binary" else RESPONSE_ORDER
        return part.iloc[:, 0].astype("string").str.upper().map(order).astype(float).to_frame("y")

    def exposure(self, biomarker: str) -> Exposure | None:
        """Return the days of what divides a patient's time: response, immune-related event, clearance of a marker."""
        if biomarker.startswith(CLEARANCE):
            measured = self.markers.get(biomarker.removeprefix(CLEARANCE))
            return None if measured is None else Exposure(measured.cleared, measured.cleared)
        if biomarker == "immune_related":
            day = self.first_immune_event
            return None if day is None else Exposure(day, day, self.undated_immune_event, self.earlier_immune_event)
        return response_exposure(self) if biomarker == "response" else None

    def endpoint_days(self, days: pd.Series) -> pd.Series:
        """Return study days (by patient, from the start of treatment on) as days of the endpoints."""
        return days if self.lead is None else days + self.lead.reindex(days.index)

    def covariate(self, name: str) -> pd.Series:
        """Return values of a column of the patients or of their samples; levels are categories (see `levelled`)."""
        if name in self.patients.columns and self.patients[name].notna().any():
            return levelled(self.patients[name], "patients")
        if self.samples is not None and name in self.samples.columns:
            return levelled(self.samples[name], "samples")
        return pd.Series(np.nan, index=self.patients.index, name=name)


def response_exposure(trial: Trial) -> Exposure | None:
    """Return the days of response: confirmed where the table of endpoints says when, else unconfirmed.

    Where it is known that nobody has a confirmed response there is no day of one;
    unconfirmed ones are another question.
    """
    table, responses = trial.endpoints, trial.outcome("response")["y"].dropna()

    def day(name: str) -> pd.Series | None:
        return table[name].astype(float) if name in table and table[name].notna().any() else None

    confirmed, loose, first = day("response_confirmed_days"), day("ttr_days_unconfirmed"), day("ttr_days")
    known = next((found for found in (confirmed, loose, first) if found is not None), None)
    if len(responses) and not responses.any():
        nobody = pd.Series(np.nan, index=table.index)
        return Exposure(nobody, nobody if loose is None else loose)
    if known is None:
        return None
    outcome = "response_unconfirmed" if confirmed is None and loose is not None else "response"
    had = trial.outcome(outcome)["y"].eq(1) & known.isna()
    warning = FROM_FIRST_SCAN if confirmed is None and loose is None else None
    return Exposure(known, known if loose is None else loose, frozenset(table.index[had]), warning=warning)


def levelled(values: pd.Series, table: str) -> pd.Series:
    """Make a category of a column whose values are names: declared as text, or in part no numbers.

    Batch 1, 2 and 3 are three batches and no amounts of anything, and site 1, 2 and 3 are sites in either table.
    """
    rules = [column_rule(load_schema(name), str(values.name)) for name in (table, "patients", "samples")]
    rule = next((rule for rule in rules if rule is not None), None)
    numbers = pd.to_numeric(values, errors="coerce")
    if (rule is not None and rule["type"] == "string") or (numbers.isna() & values.notna()).any():
        return values.astype("string").astype("category")
    return numbers.astype(float)


def read_trial(
    patients: Path | str,
    endpoints: Path | str,
    sets: Path | str,
    calls: Path | str | None = None,
    scores: Path | str | None = None,
    tpm: Path | str | None = None,
    genes: Path | str | None = None,
    samples: Path | str | None = None,
    adverse_events: Path | str | None = None,
    biomarkers: Path | str | None = None,
    reference: str = "treatment_start",
) -> Trial:
    """Read the tables and join them on the patient; samples through the sample that the sets name.

    A subtype is one of a confident or lean call: the foremost of a mixed call is none. ``reference`` is what endpoints
    count from (``treatment_start``, ``randomisation``), where they have no dates that tell.

    Raises
    ------
    InputError
        Patients or samples that other tables name and the first does not know, values of another kind.
    """
    people = read_table(patients, "patients").set_index("patient_id").sort_index()
    people.attrs["file"] = str(patients)
    outcome = keyed(read_facts(endpoints), "patient_id", str(endpoints))
    members = keyed(read_facts(sets), "patient_id", str(sets))
    problems = list(strangers(outcome.index, people.index, str(endpoints), str(patients)))
    problems += strangers(members.index, people.index, str(sets), str(patients))
    if "sample_id" not in members.columns:
        problems.append(Problem(str(sets), "the column is missing", column="sample_id"))
    problems += list(endpoint_problems(outcome, str(endpoints)))
    refuse(problems)
    members = members.reindex(people.index)
    chosen = members["sample_id"]
    sampled = by_sample(read_table(samples, "samples").set_index("sample_id"), chosen) if samples else None
    if USABLE in members.columns:
        chosen = members["sample_id"] = chosen.where(members[USABLE].eq("yes"))
    called = by_sample(keyed(read_facts(calls), "sample_id", str(calls)), chosen) if calls else None
    if called is not None and {"subtype", "call"} <= set(called.columns):
        called["subtype"] = called["subtype"].where(called["call"].isin(CALLED))
    values = read_facts(scores) if scores else None
    outcome = outcome.reindex(people.index)
    day_1 = reference_dates(outcome, people)
    lead = endpoint_lead(day_1, people, reference)
    days, earlier = immune_event_days(adverse_events, people, day_1, lead) if adverse_events else (None, ())
    return Trial(
        people,
        outcome,
        members,
        called,
        pivot_scores(values, chosen, str(scores)) if values is not None else None,
        read_tpm(tpm, chosen) if tpm else None,
        sampled,
        None if days is None else first_immune_event(days, people.index),
        frozenset() if days is None else undated(days),
        earlier,
        read_symbols(genes) if genes else {},
        score_units(values),
        read_markers(biomarkers, people, lead) if biomarkers else {},
        lead,
    )


def known_signatures(registry: pd.DataFrame, trial: Trial) -> pd.DataFrame:
    """Return ids and categories of the registry, and beside them what else was scored (category ``user``)."""
    known = registry[["id", "category"]]
    scored = [] if trial.scores is None else [name for name in trial.scores.columns if name not in set(known["id"])]
    return pd.concat([known, pd.DataFrame({"id": scored, "category": "user"})], ignore_index=True)


def keyed(frame: pd.DataFrame, key: str, file: str) -> pd.DataFrame:
    if key not in frame.columns:
        raise InputError(missing_column(file, key, frame.columns, frame.columns))
    twice = sorted(frame.loc[frame[key].duplicated(), key].astype(str).unique())
    refuse([Problem(file, column=key, found=f"{name} twice", expected="one row each") for name in twice])
    return frame.set_index(key).sort_index()


def strangers(names: pd.Index, known: pd.Index, file: str, source: str) -> Iterator[Problem]:
    for name in names.difference(known):
        near = nearest(str(name), known)
        mend = f"Did you mean {near}?" if near else None
        yield Problem(file, column="patient_id", found=str(name), expected=f"a patient of {source}", mend=mend)


def endpoint_problems(frame: pd.DataFrame, file: str) -> Iterator[Problem]:
    """Find durations that are no numbers or negative, and events that are neither 0 nor 1."""
    for column in frame.columns:
        values = frame[column].dropna()
        if "_days" not in column and "_event" not in column:
            continue
        numbers = pd.to_numeric(values, errors="coerce")
        allowed = numbers.isin([0, 1]) if "_event" in column else numbers >= 0
        for patient in values.index[~allowed]:
            expected = "1 (event) or 0 (censored)" if "_event" in column else "days, 0 or more"
            message = f"patient {patient}"
            yield Problem(file, message, column=column, found=str(values[patient]), expected=expected)


def by_sample(frame: pd.DataFrame, chosen: pd.Series) -> pd.DataFrame:
    """Take the sample that was chosen for each patient."""
    return frame.reindex(chosen.to_numpy()).set_axis(chosen.index, axis=0)


def pivot_scores(values: pd.DataFrame, chosen: pd.Series, file: str) -> pd.DataFrame:
    """Turn the long table of scores into patients x signatures."""
    refuse_missing_columns(file, values, ("sample_id", "signature", "score"))
    twice = values[values.duplicated(["sample_id", "signature"])]
    refuse(
        [
            Problem(file, found=f"{s} {g} twice", expected="one score each")
            for s, g in twice[["sample_id", "signature"]].values
        ]
    )
    order = list(dict.fromkeys(values["signature"]))
    wide = values.pivot(index="sample_id", columns="signature", values="score")[order].astype(float)
    return wide.reindex(chosen.to_numpy()).set_axis(chosen.index, axis=0)


def score_units(values: pd.DataFrame | None) -> dict[str, str]:
    """Return the unit of each signature that was scored; of several, as of panels and whole transcriptomes, all."""
    if values is None or "unit" not in values.columns:
        return {}
    known = values.dropna(subset=["unit", "score"]).drop_duplicates(["signature", "unit"]).astype({"unit": str})
    return {str(name): AND.join(sorted(units)) for name, units in known.groupby("signature", sort=False)["unit"]}


def read_tpm(path: Path | str, chosen: pd.Series) -> pd.DataFrame:
    return read_matrix(path).T.reindex(chosen.to_numpy()).set_axis(chosen.index, axis=0)


def read_symbols(path: Path | str) -> dict[str, str]:
    """Return the gene id by symbol, the first of a symbol that several ids share."""
    genes = read_facts(path).dropna(subset=["symbol"]).drop_duplicates("symbol")
    return dict(zip(genes["symbol"].astype(str), genes["gene_id"].astype(str), strict=True))


def reference_dates(endpoints: pd.DataFrame, patients: pd.DataFrame) -> pd.Series:
    """Return day 1 of each patient's times as a date: what endpoints count from, else the start of treatment.

    Times may count from randomisation; the day of an adverse event must count from there too.
    """
    start = pd.Series(pd.NaT, index=patients.index, dtype="datetime64[ns]")
    for name in SURVIVAL:
        if {f"{name}_date", f"{name}_days"} <= set(endpoints.columns):
            last = pd.to_datetime(endpoints[f"{name}_date"])
            start = start.fillna(last - pd.to_timedelta(endpoints[f"{name}_days"].astype(float) - 1, unit="D"))
    return start.fillna(start_dates(patients))


def endpoint_lead(day_1: pd.Series, patients: pd.DataFrame, reference: str) -> pd.Series:
    """Return by how many days the days of each patient's endpoints run ahead of study days (1 = start of treatment).

    By their dates (see `reference_dates`); tables of study days alone have none, and then by ``reference``.
    """
    by_dates = (start_dates(patients) - day_1).dt.days
    return by_dates.fillna(-Timeline(patients.reset_index(), reference).shift).fillna(0.0)


def start_dates(patients: pd.DataFrame) -> pd.Series:
    if "treatment_start_date" in patients.columns:
        return pd.to_datetime(patients["treatment_start_date"])
    return pd.Series(pd.NaT, index=patients.index, dtype="datetime64[ns]")


def read_markers(path: Path | str, patients: pd.DataFrame, lead: pd.Series) -> dict[str, Measured]:
    """Read the markers, with days of clearance that count as those of the endpoints."""
    measured = measure_markers(read_table(path, "biomarkers"), patients.reset_index())
    return {name: replace(marker, cleared=marker.cleared + lead) for name, marker in measured.items()}


def immune_event_days(
    path: Path | str, patients: pd.DataFrame, day_1: pd.Series, lead: pd.Series
) -> tuple[pd.Series | None, tuple[str, ...]]:
    """Return the day of every immune-related event under treatment, and who had one that began before it.

    Returns
    -------
    days : Series or None
        Day (counted as those of the endpoints) by patient, NaN where it has no date. None when no row says of an event
        whether it was immune-related.
    earlier : tuple of str
        Patients with an event that began before the first dose; it is not among the days.
    """
    events = read_table(path, "adverse_events")
    if len(events) and events["immune_related"].isna().all():
        return None, ()
    events = events[events["immune_related"].eq("Y")]
    patient, started = events["patient_id"], start_dates(patients)
    if "start_day" in events.columns:
        day = events["start_day"].astype(float)
        before = day < 1
        days = day.where(day > 0, day + 1) + patient.map(lead)
    else:
        date = pd.to_datetime(events["start_date"])
        before = date < patient.map(started)
        days = (date - patient.map(day_1)).dt.days + 1.0
    return days.astype(float).set_axis(pd.Index(patient))[~before.to_numpy()], tuple(sorted(set(patient[before])))


def first_immune_event(days: pd.Series, patients: pd.Index) -> pd.Series:
    """Return the day of each patient's first immune-related adverse event under treatment, NaN without one."""
    return days.groupby(level=0).min().reindex(patients).astype(float)


def undated(days: pd.Series) -> frozenset[str]:
    """Return patients who had immune-related events, but on no day that is known."""
    known = days.groupby(level=0).count()
    return frozenset(known.index[known == 0])
