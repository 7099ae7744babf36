"""Accounts of the clinical tables: every row is used, asked about or left out with its reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from anpi.accounts.account import Account
from anpi.adverse_events.table import safety_set
from anpi.endpoints.observations import Observations
from anpi.endpoints.readers import primary_evaluator, read_by
from anpi.endpoints.rules import Rules
from anpi.tables.clinical import Clinical
from anpi.tables.reading import read_text_table

ROWS = "rows of {}"
UNDATED = "without a day: no reference date of the patient"


def table_accounts(
    paths: Mapping[str, Path | None],
    clinical: Clinical,
    seen: Observations,
    rules: Rules,
    results: Mapping[str, pd.DataFrame],
) -> Iterator[Account]:
    """Iterate over the accounts of the clinical tables that were given.

    Parameters
    ----------
    paths : mapping
        File by table; rows are counted there, before anything reads them.
    clinical, seen : Clinical, Observations
        As the endpoints were derived from.
    results : mapping
        The written ``timepoints`` and ``adverse_events``: what was used is counted there.
    """
    given = {table: len(read_text_table(path)) for table, path in paths.items() if path is not None}
    strangers = {
        table: number - len(frame)
        for table, number in given.items()
        if table != "patients" and (frame := getattr(clinical, table)) is not None
    }
    makers = {
        "patients": lambda: Account(ROWS.format("patients"), "patients", given["patients"], len(clinical.patients)),
        "assessments": lambda: assessment_account(given["assessments"], clinical, seen, rules, results["timepoints"]),
        "lesions": lambda: lesion_account(given["lesions"], clinical, seen, rules),
        "therapies": lambda: therapy_account(given["therapies"], clinical, seen),
        "biomarkers": lambda: marker_account(given["biomarkers"], clinical, seen),
        "adverse_events": lambda: event_account(given["adverse_events"], clinical, rules, results["adverse_events"]),
    }
    for table, make in makers.items():
        if table in given:
            account = make()
            asked = account.asked + strangers.get(table, 0)
            yield Account(account.account, table, account.given, account.used, asked, account.left_out, account.note)


def not_looked_at(
    frame: pd.DataFrame, looked: pd.DataFrame, clinical: Clinical, seen: Observations, rules: Rules
) -> dict[str, int]:
    """Count the rows that were set aside before any is judged: other evaluators, no day, after the cut-off."""
    chosen = read_by(frame, primary_evaluator(clinical, rules))
    with_patient = chosen["patient_id"].map(seen.facts["known"]).astype(bool)
    days = seen.timeline.offsets(chosen, "assessment")
    undated = int((~with_patient | days.isna()).sum())
    return {
        "of another evaluator": len(frame) - len(chosen),
        UNDATED: undated,
        "after the data cut-off": len(chosen) - len(looked) - undated,
    }


def assessment_account(
    given: int, clinical: Clinical, seen: Observations, rules: Rules, timepoints: pd.DataFrame
) -> Account:
    """Account for assessments: at a time point, at baseline, or a second reading of one scan."""
    assert clinical.assessments is not None
    assert seen.reported is not None
    left = not_looked_at(clinical.assessments, seen.reported, clinical, seen, rules)
    placed = seen.timepoints["reported_row"].dropna().astype(int)
    doubled = int(placed.duplicated().sum())
    asked = after_death(seen.reported, seen)
    rest = seen.reported[~seen.reported["row"].isin(placed) & ~asked]
    baseline = int((rest["day"] <= 0).sum())
    left["another reading of a scan, less severe"] = len(rest) - baseline
    used = int(timepoints["overall_reported"].notna().sum()) - doubled + baseline
    notes = [f"{baseline} of the used ones at or before the reference date"] if baseline else []
    notes += [f"{doubled} of them at two time points"] if doubled else []
    return Account(ROWS.format("assessments"), "assessments", given, used, int(asked.sum()), left, "; ".join(notes))


def after_death(rows: pd.DataFrame, seen: Observations) -> pd.Series:
    """Return which rows are of scans after the death of their patient, which are asked about."""
    return rows["day"] > rows["patient_id"].map(seen.facts["death"])


def lesion_account(given: int, clinical: Clinical, seen: Observations, rules: Rules) -> Account:
    """Account for lesions: at baseline, at a time point, or a target lesion that baseline does not know."""
    assert clinical.lesions is not None
    assert seen.lesion_rows is not None
    assert seen.lesions is not None
    left = not_looked_at(clinical.lesions, seen.lesion_rows, clinical, seen, rules)
    strange = int((seen.lesions.strangers["kind"] == "target").sum())
    asked = strange + int(after_death(seen.lesion_rows, seen).sum())
    baseline = int((seen.lesion_rows["day"] <= 0).sum())
    at_points = int(seen.lesions.later["point"].isin(seen.lesions.timepoints["row"]).sum())
    return Account(ROWS.format("lesions"), "lesions", given, baseline + at_points - strange, asked, left)


def therapy_account(given: int, clinical: Clinical, seen: Observations) -> Account:
    """Account for therapies: the first one after the reference date of each patient counts."""
    assert clinical.therapies is not None
    days = seen.timeline.offsets(clinical.therapies, "start")
    later = int((days >= 0).sum())
    used = int(seen.facts["therapy_row"].notna().sum())
    left = {
        UNDATED: int(days.isna().sum()),
        "before the reference date": int((days < 0).sum()),
        "later than the first of the patient": later - used,
    }
    return Account(ROWS.format("therapies"), "therapies", given, used, 0, left)


def marker_account(given: int, clinical: Clinical, seen: Observations) -> Account:
    """Account for measurements of markers: each with a value and a day can be asked for by the plan."""
    assert clinical.biomarkers is not None
    undated = seen.timeline.offsets(clinical.biomarkers, "").isna()
    unvalued = clinical.biomarkers["value"].isna() & ~undated
    left = {UNDATED: int(undated.sum()), "without a value": int(unvalued.sum())}
    return Account(ROWS.format("biomarkers"), "biomarkers", given, len(undated) - sum(left.values()), 0, left)


def event_account(given: int, clinical: Clinical, rules: Rules, table: pd.DataFrame) -> Account:
    """Account for adverse events: counted in the table, or left out as its rules say."""
    left = safety_set(clinical, rules.settings["adverse_events"], rules.cutoff).dropped
    whole = table[(table["level"] == "any") & (table["category"] == "all") & (table["grade"].astype(str) == "any")]
    used = int(whole.loc[whole["arm"] == "all", "events"].sum())
    return Account(ROWS.format("adverse events"), "adverse_events", given, used, 0, left)
