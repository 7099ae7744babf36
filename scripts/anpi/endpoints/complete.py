"""Rows and dates that seem to lack, as questions: patients without lesions or scans where others have them, tables and
follow-up that end early, scans that one table has and the other has not, groups of one patient.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pandas as pd

from anpi.endpoints.observations import Observations
from anpi.tables.clinical import Clinical, Query, row_number, study_day, tables_of
from anpi.tables.reading import missing_at_end
from anpi.tables.schema import column_rule, load_schema

TRIAL = ""  # in place of a patient where a query is about a table as a whole
FEW_BLANKS, LEAST_ROWS = 0.1, 8  # the share of blanks in a column up to which each is noted, and rows to tell it from
LONG_SILENCE = 168  # days without a contact before the end of the trial: two visits of survival follow-up are missed


def completeness_queries(clinical: Clinical, seen: Observations) -> Iterator[Query]:
    """Run every check of this module."""
    yield from lone_queries(clinical)
    yield from patient_queries(clinical, seen)
    yield from scan_queries(clinical, seen)
    for table in ("assessments", "lesions", "adverse_events", "biomarkers"):
        yield from end_queries(clinical, seen, table)
    yield from follow_up_queries(seen)
    treated = set(seen.facts.index[seen.facts["treated"]])
    for table, frame in tables_of(clinical).items():
        yield from blank_queries(table, frame, treated)


def lone_queries(clinical: Clinical) -> Iterator[Query]:
    """Ask about arms and evaluators of one patient, where there are others: a name mistyped makes one."""
    for frame, table, column in (
        (clinical.patients, "patients", "arm"),
        (clinical.patients, "patients", "arm_received"),
        (clinical.patients, "patients", "prior_io"),
        (clinical.assessments, "assessments", "evaluator"),
        (clinical.lesions, "lesions", "evaluator"),
    ):
        if frame is None or frame[column].nunique() < 2 or frame["patient_id"].nunique() < 3:
            continue
        members = frame.groupby(column)["patient_id"].nunique()
        for name in members.index[members == 1]:
            index = frame.index[frame[column] == name][0]
            text = f"{table} row {row_number(index)}: no other patient has {column} {name!r}; is it another name?"
            yield Query(frame.at[index, "patient_id"], "warning", "group_of_one", text)


def patient_queries(clinical: Clinical, seen: Observations) -> Iterator[Query]:
    """Ask about patients with scans in one of the two tables alone, where others have them in both."""
    if clinical.assessments is None or clinical.lesions is None:
        return
    told, measured = set(clinical.assessments["patient_id"]), set(clinical.lesions["patient_id"])
    if not told & measured or len(told | measured) < 3:
        return
    for patient in sorted(told - measured):
        text = "assessments but no lesions, which other patients have; the reported responses count"
        yield Query(patient, "error", "lesions_missing", text)
    for patient in sorted(measured - told):
        text = "lesions but no assessments, which other patients have; the responses are derived"
        yield Query(patient, "warning", "assessments_missing", text)


def scan_queries(clinical: Clinical, seen: Observations) -> Iterator[Query]:
    """Ask about scans of one of the two tables alone, of patients whose scans stand in both."""
    if clinical.assessments is None or clinical.lesions is None:
        return
    points = seen.timepoints[seen.timepoints["day"] > 0]
    reported = points["overall_reported"].notna()
    both = set(points.loc[points["derived"], "patient_id"]) & set(points.loc[reported, "patient_id"])
    for alone, rule, text in (
        (~points["derived"], "scan_without_lesions", "an assessment but no lesions; the reported response counts"),
        (points["derived"] & ~reported, "scan_without_assessment", "lesions but no assessment"),
    ):
        rows = points[alone & points["patient_id"].isin(both)]
        for patient, day, source in zip(rows["patient_id"], rows["day"], rows["source"], strict=True):
            yield Query(patient, "warning", rule, f"{source}: the scan of day {study_day(day)} has {text}")


def end_queries(clinical: Clinical, seen: Observations, table: str) -> Iterator[Query]:
    """Ask about a table in which the last patients of the trial have no row, although most before them have."""
    frame = getattr(clinical, table)
    if frame is None:
        return
    patients = clinical.patients.loc[clinical.patients["patient_id"].map(seen.timeline.treated), "patient_id"]
    lacking = missing_at_end(patients.isin(frame["patient_id"]).to_numpy())
    if lacking:
        first = patients.iloc[-lacking]
        text = f"{table} has no row of the last {lacking} patient(s), from {first} on; was it cut short?"
        yield Query(TRIAL, "error", "table_ends_early", text)


def follow_up_queries(seen: Observations) -> Iterator[Query]:
    """Note patients of whom nothing is heard long before the cut-off, neither of death nor of a withdrawal.

    Without a cut-off the trial goes on, by the calendar, to the last contact of all patients but one.
    """
    facts = seen.facts
    last = seen.timeline.calendar(facts.index, facts["alive_day"]).sort_values()
    latest = last.dropna().iloc[-2] if last.notna().sum() > 1 else pd.NaT
    end = facts["cutoff"].where(facts["cutoff"].notna(), (latest - seen.timeline.date).dt.days)
    silent = facts["last_alive"].notna() & facts["death"].isna() & facts["withdrawal"].isna() & ~facts["alive_later"]
    gap = (end - facts["alive_day"]).where(silent)
    for patient in facts.index[gap > LONG_SILENCE]:
        row, day = facts.at[patient, "row"], study_day(facts.at[patient, "alive_day"])
        text = f"patients row {row}: last known alive on day {day}, {gap[patient]:.0f} days before the end of the trial"
        told = "no death and no withdrawal; lost to follow-up, or does a date lack?"
        yield Query(patient, "note", "follow_up_ended_early", f"{text}; {told}")


def blank_queries(table: str, frame: pd.DataFrame, treated: set[str]) -> Iterator[Query]:
    """Note blanks in columns of the schema that nearly all rows fill.

    Times of a patient who was never treated are not asked about: counted from the treatment they cannot be told.
    """
    if len(frame) < LEAST_ROWS:
        return
    declared = [column for column in frame if column_rule(load_schema(table), str(column)) is not None]
    blank = frame[declared].isna()
    times = [column for column in declared if str(column).endswith(("_date", "_day"))]
    blank.loc[~frame["patient_id"].isin(treated), times] = False
    few = [column for column in declared if 0 < blank[column].mean() <= FEW_BLANKS]
    for index, row in blank.loc[blank[few].any(axis=1), few].iterrows():
        lacking = ", ".join(re.sub("_(date|day)$", "", str(column)) for column in few if row[column])
        text = f"{table} row {row_number(index)}: no {lacking}, which nearly all rows have"
        yield Query(frame.at[index, "patient_id"], "note", "value_missing", text)
