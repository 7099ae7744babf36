"""Adverse events by arm and class, and the questions to the data manager."""

from __future__ import annotations

from typing import Any

import pandas as pd

from anpi.report import sentences as say
from anpi.report.blocks import Cell, Link, Note, Section, Table, Text, table_of
from anpi.report.numbers import NONE, decimal, has_value, percent
from anpi.report.tables import Run
from anpi.words.lists import listed, plural

SUMMARY = [
    ("all", "any", "Any adverse event"),
    ("all", ">=3", "Grade 3 or higher"),
    ("serious", "any", "Serious"),
    ("related", "any", "Related to treatment"),
    ("immune_related", "any", "Immune-related"),
    ("immune_related", ">=3", "Immune-related, grade 3 or higher"),
    ("stopped", "any", "Led to the end of treatment"),
    ("fatal", "any", "Fatal"),
]


def safety(run: Run) -> Section:
    """Return the summary by arm."""
    events = run.table("adverse_events")
    if events is None:
        words = "Adverse events were not given to this run: nothing can be said about safety."
        return Section("safety", "Safety", [Note(words, "absent")])
    arms = ["all", *sorted(a for a in events["arm"].dropna().unique() if a != "all")]
    arms = ["all"] if len(arms) == 2 else arms
    any_event = one(events[events["level"] == "any"], "all", "any", "all")
    grade = one(events[events["level"] == "any"], "all", ">=3", "all")
    lines = []
    if any_event is not None and grade is not None:
        lines.append(
            f"Of {plural(int(any_event['N']), 'treated patient')}, {int(any_event['n'])} "
            f"({percent(any_event['percent'] / 100)}) had an "
            f"adverse event and {int(grade['n'])} ({percent(grade['percent'] / 100)}) one of grade 3 or higher."
        )
    more = Link("details.html#adverse-event-terms", "All events by class and term")
    return Section("safety", "Safety", [Text(lines), summary_table(events, arms), more])


def safety_terms(run: Run) -> Section | None:
    """Return the table by class and term; None when no adverse events were given."""
    events = run.table("adverse_events")
    if events is None:
        return None
    arms = ["all", *sorted(a for a in events["arm"].dropna().unique() if a != "all")]
    table = term_table(events, ["all"] if len(arms) == 2 else arms)
    blocks = [table, *exposure_blocks(run)]
    return Section("adverse-event-terms", "Adverse events by class and term", blocks, "Adverse events")


def exposure_blocks(run: Run) -> list[Any]:
    """Return how long patients were treated, and how grades moved from before treatment."""
    exposure, shifts = run.table("exposure"), run.table("shifts")
    blocks: list[Any] = []
    if exposure is not None:
        columns = {"measure": "Measure", "unit": "Unit", "arm": "Arm", "n": "Patients with data", "N": "Treated"}
        columns |= {"on_treatment": "Still treated", "median": "Median", "q1": "Lower quartile", "q3": "Upper quartile"}
        columns |= {"least": "Minimum", "most": "Maximum", "patient_years": "Patient-years"}
        write = dict.fromkeys(("median", "q1", "q3", "patient_years"), lambda value: decimal(value, 1))
        blocks.append(table_of(exposure, "exposure", "Exposure to treatment", columns, write))
    if shifts is not None:
        columns = {"soc": "Class", "term": "Term", "arm": "Arm", "baseline_grade": "Grade before"}
        columns |= {"worst_grade": "Worst grade on treatment", "n": "Patients", "N": "Treated"}
        blocks.append(table_of(shifts, "shifts", "Shifts of grades from before treatment", columns, folded=True))
    return blocks


def one(events: pd.DataFrame, category: str, grade: str, arm: str) -> pd.Series | None:
    rows = events[(events["category"] == category) & (events["grade"].astype(str) == grade) & (events["arm"] == arm)]
    return None if rows.empty else rows.iloc[0]


def patients_cell(row: pd.Series | None) -> Cell:
    return Cell(NONE) if row is None else Cell(f"{int(row['n'])} ({row['percent']:.0f}%)", float(row["n"]))


def arm_names(events: pd.DataFrame, arms: list[str]) -> list[str]:
    total = events[events["level"] == "any"].drop_duplicates("arm").set_index("arm")["N"]
    return [f"{'All' if arm == 'all' else arm} (n = {int(total[arm])})" for arm in arms]


def summary_table(events: pd.DataFrame, arms: list[str]) -> Table:
    overall = events[events["level"] == "any"]
    rows = [
        [Cell(words), *(patients_cell(one(overall, category, grade, arm)) for arm in arms)]
        for category, grade, words in SUMMARY
    ]
    caption = (
        "Patients with at least one treatment-emergent event, by treatment received; n (%). A patient counts "
        "once, at the worst grade."
    )
    versions = [
        f"{name} {v}"
        for name, column in (("MedDRA", "meddra_version"), ("CTCAE", "ctcae_version"))
        for v in events[column].dropna().unique()[:1]
    ]
    caption += f" {listed(versions)}." if versions else " The versions of MedDRA and CTCAE are not stated."
    return Table("adverse-events", "Adverse events", ["", *arm_names(events, arms)], rows, caption)


def term_table(events: pd.DataFrame, arms: list[str]) -> Table:
    """Return classes by frequency, terms within them by frequency."""
    part = events[(events["category"] == "all") & events["grade"].astype(str).isin(["any", ">=3"])]
    part = part[part["level"].isin(["soc", "term"])]
    lookup = {
        (r["level"], r["soc"], r["term"], str(r["grade"]), r["arm"]): r
        for _, r in part.assign(term=part["term"].fillna("")).iterrows()
    }
    total = part[(part["arm"] == "all") & (part["grade"].astype(str) == "any")]
    size = {(r.level, r.soc, r.term if has_value(r.term) else ""): int(r.n) for r in total.itertuples()}
    order = sorted(size, key=lambda k: (-size[("soc", k[1], "")], k[1], k[0] == "term", -size[k], k[2]))
    rows = []
    for level, soc, term in order:
        cells = [patients_cell(lookup.get((level, soc, term, grade, arm))) for arm in arms for grade in ("any", ">=3")]
        rows.append([Cell(soc if level == "soc" else f"   {term}"), *cells])
    names = ["All" if arm == "all" else arm for arm in arms]
    header = [
        "System organ class and term",
        *(f"{name}, {grade}" for name in names for grade in ("all grades", "grade 3+")),
    ]
    return Table("terms", "By class and term", header, rows, "n (%) of patients.")


def queries(run: Run) -> Section:
    """Return the questions to the data manager, errors first."""
    found = run.table("queries")
    blocks: list[Any] = [Text([say.query_sentence(found)])]
    if found is not None:
        rank = {"error": 0, "warning": 1, "note": 2}
        ordered = found.assign(rank=found["severity"].map(rank)).sort_values(["rank", "patient_id", "rule", "message"])
        columns = {"patient_id": "Patient", "severity": "Severity", "rule": "Check", "message": "What was found"}
        write = {"rule": lambda v: str(v).replace("_", " ")}
        caption = (
            "Nothing was changed because of a query: endpoints stand as the rules derive them from the tables "
            "as they are."
        )
        blocks.append(
            table_of(ordered, "queries", "Queries", columns, write, patient="patient_id", filter=True, caption=caption)
        )
    return Section("queries", "Data queries", blocks, "Queries")
