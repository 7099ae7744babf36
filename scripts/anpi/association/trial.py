"""The join of patients, endpoints, analysis sets and what is known of their tumours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from anpi.association.plan import endpoint_columns, endpoint_kind
from anpi.tables.problems import InputError, Problem, nearest, refuse
from anpi.tables.reading import read_facts, read_matrix, read_table
from anpi.tables.schema import column_rule, load_schema

YES_NO = {"Y": 1.0, "N": 0.0, "YES": 1.0, "NO": 0.0, "1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0}
RESPONSE_ORDER = {"PD": 0.0, "SD": 1.0, "NON-CR/NON-PD": 1.0, "PR": 2.0, "CR": 3.0}


@dataclass(frozen=True)
class Trial:
    """Everything known of the patients, each table with one row a patient in the same order (index ``patient_id``).

    ``calls``, ``scores`` (patients x signatures) and ``tpm`` (patients x genes by id) hold the sample that the sets
    name for a patient; they are None when there is no expression data. ``first_immune_event`` holds the day of the
    first immune-related adverse event, ``units`` the unit of each signature's scores.
    """

    patients: pd.DataFrame
    endpoints: pd.DataFrame
    sets: pd.DataFrame
    calls: pd.DataFrame | None = None
    scores: pd.DataFrame | None = None
    tpm: pd.DataFrame | None = None
    samples: pd.DataFrame | None = None
    first_immune_event: pd.Series | None = None
    symbols: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)

    def members(self, name: str) -> pd.Index:
        """Patients of an analysis set."""
        return self.sets.index[self.sets[name].eq("yes")]

    def set_names(self) -> list[str]:
        """Names of the analysis sets."""
        return [column for column in self.sets.columns if column not in ("sample_id", "reason_out")]

    def arms(self) -> pd.Series:
        """Treatment arm of each patient."""
        return self.patients["arm"].astype(str)

    def outcome(self, endpoint: str) -> pd.DataFrame:
        """Give ``time`` (days) and ``event``, or ``y`` (0/1, or ordered), NaN where it is missing."""
        columns = endpoint_columns(endpoint)
        if not set(columns) <= set(self.endpoints.columns):
            names = ("time", "event") if endpoint_kind(endpoint) == "time" else ("y",)
            return pd.DataFrame(np.nan, index=self.endpoints.index, columns=list(names))
        part = self.endpoints[list(columns)]
        if endpoint_kind(endpoint) == "time":
            return part.astype(float).set_axis(["time", "event"], axis=1)
        order = YES_NO if endpoint_kind(endpoint) == "binary" else RESPONSE_ORDER
        return part.iloc[:, 0].astype("string").str.upper().map(order).astype(float).to_frame("y")

    def covariate(self, name: str) -> pd.Series:
        """Values of a column of the patients or of their samples; levels are categories (see `levelled`)."""
        if name in self.patients.columns and self.patients[name].notna().any():
            return levelled(self.patients[name], "patients")
        if self.samples is not None and name in self.samples.columns:
            return levelled(self.samples[name], "samples")
        return pd.Series(np.nan, index=self.patients.index, name=name)


def levelled(values: pd.Series, table: str) -> pd.Series:
    """Make a category of a column whose values are names: declared as text, or in part no numbers.

    Batch 1, 2 and 3 are three batches and no amounts of anything.
    """
    rule = column_rule(load_schema(table), str(values.name))
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
) -> Trial:
    """Read the tables and join them on the patient; samples through the sample that the sets name.

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
    called = by_sample(keyed(read_facts(calls), "sample_id", str(calls)), chosen) if calls else None
    sampled = by_sample(read_table(samples, "samples").set_index("sample_id"), chosen) if samples else None
    values = read_facts(scores) if scores else None
    return Trial(
        people,
        outcome.reindex(people.index),
        members,
        called,
        pivot_scores(values, chosen, str(scores)) if values is not None else None,
        read_tpm(tpm, chosen) if tpm else None,
        sampled,
        first_immune_event(adverse_events, people) if adverse_events else None,
        read_symbols(genes) if genes else {},
        score_units(values),
    )


def known_signatures(registry: pd.DataFrame, trial: Trial) -> pd.DataFrame:
    """Give ids and categories of the registry, and beside them what else was scored (category ``user``)."""
    known = registry[["id", "category"]]
    scored = [] if trial.scores is None else [name for name in trial.scores.columns if name not in set(known["id"])]
    return pd.concat([known, pd.DataFrame({"id": scored, "category": "user"})], ignore_index=True)


def keyed(frame: pd.DataFrame, key: str, file: str) -> pd.DataFrame:
    if key not in frame.columns:
        near = nearest(key, frame.columns)
        raise InputError(
            Problem(file, "the column is missing", row=1, column=key, mend=f"Is it {near}?" if near else None)
        )
    twice = sorted(frame.loc[frame[key].duplicated(), key].astype(str).unique())
    refuse([Problem(file, column=key, found=f"{name} twice", expected="one row each") for name in twice])
    return frame.set_index(key).sort_index()


def strangers(names: pd.Index, known: pd.Index, file: str, source: str) -> Iterator[Problem]:
    for name in names.difference(known):
        near = nearest(str(name), known)
        mend = f"Did you mean {near}?" if near else None
        yield Problem(file, column="patient_id", found=str(name), expected=f"a patient of {source}", mend=mend)


def endpoint_problems(frame: pd.DataFrame, file: str) -> Iterator[Problem]:
    """Durations that are no numbers or negative, and events that are neither 0 nor 1."""
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
    lacking = [name for name in ("sample_id", "signature", "score") if name not in values.columns]
    refuse([Problem(file, "the column is missing", row=1, column=name) for name in lacking])
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
    if values is None or "unit" not in values.columns:
        return {}
    known = values.dropna(subset=["unit"]).drop_duplicates("signature")
    return dict(zip(known["signature"].astype(str), known["unit"].astype(str), strict=True))


def read_tpm(path: Path | str, chosen: pd.Series) -> pd.DataFrame:
    return read_matrix(path).T.reindex(chosen.to_numpy()).set_axis(chosen.index, axis=0)


def read_symbols(path: Path | str) -> dict[str, str]:
    """Gene id by symbol, the first of a symbol that several ids share."""
    genes = read_facts(path).dropna(subset=["symbol"]).drop_duplicates("symbol")
    return dict(zip(genes["symbol"].astype(str), genes["gene_id"].astype(str), strict=True))


def first_immune_event(path: Path | str, patients: pd.DataFrame) -> pd.Series:
    """Day (1 = start of treatment) of each patient's first immune-related adverse event, NaN without one."""
    events = read_table(path, "adverse_events")
    events = events[events["immune_related"].astype("string").isin(["Y", "yes", "Yes", "1", "true"])]
    if "start_day" in events.columns:
        day = events["start_day"].astype(float)
    else:
        start = events["patient_id"].map(patients["treatment_start_date"])
        day = (pd.to_datetime(events["start_date"]) - pd.to_datetime(start)).dt.days + 1.0
    return day.groupby(events["patient_id"]).min().reindex(patients.index).astype(float)
